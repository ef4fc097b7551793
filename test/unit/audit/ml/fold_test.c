#include "audit/ml/fold.h"

#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

enum { SESSIONS = 80, N_MAX = SESSIONS * 12 };

struct sample {
    uint32_t group[N_MAX];
    uint8_t label[N_MAX];
    uint32_t n;
};

/* Sessions 1000, 1003, ... of 1 to 12 items, in an order that mixes them; labels 0 (a quarter), 7 and 255. */
static struct sample mixed(struct tm_rng *r)
{
    struct sample s = {.n = 0};
    for (uint32_t j = 0; j < SESSIONS; j++) {
        uint32_t size = 1 + (uint32_t)tm_rng_below(r, 12);
        for (uint32_t i = 0; i < size; i++) {
            uint32_t at = (uint32_t)tm_rng_below(r, s.n + 1);
            s.group[s.n] = s.group[at];
            s.label[s.n++] = s.label[at];
            s.group[at] = 1000 + 3 * j;
            s.label[at] = j % 4 == 0 ? 0 : j % 4 == 1 ? 7 : 255;
        }
    }
    return s;
}

static void folds_keep_groups_whole(void)
{
    struct tm_rng r = draw_from(1);
    struct sample s = mixed(&r);
    uint8_t fold[N_MAX];
    CHECK_INT(tm_fold_by_group(s.group, s.label, s.n, 5, &r, fold), TM_OK);
    int of_session[SESSIONS];
    memset(of_session, 0xff, sizeof of_session);
    for (uint32_t i = 0; i < s.n; i++) {
        uint32_t j = (s.group[i] - 1000) / 3;
        CHECK(fold[i] < 5);
        if (of_session[j] >= 0)
            CHECK_INT(fold[i], of_session[j]);
        of_session[j] = fold[i];
    }
}

static void every_label_is_spread_evenly(void)
{
    struct tm_rng r = draw_from(2);
    struct sample s = mixed(&r);
    uint8_t fold[N_MAX];
    CHECK_INT(tm_fold_by_group(s.group, s.label, s.n, 5, &r, fold), TM_OK);
    uint32_t count[256][5] = {{0}};
    for (uint32_t i = 0; i < s.n; i++)
        count[s.label[i]][fold[i]]++;
    const uint8_t labels[] = {0, 7, 255};
    for (int l = 0; l < 3; l++) {
        uint32_t least = UINT32_MAX;
        uint32_t most = 0;
        for (int f = 0; f < 5; f++) {
            least = count[labels[l]][f] < least ? count[labels[l]][f] : least;
            most = count[labels[l]][f] > most ? count[labels[l]][f] : most;
        }
        CHECK(least > 0);
        CHECK(most - least <= 6); /* half a session of the largest */
    }
}

static void folds_differ_with_the_seed_only(void)
{
    struct tm_rng r = draw_from(3);
    struct sample s = mixed(&r);
    uint8_t a[N_MAX];
    uint8_t b[N_MAX];
    struct tm_rng one = draw_from(10);
    struct tm_rng same = draw_from(10);
    struct tm_rng other = draw_from(11);
    CHECK_INT(tm_fold_by_group(s.group, s.label, s.n, 5, &one, a), TM_OK);
    CHECK_INT(tm_fold_by_group(s.group, s.label, s.n, 5, &same, b), TM_OK);
    CHECK_MEM(a, b, s.n);
    CHECK_INT(tm_fold_by_group(s.group, s.label, s.n, 5, &other, b), TM_OK);
    CHECK(memcmp(a, b, s.n) != 0);
}

static void fewer_groups_than_folds_are_refused(void)
{
    const uint32_t group[] = {1, 1, 2, 2, 3, 4, 5};
    const uint8_t label[] = {0, 0, 0, 0, 1, 1, 1};
    uint8_t fold[7];
    struct tm_rng r = draw_from(4);
    CHECK_INT(tm_fold_by_group(group, label, 7, 3, &r, fold), TM_ERR_RANGE);
    CHECK_INT(tm_fold_by_group(group, label, 7, 2, &r, fold), TM_OK);
    CHECK_INT(tm_fold_by_group(group, label, 7, 1, &r, fold), TM_ERR_RANGE);
    CHECK_INT(tm_fold_by_group(group, label, 0, 2, &r, fold), TM_ERR_RANGE);
}

static void groups_with_two_labels_stay_whole_too(void)
{
    uint32_t group[60];
    uint8_t label[60];
    uint8_t fold[60];
    struct tm_rng r = draw_from(5);
    for (uint32_t i = 0; i < 60; i++) {
        group[i] = i / 2;
        label[i] = i % 2;
    }
    CHECK_INT(tm_fold_by_group(group, label, 60, 5, &r, fold), TM_OK);
    uint32_t count[5] = {0};
    for (uint32_t i = 0; i < 60; i++) {
        CHECK_INT(fold[i], fold[i ^ 1]);
        count[fold[i]]++;
    }
    for (int f = 0; f < 5; f++)
        CHECK_INT(count[f], 12);
}

static void permuting_keeps_groups_and_their_labels_counts(void)
{
    struct tm_rng r = draw_from(6);
    struct sample s = mixed(&r);
    uint8_t out[N_MAX];
    CHECK_INT(tm_permute_by_group(s.group, s.label, s.n, &r, out), TM_OK);
    int before[SESSIONS];
    int after[SESSIONS];
    memset(after, 0xff, sizeof after);
    uint32_t n_changed = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        uint32_t j = (s.group[i] - 1000) / 3;
        if (after[j] >= 0)
            CHECK_INT(out[i], after[j]);
        after[j] = out[i];
        before[j] = s.label[i];
        n_changed += out[i] != s.label[i];
    }
    CHECK(n_changed > s.n / 4);
    int count[256] = {0};
    for (int j = 0; j < SESSIONS; j++) {
        count[before[j]]++;
        count[after[j]]--;
    }
    for (int l = 0; l < 256; l++)
        CHECK_INT(count[l], 0);
    CHECK_INT(tm_permute_by_group((uint32_t[]){1, 1}, (uint8_t[]){0, 1}, 2, &r, out), TM_ERR_RANGE);
}

static void bootstrap_draws_whole_groups_of_each_label(void)
{
    struct tm_rng r = draw_from(7);
    struct sample s = mixed(&r);
    uint32_t weight[N_MAX];
    double sum[SESSIONS] = {0};
    double squares = 0;
    for (int round = 0; round < 400; round++) {
        CHECK_INT(tm_bootstrap_by_group(s.group, s.label, s.n, &r, weight), TM_OK);
        uint32_t drawn[256] = {0};
        uint32_t of[SESSIONS];
        memset(of, 0xff, sizeof of);
        for (uint32_t i = 0; i < s.n; i++) {
            uint32_t j = (s.group[i] - 1000) / 3;
            if (of[j] != UINT32_MAX)
                CHECK_INT(weight[i], of[j]);
            else
                drawn[s.label[i]] += weight[i];
            of[j] = weight[i];
        }
        CHECK_INT(drawn[0], SESSIONS / 4);
        CHECK_INT(drawn[7], SESSIONS / 4);
        CHECK_INT(drawn[255], SESSIONS / 2);
        for (int j = 0; j < SESSIONS; j++) {
            sum[j] += of[j];
            squares += (of[j] - 1.0) * (of[j] - 1.0);
        }
    }
    /* Each is drawn once on average: 400 draws with variance about 1, five standard deviations. */
    for (int j = 0; j < SESSIONS; j++)
        CHECK(fabs(sum[j] / 400 - 1) < 0.25);
    /* Binomial: variance 1 - 1/20 for the small labels, 1 - 1/40 for the large. */
    CHECK(fabs(squares / (400.0 * SESSIONS) - 0.9625) < 0.05);
}

static void groups_are_counted_by_label(void)
{
    const uint32_t group[] = {9, 9, 4, 4, 4000000000U, 4};
    const uint8_t label[] = {1, 1, 1, 0, 0, 1};
    uint32_t n = 0;
    CHECK_INT(tm_group_count(group, label, 6, 1, &n), TM_OK);
    CHECK_INT(n, 2);
    CHECK_INT(tm_group_count(group, label, 6, 0, &n), TM_OK);
    CHECK_INT(n, 2);
    CHECK_INT(tm_group_count(group, label, 6, 5, &n), TM_OK);
    CHECK_INT(n, 0);
}

static const struct check_case CASES[] = {
    {"folds_keep_groups_whole", folds_keep_groups_whole},
    {"every_label_is_spread_evenly", every_label_is_spread_evenly},
    {"folds_differ_with_the_seed_only", folds_differ_with_the_seed_only},
    {"fewer_groups_than_folds_are_refused", fewer_groups_than_folds_are_refused},
    {"groups_with_two_labels_stay_whole_too", groups_with_two_labels_stay_whole_too},
    {"permuting_keeps_groups_and_their_labels_counts",
     permuting_keeps_groups_and_their_labels_counts},
    {"bootstrap_draws_whole_groups_of_each_label", bootstrap_draws_whole_groups_of_each_label},
    {"groups_are_counted_by_label", groups_are_counted_by_label},
};
CHECK_MAIN("fold", CASES)
