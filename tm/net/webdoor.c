/* tm/net/webdoor.c - see webdoor.h. */
#include "tm/net/webdoor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_HEAD_MAX 1024U
#define DRAIN_MAX      65536U /* that somebody sends behind the head */

enum state {
    STATE_HEAD,   /* reads the head */
    STATE_TURN,   /* the head is there; waits for its turn */
    STATE_SEND,   /* writes what the socket did not take at once */
    STATE_LINGER, /* all is written; waits for the other side's end */
    STATE_CLOSED
};

struct conn {
    struct tm_webdoor *door; /* NULL: it has been closed meanwhile */
    enum state state;
    int fd; /* owned */
    uv_poll_t poll;
    uv_timer_t timer; /* the state's end; in TURN the next look for time */
    unsigned n_handles, n_looks;
    size_t len, head_len; /* read; of these, the head */
    uint8_t head[TM_WEBDOOR_HEAD_MAX];
    uint8_t *rest; /* owned: of the answer, what is still to be sent */
    size_t rest_len, rest_at;
    size_t drained;
};

struct tm_webdoor {
    struct tm_webdoor_cfg cfg;
    uv_poll_t poll;
    uv_timer_t timer; /* until the next connection is accepted */
    unsigned n_handles;
    size_t n_conns;
    struct conn *conns[TM_WEBDOOR_CONNS]; /* owned */
};

static void on_connection(uv_poll_t *poll, int status, int events);
static void on_conn(uv_poll_t *poll, int status, int events);
static void on_conn_timer(uv_timer_t *timer);

/* ---- A connection's end ---- */

static void on_conn_closed(uv_handle_t *h)
{
    struct conn *c = h->data;
    if (--c->n_handles > 0)
        return;
    free(c->rest);
    free(c);
}

static void conn_close(struct conn *c)
{
    struct tm_webdoor *d = c->door;
    if (c->state == STATE_CLOSED)
        return;
    c->state = STATE_CLOSED;
    c->door = NULL;
    for (size_t i = 0; i < d->n_conns; i++) {
        if (d->conns[i] == c) {
            d->conns[i] = d->conns[--d->n_conns];
            break;
        }
    }
    (void)uv_poll_stop(&c->poll);
    (void)close(c->fd);
    uv_close((uv_handle_t *)&c->poll, on_conn_closed);
    uv_close((uv_handle_t *)&c->timer, on_conn_closed);
}

/* ---- Answering ---- */

/* In LINGER nothing is expected but the end. */
static void linger(struct conn *c)
{
    c->state = STATE_LINGER;
    (void)shutdown(c->fd, SHUT_WR);
    (void)uv_timer_start(&c->timer, on_conn_timer, TM_WEBDOOR_LINGER_MS, 0);
    if (uv_poll_start(&c->poll, UV_READABLE, on_conn) != 0)
        conn_close(c);
}

/* How much of it the socket took; < 0: the connection is broken. */
static ssize_t send_some(int fd, const uint8_t *p, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = send(fd, p + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            return -1;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* The answer into c->rest, which is what is then sent. */
static int write_answer(struct conn *c, const struct tm_webdoor_answer *a, bool is_head)
{
    char head[REPLY_HEAD_MAX];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                     "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s%s"
                     "Connection: close\r\n\r\n",
                     (unsigned)a->status, tm_http_reason(a->status), a->type, a->body.len,
                     a->status == TM_HTTP_METHOD ? "Allow: GET, HEAD\r\n" : "",
                     a->headers != NULL ? a->headers : "");
    if (n < 0 || (size_t)n >= sizeof head || a->body.len > TM_WEBDOOR_BODY_MAX)
        return TM_ERR_LIMIT;
    size_t body_len = is_head ? 0 : a->body.len;
    c->rest = malloc((size_t)n + body_len);
    if (c->rest == NULL)
        return TM_ERR_NOMEM;
    memcpy(c->rest, head, (size_t)n);
    if (body_len > 0)
        memcpy(c->rest + n, a->body.p, body_len);
    c->rest_len = (size_t)n + body_len;
    return TM_OK;
}

static void send_rest(struct conn *c)
{
    ssize_t n = send_some(c->fd, c->rest + c->rest_at, c->rest_len - c->rest_at);
    if (n < 0) {
        conn_close(c);
        return;
    }
    c->rest_at += (size_t)n;
    if (c->rest_at == c->rest_len)
        linger(c);
    else if (uv_poll_start(&c->poll, UV_WRITABLE, on_conn) != 0)
        conn_close(c);
}

static void answer(struct conn *c)
{
    static const char other[] = "this is no address of this machine's own\n";
    struct tm_webdoor *d = c->door;
    struct tm_http_ask ask = {0};
    struct tm_webdoor_answer a = {.type = "text/plain; charset=utf-8"};
    a.status = c->head_len == 0 ? TM_HTTP_TOO_LARGE : tm_http_ask(&ask, c->head, c->head_len);
    if (a.status == TM_HTTP_OK && d->cfg.is_tcp && !(ask.has_host && ask.is_host_local)) {
        a.status = TM_HTTP_MISDIRECTED;
        a.body = (struct tm_view){(const uint8_t *)other, sizeof other - 1};
    } else if (a.status == TM_HTTP_OK) {
        d->cfg.answer(d->cfg.user, &ask, &a);
    }
    c->state = STATE_SEND;
    (void)uv_timer_start(&c->timer, on_conn_timer, TM_WEBDOOR_SEND_MS, 0);
    if (write_answer(c, &a, ask.is_head) != TM_OK)
        conn_close(c);
    else
        send_rest(c);
}

/* Answers, or looks again in a millisecond. */
static void take_turn(struct conn *c)
{
    const struct tm_webdoor_cfg *cfg = &c->door->cfg;
    if (cfg->is_ready == NULL || c->n_looks++ >= TM_WEBDOOR_WAIT_MS || cfg->is_ready(cfg->user))
        answer(c);
    else
        (void)uv_timer_start(&c->timer, on_conn_timer, 1, 0);
}

/* ---- Reading ---- */

/* Whether the head is there, or will never be. */
static bool read_head(struct conn *c)
{
    ssize_t n = recv(c->fd, c->head + c->len, sizeof c->head - c->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return false;
    if (n <= 0) {
        conn_close(c);
        return false;
    }
    size_t from = c->len;
    c->len += (size_t)n;
    ssize_t head_len = tm_http_head(c->head, c->len, from);
    c->head_len = head_len > 0 ? (size_t)head_len : 0;
    return head_len != 0 || c->len == sizeof c->head;
}

/* What still comes is not looked at. */
static void drain(struct conn *c)
{
    uint8_t waste[4096];
    ssize_t n = recv(c->fd, waste, sizeof waste, MSG_DONTWAIT);
    c->drained += n > 0 ? (size_t)n : 0;
    if (n == 0 || c->drained > DRAIN_MAX ||
        (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        conn_close(c);
}

static void on_conn(uv_poll_t *poll, int status, int events)
{
    struct conn *c = poll->data;
    (void)events;
    if (c->state == STATE_CLOSED)
        return;
    if (status != 0) {
        conn_close(c);
    } else if (c->state == STATE_HEAD && read_head(c)) {
        c->state = STATE_TURN;
        (void)uv_poll_stop(&c->poll);
        take_turn(c);
    } else if (c->state == STATE_SEND) {
        send_rest(c);
    } else if (c->state == STATE_LINGER) {
        drain(c);
    }
}

static void on_conn_timer(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    if (c->state == STATE_TURN)
        take_turn(c);
    else
        conn_close(c);
}

/* ---- Accepting ---- */

static void on_timer(uv_timer_t *timer)
{
    struct tm_webdoor *d = timer->data;
    if (d->n_conns < TM_WEBDOOR_CONNS)
        (void)uv_poll_start(&d->poll, UV_READABLE, on_connection);
    else
        (void)uv_timer_start(&d->timer, on_timer, TM_WEBDOOR_GAP_MS, 0);
}

/* Takes the descriptor. */
static void add(struct tm_webdoor *d, int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL || uv_poll_init(d->poll.loop, &c->poll, fd) != 0) {
        (void)close(fd);
        free(c);
        return;
    }
    (void)uv_timer_init(d->poll.loop, &c->timer);
    c->poll.data = c->timer.data = c;
    c->n_handles = 2;
    c->door = d;
    c->fd = fd;
    d->conns[d->n_conns++] = c;
    (void)uv_timer_start(&c->timer, on_conn_timer, TM_WEBDOOR_HEAD_MS, 0);
    if (uv_poll_start(&c->poll, UV_READABLE, on_conn) != 0)
        conn_close(c);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct tm_webdoor *d = poll->data;
    (void)status;
    (void)events;
    int fd = accept4(d->cfg.take_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    (void)uv_poll_stop(poll);
    (void)uv_timer_start(&d->timer, on_timer, TM_WEBDOOR_GAP_MS, 0);
    if (fd >= 0)
        add(d, fd);
}

/* ---- Life ---- */

static void on_closed(uv_handle_t *h)
{
    struct tm_webdoor *d = h->data;
    if (--d->n_handles == 0)
        free(d);
}

int tm_webdoor_open(struct tm_webdoor **out, uv_loop_t *loop, const struct tm_webdoor_cfg *cfg)
{
    struct tm_webdoor *d = calloc(1, sizeof *d);
    *out = NULL;
    if (d == NULL || uv_poll_init(loop, &d->poll, cfg->take_fd) != 0) {
        int rc = d == NULL ? TM_ERR_NOMEM : TM_ERR_IO;
        (void)close(cfg->take_fd);
        free(d);
        return rc;
    }
    d->cfg = *cfg;
    (void)uv_timer_init(loop, &d->timer);
    d->poll.data = d->timer.data = d;
    d->n_handles = 2;
    (void)uv_poll_start(&d->poll, UV_READABLE, on_connection);
    *out = d;
    return TM_OK;
}

void tm_webdoor_close(struct tm_webdoor *d)
{
    if (d == NULL)
        return;
    while (d->n_conns > 0)
        conn_close(d->conns[d->n_conns - 1]);
    (void)uv_poll_stop(&d->poll);
    (void)close(d->cfg.take_fd);
    uv_close((uv_handle_t *)&d->poll, on_closed);
    uv_close((uv_handle_t *)&d->timer, on_closed);
}
