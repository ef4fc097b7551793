#include "tm/sim/load.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"
#include "tm/base/time.h"

struct tm_load {
    struct tm_sim *world;
    enum tm_load_reply reply;
    struct tm_transfer *transfer; /* owned; the n-th has stream 2n + 2 */
    size_t n, cap;
    uint64_t delivered[2]; /* by the side that receives */
};

int tm_load_new(struct tm_load **out, struct tm_sim *w, enum tm_load_reply reply)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return TM_ERR_NOMEM;
    (*out)->world = w;
    (*out)->reply = reply;
    return TM_OK;
}

void tm_load_free(struct tm_load *l)
{
    if (!l)
        return;
    free(l->transfer);
    free(l);
}

static uint64_t stream_of(const struct tm_load *l, const struct tm_transfer *t)
{
    return 2 * (uint64_t)(t - l->transfer) + 2;
}

static bool is_flood(const struct tm_transfer *t)
{
    return t->up_bytes == TM_LOAD_FLOOD;
}

/* Gives the tunnel what it takes of what `side` has to send. */
static void send_more(struct tm_load *l, struct tm_transfer *t, enum tm_side side)
{
    static const uint8_t bytes[16384];
    uint64_t all = side == TM_CLIENT ? t->up_bytes : t->down_bytes;
    struct tm_session *end = tm_sim_end(l->world, side);
    while (t->put[side] < all) {
        size_t n = all - t->put[side] < sizeof bytes ? (size_t)(all - t->put[side]) : sizeof bytes;
        ssize_t took = tm_session_stream_send(end, stream_of(l, t), bytes, n);
        t->put[side] += took > 0 ? (uint64_t)took : 0;
        if (took < (ssize_t)n)
            return;
    }
    tm_session_stream_finish(end, stream_of(l, t));
}

int tm_load_begin(struct tm_load *l, uint64_t up_bytes, uint64_t down_bytes, int64_t start_us,
                  uint64_t *number)
{
    static const struct tm_dest dest = {
        .kind = TM_ADDR_NAME, .addr = "site.test", .len = 9, .port = 443};
    if (tm_grow(&l->transfer, &l->cap, l->n, sizeof *l->transfer) != TM_OK)
        return TM_ERR_NOMEM;
    uint64_t stream;
    int rc = tm_session_stream_open(tm_sim_end(l->world, TM_CLIENT), &dest, &stream);
    if (rc != TM_OK)
        return rc;
    struct tm_transfer *t = &l->transfer[l->n++];
    *t = (struct tm_transfer){.up_bytes = up_bytes,
                              .down_bytes = down_bytes,
                              .start_us = start_us,
                              .first_us = TM_NEVER,
                              .done_us = TM_NEVER};
    TM_ASSERT_EQ(stream, stream_of(l, t));
    *number = l->n - 1;
    if (l->reply == TM_LOAD_EARLY)
        send_more(l, t, TM_CLIENT);
    return TM_OK;
}

static bool has_all(const struct tm_transfer *t)
{
    return t->got[TM_SERVER] == t->up_bytes && t->got[TM_CLIENT] == t->down_bytes;
}

/* Takes what has come.  True: with this the transfer is done. */
static bool take(struct tm_load *l, struct tm_transfer *t, enum tm_side side)
{
    struct tm_session *end = tm_sim_end(l->world, side);
    int64_t now_us = tm_sim_now_us(l->world);
    bool is_end = false;
    bool was_done = has_all(t);
    struct tm_view v;
    do {
        v = tm_session_stream_peek(end, stream_of(l, t), &is_end);
        t->got[side] += v.len;
        l->delivered[side] += v.len;
        tm_session_stream_consume(end, stream_of(l, t), v.len);
    } while (v.len > 0 && !is_end);
    if (side == TM_CLIENT && t->got[side] > 0)
        t->first_us = tm_min_us(t->first_us, now_us);
    if (side == TM_SERVER && !is_flood(t) && t->got[side] == t->up_bytes && t->put[side] == 0)
        send_more(l, t, side);
    if (was_done || !has_all(t))
        return false;
    t->done_us = now_us;
    return true;
}

static void accept_stream(struct tm_load *l, struct tm_transfer *t)
{
    tm_session_stream_reply(tm_sim_end(l->world, TM_SERVER), stream_of(l, t), TM_REPLY_OK);
    if (is_flood(t) || t->up_bytes == 0)
        send_more(l, t, TM_SERVER);
}

int tm_load_event(struct tm_load *l, const struct tm_sim_event *ev, uint64_t *number)
{
    const struct tm_event *app = &ev->app;
    if (app->kind == TM_EVENT_FAILED || app->kind == TM_EVENT_PLAYED)
        return TM_ERR_CLOSED;
    TM_ASSERT(app->stream >= 2 && app->stream / 2 <= l->n);
    *number = app->stream / 2 - 1;
    struct tm_transfer *t = &l->transfer[*number];
    switch (app->kind) {
    case TM_EVENT_OPEN:
        accept_stream(l, t);
        break;
    case TM_EVENT_REPLY:
        if (app->reply != TM_REPLY_OK)
            return TM_ERR_CLOSED;
        if (l->reply == TM_LOAD_EXACT)
            send_more(l, t, TM_CLIENT);
        break;
    case TM_EVENT_READABLE:
        return take(l, t, ev->side);
    case TM_EVENT_WRITABLE:
        send_more(l, t, ev->side);
        break;
    case TM_EVENT_RESET:
    case TM_EVENT_FAILED:
    case TM_EVENT_LISTEN:
    case TM_EVENT_LISTENING:
    case TM_EVENT_PLAYED:
        return TM_ERR_CLOSED;
    case TM_EVENT_ENDED:
        break;
    }
    return 0;
}

const struct tm_transfer *tm_load_get(const struct tm_load *l, uint64_t number)
{
    TM_ASSERT(number < l->n);
    return &l->transfer[number];
}

uint64_t tm_load_n(const struct tm_load *l)
{
    return l->n;
}

uint64_t tm_load_delivered_bytes(const struct tm_load *l, enum tm_dir dir)
{
    return l->delivered[dir == TM_UP ? TM_SERVER : TM_CLIENT];
}
