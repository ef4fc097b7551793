/* tm/net/supply.c - see supply.h. */
#include "tm/net/supply.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tm/base/grow.h"
#include "tm/core/supply.h"

static bool is_over(const struct tm_event *ev)
{
    return ev->kind == TM_EVENT_RESET || ev->kind == TM_EVENT_ENDED ||
           ev->kind == TM_EVENT_FAILED || (ev->kind == TM_EVENT_REPLY && ev->reply != TM_REPLY_OK);
}

/* Sends out[*off..]; then the end. */
static void push(struct tm_front *front, uint64_t stream, struct tm_view out, size_t *off)
{
    struct tm_session *s = tm_front_session(front);
    while (*off < out.len) {
        ssize_t n = tm_session_stream_send(s, stream, out.p + *off, out.len - *off);
        if (n <= 0)
            return;
        *off += (size_t)n;
        if (*off == out.len)
            tm_session_stream_finish(s, stream);
    }
}

/* ---- Client ---- */

struct asker {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    uint64_t stream;
    tm_supply_done_fn done;
    void *user;
    bool is_done;
    uint8_t request[TM_SUPPLY_REQUEST_LEN];
    size_t sent;
    uint8_t *in; /* owned */
    size_t n, cap, max;
};

static void asker_free(struct asker *a)
{
    if (a->in != NULL)
        OPENSSL_cleanse(a->in, a->cap); /* it may hold keys */
    free(a->in);
    free(a);
}

static void tell(struct asker *a, int err)
{
    if (a->is_done)
        return;
    a->is_done = true;
    a->done(a->user, err, err == TM_OK ? (struct tm_view){a->in, a->n} : (struct tm_view){0});
}

static int keep(struct asker *a, struct tm_view v)
{
    if (v.len > a->max - a->n)
        return TM_ERR_LIMIT;
    while (a->cap - a->n < v.len) /* grows by doubling */
        if (tm_grow(&a->in, &a->cap, a->cap, 1) != TM_OK)
            return TM_ERR_NOMEM;
    memcpy(a->in + a->n, v.p, v.len);
    a->n += v.len;
    return TM_OK;
}

/* Takes what arrived; TM_OK also when more is to come. */
static int pull_answer(struct asker *a)
{
    struct tm_session *s = tm_front_session(a->front);
    bool end = false;
    for (;;) {
        struct tm_view v = tm_session_stream_peek(s, a->stream, &end);
        if (v.len == 0)
            break;
        int rc = keep(a, v);
        if (rc != TM_OK)
            return rc;
        tm_session_stream_consume(s, a->stream, v.len);
    }
    if (!end)
        return TM_OK;
    tm_session_stream_consume(s, a->stream, 0);
    tell(a, a->n > 0 ? TM_OK : TM_ERR_CLOSED);
    return TM_OK;
}

static void on_asker(struct tm_sink *sink, const struct tm_event *ev)
{
    struct asker *a = (struct asker *)sink;
    if (is_over(ev)) {
        tell(a, TM_ERR_CLOSED);
        asker_free(a);
        return;
    }
    if (ev->kind == TM_EVENT_WRITABLE || ev->kind == TM_EVENT_REPLY)
        push(a->front, a->stream, (struct tm_view){a->request, sizeof a->request}, &a->sent);
    int rc = ev->kind == TM_EVENT_READABLE ? pull_answer(a) : TM_OK;
    if (rc == TM_OK)
        return;
    tell(a, rc);
    tm_session_stream_reset(tm_front_session(a->front), a->stream, TM_REPLY_DENIED);
    tm_front_detach(a->front, a->stream);
    asker_free(a);
}

int tm_supply_ask(struct tm_front *front, const uint8_t *request, size_t answer_max,
                  tm_supply_done_fn done, void *user)
{
    struct tm_session *s = tm_front_session(front);
    struct tm_dest dest = {.kind = TM_ADDR_NAME, .len = sizeof TM_DEST_SERVER - 1, .port = 1};
    memcpy(dest.addr, TM_DEST_SERVER, sizeof TM_DEST_SERVER - 1);
    struct asker *a = calloc(1, sizeof *a);
    if (a == NULL)
        return TM_ERR_NOMEM;
    *a = (struct asker){
        .sink.on_event = on_asker, .front = front, .done = done, .user = user, .max = answer_max};
    memcpy(a->request, request, sizeof a->request);
    int rc = tm_session_stream_open(s, &dest, &a->stream);
    if (rc == TM_OK) {
        rc = tm_front_attach(front, a->stream, &a->sink);
        if (rc != TM_OK)
            tm_session_stream_reset(s, a->stream, TM_REPLY_FAILURE);
    }
    if (rc != TM_OK) {
        asker_free(a);
        return rc;
    }
    push(front, a->stream, (struct tm_view){a->request, sizeof a->request}, &a->sent);
    tm_front_pump(front);
    return TM_OK;
}

/* ---- Server ---- */

struct server {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    uint64_t stream;
    struct tm_supply_server srv;
    uint8_t request[TM_SUPPLY_REQUEST_LEN];
    size_t n;
    struct tm_supply_answer out; /* release is NULL until there is one */
    size_t sent;
};

static void server_free(struct server *v)
{
    if (v->out.release != NULL)
        v->out.release(&v->out);
    free(v);
}

/* Takes what arrived of the request; false when it is too long, or has no answer. */
static bool pull_request(struct server *v)
{
    struct tm_session *s = tm_front_session(v->front);
    bool end = false;
    for (;;) {
        struct tm_view in = tm_session_stream_peek(s, v->stream, &end);
        if (in.len > sizeof v->request - v->n)
            return false;
        if (in.len == 0)
            break;
        memcpy(v->request + v->n, in.p, in.len);
        v->n += in.len;
        tm_session_stream_consume(s, v->stream, in.len);
    }
    if (!end || v->out.release != NULL)
        return true;
    tm_session_stream_consume(s, v->stream, 0);
    if (v->srv.answer(v->srv.user, v->srv.client_id, (struct tm_view){v->request, v->n}, &v->out) !=
        TM_OK) {
        v->out.release = NULL;
        return false;
    }
    push(v->front, v->stream, v->out.bytes, &v->sent);
    return true;
}

static void give_up(struct server *v)
{
    tm_session_stream_reset(tm_front_session(v->front), v->stream, TM_REPLY_DENIED);
    tm_front_detach(v->front, v->stream);
    server_free(v);
}

static void on_server(struct tm_sink *sink, const struct tm_event *ev)
{
    struct server *v = (struct server *)sink;
    if (is_over(ev))
        server_free(v);
    else if (ev->kind == TM_EVENT_WRITABLE && v->out.release != NULL)
        push(v->front, v->stream, v->out.bytes, &v->sent);
    else if (ev->kind == TM_EVENT_READABLE && !pull_request(v))
        give_up(v);
}

bool tm_supply_is_meant(const struct tm_event *ev)
{
    const struct tm_dest *d = &ev->dest;
    return d->kind == TM_ADDR_NAME && d->port == 1 && d->len == sizeof TM_DEST_SERVER - 1 &&
           memcmp(d->addr, TM_DEST_SERVER, d->len) == 0;
}

void tm_supply_serve(struct tm_front *front, const struct tm_event *ev,
                     const struct tm_supply_server *srv)
{
    struct tm_session *s = tm_front_session(front);
    struct server *v = calloc(1, sizeof *v);
    if (v == NULL || tm_front_attach(front, ev->stream, &v->sink) != TM_OK) {
        free(v);
        tm_session_stream_reply(s, ev->stream, TM_REPLY_FAILURE);
        return;
    }
    *v = (struct server){
        .sink.on_event = on_server, .front = front, .stream = ev->stream, .srv = *srv};
    tm_session_stream_reply(s, ev->stream, TM_REPLY_OK);
    if (!pull_request(v))
        give_up(v);
}
