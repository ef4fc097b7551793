/* tm/net/wire_conn.c - one connection on the wire thread: opening, reading, ending (wire_send.c:
 * sending). */
#include "tm/net/wire_impl.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tm/base/time.h"

/* ---- The end ---- */

static void conn_freed(struct tm_wire_conn *c)
{
    c->state = TM_WIRE_FREE;
    tm_wire_on_free(c->wire);
}

static void on_poll_closed(uv_handle_t *handle)
{
    conn_freed(handle->data);
}

/* The slot's resources go; c->fd is closed unless it is -1. */
static void conn_free(struct tm_wire_conn *c)
{
    tm_wire_late_shut(c);
    tm_wire_send_drop(c);
    tm_wire_conn_set_next(c, TM_NEVER);
    c->state = TM_WIRE_GONE;
    c->wire->n_conns--;
    if (c->has_poll)
        uv_close((uv_handle_t *)&c->poll,
                 on_poll_closed); /* libuv forgets the descriptor at once */
    if (c->fd >= 0)
        (void)close(c->fd);
    if (!c->has_poll)
        conn_freed(c);
}

/* Told when the socket is closed: whoever hears it may look at the peer. */
void tm_wire_conn_down(struct tm_wire_conn *c, enum tm_wire_down why, int error)
{
    int64_t t_us = tm_now_us();
    if (c->state == TM_WIRE_LIVE || c->state == TM_WIRE_LINGERING)
        tm_kernel_take(&c->kernel, &c->wire->kernel, c->fd);
    if (c->fd >= 0 && why != TM_WIRE_DOWN_CLOSED) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    conn_free(c);
    tm_wire_tell(c->wire,
                 &(struct tm_wire_event){
                     .kind = TM_WIRE_DOWN, .id = c->id, .t_us = t_us, .why = why, .error = error});
}

/* Told when our loop has forgotten the socket: the number may be another's as soon as the front has closed it. */
void tm_wire_conn_release(struct tm_wire_conn *c)
{
    if (c->state != TM_WIRE_LIVE)
        return;
    int fd = c->fd;
    unsigned as_usual = 0; /* a stranger's, from now on */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &as_usual, sizeof as_usual);
    c->fd = -1;
    conn_free(c);
    tm_wire_tell(c->wire,
                 &(struct tm_wire_event){
                     .kind = TM_WIRE_RELEASED, .id = c->id, .t_us = tm_now_us(), .fd = fd});
}

/* ---- Reading ---- */

static void on_io(uv_poll_t *poll, int status, int events);

void tm_wire_conn_watch(struct tm_wire_conn *c)
{
    if (!c->has_poll || c->state == TM_WIRE_GONE || c->state == TM_WIRE_FREE)
        return;
    int events =
        (c->eof || c->starved || c->is_yielded ? 0 : UV_READABLE) | (c->blocked ? UV_WRITABLE : 0);
    if (c->state == TM_WIRE_CONNECTING)
        events = UV_WRITABLE;
    if (events == c->watching)
        return;
    c->watching = events;
    if (events)
        (void)uv_poll_start(&c->poll, events, on_io);
    else
        (void)uv_poll_stop(&c->poll);
}

static void on_eof(struct tm_wire_conn *c, int64_t t_us)
{
    c->eof = true;
    if (c->error != 0) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_RESET, c->error);
    } else if (c->state == TM_WIRE_LINGERING) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_CLOSED, 0);
    } else {
        tm_wire_tell(c->wire, &(struct tm_wire_event){
                                  .kind = TM_WIRE_END_OF_FILE, .id = c->id, .t_us = t_us});
        tm_wire_conn_watch(c);
    }
}

static void conn_read(struct tm_wire_conn *c)
{
    struct tm_wire *w = c->wire;
    /* Twice the size: the end of the ring may have to stay unused. */
    if (!tm_wire_has_room(w, 2 * tm_ring_cost(TM_WIRE_EVENT_LEN + TM_WIRE_READ))) {
        c->starved = true;
        tm_wire_conn_watch(c);
        return;
    }
    /* Straight into the ring: the event and its bytes are one message. */
    uint8_t *msg = tm_ring_reserve(w->events, TM_WIRE_EVENT_LEN + TM_WIRE_READ);
    TM_ASSERT(msg != NULL);
    ssize_t n = recv(c->fd, msg + TM_WIRE_EVENT_LEN, TM_WIRE_READ, 0);
    int64_t t_us = tm_now_us();
    if (n > 0) {
        struct tm_wire_event ev = {
            .kind = TM_WIRE_RX, .id = c->id, .t_us = t_us, .bytes = {NULL, (size_t)n}};
        memcpy(msg, &ev, TM_WIRE_EVENT_LEN);
        tm_ring_commit(w->events, TM_WIRE_EVENT_LEN + (size_t)n);
    } else if (n == 0) {
        on_eof(c, t_us);
    } else if (errno != EAGAIN && errno != EINTR) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_RESET, errno);
    }
}

void tm_wire_conn_resume(struct tm_wire_conn *c)
{
    if (!c->starved || c->state == TM_WIRE_FREE || c->state == TM_WIRE_GONE)
        return;
    c->starved = false;
    tm_wire_conn_watch(c);
}

/* ---- Opening ---- */

static void conn_init(struct tm_wire *w, struct tm_wire_conn *c, uint32_t id, int fd)
{
    memset(c, 0, sizeof *c);
    c->wire = w;
    c->id = id;
    c->fd = fd;
    c->free_us = INT64_MIN;
    w->n_conns++;
    uint32_t n = tm_wire_slot(id) % TM_WIRE_HALF + 1;
    w->top = n > w->top ? n : w->top;
}

static void set_options(struct tm_wire_conn *c)
{
    int on = 1;
    unsigned unacked_ms = (unsigned)(c->wire->cfg.unacked_us / TM_US_PER_MS);
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof unacked_ms);
    const char *cc = c->wire->cfg.cc;
    if (cc)
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_CONGESTION, cc, (socklen_t)strlen(cc));
    /* Handing bytes over and their departure stay close together, so that SENT means something. */
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &c->wire->cfg.notsent_bytes,
                     sizeof c->wire->cfg.notsent_bytes);
}

/* An errno, 0: done. */
static int start_poll(struct tm_wire_conn *c)
{
    int rc = uv_poll_init(&c->wire->loop, &c->poll, c->fd);
    if (rc != 0)
        return -rc;
    c->has_poll = true;
    c->poll.data = c;
    tm_wire_conn_watch(c);
    return 0;
}

static void tell_up(struct tm_wire_conn *c, enum tm_wire_event_kind kind,
                    const struct sockaddr_storage *peer)
{
    struct tm_wire_event ev = {.kind = kind, .id = c->id, .t_us = c->departed_us, .peer = *peer};
    socklen_t len = sizeof ev.local;
    (void)getsockname(c->fd, (struct sockaddr *)&ev.local, &len);
    tm_wire_tell(c->wire, &ev);
}

void tm_wire_conn_open(struct tm_wire *w, const struct tm_wire_cmd *cmd)
{
    struct tm_wire_conn *c = &w->conns[tm_wire_slot(cmd->id)];
    conn_init(w, c, cmd->id, -1);
    c->state = TM_WIRE_WAITING;
    c->limit_us = cmd->due_us;
    c->addr_len = cmd->len;
    memcpy(&c->addr, cmd->bytes, cmd->len);
}

static void conn_connect(struct tm_wire_conn *c)
{
    c->fd = socket(c->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_REFUSED, errno);
        return;
    }
    set_options(c);
    int rc = connect(c->fd, (struct sockaddr *)&c->addr, c->addr_len);
    int error = rc == 0 || errno == EINPROGRESS ? 0 : errno;
    c->state = TM_WIRE_CONNECTING;
    c->limit_us = tm_later_us(tm_now_us(), c->wire->cfg.connect_us);
    if (error == 0)
        error = start_poll(c);
    if (error)
        tm_wire_conn_down(c, TM_WIRE_DOWN_REFUSED, error);
    else
        tm_wire_conn_set_next(c, c->limit_us);
}

/* A peer may have answered and reset before we looked: these errors of a socket mean that it was established (a SYN
 * that is answered by RST gives ECONNREFUSED).  What it sent is still there to be read. */
static bool was_established(int error)
{
    return error == 0 || error == ECONNRESET || error == EPIPE;
}

static void on_connected(struct tm_wire_conn *c)
{
    int error = 0;
    socklen_t len = sizeof error;
    (void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (!was_established(error)) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_REFUSED, error);
        return;
    }
    c->departed_us = tm_now_us();
    c->state = TM_WIRE_LIVE;
    tell_up(c, TM_WIRE_UP, &c->addr);
    if (error) {
        tm_wire_send_failed(c, error);
        return;
    }
    tm_wire_conn_watch(c);
    tm_wire_conn_pump(c);
}

void tm_wire_conn_accept(struct tm_wire *w, uint32_t id, int fd,
                         const struct sockaddr_storage *peer)
{
    struct tm_wire_conn *c = &w->conns[tm_wire_slot(id)];
    conn_init(w, c, id, fd);
    set_options(c);
    c->departed_us = tm_now_us();
    c->state = TM_WIRE_LIVE;
    tell_up(c, TM_WIRE_ACCEPTED, peer);
    int error = start_poll(c);
    if (error)
        tm_wire_conn_down(c, TM_WIRE_DOWN_RESET, error);
}

/* ---- What is due ---- */

#define UNSENT_LOOK_US 200

/* A reset throws away what our TCP has not sent yet. */
static void abort_when_sent(struct tm_wire_conn *c)
{
    int n_unsent = 0;
    if (ioctl(c->fd, SIOCOUTQNSD, &n_unsent) == 0 && n_unsent > 0)
        tm_wire_conn_set_next(c, tm_later_us(tm_now_us(), UNSENT_LOOK_US));
    else
        tm_wire_conn_down(c, TM_WIRE_DOWN_ABORTED, 0);
}

static void maybe_shut(struct tm_wire_conn *c)
{
    if (!c->close_wanted || c->head || c->started || c->error != 0 || c->state != TM_WIRE_LIVE)
        return;
    if (c->close_us > tm_now_us()) {
        tm_wire_conn_set_next(c, c->close_us);
        return;
    }
    if (c->close_kind == TM_WIRE_CMD_ABORT) {
        abort_when_sent(c);
        return;
    }
    (void)shutdown(c->fd, SHUT_WR);
    if (c->eof) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_CLOSED, 0);
        return;
    }
    c->state = TM_WIRE_LINGERING;
    c->limit_us = c->close_kind == TM_WIRE_CMD_SHUT
                      ? TM_NEVER
                      : tm_later_us(tm_now_us(), c->wire->cfg.linger_us);
    tm_wire_conn_set_next(c, c->limit_us);
}

void tm_wire_conn_close(struct tm_wire_conn *c, enum tm_wire_cmd_kind kind, int64_t due_us)
{
    if (c->close_wanted)
        return;
    c->close_wanted = true;
    c->close_kind = kind;
    c->close_us = due_us;
    tm_wire_conn_pump(c);
}

void tm_wire_conn_pump(struct tm_wire_conn *c)
{
    bool is_over = (c->state == TM_WIRE_WAITING || c->state == TM_WIRE_CONNECTING ||
                    c->state == TM_WIRE_LINGERING) &&
                   c->limit_us <= tm_now_us();
    switch (c->state) {
    case TM_WIRE_WAITING:
        tm_wire_conn_set_next(c, c->limit_us);
        if (is_over)
            conn_connect(c);
        return;
    case TM_WIRE_CONNECTING:
        if (is_over)
            tm_wire_conn_down(c, TM_WIRE_DOWN_REFUSED, ETIMEDOUT);
        return;
    case TM_WIRE_LINGERING:
        if (is_over)
            tm_wire_conn_down(c, TM_WIRE_DOWN_TIMEOUT, 0);
        return;
    case TM_WIRE_LIVE:
        tm_wire_conn_set_next(c, TM_NEVER);
        tm_wire_send_due(c);
        maybe_shut(c);
        return;
    case TM_WIRE_FREE:
    case TM_WIRE_GONE:
        return;
    }
}

static void on_io(uv_poll_t *poll, int status, int events)
{
    struct tm_wire_conn *c = poll->data;
    tm_wire_fire(c->wire); /* it may end this connection too */
    if (status < 0) {
        c->watching = 0; /* libuv has stopped; read() or write() will say what is wrong */
        events = UV_READABLE | UV_WRITABLE;
    }
    if (c->state == TM_WIRE_CONNECTING) {
        on_connected(c);
        return;
    }
    if ((events & UV_WRITABLE) && c->blocked) {
        c->blocked = false;
        c->free_us = tm_now_us();
        tm_wire_conn_pump(c);
    }
    if ((events & UV_READABLE) && !c->eof && !c->starved && !c->is_yielded &&
        (c->state == TM_WIRE_LIVE || c->state == TM_WIRE_LINGERING))
        conn_read(c);
    tm_wire_conn_watch(c);
}
