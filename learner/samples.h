/* learner/samples.h - what was measured so far: for each distribution of a model, values and how often they
 * came.
 *
 * Memory is bounded whatever the captures' length.  New values wait in a list, which grows with the number of
 * different ones that there are already; a full list is sorted into counted runs (learner/packed.h).  With more
 * than TM_SAMPLES_RUNS_MAX different values, all lose their lowest significant bits, no more than needed.  What
 * is left depends on the values alone, not on their order: rounding down nests, so the same values in several
 * collections that are merged give the same as in one. */
#ifndef TM_LEARNER_SAMPLES_H
#define TM_LEARNER_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/packed.h"
#include "models/model.h"
#include "tm/base/err.h"

#define TM_SAMPLES_WAIT_MIN                                                                        \
    4096U /* values that wait, of each kind: as many as half of the different ones, */
#define TM_SAMPLES_WAIT_MAX 32768U /* within these limits */
#define TM_SAMPLES_RUNS_MAX 65536U /* different values, 16 times as many as a model keeps */

/* Kinds of samples: enum tm_swing_param, then the measured parameters. */
#define TM_SAMPLES_KINDS       (TM_SWING_PARAMS + TM_MEASURED_PARAMS)
#define TM_SAMPLES_MEASURED(m) ((unsigned)TM_SWING_PARAMS + (unsigned)(m))

struct tm_samples {
    uint64_t *v[TM_SAMPLES_KINDS]; /* owned; the values that wait */
    size_t n[TM_SAMPLES_KINDS];
    size_t cap[TM_SAMPLES_KINDS];
    struct tm_packed packed[TM_SAMPLES_KINDS]; /* owned; the others */
    uint8_t bits[TM_SAMPLES_KINDS];            /* significant bits that packed ones keep; 0: all */
};

/* By value, each value once; owned.  {0} is empty. */
struct tm_runs {
    struct tm_run *v;
    size_t n;
};

/* An empty collection is {0}. */
void tm_samples_deinit(struct tm_samples *s);
/* One value of a kind below TM_SAMPLES_KINDS.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_samples_add(struct tm_samples *s, unsigned kind, uint64_t value);
/* Bytes that the collection takes. */
size_t tm_samples_bytes(const struct tm_samples *s);
/* How many values were added. */
uint64_t tm_samples_total(const struct tm_samples *s, unsigned kind);
/* All values of `from` too.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_samples_merge(struct tm_samples *s, const struct tm_samples *from);
/* A kind's values with their counts; nothing waits afterwards.  The caller frees out->v.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_samples_runs(struct tm_samples *s, unsigned kind, struct tm_runs *out);
/* The distribution of a kind with at most max_points (tm_dist_fit_points); nothing waits afterwards.
 * Overwrites *out.  TM_ERR_NOMEM, TM_ERR_RANGE (2^48 values). */
TM_MUST_CHECK int tm_samples_fit(struct tm_samples *s, unsigned kind, size_t max_points,
                                 struct tm_dist *out);

#endif
