/* tm/net/sock.c - application socket handles that change owners. */
#include "tm/net/sock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int spare = -1; /* of the process, like the limit on files */

union tm_sock *tm_sock_new_tcp(uv_loop_t *loop)
{
    union tm_sock *s = calloc(1, sizeof *s);
    if (s != NULL && uv_tcp_init(loop, &s->tcp) != 0) {
        free(s);
        s = NULL;
    }
    return s;
}

union tm_sock *tm_sock_new_unix(uv_loop_t *loop)
{
    union tm_sock *s = calloc(1, sizeof *s);
    if (s != NULL && uv_pipe_init(loop, &s->pipe, 0) != 0) {
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
    const struct linger now = {.l_onoff = 1};
    uv_os_fd_t fd;
    /* Not uv_tcp_close_reset, which refuses while a shutdown is under way: the reset then came as an end. */
    if (take_sock->handle.type == UV_TCP && uv_fileno(&take_sock->handle, &fd) == 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    uv_close(&take_sock->handle, free_sock);
}

bool tm_sock_is_reset(const union tm_sock *sock)
{
    int err = 0;
    socklen_t len = sizeof err;
    uv_os_fd_t fd;
    return sock->handle.type == UV_TCP && uv_fileno(&sock->handle, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err != 0;
}

static void keep_spare(void)
{
    if (spare < 0)
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int tm_sock_listen(uv_stream_t *listener, int backlog, uv_connection_cb on_connection)
{
    keep_spare();
    return uv_listen(listener, backlog, on_connection);
}

void tm_sock_shed(uv_stream_t *listener, int status)
{
    uv_os_fd_t fd;
    int waiting;
    if ((status != UV_EMFILE && status != UV_ENFILE) ||
        uv_fileno((uv_handle_t *)listener, &fd) != 0)
        return;
    if (spare >= 0)
        (void)close(spare);
    spare = -1;
    while ((waiting = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        (void)close(waiting);
    keep_spare();
}
