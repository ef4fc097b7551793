/* audit/wf/cumul.h - CUMUL's classifier: columns scaled to [-1, 1], a radial support vector machine, its C and gamma chosen on the training rows.
 *
 * Panchenko et al. (NDSS 2016) search C in 2^11..2^17 and gamma in 2^-3..2^3 by cross-validation; here C is one of 2^3, 2^7, 2^11, 2^15 and
 * gamma one of 2^-7, 2^-5, ..., 2^1, by three folds; of equals the smaller C, then the smaller gamma.  Pure. */
#ifndef TM_AUDIT_WF_CUMUL_H
#define TM_AUDIT_WF_CUMUL_H

#include <stdint.h>

#include "tm/base/err.h"

struct tm_cumul_rows {
    float *train, *test; /* borrowed and scaled in place; without NaN */
    const uint32_t *label;
    uint32_t n_train, n_test, d, k;
};

/* guess[n_test].  Errors as tm_svm_fit. */
TM_MUST_CHECK int tm_cumul_attack(const struct tm_cumul_rows *r, uint64_t seed, uint32_t *guess);

#endif
