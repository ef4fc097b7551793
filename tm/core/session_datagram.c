/* tm/core/session_datagram.c - see session_datagram.h. */
#include "tm/core/session_datagram.h"

#include <stdlib.h>
#include <string.h>

#include "tm/core/session_int.h"

static const char name[] = TM_DEST_DATAGRAMS;

bool tm_session_means_datagrams(const struct tm_dest *dest)
{
    return dest->kind == TM_ADDR_NAME && dest->len == sizeof name - 1 &&
           memcmp(dest->addr, name, dest->len) == 0;
}

/* Gives the stream what makes it one of datagrams. */
static int equip(struct tm_session *s, struct tm_stream *st)
{
    if (s->datagrams.n_streams >= TM_DATAGRAM_STREAMS_MAX)
        return TM_ERR_LIMIT;
    if (!s->datagrams.last)
        s->datagrams.last = malloc(TM_DATAGRAM_FRAME_MAX);
    struct tm_datagram_queue *q = malloc(sizeof *q);
    if (!s->datagrams.last || !q || tm_datagram_queue_init(q) != TM_OK) {
        free(q);
        return TM_ERR_NOMEM;
    }
    st->queue = q;
    s->datagrams.n_streams++;
    return TM_OK;
}

int tm_session_datagrams_open(struct tm_session *s, uint64_t *stream)
{
    struct tm_dest dest = {.kind = TM_ADDR_NAME, .len = sizeof name - 1, .port = 1};
    memcpy(dest.addr, name, sizeof name - 1);
    if (s->datagrams.n_streams >= TM_DATAGRAM_STREAMS_MAX)
        return TM_ERR_LIMIT;
    int rc = tm_session_stream_open(s, &dest, stream);
    if (rc != TM_OK)
        return rc;
    rc = equip(s, tm_session_stream(s, *stream));
    if (rc != TM_OK)
        tm_session_stream_reset(s, *stream, TM_REPLY_FAILURE);
    return rc;
}

int tm_session_datagrams_accept(struct tm_session *s, uint64_t stream)
{
    struct tm_stream *st = stream ? tm_session_stream(s, stream) : NULL;
    if (!st || st->refused || st->queue)
        return TM_ERR_CLOSED;
    return equip(s, st);
}

void tm_session_drop_queue(struct tm_session *s, struct tm_stream *st)
{
    if (!st->queue)
        return;
    s->datagrams.counts.n_dropped += st->queue->n_dropped + st->queue->n;
    tm_datagram_queue_deinit(st->queue);
    free(st->queue);
    st->queue = NULL;
    s->datagrams.n_streams--;
}

void tm_session_get_datagrams(const struct tm_session *s, struct tm_session_datagrams *out)
{
    *out = s->datagrams.counts;
    for (uint32_t i = 0; s->datagrams.n_streams > 0 && i < s->n_slots; i++)
        if (s->streams[i].live && s->streams[i].queue)
            out->n_dropped += s->streams[i].queue->n_dropped;
}

int tm_session_datagram_send(struct tm_session *s, uint64_t stream, const struct tm_datagram *d,
                             int64_t now_us)
{
    struct tm_stream *st = stream ? tm_session_stream(s, stream) : NULL;
    if (s->failed || !st || st->refused || !st->queue)
        return TM_ERR_CLOSED;
    if (d->data.len > TM_DATAGRAM_MAX || d->dest.port == 0)
        return TM_ERR_RANGE;
    tm_datagram_queue_put(st->queue, d, now_us);
    if (tm_sendbuf_room(&st->tx) < st->queue->len) {
        st->wants_room =
            true; /* so that credit makes the window grow; there is nobody to be told */
        tm_session_grow_tx(s, st);
    }
    tm_session_note_ready(s, st);
    return TM_OK;
}

void tm_session_feed(struct tm_session *s, struct tm_stream *st, size_t want, int64_t now_us)
{
    struct tm_view part[2];
    int64_t since_us;
    if (!st->queue)
        return;
    tm_datagram_queue_expire(st->queue, now_us - TM_DATAGRAM_AGE_US);
    while (st->tx.end - st->tx.next < want && tm_stream_can_feed(st)) {
        (void)tm_datagram_queue_first(st->queue, part, &since_us);
        for (size_t i = 0; i < 2; i++)
            (void)tm_sendbuf_put(&st->tx, part[i].p, part[i].len);
        tm_datagram_queue_pop(st->queue);
        tm_waits_put(&st->waits, st->tx.end, since_us);
        s->datagrams.counts.n_tx++;
    }
}

int tm_session_datagram_next(struct tm_session *s, uint64_t stream, struct tm_datagram *d)
{
    struct tm_stream *st = stream ? tm_session_stream(s, stream) : NULL;
    if (!st || st->refused || !st->queue)
        return TM_ERR_CLOSED;
    const struct tm_reasm *rx = &st->rx;
    size_t n = (size_t)(rx->ready - rx->base);
    n = n < TM_DATAGRAM_FRAME_MAX ? n : TM_DATAGRAM_FRAME_MAX;
    struct tm_view v = tm_reasm_peek(rx);
    ssize_t used = tm_datagram_decode(d, v.p, v.len);
    if (used > 0)
        n = (size_t)used;
    if (used > 0 || (used == 0 && v.len < n)) { /* or it goes round the end of the ring */
        tm_window_get(&rx->window, rx->base, s->datagrams.last, n);
        used = tm_datagram_decode(d, s->datagrams.last, n);
    }
    if (used < 0 || (used == 0 && rx->ready == rx->end && n > 0))
        return TM_ERR_PROTO;
    if (used == 0)
        return 0;
    s->datagrams.counts.n_rx++;
    tm_session_stream_consume(s, stream, (size_t)used);
    return 1;
}
