/* tm/core/padder.h - one end's Maybenot machines at work: which cell leaves next, and when.
 *
 * The integrator of the framework (models/maybenot/framework.h): it holds the timers of each machine, blocking, and two queues, of which only
 * the numbers matter, for cells look alike: normal ones, which whoever sends fills with what waits then, and padding.
 *
 *   queued, padded ── blocked ──> held ── the block ends, or padding with bypass and replace frees one ──> free ── take ──> left
 *                └─ not blocked, or padding with bypass and a bypassable block ──────────────────────────^
 *
 *   SendPadding fires    PaddingSent; then, if it says replace and a cell waits, that cell is it; else padding is queued
 *   BlockOutgoing fires  BlockingBegin; its end and bypassable are taken when it replaces, or ends later than what blocks now, or nothing does
 *                        (then also with no duration, so that the framework hears of its end)
 *   UpdateTimer          TimerBegin, when it replaces or ends later than the timer that runs
 *
 * Who runs it a little late slows no machine down: what was due happens as if in time, and what follows from it is timed from there.
 * A free cell is as good as gone: no later block holds it.  So whoever sends queues normal cells no faster than they can leave, unless blocked.
 * Source: Maybenot sec. 3 and 4.2; where it is silent, the Rust crate's simulator 2.2.1.
 *
 * Pure, and nothing is allocated after tm_padder_start.  Machines may be a peer's: actions are limited to TM_PADDER_ACTIONS_PER_S, waiting
 * padding to TM_PADDER_QUEUE_MAX, what one call does to TM_PADDER_ROUNDS. */
#ifndef TM_CORE_PADDER_H
#define TM_CORE_PADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/maybenot/framework.h"
#include "models/maybenot/set.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_PADDER_ACTIONS_PER_S 20000U
#define TM_PADDER_QUEUE_MAX     1024U
#define TM_PADDER_ROUNDS        256U
#define TM_PADDER_LATE_US       50000 /* what is due for longer happens now: nothing is caught up with */

struct tm_padder; /* opaque */

enum tm_cell { TM_CELL_NONE, TM_CELL_NORMAL, TM_CELL_PADDING };

struct tm_padder_counts {
    uint64_t event[TM_MB_EVENT_KINDS]; /* what happened; from the start on the framework was told */
    uint64_t n_normal, n_padding;      /* cells taken: these left, or were handed out to leave */
    uint64_t n_replaced;               /* padding for which a queued cell stood */
    uint64_t n_dropped;                /* padding for which there was no room, or no connection */
    uint64_t n_refused;                /* actions that the rate limiter dropped */
    uint32_t queued_normal, queued_padding; /* held and free */
    uint32_t n_machines, n_ended;           /* ended: of them, those that will never ask again */
};

/* Without machines: cells leave as they are queued.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_padder_new(struct tm_padder **out);
void tm_padder_free(struct tm_padder *p);
/* Starts the machines, once; empties *take_set, in any case.  TM_ERR_RANGE: a fraction is none; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_padder_start(struct tm_padder *p, struct tm_mb_set *take_set,
                                  const struct tm_mb_framework_cfg *cfg,
                                  const uint8_t seed[TM_SEED_LEN], int64_t now_us);

/* Whether cells that are queued now are held. */
bool tm_padder_is_blocking(const struct tm_padder *p);
/* n more normal cells are queued. */
void tm_padder_queue(struct tm_padder *p, uint32_t n, int64_t now_us);
/* TUNNEL_SENT, TUNNEL_RECV, NORMAL_RECV or PADDING_RECV. */
void tm_padder_tell(struct tm_padder *p, enum tm_mb_event_kind what, int64_t now_us);
/* Carries out what is due by now_us. */
void tm_padder_run(struct tm_padder *p, int64_t now_us);
/* When to run again; TM_NEVER: not before an event. */
int64_t tm_padder_next_us(const struct tm_padder *p);
/* What may leave now. */
enum tm_cell tm_padder_ready(const struct tm_padder *p);
/* That cell is taken out of the queue. */
void tm_padder_take(struct tm_padder *p);
/* There is no connection: padding that is queued is given up, as what is sent and lost. */
void tm_padder_drop(struct tm_padder *p);

void tm_padder_get_counts(const struct tm_padder *p, struct tm_padder_counts *out);

#endif
