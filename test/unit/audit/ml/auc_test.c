#include "audit/ml/auc.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

#define NEAR(a, b, eps) CHECK(fabs((a) - (b)) <= (eps))

/* All pairs, by definition. */
static double auc_by_pairs(const float *score, const uint8_t *label, const uint32_t *weight,
                           const uint8_t *fold, uint32_t n)
{
    double won = 0;
    double all = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            if (label[i] != 1 || label[j] == 1 || (fold && fold[i] != fold[j]))
                continue;
            double w = weight ? (double)weight[i] * weight[j] : 1;
            all += w;
            won += score[i] > score[j] ? w : score[i] == score[j] ? w / 2 : 0;
        }
    }
    return won / all;
}

static double auc_of(const float *score, const uint8_t *label, const uint32_t *weight, uint32_t n)
{
    double auc = 0;
    CHECK_INT(tm_auc(score, label, weight, n, &auc), TM_OK);
    return auc;
}

static void auc_of_small_samples_is_as_counted_by_hand(void)
{
    NEAR(auc_of((float[]){1, 2, 3, 4}, (uint8_t[]){0, 0, 1, 1}, NULL, 4), 1, 0);
    NEAR(auc_of((float[]){1, 2, 3, 4}, (uint8_t[]){1, 1, 0, 0}, NULL, 4), 0, 0);
    NEAR(auc_of((float[]){7, 7, 7}, (uint8_t[]){0, 1, 1}, NULL, 3), 0.5, 0);
    /* Pairs (1;0): 2>1, 2=2 (half), 3>1, 3>2. */
    NEAR(auc_of((float[]){1, 2, 2, 3}, (uint8_t[]){0, 0, 1, 1}, NULL, 4), 3.5 / 4, 1e-12);
    /* The winner of label 1 counts three times, the loser once. */
    NEAR(auc_of((float[]){5, 1, 9}, (uint8_t[]){0, 1, 1}, (uint32_t[]){2, 1, 3}, 3), 0.75, 1e-12);
    CHECK(isnan(auc_of((float[]){1, 2}, (uint8_t[]){1, 1}, NULL, 2)));
    CHECK(isnan(auc_of((float[]){1, 2}, (uint8_t[]){0, 1}, (uint32_t[]){0, 1}, 2)));
    CHECK(isnan(auc_of(NULL, NULL, NULL, 0)));
}

static void auc_equals_the_count_of_all_pairs(void)
{
    struct tm_rng r = draw_from(1);
    enum { N = 60 };
    for (int round = 0; round < 50; round++) {
        float score[N];
        uint8_t label[N];
        uint8_t fold[N];
        uint32_t weight[N];
        uint32_t group[N];
        for (uint32_t i = 0; i < N; i++) {
            score[i] = (float)tm_rng_below(&r, 12); /* many ties */
            label[i] = (uint8_t)tm_rng_below(&r, 2);
            weight[i] = (uint32_t)tm_rng_below(&r, 4);
            fold[i] = (uint8_t)tm_rng_below(&r, 3);
            group[i] = i;
        }
        NEAR(auc_of(score, label, NULL, N), auc_by_pairs(score, label, NULL, NULL, N), 1e-12);
        NEAR(auc_of(score, label, weight, N), auc_by_pairs(score, label, weight, NULL, N), 1e-12);
        struct tm_interval v;
        CHECK_INT(tm_auc_by_fold(score, label, group, fold, N, 40, &r, &v), TM_OK);
        NEAR(v.value, auc_by_pairs(score, label, NULL, fold, N), 1e-12);
        CHECK(v.low <= v.value && v.value <= v.high);
    }
}

static void folds_are_not_compared_with_each_other(void)
{
    /* Perfect inside each fold, while fold 1 scores everything lower: pooled, it would be 0.75. */
    const float score[] = {10, 11, 1, 2};
    const uint8_t label[] = {0, 1, 0, 1};
    const uint32_t group[] = {0, 1, 2, 3};
    const uint8_t fold[] = {0, 0, 1, 1};
    struct tm_rng r = draw_from(2);
    struct tm_interval v;
    CHECK_INT(tm_auc_by_fold(score, label, group, fold, 4, 20, &r, &v), TM_OK);
    NEAR(v.value, 1, 0);
    NEAR(auc_of(score, label, NULL, 4), 0.75, 1e-12);
    const uint8_t one_label[] = {1, 1, 1, 1};
    CHECK_INT(tm_auc_by_fold(score, one_label, group, fold, 4, 20, &r, &v), TM_OK);
    CHECK(isnan(v.value) && isnan(v.low) && isnan(v.high));
}

/* Sessions of several alike connections: score = shift * label + session's own + connection's own, each N(0, 1), so that the
 * true AUC is Phi(shift / 2).  Returns how many of `rounds` intervals hold it. */
static uint32_t count_covered(uint32_t n_sessions, double shift, bool by_session, uint32_t rounds)
{
    enum { SIZE = 6, SESSIONS_MAX = 60, N_MAX = 2 * SESSIONS_MAX * SIZE };
    static float score[N_MAX];
    static uint8_t label[N_MAX];
    static uint8_t fold[N_MAX];
    static uint32_t group[N_MAX];
    double truth = 0.5 * erfc(-shift / 2 / sqrt(2));
    struct tm_rng r = draw_from(3);
    uint32_t n_covered = 0;
    uint32_t n = 2 * n_sessions * SIZE;
    for (uint32_t round = 0; round < rounds; round++) {
        double own = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (i % SIZE == 0)
                own = draw_normal(&r);
            label[i] = i / SIZE % 2;
            group[i] = by_session ? i / SIZE : i;
            fold[i] = (uint8_t)(i / SIZE / 2 % 2);
            score[i] = (float)(shift * label[i] + own + draw_normal(&r));
        }
        struct tm_interval v;
        CHECK_INT(tm_auc_by_fold(score, label, group, fold, n, 200, &r, &v), TM_OK);
        n_covered += v.low <= truth && truth <= v.high;
    }
    return n_covered;
}

static void intervals_by_session_hold_the_truth_as_often_as_they_say(void)
{
    /* 95 % of 200: 190, standard deviation 3.1; the bootstrap of few sessions falls a little short. */
    uint32_t n_covered = count_covered(30, 0, true, 200);
    CHECK(n_covered >= 180 && n_covered <= 199);
    CHECK(count_covered(30, 1, true, 200) >= 180);
    CHECK(count_covered(12, 0, true, 200) >= 176);
    /* What happens when siblings are taken for independent. */
    CHECK(count_covered(30, 0, false, 200) < 160);
}

static void few_groups_widen_an_interval(void)
{
    /* Student's t 0.975: 4 degrees 2.776, 9 degrees 2.262 (any table); times sqrt(n / (n - 1)); normal tail. */
    NEAR(tm_interval_tail(5), 0.5 * erfc(2.776 * sqrt(5 / 4.0) / sqrt(2)), 2e-4);
    NEAR(tm_interval_tail(10), 0.5 * erfc(2.262 * sqrt(10 / 9.0) / sqrt(2)), 1e-4);
    NEAR(tm_interval_tail(1000000), 0.025, 1e-5);
    NEAR(tm_interval_tail(1), 0, 0);
    double draws[1000];
    for (int i = 0; i < 1000; i++)
        draws[i] = (i * 7919) % 1000;
    struct tm_interval v = {.value = 500};
    tm_interval_of(draws, 1000, 1000000, &v);
    NEAR(v.low, 25, 1);
    NEAR(v.high, 974, 1);
    tm_interval_of(draws, 0, 3, &v);
    CHECK(isnan(v.low) && isnan(v.high));
}

static void roc_goes_through_known_points(void)
{
    double tpr[101];
    /* Descending: 1 1 0 1 0 0: at rates below 1/3 two thirds are found, then all. */
    CHECK_INT(tm_roc((float[]){9, 8, 7, 6, 5, 4}, (uint8_t[]){1, 1, 0, 1, 0, 0},
                     (uint8_t[]){0, 0, 0, 0, 0, 0}, 6, tpr),
              TM_OK);
    NEAR(tpr[0], 2.0 / 3, 1e-12);
    NEAR(tpr[33], 2.0 / 3, 1e-12);
    NEAR(tpr[34], 1, 1e-12);
    NEAR(tpr[100], 1, 0);
    /* All tied: the diagonal. */
    CHECK_INT(
        tm_roc((float[]){1, 1, 1, 1}, (uint8_t[]){1, 0, 1, 0}, (uint8_t[]){0, 0, 0, 0}, 4, tpr),
        TM_OK);
    for (int i = 0; i <= 100; i++)
        NEAR(tpr[i], i / 100.0, 1e-12);
    /* Two folds, one perfect and one inverted. */
    CHECK_INT(
        tm_roc((float[]){1, 2, 2, 1}, (uint8_t[]){0, 1, 0, 1}, (uint8_t[]){0, 0, 1, 1}, 4, tpr),
        TM_OK);
    NEAR(tpr[0], 0.5, 1e-12);
    NEAR(tpr[99], 0.5, 1e-12);
    NEAR(tpr[100], 1, 0);
}

static void area_below_the_roc_is_the_auc(void)
{
    enum { N = 2000 };
    static float score[N];
    static uint8_t label[N];
    static uint8_t fold[N];
    struct tm_rng r = draw_from(4);
    double tpr[101];
    for (uint32_t i = 0; i < N; i++) {
        label[i] = i % 2;
        score[i] = (float)(draw_normal(&r) + label[i]);
    }
    CHECK_INT(tm_roc(score, label, fold, N, tpr), TM_OK);
    double area = 0;
    for (int i = 0; i < 100; i++)
        area += (tpr[i] + tpr[i + 1]) / 200;
    NEAR(area, auc_of(score, label, NULL, N), 0.005);
}

static const struct check_case CASES[] = {
    {"auc_of_small_samples_is_as_counted_by_hand", auc_of_small_samples_is_as_counted_by_hand},
    {"auc_equals_the_count_of_all_pairs", auc_equals_the_count_of_all_pairs},
    {"folds_are_not_compared_with_each_other", folds_are_not_compared_with_each_other},
    {"intervals_by_session_hold_the_truth_as_often_as_they_say",
     intervals_by_session_hold_the_truth_as_often_as_they_say},
    {"few_groups_widen_an_interval", few_groups_widen_an_interval},
    {"roc_goes_through_known_points", roc_goes_through_known_points},
    {"area_below_the_roc_is_the_auc", area_below_the_roc_is_the_auc},
};
CHECK_MAIN("auc", CASES)
