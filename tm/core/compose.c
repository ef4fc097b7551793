/* tm/core/compose.c - the plaintext of a record (TrafficMimic sec. 2: plan, control, data, padding).
 *
 * Order: the plan of this carrier, acknowledgements, control (stream 0), user data of the streams, new and
 * small ones first, in turn, zeros.  What is put in depends on what waits; how long it is, never. */
#include "tm/core/session_int.h"

#include <string.h>

#include "tm/core/driver.h"
#include "tm/core/embed.h"
#include "tm/core/entry.h"
#include "tm/core/frame.h"

static void put_plan(struct tm_session *s, struct tm_carrier *c, struct tm_wr *w)
{
    const struct tm_plan *plan = &c->player.known.plan;
    size_t n = c->shipping ? tm_embed_frame(plan, c->shipped, c->write_i, tm_wr_room(w),
                                            tm_session_embed_rule(s))
                           : 0;
    if (n == 0)
        return;
    size_t before = w->len;
    tm_frame_encode_plan_header(w, n);
    tm_entry_encode(w, plan, c->shipped, n);
    c->shipped += n;
    s->stats.plan_tx_bytes += w->len - before;
}

static void put_ack(struct tm_session *s, struct tm_carrier *here, struct tm_carrier *c,
                    struct tm_wr *w)
{
    if (!c->ack_due || tm_frame_ack_len(c == here, c->k, c->rx_records) > tm_wr_room(w))
        return;
    size_t before = w->len;
    tm_frame_encode_ack(w, c == here, c->k, c->rx_records);
    c->ack_due = false;
    s->stats.ack_tx_bytes += w->len - before;
}

void tm_session_put_acks(struct tm_session *s, struct tm_carrier *here, struct tm_wr *w)
{
    put_ack(s, here, here, w);
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (c->state == TM_CARRIER_LIVE || c->state == TM_CARRIER_CLOSING)
            put_ack(s, here, c, w);
    }
}

void tm_session_put_stream(struct tm_session *s, struct tm_carrier *c, struct tm_stream *st,
                           struct tm_wr *w, int64_t now_us)
{
    const struct tm_outgoing to = {&c->sent, &c->tx_trail, c->tx_records};
    while (tm_session_feed(s, st, tm_wr_room(w), now_us), tm_stream_has_data(st)) {
        size_t before = w->len;
        bool again = false;
        int64_t since_us = tm_waits_since(&st->waits, st->tx.next);
        ssize_t n = tm_stream_compose(st, w, &s->flight, &to, &again);
        if (n < 0)
            break;
        uint64_t frame = w->len - before;
        if (st == &s->control) {
            s->stats.control_tx_bytes += frame;
            continue;
        }
        s->stats.control_tx_bytes += frame - (uint64_t)n;
        if (n > 0)
            tm_session_note_piece(s, st, &(struct tm_piece){st->id, c->k, (uint32_t)n, now_us});
        if (again) {
            s->stats.resent_tx_bytes += (uint64_t)n;
        } else if (n > 0) {
            s->stats.payload_tx_bytes += (uint64_t)n;
            tm_tally_bytes(s->tally, now_us, 0, (uint64_t)n);
            tm_tally_queue(s->tally, now_us, since_us == TM_NEVER ? 0 : now_us - since_us);
            tm_waits_drop(&st->waits, st->tx.next);
        }
    }
    tm_session_note_ready(s, st);
}

#define NEW_BYTES    ((uint64_t)64 << 10) /* a stream is new until so much of it was sent */
#define LITTLE_BYTES ((uint64_t)2 << 10)  /* and small when no more waits */
#define FEW_BYTES                                                                                  \
    ((uint64_t)16 << 10) /* datagrams: what a conversation has waiting, and a flood has not */
#define LIGHT_RECORDS 3U /* in a row that begin with light streams while heavy ones wait */

/* New and small streams are light: a page's request, a key stroke, a call.  They go before heavy ones. */
static bool is_light(const struct tm_stream *st)
{
    if (st->queue)
        return st->tx.end - st->tx.next + st->queue->len <= FEW_BYTES;
    return st->tx.next < NEW_BYTES || st->tx.end - st->tx.next <= LITTLE_BYTES;
}

/* Streams of one kind, the one whose turn it is first.  False: none of them was put in. */
static bool put_kind(struct tm_session *s, struct tm_carrier *c, bool light, struct tm_wr *w,
                     int64_t now_us)
{
    uint32_t from = s->turn[light];
    bool is_first = true;
    for (uint32_t i = tm_slotset_turn(&s->ready, from, 0); i != TM_SLOTSET_END && tm_wr_room(w) > 0;
         i = tm_slotset_turn(&s->ready, from, i + 1)) {
        uint32_t slot = (from + i) % TM_STREAMS_HELD;
        struct tm_stream *st = &s->streams[slot];
        size_t before = w->len;
        if (!tm_stream_has_data(st) || is_light(st) != light)
            continue;
        tm_session_put_stream(s, c, st, w, now_us);
        if (is_first && w->len > before) {
            s->turn[light] = slot + 1;
            is_first = false;
        }
    }
    return !is_first;
}

/* Light streams first, but every fourth record begins with heavy ones if they wait, so that nobody starves. */
void tm_session_put_streams(struct tm_session *s, struct tm_carrier *c, struct tm_wr *w,
                            int64_t now_us)
{
    tm_session_put_stream(s, c, &s->control, w, now_us);
    bool heavy_first = s->n_light_records == LIGHT_RECORDS;
    s->n_light_records = heavy_first ? 0 : s->n_light_records;
    if (heavy_first)
        (void)put_kind(s, c, false, w, now_us);
    bool had_light = put_kind(s, c, true, w, now_us);
    if (heavy_first)
        return;
    bool had_heavy = put_kind(s, c, false, w, now_us);
    s->n_light_records = had_light && !had_heavy ? s->n_light_records + 1 : 0;
}

size_t tm_session_compose(struct tm_session *s, uint32_t carrier, uint8_t *buf, int64_t now_us)
{
    struct tm_carrier *c = tm_session_find(s, carrier);
    if (!c || !c->writing)
        return 0;
    if (s->driver)
        return s->driver->compose(s, c, buf);
    if (c->write_left == 0) {
        c->writing = false;
        TM_ASSERT(!c->shipping ||
                  c->shipped >= tm_embed_needed(&c->player.known.plan, c->write_i,
                                                tm_session_embed_rule(s)) ||
                  c->shipped > c->player.known.plan.n_writes);
        return 0;
    }
    uint32_t record = tm_shape_next_record(c->write_left);
    struct tm_wr w = tm_wr_init(buf, record - TM_RECORD_OVERHEAD);
    c->write_left -= record;
    s->stats.record_tx_bytes += TM_RECORD_OVERHEAD;
    put_plan(s, c, &w);
    if (s->is_unknown)
        tm_frame_encode_fail(&w);
    tm_session_put_acks(s, c, &w);
    tm_session_put_streams(s, c, &w, now_us);
    c->tx_records++;
    s->stats.pad_tx_bytes += tm_wr_room(&w);
    tm_wr_zeros(&w, tm_wr_room(&w)); /* PAD is zero */
    return w.len;
}
