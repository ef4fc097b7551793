/* tm/net/sock.h - one application socket's libuv handle, on the heap, so that it can change its owner
 * (from the SOCKS front or the dialler to the pipe) without being touched by libuv in between. */
#ifndef TM_NET_SOCK_H
#define TM_NET_SOCK_H

#include <stdbool.h>

#include <uv.h>

union tm_sock {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

/* A TCP handle of the loop, not yet connected or accepted; NULL without memory. */
union tm_sock *tm_sock_new_tcp(uv_loop_t *loop);
/* The same of a unix socket. */
union tm_sock *tm_sock_new_unix(uv_loop_t *loop);
/* Closes the handle and frees it when libuv is done with it; NULL does nothing.  The caller forgets the
 * pointer at once; requests in flight end with UV_ECANCELED and must not use it. */
void tm_sock_close(union tm_sock *take_sock);
/* The same with RST instead of FIN, where the kind of socket can. */
void tm_sock_reset(union tm_sock *take_sock);
/* Whether the other side has reset the connection, although libuv reports an end: it does where a reset comes right behind data. */
bool tm_sock_is_reset(const union tm_sock *sock);

/* uv_listen, with a file kept for tm_sock_shed.  An error of libuv.  One thread only. */
int tm_sock_listen(uv_stream_t *listener, int backlog, uv_connection_cb on_connection);
/* What the callback does with a status other than 0.  Out of files, libuv 1.44 accepts again at once and for ever: its own remedy opens "/"
 * anew, which the sandbox refuses, and so it works once.  Who waits is turned away instead, by the file that was kept. */
void tm_sock_shed(uv_stream_t *listener, int status);

#endif
