/* tm/net/testload.c - see testload.h. */
#include "tm/net/testload.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_LEN 16384U

struct testload {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    uint64_t stream;
    bool is_source, is_finished;
    uint64_t wanted; /* bytes asked for and not sent yet */
};

bool tm_testload_is_meant(const struct tm_dest *d)
{
    return d->kind == TM_ADDR_NAME && d->len == sizeof TM_DEST_TEST - 1 &&
           memcmp(d->addr, TM_DEST_TEST, d->len) == 0;
}

/* As much as there is room for: the engine holds a bounded amount, and says when there is room again. */
static void push(struct testload *t)
{
    static const uint8_t zeros[CHUNK_LEN];
    struct tm_session *s = tm_front_session(t->front);
    while (t->wanted > 0 && !t->is_finished) {
        size_t len = t->wanted < CHUNK_LEN ? t->wanted : CHUNK_LEN;
        ssize_t n = tm_session_stream_send(s, t->stream, zeros, len);
        if (n <= 0)
            return;
        t->wanted -= (uint64_t)n;
    }
}

/* Counts what came, and forgets it; the other side's end is answered with ours. */
static void pull(struct testload *t)
{
    struct tm_session *s = tm_front_session(t->front);
    struct tm_view v;
    bool is_end = false;
    while ((v = tm_session_stream_peek(s, t->stream, &is_end)).len > 0) {
        t->wanted += t->is_source ? (uint64_t)v.len * TM_TEST_BYTES : 0;
        tm_session_stream_consume(s, t->stream, v.len);
    }
    push(t);
    if (!is_end || t->is_finished)
        return;
    tm_session_stream_consume(s, t->stream, 0);
    t->is_finished = true;
    tm_session_stream_finish(s, t->stream);
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct testload *t = (struct testload *)sink;
    switch (ev->kind) {
    case TM_EVENT_RESET:
    case TM_EVENT_ENDED:
    case TM_EVENT_FAILED:
        free(t);
        return;
    case TM_EVENT_READABLE:
        pull(t);
        return;
    case TM_EVENT_WRITABLE:
        push(t);
        return;
    case TM_EVENT_REPLY: /* a client's */
    case TM_EVENT_OPEN:
    case TM_EVENT_LISTEN:
    case TM_EVENT_LISTENING:
    case TM_EVENT_PLAYED: /* never of a stream */
        return;
    }
}

void tm_testload_open(struct tm_front *front, const struct tm_event *ev)
{
    struct tm_session *s = tm_front_session(front);
    struct testload *t = calloc(1, sizeof *t);
    bool is_known = ev->dest.port == TM_TEST_PORT_DISCARD || ev->dest.port == TM_TEST_PORT_SOURCE;
    if (t == NULL || !is_known) {
        free(t);
        tm_session_stream_reply(s, ev->stream, is_known ? TM_REPLY_FAILURE : TM_REPLY_REFUSED);
        return;
    }
    *t = (struct testload){.sink.on_event = on_event,
                           .front = front,
                           .stream = ev->stream,
                           .is_source = ev->dest.port == TM_TEST_PORT_SOURCE};
    if (tm_front_attach(front, ev->stream, &t->sink) != TM_OK) {
        free(t);
        tm_session_stream_reply(s, ev->stream, TM_REPLY_FAILURE);
        return;
    }
    tm_session_stream_reply(s, ev->stream, TM_REPLY_OK);
    pull(t);
}
