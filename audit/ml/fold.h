/* audit/ml/fold.h - cross-validation and resampling by group.
 *
 * Connections of one page load or session are not independent: a split that has siblings on both sides "finds" a
 * difference between two halves of one recording.  So folds, null distributions and intervals move whole groups (sessions). */
#ifndef TM_AUDIT_ML_FOLD_H
#define TM_AUDIT_ML_FOLD_H

#include <stdint.h>

#include "tm/base/err.h"
#include "tm/base/rng.h"

/* fold[i] in 0..k-1 for n items: whole groups, each label spread evenly over the folds by number of items (largest groups first, the
 * smallest fold next, ties drawn).  group[i] any numbers; label[i] 0..255; a group may hold several labels.
 * TM_ERR_RANGE when some label has fewer than k groups or k is not 2..255, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_fold_by_group(const uint32_t *group, const uint8_t *label, uint32_t n,
                                   uint32_t k, struct tm_rng *rng, uint8_t *fold);
/* out[i]: the labels with whole groups permuted: every group keeps its items, the multiset of group labels stays.  Needs that all items of a group
 * have one label, TM_ERR_RANGE otherwise. */
TM_MUST_CHECK int tm_permute_by_group(const uint32_t *group, const uint8_t *label, uint32_t n,
                                      struct tm_rng *rng, uint8_t *out);
/* weight[i]: how often i's group was drawn when each label's groups are drawn with replacement (cluster bootstrap).  A
 * group counts for the label of its first item.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_bootstrap_by_group(const uint32_t *group, const uint8_t *label, uint32_t n,
                                        struct tm_rng *rng, uint32_t *weight);
/* The number of distinct groups with this label.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_group_count(const uint32_t *group, const uint8_t *label, uint32_t n,
                                 uint8_t of, uint32_t *out);

#endif
