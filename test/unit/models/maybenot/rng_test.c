#include "models/maybenot/rng.h"

#include "test/support/check.h"

/* SplitMix64 from 0 (Vigna's reference: 0xe220a8397b1dcdaf first), and xoshiro256** of the state {1, 2, 3, 4} (the reference's
 * first values, also in the tests of several libraries). */
static void xoshiro_gives_the_reference_values(void)
{
    struct tm_mb_rng r;
    tm_mb_rng_init_xoshiro(&r, 0);
    CHECK(r.xoshiro[0] == UINT64_C(0xe220a8397b1dcdaf));
    for (uint64_t i = 0; i < 4; i++)
        r.xoshiro[i] = i + 1;
    const uint64_t want[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        CHECK(tm_mb_rng_u64(&r) == want[i]);
}

static void a_u32_is_the_upper_half_of_one_draw(void)
{
    struct tm_mb_rng a, b;
    tm_mb_rng_init_xoshiro(&a, 42);
    tm_mb_rng_init_xoshiro(&b, 42);
    CHECK_INT(tm_mb_rng_u32(&a), tm_mb_rng_u64(&b) >> 32);
    CHECK_MEM(&a, &b, sizeof a);
}

static void chacha_is_the_project_s_stream(void)
{
    const uint8_t seed[TM_SEED_LEN] = {7};
    struct tm_mb_rng r;
    struct tm_rng plain;
    tm_mb_rng_init(&r, seed);
    tm_rng_init(&plain, seed);
    CHECK(tm_mb_rng_u64(&r) == tm_rng_u64(&plain));
    uint8_t b[4];
    tm_rng_bytes(&plain, b, sizeof b);
    CHECK_INT(tm_mb_rng_u32(&r), (uint32_t)(b[0] | b[1] << 8 | b[2] << 16) | (uint32_t)b[3] << 24);
    tm_mb_rng_deinit(&r);
    CHECK_INT(r.chacha.key[0], 0);
}

/* A stream of which every draw has all bits set, or none: state words that give it. */
static void numbers_keep_within_their_bounds(void)
{
    CHECK(tm_mb_mantissa(0) == 1.0);
    CHECK(tm_mb_mantissa((UINT64_C(1) << 52) - 1) < 2.0);
    struct tm_mb_rng r;
    tm_mb_rng_init_xoshiro(&r, 1);
    for (int i = 0; i < 10000; i++) {
        const double unit = tm_mb_rng_unit(&r), open = tm_mb_rng_open(&r);
        const double closed = tm_mb_rng_open_closed(&r), fraction = tm_mb_rng_fraction(&r);
        const float chance = tm_mb_rng_chance(&r);
        CHECK(unit >= 0 && unit < 1 && open > 0 && open < 1 && closed > 0 && closed <= 1);
        CHECK(fraction >= 0 && fraction < 1 && chance >= 0 && chance < 1);
    }
    r = (struct tm_mb_rng){.kind = TM_MB_RNG_XOSHIRO}; /* all words 0: every draw is 0 */
    CHECK(tm_mb_rng_unit(&r) == 0);
    CHECK(tm_mb_rng_open(&r) == 0x1p-53);
    CHECK(tm_mb_rng_open_closed(&r) == 0x1p-53);
    CHECK(tm_mb_rng_fraction(&r) == 0);
    CHECK(tm_mb_rng_chance(&r) == 0);
}

static const struct check_case cases[] = {
    {"xoshiro_gives_the_reference_values", xoshiro_gives_the_reference_values},
    {"a_u32_is_the_upper_half_of_one_draw", a_u32_is_the_upper_half_of_one_draw},
    {"chacha_is_the_project_s_stream", chacha_is_the_project_s_stream},
    {"numbers_keep_within_their_bounds", numbers_keep_within_their_bounds},
};

CHECK_MAIN("maybenot/rng", cases)
