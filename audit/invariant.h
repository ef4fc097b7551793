/* audit/invariant.h - the part of a schedule that neither the network nor the payload may change.
 *
 * For every carrier: where it stands in the plan (source, user, index), what it opened after (reference, gap),
 * and for each write direction, size, reference and gap; and the gap of its close.  Times, carrier numbers
 * and lateness are not part of it.  Two runs with one seed must agree as far as both came.
 * Source: DESIGN.md sec. 3 (invariant), sec. 4 (non-interference).  Pure. */
#ifndef TM_AUDIT_INVARIANT_H
#define TM_AUDIT_INVARIANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/schedule.h"
#include "tm/base/err.h"

/* Prints it to f, one line per entry, carriers by (source, user, index):
 *   src=0 user=1 index=2 open ref=prev gap=5000
 *   src=0 user=1 index=2 write=0 up size=517 ref=-1 gap=12
 *   src=0 user=1 index=2 close gap=100
 * gap=-1: the log does not know it (tm/core/schedlog.h).  A server's log has no openings: its carriers go by number, `carrier=7 write=0 ...`.  TM_ERR_NOMEM, or
 * TM_ERR_IO when f could not be written. */
TM_MUST_CHECK int tm_invariant_print(const struct tm_schedule *s, FILE *f);

struct tm_invariant_result {
    uint64_t n_writes;   /* compared */
    uint32_t n_carriers; /* with at least one write compared */
    uint64_t n_only[2];  /* writes that only one of the two has, behind where the other stopped */
    bool is_different;
    char text[480]; /* the first difference */
};

/* Compares what both have: the carriers, paired by (source, user, index), by number when one of the logs
 * has no openings; of each the writes that both logs name.  A carrier that one log lacks although it goes on
 * behind it, and more writes than the other's complete carrier has, are differences.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_invariant_compare(struct tm_invariant_result *r, const struct tm_schedule *a,
                                       const struct tm_schedule *b);

#endif
