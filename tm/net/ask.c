/* tm/net/ask.c - one request, one answer.  Both ends are a buffer to send and a buffer to fill. */
#include "tm/net/ask.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define HEAD_LEN 4U /* the carrier's number */

struct ask {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    uint64_t stream;
    bool is_server;
    bool is_answered;           /* client: the answer was given; server: the reply is being sent */
    struct tm_ask_key key;      /* client */
    tm_tunnel_answer_fn answer; /* client */
    void *user;
    struct tm_ask_server srv; /* server */
    size_t out_len, out_off;  /* to send */
    size_t in_len;
    uint8_t out[HEAD_LEN + TM_TUNNEL_ASK_MAX];
    uint8_t in[HEAD_LEN + TM_TUNNEL_ASK_MAX];
};

static const char ask_name[] = "trafficmimic.join"; /* of the stream; nothing is dialled */

static void ask_free(struct ask *a)
{
    if (a != NULL)
        OPENSSL_cleanse(a, sizeof *a);
    free(a);
}

static void give_up(struct ask *a)
{
    tm_session_stream_reset(tm_front_session(a->front), a->stream, TM_REPLY_DENIED);
    tm_front_detach(a->front, a->stream);
    ask_free(a);
}

static void client_answer(struct ask *a, int err)
{
    struct tm_tunnel_answer ans = {.err = err};
    if (a->is_answered)
        return;
    a->is_answered = true;
    if (err == TM_OK)
        ans.reply = (struct tm_view){a->in, a->in_len};
    memcpy(ans.exporter, a->key.exporter, sizeof ans.exporter);
    a->answer(a->user, &ans);
}

/* Sends what is left, then the end. */
static void push(struct ask *a)
{
    struct tm_session *s = tm_front_session(a->front);
    if (a->out_off == a->out_len)
        return;
    ssize_t n = tm_session_stream_send(s, a->stream, a->out + a->out_off, a->out_len - a->out_off);
    if (n > 0)
        a->out_off += (size_t)n;
    if (a->out_off == a->out_len)
        tm_session_stream_finish(s, a->stream);
}

/* The whole request is there: asks the app; false when it declines. */
static bool server_reply(struct ask *a)
{
    struct tm_rd r = tm_rd_init(a->in, a->in_len);
    uint32_t carrier = tm_rd_u32(&r);
    const struct tm_ask_key *key = a->srv.find_key(a->srv.owner, carrier);
    if (!tm_rd_ok(&r) || r.len == 0 || key == NULL)
        return false;
    struct tm_tunnel_join j = {.request = {r.p, r.len}};
    memcpy(j.id, a->srv.id, sizeof j.id);
    memcpy(j.exporter, key->exporter, sizeof j.exporter);
    int n = a->srv.join(a->srv.user, &j, a->out, TM_TUNNEL_ASK_MAX);
    if (n <= 0 || n > (int)TM_TUNNEL_ASK_MAX)
        return false;
    a->out_len = (size_t)n;
    a->is_answered = true;
    push(a);
    return true;
}

/* Takes what arrived; false when the other side says too much, or the server declines. */
static bool pull(struct ask *a)
{
    struct tm_session *s = tm_front_session(a->front);
    bool end = false;
    for (;;) {
        struct tm_view v = tm_session_stream_peek(s, a->stream, &end);
        if (v.len > sizeof a->in - a->in_len)
            return false;
        if (v.len == 0)
            break;
        memcpy(a->in + a->in_len, v.p, v.len);
        a->in_len += v.len;
        tm_session_stream_consume(s, a->stream, v.len);
    }
    if (!end)
        return true;
    tm_session_stream_consume(s, a->stream, 0);
    if (a->is_server)
        return a->is_answered || server_reply(a);
    if (a->in_len > TM_TUNNEL_ASK_MAX || a->in_len == 0)
        return false;
    client_answer(a, TM_OK);
    return true;
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct ask *a = (struct ask *)sink;
    bool is_over = ev->kind == TM_EVENT_RESET || ev->kind == TM_EVENT_ENDED ||
                   ev->kind == TM_EVENT_FAILED ||
                   (ev->kind == TM_EVENT_REPLY && ev->reply != TM_REPLY_OK);
    if (is_over) {
        if (!a->is_server)
            client_answer(a, TM_ERR_CLOSED);
        ask_free(a);
    } else if (ev->kind == TM_EVENT_WRITABLE) {
        push(a);
    } else if (ev->kind == TM_EVENT_READABLE && !pull(a)) {
        if (!a->is_server)
            client_answer(a, TM_ERR_CLOSED);
        give_up(a);
    }
}

int tm_ask_start(struct tm_front *front, const struct tm_ask_key *key, struct tm_view request,
                 tm_tunnel_answer_fn answer, void *user)
{
    TM_ASSERT_LE(request.len, TM_TUNNEL_ASK_MAX);
    struct tm_dest dest = {.kind = TM_ADDR_NAME, .len = sizeof ask_name - 1, .port = 1};
    memcpy(dest.addr, ask_name, sizeof ask_name - 1);
    struct ask *a = calloc(1, sizeof *a);
    if (a == NULL)
        return TM_ERR_NOMEM;
    a->sink.on_event = on_event;
    a->front = front;
    a->key = *key;
    a->answer = answer;
    a->user = user;
    struct tm_wr w = tm_wr_init(a->out, sizeof a->out);
    tm_wr_u32(&w, key->carrier);
    tm_wr_bytes(&w, request.p, request.len);
    a->out_len = w.len;
    int rc = tm_session_stream_open(tm_front_session(front), &dest, &a->stream);
    if (rc == TM_OK) {
        rc = tm_front_attach(front, a->stream, &a->sink);
        if (rc != TM_OK)
            tm_session_stream_reset(tm_front_session(front), a->stream, TM_REPLY_FAILURE);
    }
    if (rc != TM_OK) {
        ask_free(a);
        return rc;
    }
    push(a);
    tm_front_pump(front);
    return TM_OK;
}

void tm_ask_serve(struct tm_front *front, const struct tm_event *ev,
                  const struct tm_ask_server *srv)
{
    struct tm_session *s = tm_front_session(front);
    struct ask *a = calloc(1, sizeof *a);
    if (a == NULL || tm_front_attach(front, ev->stream, &a->sink) != TM_OK) {
        ask_free(a);
        tm_session_stream_reply(s, ev->stream, TM_REPLY_FAILURE);
        return;
    }
    a->sink.on_event = on_event;
    a->front = front;
    a->stream = ev->stream;
    a->is_server = true;
    a->srv = *srv;
    tm_session_stream_reply(s, ev->stream, TM_REPLY_OK);
    if (!pull(a))
        give_up(a);
}
