/* tm/net/lane.h - one carrier as the front thread sees it: its TLS object and its connection in the wire thread.
 *
 *   OPENING --UP--> HANDSHAKE --peer's Finished verified--> LIVE --CLOSE or FIN read--> ENDING --DOWN--> gone
 *      every state: an error, DOWN, KILL --> gone
 *
 * A server's lane begins in HANDSHAKE, with the hello already read.  Whatever breaks is told to the engine
 * (tm_session_gone) exactly once, unless the engine itself gave the carrier up (tm_lane_kill). */
#ifndef TM_NET_LANE_H
#define TM_NET_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/core/session.h"
#include "tm/net/tls.h"
#include "tm/net/wire.h"

struct tm_front;
struct tm_lane;

struct tm_lane_cfg {
    struct tm_front *front;  /* borrowed */
    uint32_t carrier;        /* the engine's number */
    uint32_t conn;           /* the wire thread's */
    struct tm_tls *take_tls; /* owned from now on, also on error */
    enum tm_side side;
};

/* Adds the lane to its front.  TM_ERR_NOMEM, LIMIT. */
TM_MUST_CHECK int tm_lane_new(struct tm_lane **out, const struct tm_lane_cfg *cfg);
uint32_t tm_lane_carrier(const struct tm_lane *l);
uint32_t tm_lane_conn(const struct tm_lane *l);
/* The peer's Finished has been verified. */
bool tm_lane_is_authentic(const struct tm_lane *l);

/* Actions of the engine; any of them may end and free the lane, _kill does.  _hello is the client's TM_ACT_OPEN:
 * act->size bytes, to leave act->gap_us after establishment; TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_lane_hello(struct tm_lane *l, const struct tm_act *act, const uint8_t *hello);
void tm_lane_write(struct tm_lane *l, const struct tm_act *act);
void tm_lane_close(struct tm_lane *l, int64_t due_us);
/* Planned: nothing is written any more; its own FIN waits for the other side's as long as the engine does, and a reset until TCP has sent all. */
void tm_lane_shut(struct tm_lane *l, int64_t due_us);
void tm_lane_abort(struct tm_lane *l, int64_t due_us);
void tm_lane_kill(struct tm_lane *l, const char *why);

/* The wire thread has room again: a write that is not wholly composed wants a turn. */
void tm_lane_room(struct tm_lane *l);
/* Composes a slice of such a write, which may end and free the lane; false: it has none. */
bool tm_lane_turn(struct tm_lane *l);
/* The "up" line of the schedule log, from event UP or ACCEPTED. */
void tm_lane_log_up(const struct tm_lane *l, const struct tm_wire_event *ev);
/* An event of its connection; the lane may be freed by it.  The caller pumps the front. */
void tm_lane_on_wire(struct tm_lane *l, const struct tm_wire_event *ev);

#endif
