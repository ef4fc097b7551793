/* learner/recall.h - what a model remembers of its training captures: rare values that it can draw just as
 * they were, and values that few observations stand behind.
 *
 * Somebody who has the model and suspects that a person was in the training captures looks for that
 * person's odd values.  A value is rare that 1 to k - 1 observations of the training captures have.  One may
 * be in the model by chance too, since a mean of sizes is a size that somebody may have had; how often
 * that happens is measured by the rare values of held-out captures.  Pure. */
#ifndef TM_LEARNER_RECALL_H
#define TM_LEARNER_RECALL_H

#include <stddef.h>
#include <stdint.h>

#include "learner/samples.h"
#include "models/dist.h"

struct tm_recall {
    uint64_t n_values; /* that the model can draw */
    uint64_t n_few;    /* of these, fewer than k observations by the model's own counts */
    uint64_t n_rare;   /* of these, rare in the training captures */
    uint64_t
        n_chance; /* of these, rare in the held-out captures and in training ones rare or not there;
                          0 when there are none */
    double
        rare_share; /* the part of all draws that stands for those rare observations, 0..1: a value
                          drawn ten times that was observed once counts once */
    double chance_share; /* the same of held-out captures */
    double
        share_error; /* standard error of their difference: values are met or not, each with all of
                            its draws */
};

/* One parameter of a model against what was observed in the training captures, and in others or NULL. */
void tm_recall(const struct tm_dist *d, uint32_t k, const struct tm_runs *train,
               const struct tm_runs *heldout, struct tm_recall *out);

#endif
