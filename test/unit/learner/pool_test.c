#include "learner/pool.h"

#include <stdlib.h>

#include "test/support/check.h"

#define P TM_SWING_REQ

/* One observation each of the values. */
static void add(struct tm_samples *s, const uint64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK_INT(tm_samples_add(s, P, v[i]), TM_OK);
}
#define ADD(s, ...)                                                                                \
    add(s, (const uint64_t[]){__VA_ARGS__},                                                        \
        sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* Pools the samples; what comes out waits in s again, in order. */
static struct tm_pool_count pool(struct tm_samples *s, uint32_t k)
{
    struct tm_runs r;
    struct tm_pool_count count;
    struct tm_pool_cfg cfg = {.k = k};
    CHECK_INT(tm_samples_runs(s, P, &r), TM_OK);
    tm_pool_runs(&r, &cfg, &count);
    tm_samples_deinit(s);
    for (size_t i = 0; i < r.n; i++) {
        CHECK(i == 0 || r.v[i].value > r.v[i - 1].value);
        for (uint64_t c = 0; c < r.v[i].count && s->n[P] < TM_SAMPLES_WAIT_MAX; c++)
            CHECK_INT(tm_samples_add(s, P, r.v[i].value), TM_OK);
    }
    free(r.v);
    return count;
}

static void check_values(const struct tm_samples *s, const uint64_t *want, size_t n)
{
    CHECK_INT(s->n[P], n);
    for (size_t i = 0; i < n && i < s->n[P]; i++)
        CHECK_INT(s->v[P][i], want[i]);
}
#define CHECK_VALUES(s, ...)                                                                       \
    check_values(s, (const uint64_t[]){__VA_ARGS__},                                               \
                 sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void common_values_stay(void)
{
    struct tm_samples s = {0};
    ADD(&s, 9, 5, 9, 5, 5, 9);
    CHECK_INT(pool(&s, 3).n_pooled, 0);
    CHECK_VALUES(&s, 5, 5, 5, 9, 9, 9);
    tm_samples_deinit(&s);
}

static void rare_values_become_the_mean_of_their_step(void)
{
    struct tm_samples s = {0};
    ADD(&s, 60, 10, 20, 50, 30, 41);
    CHECK_INT(pool(&s, 3).n_pooled, 6);
    CHECK_VALUES(&s, 20, 20, 20, 50, 50, 50); /* 151 / 3 = 50.3 */
    tm_samples_deinit(&s);
}

static void a_mean_is_rounded_to_the_nearest(void)
{
    struct tm_samples s = {0};
    ADD(&s, 1, 2);
    (void)pool(&s, 2);
    CHECK_VALUES(&s, 2, 2); /* 1.5 */
    tm_samples_deinit(&s);
}

static void what_is_left_joins_the_step_before(void)
{
    struct tm_samples s = {0};
    ADD(&s, 10, 20, 30, 40, 100);
    (void)pool(&s, 3);
    CHECK_VALUES(&s, 40, 40, 40, 40, 40);
    tm_samples_deinit(&s);
}

static void equal_values_are_not_torn_apart(void)
{
    struct tm_samples s = {0};
    ADD(&s, 10, 20, 20, 30, 30, 40);
    (void)pool(&s, 3); /* 10 20 20 | 30 30 40 */
    CHECK_VALUES(&s, 17, 17, 17, 33, 33, 33);
    struct tm_samples t = {0};
    ADD(&t, 10, 20, 20, 20, 30, 30);
    (void)pool(&t, 4); /* a step of 10 and all three 20, with 30 and 30 left */
    CHECK_VALUES(&t, 22, 22, 22, 22, 22, 22); /* 130 / 6 = 21.7 */
    tm_samples_deinit(&s);
    tm_samples_deinit(&t);
}

static void a_few_between_common_values_become_the_nearer_one(void)
{
    struct tm_samples s = {0};
    ADD(&s, 100, 100, 100, 104, 105, 106, 110, 110, 110);
    CHECK_INT(pool(&s, 4).n_dropped, 0);
    /* k = 4: no value is common on its own */
    CHECK_VALUES(&s, 101, 101, 101, 101, 108, 108, 108, 108, 108); /* 541 / 5 */
    struct tm_samples t = {0};
    ADD(&t, 100, 100, 100, 105, 106, 110, 110, 110);
    CHECK_INT(pool(&t, 3).n_pooled, 2);
    CHECK_VALUES(&t, 100, 100, 100, 100, 110, 110, 110, 110); /* 105 is as near to both */
    tm_samples_deinit(&s);
    tm_samples_deinit(&t);
}

static void a_few_at_the_ends_become_the_common_value_there(void)
{
    struct tm_samples s = {0};
    ADD(&s, 1, 50, 50, 50, 1234567890);
    CHECK_INT(pool(&s, 3).n_pooled, 2);
    CHECK_VALUES(&s, 50, 50, 50, 50, 50);
    tm_samples_deinit(&s);
}

static void steps_do_not_cross_common_values(void)
{
    struct tm_samples s = {0};
    ADD(&s, 1, 2, 3, 50, 50, 50, 90, 91, 95);
    (void)pool(&s, 3);
    CHECK_VALUES(&s, 2, 2, 2, 50, 50, 50, 92, 92, 92);
    tm_samples_deinit(&s);
}

static void too_few_observations_are_left_out(void)
{
    struct tm_samples s = {0};
    ADD(&s, 5, 5);
    struct tm_pool_count c = pool(&s, 3);
    CHECK_INT(c.n_dropped, 2);
    CHECK_INT(c.n_pooled, 0);
    CHECK_INT(s.n[P], 0);
    tm_samples_deinit(&s);
}

static void k_of_one_keeps_everything(void)
{
    struct tm_samples s = {0};
    ADD(&s, 3, 1, 2);
    CHECK_INT(pool(&s, 1).n_pooled, 0);
    CHECK_VALUES(&s, 1, 2, 3);
    tm_samples_deinit(&s);
}

static void the_largest_times_do_not_overflow(void)
{
    struct tm_samples s = {0};
    for (uint64_t i = 0; i < 60000; i++) {
        CHECK_INT(tm_samples_add(&s, P, TM_MODEL_TIME_MAX_US - i), TM_OK);
    }
    (void)pool(&s, 60000);
    CHECK_INT(s.v[P][0], TM_MODEL_TIME_MAX_US - 29999); /* the mean of i is 29999.5 */
    tm_samples_deinit(&s);
}

/* What holds of any input: counts, order, k behind every value, and the same in any order. */
static void every_value_has_its_backing_whatever_was_observed(void)
{
    uint64_t seed = 1;
    for (uint32_t round = 0; round < 300; round++) {
        struct tm_samples s = {0};
        struct tm_samples back = {0};
        uint64_t v[200];
        size_t n = 8 + round % 190;
        for (size_t i = 0; i < n; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            v[i] = (seed >> 33) % (round % 3 == 0 ? 5 : round % 3 == 1 ? 60 : 100000);
            ADD(&s, v[i]);
        }
        for (size_t i = n; i-- > 0;)
            ADD(&back, v[i]);
        (void)pool(&s, 8);
        (void)pool(&back, 8);
        CHECK_INT(s.n[P], n);
        CHECK_MEM(s.v[P], back.v[P], n * sizeof *s.v[P]);
        for (size_t i = 0, to; i < n; i = to) {
            for (to = i; to < n && s.v[P][to] == s.v[P][i]; to++) {
            }
            CHECK(to - i >= 8);
            CHECK(to == n || s.v[P][to] > s.v[P][i]);
        }
        tm_samples_deinit(&s);
        tm_samples_deinit(&back);
    }
}

static void what_is_measured_is_pooled_too(void)
{
    struct tm_samples s = {0};
    struct tm_model m;
    struct tm_pool_cfg cfg = {.k = 4};
    struct tm_pool_count count[TM_SAMPLES_KINDS];
    const unsigned mss = TM_SAMPLES_MEASURED(TM_MEASURED_MSS);
    const unsigned rtt = TM_SAMPLES_MEASURED(TM_MEASURED_RTT_CLIENT);
    for (uint64_t i = 0; i < 4; i++)
        CHECK_INT(tm_samples_add(&s, mss, 1000 + 10 * i), TM_OK);
    CHECK_INT(tm_samples_add(&s, rtt, 7), TM_OK);
    CHECK_INT(tm_pool_model(&s, "x", TM_DIST_POINTS_MAX, &cfg, count, &m), TM_OK);
    const struct tm_dist *d = &m.u.swing.measured[TM_MEASURED_MSS];
    CHECK_INT(d->n_points, 1);
    CHECK_INT(d->pt[0].value, 1015);
    CHECK_INT(d->pt[0].cum, 4);
    CHECK_INT(count[mss].n_pooled, 4);
    CHECK_INT(count[rtt].n_dropped, 1);
    CHECK_INT(m.u.swing.measured[TM_MEASURED_RTT_CLIENT].n_points, 0);
    CHECK_INT(tm_samples_total(&s, rtt), 1); /* the samples are as they were */
    tm_model_deinit(&m);
    tm_samples_deinit(&s);
}

static const struct check_case cases[] = {
    {"what_is_measured_is_pooled_too", what_is_measured_is_pooled_too},
    {"common_values_stay", common_values_stay},
    {"rare_values_become_the_mean_of_their_step", rare_values_become_the_mean_of_their_step},
    {"a_mean_is_rounded_to_the_nearest", a_mean_is_rounded_to_the_nearest},
    {"what_is_left_joins_the_step_before", what_is_left_joins_the_step_before},
    {"equal_values_are_not_torn_apart", equal_values_are_not_torn_apart},
    {"a_few_between_common_values_become_the_nearer_one",
     a_few_between_common_values_become_the_nearer_one},
    {"a_few_at_the_ends_become_the_common_value_there",
     a_few_at_the_ends_become_the_common_value_there},
    {"steps_do_not_cross_common_values", steps_do_not_cross_common_values},
    {"too_few_observations_are_left_out", too_few_observations_are_left_out},
    {"k_of_one_keeps_everything", k_of_one_keeps_everything},
    {"the_largest_times_do_not_overflow", the_largest_times_do_not_overflow},
    {"every_value_has_its_backing_whatever_was_observed",
     every_value_has_its_backing_whatever_was_observed},
};
CHECK_MAIN("pool", cases)
