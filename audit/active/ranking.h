/* audit/active/ranking.h - is the true one found among others, trial after trial?
 *
 * A trial has one true candidate and some others, each with a score; higher is more alike.  What is asked of all trials:
 *   rank 1     the share in which the true one scores highest (k that share the highest score count 1/k); by chance, the mean of 1/candidates;
 *   placement  the mean share of a trial's others that score below the true one, ties counting half; by chance 1/2;
 *   ROC        over all trials at once, with one threshold: AUC, and TPR at an FPR of 0.05.
 * The p values are one-sided: of rank 1 by the binomial distribution; of the placement by the normal one, with the variance of ranks,
 * (m + 1) / (12 (m - 1)) for m candidates, as if trials were independent.  Pure. */
#ifndef TM_AUDIT_ACTIVE_RANKING_H
#define TM_AUDIT_ACTIVE_RANKING_H

#include <stdint.h>

#include "audit/ml/auc.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

struct tm_trial_scores { /* empty: {0}; the candidates of all trials, one trial after the other */
    float *score;        /* owned */
    uint8_t *label;      /* owned; 1: the true one */
    uint32_t *trial;     /* owned; from 0 on */
    uint32_t n, cap, n_trials;
};

/* Adds a trial; score[0] is of the true one, the m - 1 others follow; m >= 2.  What is not a number counts as the lowest.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_trial_scores_add(struct tm_trial_scores *t, const double *score, uint32_t m);
void tm_trial_scores_deinit(struct tm_trial_scores *t);

struct tm_ranking {
    uint32_t n_trials, n_others;
    struct tm_interval first; /* share of rank 1, Wilson's interval */
    double chance;            /* of rank 1 */
    double first_p;
    double placement, placement_p;
    struct tm_interval auc;                        /* bootstrap over trials */
    double tpr;                                    /* at FPR 0.05 */
    double mean_true, mean_other, mean_best_other; /* scores */
};

/* NaN where there are no trials.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_ranking_of(struct tm_ranking *out, const struct tm_trial_scores *t,
                                struct tm_rng *rng);

#endif
