/* audit/wf/attack.h - four attacks on visits: each learns from some and names the pages of others.
 *
 *   forest   k-FP's random forest itself, as its paper has it for a closed world
 *   leaves   k-FP: a visit's fingerprint is the leaves it falls into; the 3 nearest of the training visits by Hamming distance, by majority, or,
 *            where other pages are in the world, a watched page only when all 3 agree
 *   cumul    CUMUL by a support vector machine with a radial kernel (audit/ml/svm.h); C and gamma by inner cross-validation on the training visits
 *   network  the convolutional network of audit/ml/slotnet.h over slots of time
 *
 * Deterministic for a seed.  Pure. */
#ifndef TM_AUDIT_WF_ATTACK_H
#define TM_AUDIT_WF_ATTACK_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/wf/sample.h"
#include "tm/base/err.h"

enum tm_wf_attack { TM_WF_FOREST, TM_WF_LEAVES, TM_WF_SVM, TM_WF_NETWORK };
#define TM_WF_ATTACKS 4U
/* "forest", "leaves", "cumul", "network". */
const char *tm_wf_attack_name(enum tm_wf_attack a);

/* One fit: visits to learn from and visits to name, indices into the sample. */
struct tm_wf_task {
    const struct tm_wf_sample *sample;
    const uint32_t *label; /* of all visits of the sample: what the training is told */
    const uint32_t *train, *test;
    uint32_t n_train, n_test;
    uint32_t k; /* labels are below; the last one is "another page" when is_open */
    bool is_open;
    uint64_t seed;
};

struct tm_wf_effort { /* how much work is done */
    uint32_t n_trees;
    uint32_t
        n_epochs; /* of the network, at most: from 100 visits on there are fewer, down to a fifth */
};
/* 200 trees, 300 epochs. */
struct tm_wf_effort tm_wf_effort_default(void);

/* guess[n_test].  At least two labels must be among the training visits (TM_ERR_RANGE).  TM_ERR_NOMEM, TM_ERR_LIMIT: too many training visits for a
 * support vector machine. */
TM_MUST_CHECK int tm_wf_attack(enum tm_wf_attack a, const struct tm_wf_task *t,
                               const struct tm_wf_effort *e, uint32_t *guess);

#endif
