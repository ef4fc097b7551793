/* learner/fit.h - the finished connections of one capture -> samples; samples -> a model.
 *
 * Every capture is a world of its own: users, sessions and round trips do not span files, so the
 * model does not depend on the order of the files.  Source: Swing (ToN 2009) Table I and sec. III;
 * server think and close think are our extensions (models/model.h). */
#ifndef TM_LEARNER_FIT_H
#define TM_LEARNER_FIT_H

#include <stddef.h>

#include "learner/fitter.h"
#include "learner/samples.h"
#include "models/model.h"
#include "tm/base/err.h"

/* Adds one capture's samples; adds to *counts.  `pool` holds the records' pairs.  The order of the
 * records is of no consequence.  TM_ERR_NOMEM, TM_ERR_LIMIT (2^32 records). */
TM_MUST_CHECK int tm_fit_records(const struct tm_fit_cfg *cfg, const struct tm_pair_pool *pool,
                                 const struct tm_record *records, size_t n_records,
                                 struct tm_samples *samples, struct tm_group_counts *counts);

/* The swing model called `name` (allowed by tm_model_name_ok) of all samples, which are settled in
 * place, each distribution with at most `max_points`; the caller deinits *out.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_fit_model(struct tm_samples *samples, const char *name, size_t max_points,
                               struct tm_model *out);
/* Where the rules cut distributions (struct tm_bound); empty ones are not marked.  Both arrays have TM_SWING_PARAMS
 * members; all of `bound` are set. */
void tm_fit_bounds(const struct tm_fit_cfg *cfg, const struct tm_exchange_cfg *exchange,
                   const struct tm_dist *param, struct tm_bound *bound);

#endif
