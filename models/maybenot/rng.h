/* models/maybenot/rng.h - the random numbers of the framework: one of two streams, chosen by the caller.
 *
 * CHACHA is for use: an observer sees what is drawn (tm/base/rng.h).  XOSHIRO is the generator of the
 * Maybenot tools, for traces that can be compared with theirs to the last bit; its state can be inferred from its output.
 * Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (xoshiro256**, seeded by SplitMix64). */
#ifndef TM_MODELS_MAYBENOT_RNG_H
#define TM_MODELS_MAYBENOT_RNG_H

#include <stdint.h>
#include <string.h>

#include "tm/base/rng.h"

enum tm_mb_rng_kind { TM_MB_RNG_CHACHA, TM_MB_RNG_XOSHIRO };

/* Plain memory, copyable.  XOSHIRO: `xoshiro` alone is used. */
struct tm_mb_rng {
    enum tm_mb_rng_kind kind;
    uint64_t xoshiro[4];
    struct tm_rng chacha;
};

void tm_mb_rng_init(struct tm_mb_rng *r, const uint8_t seed[TM_SEED_LEN]); /* CHACHA */
void tm_mb_rng_init_xoshiro(struct tm_mb_rng *r, uint64_t seed);
/* Clears the stream from memory. */
void tm_mb_rng_deinit(struct tm_mb_rng *r);

static inline uint64_t tm_mb_rotl(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static inline uint64_t tm_mb_rng_u64(struct tm_mb_rng *r)
{
    if (r->kind == TM_MB_RNG_CHACHA)
        return tm_rng_u64(&r->chacha);
    uint64_t *s = r->xoshiro;
    const uint64_t out = tm_mb_rotl(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = tm_mb_rotl(s[3], 45);
    return out;
}

/* XOSHIRO: the upper half of one u64. */
uint32_t tm_mb_rng_u32_chacha(struct tm_mb_rng *r);
static inline uint32_t tm_mb_rng_u32(struct tm_mb_rng *r)
{
    if (r->kind == TM_MB_RNG_CHACHA)
        return tm_mb_rng_u32_chacha(r);
    return (uint32_t)(tm_mb_rng_u64(r) >> 32);
}

/* 1 + bits / 2^52, in [1, 2); bits < 2^52. */
static inline double tm_mb_mantissa(uint64_t bits)
{
    const uint64_t image = UINT64_C(0x3ff) << 52 | bits;
    double x;
    memcpy(&x, &image, sizeof x);
    return x;
}

/* Uniform in [0, 1), steps of 2^-53. */
static inline double tm_mb_rng_unit(struct tm_mb_rng *r)
{
    return (double)(tm_mb_rng_u64(r) >> 11) * 0x1p-53;
}

/* Uniform in (0, 1], steps of 2^-53. */
static inline double tm_mb_rng_open_closed(struct tm_mb_rng *r)
{
    return (double)((tm_mb_rng_u64(r) >> 11) + 1) * 0x1p-53;
}

/* Uniform in (0, 1), steps of 2^-52. */
static inline double tm_mb_rng_open(struct tm_mb_rng *r)
{
    return tm_mb_mantissa(tm_mb_rng_u64(r) >> 12) - (1.0 - 0x1p-53);
}

/* Uniform in [0, 1), steps of 2^-52: what a range [low, high) is scaled from. */
static inline double tm_mb_rng_fraction(struct tm_mb_rng *r)
{
    return tm_mb_mantissa(tm_mb_rng_u64(r) >> 12) - 1.0;
}

/* Uniform in [0, 1), steps of 2^-23, one u32: what a transition's probabilities are compared with. */
static inline float tm_mb_rng_chance(struct tm_mb_rng *r)
{
    return (float)(tm_mb_rng_u32(r) >> 9) * 0x1p-23f;
}

#endif
