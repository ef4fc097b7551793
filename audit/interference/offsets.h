/* audit/interference/offsets.h - do two runs of one schedule put the same payload offsets on the wire?
 *
 * With the clients' logs: the cumulative payload offset of each direction at the end of every write that both logs name,
 *
 *     run a   up  0 ---- 517 ------ 597 -----------      equal direction, size, reference and gap of each write in both
 *     run b   up  0 ---- 517 ------ 597 -----------      logs, and its bytes, and no more, on both wires.
 *
 * Without logs: the offsets at which an observer sees the direction change.  Where both directions write at once, the network alone
 * can change those.  Segments are not compared here, because the kernel may merge and split them; how far they agree
 * is reported beside.  Pure. */
#ifndef TM_AUDIT_INTERFERENCE_OFFSETS_H
#define TM_AUDIT_INTERFERENCE_OFFSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/interference/run.h"
#include "tm/base/err.h"

struct tm_offsets { /* empty: {0} */
    uint64_t n_runs;
    uint64_t n_pairs;   /* pairs of connections with something compared */
    uint64_t n_offsets; /* compared */
    uint64_t n_equal;   /* of these */
    uint64_t n_unseen;  /* not compared: not on one of the wires (cut, or dropped by the capture) */
    uint64_t n_segmented_alike; /* pairs that both saw to their ends, cut into the same segments */
    uint64_t n_segmented;       /* pairs that both saw to their ends */
    bool is_different;
    char text[360]; /* the first difference */
};

/* Compares a and b and adds to *o.  Both have the client's log, or neither is looked at by log.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_offsets_compare(struct tm_offsets *o, const struct tm_run *a,
                                     const struct tm_run *b);

#endif
