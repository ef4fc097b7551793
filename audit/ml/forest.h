/* audit/ml/forest.h - a random forest over any number of classes, with the leaves that a row falls into.
 *
 * Breiman's forest (Machine Learning 45, 2001): each tree grows on a bootstrap sample, each split is the best by Gini impurity among
 * sqrt(d) columns drawn for it, down to min_leaf rows.  The leaves are k-FP's fingerprints (Hayes, Danezis, USENIX Security
 * 2016): rows that fall into the same leaves of many trees are alike.  NaN is less than every number.  One thread; the same forest for the same
 * seed and rows.  Pure. */
#ifndef TM_AUDIT_ML_FOREST_H
#define TM_AUDIT_ML_FOREST_H

#include <stdint.h>

#include "tm/base/err.h"

#define TM_FOREST_CLASSES_MAX 1024U

struct tm_forest_cfg {
    uint32_t n_trees;  /* >= 1 */
    uint32_t depth;    /* levels at most, 1..64 */
    uint32_t min_leaf; /* rows in a leaf at least, >= 1 */
    uint64_t seed;
};
/* 200 trees, 32 levels, leaves of one row and more, seed 1. */
struct tm_forest_cfg tm_forest_cfg_default(void);

struct tm_forest; /* opaque */

/* x: n x d row-major; label[i] in 0..k-1.  TM_ERR_RANGE: no row, no column, k not 1..TM_FOREST_CLASSES_MAX, a label that is none;
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_forest_fit(struct tm_forest **out, const struct tm_forest_cfg *cfg,
                                const float *x, const uint32_t *label, uint32_t n, uint32_t d,
                                uint32_t k);
/* The class with the largest share in the row's leaves, over all trees. */
uint32_t tm_forest_class(const struct tm_forest *f, const float *row);
/* leaf[n_trees]: the number of the row's leaf in each tree. */
void tm_forest_leaves(const struct tm_forest *f, const float *row, uint32_t *leaf);
void tm_forest_free(struct tm_forest *f);

#endif
