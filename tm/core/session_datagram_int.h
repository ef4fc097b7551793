/* tm/core/session_datagram_int.h - of streams of datagrams, for the files of the engine alone. */
#ifndef TM_CORE_SESSION_DATAGRAM_INT_H
#define TM_CORE_SESSION_DATAGRAM_INT_H

#include "tm/core/session_datagram.h"

struct tm_stream;

struct tm_datagram_state {
    uint32_t n_streams;
    uint8_t
        *last; /* owned, TM_DATAGRAM_FRAME_MAX: the one that was given last; NULL: none ever was */
    struct tm_session_datagrams counts; /* n_dropped: of streams that have ended */
};

/* Of a stream of datagrams: makes bytes of those that wait and are not too old, until `want` lie ready, whole ones as credit and
 * room allow.  Nothing for others. */
void tm_session_feed(struct tm_session *s, struct tm_stream *st, size_t want, int64_t now_us);
/* The stream ends: what waits is dropped. */
void tm_session_drop_queue(struct tm_session *s, struct tm_stream *st);
/* session_app.c: the peer's credit is ahead of the send buffer: lets it grow. */
void tm_session_grow_tx(struct tm_session *s, struct tm_stream *st);

#endif
