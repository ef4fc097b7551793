#include "learner/samples.h"

#include "test/support/check.h"

#define KIND TM_SWING_REQ_THINK

/* A fixed sequence of numbers that look random (Knuth's MMIX generator). */
static uint64_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void check_same(const struct tm_dist *a, const struct tm_dist *b)
{
    CHECK_INT(a->n_points, b->n_points);
    if (a->n_points == b->n_points)
        CHECK_MEM(a->pt, b->pt, a->n_points * sizeof *a->pt);
}

static void few_values_are_kept_exactly(void)
{
    struct tm_samples s = {0};
    struct tm_dist d;
    static const uint64_t v[] = {7, 3, 7, UINT64_C(1) << 45, 3, 7};
    static const struct tm_dist_point want[] = {{3, 2}, {7, 5}, {UINT64_C(1) << 45, 6}};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        CHECK_INT(tm_samples_add(&s, KIND, v[i]), TM_OK);
    CHECK_INT(tm_samples_total(&s, KIND), 6);
    CHECK_INT(tm_samples_fit(&s, KIND, 4096, &d), TM_OK);
    CHECK_INT(d.n_points, 3);
    if (d.n_points == 3)
        CHECK_MEM(d.pt, want, sizeof want);
    CHECK_INT(tm_samples_total(&s, KIND), 6);
    tm_dist_deinit(&d);
    CHECK_INT(tm_samples_fit(&s, TM_SWING_REQ, 4096, &d), TM_OK);
    CHECK_INT(d.n_points, 0);
    tm_samples_deinit(&s);
}

static void many_values_of_few_kinds_stay_exact(void)
{
    struct tm_samples s = {0};
    uint64_t state = 1;
    uint64_t zeros = 0;
    for (int i = 0; i < 200000; i++) {
        uint64_t v = next(&state) % 1000;
        zeros += v == 0;
        CHECK_INT(tm_samples_add(&s, KIND, v), TM_OK);
    }
    struct tm_dist d;
    CHECK_INT(tm_samples_fit(&s, KIND, 4096, &d), TM_OK);
    CHECK_INT(d.n_points, 1000);
    CHECK_INT(d.pt[0].cum, zeros);
    CHECK_INT(tm_dist_total(&d), 200000);
    CHECK_INT(s.bits[KIND], 0);
    tm_dist_deinit(&d);
    tm_samples_deinit(&s);
}

/* 400,000 different values: memory stays bounded, no value moves by more than its last bits. */
static void fill(struct tm_samples *s, int from, int to, int step)
{
    for (int i = from; i != to; i += step) {
        uint64_t state = (uint64_t)i;
        CHECK_INT(tm_samples_add(s, KIND, next(&state) * 1000 + (uint64_t)i), TM_OK);
    }
}

static void what_is_left_does_not_depend_on_the_order(void)
{
    struct tm_samples up = {0};
    struct tm_samples down = {0};
    struct tm_samples merged = {0};
    struct tm_samples part = {0};
    struct tm_dist a;
    struct tm_dist b;
    struct tm_dist c;
    fill(&up, 0, 400000, 1);
    fill(&down, 399999, -1, -1);
    fill(&merged, 0, 30000, 1);
    fill(&part, 30000, 400000, 1);
    CHECK_INT(tm_samples_merge(&merged, &part), TM_OK);
    CHECK(up.packed[KIND].n <= TM_SAMPLES_RUNS_MAX);
    CHECK(up.bits[KIND] >= 12 && up.bits[KIND] < 40);
    CHECK_INT(tm_samples_total(&up, KIND), 400000);
    CHECK_INT(tm_samples_total(&merged, KIND), 400000);
    CHECK_INT(tm_samples_fit(&up, KIND, 4096, &a), TM_OK);
    CHECK_INT(tm_samples_fit(&down, KIND, 4096, &b), TM_OK);
    CHECK_INT(tm_samples_fit(&merged, KIND, 4096, &c), TM_OK);
    check_same(&a, &b);
    check_same(&a, &c);
    tm_dist_deinit(&a);
    tm_dist_deinit(&b);
    tm_dist_deinit(&c);
    tm_samples_deinit(&up);
    tm_samples_deinit(&down);
    tm_samples_deinit(&merged);
    tm_samples_deinit(&part);
}

static const struct check_case cases[] = {
    {"few_values_are_kept_exactly", few_values_are_kept_exactly},
    {"many_values_of_few_kinds_stay_exact", many_values_of_few_kinds_stay_exact},
    {"what_is_left_does_not_depend_on_the_order", what_is_left_does_not_depend_on_the_order},
};
CHECK_MAIN("samples", cases)
