/* audit/detect/c2st.h - the classifier two-sample test by sessions, and its null.
 *
 * Source: Lopez-Paz, Oquab, "Revisiting classifier two-sample tests", ICLR 2017, with folds, bootstrap and permutations by
 * group (audit/ml/fold.h).  The learner never sees a session that it scores. */
#ifndef TM_AUDIT_DETECT_C2ST_H
#define TM_AUDIT_DETECT_C2ST_H

#include <stdint.h>

#include "audit/detect/detect.h"
#include "audit/detect/draw.h"
#include "audit/features/table.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

/* Two samples in one matrix; {0} is empty. */
struct tm_c2st_data {
    float *x;         /* owned, n x d */
    uint8_t *label;   /* owned, 0: the real sample, 1: the other */
    uint32_t *group;  /* owned: sessions, distinct between the samples */
    uint32_t *column; /* owned: d indices into the tables' columns */
    uint32_t n, d;
    struct tm_detect_count count[2];
};
/* The drawn rows of two tables with the same columns, and the columns of `groups`.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_c2st_join(struct tm_c2st_data *out, const struct tm_table *a,
                               const struct tm_draw *rows_a, const struct tm_table *b,
                               const struct tm_draw *rows_b, unsigned groups);
void tm_c2st_deinit(struct tm_c2st_data *d);

struct tm_c2st_cfg {
    struct tm_trees_cfg trees;
    uint32_t folds, n_boot;
};
struct tm_c2st_result {
    struct tm_interval auc;
    double tpr[TM_DETECT_QUANTILES];
    double *gain; /* d, from the caller; NULL: not wanted */
};
/* Trains on all folds but one and scores that one.  TM_ERR_RANGE: a sample has fewer sessions than folds; TM_ERR_NOMEM; errors of
 * the learner. */
TM_MUST_CHECK int tm_c2st(struct tm_c2st_result *out, const struct tm_c2st_cfg *cfg,
                          const struct tm_c2st_data *data, struct tm_rng *rng, struct tm_msg *msg);
/* One permutation of session labels, learned anew: its AUC and bootstrap interval.  Errors as above. */
TM_MUST_CHECK int tm_c2st_permuted(struct tm_interval *auc, const struct tm_c2st_cfg *cfg,
                                   const struct tm_c2st_data *data, struct tm_rng *rng,
                                   struct tm_msg *msg);
/* Moments, quantiles, p and z of `observed` from n permutations (sorted in place). */
void tm_c2st_null(struct tm_detect_null *out, struct tm_interval *aucs, uint32_t n,
                  double observed);

#endif
