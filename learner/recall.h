/* learner/recall.h - what a model remembers of single users: values that in the training captures one
 * user alone had, and values that few observations stand behind.
 *
 * Somebody who has the model and suspects that a person was in the training captures looks for that
 * person's odd values.  A value that one training user alone had may also be in the model by chance,
 * since a mean of sizes is a size that somebody may have had; how often that happens is measured with
 * users who were not there, by the values that one held-out user alone had.  Pure. */
#ifndef TM_LEARNER_RECALL_H
#define TM_LEARNER_RECALL_H

#include <stddef.h>
#include <stdint.h>

#include "learner/samples.h"
#include "models/dist.h"

struct tm_recall {
    uint64_t n_values; /* that the model can draw */
    uint64_t n_few;    /* of these, fewer than k observations by the model's own counts */
    uint64_t n_own;    /* of these, one training user alone had exactly this value */
    uint64_t n_chance; /* of these, one held-out user alone had it; 0 when there are none */
    double
        own_share; /* the part of all draws that stands for those users' own observations, 0..1: a
                            value drawn ten times that its user had once counts once */
    double chance_share; /* the same of held-out users */
};

/* One parameter of a model against what was observed in the training captures, and in others or NULL. */
void tm_recall(const struct tm_dist *d, uint32_t k, const struct tm_runs *train,
               const struct tm_runs *heldout, struct tm_recall *out);

#endif
