#include "tm/core/stream.h"

#include <string.h>

#include "tm/core/bitring.h"
#include "tm/core/frame.h"

int tm_stream_init(struct tm_stream *st, uint64_t id, uint32_t window)
{
    memset(st, 0, sizeof *st);
    st->id = id;
    st->lost = TM_ITEM_LIST_EMPTY;
    st->tx_limit = window;
    st->rx_granted = window;
    if (tm_sendbuf_init(&st->tx, window) != TM_OK)
        return TM_ERR_NOMEM;
    if (tm_reasm_init(&st->rx, window) != TM_OK) {
        tm_sendbuf_deinit(&st->tx);
        return TM_ERR_NOMEM;
    }
    st->live = true;
    return TM_OK;
}

void tm_stream_deinit(struct tm_stream *st, struct tm_flight *f)
{
    tm_flight_clear(f, &st->lost);
    tm_sendbuf_deinit(&st->tx);
    tm_reasm_deinit(&st->rx);
    st->live = false;
}

/* New bytes that may be sent now. */
static size_t fresh(const struct tm_stream *st)
{
    uint64_t to = st->tx.end < st->tx_limit ? st->tx.end : st->tx_limit;
    return to > st->tx.next ? (size_t)(to - st->tx.next) : 0;
}

size_t tm_stream_fresh(const struct tm_stream *st)
{
    if (!st->queue)
        return fresh(st);
    uint64_t room = st->tx.base + st->tx.window.cap;
    room = room < st->tx_limit ? room : st->tx_limit;
    room = room > st->tx.end ? room - st->tx.end : 0;
    size_t n = tm_datagram_queue_bytes(st->queue);
    return fresh(st) + (n < room ? n : (size_t)room);
}

bool tm_stream_can_feed(const struct tm_stream *st)
{
    struct tm_view part[2];
    int64_t t_us;
    size_t n = st->queue ? tm_datagram_queue_first(st->queue, part, &t_us) : 0;
    return n > 0 && n <= tm_sendbuf_room(&st->tx) && st->tx.end + n <= st->tx_limit;
}

/* The end can ride behind offset `to`. */
static bool ends_at(const struct tm_stream *st, uint64_t to)
{
    return st->fin_queued && to == st->tx.end;
}

bool tm_stream_has_data(const struct tm_stream *st)
{
    return st->live &&
           (!tm_item_list_is_empty(&st->lost) || fresh(st) > 0 || tm_stream_can_feed(st) ||
            (st->fin_queued && !st->fin_sent && st->tx.next == st->tx.end));
}

/* Forgets lost ranges that were acknowledged meanwhile, wholly or at their front. */
static void trim_lost(struct tm_stream *st, struct tm_flight *f)
{
    const struct tm_sendbuf *tx = &st->tx;
    struct tm_item *it;
    while ((it = tm_flight_first(f, &st->lost)) != NULL) {
        uint64_t to = it->offset + it->len;
        uint64_t from = it->offset > tx->base ? it->offset : tx->base;
        if (from < to)
            from += tm_bitring_run(tx->window.marks, tx->window.cap, from, (size_t)(to - from));
        if (from < to || (it->fin && !st->fin_acked)) {
            it->offset = from < to ? from : to;
            it->len = (uint32_t)(to - it->offset);
            return;
        }
        tm_flight_drop_first(f, &st->lost);
    }
}

/* How a DATA frame says where its bytes stand. */
struct place {
    enum { SAID, NEAR, CLOSE } how;
    unsigned place;
    int distance;
    size_t len; /* of the header, without the length field */
    bool with_len;
};

/* The shortest way, for up to `want` bytes in `room`. */
static struct place place_of(const struct tm_trail *t, const struct tm_stream *st, uint64_t offset,
                             size_t want, size_t room)
{
    struct place p = {.how = SAID, .len = tm_frame_data_len(st->id, offset)};
    if (!tm_trail_is_near(t, st->id, offset, &p.place, &p.distance))
        return p;
    size_t full = room > TM_FRAME_CLOSE_LEN ? room - TM_FRAME_CLOSE_LEN : 0;
    bool is_close = p.distance >= 0 && p.distance <= TM_FRAME_CLOSE_MAX;
    if (is_close && full > 0 && want >= full && !ends_at(st, offset + full)) {
        p.how = CLOSE;
        p.len = TM_FRAME_CLOSE_LEN;
    } else if (p.len > TM_FRAME_NEAR_LEN) {
        p.how = NEAR;
        p.len = TM_FRAME_NEAR_LEN;
    }
    return p;
}

static void put_header(struct tm_wr *w, const struct place *p, uint64_t stream, uint64_t offset,
                       bool fin, size_t n)
{
    switch (p->how) {
    case SAID:
        tm_frame_encode_data_header(w, stream, offset, fin, p->with_len, n);
        return;
    case NEAR:
        tm_frame_encode_near_header(w, p->place, p->distance, fin, p->with_len, n);
        return;
    case CLOSE:
        tm_frame_encode_close_header(w, p->place, p->distance);
        return;
    }
}

ssize_t tm_stream_compose(struct tm_stream *st, struct tm_wr *w, struct tm_flight *f,
                          const struct tm_outgoing *to, bool *again)
{
    trim_lost(st, f);
    struct tm_item *lost = tm_flight_first(f, &st->lost);
    if (!lost && f->n_free == 0)
        return -1;
    uint64_t offset = lost ? lost->offset : st->tx.next;
    size_t want = lost ? lost->len : fresh(st);
    size_t header;
    struct place place = place_of(to->trail, st, offset, want, tm_wr_room(w));
    size_t n = tm_frame_data_fit(place.len, want, tm_wr_room(w), &header, &place.with_len);
    if (header == 0 || (n == 0 && want > 0))
        return -1;
    bool fin = ends_at(st, offset + n);
    if (n == 0 && !fin)
        return -1;
    if (lost && n < want && f->n_free == 0)
        return -1; /* splitting it would need an item */
    put_header(w, &place, st->id, offset, fin, n);
    tm_trail_note(to->trail, st->id, offset + n);
    tm_sendbuf_copy(&st->tx, offset, w->p + w->len, n);
    w->len += n;
    *again = lost != NULL;
    struct tm_item item = {
        .stream = st->id, .offset = offset, .len = (uint32_t)n, .fin = fin, .record = to->record};
    if (lost && n == want) {
        lost->fin = fin;
        lost->record = to->record;
        tm_flight_move_first(f, &st->lost, to->sent);
    } else {
        if (lost) {
            lost->offset += n;
            lost->len -= (uint32_t)n;
        } else {
            st->tx.next += n;
        }
        TM_ASSERT(tm_flight_add(f, to->sent, &item));
    }
    st->fin_sent |= fin;
    return (ssize_t)n;
}

void tm_stream_acked(struct tm_stream *st, const struct tm_item *item)
{
    tm_sendbuf_ack(&st->tx, item->offset, item->len);
    if (item->fin)
        st->fin_acked = true;
}
