/* tm/net/sock.c - application socket handles that change owners. */
#include "tm/net/sock.h"

#include <stdlib.h>

union tm_sock *tm_sock_new_tcp(uv_loop_t *loop)
{
    union tm_sock *s = calloc(1, sizeof *s);
    if (s != NULL && uv_tcp_init(loop, &s->tcp) != 0) {
        free(s);
        s = NULL;
    }
    return s;
}

static void free_sock(uv_handle_t *h)
{
    free(h);
}

void tm_sock_close(union tm_sock *take_sock)
{
    if (take_sock != NULL)
        uv_close(&take_sock->handle, free_sock);
}

void tm_sock_reset(union tm_sock *take_sock)
{
    if (take_sock == NULL)
        return;
    /* Fails when a shutdown is under way or the socket was never connected: FIN is all that is left. */
    if (take_sock->handle.type != UV_TCP || uv_tcp_close_reset(&take_sock->tcp, free_sock) != 0)
        uv_close(&take_sock->handle, free_sock);
}
