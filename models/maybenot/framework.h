/* models/maybenot/framework.h - machines at work: events in, actions out.
 *
 * A framework runs any number of machines at one end of a connection.  Whoever owns the connection reports what happens there and
 * carries out what comes back, one action per machine and call at most:
 *   - each machine has an action timer (cancelled by Cancel; a new SendPadding or BlockOutgoing takes its place) and an internal timer;
 *   - PaddingSent is reported when padding is queued, also when a queued packet takes its place; TunnelSent when a packet leaves;
 *     the received ones only after authentication, or strangers could drive the machines;
 *   - BlockingBegin is reported whenever a block action fires, BlockingEnd when blocking ends.
 * Pure: the clock and the random numbers are the caller's; nothing is allocated after tm_mb_framework_new.  One call costs O(machines x events),
 * whatever the machines are.  They can still ask for padding without end: see limiter.h, and give the fractions.
 * Source: Maybenot sec. 3, 4.2, 4.3.1, and where they are silent or differ the Rust crate 2.2.2, whose actions and states these are, call by
 * call.  Its quirks are kept and marked "quirk" in framework.c; the one difference is that NaN is refused (dist.h, machine.h):
 * no useful machine has one, and each would silently switch a limit off. */
#ifndef TM_MODELS_MAYBENOT_FRAMEWORK_H
#define TM_MODELS_MAYBENOT_FRAMEWORK_H

#include "models/maybenot/machine.h"

/* What happened.  LIMIT_REACHED, COUNTER_ZERO and SIGNAL come from inside and are ignored here. */
struct tm_mb_event {
    enum tm_mb_event_kind kind;
    uint32_t
        machine; /* of PADDING_SENT, BLOCKING_BEGIN, TIMER_*: whose action it was; others ignore it */
};

/* What to do. */
struct tm_mb_action {
    enum tm_mb_ask ask; /* never NONE */
    uint32_t machine;
    enum tm_mb_timer timer; /* of CANCEL */
    bool bypass;            /* the padding may pass a bypassable block; the block is bypassable */
    bool
        replace; /* the padding may be a packet that waits; the new block or timer takes the old one's place */
    int64_t timeout_us;  /* until the padding or the block, 0..TM_MB_GAP_MAX_US */
    int64_t duration_us; /* of the block or timer, 0..TM_MB_GAP_MAX_US */
};

#define TM_MB_GAP_MAX_US   INT64_C(86400000000) /* one day */
#define TM_MB_MACHINES_MAX 1024U

/* Limits over all machines, 0..1; 0: none. */
struct tm_mb_framework_cfg {
    double max_padding_frac;  /* of the packets that were sent, how many may be padding */
    double max_blocking_frac; /* of the time, how much may be blocking */
};

/* Where one machine is. */
struct tm_mb_runtime {
    uint32_t state; /* TM_MB_STATE_END: it has ended */
    uint64_t limit; /* actions left in this state */
    uint64_t padding_sent, normal_sent;
    uint64_t counter[2];
    int64_t blocked_ns;
};

struct tm_mb_totals {
    uint64_t padding_sent, normal_sent;
    int64_t blocked_ns; /* finished blocking */
    bool is_blocking;
    bool is_signal_pending; /* kept for the end of the next call */
};

struct tm_mb_framework; /* opaque */

/* Starts machines[n_machines] (0..TM_MB_MACHINES_MAX valid ones) at `now_ns`.  Borrows the machines and `rng`: both must outlive it.
 * TM_OK and *out (free with tm_mb_framework_free); TM_ERR_RANGE: a fraction is none, or too many machines; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mb_framework_new(struct tm_mb_framework **out,
                                      const struct tm_mb_machine *const *machines,
                                      size_t n_machines, const struct tm_mb_framework_cfg *cfg,
                                      struct tm_mb_rng *rng, int64_t now_ns);
void tm_mb_framework_free(struct tm_mb_framework *f);

/* Reports events, in the order in which they happened, and gets what to do: writes actions[] (room for one per machine), ordered by
 * machine, and returns how many.  `now_ns` is monotonic; a time before the last one counts as no time passed. */
size_t tm_mb_framework_step(struct tm_mb_framework *f, const struct tm_mb_event *events,
                            size_t n_events, int64_t now_ns, struct tm_mb_action *actions);
/* The same in pieces, for callers whose events are not in an array of ours: begin, feed each event, end. */
void tm_mb_framework_begin(struct tm_mb_framework *f, int64_t now_ns);
void tm_mb_framework_feed(struct tm_mb_framework *f, const struct tm_mb_event *event);
size_t tm_mb_framework_end(struct tm_mb_framework *f, struct tm_mb_action *actions);

size_t tm_mb_framework_machines(const struct tm_mb_framework *f);
/* True when no machine will ever ask for anything again; also of no machines. */
bool tm_mb_framework_has_ended(const struct tm_mb_framework *f);
/* For status and tests; i < machines.  Good until the next step. */
const struct tm_mb_runtime *tm_mb_framework_runtime(const struct tm_mb_framework *f, size_t i);
struct tm_mb_totals tm_mb_framework_totals(const struct tm_mb_framework *f);

#endif
