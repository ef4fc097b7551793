/* audit/ml/svm.h - support vector machine with a radial kernel over any number of classes.
 *
 * C-SVM with K(x, y) = exp(-gamma |x - y|^2), one machine for each pair of classes; a row's class is the one with most votes, ties by the
 * sum of decision values.  Solved by sequential minimal optimisation with the maximal violating pair (Keerthi et al., Neural
 * Computation 13, 2001; the update as in Chang, Lin, "LIBSVM", ACM TIST 2, 2011), to a violation of 1e-3 or a fixed number of steps.  The
 * kernel of all pairs of rows is kept: n rows take 4 n^2 bytes.  Deterministic, one thread, pure. */
#ifndef TM_AUDIT_ML_SVM_H
#define TM_AUDIT_ML_SVM_H

#include <stdint.h>

#include "tm/base/err.h"

#define TM_SVM_ROWS_MAX    8192U
#define TM_SVM_CLASSES_MAX 256U

struct tm_svm_cfg {
    double c;     /* > 0 */
    double gamma; /* > 0 */
};

struct tm_svm; /* opaque */

/* x: n x d row-major without NaN, copied; label[i] in 0..k-1, at least two classes occur (else TM_ERR_RANGE, as for c, gamma, and
 * a label or k out of range).  TM_ERR_LIMIT: more than TM_SVM_ROWS_MAX rows.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_svm_fit(struct tm_svm **out, const struct tm_svm_cfg *cfg, const float *x,
                             const uint32_t *label, uint32_t n, uint32_t d, uint32_t k);
/* out[i]: the class of row i of m.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_svm_class(const struct tm_svm *s, const float *x, uint32_t m, uint32_t *out);
void tm_svm_free(struct tm_svm *s);

/* How a fit takes its columns: to [-1, 1] by the least and largest of the training rows; a constant column is 0. */
void tm_minmax_fit(const float *x, uint32_t n, uint32_t d, float *low, float *high);
void tm_minmax_apply(float *x, uint32_t n, uint32_t d, const float *low, const float *high);

#endif
