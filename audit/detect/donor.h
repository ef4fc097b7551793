/* audit/detect/donor.h - whose inner gaps a write gets when it is rendered again.
 *
 * The gaps inside a write are TCP's and the path's: the window opens round trip by round trip, then the bottleneck sets the pace.
 * So the donor is a write of another connection in the same direction that is alike in what these depend on:
 *   flight      segments sent the same way since the last pause of half a round trip, which decides where the next pause falls
 *   before      bytes sent the same way: how far the window is open
 *   round trip  of the handshake
 *   length      in segments, the least of the four: gaps depend on it little
 * One of the TM_DONORS nearest is drawn.  Matched by length alone, bulk transfers that are rendered again are told from new ones by
 * where their first pauses fall (AUC 0.89). */
#ifndef TM_AUDIT_DETECT_DONOR_H
#define TM_AUDIT_DETECT_DONOR_H

#include <stddef.h>
#include <stdint.h>

#include "audit/detect/render.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_DONORS        8U
#define TM_DONORS_WINDOW 512U /* writes next in what was sent before that are looked at, each way */

/* What a write is matched by. */
struct tm_donor {
    size_t write; /* index in the writes */
    uint32_t trace, n_segments;
    uint8_t dir;
    float log_segments, log_rtt, log_before, log_flight;
};

struct tm_donors {
    struct tm_donor *v; /* owned: writes of several segments, by direction and bytes before */
    size_t n;
    uint32_t *place; /* owned: of each write in v; UINT32_MAX: of one segment */
};

/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_donors_init(struct tm_donors *d, const struct tm_writes *w,
                                 const struct tm_trace_set *set);
void tm_donors_deinit(struct tm_donors *d);
/* The index of a donor for a write of several segments; its own when no other connection has one. */
size_t tm_donors_pick(const struct tm_donors *d, size_t write, struct tm_rng *rng);

#endif
