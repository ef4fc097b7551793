/* tm/net/remote.c - see remote.h. */
#include "tm/net/remote.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tm/core/session_listen.h"
#include "tm/net/addr.h"
#include "tm/net/pipe.h"
#include "tm/net/sock.h"

#define BACKLOG 128

struct tm_remote {
    uv_tcp_t tcp; /* first: on_closed casts back */
    struct tm_remote_cfg cfg;
    struct sockaddr_storage at; /* as it was asked for */
};

/* Who cannot have a stream is reset: it may try again. */
static void on_connection(uv_stream_t *stream, int status)
{
    struct tm_remote *r = stream->data;
    struct tm_front *front = r->cfg.front;
    uint64_t id;
    if (status != 0) {
        tm_sock_shed(stream, status);
        return;
    }
    union tm_sock *sock = tm_sock_new_tcp(stream->loop);
    if (sock == NULL)
        return;
    if (uv_accept(stream, &sock->stream) != 0 || !r->cfg.is_reachable(r->cfg.user) ||
        tm_session_stream_accept(tm_front_session(front), r->cfg.listener, &id) != TM_OK) {
        tm_sock_reset(sock);
        return;
    }
    const struct tm_pipe_cfg cfg = {.front = front, .stream = id, .take_sock = sock};
    if (tm_pipe_start(&cfg) != TM_OK)
        tm_session_stream_reset(tm_front_session(front), id, TM_REPLY_FAILURE);
    tm_front_pump(front);
}

static void on_closed(uv_handle_t *h)
{
    free(h);
}

static int listen_at(struct tm_remote *r, const struct sockaddr *sa)
{
    int rc = uv_tcp_bind(&r->tcp, sa, 0);
    return rc == 0 ? tm_sock_listen((uv_stream_t *)&r->tcp, BACKLOG, on_connection) : rc;
}

static bool is_any_v6(const struct sockaddr *sa)
{
    struct sockaddr_in6 in6;
    if (sa->sa_family != AF_INET6)
        return false;
    memcpy(&in6, sa, sizeof in6);
    return IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

static in_port_t port_of(const struct sockaddr_storage *ss)
{
    return ss->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)ss)->sin6_port
                                     : ((const struct sockaddr_in *)ss)->sin_port;
}

static struct tm_remote *remote_new(const struct tm_remote_cfg *cfg, const struct sockaddr *sa)
{
    struct tm_remote *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    (void)uv_tcp_init(tm_front_loop(cfg->front), &r->tcp);
    r->tcp.data = r;
    r->cfg = *cfg;
    memcpy(&r->at, sa, tm_addr_len(sa));
    return r;
}

int tm_remote_open(struct tm_remote **out, const struct tm_remote_cfg *cfg,
                   const struct sockaddr *sa, uint16_t *port)
{
    struct sockaddr_storage bound = {0};
    int len = (int)sizeof bound;
    *out = NULL;
    struct tm_remote *r = remote_new(cfg, sa);
    if (r == NULL)
        return UV_ENOMEM;
    int rc = listen_at(r, sa);
    if (rc == UV_EAFNOSUPPORT && is_any_v6(sa)) {
        const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = port_of(&r->at)};
        tm_remote_close(r);
        r = remote_new(cfg, sa);
        if (r == NULL)
            return UV_ENOMEM;
        rc = listen_at(r, (const struct sockaddr *)&any);
    }
    if (rc == 0)
        rc = uv_tcp_getsockname(&r->tcp, (struct sockaddr *)&bound, &len);
    if (rc != 0) {
        tm_remote_close(r);
        return rc;
    }
    *port = ntohs(port_of(&bound));
    *out = r;
    return 0;
}

bool tm_remote_is_at(const struct tm_remote *r, const struct sockaddr *sa)
{
    return port_of(&r->at) != 0 && r->at.ss_family == sa->sa_family &&
           memcmp(&r->at, sa, tm_addr_len(sa)) == 0;
}

void tm_remote_close(struct tm_remote *r)
{
    if (r != NULL)
        uv_close((uv_handle_t *)&r->tcp, on_closed);
}
