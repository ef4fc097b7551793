/* tm/net/front.h - the glue of one tunnel session: engine, carriers, alarm and application streams.
 *
 *   wire events ──> tm_carrier ──> engine ──> actions ──> tm_carrier ──> wire commands
 *   sockets ──> tm_pipe ──> engine ──> events ──> tm_sink (pipe, dial, ask)
 *
 * One pump: whoever made an engine call ends with tm_front_pump, which alone reads the engine's events and
 * actions and arms the alarm.  Inside the pump (sinks are called from it) tm_front_pump only notes that
 * another round is wanted.  All on the front thread. */
#ifndef TM_NET_FRONT_H
#define TM_NET_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "tm/core/session.h"

struct tm_front; /* opaque: tm/net/front_impl.h */
struct tm_streamlog;

/* Who wants to hear of a stream.  Embedded in its owner. */
struct tm_sink {
    /* An engine event of the stream.  After REPLY other than OK, RESET, ENDED and FAILED the sink is already
     * detached, and the call is its last.  May call the engine (tm_front_session) and tm_front_pump. */
    void (*on_event)(struct tm_sink *sink, const struct tm_event *ev);
};

struct tm_session *tm_front_session(struct tm_front *f);
/* NULL: nobody wants to know what streams travel over. */
struct tm_streamlog *tm_front_streamlog(struct tm_front *f);
uv_loop_t *tm_front_loop(struct tm_front *f);
/* Works off everything that the engine has to say, then arms the alarm. */
void tm_front_pump(struct tm_front *f);

/* Events of `stream` go to `sink` (borrowed) from now on.  TM_ERR_LIMIT beyond TM_STREAMS_HELD. */
TM_MUST_CHECK int tm_front_attach(struct tm_front *f, uint64_t stream, struct tm_sink *sink);
/* Gives up all streams, here and at the other end, as the program is about to end. */
void tm_front_reset_streams(struct tm_front *f);
/* No more events for the stream. */
void tm_front_detach(struct tm_front *f, uint64_t stream);

#endif
