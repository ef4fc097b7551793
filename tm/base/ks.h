/* tm/base/ks.h - whether two samples come from one distribution: Kolmogorov and Smirnov, and Holm's correction for several
 * such questions at once. */
#ifndef TM_BASE_KS_H
#define TM_BASE_KS_H

#include <stdint.h>

#include "tm/base/err.h"

/* Kolmogorov-Smirnov distance of two samples (NaN values are left out; reordered in place).  0 when one is empty. */
double tm_ks_distance(float *a, uint32_t n_a, float *b, uint32_t n_b);
/* Two-sided asymptotic p-value (Stephens' small-sample form) for n_a, n_b independent values. */
double tm_ks_p(double distance, double n_a, double n_b);
/* Holm (1979): p[n] -> adjusted p-values in the same order, each >= its p, at most 1. */
TM_MUST_CHECK int tm_holm(const double *p, uint32_t n, double *adjusted);

#endif
