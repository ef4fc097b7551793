/* test/unit/base/rng_test.c - the key stream against RFC 8439 and OpenSSL, the tree of substreams, and
 * rng_below without bias.
 *
 * Literals not in the RFC were computed by the OpenSSL command line, N being the bytes wanted and IV the
 * counter and nonce words, each little-endian:
 *   head -c N /dev/zero | openssl enc -chacha20 -K KEY -iv IV | xxd -p */
#include "tm/base/rng.h"

#include <string.h>

#include "test/support/check.h"

/* RFC 8439 sec. A.1: the vectors whose nonce is zero, as all nonces are here. */
static const uint8_t zero_key_block_0[64] = {
    0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28,
    0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7,
    0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37,
    0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86};
static const uint8_t zero_key_block_1[64] = {
    0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d,
    0xcb, 0x0f, 0x29, 0xa0, 0x48, 0xe3, 0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e, 0x32, 0xee, 0x7a, 0xed,
    0x29, 0xb7, 0x21, 0x76, 0x9c, 0xe6, 0x4e, 0x43, 0xd5, 0x71, 0x33, 0xb0, 0x74, 0xd8, 0x39, 0xd5,
    0x31, 0xed, 0x1f, 0x28, 0x51, 0x0a, 0xfb, 0x45, 0xac, 0xe1, 0x0a, 0x1f, 0x4b, 0x79, 0x4d, 0x6f};
static const uint8_t key_00ff_block_2[64] = {
    0x72, 0xd5, 0x4d, 0xfb, 0xf1, 0x2e, 0xc4, 0x4b, 0x36, 0x26, 0x92, 0xdf, 0x94, 0x13, 0x7f, 0x32,
    0x8f, 0xea, 0x8d, 0xa7, 0x39, 0x90, 0x26, 0x5e, 0xc1, 0xbb, 0xbe, 0xa1, 0xae, 0x9a, 0xf0, 0xca,
    0x13, 0xb2, 0x5a, 0xa2, 0x6c, 0xb4, 0xa6, 0x48, 0xcb, 0x9b, 0x9d, 0x1b, 0xe6, 0x5b, 0x2c, 0x09,
    0x24, 0xa6, 0x6c, 0x54, 0xd5, 0x45, 0xec, 0x1b, 0x73, 0x74, 0xf4, 0x87, 0x2e, 0x99, 0xf0, 0x96};
/* Key 00 01 .. 1f, block 2^32: IV 00000000 01000000 00000000 00000000. */
static const uint8_t counting_key_block_2_32[64] = {
    0xd8, 0x38, 0xfb, 0x09, 0x53, 0x6e, 0x2e, 0x3a, 0x10, 0xe8, 0xf2, 0x3f, 0x48, 0x62, 0x73, 0xa6,
    0x9f, 0x42, 0xd8, 0xe6, 0x40, 0xd7, 0x81, 0xed, 0xe3, 0x84, 0x79, 0x3c, 0x34, 0xc3, 0x25, 0x64,
    0xfc, 0x43, 0x61, 0xe5, 0xd5, 0xc5, 0xb6, 0x20, 0x58, 0x3b, 0x05, 0x28, 0x19, 0x2f, 0x4c, 0x61,
    0x09, 0xf2, 0x3a, 0x0e, 0x14, 0x39, 0x8e, 0xe6, 0x53, 0x7c, 0xdc, 0xf2, 0xcd, 0x61, 0x0e, 0xa2};

static void counting_seed(uint8_t seed[TM_SEED_LEN])
{
    for (int i = 0; i < TM_SEED_LEN; i++)
        seed[i] = (uint8_t)i;
}

static void stream_is_chacha20_of_rfc_8439(void)
{
    uint8_t seed[TM_SEED_LEN] = {0};
    struct tm_rng r;
    uint8_t out[64];
    tm_rng_init(&r, seed);
    tm_rng_bytes(&r, out, sizeof out);
    CHECK_MEM(out, zero_key_block_0, 64);
    tm_rng_bytes(&r, out, sizeof out);
    CHECK_MEM(out, zero_key_block_1, 64);

    seed[1] = 0xff;
    tm_rng_init(&r, seed);
    for (int block = 0; block <= 2; block++)
        tm_rng_bytes(&r, out, sizeof out);
    CHECK_MEM(out, key_00ff_block_2, 64);
}

static void counter_has_64_bits(void)
{
    uint8_t seed[TM_SEED_LEN];
    uint8_t out[64];
    struct tm_rng r;
    counting_seed(seed);
    tm_rng_init(&r, seed);
    r.block = UINT64_C(0xffffffff);
    tm_rng_bytes(&r, out, sizeof out);
    tm_rng_bytes(&r, out, sizeof out);
    CHECK_MEM(out, counting_key_block_2_32, 64);
}

static void stream_does_not_depend_on_how_it_is_cut(void)
{
    for (size_t piece = 1; piece <= 128; piece++) {
        const uint8_t seed[TM_SEED_LEN] = {0};
        uint8_t out[128];
        struct tm_rng r;
        tm_rng_init(&r, seed);
        for (size_t at = 0; at < sizeof out; at += piece)
            tm_rng_bytes(&r, out + at, piece < sizeof out - at ? piece : sizeof out - at);
        CHECK_MEM(out, zero_key_block_0, 64);
        CHECK_MEM(out + 64, zero_key_block_1, 64);
    }
}

static void u64_is_little_endian(void)
{
    const uint8_t seed[TM_SEED_LEN] = {0};
    struct tm_rng r;
    tm_rng_init(&r, seed);
    CHECK_INT(tm_rng_u64(&r), UINT64_C(0x903df1a0ade0b876));
    CHECK_INT(tm_rng_u64(&r), UINT64_C(0x28bd8653e56a5d40));
}

static void copy_of_a_stream_goes_on_like_the_original(void)
{
    const uint8_t seed[TM_SEED_LEN] = {3};
    struct tm_rng a;
    tm_rng_init(&a, seed);
    for (int i = 0; i < 5; i++)
        (void)tm_rng_u64(&a);
    struct tm_rng b = a;
    for (int i = 0; i < 20; i++)
        CHECK_INT(tm_rng_u64(&a), tm_rng_u64(&b));
}

static void child_is_the_block_under_label_and_index(void)
{
    /* IV 646b6d74 04000000 08070605 04030201, and 646b6d74 01000000 00000000 00000000. */
    static const uint8_t conn[TM_SEED_LEN] = {0x5c, 0xed, 0x69, 0xe5, 0x8a, 0xba, 0xff, 0xb7,
                                              0xd5, 0x98, 0x5a, 0x76, 0x62, 0xfc, 0xa0, 0x83,
                                              0x60, 0xeb, 0xf2, 0x40, 0xd5, 0x5e, 0x2d, 0x2d,
                                              0xcc, 0xeb, 0x20, 0x88, 0xc8, 0xa2, 0xc6, 0x42};
    static const uint8_t user[TM_SEED_LEN] = {0x13, 0xd4, 0x39, 0x8f, 0x57, 0x1c, 0x0e, 0xfb,
                                              0xc3, 0x50, 0x74, 0x83, 0x47, 0x42, 0x6d, 0x7e,
                                              0xef, 0x6f, 0x98, 0x3d, 0x4e, 0x63, 0x44, 0x14,
                                              0x19, 0x40, 0x6c, 0x94, 0x42, 0x89, 0xbd, 0xb2};
    uint8_t seed[TM_SEED_LEN];
    uint8_t child[TM_SEED_LEN];
    counting_seed(seed);
    tm_rng_child(child, seed, TM_RNG_CONN, UINT64_C(0x0102030405060708));
    CHECK_MEM(child, conn, sizeof child);
    tm_rng_child(child, seed, TM_RNG_USER, 0);
    CHECK_MEM(child, user, sizeof child);
}

static void child_is_independent_of_the_parents_position(void)
{
    uint8_t seed[TM_SEED_LEN];
    uint8_t fresh[TM_SEED_LEN];
    uint8_t later[TM_SEED_LEN];
    struct tm_rng parent;
    counting_seed(seed);
    tm_rng_init(&parent, seed);
    tm_rng_child(fresh, parent.key, TM_RNG_SESSION, 9);
    for (int i = 0; i < 1000; i++) {
        (void)tm_rng_u64(&parent);
        tm_rng_child(later, parent.key, TM_RNG_SESSION, 9);
        CHECK_MEM(later, fresh, sizeof fresh);
    }
}

static void children_differ_by_label_and_by_every_bit_of_the_index(void)
{
    enum { N = 4 + 64 };
    static const enum tm_rng_label labels[] = {TM_RNG_USER, TM_RNG_SESSION, TM_RNG_RRE,
                                               TM_RNG_CONN};
    uint8_t seed[TM_SEED_LEN];
    uint8_t child[N][TM_SEED_LEN];
    counting_seed(seed);
    for (int i = 0; i < 4; i++)
        tm_rng_child(child[i], seed, labels[i], 0);
    for (int bit = 0; bit < 64; bit++)
        tm_rng_child(child[4 + bit], seed, TM_RNG_USER, UINT64_C(1) << bit);
    for (int i = 0; i < N; i++) {
        CHECK(memcmp(child[i], seed, TM_SEED_LEN) != 0);
        for (int j = 0; j < i; j++)
            CHECK(memcmp(child[i], child[j], TM_SEED_LEN) != 0);
    }
}

/* Chi-square of `n_draws` draws of below(n) put into `n_cells` equal cells (n_cells divides n). */
static double chi_square(uint64_t n, unsigned n_cells, unsigned n_draws)
{
    unsigned seen[16] = {0};
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng r;
    tm_seed_from_u64(seed, 2026);
    tm_rng_init(&r, seed);
    for (unsigned i = 0; i < n_draws; i++) {
        uint64_t v = tm_rng_below(&r, n);
        CHECK(v < n);
        if (v < n)
            seen[v / (n / n_cells)]++;
    }
    double want = (double)n_draws / n_cells;
    double sum = 0;
    for (unsigned i = 0; i < n_cells; i++)
        sum += ((double)seen[i] - want) * ((double)seen[i] - want) / want;
    return sum;
}

static void below_is_unbiased(void)
{
    /* Upper 0.1 % points of chi-square: 22.46 (6 df), 13.82 (2 df).  The seed is fixed, so no run differs. */
    CHECK(chi_square(7, 7, 70000) < 22.46);
    CHECK(chi_square(7000, 7, 70000) < 22.46);
    /* A plain remainder would draw the first third twice as often: a sum of some 3750. */
    CHECK(chi_square(UINT64_C(3) << 62, 3, 30000) < 13.82);
    CHECK(chi_square(UINT64_C(7) << 61, 7, 70000) < 22.46);
}

static void below_one_is_zero(void)
{
    const uint8_t seed[TM_SEED_LEN] = {1};
    struct tm_rng r;
    tm_rng_init(&r, seed);
    for (int i = 0; i < 10; i++)
        CHECK_INT(tm_rng_below(&r, 1), 0);
}

static void seed_of_a_number_is_its_labelled_hash(void)
{
    /* printf 'trafficmimic seed\0\0\0\0\0\0\0\7' | sha256sum */
    static const uint8_t seven[TM_SEED_LEN] = {0x07, 0xd9, 0xa9, 0x7b, 0xdd, 0x57, 0xdb, 0x25,
                                               0xac, 0xb4, 0x1f, 0x2c, 0xbc, 0xe1, 0xea, 0xfa,
                                               0xc2, 0xc8, 0xa8, 0xec, 0x67, 0xba, 0xeb, 0x39,
                                               0xe2, 0x2e, 0xe2, 0x7f, 0x69, 0x29, 0x58, 0x94};
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, 7);
    CHECK_MEM(seed, seven, sizeof seed);
}

static void deinit_clears_the_key(void)
{
    static const struct tm_rng cleared;
    const uint8_t seed[TM_SEED_LEN] = {1, 2, 3};
    struct tm_rng r;
    tm_rng_init(&r, seed);
    (void)tm_rng_u64(&r);
    tm_rng_deinit(&r);
    CHECK_MEM(&r, &cleared, sizeof r);
}

static const struct check_case cases[] = {
    {"stream_is_chacha20_of_rfc_8439", stream_is_chacha20_of_rfc_8439},
    {"counter_has_64_bits", counter_has_64_bits},
    {"stream_does_not_depend_on_how_it_is_cut", stream_does_not_depend_on_how_it_is_cut},
    {"u64_is_little_endian", u64_is_little_endian},
    {"copy_of_a_stream_goes_on_like_the_original", copy_of_a_stream_goes_on_like_the_original},
    {"child_is_the_block_under_label_and_index", child_is_the_block_under_label_and_index},
    {"child_is_independent_of_the_parents_position", child_is_independent_of_the_parents_position},
    {"children_differ_by_label_and_by_every_bit_of_the_index",
     children_differ_by_label_and_by_every_bit_of_the_index},
    {"below_is_unbiased", below_is_unbiased},
    {"below_one_is_zero", below_one_is_zero},
    {"seed_of_a_number_is_its_labelled_hash", seed_of_a_number_is_its_labelled_hash},
    {"deinit_clears_the_key", deinit_clears_the_key},
};
CHECK_MAIN("rng", cases)
