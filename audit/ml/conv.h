/* audit/ml/conv.h - what small convolutional networks are made of: convolutions over time, and Adam.
 *
 * Everything is laid out by time, channels together: the patch under a filter is one run of memory, and the loops
 * over filters have constant lengths where the caller's shape is constant, which compilers turn into vector code without
 * reordering any sum.  Sources: Kingma, Ba, "Adam" (ICLR 2015); He et al. (ICCV 2015) for first weights. */
#ifndef TM_AUDIT_ML_CONV_H
#define TM_AUDIT_ML_CONV_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/rng.h"

#define TM_CONV_FILTERS_MAX 32U

/* Lengths are constants only inside the callers. */
#define TM_CONV_INLINE static inline __attribute__((always_inline))

/* One layer: n_t steps of n_f filters (a multiple of 4), each over `patch` floats of the input, which go on by `stride`
 * floats from step to step. */
struct tm_conv_shape {
    uint32_t n_t, stride, patch, n_f;
};

/* out[t][f] = ReLU(b[f] + sum over j of in[t * stride + j] * w[j][f]). */
TM_CONV_INLINE void tm_conv_forward(float *restrict out, const float *restrict in,
                                    const float *restrict w, const float *restrict b,
                                    const struct tm_conv_shape s)
{
    for (uint32_t t = 0; t < s.n_t; t++) {
        float sum[TM_CONV_FILTERS_MAX];
        const float *p = in + (size_t)t * s.stride;
        for (uint32_t f = 0; f < s.n_f; f++)
            sum[f] = b[f];
        for (uint32_t j = 0; j < s.patch; j++) {
            for (uint32_t f = 0; f < s.n_f; f++)
                sum[f] += p[j] * w[(size_t)j * s.n_f + f];
        }
        for (uint32_t f = 0; f < s.n_f; f++)
            out[(size_t)t * s.n_f + f] = sum[f] > 0 ? sum[f] : 0;
    }
}

/* d_in[j] += sum over f of w[j][f] * d[f], in four sums side by side. */
TM_CONV_INLINE void tm_conv_pass_down(float *restrict d_in, const float *restrict w,
                                      const float *restrict d, uint32_t patch, uint32_t n_f)
{
    for (uint32_t j = 0; j < patch; j++) {
        float part[4] = {0, 0, 0, 0};
        for (uint32_t f = 0; f < n_f; f += 4) {
            for (uint32_t k = 0; k < 4; k++)
                part[k] += w[(size_t)j * n_f + f + k] * d[f + k];
        }
        d_in[j] += (part[0] + part[1]) + (part[2] + part[3]);
    }
}

/* From d_out, the gradient behind the ReLU's output `out`: adds to those of w and b, and to that of the input unless
 * d_in is NULL. */
/* NOLINTNEXTLINE(readability-function-size): the arrays of one layer, one parameter each */
TM_CONV_INLINE void tm_conv_back(const float *restrict out, float *restrict d_out,
                                 const float *restrict in, const float *restrict w,
                                 float *restrict d_w, float *restrict d_b, float *restrict d_in,
                                 const struct tm_conv_shape s)
{
    for (uint32_t t = 0; t < s.n_t; t++) {
        float *d = d_out + (size_t)t * s.n_f;
        const float *p = in + (size_t)t * s.stride;
        for (uint32_t f = 0; f < s.n_f; f++) {
            d[f] = out[(size_t)t * s.n_f + f] > 0 ? d[f] : 0;
            d_b[f] += d[f];
        }
        for (uint32_t j = 0; j < s.patch; j++) {
            for (uint32_t f = 0; f < s.n_f; f++)
                d_w[(size_t)j * s.n_f + f] += p[j] * d[f];
        }
        if (d_in)
            tm_conv_pass_down(d_in + (size_t)t * s.stride, w, d, s.patch, s.n_f);
    }
}

/* n first weights for sums of n_inputs (He's, uniform). */
static inline void tm_conv_draw(struct tm_rng *rng, float *v, size_t n, size_t n_inputs)
{
    float bound = sqrtf(6.0F / (float)n_inputs);
    for (size_t i = 0; i < n; i++)
        v[i] = bound * ((float)(tm_rng_u64(rng) >> 40) / (float)(1 << 23) - 1.0F);
}

/* Adam (0.9, 0.999) over n weights: gradient, its mean and mean square; borrowed, all zeros before the first step. */
struct tm_adam {
    float *g, *mean, *square;
    size_t n;
    uint64_t n_steps;
};

static inline void tm_adam_step(struct tm_adam *a, float *w, float rate)
{
    const float keep = 0.9F;
    const float keep_square = 0.999F;
    const float *restrict g = a->g;
    float *restrict m = a->mean;
    float *restrict v = a->square;
    a->n_steps++;
    float bias_m = 1.0F - powf(keep, (float)a->n_steps);
    float bias_v = 1.0F - powf(keep_square, (float)a->n_steps);
    for (size_t i = 0; i < a->n; i++) {
        m[i] = keep * m[i] + (1 - keep) * g[i];
        v[i] = keep_square * v[i] + (1 - keep_square) * g[i] * g[i];
        w[i] -= rate * (m[i] / bias_m) / (sqrtf(v[i] / bias_v) + 1e-8F);
    }
}

#endif
