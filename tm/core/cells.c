/* tm/core/cells.c - the driver of constant-size cells, whose padding and delay Maybenot machines decide.
 *
 * A cell is one TLS record, cell_bytes of TCP payload: acknowledgements, control, pieces of streams, zeros.  What stands at its end tells
 * the other end what it was, so that both count alike: a cell with data is normal, of one without the last byte says it (NORMAL_MARK).
 *
 * Events (Maybenot sec. 3): NormalSent when a cell is queued for control or data, which is when it can leave, or for each cell's worth that waits
 * while machines block; PaddingSent when padding is asked for; TunnelSent when a cell has left for the kernel; TunnelRecv, then NormalRecv or
 * PaddingRecv, when its record was authenticated and understood.  Acknowledgements ride in any cell; when none leaves for ACK_DELAY_US, a
 * normal cell is queued for them.
 *
 * The handshake: ClientHello, server flight and Finished are writes of a cell's size each, and no events.  Differing from cells they are
 * not one record each (the hello is one in clear; the flight and the Finished are TLS's own records, and one of ours that fills up), and
 * machines neither delay nor pad them.
 *
 * Blocking delays acknowledgements too: machines that block for longer than the grace make the other end take the carrier for dead. */
#include "tm/core/cells_int.h"

#include <stdlib.h>
#include <string.h>

#include "tm/core/frame.h"
#include "tm/core/lookout.h"

#define CELL_CARRIERS                                                                              \
    8U /* held: the one that is used, and some whose end the server has not seen */
#define CELL_WRITES  16U /* handed out and not departed */
#define QUEUE_MAX    4096U
#define NORMAL_MARK  1U
#define ACK_DELAY_US (20 * TM_US_PER_MS)
#define ACK_BYTES    (64U << 10)
#define ALIVE_MIN_US (20 * TM_US_PER_S)
#define ALIVE_MAX_US (40 * TM_US_PER_S)
#define BACK_OFF_US  (10 * TM_US_PER_S)

static int start(struct tm_session *s)
{
    uint8_t seed[TM_SEED_LEN] = {0};
    uint8_t own[TM_SEED_LEN];
    struct tm_cells *cs = calloc(1, sizeof *cs);
    if (!cs)
        return TM_ERR_NOMEM;
    s->cells = cs;
    cs->ack_us = TM_NEVER;
    cs->alive_us = TM_NEVER;
    cs->open_us = INT64_MIN;
    memcpy(seed, s->cfg.seed, sizeof s->cfg.seed);
    tm_rng_child(own, seed, TM_RNG_MACHINES, 2 + (uint64_t)s->cfg.side);
    tm_rng_init(&cs->rng, own);
    int rc = tm_padder_new(&cs->padder);
    if (rc != TM_OK || s->cfg.side == TM_SERVER)
        return rc != TM_OK || s->cfg.n_users == 0 ? rc : TM_ERR_RANGE;
    const struct tm_cells_cfg *cfg = s->cfg.cells;
    const struct tm_shape *shape = &s->cfg.shape;
    if (!cfg || s->cfg.n_users != 0 || cfg->cell_bytes < TM_CELL_BYTES_MIN ||
        cfg->cell_bytes > TM_HELLO_MAX || cfg->cell_bytes < shape->hello_min ||
        cfg->cell_bytes < shape->flight_min + TM_RECORD_MIN ||
        cfg->cell_bytes < shape->fin_min + TM_RECORD_MIN || cfg->max_padding_ppm > 1000000 ||
        cfg->max_blocking_ppm > 1000000)
        return TM_ERR_RANGE;
    cs->cell_bytes = cfg->cell_bytes;
    return tm_cells_begin(s);
}

static void stop(struct tm_session *s)
{
    if (!s->cells)
        return;
    tm_padder_free(s->cells->padder);
    tm_mb_set_free(&s->cells->own);
    tm_rng_deinit(&s->cells->rng);
    free(s->cells->text);
    free(s->cells);
    s->cells = NULL;
}

static int adopt(struct tm_session *s, struct tm_carrier *c, uint32_t hello_bytes)
{
    struct tm_cells *cs = s->cells;
    if (s->cfg.side == TM_SERVER && cs->cell_bytes == 0) { /* the first hello says it */
        if (hello_bytes < TM_CELL_BYTES_MIN || hello_bytes > TM_HELLO_MAX ||
            hello_bytes < s->cfg.shape.flight_min + TM_RECORD_MIN)
            return TM_ERR_PROTO;
        cs->cell_bytes = hello_bytes;
    }
    if (hello_bytes != cs->cell_bytes)
        return TM_ERR_PROTO;
    c->cells = calloc(1, sizeof *c->cells);
    if (!c->cells)
        return TM_ERR_NOMEM;
    c->cells->hello_bytes = hello_bytes;
    c->cells->owes_flight = s->cfg.side == TM_SERVER;
    return TM_OK;
}

static void drop(struct tm_carrier *c)
{
    free(c->cells);
    c->cells = NULL;
}

/* ---- What waits ---- */

/* The carrier that cells leave on: of those that can, the youngest; NULL: none. */
static struct tm_carrier *in_use(const struct tm_session *s)
{
    struct tm_carrier *best = NULL;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (c->state == TM_CARRIER_LIVE && c->cells->is_ready && (!best || c->k > best->k))
            best = c;
    }
    return best;
}

static uint64_t waiting_bytes(const struct tm_stream *st)
{
    uint64_t n = tm_stream_fresh(st);
    return !tm_stream_has_data(st) ? 0 : n > 0 ? n : 1;
}

/* Streams wait until the machines of this end are known: nothing leaves undefended. */
static bool has_streams(const struct tm_session *s)
{
    return s->cells->is_told;
}

/* Cells that what waits takes at least: never more than can be filled. */
static uint32_t n_needed(const struct tm_session *s)
{
    const struct tm_cells *cs = s->cells;
    uint64_t room = cs->cell_bytes - TM_RECORD_OVERHEAD;
    if (cs->is_stuck)
        return 0;
    uint64_t n = waiting_bytes(&s->control);
    if (has_streams(s))
        for (uint32_t i = tm_slotset_next(&s->ready, 0); i != TM_SLOTSET_END;
             i = tm_slotset_next(&s->ready, i + 1))
            n += waiting_bytes(&s->streams[i]);
    n = (n + room - 1) / room;
    return n < QUEUE_MAX ? (uint32_t)n : QUEUE_MAX;
}

/* An acknowledgement, or a sign of life, for which no cell is on its way. */
static int64_t alone_us(const struct tm_session *s, const struct tm_padder_counts *n)
{
    const struct tm_cells *cs = s->cells;
    if (n->queued_normal > 0)
        return TM_NEVER;
    return n->queued_padding > 0 ? cs->alive_us : tm_min_us(cs->ack_us, cs->alive_us);
}

static bool has_room(const struct tm_carrier *c)
{
    return !c->writing && c->n_handed - c->cells->n_departed < CELL_WRITES;
}

/* Normal cells to be queued now: all that are needed, where they are held; else one, when it can leave at once. */
static uint32_t n_to_queue(const struct tm_session *s, const struct tm_carrier *c,
                           const struct tm_padder_counts *n, int64_t now_us)
{
    uint32_t needed = n_needed(s);
    if (needed == 0 && (alone_us(s, n) <= now_us || s->is_unknown))
        needed = 1;
    if (needed <= n->queued_normal)
        return 0;
    if (tm_padder_is_blocking(s->cells->padder))
        return needed - n->queued_normal;
    return n->queued_normal == 0 && has_room(c);
}

static void queue(struct tm_session *s, const struct tm_carrier *c, int64_t now_us)
{
    struct tm_padder_counts n;
    tm_padder_get_counts(s->cells->padder, &n);
    tm_padder_queue(s->cells->padder, n_to_queue(s, c, &n, now_us), now_us);
}

/* ---- Cells ---- */

static void note_wanted(struct tm_carrier *c, int64_t now_us)
{
    struct tm_cell_carrier *cc = c->cells;
    if (cc->wanted_ack <= c->acked_records)
        cc->silent_us = now_us;
    cc->wanted_ack = c->tx_records + 1;
    c->was_lost = false;
}

/* What waits; after that, if nothing does and life is to be shown, an empty piece of control. */
static void put_normal(struct tm_session *s, struct tm_carrier *c, struct tm_wr *w, int64_t now_us)
{
    struct tm_cells *cs = s->cells;
    uint32_t last = c->sent.tail;
    bool is_alive_due = cs->alive_us <= now_us;
    if (has_streams(s))
        tm_session_put_streams(s, c, w, now_us);
    else
        tm_session_put_stream(s, c, &s->control, w, now_us);
    if (c->sent.tail != last) {
        note_wanted(c, now_us);
    } else {
        cs->is_stuck = n_needed(s) > 0;
        if (is_alive_due) {
            tm_frame_encode_data_header(w, 0, s->control.tx.base, false, true, 0);
            tm_trail_note(&c->tx_trail, 0, s->control.tx.base);
            note_wanted(c, now_us);
        }
    }
}

static void fill(struct tm_session *s, struct tm_carrier *c, enum tm_cell cell, int64_t now_us)
{
    struct tm_cells *cs = s->cells;
    struct tm_cell_carrier *cc = c->cells;
    struct tm_wr w = tm_wr_init(cc->plain, cs->cell_bytes - TM_RECORD_OVERHEAD);
    if (s->is_unknown && cell == TM_CELL_NORMAL) {
        tm_frame_encode_fail(&w);
        s->is_unknown = false;
    }
    tm_session_put_acks(s, c, &w);
    cs->ack_us = TM_NEVER;
    cs->unacked = 0;
    if (cell == TM_CELL_NORMAL)
        put_normal(s, c, &w, now_us);
    size_t n_pad = tm_wr_room(&w);
    s->stats.pad_tx_bytes += n_pad;
    tm_wr_zeros(&w, n_pad);
    /* The first byte says that padding begins; a cell that has but that one left has data. */
    if (n_pad > 1 && cell == TM_CELL_NORMAL)
        cc->plain[w.len - 1] = NORMAL_MARK;
    cc->plain_len = (uint32_t)w.len;
}

static void account(struct tm_session *s, struct tm_carrier *c, const struct tm_act *act)
{
    c->n_handed++;
    c->writing = true;
    tm_session_touch(s, c);
    s->stats.wire_tx_bytes += act->size;
    s->stats.handshake_tx_bytes += act->hs_size;
    tm_tally_bytes(s->tally, s->now_us, act->size, 0);
}

static struct tm_act write_of(const struct tm_session *s, const struct tm_carrier *c)
{
    return (struct tm_act){.kind = TM_ACT_WRITE,
                           .carrier = c->k,
                           .write = c->n_handed,
                           .size = s->cells->cell_bytes,
                           .due_us = s->now_us,
                           .is_late_choice = true};
}

/* Our part of the handshake, and a record of zeros up to the size of a cell. */
static bool hand_flight(struct tm_session *s, struct tm_act *act)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        struct tm_cell_carrier *cc = c->cells;
        if (c->state != TM_CARRIER_LIVE || !cc->owes_flight || c->writing)
            continue;
        bool is_client = s->cfg.side == TM_CLIENT;
        *act = write_of(s, c);
        act->hs = is_client ? TM_HS_FIN : TM_HS_FLIGHT;
        act->hs_size = is_client ? s->cfg.shape.fin_min : s->cfg.shape.flight_min;
        cc->plain_len = act->size - act->hs_size - TM_RECORD_OVERHEAD;
        memset(cc->plain, 0, cc->plain_len);
        s->stats.pad_tx_bytes += cc->plain_len;
        s->stats.record_tx_bytes += TM_RECORD_OVERHEAD;
        c->tx_records++;
        cc->owes_flight = false;
        if (is_client) {
            cc->is_ready = true;
            s->cells->alive_us = s->now_us;
        }
        account(s, c, act);
        return true;
    }
    return false;
}

static bool hand_cell(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    struct tm_cells *cs = s->cells;
    struct tm_carrier *c = in_use(s);
    tm_padder_run(cs->padder, now_us);
    if (c)
        queue(s, c, now_us);
    else
        tm_padder_drop(cs->padder);
    enum tm_cell cell = tm_padder_ready(cs->padder);
    if (!c || cell == TM_CELL_NONE || !has_room(c))
        return false;
    tm_padder_take(cs->padder);
    fill(s, c, cell, now_us);
    *act = write_of(s, c);
    account(s, c, act);
    c->tx_records++;
    s->stats.record_tx_bytes += TM_RECORD_OVERHEAD;
    if (s->cfg.side == TM_CLIENT && cell == TM_CELL_NORMAL)
        cs->alive_us = now_us + ALIVE_MIN_US +
                       (int64_t)tm_rng_below(&cs->rng, (uint64_t)(ALIVE_MAX_US - ALIVE_MIN_US));
    return true;
}

static size_t compose(struct tm_session *s, struct tm_carrier *c, uint8_t *buf)
{
    struct tm_cell_carrier *cc = c->cells;
    size_t n = cc->plain_len;
    (void)s;
    memcpy(buf, cc->plain, n);
    cc->plain_len = 0;
    c->writing = n > 0;
    return n;
}

/* ---- The carrier ---- */

static int64_t open_due_us(const struct tm_session *s)
{
    if (s->cfg.side != TM_CLIENT)
        return TM_NEVER;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        enum tm_carrier_state st = s->carriers[i]->state;
        if (st == TM_CARRIER_OPENING || st == TM_CARRIER_LIVE)
            return TM_NEVER;
    }
    return s->cells->open_us;
}

static bool hand_open(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    struct tm_known_plan none = {0};
    struct tm_carrier *c;
    int rc = tm_session_add(s, &c, s->next_carrier, &none, TM_NEVER);
    if (rc == TM_OK) {
        c->src = TM_SRC_DRIVEN;
        c->opened_us = c->handed_us = now_us;
        rc = adopt(s, c, s->cells->cell_bytes);
        if (rc != TM_OK)
            tm_session_forget(s, c);
    }
    if (rc != TM_OK) {
        s->cells->open_us = now_us + BACK_OFF_US;
        return false;
    }
    s->next_carrier++;
    uint32_t hello = s->cells->cell_bytes;
    *act = (struct tm_act){.kind = TM_ACT_OPEN, .carrier = c->k, .size = hello, .due_us = now_us};
    c->n_handed = 1;
    s->stats.wire_tx_bytes += hello;
    s->stats.handshake_tx_bytes += hello;
    tm_tally_bytes(s->tally, now_us, hello, 0);
    return true;
}

/* ---- The driver's turn ---- */

static bool poll(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    return hand_flight(s, act) || hand_cell(s, now_us, act) ||
           (open_due_us(s) <= now_us && hand_open(s, now_us, act));
}

static int64_t next_us(const struct tm_session *s)
{
    const struct tm_cells *cs = s->cells;
    const struct tm_carrier *c = in_use(s);
    struct tm_padder_counts n;
    tm_padder_get_counts(cs->padder, &n);
    int64_t us = tm_min_us(tm_padder_next_us(cs->padder), open_due_us(s));
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        const struct tm_carrier *it = s->carriers[i];
        if (it->state == TM_CARRIER_LIVE && it->cells->owes_flight && !it->writing)
            us = s->now_us;
    }
    if (c) {
        if (n_to_queue(s, c, &n, s->now_us) > 0 ||
            (has_room(c) && tm_padder_ready(cs->padder) != TM_CELL_NONE))
            us = s->now_us;
        else if (has_room(c))
            us = tm_min_us(us, alone_us(s, &n));
    }
    return tm_max_us(us, s->now_us);
}

/* ---- What comes ---- */

static void received(struct tm_session *s, struct tm_carrier *c, size_t n, int64_t t_us)
{
    struct tm_cell_carrier *cc = c->cells;
    cc->rx_bytes += n;
    if (s->cfg.side == TM_SERVER) {
        cc->is_ready =
            cc->is_ready || cc->rx_bytes >= (uint64_t)cc->hello_bytes + s->cfg.shape.fin_min;
    } else if (c->n_handed == 1 && !cc->owes_flight && cc->rx_bytes >= s->cells->cell_bytes) {
        cc->owes_flight = true;
        s->cells->n_fruitless = 0;
        if (s->answered_us == TM_NEVER || s->unanswered_us != TM_NEVER)
            s->answered_us = t_us;
        s->unanswered_us = TM_NEVER;
    }
    if (s->cfg.side == TM_SERVER && s->answered_us == TM_NEVER)
        s->answered_us = t_us;
}

static void heard(struct tm_session *s, struct tm_carrier *c, bool is_eliciting,
                  struct tm_view plain, int64_t t_us)
{
    struct tm_cells *cs = s->cells;
    (void)c;
    if (is_eliciting) {
        cs->unacked += (uint32_t)plain.len;
        cs->ack_us = tm_min_us(cs->ack_us, cs->unacked >= ACK_BYTES ? t_us : t_us + ACK_DELAY_US);
    }
    if (plain.len + TM_RECORD_OVERHEAD != cs->cell_bytes)
        return; /* it filled up the handshake */
    bool is_normal = is_eliciting || plain.p[plain.len - 1] == NORMAL_MARK;
    tm_padder_tell(cs->padder, TM_MB_TUNNEL_RECV, t_us);
    tm_padder_tell(cs->padder, is_normal ? TM_MB_NORMAL_RECV : TM_MB_PADDING_RECV, t_us);
}

static void acked(struct tm_session *s, struct tm_carrier *c)
{
    struct tm_cell_carrier *cc = c->cells;
    s->cells->is_stuck = false;
    if (cc && cc->wanted_ack > c->acked_records)
        cc->silent_us = s->now_us;
    if (tm_cells_acked(s, s->now_us) != TM_OK)
        tm_session_fail(s, "out of memory");
}

static void departed(struct tm_session *s, struct tm_carrier *c, uint32_t write, int64_t t_us)
{
    struct tm_cell_carrier *cc = c->cells;
    if (write != cc->n_departed || write >= c->n_handed) {
        tm_session_kill(s, c, "internal: departure out of order", t_us);
        return;
    }
    cc->n_departed++;
    if (write >= (s->cfg.side == TM_CLIENT ? 2U : 1U)) /* the handshake is none */
        tm_padder_tell(s->cells->padder, TM_MB_TUNNEL_SENT, tm_max_us(t_us, s->now_us));
}

static void gone(struct tm_session *s, struct tm_carrier *c, int64_t t_us)
{
    struct tm_cells *cs = s->cells;
    unsigned doublings = cs->n_fruitless < 4 ? cs->n_fruitless : 4;
    cs->is_stuck = false;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *it = s->carriers[i];
        it->ack_due = it->ack_due || (it->state == TM_CARRIER_LIVE && it->rx_records > 0);
    }
    if (s->cfg.side == TM_CLIENT && c->n_handed <= 1) {
        cs->n_fruitless++;
        cs->open_us = t_us + tm_min_us(TM_US_PER_S << doublings, BACK_OFF_US);
    }
    if (cs->refused)
        tm_session_fail(s, cs->refused); /* the client has heard of it */
}

static int64_t dead_us(const struct tm_session *s, const struct tm_carrier *c)
{
    const struct tm_cell_carrier *cc = c->cells;
    if (!cc->is_ready)
        return tm_later_us(c->player.last_rx_us, s->cfg.grace_us);
    if (c->state == TM_CARRIER_LIVE && cc->wanted_ack > c->acked_records)
        return tm_later_us(tm_max_us(cc->silent_us, c->player.last_rx_us), s->cfg.grace_us);
    return TM_NEVER;
}

static bool is_answered(const struct tm_carrier *c)
{
    return c->n_handed > 1;
}

const struct tm_driver tm_driver_cells = {.start = start,
                                          .stop = stop,
                                          .digest = tm_mb_rules_digest,
                                          .carriers_max = CELL_CARRIERS,
                                          .poll = poll,
                                          .next_us = next_us,
                                          .adopt = adopt,
                                          .drop = drop,
                                          .received = received,
                                          .heard = heard,
                                          .acked = acked,
                                          .departed = departed,
                                          .gone = gone,
                                          .compose = compose,
                                          .dead_us = dead_us,
                                          .is_answered = is_answered};

bool tm_session_cells(const struct tm_session *s, struct tm_cells_status *out)
{
    *out = (struct tm_cells_status){0};
    if (!s->cells)
        return false;
    out->cell_bytes = s->cells->cell_bytes;
    out->is_told = s->cells->is_told;
    out->refused = s->cells->refused;
    tm_padder_get_counts(s->cells->padder, &out->counts);
    return true;
}
