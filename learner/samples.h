/* learner/samples.h - what was measured so far: a list of values for each parameter of the
 * model. */
#ifndef TM_LEARNER_SAMPLES_H
#define TM_LEARNER_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/base/err.h"

struct tm_samples {
    uint64_t *v[TM_SWING_PARAMS]; /* owned */
    size_t n[TM_SWING_PARAMS];
    size_t cap[TM_SWING_PARAMS];
};

/* An empty collection is {0}. */
void tm_samples_deinit(struct tm_samples *s);
/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_samples_add(struct tm_samples *s, enum tm_swing_param p, uint64_t value);

#endif
