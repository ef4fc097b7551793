/* tm/net/local.c - listeners of the client.
 * A connection lives here until it has a stream and, with exact replies, the server's outcome; then its
 * socket goes to a pipe, or, after a refusal, is left to linger.
 *
 *   ASKING --> OPENING --early--> pipe
 *                |  ^ no room: tried again by the sweep
 *                +--exact--> REPLY --> pipe
 *                              +--lookup--> FINDING --> the answer, and the end
 *                              +--datagrams--> associate
 * FORWARD and DIVERTED begin in OPENING.  All writes here are a proxy's few bytes into an empty buffer: one that is not taken
 * at once means a dead client. */
#include "tm/net/local.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tm/core/lookup.h"
#include "tm/core/proxy.h"
#include "tm/core/session_datagram.h"
#include "tm/net/associate.h"
#include "tm/net/ebpf/door.h"
#include "tm/net/front.h"
#include "tm/net/linger.h"
#include "tm/net/local_listen.h"
#include "tm/net/pipe.h"
#include "tm/net/sock.h"
#include "tm/net/unixsock.h"

#define SWEEP_MS     50
#define HANDSHAKE_MS 30000U /* to say what is wanted */
#define OPENING_MS   15000U /* to wait for room in the session */
#define IN_CAP       1024U  /* doubles, up to: */
#define IN_CAP_MAX   (TM_PROXY_IN_MAX + TM_HTTP_GROWTH)
static_assert(IN_CAP_MAX <= TM_PIPE_FIRST_MAX, "a pipe takes over what was read");

enum phase { ASKING, OPENING, REPLY, FINDING };

struct conn {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_local *local;
    struct tm_tunnel_client *tunnel; /* borrowed; with a route, from OPENING on */
    struct conn *next, **prev;
    union tm_sock *sock;
    enum phase phase;
    uint64_t deadline_ms; /* of ASKING and OPENING, uv_now */
    uint64_t stream;      /* in REPLY and FINDING */
    struct tm_dest dest;
    bool is_lookup, is_datagrams;
    uint32_t swept; /* the last sweep that looked at it */
    struct tm_proxy proxy;
    size_t in_len, in_cap;
    uint8_t *in; /* NULL: nothing was read */
};

struct tm_local {
    struct tm_local_cfg cfg;
    uv_loop_t *loop;
    union tm_sock listener;
    struct tm_unixsock unixsock; /* whose listener it is; else {0} */
    uv_timer_t sweep;
    unsigned n_handles; /* of the two above, not yet closed */
    bool is_closing;
    bool is_full; /* DIVERTED: somebody waits to be accepted until there is room */
    uint32_t n_sweeps;
    uint32_t n_conns;   /* connections here and pipes that came from here */
    struct conn *conns; /* those here */
    struct tm_associate *associates;
};

static void local_free(struct tm_local *l)
{
    if (l->is_closing && l->n_handles == 0 && l->n_conns == 0)
        free(l);
}

/* ---- Connections ---- */

/* Takes the connection off the list and frees it; its socket is somebody else's by now, or closed. */
static void conn_free(struct conn *c)
{
    *c->prev = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->proxy.wants_login) { /* secrets may be in it */
        explicit_bzero(&c->proxy, sizeof c->proxy);
        if (c->in != NULL)
            explicit_bzero(c->in, c->in_cap);
    }
    free(c->in);
    free(c);
}

static void on_connection(uv_stream_t *listener, int status);

static void on_pipe_done(void *user)
{
    struct tm_local *l = user;
    l->n_conns--;
    if (l->is_full && !l->is_closing)
        on_connection(&l->listener.stream, 0);
    local_free(l);
}

static bool has_stream(const struct conn *c)
{
    return c->phase == REPLY || c->phase == FINDING;
}

/* Gives up the stream's events, if there are any to come. */
static void conn_detach(struct conn *c)
{
    if (has_stream(c))
        tm_front_detach(tm_tunnel_client_front(c->tunnel), c->stream);
    c->phase = OPENING;
}

static void conn_close(struct conn *c, void (*end)(union tm_sock *))
{
    struct tm_local *l = c->local;
    conn_detach(c);
    end(c->sock);
    conn_free(c);
    on_pipe_done(l);
}

/* Sends a short answer; false when the client does not take it. */
static bool tell(struct conn *c, const struct tm_wr *out)
{
    uv_buf_t buf = uv_buf_init((char *)out->p, (unsigned)out->len);
    return out->len == 0 || uv_try_write(&c->sock->stream, &buf, 1) == (int)out->len;
}

static bool tell_reply(struct conn *c, enum tm_reply reply, const struct tm_dest *found)
{
    uint8_t text[TM_PROXY_OUT_MAX];
    struct tm_wr out = tm_wr_init(text, sizeof text);
    tm_proxy_reply(&c->proxy, reply, found, &out);
    return tell(c, &out);
}

/* The end after the last words. */
static void conn_leave(struct conn *c)
{
    struct tm_local *l = c->local;
    union tm_sock *sock = c->sock;
    conn_detach(c);
    (void)uv_read_stop(&sock->stream);
    conn_free(c);
    tm_linger(sock, on_pipe_done, l);
}

/* A refusal in the client's words, if it speaks any, and the end. */
static void conn_refuse(struct conn *c, enum tm_reply reply)
{
    if (c->local->cfg.kind == TM_LOCAL_SOCKS && tell_reply(c, reply, NULL))
        conn_leave(c);
    else
        conn_close(c, tm_sock_reset);
}

static void on_refused(void *user, enum tm_addr_kind kind, enum tm_reply reply)
{
    const struct tm_local *l = user;
    if (l->cfg.refused != NULL)
        l->cfg.refused(l->cfg.user, kind, reply);
}

static void conn_to_pipe(struct conn *c)
{
    struct tm_local *l = c->local;
    struct tm_front *front = tm_tunnel_client_front(c->tunnel);
    uint64_t stream = c->stream;
    const struct tm_pipe_cfg cfg = {.front = front,
                                    .stream = stream,
                                    .take_sock = c->sock,
                                    .done = on_pipe_done,
                                    .refused = on_refused,
                                    .kind = c->dest.kind,
                                    .user = l,
                                    .first = c->in,
                                    .first_len = c->in_len,
                                    .body = c->proxy.body};
    int rc = tm_pipe_start(&cfg);
    conn_free(c);
    if (rc != TM_OK) {
        tm_session_stream_reset(tm_front_session(front), stream, TM_REPLY_FAILURE);
        tm_front_detach(front, stream);
        on_pipe_done(l);
    }
    tm_front_pump(front);
}

/* The answer to a lookup has come, or a part of it. */
static void conn_find(struct conn *c)
{
    struct tm_session *s = tm_front_session(tm_tunnel_client_front(c->tunnel));
    struct tm_dest found;
    bool end = false;
    struct tm_view v = tm_session_stream_peek(s, c->stream, &end);
    ssize_t n = tm_lookup_decode(&found, v.p, v.len);
    if (n == 0 && !end)
        return;
    tm_session_stream_reset(s, c->stream, TM_REPLY_OK); /* all is said */
    if (n > 0 && tell_reply(c, TM_REPLY_OK, &found))
        conn_leave(c);
    else
        conn_refuse(c, TM_REPLY_FAILURE);
}

/* A port for datagrams, which takes over connection and stream; false: it cannot be had, or the client is gone. */
static bool conn_to_associate(struct conn *c)
{
    struct tm_local *l = c->local;
    struct tm_associate *a;
    struct tm_dest bound;
    const struct tm_associate_cfg cfg = {.front = tm_tunnel_client_front(l->cfg.tunnel),
                                         .sock = c->sock,
                                         .port = c->dest.port,
                                         .list = &l->associates,
                                         .done = on_pipe_done,
                                         .user = l};
    if (tm_associate_open(&a, &bound, &cfg) != TM_OK)
        return false;
    if (!tell_reply(c, TM_REPLY_OK, &bound)) {
        tm_associate_close(a);
        return false;
    }
    tm_associate_start(a, c->sock, c->stream);
    conn_free(c);
    return true;
}

/* The server's outcome is good. */
static void conn_connected(struct conn *c)
{
    if (c->is_datagrams && conn_to_associate(c))
        return;
    if (c->is_datagrams) {
        tm_session_stream_reset(tm_front_session(tm_tunnel_client_front(c->local->cfg.tunnel)),
                                c->stream, TM_REPLY_FAILURE);
        conn_refuse(c, TM_REPLY_FAILURE);
        return;
    }
    if (c->is_lookup) {
        c->phase = FINDING;
        return;
    }
    if (tell_reply(c, TM_REPLY_OK, NULL)) {
        conn_to_pipe(c);
        return;
    }
    tm_session_stream_reset(tm_front_session(tm_tunnel_client_front(c->tunnel)), c->stream,
                            TM_REPLY_FAILURE);
    conn_close(c, tm_sock_reset);
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct conn *c = (struct conn *)sink;
    if (ev->kind == TM_EVENT_READABLE && c->phase == FINDING)
        conn_find(c);
    if (ev->kind == TM_EVENT_READABLE || ev->kind == TM_EVENT_WRITABLE || ev->kind == TM_EVENT_OPEN)
        return; /* the pipe will look itself */
    if (ev->kind == TM_EVENT_REPLY && ev->reply == TM_REPLY_OK) {
        conn_connected(c);
        return;
    }
    bool has_reason = ev->kind == TM_EVENT_REPLY || ev->kind == TM_EVENT_RESET;
    enum tm_reply reply = has_reason && ev->reply != TM_REPLY_OK ? ev->reply : TM_REPLY_FAILURE;
    c->phase = OPENING; /* the sink is detached already */
    conn_refuse(c, reply);
}

/* Whether the client is told only when the server has connected. */
static bool is_exact(const struct conn *c)
{
    const struct tm_local_cfg *cfg = &c->local->cfg;
    return cfg->kind == TM_LOCAL_SOCKS && (c->is_lookup || cfg->reply == TM_SOCKS_REPLY_EXACT);
}

/* Finds its tunnel; false: it waits, or is gone. */
static bool conn_route(struct conn *c)
{
    const struct tm_local_cfg *cfg = &c->local->cfg;
    enum tm_reply reply = TM_REPLY_COMMAND_UNSUPPORTED;
    int rc = c->is_lookup ? TM_ERR_UNSUPPORTED
                          : cfg->route(cfg->user, &c->proxy, &c->tunnel, &c->dest, &reply);
    if (rc != TM_OK && rc != TM_ERR_LIMIT)
        conn_refuse(c, reply);
    return rc == TM_OK;
}

/* Asks for the stream; without room the sweep tries again. */
static void conn_open(struct conn *c)
{
    struct tm_local *l = c->local;
    if (l->cfg.route != NULL && !conn_route(c))
        return;
    struct tm_front *front = tm_tunnel_client_front(c->tunnel);
    struct tm_session *s = tm_front_session(front);
    if (c->dest.port == 0 && !c->is_lookup && !c->is_datagrams) { /* it would ask for an address */
        conn_refuse(c, TM_REPLY_ADDRESS_UNSUPPORTED);
        return;
    }
    int rc = c->is_datagrams ? tm_session_datagrams_open(s, &c->stream)
                             : tm_session_stream_open(s, &c->dest, &c->stream);
    if (rc == TM_ERR_LIMIT)
        return;
    if (rc == TM_OK && is_exact(c)) {
        c->sink.on_event = on_event;
        rc = tm_front_attach(front, c->stream, &c->sink);
        if (rc == TM_OK) {
            c->phase = REPLY;
            tm_front_pump(front);
            return;
        }
    } else if (rc == TM_OK && c->is_datagrams) {
        conn_connected(c);
        tm_front_pump(front);
        return;
    } else if (rc == TM_OK) {
        if (l->cfg.kind != TM_LOCAL_SOCKS || tell_reply(c, TM_REPLY_OK, NULL)) {
            conn_to_pipe(c);
            return;
        }
        rc = TM_ERR_IO;
    }
    if (rc != TM_ERR_CLOSED && rc != TM_ERR_RANGE)
        tm_session_stream_reset(s, c->stream, TM_REPLY_FAILURE);
    conn_refuse(c, TM_REPLY_FAILURE);
    tm_front_pump(front);
}

static void conn_start_opening(struct conn *c)
{
    (void)uv_read_stop(&c->sock->stream);
    c->phase = OPENING;
    c->deadline_ms = uv_now(c->local->loop) + c->local->cfg.wait_ms;
    conn_open(c);
}

/* ---- What a client of the proxy says ---- */

/* Understands what there is; the connection may be gone afterwards. */
static void conn_parse(struct conn *c)
{
    uint8_t text[TM_PROXY_OUT_MAX];
    struct tm_wr out = tm_wr_init(text, sizeof text);
    enum tm_proxy_want want = tm_proxy_feed(&c->proxy, c->in, &c->in_len, c->in_cap, &out);
    if (!tell(c, &out)) {
        conn_close(c, tm_sock_reset);
        return;
    }
    if (want == TM_PROXY_MORE)
        return;
    if (want == TM_PROXY_END && out.len > 0) {
        conn_leave(c);
        return;
    }
    if (want == TM_PROXY_END) {
        conn_close(c, tm_sock_close);
        return;
    }
    c->dest = c->proxy.dest;
    c->is_lookup = want == TM_PROXY_LOOKUP;
    c->is_datagrams = want == TM_PROXY_DATAGRAMS;
    conn_start_opening(c);
}

/* Room for more, beside what a head may grow by. */
static bool grow_in(struct conn *c)
{
    size_t cap = c->in == NULL ? IN_CAP : 2 * c->in_cap;
    if (c->in_len + TM_HTTP_GROWTH < c->in_cap)
        return true;
    cap = cap < IN_CAP_MAX ? cap : IN_CAP_MAX;
    uint8_t *in = cap > c->in_cap ? realloc(c->in, cap) : NULL;
    if (in == NULL)
        return false;
    c->in = in;
    c->in_cap = cap;
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct conn *c = handle->data;
    *buf = grow_in(c) ? uv_buf_init((char *)c->in + c->in_len,
                                    (unsigned)(c->in_cap - TM_HTTP_GROWTH - c->in_len))
                      : uv_buf_init(NULL, 0); /* read as UV_ENOBUFS */
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct conn *c = stream->data;
    if (n == 0)
        return;
    if (n < 0) {
        conn_close(c, tm_sock_close);
        return;
    }
    c->in_len += (size_t)n;
    conn_parse(c);
}

/* ---- The listener ---- */

/* Its time is over. */
static void conn_give_up(struct conn *c)
{
    uint8_t text[TM_PROXY_OUT_MAX];
    struct tm_wr out = tm_wr_init(text, sizeof text);
    if (c->local->cfg.kind == TM_LOCAL_SOCKS)
        tm_proxy_too_slow(&c->proxy, &out);
    if (out.len > 0 && tell(c, &out))
        conn_leave(c);
    else
        conn_close(c, tm_sock_reset);
}

static struct conn *unswept(struct tm_local *l)
{
    struct conn *c = l->conns;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a closed connection is no longer in the list */
    while (c != NULL && (c->swept == l->n_sweeps || has_stream(c)))
        c = c->next;
    return c;
}

/* Begins again at the head after each step: a step may end other connections too. */
static void on_sweep(uv_timer_t *timer)
{
    struct tm_local *l = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    if (l->conns == NULL)
        (void)uv_timer_stop(timer);
    l->n_sweeps++;
    for (struct conn *c = unswept(l); c != NULL; c = unswept(l)) {
        c->swept = l->n_sweeps;
        if (now_ms >= c->deadline_ms)
            conn_give_up(c);
        else if (c->phase == OPENING)
            conn_open(c);
    }
}

static struct conn *conn_new(struct tm_local *l)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->local = l;
    c->tunnel = l->cfg.tunnel;
    c->proxy.wants_login = l->cfg.route != NULL;
    c->sock =
        l->listener.handle.type == UV_TCP ? tm_sock_new_tcp(l->loop) : tm_sock_new_unix(l->loop);
    if (c->sock == NULL) {
        free(c);
        return NULL;
    }
    c->sock->handle.data = c;
    c->deadline_ms = uv_now(l->loop) + HANDSHAKE_MS;
    c->next = l->conns;
    c->prev = &l->conns;
    if (c->next != NULL)
        c->next->prev = &c->next;
    l->conns = c;
    l->n_conns++;
    if (!uv_is_active((uv_handle_t *)&l->sweep))
        (void)uv_timer_start(&l->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    return c;
}

/* Sets its destination, and starts or refuses it. */
static void conn_start_diverted(struct conn *c)
{
    const struct tm_local_cfg *cfg = &c->local->cfg;
    uv_os_fd_t fd;
    if (uv_fileno(&c->sock->handle, &fd) == 0 && cfg->find(cfg->user, fd, &c->dest) == TM_OK)
        conn_start_opening(c);
    else
        conn_close(c, tm_sock_reset);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct tm_local *l = listener->data;
    if (status != 0) {
        tm_sock_shed(listener, status);
        return;
    }
    /* Its program believes that it is connected: it waits rather than being cut off.  libuv tells of no other meanwhile. */
    l->is_full = l->cfg.kind == TM_LOCAL_DIVERTED && l->n_conns >= l->cfg.n_max;
    if (l->is_full)
        return;
    struct conn *c = conn_new(l);
    if (c == NULL)
        return;
    if (uv_accept(listener, &c->sock->stream) != 0 || l->n_conns > l->cfg.n_max) {
        conn_close(c, tm_sock_reset);
        return;
    }
    if (c->sock->handle.type == UV_TCP)
        (void)uv_tcp_nodelay(&c->sock->tcp, 1);
    if (l->cfg.kind == TM_LOCAL_FORWARD) {
        c->dest = l->cfg.dest;
        conn_start_opening(c);
    } else if (l->cfg.kind == TM_LOCAL_DIVERTED) {
        conn_start_diverted(c);
    } else if (uv_read_start(&c->sock->stream, on_alloc, on_read) != 0) {
        conn_close(c, tm_sock_reset);
    }
}

static void on_handle_closed(uv_handle_t *h)
{
    struct tm_local *l = h->data;
    l->n_handles--;
    local_free(l);
}

int tm_local_open(struct tm_local **out, const struct tm_local_cfg *cfg, struct tm_msg *msg)
{
    *out = NULL;
    struct tm_local *l = calloc(1, sizeof *l);
    if (l == NULL) {
        if (cfg->addr == NULL && cfg->path == NULL)
            (void)close(cfg->take_fd);
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    }
    uv_loop_t *loop =
        cfg->tunnel != NULL ? tm_front_loop(tm_tunnel_client_front(cfg->tunnel)) : cfg->loop;
    l->cfg = *cfg;
    l->loop = loop;
    if (l->cfg.n_max == 0)
        l->cfg.n_max = TM_STREAMS_MAX;
    if (l->cfg.wait_ms == 0)
        l->cfg.wait_ms = OPENING_MS;
    if (cfg->path != NULL)
        (void)uv_pipe_init(loop, &l->listener.pipe, 0);
    else
        (void)uv_tcp_init(loop, &l->listener.tcp);
    (void)uv_timer_init(loop, &l->sweep);
    l->listener.handle.data = l->sweep.data = l;
    l->n_handles = 2;
    const struct tm_local_listen_cfg at = {
        .addr = cfg->addr,
        .path = cfg->path,
        .take_fd = cfg->take_fd,
        .backlog = cfg->kind == TM_LOCAL_DIVERTED ? TM_DOOR_BACKLOG : TM_STREAMS_MAX,
        .on_connection = on_connection};
    int rc = tm_local_listen(&l->listener, &l->unixsock, &at, msg);
    l->cfg.addr = NULL;
    l->cfg.path = NULL;
    if (rc != TM_OK) {
        tm_local_close(l);
        return rc;
    }
    *out = l;
    return TM_OK;
}

uint16_t tm_local_port(const struct tm_local *l)
{
    struct sockaddr_storage ss = {0};
    int len = (int)sizeof ss;
    if (l->listener.handle.type != UV_TCP ||
        uv_tcp_getsockname(&l->listener.tcp, (struct sockaddr *)&ss, &len) != 0)
        return 0;
    return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
                                          : ((struct sockaddr_in *)&ss)->sin_port);
}

void tm_local_set_dest(struct tm_local *l, const struct tm_dest *dest)
{
    l->cfg.dest = *dest;
}

void tm_local_close(struct tm_local *l)
{
    if (l == NULL || l->is_closing)
        return;
    l->is_full = false;
    l->n_conns++; /* not freed while the list is walked */
    while (l->conns != NULL)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes itself out of the list */
        conn_close(l->conns, tm_sock_reset);
    while (l->associates != NULL)
        tm_associate_close(l->associates);
    l->is_closing = true;
    tm_unixsock_remove(&l->unixsock);
    uv_close(&l->listener.handle, on_handle_closed);
    uv_close((uv_handle_t *)&l->sweep, on_handle_closed);
    l->n_conns--;
}
