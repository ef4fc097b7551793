/* audit/wf/cut.h - packets of a capture -> one trace for each visit: all TCP segments with payload of the client's address while it lasted, whatever
 * connections they are of.
 *
 * Up is what the client's address sent.  A trace's times are since the visit's beginning and its duration is the visit's own,
 * not that of its packets.  Its class is the page ("-": any other), its session and load the visit.  Pure. */
#ifndef TM_AUDIT_WF_CUT_H
#define TM_AUDIT_WF_CUT_H

#include <stdint.h>

#include "audit/features/trace.h"
#include "audit/wf/visits.h"
#include "learner/packet.h"
#include "tm/base/err.h"

struct tm_cut_counts {
    uint64_t n_packets; /* with payload, given */
    uint64_t n_outside; /* of these: of no visit */
    uint32_t n_visits;
    uint32_t n_silent; /* visits without a packet up, or without one down: left out */
};

struct tm_cut; /* opaque */

/* For the visits given, borrowed until the end.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_cut_new(struct tm_cut **out, const struct tm_visits *visits);
/* Captures may come one after the other.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_cut_packet(struct tm_cut *c, const struct tm_packet *p);
/* Appends the visits that have packets both ways to `out`, by client and time; *counts is added to.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_cut_end(struct tm_cut *c, struct tm_trace_set *out,
                             struct tm_cut_counts *counts);
void tm_cut_free(struct tm_cut *c);

#endif
