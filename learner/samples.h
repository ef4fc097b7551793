/* learner/samples.h - what was measured so far: a list of values for each parameter of the
 * model, each with the user it was measured on. */
#ifndef TM_LEARNER_SAMPLES_H
#define TM_LEARNER_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/base/err.h"

struct tm_samples {
    uint64_t *v[TM_SWING_PARAMS];    /* owned */
    uint32_t *user[TM_SWING_PARAMS]; /* owned; whose v[p][i] is: a hash of the user's key, so two of
                                        very many users may count as one; never 0 */
    uint32_t user_now;               /* what tm_samples_add notes */
    size_t n[TM_SWING_PARAMS];
    size_t cap[TM_SWING_PARAMS];
};

/* The observations of one value. */
struct tm_run {
    uint64_t value;
    uint64_t count; /* >= 1 */
    uint32_t user;  /* whose they all are, or TM_RUN_SEVERAL */
};
#define TM_RUN_SEVERAL 0U

/* By value, each value once; owned.  {0} is empty. */
struct tm_runs {
    struct tm_run *v;
    size_t n;
};

/* An empty collection is {0}. */
void tm_samples_deinit(struct tm_samples *s);
/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_samples_add(struct tm_samples *s, enum tm_swing_param p, uint64_t value);
/* A parameter's values with their counts; the caller frees out->v.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_samples_runs(const struct tm_samples *s, enum tm_swing_param p,
                                  struct tm_runs *out);
/* How many users a parameter was measured on.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_samples_users(const struct tm_samples *s, enum tm_swing_param p,
                                   uint64_t *out);

#endif
