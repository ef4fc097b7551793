/* tm/net/wire_conn.c - one carrier socket on the wire thread. */
#include "tm/net/wire_impl.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tm/base/time.h"

void tm_wire_conn_init(struct tm_wire *w, struct tm_wire_conn *c, uint32_t id, int fd)
{
    memset(c, 0, sizeof *c);
    c->wire = w;
    c->id = id;
    c->fd = fd;
    c->state = TM_WIRE_WAITING;
    c->next_us = TM_NEVER;
    c->close_us = TM_NEVER;
}

void tm_wire_conn_drop_blocks(struct tm_wire_conn *c)
{
    struct tm_wire *w = c->wire;
    while (c->head) {
        struct tm_wire_block *b = c->head;
        c->head = b->next;
        b->next = w->free_blocks;
        w->free_blocks = b;
    }
    c->tail = NULL;
}

/* ---- The end ---- */

static void on_poll_closed(uv_handle_t *handle)
{
    struct tm_wire_conn *c = handle->data;
    if (c->fd >= 0)
        (void)close(c->fd);
    c->state = TM_WIRE_FREE;
}

/* The slot's resources go; c->fd is closed unless it was set to -1. */
static void conn_free(struct tm_wire_conn *c)
{
    tm_wire_conn_drop_blocks(c);
    c->next_us = TM_NEVER;
    c->state = TM_WIRE_GONE;
    if (c->has_poll) {
        (void)uv_poll_stop(&c->poll);
        uv_close((uv_handle_t *)&c->poll, on_poll_closed);
        return;
    }
    if (c->fd >= 0)
        (void)close(c->fd);
    c->state = TM_WIRE_FREE;
}

void tm_wire_conn_down(struct tm_wire_conn *c, enum tm_wire_down why, int error)
{
    if (c->state == TM_WIRE_FREE || c->state == TM_WIRE_GONE)
        return;
    if (c->fd >= 0 && why != TM_WIRE_DOWN_CLOSED) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    tm_wire_tell(
        c->wire,
        &(struct tm_wire_event){
            .kind = TM_WIRE_DOWN, .id = c->id, .t_us = tm_now_us(), .why = why, .error = error});
    conn_free(c);
}

void tm_wire_conn_release(struct tm_wire_conn *c)
{
    if (c->state != TM_WIRE_LIVE)
        return;
    struct tm_wire_event ev = {
        .kind = TM_WIRE_RELEASED, .id = c->id, .t_us = tm_now_us(), .fd = c->fd};
    c->fd = -1;
    conn_free(
        c); /* first: once told, the front may close the socket and its number may be used again */
    tm_wire_tell(c->wire, &ev);
}

/* ---- Reading ---- */

static void on_io(uv_poll_t *poll, int status, int events);

/* What the poll handle should watch now. */
static void watch(struct tm_wire_conn *c)
{
    if (c->state == TM_WIRE_CONNECTING) {
        (void)uv_poll_start(&c->poll, UV_WRITABLE, on_io);
    } else if (c->state == TM_WIRE_LIVE || c->state == TM_WIRE_LINGERING) {
        int events = c->eof || c->wire->paused ? 0 : UV_READABLE;
        if (c->blocked && !c->wire->paused)
            events |= UV_WRITABLE;
        if (events)
            (void)uv_poll_start(&c->poll, events, on_io);
        else
            (void)uv_poll_stop(&c->poll);
    }
}

static void on_eof(struct tm_wire_conn *c, int64_t t_us)
{
    c->eof = true;
    if (c->state == TM_WIRE_LINGERING) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_CLOSED, 0);
        return;
    }
    tm_wire_tell(c->wire,
                 &(struct tm_wire_event){.kind = TM_WIRE_END_OF_FILE, .id = c->id, .t_us = t_us});
    watch(c);
}

static void conn_read(struct tm_wire_conn *c)
{
    struct tm_wire *w = c->wire;
    if (tm_wire_must_pause(w, TM_WIRE_READ + sizeof(struct tm_wire_event)))
        return;
    /* Straight into the ring: the event and its bytes are one message. */
    uint8_t *msg = tm_ring_reserve(w->events, sizeof(struct tm_wire_event) + TM_WIRE_READ);
    TM_ASSERT(msg != NULL);
    ssize_t n = read(c->fd, msg + sizeof(struct tm_wire_event), TM_WIRE_READ);
    int64_t t_us = tm_now_us();
    if (n > 0) {
        struct tm_wire_event ev = {
            .kind = TM_WIRE_RX, .id = c->id, .t_us = t_us, .bytes = {NULL, (size_t)n}};
        memcpy(msg, &ev, sizeof ev);
        tm_ring_commit(w->events, sizeof ev + (size_t)n);
    } else if (n == 0) {
        on_eof(c, t_us);
    } else if (errno != EAGAIN && errno != EINTR) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_RESET, errno);
    }
}

/* ---- Opening ---- */

static void set_options(struct tm_wire_conn *c)
{
    int on = 1;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const char *cc = c->wire->cfg.cc;
    if (cc)
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_CONGESTION, cc, (socklen_t)strlen(cc));
    /* Handing bytes over and their departure stay close together, so that SENT means something. */
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &c->wire->cfg.notsent_bytes,
                     sizeof c->wire->cfg.notsent_bytes);
}

static int start_poll(struct tm_wire_conn *c)
{
    int rc = uv_poll_init(&c->wire->loop, &c->poll, c->fd);
    if (rc != 0)
        return -rc;
    c->has_poll = true;
    c->poll.data = c;
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

static void conn_connect(struct tm_wire_conn *c)
{
    c->fd = socket(c->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_REFUSED, errno);
        return;
    }
    set_options(c);
    int rc = connect(c->fd, (struct sockaddr *)&c->addr, c->addr_len);
    int error = rc == 0 || errno == EINPROGRESS ? start_poll(c) : errno;
    if (error) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_REFUSED, error);
        return;
    }
    c->state = TM_WIRE_CONNECTING;
    watch(c);
}

static void on_connected(struct tm_wire_conn *c)
{
    int error = 0;
    socklen_t len = sizeof error;
    (void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_REFUSED, error);
        return;
    }
    c->departed_us = tm_now_us();
    c->state = TM_WIRE_LIVE;
    tell_up(c, TM_WIRE_UP, &c->addr);
    watch(c);
    tm_wire_conn_pump(c);
}

void tm_wire_conn_accepted(struct tm_wire_conn *c, const struct sockaddr_storage *peer)
{
    set_options(c);
    c->departed_us = tm_now_us();
    int error = start_poll(c);
    c->state = TM_WIRE_LIVE;
    tell_up(c, TM_WIRE_ACCEPTED, peer);
    if (error)
        tm_wire_conn_down(c, TM_WIRE_DOWN_RESET, error);
    else
        watch(c);
}

/* ---- Sending ---- */

/* Whether the head chunk may leave now; sets next_us when not. */
static bool is_due(struct tm_wire_conn *c, int64_t now_us)
{
    struct tm_wire_block *b = c->head;
    if (c->started || !(b->flags & TM_WIRE_FIRST))
        return true;
    int64_t due =
        b->flags & TM_WIRE_AFTER_PREV ? tm_later_us(c->departed_us, b->gap_us) : b->due_us;
    if (due > now_us) {
        c->next_us = due;
        return false;
    }
    int queued = 0;
    (void)ioctl(c->fd, SIOCOUTQ, &queued);
    c->started = true;
    c->due_us = due;
    c->unsent = (uint32_t)queued;
    c->first_us = tm_now_us();
    return true;
}

/* The head chunk has left. */
static void chunk_done(struct tm_wire_conn *c)
{
    struct tm_wire_block *b = c->head;
    c->head = b->next;
    if (!c->head)
        c->tail = NULL;
    if (b->flags & TM_WIRE_LAST) {
        c->departed_us = tm_now_us();
        c->started = false;
        atomic_fetch_add_explicit(&c->wire->n_writes, 1, memory_order_relaxed);
        tm_wire_tell(c->wire, &(struct tm_wire_event){.kind = TM_WIRE_SENT,
                                                      .id = c->id,
                                                      .t_us = c->departed_us,
                                                      .write_no = b->write_no,
                                                      .due_us = c->due_us,
                                                      .first_us = c->first_us,
                                                      .last_us = c->departed_us,
                                                      .unsent = c->unsent});
    }
    b->next = c->wire->free_blocks;
    c->wire->free_blocks = b;
}

/* Sends the head chunk; false: the socket is full, or the connection is down. */
static bool send_chunk(struct tm_wire_conn *c)
{
    struct tm_wire_block *b = c->head;
    while (b->off < b->len) {
        ssize_t n = send(c->fd, b->bytes + b->off, b->len - b->off, MSG_NOSIGNAL);
        if (n >= 0) {
            b->off += (uint32_t)n;
        } else if (errno == EAGAIN) {
            c->blocked = true;
            watch(c);
            return false;
        } else if (errno != EINTR) {
            tm_wire_conn_down(c, TM_WIRE_DOWN_RESET, errno);
            return false;
        }
    }
    chunk_done(c);
    return true;
}

static void maybe_close(struct tm_wire_conn *c, int64_t now_us)
{
    if (!c->close_wanted || c->head || c->started)
        return;
    if (c->close_us > now_us) {
        c->next_us = c->close_us;
        return;
    }
    (void)shutdown(c->fd, SHUT_WR);
    if (c->eof) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_CLOSED, 0);
        return;
    }
    c->state = TM_WIRE_LINGERING;
    c->next_us = tm_later_us(now_us, c->wire->cfg.linger_us);
}

void tm_wire_conn_pump(struct tm_wire_conn *c)
{
    int64_t now_us = tm_now_us();
    if (c->wire->paused)
        return;
    if (c->state == TM_WIRE_WAITING && c->next_us <= now_us) {
        c->next_us = TM_NEVER;
        conn_connect(c);
    } else if (c->state == TM_WIRE_LINGERING && c->next_us <= now_us) {
        tm_wire_conn_down(c, TM_WIRE_DOWN_TIMEOUT, 0);
    }
    if (c->state != TM_WIRE_LIVE)
        return;
    c->next_us = TM_NEVER;
    while (c->head && !c->blocked && is_due(c, now_us)) {
        if (tm_wire_must_pause(c->wire, sizeof(struct tm_wire_event)) || !send_chunk(c))
            return;
        now_us = tm_now_us();
    }
    maybe_close(c, now_us);
}

static void on_io(uv_poll_t *poll, int status, int events)
{
    struct tm_wire_conn *c = poll->data;
    if (c->state == TM_WIRE_GONE)
        return;
    if (c->state == TM_WIRE_CONNECTING) {
        on_connected(c);
        return;
    }
    if (status < 0)
        events = UV_READABLE; /* read() will say what is wrong */
    if (events & UV_WRITABLE) {
        c->blocked = false;
        watch(c);
        tm_wire_conn_pump(c);
    }
    if ((events & UV_READABLE) && !c->eof &&
        (c->state == TM_WIRE_LIVE || c->state == TM_WIRE_LINGERING))
        conn_read(c);
}

void tm_wire_conn_resume(struct tm_wire_conn *c)
{
    if (c->state == TM_WIRE_FREE || c->state == TM_WIRE_GONE)
        return;
    if (c->has_poll)
        watch(c);
    tm_wire_conn_pump(c);
}
