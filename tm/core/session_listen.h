/* tm/core/session_listen.h - listeners of the server for its client (ssh's -R), and the streams of the connections that come there.
 *
 *   client  tm_session_listen ──LISTEN──> event LISTEN           server
 *   event LISTENING <──LISTENING── tm_session_listening
 *   event OPEN, of a listener <──ACCEPT── tm_session_stream_accept     then as any stream, with the roles of OPEN exchanged
 *
 * Whether the server may listen there is its shell's to say.  A listener lives as long as its session.  Messages of stream 0 and
 * streams like others: nothing of it is on the wire that the schedule did not send anyway. */
#ifndef TM_CORE_SESSION_LISTEN_H
#define TM_CORE_SESSION_LISTEN_H

#include "tm/core/session.h"

#define TM_LISTENERS_MAX 16U  /* of a session, ever */
#define TM_ACCEPTS_MAX   256U /* live streams that a server opens */
/* A client holds more, for it may learn later that one has ended. */
#define TM_ACCEPTS_HELD (2 * TM_ACCEPTS_MAX)

/* Client: asks for a listener at `bind`, an address (not a name); port 0: any.  *listener is its number, counted from 0.  The outcome is
 * event LISTENING: ev.reply, and with OK the port as ev.dest.port; COMMAND_UNSUPPORTED from a server that is too old.  TM_ERR_LIMIT:
 * TM_LISTENERS_MAX there are, or too much control waits; RANGE: a name; CLOSED: failed. */
TM_MUST_CHECK int tm_session_listen(struct tm_session *s, const struct tm_dest *bind,
                                    uint32_t *listener);
/* Server: the outcome of event LISTEN (ev.listener, ev.dest); after OK again, with another code, when it ends before the session. */
void tm_session_listening(struct tm_session *s, uint32_t listener, enum tm_reply reply,
                          uint16_t port);
/* Server: a connection came to a listener that listens.  Data may be sent at once; the client's outcome is event REPLY.  TM_ERR_LIMIT:
 * TM_ACCEPTS_MAX there are, or too much control waits; CLOSED: failed, or the listener is over. */
TM_MUST_CHECK int tm_session_stream_accept(struct tm_session *s, uint32_t listener,
                                           uint64_t *stream);

#endif
