/* audit/ml/trees.h - ensembles of decision trees for two classes.  The only place that knows the library (XGBoost).
 *
 * A forest is the field's default attacker (k-FP; C2ST by forest), boosted trees are the stronger one on mixed features.  One thread,
 * deterministic for a seed. */
#ifndef TM_AUDIT_ML_TREES_H
#define TM_AUDIT_ML_TREES_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

enum tm_trees_kind { TM_TREES_BOOSTED, TM_TREES_FOREST };

struct tm_trees_cfg {
    enum tm_trees_kind kind;
    uint32_t n_trees;
    uint32_t depth;  /* levels at most */
    uint32_t leaves; /* of a tree, at most; the best split comes first */
    uint64_t seed;
};
/* Boosted: 70 trees of 8 leaves, learning rate 0.15, rows 0.8, a fifth of the columns (8 at least) for each; forest: 100 of 24
 * leaves, a fifth of the columns at each split (the square root of them, when that is more).  Few leaves, best first, find
 * more in 3,000 rows than full levels do, in half the time: 3,200 rows x 150 columns take 0.15 s and 0.36 s on one core. */
struct tm_trees_cfg tm_trees_cfg_default(enum tm_trees_kind kind);

struct tm_trees; /* opaque */

/* x: n x d row-major, NaN is a missing value; label: 0 or 1, both must occur (else TM_ERR_RANGE).  TM_ERR_NOMEM,
 * TM_ERR_UNSUPPORTED with the library's words. */
TM_MUST_CHECK int tm_trees_fit(struct tm_trees **out, const struct tm_trees_cfg *cfg,
                               const float *x, const uint8_t *label, uint32_t n, uint32_t d,
                               struct tm_msg *msg);
/* score[i]: probability of label 1, for n rows of the same d. */
TM_MUST_CHECK int tm_trees_score(const struct tm_trees *t, const float *x, uint32_t n, float *score,
                                 struct tm_msg *msg);
/* gain[j], d of them: share of the total gain that column j brought; sums to 1 (all 0 when no tree split). */
TM_MUST_CHECK int tm_trees_importance(const struct tm_trees *t, float *gain, struct tm_msg *msg);
void tm_trees_free(struct tm_trees *t);

#endif
