/* tm/core/session_net.c - what comes from the network: connections, bytes, records, frames, messages. */
#include "tm/core/session_int.h"

#include <string.h>

#include "tm/core/cells_int.h"
#include "tm/core/driver.h"
#include "tm/core/embed.h"
#include "tm/core/entry.h"
#include "tm/core/frame.h"
#include "tm/core/schedlog.h"

/* The shell should have asked by then what is to be done about it. */
static void note_wanted(struct tm_session *s, int64_t t_us)
{
    s->wanted_us = tm_min_us(s->wanted_us, t_us);
}

void tm_session_opened(struct tm_session *s, uint32_t carrier, int64_t t_us)
{
    note_wanted(s, t_us);
    struct tm_carrier *c = tm_session_find(s, carrier);
    if (!c || c->state != TM_CARRIER_OPENING)
        return;
    c->state = TM_CARRIER_LIVE;
    tm_player_start(&c->player, t_us);
}

/* ---- Driven ---- */

static int accept_driven(struct tm_session *s, const struct tm_token *t, uint32_t hello_bytes,
                         int64_t t_us)
{
    struct tm_known_plan none = {0};
    struct tm_carrier *c;
    if (t->src != TM_SRC_DRIVEN || t->n_users != s->cfg.n_users)
        return TM_ERR_PROTO;
    int rc = tm_session_add(s, &c, t->carrier, &none, t_us);
    if (rc != TM_OK)
        return rc;
    c->src = t->src;
    rc = s->driver->adopt(s, c, hello_bytes);
    if (rc != TM_OK) {
        tm_session_forget(s, c);
        return rc;
    }
    s->is_unknown |= t->is_established && s->stats.carriers_opened == 1;
    c->state = TM_CARRIER_LIVE;
    c->opened_us = t_us;
    tm_session_received(s, t->carrier, hello_bytes, t_us);
    return TM_OK;
}

/* ---- Accepting (server) ---- */

/* Whether carrier number k is new; remembers it.  The numbers ascend, but may arrive in any order. */
static bool is_new_number(struct tm_session *s, uint32_t k)
{
    const uint64_t span = TM_CARRIERS_SEEN;
    if (k < s->seen_base)
        return false;
    while (k >= s->seen_base + span) { /* slide by a word; what falls out counts as used */
        memmove(s->seen_bits, s->seen_bits + 1, sizeof s->seen_bits - sizeof s->seen_bits[0]);
        s->seen_bits[TM_CARRIERS_SEEN / 64 - 1] = 0;
        s->seen_base += 64;
    }
    uint64_t at = k - s->seen_base;
    uint64_t bit = UINT64_C(1) << (at & 63);
    if (s->seen_bits[at >> 6] & bit)
        return false;
    s->seen_bits[at >> 6] |= bit;
    return true;
}

static int accepted_plan(struct tm_session *s, const struct tm_token *t,
                         struct tm_known_plan *known, bool *is_early)
{
    /* The client ships it, or says how it begins: its token holds what follows the ClientHello, which it is itself. */
    bool is_shipped = t->src == TM_SRC_EXPLICIT && !tm_session_is_master(s);
    *known = (struct tm_known_plan){0};
    *is_early = !is_shipped && t->head_len > 0 && !tm_session_has_plan(s, t->src, t->user);
    return is_shipped || *is_early ? TM_OK : tm_session_plan(s, t->src, t->user, t->index, known);
}

/* The head in the token of an explicit plan whose first entry is the ClientHello that brought it. */
static int token_head(struct tm_session *s, const struct tm_token *t, uint32_t hello_bytes,
                      struct tm_known_plan *known)
{
    struct tm_rd r = tm_rd_init(t->head, t->head_len);
    int rc = tm_plan_add(&known->plan, (struct tm_write){.size = hello_bytes, .dir = TM_UP});
    while (rc == TM_OK && r.len > 0)
        rc = tm_entry_decode(&r, known);
    if (rc == TM_OK)
        rc = tm_shape_check(&known->plan, &s->cfg.shape, 0);
    return rc;
}

int tm_session_accept(struct tm_session *s, const struct tm_token *t, uint32_t hello_bytes,
                      int64_t t_us)
{
    if (s->failed)
        return TM_ERR_CLOSED;
    if (t->carrier > s->seen_base + UINT32_MAX / 2 || !is_new_number(s, t->carrier) ||
        (!s->driver && t->user >= s->cfg.n_users) || t->is_schedule != s->cfg.is_schedule ||
        memcmp(t->digest, s->digest, sizeof t->digest) != 0)
        return TM_ERR_PROTO;
    if (s->driver)
        return accept_driven(s, t, hello_bytes, t_us);
    struct tm_known_plan known = {0};
    bool is_early;
    int rc = accepted_plan(s, t, &known, &is_early);
    if (rc == TM_OK && known.plan.n_writes == 0)
        rc = token_head(s, t, hello_bytes, &known);
    if (rc != TM_OK) {
        tm_plan_deinit(&known.plan);
        return rc == TM_ERR_NOMEM ? rc : TM_ERR_PROTO;
    }
    /* The client has heard a server in this session; this one has only just been made. */
    s->is_unknown |= t->is_established && s->stats.carriers_opened == 0;
    bool shipping = t->src == TM_SRC_EXPLICIT && tm_session_is_master(s);
    size_t shipped =
        shipping ? tm_embed_head(&known.plan, &s->cfg.shape, TM_SERVER, tm_session_embed_rule(s))
                 : 0;
    if (known.plan.w[0].size != hello_bytes) {
        tm_plan_deinit(&known.plan);
        return TM_ERR_PROTO;
    }
    struct tm_carrier *c;
    rc = tm_session_add(s, &c, t->carrier, &known, t_us);
    if (rc != TM_OK)
        return rc;
    c->state = TM_CARRIER_LIVE;
    c->src = t->src;
    c->user = t->user;
    c->index = t->index;
    c->opened_us = t_us;
    c->is_early = is_early;
    s->n_early += is_early;
    c->shipping = shipping;
    c->shipped = shipped;
    tm_session_received(s, t->carrier, hello_bytes, t_us);
    if (shipping)
        tm_session_ship_heads(s, t->user, (uint64_t)t->index + 1);
    return TM_OK;
}

/* ---- Bytes ---- */

void tm_session_heard(struct tm_session *s, int64_t t_us)
{
    s->heard_us = t_us;
    note_wanted(s, t_us);
}

void tm_session_received(struct tm_session *s, uint32_t carrier, size_t n, int64_t t_us)
{
    struct tm_carrier *c = tm_session_find(s, carrier);
    note_wanted(s, t_us);
    s->stats.wire_rx_bytes += n;
    s->stats.last_rx_us = t_us;
    tm_tally_bytes(s->tally, t_us, n, 0);
    if (!c || (c->state != TM_CARRIER_LIVE && c->state != TM_CARRIER_CLOSING))
        return;
    if (s->driver) {
        c->player.last_rx_us = t_us;
        s->driver->received(s, c, n, t_us);
        return;
    }
    struct tm_player *p = &c->player;
    size_t from = p->peer_next;
    if (tm_player_received(p, n, t_us) != TM_OK) {
        tm_session_kill(s, c, "more bytes than planned", t_us);
        return;
    }
    tm_session_note_over(s, c);
    tm_session_note_peer(s, c, from);
}

/* ---- Frames ---- */

static void acknowledge(struct tm_session *s, struct tm_carrier *c, uint64_t n_records)
{
    struct tm_item *it;
    if (n_records > c->acked_records)
        c->acked_records = n_records;
    while ((it = tm_flight_first(&s->flight, &c->sent)) != NULL && it->record < c->acked_records) {
        struct tm_stream *st = tm_session_stream(s, it->stream);
        if (st)
            tm_stream_acked(st, it);
        tm_flight_drop_first(&s->flight, &c->sent);
        if (!st)
            continue;
        if (st->queue) /* what waits may have room now */
            tm_session_note_ready(s, st);
        if (st->wants_room && tm_sendbuf_room(&st->tx) > 0) {
            st->wants_room = false;
            tm_session_mark(s, st, TM_STREAM_EV_WRITABLE);
        }
        tm_session_reap(s, st);
    }
    if (s->driver)
        s->driver->acked(s, c);
    if (c->state == TM_CARRIER_ENDED && tm_item_list_is_empty(&c->sent))
        tm_session_forget(s, c);
}

static int on_ack(struct tm_session *s, struct tm_carrier *here, const struct tm_frame *f)
{
    struct tm_carrier *c = f->u.ack.here ? here : tm_session_find(s, f->u.ack.carrier);
    if (!c)
        return TM_OK; /* forgotten since */
    if (f->u.ack.n_records > c->tx_records)
        return TM_ERR_PROTO;
    acknowledge(s, c, f->u.ack.n_records);
    return TM_OK;
}

static int on_plan(struct tm_session *s, struct tm_carrier *c, unsigned n, struct tm_rd *r,
                   int64_t now_us)
{
    struct tm_known_plan *known = &c->player.known;
    if (c->src != TM_SRC_EXPLICIT || c->shipping)
        return TM_ERR_PROTO;
    if (s->n_told + n > TM_TOLD_MAX) {
        tm_session_fail(s, "the other end plans more than can be held here");
        return TM_OK;
    }
    s->n_told += n;
    c->n_told += n;
    size_t from = known->plan.n_writes;
    bool is_waiting = c->player.own_next >= from;
    int rc = TM_OK;
    for (unsigned i = 0; rc == TM_OK && i < n; i++)
        rc = tm_entry_decode(r, known);
    if (rc == TM_OK)
        rc = tm_shape_check(&known->plan, &s->cfg.shape, from);
    if (rc == TM_OK)
        rc = tm_player_grown(&c->player);
    if (rc == TM_OK && is_waiting && c->player.own_next < known->plan.n_writes)
        tm_session_note_asked(c, now_us);
    if (rc == TM_OK)
        tm_session_note_over(s, c);
    return rc;
}

/* ---- Control messages ---- */

static int on_carrier_end(struct tm_session *s, const struct tm_message *m, int64_t now_us)
{
    struct tm_carrier *c = tm_session_find(s, m->u.end.carrier);
    if (!c || c->state == TM_CARRIER_KILLED)
        return TM_OK;
    if (m->u.end.n_records > c->tx_records)
        return TM_ERR_PROTO;
    enum tm_carrier_state was = c->state;
    c->peer_reported = true;
    if (was == TM_CARRIER_ENDED) {
        /* What was acknowledged goes, the rest is lost; then nothing holds the carrier any more. */
        c->state = TM_CARRIER_CLOSING; /* so that acknowledge() does not forget it under us */
        acknowledge(s, c, m->u.end.n_records);
        tm_session_lose(s, c);
        tm_session_forget(s, c);
        return TM_OK;
    }
    acknowledge(s, c, m->u.end.n_records);
    /* Where it had all and closed as planned, its last bytes may still be on their way here.  What is lost is known now, so
     * nothing more may be sent. */
    const struct tm_known_plan *known = &c->player.known;
    bool may_go_on = s->driver ? c->state == TM_CARRIER_CLOSING
                               : known->complete && !tm_close_is_plain(&known->plan.close) &&
                                     c->player.own_next >= known->plan.n_writes && !c->writing;
    if (!tm_player_done(&c->player) && !may_go_on)
        tm_session_kill(s, c, "the peer lost it", now_us);
    else
        tm_session_lose(s, c);
    return TM_OK;
}

static int on_plan_seed(struct tm_session *s, const struct tm_message *m)
{
    if (s->cfg.side != TM_CLIENT || s->cfg.master != TM_SERVER ||
        s->cfg.plan_mode != TM_PLAN_SEEDED || s->master_gen)
        return TM_ERR_PROTO;
    struct tm_gen_cfg g = {.model = s->cfg.model,
                           .n_users = s->cfg.n_users,
                           .pace_us = (int64_t)s->cfg.pace_ms * TM_US_PER_MS,
                           .batches = s->cfg.batches,
                           .maker = s->cfg.maker};
    memcpy(g.seed, m->u.seed, sizeof m->u.seed);
    return tm_gen_new(&s->master_gen, &g); /* the next poll follows it */
}

static int on_plan_head(struct tm_session *s, const struct tm_message *m)
{
    struct tm_head head = {.open = m->u.head.open, .len = (uint16_t)m->u.head.entries.len};
    if (s->cfg.side != TM_CLIENT || s->cfg.master != TM_SERVER ||
        s->cfg.plan_mode != TM_PLAN_EMBEDDED || m->u.head.user >= s->cfg.n_users ||
        m->u.head.entries.len > sizeof head.entries)
        return TM_ERR_PROTO;
    memcpy(head.entries, m->u.head.entries.p, m->u.head.entries.len);
    return tm_opener_add_head(&s->openers[m->u.head.user], &head);
}

static int on_settings(struct tm_session *s, const struct tm_message *m)
{
    if (m->u.settings.version != TM_PROTOCOL_VERSION ||
        m->u.settings.stream_window != TM_STREAM_WINDOW_MIN)
        return TM_ERR_PROTO;
    s->settings_seen = true;
    s->peer_features = m->u.settings.features;
    tm_session_heard_features(s);
    return TM_OK;
}

static int heard(struct tm_session *s, const struct tm_message *m, int64_t now_us)
{
    if (!s->settings_seen && m->kind != TM_MSG_SETTINGS)
        return TM_ERR_PROTO;
    switch (m->kind) {
    case TM_MSG_SETTINGS:
        return on_settings(s, m);
    case TM_MSG_CARRIER_END:
        return on_carrier_end(s, m, now_us);
    case TM_MSG_PLAN_SEED:
        return on_plan_seed(s, m);
    case TM_MSG_PLAN_HEAD:
        return on_plan_head(s, m);
    case TM_MSG_FAIL:
        tm_session_fail(s, m->u.code == TM_FAIL_MACHINES
                               ? "the server refuses the machines that it is to run"
                               : "the other end gave the session up");
        return TM_OK;
    case TM_MSG_MACHINES:
    case TM_MSG_MACHINES_PART:
        return tm_cells_heard(s, m, now_us);
    case TM_MSG_LISTEN:
    case TM_MSG_LISTENING:
        return tm_session_heard_listener(s, m);
    case TM_MSG_OPEN:
    case TM_MSG_ACCEPT:
    case TM_MSG_REPLY:
    case TM_MSG_RESET:
    case TM_MSG_CREDIT:
        return tm_session_heard_stream(s, m);
    }
    return TM_OK;
}

/* ---- Records ---- */

/* The whole control messages that lie ready. */
static int hear(struct tm_session *s, int64_t now_us)
{
    uint8_t buf[TM_MESSAGE_MAX];
    for (;;) {
        struct tm_reasm *rx = &s->control.rx;
        struct tm_view v = tm_reasm_peek(rx);
        size_t all = (size_t)(rx->ready - rx->base);
        if (v.len < all && v.len < sizeof buf) { /* it wraps around the ring: gather */
            size_t n = all < sizeof buf ? all : sizeof buf;
            memcpy(buf, v.p, v.len);
            memcpy(buf + v.len, rx->window.bytes, n - v.len);
            v = (struct tm_view){buf, n};
        }
        struct tm_message m;
        int used = tm_message_decode(&m, v.p, v.len);
        if (used <= 0)
            return used;
        int rc = m.kind ? heard(s, &m, now_us) : TM_OK;
        if (rc != TM_OK)
            return rc;
        tm_reasm_consume(rx, (size_t)used);
        if (rx->base + rx->window.cap - s->control.rx_granted >= TM_CONTROL_WINDOW / 2) {
            s->control.rx_granted = rx->base + rx->window.cap;
            tm_session_say(
                s, &(struct tm_message){.kind = TM_MSG_CREDIT, .u.limit = s->control.rx_granted});
        }
    }
}

static int on_data(struct tm_session *s, const struct tm_carrier *c, const struct tm_frame *f,
                   int64_t now_us)
{
    struct tm_stream *st =
        f->u.data.stream == 0 ? &s->control : tm_session_stream_for_data(s, f->u.data.stream);
    if (!st || st->refused)
        return TM_OK; /* a duplicate of a stream that ended, or one that will be refused */
    uint64_t ready = st->rx.ready;
    bool had_end = st->rx.ready == st->rx.end;
    int rc = tm_reasm_put(&st->rx, f->u.data.offset, f->u.data.bytes, f->u.data.fin);
    if (rc != TM_OK)
        return rc;
    if (st == &s->control)
        return f->u.data.fin ? TM_ERR_PROTO : hear(s, now_us);
    if (f->u.data.bytes.len > 0)
        tm_session_note_piece(
            s, st, &(struct tm_piece){st->id, c->k, (uint32_t)f->u.data.bytes.len, now_us});
    if (st->rx.ready > ready || (st->rx.ready == st->rx.end && !had_end))
        tm_session_mark(s, st, TM_STREAM_EV_READABLE);
    return TM_OK;
}

/* The frames of one record; *eliciting: it holds more than acknowledgements and plans, so it is itself to be
 * acknowledged. */
static int frames(struct tm_session *s, struct tm_carrier *c, struct tm_rd *r, bool *eliciting,
                  int64_t now_us)
{
    *eliciting = false;
    while (r->len > 0) {
        struct tm_frame f;
        size_t left = r->len;
        int rc = tm_frame_decode(r, &f);
        if (rc != TM_OK)
            return rc;
        switch (f.kind) {
        case TM_FRAME_PAD:
            s->stats.pad_rx_bytes += left - r->len;
            break;
        case TM_FRAME_ACK:
            rc = on_ack(s, c, &f);
            break;
        case TM_FRAME_PLAN:
            rc = on_plan(s, c, f.u.plan.n_entries, r, now_us);
            if (s->failed)
                return rc;
            break;
        case TM_FRAME_FAIL:
            tm_session_fail(s, "the server does not know it any more, it was restarted");
            s->is_forgotten = true;
            return TM_OK;
        case TM_FRAME_DATA:
            *eliciting = true;
            rc = tm_trail_follow(&c->rx_trail, &f);
            s->stats.data_rx_bytes += rc == TM_OK && f.u.data.stream != 0 ? f.u.data.bytes.len : 0;
            if (rc == TM_OK)
                rc = on_data(s, c, &f, now_us);
            break;
        }
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

int tm_session_record(struct tm_session *s, uint32_t carrier, const uint8_t *p, size_t len,
                      int64_t now_us)
{
    struct tm_carrier *c = tm_session_find(s, carrier);
    if (s->failed || !c || (c->state != TM_CARRIER_LIVE && c->state != TM_CARRIER_CLOSING))
        return TM_OK;
    struct tm_rd r = tm_rd_init(p, len);
    bool eliciting;
    uint64_t before = s->stats.data_rx_bytes + s->stats.pad_rx_bytes;
    c->rx_records++;
    int rc = frames(s, c, &r, &eliciting, now_us);
    s->stats.control_rx_bytes +=
        len + TM_RECORD_OVERHEAD - (s->stats.data_rx_bytes + s->stats.pad_rx_bytes - before);
    if (rc == TM_ERR_NOMEM) {
        tm_session_fail(s, "out of memory");
    } else if (rc != TM_OK) {
        /* The bytes were authentic, so the peer itself is wrong: nothing that it says can be trusted. */
        tm_session_fail(s, "the peer broke the protocol");
    } else {
        c->ack_due |= eliciting;
        if (s->driver && !s->failed)
            s->driver->heard(s, c, eliciting, (struct tm_view){p, len}, now_us);
    }
    return rc;
}
