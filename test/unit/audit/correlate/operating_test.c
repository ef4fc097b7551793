/* TPR at a FPR: known answers, ties, and how sure one may be. */
#include "audit/correlate/operating.h"

#include <math.h>

#include "test/support/check.h"

#define N                         4000U
#define CHECK_NEAR(got, want, by) CHECK(fabs((got) - (want)) < (by))

struct sample {
    float score[N];
    uint8_t label[N];
    uint32_t group[N];
};

static void run(struct tm_operating *o, const struct sample *s, uint32_t n)
{
    struct tm_rng rng;
    uint8_t key[TM_SEED_LEN];
    tm_seed_from_u64(key, 3);
    tm_rng_init(&rng, key);
    const struct tm_operating_sample sample = {s->score, s->label, s->group, NULL, n};
    CHECK_INT(tm_operating_of(o, &sample, 50, &rng), TM_OK);
}

/* 400 groups of one true and nine other items. */
static void label_all(struct sample *s)
{
    for (uint32_t i = 0; i < N; i++) {
        s->label[i] = i % 10 == 0;
        s->group[i] = i / 10;
    }
}

static void scores_that_separate_find_all(void)
{
    static struct sample s;
    struct tm_operating o;
    label_all(&s);
    for (uint32_t i = 0; i < N; i++)
        s.score[i] = (float)(s.label[i] ? 5000 + i : i);
    run(&o, &s, N);
    CHECK_INT(o.n_true, 400);
    CHECK_INT(o.n_false, 3600);
    CHECK_INT(o.n_groups, 400);
    CHECK_NEAR(o.tpr[0].value, 1, 1e-9);
    CHECK_NEAR(o.tpr[1].value, 1, 1e-9);
    CHECK(o.tpr[0].low > 0.98 && o.tpr[0].low < 1); /* 400 of 400 is not certainty */
    CHECK_NEAR(o.auc, 1, 1e-9);
    CHECK_NEAR(o.curve[TM_OPERATING_CURVE - 1], 1, 1e-9);
}

static void independent_scores_are_at_chance(void)
{
    static struct sample s;
    struct tm_operating o;
    struct tm_rng rng;
    uint8_t key[TM_SEED_LEN];
    label_all(&s);
    tm_seed_from_u64(key, 9);
    tm_rng_init(&rng, key);
    for (uint32_t i = 0; i < N; i++)
        s.score[i] = (float)tm_rng_below(&rng, 1000000);
    run(&o, &s, N);
    CHECK(o.tpr[0].low <= 0.01 && o.tpr[0].high >= 0.01);
    CHECK(o.tpr[1].low <= 0.001 && o.tpr[1].high >= 0.001);
    CHECK_NEAR(o.auc, 0.5, 0.05);
    for (uint32_t i = 0; i < TM_OPERATING_CURVE; i++)
        CHECK_NEAR(o.curve[i], tm_operating_curve_fpr(i), 0.06);
}

static void rates_by_hand(void)
{
    /* 200 others with scores 0..199; true ones above 198, at 198, between 190 and 191, below all. */
    static struct sample s;
    struct tm_operating o;
    for (uint32_t i = 0; i < 200; i++) {
        s.score[i] = (float)i;
        s.label[i] = 0;
        s.group[i] = i;
    }
    const float mine[] = {198.5F, 198.5F, 190.5F, -1};
    for (uint32_t i = 0; i < 4; i++) {
        s.score[200 + i] = mine[i];
        s.label[200 + i] = 1;
        s.group[200 + i] = 200 + i;
    }
    run(&o, &s, 204);
    CHECK_NEAR(o.tpr[0].value, 0.5, 1e-9); /* two others may pass: 199 and 198 */
    CHECK(isnan(o.tpr[1].value));          /* a fifth of one: nothing to measure */
    CHECK(isnan(o.tpr[1].low) && isnan(o.curve[0]));
    CHECK_NEAR(o.auc, (199 + 199 + 191) / 800.0, 1e-9);
}

static void ties_are_shared_out(void)
{
    static struct sample s;
    struct tm_operating o;
    label_all(&s);
    for (uint32_t i = 0; i < N; i++)
        s.score[i] = 1;
    run(&o, &s, N);
    CHECK_NEAR(o.tpr[0].value, 0.01, 1e-9);
    CHECK_NEAR(o.tpr[1].value, 0.001, 1e-9);
    CHECK_NEAR(o.auc, 0.5, 1e-9);
}

/* Half of the flows have two others and high scores, half have ten and low ones; within a flow all scores are alike. */
static void chance_is_chance_for_flows_of_all_kinds(void)
{
    static struct sample s;
    static float weight[N];
    struct tm_operating plain, weighed;
    struct tm_rng rng;
    uint8_t key[TM_SEED_LEN];
    uint32_t n = 0;
    tm_seed_from_u64(key, 7);
    tm_rng_init(&rng, key);
    for (uint32_t flow = 0; n + 11 <= N; flow++) {
        uint32_t others = flow % 2 ? 10 : 2;
        for (uint32_t i = 0; i <= others; i++, n++) {
            s.label[n] = i == 0;
            s.group[n] = flow;
            s.score[n] = (float)tm_rng_below(&rng, 1000) + (flow % 2 ? 0 : 5000);
            weight[n] = i == 0 ? 1 : 1 / (float)others;
        }
    }
    run(&plain, &s, n);
    const struct tm_operating_sample sample = {s.score, s.label, s.group, weight, n};
    CHECK_INT(tm_operating_of(&weighed, &sample, 50, &rng), TM_OK);
    CHECK(plain.tpr[0].low > 0.01 && plain.auc > 0.6);
    CHECK(weighed.tpr[0].value < plain.tpr[0].value - 0.01);
    CHECK(weighed.tpr[0].low <= 0.01 && weighed.tpr[0].high >= 0.01);
    CHECK_NEAR(weighed.auc, 0.5, 0.03);
    CHECK_INT(weighed.n_false, plain.n_false);
}

static void rates_do_not_depend_on_the_scale(void)
{
    static struct sample s;
    static struct sample t;
    struct tm_operating a;
    struct tm_operating b;
    label_all(&s);
    label_all(&t);
    for (uint32_t i = 0; i < N; i++) {
        s.score[i] = (float)((i * 7919U) % 1009U) + (s.label[i] ? 100.0F : 0.0F);
        t.score[i] = s.score[i] / 8 - 3;
    }
    run(&a, &s, N);
    run(&b, &t, N);
    CHECK_NEAR(a.tpr[0].value, b.tpr[0].value, 1e-12);
    CHECK_NEAR(a.tpr[0].high, b.tpr[0].high, 1e-12);
    CHECK(a.tpr[0].value > 0.05);
}

static void one_label_alone_says_nothing(void)
{
    static struct sample s;
    struct tm_operating o;
    s.label[0] = s.label[1] = 1;
    run(&o, &s, 2);
    CHECK(isnan(o.tpr[0].value) && isnan(o.auc));
    run(&o, &s, 0);
    CHECK(isnan(o.tpr[0].value));
}

static void wilson_as_in_tables(void)
{
    struct tm_interval v;
    tm_wilson(0, 10, &v); /* Brown, Cai, DasGupta, Statistical Science 16 (2001), by formula */
    CHECK_NEAR(v.low, 0, 1e-12);
    CHECK_NEAR(v.high, 0.27753, 1e-5);
    tm_wilson(5, 10, &v);
    CHECK_NEAR(v.low, 0.23659, 1e-5);
    CHECK_NEAR(v.high, 0.76341, 1e-5);
    tm_wilson(0, 0, &v);
    CHECK(isnan(v.low));
}

static const struct check_case CASES[] = {
    {"scores_that_separate_find_all", scores_that_separate_find_all},
    {"independent_scores_are_at_chance", independent_scores_are_at_chance},
    {"rates_by_hand", rates_by_hand},
    {"ties_are_shared_out", ties_are_shared_out},
    {"chance_is_chance_for_flows_of_all_kinds", chance_is_chance_for_flows_of_all_kinds},
    {"rates_do_not_depend_on_the_scale", rates_do_not_depend_on_the_scale},
    {"one_label_alone_says_nothing", one_label_alone_says_nothing},
    {"wilson_as_in_tables", wilson_as_in_tables},
};
CHECK_MAIN("audit/correlate/operating", CASES)
