/* tm/core/session_app.c - streams: what applications give and get. */
#include "tm/core/session_end.h"
#include "tm/core/session_int.h"

#include <string.h>

struct tm_stream *tm_session_stream(struct tm_session *s, uint64_t id)
{
    if (id == 0)
        return &s->control;
    uint32_t at = tm_idmap_get(&s->by_id, id);
    return at == TM_IDMAP_NONE ? NULL : &s->streams[at];
}

static uint32_t slot_of(const struct tm_session *s, const struct tm_stream *st)
{
    return (uint32_t)(st - s->streams);
}

/* Whether the peer is the one who opens streams with this id. */
static bool is_peers(const struct tm_session *s, uint64_t id)
{
    return (id & 1) == (s->cfg.side == TM_CLIENT ? 1U : 0U);
}

static struct tm_stream *new_stream(struct tm_session *s, uint64_t id)
{
    bool is_theirs = is_peers(s, id);
    if (is_theirs && s->cfg.side == TM_CLIENT &&
        (s->listening.n == 0 || s->n_peers == TM_ACCEPTS_HELD))
        return NULL;
    uint32_t i = tm_slotset_lowest_free(&s->live);
    if (i == TM_SLOTSET_END || tm_stream_init(&s->streams[i], id, TM_STREAM_WINDOW_MIN) != TM_OK)
        return NULL;
    s->n_slots = i < s->n_slots ? s->n_slots : i + 1;
    s->n_peers += is_theirs;
    tm_slotset_add(&s->live, i);
    tm_idmap_put(&s->by_id, id, i);
    return &s->streams[i];
}

struct tm_stream *tm_session_stream_for_data(struct tm_session *s, uint64_t id)
{
    struct tm_stream *st = tm_session_stream(s, id);
    if (st || !is_peers(s, id) || id <= s->peer_stream)
        return st;
    if (id <= s->unheard_stream)
        return NULL;
    st = new_stream(s, id); /* data may overtake the OPEN, which is in order */
    if (!st)
        s->unheard_stream = id; /* its bytes are gone: it will be refused when its OPEN comes */
    return st;
}

void tm_session_mark(struct tm_session *s, struct tm_stream *st, unsigned flags)
{
    if (!st->announced || (st->refused && !(flags & (TM_STREAM_EV_REPLY | TM_STREAM_EV_RESET))))
        return;
    tm_slotset_add(&s->news, slot_of(s, st));
    st->events |= flags;
}

void tm_session_note_ready(struct tm_session *s, struct tm_stream *st)
{
    if (st == &s->control)
        return;
    if (tm_stream_has_data(st))
        tm_slotset_add(&s->ready, slot_of(s, st));
    else
        tm_slotset_remove(&s->ready, slot_of(s, st));
}

void tm_session_say(struct tm_session *s, const struct tm_message *m)
{
    uint8_t buf[TM_MESSAGE_MAX];
    struct tm_wr w = tm_wr_init(buf, sizeof buf);
    if (s->failed)
        return;
    tm_message_encode(&w, m);
    TM_ASSERT(tm_wr_ok(&w));
    if (tm_sendbuf_room(&s->control.tx) < w.len)
        tm_session_fail(s, "the peer leaves control unacknowledged");
    else
        (void)tm_sendbuf_put(&s->control.tx, buf, w.len);
}

static void free_stream(struct tm_session *s, struct tm_stream *st)
{
    uint32_t slot = slot_of(s, st);
    tm_slotset_remove(&s->news, slot);
    tm_slotset_remove(&s->ready, slot);
    tm_slotset_remove(&s->fresh, slot);
    tm_slotset_remove(&s->live, slot);
    tm_idmap_remove(&s->by_id, st->id);
    s->n_refused -= st->refused;
    s->n_peers -= is_peers(s, st->id);
    s->tx_pool += st->tx.window.cap - TM_STREAM_WINDOW_MIN;
    s->rx_pool += st->rx.window.cap - TM_STREAM_WINDOW_MIN;
    tm_session_demanded(s);
    tm_session_note_piece(s, st, &(struct tm_piece){.stream = st->id, .at_us = s->now_us});
    tm_session_drop_queue(s, st);
    tm_stream_deinit(st, &s->flight);
}

void tm_session_reap(struct tm_session *s, struct tm_stream *st)
{
    if (st->id == 0 || !st->announced || st->refused)
        return;
    if (st->fin_acked && st->tx.base == st->tx.end && tm_reasm_finished(&st->rx))
        tm_session_mark(s, st, TM_STREAM_EV_ENDED);
}

/* ---- Credit ---- */

/* The peer's credit grows with what was consumed, and a window doubles with each quarter of it, while the pool lasts: models send in bursts of a
 * megabyte and more, in which a window that is behind leaves buffers empty.  Credit never exceeds reserved memory: the ring is there before
 * it is granted. */
static void grant(struct tm_session *s, struct tm_stream *st)
{
    struct tm_reasm *rx = &st->rx;
    if (rx->end != TM_REASM_NO_END)
        return;
    if (rx->base - st->rx_grew_at >= rx->window.cap / 4 && rx->window.cap < TM_STREAM_WINDOW_MAX &&
        s->rx_pool >= rx->window.cap) {
        size_t more = rx->window.cap;
        if (tm_reasm_grow(rx) == TM_OK) {
            s->rx_pool -= more;
            st->rx_grew_at = rx->base;
        }
    }
    uint64_t limit = rx->base + rx->window.cap;
    if (limit - st->rx_granted < rx->window.cap / 4)
        return;
    st->rx_granted = limit;
    tm_session_say(s,
                   &(struct tm_message){.kind = TM_MSG_CREDIT, .stream = st->id, .u.limit = limit});
}

/* The send buffer is ahead of the peer's credit, by less than that: what the next credit lets out lies here already. */
void tm_session_grow_tx(struct tm_session *s, struct tm_stream *st)
{
    struct tm_sendbuf *tx = &st->tx;
    if (tx->window.cap >= TM_STREAM_WINDOW_MAX || s->tx_pool < tx->window.cap ||
        st->tx_limit <= tx->base + tx->window.cap)
        return;
    size_t more = tx->window.cap;
    if (tm_sendbuf_grow(tx) == TM_OK)
        s->tx_pool -= more;
}

/* ---- Applications ---- */

/* A stream of ours, announced by *m, whose stream is set. */
static int open_stream(struct tm_session *s, struct tm_message *m, uint32_t n_max, uint64_t *stream)
{
    if (s->failed)
        return TM_ERR_CLOSED;
    if (tm_sendbuf_room(&s->control.tx) < TM_CONTROL_WINDOW / 2)
        return TM_ERR_LIMIT;
    struct tm_stream *st = s->live.n - s->n_peers < n_max ? new_stream(s, s->next_stream) : NULL;
    if (!st)
        return TM_ERR_LIMIT;
    st->announced = true;
    *stream = m->stream = st->id;
    s->next_stream += 2;
    tm_session_say(s, m);
    return TM_OK;
}

int tm_session_stream_open(struct tm_session *s, const struct tm_dest *dest, uint64_t *stream)
{
    struct tm_message m = {.kind = TM_MSG_OPEN, .u.dest = *dest};
    int rc = open_stream(s, &m, TM_STREAMS_MAX, stream);
    if (rc != TM_OK)
        return rc;
    tm_session_demanded(s);
    s->is_asked = s->cfg.on_demand || s->cfg.idle_stop_us > 0;
    return TM_OK;
}

int tm_session_stream_accept(struct tm_session *s, uint32_t listener, uint64_t *stream)
{
    struct tm_message m = {.kind = TM_MSG_ACCEPT, .listener = (uint8_t)listener};
    if (!tm_session_is_listening(s, listener))
        return TM_ERR_CLOSED;
    return open_stream(s, &m, TM_ACCEPTS_MAX, stream);
}

void tm_session_stream_reply(struct tm_session *s, uint64_t stream, enum tm_reply reply)
{
    struct tm_stream *st = tm_session_stream(s, stream);
    if (stream == 0 || !st || st->refused)
        return;
    tm_session_say(
        s, &(struct tm_message){.kind = TM_MSG_REPLY, .stream = stream, .u.code = (uint8_t)reply});
    if (reply != TM_REPLY_OK)
        free_stream(s, st);
}

ssize_t tm_session_stream_send(struct tm_session *s, uint64_t stream, const uint8_t *p, size_t len)
{
    struct tm_stream *st = stream ? tm_session_stream(s, stream) : NULL;
    if (s->failed || !st || st->refused || st->fin_queued)
        return TM_ERR_CLOSED;
    if (tm_sendbuf_room(&st->tx) < len)
        tm_session_grow_tx(s, st);
    size_t n = tm_sendbuf_put(&st->tx, p, len);
    st->wants_room |= n < len;
    if (n > 0)
        tm_slotset_add(&s->fresh, slot_of(s, st));
    tm_session_note_ready(s, st);
    return (ssize_t)n;
}

void tm_session_stream_finish(struct tm_session *s, uint64_t stream)
{
    struct tm_stream *st = stream ? tm_session_stream(s, stream) : NULL;
    if (!st)
        return;
    st->fin_queued = true;
    tm_session_note_ready(s, st);
}

void tm_session_stream_reset(struct tm_session *s, uint64_t stream, enum tm_reply code)
{
    struct tm_stream *st = stream ? tm_session_stream(s, stream) : NULL;
    if (!st)
        return;
    if (!st->refused)
        tm_session_say(s, &(struct tm_message){
                              .kind = TM_MSG_RESET, .stream = stream, .u.code = (uint8_t)code});
    free_stream(s, st);
}

void tm_session_reset_streams(struct tm_session *s, enum tm_reply code)
{
    for (uint32_t i = 0; i < s->n_slots; i++)
        if (tm_slotset_has(&s->live, i))
            tm_session_stream_reset(s, s->streams[i].id, code);
}

bool tm_session_is_heard(const struct tm_session *s)
{
    return s->control.tx.base == s->control.tx.end;
}

struct tm_view tm_session_stream_peek(struct tm_session *s, uint64_t stream, bool *end)
{
    struct tm_stream *st = stream ? tm_session_stream(s, stream) : NULL;
    *end = false;
    if (!st || st->refused)
        return (struct tm_view){0};
    struct tm_view v = tm_reasm_peek(&st->rx);
    *end = st->rx.base + v.len == st->rx.end;
    return v;
}

void tm_session_stream_consume(struct tm_session *s, uint64_t stream, size_t n)
{
    struct tm_stream *st = stream ? tm_session_stream(s, stream) : NULL;
    if (!st || st->refused)
        return;
    tm_reasm_consume(&st->rx, n);
    s->stats.payload_rx_bytes += n;
    tm_tally_bytes(s->tally, s->now_us, 0, n);
    grant(s, st);
    tm_session_reap(s, st);
}

/* ---- Messages about streams ---- */

/* OPEN to a server; ACCEPT to a client that asked for the listener and was told that it is there. */
static int on_open(struct tm_session *s, const struct tm_message *m)
{
    bool is_due = m->kind == TM_MSG_OPEN
                      ? s->cfg.side == TM_SERVER
                      : s->cfg.side == TM_CLIENT && tm_session_is_listening(s, m->listener);
    if (!is_due || !is_peers(s, m->stream) || m->stream <= s->peer_stream)
        return TM_ERR_PROTO;
    struct tm_stream *st = tm_session_stream_for_data(s, m->stream);
    s->peer_stream = m->stream;
    if (!st) {
        tm_session_say(s, &(struct tm_message){.kind = TM_MSG_REPLY,
                                               .stream = m->stream,
                                               .u.code = TM_REPLY_FAILURE});
        return TM_OK;
    }
    st->announced = true;
    if (m->kind == TM_MSG_OPEN)
        st->dest = m->u.dest;
    st->listener = m->listener;
    tm_session_mark(s, st, TM_STREAM_EV_OPEN);
    if (st->rx.ready > 0 || st->rx.end == 0)
        tm_session_mark(s, st, TM_STREAM_EV_READABLE);
    return TM_OK;
}

static void refuse(struct tm_session *s, struct tm_stream *st, unsigned event, uint8_t code)
{
    st->reply = (enum tm_reply)code;
    st->events = 0; /* older news no longer matter */
    tm_slotset_remove(&s->news, slot_of(s, st));
    st->refused = true;
    s->n_refused++;
    tm_session_mark(s, st, event);
}

int tm_session_heard_stream(struct tm_session *s, const struct tm_message *m)
{
    if (m->kind == TM_MSG_OPEN || m->kind == TM_MSG_ACCEPT)
        return on_open(s, m);
    struct tm_stream *st = tm_session_stream(s, m->stream);
    if (!st || st->refused)
        return TM_OK;
    if (m->kind == TM_MSG_CREDIT) {
        if (m->u.limit > st->tx_limit)
            st->tx_limit = m->u.limit;
        tm_session_note_ready(s, st);
        if (st->wants_room) {
            tm_session_grow_tx(s, st);
            if (tm_sendbuf_room(&st->tx) > 0) {
                st->wants_room = false;
                tm_session_mark(s, st, TM_STREAM_EV_WRITABLE);
            }
        }
        return TM_OK;
    }
    if (m->stream == 0)
        return TM_ERR_PROTO;
    if (m->kind == TM_MSG_RESET) {
        refuse(s, st, TM_STREAM_EV_RESET, m->u.code);
    } else if (is_peers(s, m->stream)) {
        return TM_ERR_PROTO;
    } else if (m->u.code != TM_REPLY_OK) {
        refuse(s, st, TM_STREAM_EV_REPLY, m->u.code);
    } else {
        st->reply = TM_REPLY_OK;
        tm_session_mark(s, st, TM_STREAM_EV_REPLY);
    }
    return TM_OK;
}

/* ---- Events ---- */

/* Takes the stream's most important pending event.  The order is the order in which things can have happened. */
static void take_event(struct tm_session *s, struct tm_stream *st, struct tm_event *ev)
{
    static const struct {
        enum tm_stream_flag flag;
        enum tm_event_kind kind;
    } order[] = {
        {TM_STREAM_EV_OPEN, TM_EVENT_OPEN},         {TM_STREAM_EV_REPLY, TM_EVENT_REPLY},
        {TM_STREAM_EV_RESET, TM_EVENT_RESET},       {TM_STREAM_EV_READABLE, TM_EVENT_READABLE},
        {TM_STREAM_EV_WRITABLE, TM_EVENT_WRITABLE}, {TM_STREAM_EV_ENDED, TM_EVENT_ENDED},
    };
    size_t i = 0;
    while (!(st->events & order[i].flag))
        i++;
    st->events &= ~(unsigned)order[i].flag;
    if (st->events == 0)
        tm_slotset_remove(&s->news, slot_of(s, st));
    *ev = (struct tm_event){.kind = order[i].kind, .stream = st->id, .reply = st->reply};
    if (ev->kind == TM_EVENT_OPEN) {
        ev->dest = st->dest;
        ev->listener = st->listener;
    }
    if (ev->kind == TM_EVENT_ENDED || st->refused)
        free_stream(s, st);
}

/* Nothing is left to open of a schedule file, and what was opened is over. */
static bool is_played(const struct tm_session *s)
{
    if (!s->openers || !s->cfg.is_schedule || tm_session_n_open(s) > 0)
        return false;
    for (uint32_t u = 0; u < s->cfg.n_users; u++) {
        if (!s->openers[u].is_over)
            return false;
    }
    return true;
}

bool tm_session_next_event(struct tm_session *s, struct tm_event *ev)
{
    if (s->failed) {
        if (s->failed_told)
            return false;
        s->failed_told = true;
        *ev = (struct tm_event){
            .kind = TM_EVENT_FAILED, .why = s->failed, .is_forgotten = s->is_forgotten};
        return true;
    }
    if (tm_session_listen_event(s, ev)) /* before the streams that come there */
        return true;
    uint32_t slot = tm_slotset_next(&s->news, 0);
    if (slot != TM_SLOTSET_END) {
        take_event(s, &s->streams[slot], ev);
        return true;
    }
    if (!s->played_told && is_played(s)) {
        s->played_told = true;
        *ev = (struct tm_event){.kind = TM_EVENT_PLAYED, .why = "the schedule is at its end"};
        return true;
    }
    return false;
}
