/* tm/net/assoc.c - see assoc.h. */
#include "tm/net/assoc.h"

#include "tm/net/alarm.h"

static void give_up(struct tm_assoc *a)
{
    tm_session_stream_reset(tm_front_session(a->front), a->stream, TM_REPLY_OK);
    tm_front_detach(a->front, a->stream);
    a->has_stream = false;
}

static void note_use(struct tm_assoc *a)
{
    a->used_ms = uv_now(tm_front_loop(a->front));
}

static void pull(struct tm_assoc *a)
{
    struct tm_datagram d;
    int rc = 0;
    while (a->has_stream &&
           (rc = tm_session_datagram_next(tm_front_session(a->front), a->stream, &d)) == 1) {
        note_use(a);
        a->give(a, &d);
    }
    if (a->has_stream && rc < 0)
        give_up(a); /* the server says what is no datagram */
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct tm_assoc *a = (struct tm_assoc *)sink;
    switch (ev->kind) {
    case TM_EVENT_READABLE:
        pull(a);
        return;
    case TM_EVENT_REPLY:
        if (ev->reply == TM_REPLY_OK)
            return;
        a->retry_ms = uv_now(tm_front_loop(a->front)) + TM_ASSOC_RETRY_MS;
        a->has_stream = false;
        return;
    case TM_EVENT_RESET:
    case TM_EVENT_ENDED:
        a->has_stream = false;
        return;
    case TM_EVENT_FAILED:
        a->has_stream = false;
        a->over(a);
        return;
    case TM_EVENT_WRITABLE:
    case TM_EVENT_OPEN:
    case TM_EVENT_LISTEN:
    case TM_EVENT_LISTENING:
    case TM_EVENT_PLAYED: /* never of a stream */
        return;
    }
}

void tm_assoc_init(struct tm_assoc *a, struct tm_front *front, tm_assoc_give_fn give,
                   tm_assoc_over_fn over)
{
    *a = (struct tm_assoc){.sink.on_event = on_event, .front = front, .give = give, .over = over};
    note_use(a);
}

int tm_assoc_adopt(struct tm_assoc *a, uint64_t stream)
{
    int rc = tm_front_attach(a->front, stream, &a->sink);
    a->has_stream = rc == TM_OK;
    a->stream = stream;
    return rc;
}

static void open_stream(struct tm_assoc *a)
{
    struct tm_session *s = tm_front_session(a->front);
    uint64_t stream;
    if (uv_now(tm_front_loop(a->front)) < a->retry_ms ||
        tm_session_datagrams_open(s, &stream) != TM_OK)
        return;
    if (tm_assoc_adopt(a, stream) != TM_OK)
        tm_session_stream_reset(s, stream, TM_REPLY_FAILURE);
}

void tm_assoc_send(struct tm_assoc *a, const struct tm_datagram *d)
{
    if (!a->has_stream)
        open_stream(a);
    if (!a->has_stream)
        return;
    note_use(a);
    (void)tm_session_datagram_send(tm_front_session(a->front), a->stream, d, tm_now_us());
    tm_front_pump(a->front);
}

void tm_assoc_mind(struct tm_assoc *a)
{
    if (!a->has_stream || uv_now(tm_front_loop(a->front)) - a->used_ms < TM_ASSOC_IDLE_MS)
        return;
    give_up(a);
    tm_front_pump(a->front);
}

void tm_assoc_end(struct tm_assoc *a)
{
    if (!a->has_stream)
        return;
    give_up(a);
    tm_front_pump(a->front);
}
