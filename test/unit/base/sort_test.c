#include "tm/base/sort.h"

#include <stddef.h>
#include <stdlib.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

#define N_MAX 5000U

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Values below `limit` as qsort sorts them. */
static void check_sorted(uint32_t n, uint64_t limit)
{
    static uint64_t v[N_MAX];
    static uint64_t want[N_MAX];
    static uint64_t spare[N_MAX];
    struct tm_rng rng;
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, n);
    tm_rng_init(&rng, seed);
    for (uint32_t i = 0; i < n; i++)
        v[i] = want[i] = tm_rng_below(&rng, limit);
    tm_rng_deinit(&rng);
    if (n > 0)
        qsort(want, n, sizeof *want, by_value);
    tm_sort_u64(v, spare, n, 0);
    CHECK_MEM(v, want, n * sizeof *v);
}

static void numbers_are_sorted_few_or_many(void)
{
    for (uint32_t n = 0; n < 70; n++)
        check_sorted(n, 1000);
    check_sorted(N_MAX, 3);
    check_sorted(N_MAX, UINT64_C(1) << 20);
    check_sorted(N_MAX, UINT64_MAX);
}

static void low_bits_do_not_count_and_keep_their_order(void)
{
    static uint64_t v[N_MAX];
    static uint64_t spare[N_MAX];
    for (uint32_t n = 3; n <= N_MAX; n += N_MAX - 3) {
        for (uint32_t i = 0; i < n; i++)
            v[i] = (uint64_t)(i % 3) << 16 | (n - i);
        tm_sort_u64(v, spare, n, 16);
        for (uint32_t i = 1; i < n; i++) {
            uint64_t before = v[i - 1];
            CHECK(before >> 16 < v[i] >> 16 ||
                  (before >> 16 == v[i] >> 16 && (before & 0xffff) > (v[i] & 0xffff)));
        }
    }
}

static const struct check_case cases[] = {
    {"numbers_are_sorted_few_or_many", numbers_are_sorted_few_or_many},
    {"low_bits_do_not_count_and_keep_their_order", low_bits_do_not_count_and_keep_their_order},
};
CHECK_MAIN("sort", cases)
