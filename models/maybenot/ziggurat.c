#include "models/maybenot/ziggurat.h"

#include <math.h>

/* Both use one draw for the layer (8 low bits) and for the place in it (52 high bits). */

/* Beyond x[1] (Marsaglia 1964): pairs of exponentials until one lies under the bell. */
static double normal_tail(struct tm_mb_rng *rng, double u)
{
    const double edge = tm_mb_normal_x[1];
    double x, y;
    do {
        x = log(tm_mb_rng_open(rng)) / edge;
        y = log(tm_mb_rng_open(rng));
    } while (-2.0 * y < x * x);
    return u < 0 ? x - edge : edge - x;
}

double tm_mb_normal(struct tm_mb_rng *rng)
{
    for (;;) {
        const uint64_t bits = tm_mb_rng_u64(rng);
        const size_t i = bits & (TM_MB_LAYERS - 1);
        const double u = 2.0 * tm_mb_mantissa(bits >> 12) - 3.0; /* in [-1, 1) */
        const double x = u * tm_mb_normal_x[i];
        if (fabs(x) < tm_mb_normal_x[i + 1])
            return x;
        if (i == 0)
            return normal_tail(rng, u);
        const double low = tm_mb_normal_f[i + 1], high = tm_mb_normal_f[i];
        if (low + (high - low) * tm_mb_rng_unit(rng) < exp(-x * x / 2.0))
            return x;
    }
}

double tm_mb_exponential(struct tm_mb_rng *rng)
{
    for (;;) {
        const uint64_t bits = tm_mb_rng_u64(rng);
        const size_t i = bits & (TM_MB_LAYERS - 1);
        const double u = tm_mb_mantissa(bits >> 12) - (1.0 - 0x1p-53); /* in (0, 1) */
        const double x = u * tm_mb_exp_x[i];
        if (x < tm_mb_exp_x[i + 1])
            return x;
        if (i == 0)
            return tm_mb_exp_x[1] - log(tm_mb_rng_unit(rng));
        const double low = tm_mb_exp_f[i + 1], high = tm_mb_exp_f[i];
        if (low + (high - low) * tm_mb_rng_unit(rng) < exp(-x))
            return x;
    }
}
