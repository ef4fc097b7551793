/* tm/net/pipe.h - one application socket joined to one stream of the engine.
 *
 *   socket --read--> held (64 KiB) --tm_session_stream_send-->  engine
 *   socket <-write-- one in flight <--tm_session_stream_peek--  engine
 *
 * End of file of either side becomes the end of the other's direction, a reset becomes a reset; when both
 * directions have ended the socket is closed.  Reading pauses while the engine takes no more; a write in
 * flight holds at most 64 KiB.  One teardown path (pipe_close in pipe.c). */
#ifndef TM_NET_PIPE_H
#define TM_NET_PIPE_H

#include <stdint.h>

#include "tm/core/http_body.h"
#include "tm/net/front.h"
#include "tm/net/sock.h"

struct tm_pipe;

/* Called once, when the pipe has ended; the pipe frees itself. */
typedef void (*tm_pipe_done_fn)(void *user);

/* The server could not connect; before done.  kind is what the configuration says. */
typedef void (*tm_pipe_refused_fn)(void *user, enum tm_addr_kind kind, enum tm_reply reply);

struct tm_pipe_cfg {
    struct tm_front *front; /* borrowed; its end ends the pipe first */
    uint64_t stream;
    union tm_sock *take_sock;   /* connected; the pipe owns it, also when tm_pipe_start fails */
    tm_pipe_done_fn done;       /* may be NULL */
    tm_pipe_refused_fn refused; /* may be NULL */
    enum tm_addr_kind kind;     /* of the destination; given back to refused */
    void *user;
    const uint8_t
        *first; /* bytes already read from the socket, at most TM_PIPE_FIRST_MAX; copied */
    size_t first_len;
    struct tm_http_body
        body; /* where what the socket sends ends, behind `first`; {0}: nowhere.  More than that is a reset */
};
#define TM_PIPE_FIRST_MAX 16640U

/* Takes over the stream's sink and starts both directions.  The pipe frees itself at its end.
 * TM_ERR_NOMEM, TM_ERR_LIMIT: the socket has been reset, the stream is the caller's to reset. */
TM_MUST_CHECK int tm_pipe_start(const struct tm_pipe_cfg *cfg);

#endif
