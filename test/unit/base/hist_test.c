/* test/unit/base/hist_test.c - quantiles against a sorted copy of the same values. */
#include "tm/base/hist.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

enum { N_MAX = 400 };

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The bounds that the header promises, at every permille: values[] is sorted here. */
static void check_quantiles(const struct tm_hist *h, uint64_t *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    int bad = 0;
    for (unsigned permille = 0; permille <= 1000; permille++) {
        size_t rank = (n * permille + 999) / 1000;
        uint64_t exact = values[rank > 0 ? rank - 1 : 0];
        uint64_t got = tm_hist_quantile(h, permille);
        bad += got < exact || got - exact > exact / 16 || got > values[n - 1];
        bad += exact < 32 && got != exact;
    }
    CHECK_INT(bad, 0);
    CHECK_INT(tm_hist_quantile(h, 1000), values[n - 1]);
}

static void quantiles_stay_in_their_bounds(void)
{
    const uint8_t seed[TM_SEED_LEN] = {4};
    struct tm_rng r;
    tm_rng_init(&r, seed);
    for (unsigned bits = 1; bits <= 64; bits++) {
        for (size_t n = 1; n <= N_MAX; n = n * 3 + 1) {
            struct tm_hist h = {0};
            uint64_t values[N_MAX];
            for (size_t i = 0; i < n; i++) {
                /* about even over the powers of two below 2^bits */
                values[i] = tm_rng_u64(&r) >> (64 - bits) >> tm_rng_below(&r, bits);
                tm_hist_add(&h, values[i]);
            }
            CHECK_INT(h.n, n);
            check_quantiles(&h, values, n);
        }
    }
}

static void one_value_is_every_quantile(void)
{
    for (int bit = 0; bit < 64; bit++) {
        for (int off = -1; off <= 1; off++) {
            uint64_t v = (UINT64_C(1) << bit) + (uint64_t)(int64_t)off;
            struct tm_hist h = {0};
            tm_hist_add(&h, v);
            CHECK_INT(tm_hist_quantile(&h, 0), v);
            CHECK_INT(tm_hist_quantile(&h, 500), v);
            CHECK_INT(tm_hist_quantile(&h, 1000), v);
        }
    }
}

static void small_values_are_exact_and_large_ones_are_not_lost(void)
{
    struct tm_hist h = {0};
    for (uint64_t v = 0; v < 32; v++)
        tm_hist_add(&h, v);
    CHECK_INT(tm_hist_quantile(&h, 500), 15);
    tm_hist_add(&h, UINT64_MAX);
    CHECK_INT(tm_hist_quantile(&h, 1000), UINT64_MAX);
    CHECK_INT(h.bins[TM_HIST_BINS - 1], 1);
}

static void a_bin_ends_at_its_upper_value(void)
{
    for (unsigned i = 0; i < TM_HIST_BINS; i++) {
        struct tm_hist h = {0};
        tm_hist_add(&h, tm_hist_upper(i));
        CHECK_INT(h.bins[i], 1);
        if (i + 1 < TM_HIST_BINS) {
            tm_hist_add(&h, tm_hist_upper(i) + 1);
            CHECK_INT(h.bins[i + 1], 1);
        }
    }
}

static void empty_has_quantile_zero(void)
{
    const struct tm_hist h = {0};
    CHECK_INT(tm_hist_quantile(&h, 0), 0);
    CHECK_INT(tm_hist_quantile(&h, 1000), 0);
}

static void merge_equals_adding_all_to_one(void)
{
    const uint8_t seed[TM_SEED_LEN] = {5};
    struct tm_rng r;
    tm_rng_init(&r, seed);
    struct tm_hist all = {0};
    struct tm_hist part[2] = {{0}, {0}};
    for (int i = 0; i < 1000; i++) {
        uint64_t v = tm_rng_u64(&r) >> tm_rng_below(&r, 64);
        tm_hist_add(&all, v);
        tm_hist_add(&part[i % 3 == 0], v);
    }
    tm_hist_merge(&part[0], &part[1]);
    CHECK_MEM(&part[0], &all, sizeof all);
}

static void many_at_once_are_as_one_by_one(void)
{
    struct tm_hist all = {0};
    struct tm_hist one = {0};
    tm_hist_add_many(&all, 700, 3);
    tm_hist_add_many(&all, 9000, 0); /* none: not the largest either */
    for (int i = 0; i < 3; i++)
        tm_hist_add(&one, 700);
    CHECK_MEM(&all, &one, sizeof all);
}

static const struct check_case cases[] = {
    {"quantiles_stay_in_their_bounds", quantiles_stay_in_their_bounds},
    {"one_value_is_every_quantile", one_value_is_every_quantile},
    {"small_values_are_exact_and_large_ones_are_not_lost",
     small_values_are_exact_and_large_ones_are_not_lost},
    {"a_bin_ends_at_its_upper_value", a_bin_ends_at_its_upper_value},
    {"empty_has_quantile_zero", empty_has_quantile_zero},
    {"merge_equals_adding_all_to_one", merge_equals_adding_all_to_one},
    {"many_at_once_are_as_one_by_one", many_at_once_are_as_one_by_one},
};
CHECK_MAIN("hist", cases)
