/* Ranks, their chance, and what they come to. */
#include "audit/active/ranking.h"

#include <math.h>
#include <string.h>

#include "audit/active/verdict.h"
#include "test/support/check.h"

static int near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

static void rank(struct tm_ranking *r, const double *v, const uint32_t *m, uint32_t n)
{
    struct tm_trial_scores t = {0};
    struct tm_rng rng;
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, 1);
    tm_rng_init(&rng, seed);
    for (uint32_t i = 0; i < n; i++) {
        CHECK_INT(tm_trial_scores_add(&t, v, m[i]), TM_OK);
        v += m[i];
    }
    CHECK_INT(tm_ranking_of(r, &t, &rng), TM_OK);
    tm_trial_scores_deinit(&t);
}

static void shares_and_chance_are_those_of_small_examples(void)
{
    const double V[] = {3,   1, 2,     /* first: above both */
                        2,   2, 1,  0, /* shares the first place with one; 2.5 of 3 below */
                        NAN, 1, NAN};  /* is not a number: below one, equal to the other */
    const uint32_t M[] = {3, 4, 3};
    struct tm_ranking r;
    rank(&r, V, M, 3);
    CHECK_INT(r.n_trials, 3);
    CHECK_INT(r.n_others, 7);
    CHECK(near(r.first.value, 1.5 / 3));
    CHECK(near(r.chance, (1.0 / 3 + 1.0 / 4 + 1.0 / 3) / 3));
    CHECK(near(r.placement, (1 + 2.5 / 3 + 0.25) / 3));
    CHECK(near(r.mean_true, 2.5));
    CHECK(near(r.mean_other, 7.0 / 6));
    CHECK(near(r.mean_best_other, (2 + 2 + 1) / 3.0));
    CHECK(r.first.low < 0.5 && r.first.high > 0.5);
}

/* n trials of m candidates, the true one at places 0, 1, ... in turn: what chance gives when n is a multiple of m. */
static void fill(struct tm_ranking *r, uint32_t n, uint32_t m, int is_first)
{
    double v[64 * 16];
    uint32_t size[64];
    for (uint32_t i = 0; i < n; i++) {
        size[i] = m;
        v[i * m] = is_first ? 100 : (double)(i % m) - 0.5;
        for (uint32_t k = 1; k < m; k++)
            v[i * m + k] = k - 1;
    }
    rank(r, v, size, n);
}

static void chance_is_not_found_and_the_best_is(void)
{
    struct tm_ranking by_chance;
    struct tm_ranking first;
    struct tm_ranking few;
    fill(&by_chance, 40, 8, 0);
    fill(&first, 40, 8, 1);
    fill(&few, 9, 8, 1);
    CHECK(near(by_chance.placement, 0.5) && near(by_chance.placement_p, 0.5));
    CHECK(near(by_chance.first.value, by_chance.chance));
    CHECK(by_chance.auc.low < 0.5 && by_chance.auc.high > 0.5);
    CHECK(near(first.first.value, 1) && near(first.auc.value, 1) && near(first.tpr, 1));
    CHECK(first.first_p < 1e-30 && first.placement_p < 1e-9);
    CHECK_INT(tm_active_judge(&by_chance, &first, 1, 0.8), TM_ACTIVE_CHANCE);
    CHECK_INT(tm_active_judge(&by_chance, NULL, 1, 0.8), TM_ACTIVE_NO_CONTROL);
    CHECK_INT(tm_active_judge(&first, &first, 1, 0.8), TM_ACTIVE_FOUND);
    CHECK_INT(tm_active_judge(&first, &by_chance, 1, 0.8), TM_ACTIVE_CONTROL_MISSED);
    CHECK_INT(tm_active_judge(&few, &first, 1, 0.8), TM_ACTIVE_TOO_FEW);
    CHECK_INT(tm_active_judge(&first, &few, 1, 0.8), TM_ACTIVE_TOO_FEW);
    CHECK_STR(tm_active_verdict_key(TM_ACTIVE_CONTROL_MISSED), "control-missed");
    first.first.value = 0.79; /* found, though not as often as is demanded of a control */
    CHECK_INT(tm_active_judge(&by_chance, &first, 1, 0.8), TM_ACTIVE_CONTROL_MISSED);
    CHECK_INT(tm_active_judge(&by_chance, &first, 1, 0), TM_ACTIVE_CHANCE);
}

static void nothing_is_said_of_no_trials(void)
{
    struct tm_ranking r;
    rank(&r, NULL, NULL, 0);
    CHECK_INT(r.n_trials, 0);
    CHECK(isnan(r.chance) && isnan(r.auc.value) && isnan(r.placement_p));
}

static const struct check_case CASES[] = {
    {"shares_and_chance_are_those_of_small_examples",
     shares_and_chance_are_those_of_small_examples},
    {"chance_is_not_found_and_the_best_is", chance_is_not_found_and_the_best_is},
    {"nothing_is_said_of_no_trials", nothing_is_said_of_no_trials},
};
CHECK_MAIN("ranking", CASES)
