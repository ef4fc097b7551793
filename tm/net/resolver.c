/* tm/net/resolver.c - see resolver.h.
 *
 *   datagram --> slot (identifier: number of the slot and generation) --> out --> stream
 *   stream --> in --> slot of that identifier --> datagram
 */
#include "tm/net/resolver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tm/core/dnsmsg.h"
#include "tm/net/addr.h"

#define SWEEP_MS 100
#define TRIES    2
#define OUT_LEN  ((size_t)TM_RESOLVER_MAX * (TM_DNS_FRAME + TM_DNS_QUERY_MAX)) /* all of them */
#define IN_LEN   (TM_DNS_FRAME + TM_DNS_MAX)

struct slot {
    bool is_used, is_sent;
    bool is_forgotten;  /* nobody waits for it any more */
    uint8_t n_tries;    /* streams that it was sent on */
    uint8_t generation; /* of its use */
    uint8_t which;      /* socket */
    struct sockaddr_storage from;
    tm_resolver_answer_fn answer; /* instead of socket and address; NULL: a datagram's */
    void *user;
    uint64_t deadline_ms;
    struct tm_dns_query query;
    size_t len;
    uint8_t bytes[TM_DNS_QUERY_MAX]; /* with the asker's identifier */
};

struct tm_resolver {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    struct tm_dest dest;
    uv_udp_t udp[2];
    uv_timer_t sweep;
    unsigned n_handles;
    bool has_udp[2];
    bool has_stream;
    uint64_t stream;
    uint32_t n_used;
    uint64_t used_ms;     /* when something was last asked */
    uint64_t v4_until_ms; /* no AAAA before that */
    size_t out_off, out_len, in_len;
    struct slot slot[TM_RESOLVER_MAX];
    uint8_t out[OUT_LEN];
    uint8_t in[IN_LEN];
    uint8_t datagram[TM_DNS_UDP_MAX + 1];
};

/* ---- To the asker ---- */

static void slot_end(struct tm_resolver *r, struct slot *s, uint8_t *p, size_t len)
{
    uv_buf_t buf = uv_buf_init((char *)p, (unsigned)len);
    s->is_used = false;
    r->n_used--;
    if (s->answer == NULL)
        (void)uv_udp_try_send(&r->udp[s->which], &buf, 1, (const struct sockaddr *)&s->from);
    else if (!s->is_forgotten)
        s->answer(s->user, (struct tm_view){p, len});
}

static void slot_fail(struct tm_resolver *r, struct slot *s)
{
    tm_dns_fail(s->bytes, TM_DNS_SERVFAIL);
    slot_end(r, s, s->bytes, s->query.len);
}

/* An answer, of which a copy is changed; what nobody waits for is dropped. */
static void give(struct tm_resolver *r, struct tm_view msg)
{
    uint16_t id = tm_dns_get_id(msg.p);
    struct slot *s = &r->slot[id % TM_RESOLVER_MAX];
    if (!s->is_used || !s->is_sent || s->generation != id / TM_RESOLVER_MAX ||
        !tm_dns_is_answer(msg.p, msg.len, s->bytes, &s->query))
        return;
    if (s->answer != NULL) {
        tm_dns_set_id(r->in + (msg.p - r->in), s->query.id);
        slot_end(r, s, r->in + (msg.p - r->in), msg.len);
        return;
    }
    size_t len = msg.len <= s->query.udp_max ? msg.len : s->query.len;
    memcpy(r->datagram, msg.p, len);
    if (len < msg.len)
        tm_dns_cut(r->datagram);
    tm_dns_set_id(r->datagram, s->query.id);
    slot_end(r, s, r->datagram, len);
}

/* ---- The stream ---- */

/* The stream is no more; what was asked on it is asked again, once. */
static void lose_stream(struct tm_resolver *r)
{
    r->has_stream = false;
    r->in_len = r->out_len = r->out_off = 0;
    for (size_t i = 0; i < TM_RESOLVER_MAX; i++) {
        struct slot *s = &r->slot[i];
        if (s->is_used && s->is_sent && s->n_tries >= TRIES)
            slot_fail(r, s);
        s->is_sent = false;
    }
}

static void push(struct tm_resolver *r)
{
    struct tm_session *session = tm_front_session(r->front);
    if (r->out_off == r->out_len)
        return;
    ssize_t n =
        tm_session_stream_send(session, r->stream, r->out + r->out_off, r->out_len - r->out_off);
    if (n > 0)
        r->out_off += (size_t)n;
    if (r->out_off == r->out_len)
        r->out_off = r->out_len = 0;
}

/* Puts a query behind the others, as far as there is room; the sweep tries again. */
static void queue(struct tm_resolver *r, struct slot *s)
{
    if (OUT_LEN - r->out_len < TM_DNS_FRAME + s->len)
        return;
    uint8_t *p = r->out + r->out_len;
    p[0] = (uint8_t)(s->len >> 8);
    p[1] = (uint8_t)s->len;
    memcpy(p + TM_DNS_FRAME, s->bytes, s->len);
    tm_dns_set_id(p + TM_DNS_FRAME,
                  (uint16_t)((size_t)s->generation * TM_RESOLVER_MAX + (size_t)(s - r->slot)));
    r->out_len += TM_DNS_FRAME + s->len;
    s->is_sent = true;
    s->n_tries++;
}

static void give_up_stream(struct tm_resolver *r)
{
    tm_session_stream_reset(tm_front_session(r->front), r->stream, TM_REPLY_FAILURE);
    tm_front_detach(r->front, r->stream);
    lose_stream(r);
}

/* False: the resolver says what it must not, or has ended the stream. */
static bool pull(struct tm_resolver *r)
{
    struct tm_session *session = tm_front_session(r->front);
    bool end = false;
    for (;;) {
        struct tm_view v = tm_session_stream_peek(session, r->stream, &end);
        size_t n = v.len < IN_LEN - r->in_len ? v.len : IN_LEN - r->in_len;
        if (n == 0)
            break;
        memcpy(r->in + r->in_len, v.p, n);
        r->in_len += n;
        tm_session_stream_consume(session, r->stream, n);
        size_t at = 0;
        struct tm_view msg;
        ssize_t used = tm_dns_next(&msg, r->in, r->in_len);
        for (; used > 0; used = tm_dns_next(&msg, r->in + at, r->in_len - at)) {
            give(r, msg);
            at += (size_t)used;
        }
        if (used < 0)
            return false;
        r->in_len -= at;
        memmove(r->in, r->in + at, r->in_len);
    }
    return !end;
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct tm_resolver *r = (struct tm_resolver *)sink;
    bool is_over = ev->kind == TM_EVENT_RESET || ev->kind == TM_EVENT_ENDED ||
                   ev->kind == TM_EVENT_FAILED ||
                   (ev->kind == TM_EVENT_REPLY && ev->reply != TM_REPLY_OK);
    if (is_over)
        lose_stream(r); /* the sweep asks again */
    else if (ev->kind == TM_EVENT_WRITABLE)
        push(r);
    else if (ev->kind == TM_EVENT_READABLE && !pull(r))
        give_up_stream(r);
}

/* Sends what waits, on a new stream if there is none; without room for one the sweep tries again. */
static void ask(struct tm_resolver *r)
{
    if (!r->has_stream) {
        struct tm_session *session = tm_front_session(r->front);
        if (tm_session_stream_open(session, &r->dest, &r->stream) != TM_OK)
            return;
        if (tm_front_attach(r->front, r->stream, &r->sink) != TM_OK) {
            tm_session_stream_reset(session, r->stream, TM_REPLY_FAILURE);
            return;
        }
        r->has_stream = true;
    }
    for (size_t i = 0; i < TM_RESOLVER_MAX; i++)
        if (r->slot[i].is_used && !r->slot[i].is_sent)
            queue(r, &r->slot[i]);
    push(r);
}

/* ---- From the asker ---- */

static void on_sweep(uv_timer_t *timer)
{
    struct tm_resolver *r = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    bool is_waiting = false;
    for (size_t i = 0; i < TM_RESOLVER_MAX; i++) {
        struct slot *s = &r->slot[i];
        if (s->is_used && now_ms >= s->deadline_ms)
            slot_fail(r, s);
        is_waiting = is_waiting || (s->is_used && !s->is_sent);
    }
    bool is_idle = r->n_used == 0 && now_ms - r->used_ms >= TM_RESOLVER_IDLE_MS;
    if (is_idle && r->has_stream) {
        give_up_stream(r);
        tm_front_pump(r->front);
    }
    if (r->n_used == 0 && !r->has_stream)
        (void)uv_timer_stop(timer);
    if (is_waiting) {
        ask(r);
        tm_front_pump(r->front);
    }
}

static struct slot *slot_new(struct tm_resolver *r)
{
    for (size_t i = 0; i < TM_RESOLVER_MAX; i++) {
        struct slot *s = &r->slot[i];
        if (s->is_used)
            continue;
        uint8_t generation = (uint8_t)(s->generation + 1);
        memset(s, 0, offsetof(struct slot, bytes));
        s->is_used = true;
        s->generation = generation;
        r->n_used++;
        return s;
    }
    return NULL;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct tm_resolver *r = handle->data;
    *buf = uv_buf_init((char *)r->datagram, sizeof r->datagram);
}

/* What is answered here, without asking anybody, in place of the query: returns its length; 0: nothing. */
static size_t answer_here(const struct tm_resolver *r, uint8_t *query, size_t len,
                          struct tm_dns_query *q, bool *is_to_ask)
{
    int rc = tm_dns_query(q, query, len);
    *is_to_ask = false;
    if (rc == TM_ERR_FORMAT || rc == TM_ERR_UNSUPPORTED) {
        tm_dns_reject(query, rc == TM_ERR_FORMAT ? TM_DNS_FORMERR : TM_DNS_NOTIMP);
        return TM_DNS_HEAD;
    }
    if (rc != TM_OK)
        return 0;
    if (q->type == TM_DNS_AAAA && uv_now(r->sweep.loop) < r->v4_until_ms) {
        tm_dns_fail(query, TM_DNS_NOERROR);
        return q->len;
    }
    *is_to_ask = true;
    return 0;
}

/* A place for a query that is to be carried; NULL: there is none. */
static struct slot *take_query(struct tm_resolver *r, const uint8_t *query, size_t len,
                               const struct tm_dns_query *q)
{
    struct slot *s = slot_new(r);
    if (s == NULL)
        return NULL;
    r->used_ms = uv_now(r->sweep.loop);
    s->deadline_ms = r->used_ms + TM_RESOLVER_WAIT_MS;
    s->query = *q;
    s->len = len;
    memcpy(s->bytes, query, len);
    if (!uv_is_active((uv_handle_t *)&r->sweep))
        (void)uv_timer_start(&r->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    return s;
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags)
{
    struct tm_resolver *r = udp->data;
    struct tm_dns_query q;
    bool is_to_ask;
    (void)buf;
    if (n <= 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0)
        return;
    size_t len = answer_here(r, r->datagram, (size_t)n, &q, &is_to_ask);
    if (len > 0) {
        uv_buf_t out = uv_buf_init((char *)r->datagram, (unsigned)len);
        (void)uv_udp_try_send(udp, &out, 1, from);
    }
    struct slot *s = is_to_ask ? take_query(r, r->datagram, (size_t)n, &q) : NULL;
    if (s == NULL)
        return; /* the asker asks again */
    memcpy(&s->from, from, tm_addr_len(from));
    s->which = udp == &r->udp[1];
    ask(r);
    tm_front_pump(r->front);
}

bool tm_resolver_ask(struct tm_resolver *r, uint8_t *query, size_t len,
                     tm_resolver_answer_fn answer, void *user)
{
    struct tm_dns_query q;
    bool is_to_ask;
    size_t n = answer_here(r, query, len, &q, &is_to_ask);
    struct slot *s = is_to_ask ? take_query(r, query, len, &q) : NULL;
    if (is_to_ask && s == NULL) {
        tm_dns_fail(query, TM_DNS_SERVFAIL);
        n = q.len;
    }
    if (n > 0)
        answer(user, (struct tm_view){query, n});
    if (s == NULL)
        return n > 0;
    s->answer = answer;
    s->user = user;
    ask(r);
    tm_front_pump(r->front);
    return true;
}

void tm_resolver_forget(struct tm_resolver *r, const void *user)
{
    for (size_t i = 0; i < TM_RESOLVER_MAX; i++)
        r->slot[i].is_forgotten |= r->slot[i].is_used && r->slot[i].user == user;
}

/* ---- Life ---- */

static void on_closed(uv_handle_t *h)
{
    struct tm_resolver *r = h->data;
    if (--r->n_handles == 0)
        free(r);
}

static int open_udp(struct tm_resolver *r, unsigned i, int take_fd)
{
    uv_loop_t *loop = tm_front_loop(r->front);
    if (take_fd < 0)
        return 0;
    r->udp[i].data = r;
    int rc = uv_udp_init(loop, &r->udp[i]);
    if (rc != 0) {
        (void)close(take_fd);
        return rc;
    }
    r->n_handles++;
    r->has_udp[i] = true;
    rc = uv_udp_open(&r->udp[i], take_fd);
    if (rc != 0)
        (void)close(take_fd);
    return rc != 0 ? rc : uv_udp_recv_start(&r->udp[i], on_alloc, on_datagram);
}

int tm_resolver_open(struct tm_resolver **out, struct tm_front *front, const struct tm_dest *dest,
                     const int take_fds[2])
{
    struct tm_resolver *r = calloc(1, sizeof *r);
    int rc = 0;
    *out = NULL;
    if (r == NULL) {
        for (unsigned i = 0; i < 2; i++)
            if (take_fds[i] >= 0)
                (void)close(take_fds[i]);
        return TM_ERR_NOMEM;
    }
    r->sink.on_event = on_event;
    r->front = front;
    r->dest = *dest;
    r->sweep.data = r;
    (void)uv_timer_init(tm_front_loop(front), &r->sweep);
    r->n_handles = 1;
    for (unsigned i = 0; i < 2; i++) {
        int one = open_udp(r, i, take_fds[i]);
        rc = rc != 0 ? rc : one;
    }
    if (rc != 0) {
        tm_resolver_close(r);
        return TM_ERR_IO;
    }
    *out = r;
    return TM_OK;
}

bool tm_resolver_no_ipv6(struct tm_resolver *r)
{
    uint64_t now_ms = uv_now(tm_front_loop(r->front));
    bool is_news = now_ms >= r->v4_until_ms;
    r->v4_until_ms = now_ms + TM_RESOLVER_V4_MS;
    return is_news;
}

void tm_resolver_close(struct tm_resolver *r)
{
    if (r == NULL)
        return;
    if (r->has_stream) {
        tm_session_stream_reset(tm_front_session(r->front), r->stream, TM_REPLY_FAILURE);
        tm_front_detach(r->front, r->stream);
    }
    uv_close((uv_handle_t *)&r->sweep, on_closed);
    for (unsigned i = 0; i < 2; i++)
        if (r->has_udp[i])
            uv_close((uv_handle_t *)&r->udp[i], on_closed);
}
