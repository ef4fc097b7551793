/* tm/core/session_watch.h - what a session tells of how its schedule is kept; nothing here changes what is sent. */
#ifndef TM_CORE_SESSION_WATCH_H
#define TM_CORE_SESSION_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "models/likeness.h"
#include "tm/core/cells.h"
#include "tm/core/session.h"
#include "tm/core/slip.h"
#include "tm/core/tally.h"

/* tm_session_sent by a shell that knows why a write left when it did (that function stands for one that does
 * not): the slip goes to the log and the tally. */
void tm_session_departed(struct tm_session *s, uint32_t carrier, uint32_t write,
                         const struct tm_departure *d);
/* Counts into it from now on (borrowed, may be shared by sessions; NULL: no more). */
void tm_session_set_tally(struct tm_session *s, struct tm_tally *tally);

/* Adds what a session sent and received, and how its carriers ended, to that of others. */
void tm_session_stats_add(struct tm_session_stats *total, const struct tm_session_stats *s);
/* Counts the writes of a session with plans into played[p] from now on, p being the part of its mix, 0 where it plays one model or a
 * schedule (borrowed, TM_MIX_PARTS_MAX of them; NULL: no more): sizes both ways, pauses as they were here: an own write's to when its first
 * byte left, the other end's to when its last byte came, the path included. */
void tm_session_set_played(struct tm_session *s, struct tm_likeness *played);

/* What says whether the model drives the wire (tm/app/control.h judges). */
struct tm_session_control {
    const struct tm_session_cfg *cfg; /* borrowed; it holds the seed: not for eyes */
    const uint8_t *digest;            /* borrowed: of its model, TM_DIGEST_LEN bytes */
    const char *failed;               /* why the session is over; NULL: it is not */
    uint32_t n_open;                  /* carriers on which the other end has answered */
    uint32_t n_opening;               /* begun, not answered yet */
    int64_t opening_us;               /* planned time of the oldest of these; TM_NEVER: none */
    uint32_t n_waiting;               /* buffers handed out that have not left */
    int64_t overdue_us;               /* how long ago the first of these was due; 0: not yet */
    int64_t behind_us;     /* the least that the other end is behind its plan on any open carrier */
    int64_t next_us;       /* when anything of ours is due next; TM_NEVER: nothing, before
                                         the other end does something */
    int64_t answered_us;   /* since when the other end answers; TM_NEVER: it never did */
    int64_t unanswered_us; /* since when carriers end unanswered; TM_NEVER: the last was answered */
    uint64_t waiting_bytes; /* user data not yet sent */
    bool is_held;           /* no modelled user goes on before there is demand */
    int64_t demand_us; /* when there was demand last; TM_NEVER: not yet, or nobody asks for that */
    int64_t oldest_us; /* since when its oldest byte waits; TM_NEVER: there is none */
    struct tm_cells_status cells;     /* zero where machines do not drive it */
    const struct tm_likeness *played; /* borrowed, TM_MIX_PARTS_MAX of them; NULL: not counted */
};
void tm_session_get_control(const struct tm_session *s, int64_t now_us,
                            struct tm_session_control *out);

#endif
