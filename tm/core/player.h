/* tm/core/player.h - plays one carrier's plan: counts what was sent and received, says what is due.
 *
 * Role-neutral: both ends run it on the same plan, each for its own writes.  The clock of a write starts
 * with its reference event (DESIGN.md sec. 2): the last byte of a write of the other side received, of an
 * own one handed to the kernel, or the connection's start.  Writes of one side leave in the plan's order.
 *
 *      due(i) = event(i - ref_back) + gap(i), and not before the own write before it is due
 *
 * Both sides may be at work at once: each follows the order of its own writes alone, and what comes is counted
 * against the other side's, wherever these stand between them.
 *
 * A player knows a prefix of the plan (all of it, unless the plan is explicit and still arriving). */
#ifndef TM_CORE_PLAYER_H
#define TM_CORE_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/plan.h"
#include "tm/base/time.h"
#include "tm/core/entry.h"
#include "tm/core/token.h"

struct tm_player {
    enum tm_side side;
    int64_t grace_us;
    struct tm_known_plan known; /* owned; append entries by tm_entry_decode, then tm_player_grown */
    int64_t *event_us; /* owned, one per known write: when its last byte was sent or received */
    size_t event_cap;
    int64_t start_us;      /* TCP established, as seen here; TM_NEVER before */
    size_t own_next;       /* next own write to hand out */
    size_t own_sent;       /* next own write whose departure will be reported */
    size_t peer_next;      /* next write expected from the other side */
    uint64_t peer_got;     /* bytes of it that have come */
    uint64_t early;        /* bytes received beyond the known plan */
    int64_t handed_due_us; /* due time of the last own write handed out */
    int64_t last_rx_us;    /* when bytes last came; start_us before any */
    int64_t peer_fin_us;   /* when the other side's FIN came; TM_NEVER before */
};

/* A due own write. */
struct tm_player_due {
    size_t i;
    int64_t due_us;
    int64_t event_us; /* of the reference, TM_NEVER when rel_prev */
    bool rel_prev; /* the reference is the own write before it, handed out and not yet departed */
};

/* Takes the plan (and its memory).  start_us TM_NEVER: the client before TCP is up. */
void tm_player_init(struct tm_player *p, enum tm_side side, struct tm_known_plan *take_plan,
                    int64_t start_us, int64_t grace_us);
void tm_player_deinit(struct tm_player *p);
/* Client: TCP is established. */
void tm_player_start(struct tm_player *p, int64_t t_us);
/* After entries were appended to known: makes room for their events and counts early bytes.
 * TM_ERR_NOMEM; TM_ERR_PROTO as tm_player_received. */
TM_MUST_CHECK int tm_player_grown(struct tm_player *p);

/* The next own write and when it is due; false when there is none, or its event has not happened. */
bool tm_player_next(const struct tm_player *p, struct tm_player_due *due);
/* The write of tm_player_next was handed out. */
void tm_player_handed(struct tm_player *p, const struct tm_player_due *due);
/* Own write i departed.  TM_ERR_RANGE: not the one whose turn it is (a bug of the shell). */
TM_MUST_CHECK int tm_player_sent(struct tm_player *p, size_t i, int64_t t_us);
/* The other side's FIN came.  TM_ERR_PROTO, and nothing changes: its plan is not known to the end, some of its bytes are missing, or the
 * plan does not let it close before this side (client), before this side's last write (server). */
TM_MUST_CHECK int tm_player_peer_fin(struct tm_player *p, int64_t t_us);
/* n bytes came at t_us.  Completed writes: those in [peer_next before, peer_next after) that go the other
 * way.  TM_ERR_PROTO: more than the complete plan has, or 1 MiB beyond what is known of it. */
TM_MUST_CHECK int tm_player_received(struct tm_player *p, uint64_t n, int64_t t_us);

/* All writes of the complete plan were sent and received. */
bool tm_player_done(const struct tm_player *p);
/* When the last byte of a done plan was sent or received, whichever was later; TM_NEVER before. */
int64_t tm_player_over_us(const struct tm_player *p);
/* What this side's close runs from (struct tm_close); TM_NEVER while that has not happened, is not known, or waits for this side's own last
 * write, and of a server that only answers the client's FIN: until that has come. */
int64_t tm_player_close_event_us(const struct tm_player *p);
/* When this side closes: the plan's gap after that, not before its own last write, and a reset not before the last byte of
 * all; TM_NEVER as above. */
int64_t tm_player_close_us(const struct tm_player *p);
/* When silence becomes death: the time by which the other side's next bytes (or its close) should have come,
 * by the plan, plus grace; TM_NEVER while it is not the other side's turn. */
int64_t tm_player_dead_us(const struct tm_player *p);

/* Direction of this side's writes. */
static inline enum tm_dir tm_side_dir(enum tm_side side)
{
    return side == TM_CLIENT ? TM_UP : TM_DOWN;
}

#endif
