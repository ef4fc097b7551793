/* tm/core/tally.h - how the schedule was kept in the last five minutes, in bounded memory.
 *
 *   |<------------- TM_TALLY_SPAN_US ------------->|
 *   | 10 s | 10 s | ...                     | 10 s |  now    30 slots in a ring; a slot whose time has passed is
 *                                                            cleared when its place is needed again
 *
 * What is asked for covers the present slot and the 29 before it: 290 to 300 s.  One writer, who is also the reader:
 * the front thread, to whom the wire thread tells what it did through the ring that it writes anyway.  So nothing
 * here is locked, and reading delays no write.  Pure; times are us of one monotonic clock that does not go back. */
#ifndef TM_CORE_TALLY_H
#define TM_CORE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/base/hist.h"
#include "tm/base/time.h"
#include "tm/core/slip.h"

#define TM_TALLY_SLOTS   30U
#define TM_TALLY_SLOT_US (10 * TM_US_PER_S)
#define TM_TALLY_SPAN_US (TM_TALLY_SLOTS * TM_TALLY_SLOT_US)

struct tm_tally; /* opaque, about 750 KiB of which few pages are touched */

/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_tally_new(struct tm_tally **out, int64_t now_us);
void tm_tally_free(struct tm_tally *t);

/* All take NULL for t and then do nothing. */

/* A write of ours was handed out to be sent at its time. */
void tm_tally_due(struct tm_tally *t, int64_t now_us);
/* It left: how late its first byte was (>= 0), why, and whether it ended at the offset that the plan says. */
void tm_tally_sent(struct tm_tally *t, int64_t now_us, int64_t late_us, enum tm_slip slip,
                   bool is_exact);
/* Bytes of earlier writes that the other TCP had not acknowledged when one was due. */
void tm_tally_unsent(struct tm_tally *t, int64_t now_us, uint32_t bytes);
/* n writes that had been handed out were lost with their carrier. */
void tm_tally_lost(struct tm_tally *t, int64_t now_us, uint32_t n);
/* A write of the other end was complete: how long after its event and gap, the path included. */
void tm_tally_peer(struct tm_tally *t, int64_t now_us, int64_t late_us);
/* User data was put into a buffer; its first byte had waited for age_us. */
void tm_tally_queue(struct tm_tally *t, int64_t now_us, int64_t age_us);
/* Bytes on the wire (TCP payload, both directions), and user data of it, first transmissions. */
void tm_tally_bytes(struct tm_tally *t, int64_t now_us, uint64_t wire, uint64_t payload);

struct tm_tally_quantiles {
    uint64_t n, p50_us, p90_us, p95_us, p99_us, max_us; /* at most 1/16 too large (hist.h) */
};
struct tm_tally_view {
    uint64_t span_us; /* that the numbers are of: less than the window's while it is young */
    uint64_t due, sent, exact, lost;
    uint64_t missed;           /* of sent: first byte more than TM_SLIP_US late */
    uint64_t slips[TM_SLIP_N]; /* by cause; [NONE] stays 0 */
    uint64_t unsent_max;       /* bytes, largest of tm_tally_unsent */
    uint64_t wire_bytes, payload_bytes;
    struct tm_tally_quantiles late, peer, queue;
};
/* What happened in the window that ends at now_us; all zero for NULL. */
void tm_tally_view(const struct tm_tally *t, int64_t now_us, struct tm_tally_view *out);

/* The same since the tally was made, for readers who want what only grows. */
struct tm_tally_times {
    struct tm_hist hist;
    uint64_t sum_us;
};
struct tm_tally_total {
    uint64_t due, sent, exact, lost, missed;
    uint64_t slips[TM_SLIP_N];
    struct tm_tally_times late, peer, queue;
};
/* Borrowed; NULL for NULL. */
const struct tm_tally_total *tm_tally_total(const struct tm_tally *t);

#endif
