/* audit/correlate/learn.h - the network of audit/ml/net.h as a correlator of pairs. */
#ifndef TM_AUDIT_CORRELATE_LEARN_H
#define TM_AUDIT_CORRELATE_LEARN_H

#include <stdint.h>

#include "audit/correlate/pairs.h"
#include "audit/ml/net.h"
#include "tm/base/err.h"

struct tm_learn_set { /* borrowed */
    const struct tm_scene *scenes;
    enum tm_question q;
    const struct tm_pairs *pairs;
};

struct tm_learn_cfg {
    uint64_t seed;
    uint32_t n_epochs;
    uint32_t n_rows; /* at most, one true pair to three others; >= 8 */
};

/* Trains on pairs whose fold is not `but` (fold NULL: on all).  TM_ERR_RANGE: too few pairs, or one label alone; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_learn_fit(struct tm_net **out, const struct tm_learn_cfg *cfg,
                               const struct tm_learn_set *set, const uint8_t *fold, uint8_t but);
/* score[i] of every pair.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_learn_score(const struct tm_net *net, const struct tm_learn_set *set,
                                 float *score);
/* score[i] of every pair by a network that did not learn from its group: k folds, made comparable as shares of the fold's false
 * pairs below.  TM_ERR_RANGE: fewer groups than folds; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_learn_cross(const struct tm_learn_cfg *cfg, const struct tm_learn_set *set,
                                 uint8_t k, float *score);

#endif
