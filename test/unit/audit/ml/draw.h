/* test/unit/audit/ml/draw.h - random numbers with known distributions for tests of statistics. */
#ifndef TM_TEST_AUDIT_ML_DRAW_H
#define TM_TEST_AUDIT_ML_DRAW_H

#include <math.h>
#include <stdint.h>

#include "tm/base/rng.h"

static inline struct tm_rng draw_from(uint64_t seed)
{
    uint8_t bytes[TM_SEED_LEN];
    struct tm_rng r;
    tm_seed_from_u64(bytes, seed);
    tm_rng_init(&r, bytes);
    return r;
}

/* In (0, 1). */
static inline double draw_uniform(struct tm_rng *r)
{
    return ((double)(tm_rng_u64(r) >> 11) + 0.5) * 0x1p-53;
}

/* Standard normal (Box, Muller). */
static inline double draw_normal(struct tm_rng *r)
{
    double radius = sqrt(-2 * log(draw_uniform(r)));
    return radius * cos(2 * M_PI * draw_uniform(r));
}

#endif
