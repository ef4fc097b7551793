/* tm/net/dnsdoor.c - see dnsdoor.h.  The UDP socket is the resolver's; here is TCP. */
#include "tm/net/dnsdoor.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tm/core/dnsmsg.h"
#include "tm/net/addr.h"
#include "tm/net/resolver.h"
#include "tm/net/sock.h"

#define BACKLOG   64
#define SWEEP_MS  5000U
#define IN_CAP    (TM_DNS_FRAME + TM_DNS_QUERY_MAX)
#define QUEUE_MAX 262144U /* bytes of answers that an asker has not taken: then it is cut off */

struct conn {
    uv_tcp_t tcp; /* first */
    struct tm_dnsdoor *door;
    struct conn *next, **prev;
    bool is_closing;
    uint32_t n_waiting; /* queries without answer */
    uint64_t used_ms;
    size_t in_len;
    uint8_t in[IN_CAP];
};

struct tm_dnsdoor {
    struct tm_resolver *resolver;
    uv_tcp_t listener;
    uv_timer_t sweep;
    unsigned n_handles; /* of the two above and of connections, not yet closed */
    bool is_closing;
    uint32_t n_conns;
    struct conn *conns;
};

/* ---- Life of a connection ---- */

static void door_free(struct tm_dnsdoor *door)
{
    if (door->n_handles == 0)
        free(door);
}

static void on_conn_closed(uv_handle_t *h)
{
    struct conn *c = (struct conn *)h;
    struct tm_dnsdoor *door = c->door;
    free(c);
    door->n_handles--;
    door_free(door);
}

static void conn_close(struct conn *c)
{
    if (c->is_closing)
        return;
    c->is_closing = true;
    *c->prev = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->door->n_conns--;
    tm_resolver_forget(c->door->resolver, c);
    uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

/* ---- Answers ---- */

struct answer {
    uv_write_t req;
    struct conn *conn;
    uint8_t bytes[]; /* length and message */
};

static void on_written(uv_write_t *req, int status)
{
    struct answer *a = (struct answer *)req;
    if (status != 0)
        conn_close(a->conn);
    free(a);
}

static void on_answer(void *user, struct tm_view message)
{
    struct conn *c = user;
    c->n_waiting--;
    c->used_ms = uv_now(c->tcp.loop);
    struct answer *a = malloc(sizeof *a + TM_DNS_FRAME + message.len);
    if (a == NULL || uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) > QUEUE_MAX) {
        free(a);
        conn_close(c);
        return;
    }
    a->conn = c;
    a->bytes[0] = (uint8_t)(message.len >> 8);
    a->bytes[1] = (uint8_t)message.len;
    memcpy(a->bytes + TM_DNS_FRAME, message.p, message.len);
    uv_buf_t buf = uv_buf_init((char *)a->bytes, (unsigned)(TM_DNS_FRAME + message.len));
    if (uv_write(&a->req, (uv_stream_t *)&c->tcp, &buf, 1, on_written) != 0) {
        free(a);
        conn_close(c);
    }
}

/* ---- Queries ---- */

/* Asks what is there as a whole; false: what it says is not DNS, or longer than any query. */
static bool ask_all(struct conn *c)
{
    size_t at = 0;
    while (!c->is_closing && c->in_len - at >= TM_DNS_FRAME) {
        size_t n = (size_t)(c->in[at] << 8 | c->in[at + 1]);
        if (n < TM_DNS_HEAD || n > TM_DNS_QUERY_MAX)
            return false;
        if (c->in_len - at < TM_DNS_FRAME + n)
            break;
        c->n_waiting++;
        if (!tm_resolver_ask(c->door->resolver, c->in + at + TM_DNS_FRAME, n, on_answer, c))
            c->n_waiting--;
        at += TM_DNS_FRAME + n;
    }
    c->in_len -= at;
    memmove(c->in, c->in + at, c->in_len);
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct conn *c = (struct conn *)handle;
    *buf = uv_buf_init((char *)c->in + c->in_len, (unsigned)(IN_CAP - c->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *c = (struct conn *)stream;
    (void)buf;
    if (n > 0) {
        c->in_len += (size_t)n;
        c->used_ms = uv_now(stream->loop);
    }
    if (n < 0 || !ask_all(c))
        conn_close(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct tm_dnsdoor *door = listener->data;
    struct conn *c = status == 0 ? calloc(1, sizeof *c) : NULL;
    tm_sock_shed(listener, status);
    if (c == NULL)
        return;
    if (uv_tcp_init(listener->loop, &c->tcp) != 0) {
        free(c);
        return;
    }
    c->door = door;
    c->used_ms = uv_now(listener->loop);
    c->next = door->conns;
    c->prev = &door->conns;
    if (c->next != NULL)
        c->next->prev = &c->next;
    door->conns = c;
    door->n_conns++;
    door->n_handles++;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 || door->n_conns > TM_DNSDOOR_CONNS ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0)
        conn_close(c);
    else
        (void)uv_tcp_nodelay(&c->tcp, 1);
}

static void on_sweep(uv_timer_t *timer)
{
    struct tm_dnsdoor *door = timer->data;
    struct conn *next;
    for (struct conn *c = door->conns; c != NULL; c = next) {
        next = c->next;
        if (c->n_waiting == 0 && uv_now(timer->loop) - c->used_ms >= TM_DNSDOOR_IDLE_MS)
            conn_close(c);
    }
}

/* ---- Life ---- */

static void on_closed(uv_handle_t *h)
{
    struct tm_dnsdoor *door = h->data;
    door->n_handles--;
    door_free(door);
}

void tm_dnsdoor_close(struct tm_dnsdoor *door)
{
    if (door == NULL || door->is_closing)
        return;
    door->is_closing = true;
    while (door->conns != NULL)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes itself out of the list */
        conn_close(door->conns);
    tm_resolver_close(door->resolver);
    door->resolver = NULL;
    uv_close((uv_handle_t *)&door->listener, on_closed);
    uv_close((uv_handle_t *)&door->sweep, on_closed);
}

/* A bound UDP socket on the port of *at; an error of libuv on failure. */
static int bind_udp(const struct sockaddr *at, int *fd)
{
    *fd = socket(at->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0 || bind(*fd, at, tm_addr_len(at)) == 0)
        return *fd < 0 ? -errno : 0;
    int err = -errno;
    (void)close(*fd);
    *fd = -1;
    return err;
}

static int listen_tcp(struct tm_dnsdoor *door, const struct sockaddr *addr,
                      struct sockaddr_storage *at)
{
    int len = (int)sizeof *at;
    int rc = uv_tcp_bind(&door->listener, addr, 0);
    if (rc == 0)
        rc = tm_sock_listen((uv_stream_t *)&door->listener, BACKLOG, on_connection);
    return rc == 0 ? uv_tcp_getsockname(&door->listener, (struct sockaddr *)at, &len) : rc;
}

int tm_dnsdoor_open(struct tm_dnsdoor **out, struct tm_front *front, const struct sockaddr *addr,
                    const struct tm_dest *dest, struct tm_msg *msg)
{
    struct sockaddr_storage at = {0};
    uv_loop_t *loop = tm_front_loop(front);
    int fds[2] = {-1, -1};
    const char *what = "TCP";
    *out = NULL;
    struct tm_dnsdoor *door = calloc(1, sizeof *door);
    if (door == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    door->listener.data = door->sweep.data = door;
    (void)uv_tcp_init(loop, &door->listener);
    (void)uv_timer_init(loop, &door->sweep);
    door->n_handles = 2;
    int rc = listen_tcp(door, addr, &at);
    if (rc == 0) {
        what = "UDP";
        rc = bind_udp((const struct sockaddr *)&at, &fds[0]);
    }
    if (rc != 0) {
        char text[TM_ADDR_TEXT_MAX];
        tm_addr_text(addr, text);
        tm_dnsdoor_close(door);
        return tm_msg_set(msg, TM_ERR_IO, "cannot listen on %s, %s: %s", text, what,
                          uv_strerror(rc));
    }
    rc = tm_resolver_open(&door->resolver, front, dest, fds);
    if (rc == TM_OK && uv_timer_start(&door->sweep, on_sweep, SWEEP_MS, SWEEP_MS) == 0) {
        *out = door;
        return TM_OK;
    }
    tm_dnsdoor_close(door);
    return tm_msg_set(msg, TM_ERR_IO, "no resolver: out of memory or sockets");
}

uint16_t tm_dnsdoor_port(const struct tm_dnsdoor *door)
{
    struct sockaddr_storage sa = {0};
    struct tm_dest at;
    int len = (int)sizeof sa;
    if (uv_tcp_getsockname(&door->listener, (struct sockaddr *)&sa, &len) != 0)
        return 0;
    tm_addr_dest(&at, (const struct sockaddr *)&sa);
    return at.port;
}
