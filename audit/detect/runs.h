/* audit/detect/runs.h - how much of a connection is one stretch of some training connection: copies told from recombinations. */
#ifndef TM_AUDIT_DETECT_RUNS_H
#define TM_AUDIT_DETECT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/detect/render.h"
#include "audit/features/trace.h"
#include "tm/base/err.h"

#define TM_RUNS_WRITES_MAX 512U /* of a connection; what follows is left out */

/* All suffixes of the training connections' sequences of (direction, size), sorted. */
struct tm_runs {
    uint64_t *token;    /* owned; a connection's writes, then an end mark of its own */
    uint32_t *suffix;   /* owned, indices into token */
    uint64_t *sequence; /* owned, sorted: a hash of each connection's sequence of segments */
    size_t n, n_sequences;
};
/* TM_ERR_NOMEM, TM_ERR_LIMIT beyond 2^32 writes. */
TM_MUST_CHECK int tm_runs_init(struct tm_runs *out, const struct tm_trace_set *train,
                               const struct tm_writes *writes);
void tm_runs_deinit(struct tm_runs *r);
/* Share of connection i's writes in its longest run of consecutive (direction, size) that one training connection has, 0..1. */
double tm_runs_longest(const struct tm_runs *r, const struct tm_writes *writes, size_t i);
/* Has a training connection this very sequence of segments (direction, size)? */
bool tm_runs_has_copy(const struct tm_runs *r, const struct tm_trace_set *set, size_t i);

#endif
