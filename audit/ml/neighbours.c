#include "audit/ml/neighbours.h"

#include <math.h>
#include <stddef.h>

void tm_zscore_fit(const float *x, uint32_t n, uint32_t d, float *mean, float *sd)
{
    for (uint32_t j = 0; j < d; j++) {
        double sum = 0;
        double squares = 0;
        uint32_t count = 0;
        for (uint32_t i = 0; i < n; i++) {
            double v = x[(size_t)i * d + j];
            sum += isfinite(v) ? v : 0;
            count += isfinite(v) ? 1 : 0;
        }
        double m = count > 0 ? sum / count : 0;
        for (uint32_t i = 0; i < n; i++) {
            double v = x[(size_t)i * d + j];
            squares += isfinite(v) ? (v - m) * (v - m) : 0;
        }
        double s = count > 0 ? sqrt(squares / count) : 0;
        mean[j] = (float)m;
        /* A spread that a float cannot tell from rounding is none. */
        sd[j] = s > 1e-6 * fabs(m) ? (float)s : 0;
    }
}

void tm_zscore_apply(float *x, uint32_t n, uint32_t d, const float *mean, const float *sd)
{
    for (uint32_t i = 0; i < n; i++) {
        float *row = x + (size_t)i * d;
        for (uint32_t j = 0; j < d; j++)
            row[j] = isfinite(row[j]) && sd[j] > 0 ? (row[j] - mean[j]) / sd[j] : 0;
    }
}

static float distance2(const float *a, const float *b, uint32_t d)
{
    float sum = 0;
    for (uint32_t j = 0; j < d; j++)
        sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

/* NOLINTNEXTLINE(readability-function-size): the arrays of one sample, one parameter each */
uint32_t tm_nearest(const float *train, uint32_t n, uint32_t d, const float *query, uint32_t k,
                    uint32_t skip, struct tm_neighbour *out)
{
    uint32_t have = 0;
    if (k == 0)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        if (i == skip)
            continue;
        float apart2 = distance2(train + (size_t)i * d, query, d);
        if (have == k && apart2 >= out[k - 1].distance)
            continue;
        uint32_t at = have < k ? have++ : k - 1;
        for (; at > 0 && out[at - 1].distance > apart2; at--)
            out[at] = out[at - 1];
        out[at] = (struct tm_neighbour){i, apart2};
    }
    for (uint32_t i = 0; i < have; i++)
        out[i].distance = sqrtf(out[i].distance);
    return have;
}
