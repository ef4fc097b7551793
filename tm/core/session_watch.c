/* tm/core/session_watch.c - counts and gauges of a session: departures, what the peer did, what waits. */
#include "tm/core/session_int.h"

#include "tm/core/driver.h"
#include "tm/core/schedlog.h"

void tm_session_set_tally(struct tm_session *s, struct tm_tally *tally)
{
    s->tally = tally;
}

void tm_session_set_played(struct tm_session *s, struct tm_likeness *played)
{
    s->played = played;
}

/* The part of the mix that a user belongs to. */
static size_t part_of(const struct tm_session *s, uint32_t user)
{
    const struct tm_model *m = s->cfg.model;
    size_t p = 0;
    if (!m || m->kind != TM_MODEL_MIX)
        return 0;
    while (p + 1 < m->u.mix.n_parts && user >= m->u.mix.part[p].n_users)
        user -= m->u.mix.part[p++].n_users;
    return p;
}

static void note_played(const struct tm_session *s, const struct tm_carrier *c, size_t i,
                        int64_t pause_us)
{
    const struct tm_write *w = &c->player.known.plan.w[i];
    if (s->played)
        tm_likeness_add(&s->played[part_of(s, c->user)], i, (enum tm_dir)w->dir, w->size, pause_us);
}

/* ---- What was sent ---- */

static int64_t event_of(const struct tm_player *p, size_t i)
{
    const struct tm_write *w = &p->known.plan.w[i];
    return w->ref_back == 0 ? p->start_us : p->event_us[i - w->ref_back];
}

/* When the plan of write i came, if it was waited for. */
static int64_t asked_of(const struct tm_carrier *c, uint32_t i)
{
    for (unsigned k = 0; k < c->n_asked && k < TM_CARRIER_ASKED; k++) {
        if (c->asked[k].i == i)
            return c->asked[k].t_us;
    }
    return INT64_MIN;
}

void tm_session_note_asked(struct tm_carrier *c, int64_t now_us)
{
    unsigned at = c->n_asked++ % TM_CARRIER_ASKED;
    c->asked[at].i = (uint32_t)c->player.own_next;
    c->asked[at].t_us = now_us;
}

/* What the rules say; but a write that waited for us to go on, for at least half of its wait, waited for this machine. */
static enum tm_slip slip_of(const struct tm_session *s, const struct tm_departure *d,
                            int64_t due_us, int64_t asked_us)
{
    bool is_late = d->first_us - due_us > TM_SLIP_US;
    int64_t from_us = is_late ? due_us : d->first_us;
    int64_t to_us = is_late ? d->first_us : d->last_us;
    int64_t stood_us = tm_min_us(to_us, s->stood_until_us) - tm_max_us(from_us, s->stood_from_us);
    bool has_stood = to_us - from_us > TM_SLIP_US && 2 * stood_us >= to_us - from_us;
    return has_stood ? TM_SLIP_MACHINE : tm_slip_of(d, due_us, asked_us, s->cfg.prep_us);
}

void tm_session_departed(struct tm_session *s, uint32_t carrier, uint32_t write,
                         const struct tm_departure *d)
{
    struct tm_carrier *c = tm_session_find(s, carrier);
    if (!c || c->state == TM_CARRIER_KILLED || c->state == TM_CARRIER_ENDED)
        return;
    if (s->driver) {
        s->driver->departed(s, c, write, d->last_us); /* it had no deadline: nothing to judge */
        return;
    }
    struct tm_player *p = &c->player;
    if (tm_player_sent(p, write, d->last_us) != TM_OK) {
        tm_session_kill(s, c, "internal: departure out of order", d->last_us);
        return;
    }
    tm_session_note_over(s, c);
    const struct tm_write *w = &p->known.plan.w[write];
    int64_t event_us = event_of(p, write);
    int64_t due_us = tm_max_us(tm_later_us(event_us, w->gap_us), c->sent_due_us);
    enum tm_slip slip = slip_of(s, d, due_us, asked_of(c, write));
    c->sent_due_us = due_us;
    c->sent_bytes += w->size;
    bool is_exact = d->offset == TM_SLIP_OFFSET_UNKNOWN || d->offset == c->sent_bytes;
    tm_tally_sent(s->tally, d->last_us, d->first_us - due_us, slip, is_exact);
    tm_tally_unsent(s->tally, d->last_us, d->unsent);
    note_played(s, c, write, d->first_us - event_us);
    if (s->log)
        tm_schedlog_write(s->log, carrier, write, w, event_us, due_us, d->first_us, d->last_us,
                          d->unsent, slip);
}

void tm_session_sent(struct tm_session *s, uint32_t carrier, uint32_t write, int64_t t_first_us,
                     int64_t t_last_us, uint32_t unsent)
{
    const struct tm_departure d = {.first_us = t_first_us,
                                   .last_us = t_last_us,
                                   .ready_us = INT64_MIN,
                                   .tail_us = INT64_MIN,
                                   .free_us = INT64_MIN,
                                   .offset = TM_SLIP_OFFSET_UNKNOWN,
                                   .unsent = unsent};
    tm_session_departed(s, carrier, write, &d);
}

/* Own writes handed out that have not left. */
static uint32_t waiting(const struct tm_player *p)
{
    uint32_t n = 0;
    for (size_t i = p->own_sent; i < p->own_next && i < p->known.plan.n_writes; i++)
        n += p->known.plan.w[i].dir == tm_side_dir(p->side);
    return n;
}

/* ---- What the other end did ---- */

/* Write 1 is the server's flight: whoever sent that much is our server.  A server's carrier was authenticated
 * before it existed. */
static bool is_answered(const struct tm_session *s, const struct tm_carrier *c)
{
    const struct tm_player *p = &c->player;
    if (s->driver && s->cfg.side == TM_CLIENT)
        return s->driver->is_answered(c);
    return s->cfg.side == TM_SERVER || (p->known.plan.n_writes > 1 && p->event_us[1] != TM_NEVER);
}

/* Which tells nothing of the ClientHello that brought it but its size. */
static bool has_plan_from_token(const struct tm_session *s, const struct tm_carrier *c)
{
    bool is_shipped = c->src == TM_SRC_EXPLICIT && !tm_session_is_master(s);
    return s->cfg.side == TM_SERVER && (is_shipped || c->is_early);
}

void tm_session_note_peer(struct tm_session *s, const struct tm_carrier *c, size_t from)
{
    const struct tm_player *p = &c->player;
    for (size_t i = from; i < p->peer_next; i++) {
        struct tm_write w = p->known.plan.w[i];
        if (w.dir == tm_side_dir(p->side))
            continue;
        if (i == 0 && has_plan_from_token(s, c))
            w.gap_us = TM_WRITE_GAP_UNKNOWN;
        int64_t due_us = tm_later_us(event_of(p, i), w.gap_us);
        if (due_us != TM_NEVER && w.gap_us != TM_WRITE_GAP_UNKNOWN)
            tm_tally_peer(s->tally, p->event_us[i], p->event_us[i] - due_us);
        note_played(s, c, i, p->event_us[i] - event_of(p, i));
        if (s->log)
            tm_schedlog_recv(s->log, c->k, (uint32_t)i, &w, p->event_us[i]);
    }
    if (p->peer_next == from || !is_answered(s, c))
        return;
    if (s->answered_us == TM_NEVER || s->unanswered_us != TM_NEVER)
        s->answered_us = p->last_rx_us;
    s->unanswered_us = TM_NEVER;
}

void tm_session_note_gone(struct tm_session *s, const struct tm_carrier *c, bool answered,
                          int64_t t_us)
{
    tm_tally_lost(s->tally, t_us, waiting(&c->player));
    if (!answered && s->unanswered_us == TM_NEVER)
        s->unanswered_us = t_us;
}

/* ---- What waits ---- */

void tm_session_note_fresh(struct tm_session *s, int64_t now_us)
{
    for (uint32_t i = tm_slotset_next(&s->fresh, 0); i != TM_SLOTSET_END;
         i = tm_slotset_next(&s->fresh, i + 1)) {
        struct tm_stream *st = &s->streams[i];
        if (st->tx.end > st->tx.next)
            tm_waits_put(&st->waits, st->tx.end, now_us);
        tm_slotset_remove(&s->fresh, i);
    }
}

static void add_streams(const struct tm_session *s, struct tm_session_control *out)
{
    for (uint32_t i = 0; i < s->n_slots; i++) {
        const struct tm_stream *st = &s->streams[i];
        struct tm_view part[2];
        int64_t since_us;
        if (st->live && st->queue && tm_datagram_queue_first(st->queue, part, &since_us) > 0) {
            out->waiting_bytes += tm_datagram_queue_bytes(st->queue);
            out->oldest_us = tm_min_us(out->oldest_us, since_us);
        }
        if (!st->live || st->refused || st->tx.end == st->tx.next)
            continue;
        out->waiting_bytes += st->tx.end - st->tx.next;
        out->oldest_us = tm_min_us(out->oldest_us, tm_waits_since(&st->waits, st->tx.next));
    }
}

/* How long ago the first write that has not left was due. */
static int64_t overdue_us(const struct tm_carrier *c, int64_t now_us)
{
    const struct tm_player *p = &c->player;
    if (waiting(p) == 0)
        return 0;
    int64_t due_us = tm_later_us(event_of(p, p->own_sent), p->known.plan.w[p->own_sent].gap_us);
    return due_us == TM_NEVER ? 0 : tm_max_us(0, now_us - tm_max_us(due_us, c->sent_due_us));
}

static void add_carrier(const struct tm_session *s, const struct tm_carrier *c, int64_t now_us,
                        struct tm_session_control *out)
{
    int64_t dead_us = c->state == TM_CARRIER_LIVE ? tm_player_dead_us(&c->player) : TM_NEVER;
    int64_t behind_us = dead_us == TM_NEVER ? 0 : now_us - (dead_us - s->cfg.grace_us);
    if (c->state == TM_CARRIER_ENDED || c->state == TM_CARRIER_KILLED)
        return;
    out->n_waiting += waiting(&c->player);
    out->overdue_us = tm_max_us(out->overdue_us, overdue_us(c, now_us));
    if (is_answered(s, c)) {
        behind_us = tm_max_us(0, behind_us);
        out->behind_us = out->n_open == 0 ? behind_us : tm_min_us(out->behind_us, behind_us);
        out->n_open++;
    } else {
        out->n_opening++;
        out->opening_us = tm_min_us(out->opening_us, c->opened_us);
    }
}

static void add_demand(const struct tm_session *s, struct tm_session_control *out)
{
    uint32_t n_held = 0;
    for (uint32_t u = 0; s->openers && u < s->cfg.n_users; u++)
        n_held += s->openers[u].is_held;
    out->is_held = s->openers && n_held == s->cfg.n_users;
    out->demand_us = s->has_demanded ? s->demand_us : TM_NEVER;
}

void tm_session_get_control(const struct tm_session *s, int64_t now_us,
                            struct tm_session_control *out)
{
    int64_t next_us = tm_session_due_us(s);
    *out = (struct tm_session_control){.cfg = &s->cfg,
                                       .digest = s->digest,
                                       .failed = s->failed,
                                       .opening_us = TM_NEVER,
                                       .next_us = next_us,
                                       .answered_us = s->answered_us,
                                       .unanswered_us = s->unanswered_us,
                                       .oldest_us = TM_NEVER,
                                       .played = s->played};
    add_demand(s, out);
    for (uint32_t i = 0; i < s->n_carriers; i++)
        add_carrier(s, s->carriers[i], now_us, out);
    add_streams(s, out);
    (void)tm_session_cells(s, &out->cells);
}

void tm_session_stats_add(struct tm_session_stats *total, const struct tm_session_stats *s)
{
    total->wire_tx_bytes += s->wire_tx_bytes;
    total->wire_rx_bytes += s->wire_rx_bytes;
    total->handshake_tx_bytes += s->handshake_tx_bytes;
    total->record_tx_bytes += s->record_tx_bytes;
    total->plan_tx_bytes += s->plan_tx_bytes;
    total->ack_tx_bytes += s->ack_tx_bytes;
    total->control_tx_bytes += s->control_tx_bytes;
    total->payload_tx_bytes += s->payload_tx_bytes;
    total->resent_tx_bytes += s->resent_tx_bytes;
    total->pad_tx_bytes += s->pad_tx_bytes;
    total->payload_rx_bytes += s->payload_rx_bytes;
    total->data_rx_bytes += s->data_rx_bytes;
    total->pad_rx_bytes += s->pad_rx_bytes;
    total->control_rx_bytes += s->control_rx_bytes;
    total->batches_late += s->batches_late;
    total->carriers_opened += s->carriers_opened;
    total->carriers_ended += s->carriers_ended;
    total->carriers_died += s->carriers_died;
}
