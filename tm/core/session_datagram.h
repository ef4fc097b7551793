/* tm/core/session_datagram.h - streams of datagrams: a stream to TM_DEST_DATAGRAMS, on which each end writes whole datagrams
 * (tm/core/datagram.h) that wait in a queue of their own until a buffer takes them.
 *
 * A datagram is lost where its queue is full (the oldest goes) or when it has waited for TM_DATAGRAM_AGE_US: before it has any place among
 * the stream's bytes.  What has one arrives, once, whole and in order, on another carrier if its own dies.  Its destination is in it, so
 * one stream serves any number of them; the server sends all from one port.  A stream whose queue is short is light (tm/core/compose.c):
 * bulk does not hold it up.  Opening, resetting, replies and events are those of any stream (tm/core/session.h); nothing is to be sent or
 * peeked by the functions for bytes.  Pure. */
#ifndef TM_CORE_SESSION_DATAGRAM_H
#define TM_CORE_SESSION_DATAGRAM_H

#include "tm/core/datagram.h"
#include "tm/core/session.h"

#define TM_DATAGRAM_STREAMS_MAX 256U /* of a session at once, at either end */
#define TM_DATAGRAM_AGE_US      (5 * TM_US_PER_S)

bool tm_session_means_datagrams(const struct tm_dest *dest);
/* Client: as tm_session_stream_open.  TM_ERR_NOMEM too. */
TM_MUST_CHECK int tm_session_datagrams_open(struct tm_session *s, uint64_t *stream);
/* Server: event OPEN means one; to be called before the reply.  TM_ERR_LIMIT, TM_ERR_NOMEM: refuse it. */
TM_MUST_CHECK int tm_session_datagrams_accept(struct tm_session *s, uint64_t stream);

/* Of all such streams, here. */
struct tm_session_datagrams {
    uint64_t n_tx, n_rx; /* put into buffers; given to the application */
    uint64_t n_dropped;  /* never put into one: no room, too old, or the stream ended */
};
void tm_session_get_datagrams(const struct tm_session *s, struct tm_session_datagrams *out);

/* Queues a datagram; or it is lost, as they are.  TM_ERR_CLOSED: the stream is unknown, or not of datagrams; TM_ERR_RANGE: too long, or without port. */
int tm_session_datagram_send(struct tm_session *s, uint64_t stream, const struct tm_datagram *d,
                             int64_t now_us);
/* The next one that has come: 1, *d is set and borrowed until the next call for any stream; 0: none; TM_ERR_PROTO: the other end wrote
 * what is no datagram, or ended inside one: reset the stream.  TM_ERR_CLOSED as above. */
TM_MUST_CHECK int tm_session_datagram_next(struct tm_session *s, uint64_t stream,
                                           struct tm_datagram *d);

#endif
