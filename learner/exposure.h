/* learner/exposure.h - what somebody who has a model could learn about the captures that it was
 * learned from, as numbers with limits. */
#ifndef TM_LEARNER_EXPOSURE_H
#define TM_LEARNER_EXPOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/group.h"
#include "learner/near.h"
#include "learner/recall.h"
#include "learner/samples.h"
#include "models/model.h"
#include "tm/base/err.h"

/* What the captures of one side gave. */
struct tm_exposure_side {
    struct tm_samples samples; /* owned */
    struct tm_near_set points; /* owned */
    struct tm_group_counts group;
    uint64_t n_users; /* those of several recordings count in each */
};

struct tm_exposure_cfg {
    uint32_t k;       /* observations that a value should stand for */
    double max_rare;  /* of each parameter's draws, 0..1, above what chance gives */
    double min_ratio; /* of the median distances, drawn to held-out */
    double min_ratio_q05;
    double max_copies;  /* share of drawn connections above that of held-out ones, 0..1 */
    double max_stretch; /* mean part that is one stretch of a training connection, above that of
                             held-out ones, 0..1 */
    uint32_t n_drawn;   /* connections drawn from the model */
};
/* 8; 0.05; 0.8; 0.5; 0.05; 0.25; 2000. */
struct tm_exposure_cfg tm_exposure_cfg_default(void);

struct tm_exposure {
    bool has_params; /* the model is a swing model */
    struct tm_recall param[TM_SWING_PARAMS];
    uint64_t n_few;      /* sum */
    double worst_draws;  /* the largest rare_share - chance_share - 2 * share_error */
    double worst_values; /* the largest excess of values, see tm_exposure */
    enum tm_swing_param draws_of, values_of; /* which parameters these are of */
    bool has_near;                           /* there were held-out connections */
    struct tm_near near;
    double ratio; /* drawn to held-out; NAN when held-out connections lie at training ones */
    double ratio_q05;
    bool few_ok, draws_ok, values_ok, ratio_ok, copies_ok,
        stretch_ok; /* those not measured are true */
};

/* Judges `m` by its training captures and by others, or NULL.
 *
 * Of values, with held-out captures: (n_rare - n_chance) / n_values less twice its standard error,
 * sqrt(n_rare + n_chance) / n_values, since both are counts of rare events.  Held-out captures of about
 * as many connections as the training captures have make the comparison fair; fewer make it stricter.
 *
 * The samples are settled in place.  The same model gives the same answer:
 * connections are drawn with a fixed seed.  TM_ERR_RANGE no training connection; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_exposure(const struct tm_model *m, const struct tm_exposure_cfg *cfg,
                              struct tm_exposure_side *train, struct tm_exposure_side *heldout,
                              struct tm_exposure *out);

/* Nothing is over a limit. */
bool tm_exposure_ok(const struct tm_exposure *x);

void tm_exposure_side_deinit(struct tm_exposure_side *s);

#endif
