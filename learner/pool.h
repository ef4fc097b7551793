/* learner/pool.h - no value of a model stands for fewer than k observations.
 *
 * Why: a distribution that keeps every value keeps the one film of 1,234,567,890 bytes, and whoever
 * has the model can say that somebody fetched it.  The rule, for each parameter on its own, is
 * univariate microaggregation (J. Domingo-Ferrer, J. M. Mateo-Sanz: Practical data-oriented
 * microaggregation for statistical disclosure control, IEEE TKDE 2002), with values that are common
 * anyway left as they are:
 *
 *   1. A value that k observations have stays as it is.
 *   2. The rest, from the smallest, is pooled with its neighbours between two such values: a step
 *      ends as soon as it holds k observations.  All of a step become its rounded mean.
 *   3. What is left before a value of rule 1, too little for a step, joins the step before it; when
 *      there is none, it becomes the nearer one of the values of rule 1 beside it (the smaller when
 *      both are as near).
 *   4. A parameter with fewer than k observations in all is left out.
 *
 * Rules 1 to 3 lose no observation and keep their order by size; rule 2 keeps their mean.  A step
 * holds fewer than 3k observations, so no quantile moves by more than that in rank.
 *
 * What is measured and not played (models/measured.h) is in databases too, and is pooled alike.
 *
 * What it does not do: k observations may all be one user's.  Samples do not say whose they are. */
#ifndef TM_LEARNER_POOL_H
#define TM_LEARNER_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "learner/samples.h"
#include "tm/base/err.h"

#define TM_POOL_K_DEFAULT 8U
#define TM_POOL_K_MAX     1000000U

struct tm_pool_cfg {
    uint32_t k; /* observations behind each value, 1..TM_POOL_K_MAX; 1: every value stays */
};

/* What the rule did to one parameter. */
struct tm_pool_count {
    uint64_t n_pooled;  /* observations under rules 2 and 3 */
    uint64_t n_dropped; /* under rule 4: all of the parameter, or none */
};

/* Applies the rule in place; what rule 4 leaves out has no runs any more. */
void tm_pool_runs(struct tm_runs *r, const struct tm_pool_cfg *cfg, struct tm_pool_count *count);

/* tm_fit_model with the rule applied to every kind of samples.  No sample is lost or changed, and their
 * order is of no consequence; the caller deinits *out.  TM_ERR_NOMEM, TM_ERR_RANGE (2^48 values). */
TM_MUST_CHECK int tm_pool_model(struct tm_samples *s, const char *name, size_t max_points,
                                const struct tm_pool_cfg *cfg,
                                struct tm_pool_count count[TM_SAMPLES_KINDS], struct tm_model *out);

#endif
