/* audit/detect/compare.h - feature by feature: Kolmogorov-Smirnov distances under permuted sessions, and quantiles to plot. */
#ifndef TM_AUDIT_DETECT_COMPARE_H
#define TM_AUDIT_DETECT_COMPARE_H

#include <stdint.h>

#include "audit/detect/c2st.h"
#include "audit/detect/detect.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_COMPARE_REACHED                                                                         \
    10U /* permutations at or above the distance that make their share a p-value */

/* out[j] for each column of data: ks, p, p_holm (name and gain are left alone).  p: the share of n_perm permutations of session
 * labels that reach the distance; where fewer than TM_COMPARE_REACHED do, the larger of two tails fitted to the permutations'
 * distances: Kolmogorov's law at the effective n that has their mean, and the gamma distribution with their mean and variance (Winkler et al.,
 * "Faster permutation inference", NeuroImage 2016), which is heavier where few sessions decide.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_compare_features(struct tm_detect_feature *out,
                                      const struct tm_c2st_data *data, uint32_t n_perm,
                                      struct tm_rng *rng);
/* Quantiles of column j of data on both sides.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_compare_quantiles(double q[2][TM_DETECT_QUANTILES],
                                       const struct tm_c2st_data *data, uint32_t j);

#endif
