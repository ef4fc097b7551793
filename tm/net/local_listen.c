/* tm/net/local_listen.c - see local_listen.h. */
#include "tm/net/local_listen.h"

#include <unistd.h>

#include "tm/net/addr.h"

static int take_listener(union tm_sock *listener, int take_fd)
{
    int rc = uv_tcp_open(&listener->tcp, take_fd);
    if (rc != 0)
        (void)close(take_fd);
    return rc;
}

static int listen_tcp(union tm_sock *listener, const struct tm_local_listen_cfg *cfg,
                      struct tm_msg *msg)
{
    bool is_taken = cfg->addr == NULL;
    int rc = is_taken ? take_listener(listener, cfg->take_fd)
                      : uv_tcp_bind(&listener->tcp, cfg->addr, 0);
    if (rc == 0)
        rc = tm_sock_listen(&listener->stream, cfg->backlog, cfg->on_connection);
    if (rc == 0)
        return TM_OK;
    char addr[TM_ADDR_TEXT_MAX] = "loopback";
    if (!is_taken)
        tm_addr_text(cfg->addr, addr);
    return tm_msg_set(msg, TM_ERR_IO, "cannot listen on %s: %s", addr, uv_strerror(rc));
}

static int listen_unix(union tm_sock *listener, struct tm_unixsock *unixsock,
                       const struct tm_local_listen_cfg *cfg, struct tm_msg *msg)
{
    int rc = tm_unixsock_open(unixsock, cfg->path, cfg->backlog, msg);
    if (rc != TM_OK)
        return rc;
    rc = uv_pipe_open(&listener->pipe, unixsock->fd);
    if (rc != 0)
        (void)close(unixsock->fd);
    else
        rc = tm_sock_listen(&listener->stream, cfg->backlog, cfg->on_connection);
    return rc == 0
               ? TM_OK
               : tm_msg_set(msg, TM_ERR_IO, "cannot listen on %s: %s", cfg->path, uv_strerror(rc));
}

int tm_local_listen(union tm_sock *listener, struct tm_unixsock *unixsock,
                    const struct tm_local_listen_cfg *cfg, struct tm_msg *msg)
{
    return cfg->path != NULL ? listen_unix(listener, unixsock, cfg, msg)
                             : listen_tcp(listener, cfg, msg);
}
