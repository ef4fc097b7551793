/* Which bytes are new: the answer of a plain bit map, for any order of segments. */
#include "audit/features/fresh.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

#define SPACE 4000U

static uint32_t add(struct tm_fresh *f, uint32_t seq, uint32_t len)
{
    uint32_t n = 0;
    CHECK_INT(tm_fresh_add(f, seq, len, &n), TM_OK);
    return n;
}

static void agrees_with_a_bit_map(void)
{
    uint8_t seed[TM_SEED_LEN];
    for (uint64_t round = 0; round < 50; round++) {
        struct tm_rng rng;
        struct tm_fresh f = {0};
        bool seen[SPACE] = {false};
        tm_seed_from_u64(seed, round);
        tm_rng_init(&rng, seed);
        uint32_t base = (uint32_t)tm_rng_u64(&rng);
        tm_fresh_base(&f, base);
        for (int i = 0; i < 200; i++) {
            uint32_t from = (uint32_t)tm_rng_below(&rng, SPACE - 60);
            uint32_t len = 1 + (uint32_t)tm_rng_below(&rng, 60);
            uint32_t want = 0;
            for (uint32_t k = from; k < from + len; k++) {
                want += !seen[k];
                seen[k] = true;
            }
            CHECK_INT(add(&f, base + from, len), want);
        }
        tm_fresh_deinit(&f);
        tm_rng_deinit(&rng);
    }
}

static void bytes_before_the_first_are_not_new(void)
{
    struct tm_fresh f = {0};
    CHECK_INT(add(&f, 1000, 10), 10);
    CHECK_INT(add(&f, 990, 10), 0);
    CHECK_INT(add(&f, 999, 1), 0); /* a keep-alive probe */
    CHECK_INT(add(&f, 990, 30), 10);
    tm_fresh_deinit(&f);
}

static void straggler_far_ahead_changes_nothing(void)
{
    struct tm_fresh f = {0};
    CHECK_INT(add(&f, 5, 10), 10);
    CHECK_INT(add(&f, 0x60000000, 10), 0);
    CHECK_INT(f.n_holes, 0);
    CHECK_INT(add(&f, 15, 10), 10);
    tm_fresh_deinit(&f);
}

static void holes_are_bounded_and_the_oldest_goes(void)
{
    struct tm_fresh f = {0};
    for (uint32_t i = 0; i <= TM_FRESH_HOLES_MAX + 1; i++)
        CHECK_INT(add(&f, i * 20, 10), 10);
    CHECK_INT(f.n_holes, TM_FRESH_HOLES_MAX);
    CHECK_INT(add(&f, 10, 10), 0);
    CHECK_INT(add(&f, 30, 10), 10);
    tm_fresh_deinit(&f);
}

static const struct check_case cases[] = {
    {"agrees_with_a_bit_map", agrees_with_a_bit_map},
    {"bytes_before_the_first_are_not_new", bytes_before_the_first_are_not_new},
    {"straggler_far_ahead_changes_nothing", straggler_far_ahead_changes_nothing},
    {"holes_are_bounded_and_the_oldest_goes", holes_are_bounded_and_the_oldest_goes},
};
CHECK_MAIN("audit fresh", cases)
