/* tm/core/shuffle.c - the driver of MUFFLER's mapping: streams over carriers, no padding, no delay.
 *
 * Source: MUFFLER sec. III-E; the mapping and our deviations are in models/shuffle.h.
 *
 * A write is one record, composed when it is handed out: acknowledgements, control, and a piece of one stream.  So the choice of stream and
 * carrier is made when a carrier has room, never before.  A carrier has room while less is on its way from here to its socket than
 * it lately moved in ROOM_US, or nothing is; the shell reports a departure when the socket takes the bytes, and
 * lets few lie unsent there (TCP_NOTSENT_LOWAT, TM_WIRE_LATE).  A slow carrier so holds back little, and other pieces pass it.
 *
 * MUFFLER's commands, and what they are here:
 *   create      the token in a ClientHello (no round trip before; refused without TLS when it is none of ours)
 *   remove      the client's FIN, and CARRIER_END of both ends with how far each came
 *   relay       DATA: stream, offset, length or the rest of the record; 4 to 12 bytes for the paper's 8.  The offset lets one
 *               stream be cut over several carriers, which the paper names as future work
 *   keep-alive  a record with an empty piece of control, acknowledged as any other, so that a dead carrier is noticed
 *
 * Limits.  Unread bytes in the wrong order are at most the credit given: TM_STREAM_WINDOW_MIN for each of TM_STREAMS_HELD streams and
 * TM_WINDOW_POOL for all.  Carriers of a peer: TM_SHUFFLE_CARRIERS.  Data for a stream that has ended is dropped, for one that
 * cannot be, ends the session. */
#include "tm/core/shuffle.h"

#include <stdlib.h>
#include <string.h>

#include "tm/core/frame.h"
#include "tm/core/lookout.h"

/* Carriers in use, those that are kept though fewer are needed, and those whose end the server has not seen yet. */
#define TM_SHUFFLE_CARRIERS (4 * TM_SHUFFLE_M_MAX)

#define ROOM_US      (4 * TM_US_PER_MS)
#define ROOM_MAX     ((uint64_t)8 * TM_RECORD_MAX)
#define ACK_DELAY_US (20 * TM_US_PER_MS)
#define ACK_BYTES    (64U << 10) /* received and not acknowledged: then at once */
/* A keep-alive follows the last write of a carrier by a lag uniform in this range: within what address translators forget. */
#define ALIVE_MIN_US (20 * TM_US_PER_S)
#define ALIVE_MAX_US (40 * TM_US_PER_S)
#define PROMPT_US    (2 * TM_US_PER_MS)
#define FOLLOW_US    (10 * TM_US_PER_S) /* how long the server uses what the client used */

/* ---- State ---- */

static int start(struct tm_session *s)
{
    struct tm_shuffler *sh = calloc(1, sizeof *sh);
    uint8_t seed[TM_SEED_LEN] = {0};
    uint8_t own[TM_SEED_LEN];
    if (!sh)
        return TM_ERR_NOMEM;
    s->shuffler = sh;
    if (s->cfg.n_users > TM_SHUFFLE_M_MAX)
        return TM_ERR_RANGE;
    sh->cfg = tm_shuffle_default(s->cfg.n_users);
    memcpy(seed, s->cfg.seed, sizeof s->cfg.seed);
    tm_rng_child(own, seed, TM_RNG_SHUFFLE, (uint64_t)s->cfg.side);
    tm_rng_init(&sh->rng, own);
    tm_shuffle_count_init(&sh->count, &sh->cfg);
    sh->ack_us = TM_NEVER;
    sh->open_us = INT64_MIN;
    return tm_shuffle_check(&sh->cfg);
}

static void stop(struct tm_session *s)
{
    if (s->shuffler)
        tm_rng_deinit(&s->shuffler->rng);
    free(s->shuffler);
    s->shuffler = NULL;
}

static int adopt(struct tm_session *s, struct tm_carrier *c, uint32_t hello_bytes)
{
    c->relay = calloc(1, sizeof *c->relay);
    if (!c->relay)
        return TM_ERR_NOMEM;
    c->relay->hello_bytes = hello_bytes;
    c->relay->owes_flight = s->cfg.side == TM_SERVER;
    c->relay->alive_us = TM_NEVER;
    c->relay->surplus_us = TM_NEVER;
    c->relay->heard_us = INT64_MIN;
    return TM_OK;
}

static void drop(struct tm_carrier *c)
{
    free(c->relay);
    c->relay = NULL;
}

/* ---- What is there to send, and where ---- */

static bool has_room(const struct tm_carrier *c, int64_t now_us)
{
    const struct tm_relay *r = c->relay;
    uint64_t moved = tm_rate_bytes_per_s(&r->rate, now_us) * ROOM_US / TM_US_PER_S;
    uint64_t room = moved < 1 ? 1 : moved < ROOM_MAX ? moved : ROOM_MAX;
    return tm_relay_is_usable(c) && !c->writing && c->n_handed - r->n_departed < TM_RELAY_WRITES &&
           r->outstanding < room;
}

static uint32_t n_moving(const struct tm_session *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++)
        n += tm_relay_is_usable(s->carriers[i]) && !s->carriers[i]->relay->is_stalled;
    return n;
}

/* How many carriers.  The server counts for itself, with a lag of its own, but takes no fewer than the client lately sent on: what the client
 * alone uses would stand out. */
static uint32_t n_wanted(const struct tm_session *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_carriers && s->cfg.side == TM_SERVER; i++) {
        const struct tm_carrier *c = s->carriers[i];
        n += tm_relay_is_usable(c) && c->relay->heard_us > s->now_us - FOLLOW_US;
    }
    n = n < s->shuffler->cfg.m_max ? n : s->shuffler->cfg.m_max;
    return n > s->shuffler->count.m ? n : s->shuffler->count.m;
}

/* The m usable carriers with the lowest numbers are in use, those that stand still only when all do; returns how many. */
static uint32_t in_use(const struct tm_session *s, struct tm_carrier *out[TM_SHUFFLE_M_MAX])
{
    uint32_t n = 0;
    const uint32_t m = n_wanted(s);
    bool is_any = n_moving(s) > 0;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (!tm_relay_is_usable(c) || (is_any && c->relay->is_stalled))
            continue;
        uint32_t at = n;
        while (at > 0 && out[at - 1]->k > c->k)
            at--;
        if (at == m)
            continue;
        n = n < m ? n + 1 : n;
        memmove(out + at + 1, out + at, (n - 1 - at) * sizeof(struct tm_carrier *));
        out[at] = c;
    }
    return n;
}

/* What is in order waits for whatever is sent there: the carrier whose writes leave soonest; NULL: none has room. */
static struct tm_carrier *most_prompt(struct tm_carrier *const use[], uint32_t n, int64_t now_us)
{
    struct tm_carrier *best = NULL;
    int64_t best_us = TM_NEVER;
    for (uint32_t i = 0; i < n; i++) {
        const struct tm_relay *r = use[i]->relay;
        int64_t us = (r->delay_us + 1) * (1 + use[i]->n_handed - r->n_departed);
        if (!has_room(use[i], now_us) || us >= best_us)
            continue;
        best = use[i];
        best_us = us;
    }
    return best;
}

static bool is_prompt(const struct tm_carrier *c, struct tm_carrier *const use[], uint32_t n)
{
    int64_t least_us = TM_NEVER;
    for (uint32_t i = 0; i < n; i++)
        least_us = tm_min_us(least_us, use[i]->relay->delay_us);
    return c->relay->delay_us <= 2 * least_us + PROMPT_US;
}

/* The slot of the next stream in turn that has something to send; TM_SLOTSET_END: none. */
static uint32_t next_slot(const struct tm_session *s)
{
    uint32_t rr = s->shuffler->rr;
    for (uint32_t i = tm_slotset_turn(&s->ready, rr, 0); i != TM_SLOTSET_END;
         i = tm_slotset_turn(&s->ready, rr, i + 1)) {
        uint32_t at = (rr + i) % TM_STREAMS_HELD;
        if (tm_stream_has_data(&s->streams[at]))
            return at;
    }
    return TM_SLOTSET_END;
}

static uint32_t n_streams(const struct tm_session *s)
{
    return s->live.n - s->n_refused;
}

static struct tm_carrier *choose(struct tm_session *s, struct tm_stream *st,
                                 struct tm_carrier *const use[], uint32_t n, int64_t now_us)
{
    struct tm_shuffler *sh = s->shuffler;
    struct tm_shuffle_lane lane[TM_SHUFFLE_M_MAX];
    size_t barred = n;
    for (uint32_t i = 0; i < n; i++) {
        lane[i] =
            (struct tm_shuffle_lane){tm_rate_bytes_per_s(&use[i]->relay->rate, now_us),
                                     has_room(use[i], now_us), tm_deal_cost(&st->deal, use[i]->k)};
        if (use[i]->k == sh->run_k && sh->n_run >= sh->cfg.run_max)
            barred = i;
    }
    size_t i = tm_shuffle_choose(sh->count.mode, tm_rate_bytes_per_s(&st->tx_rate, now_us), lane, n,
                                 barred, &sh->rng);
    return i < n ? use[i] : NULL;
}

/* ---- Writes ---- */

enum load { LOAD_NOTHING, LOAD_CONTROL, LOAD_ALIVE };

/* What a frame takes that holds the stream's next piece, and the piece alone: a small one where it will take its time. */
static size_t piece_room(struct tm_session *s, const struct tm_stream *st, enum load load)
{
    size_t piece = tm_shuffle_piece(&s->shuffler->cfg, tm_stream_fresh(st), &s->shuffler->rng);
    if (load != LOAD_CONTROL && piece > s->shuffler->cfg.piece_min)
        piece = s->shuffler->cfg.piece_min;
    return 1 + tm_varint_len(st->id) + tm_varint_len(st->tx.next) + piece;
}

static void fill(struct tm_session *s, struct tm_carrier *c, struct tm_stream *st, enum load load,
                 int64_t now_us)
{
    struct tm_relay *r = c->relay;
    struct tm_wr w = tm_wr_init(r->plain, sizeof r->plain);
    uint32_t last = c->sent.tail;
    if (s->is_unknown)
        tm_frame_encode_fail(&w);
    if (load == LOAD_CONTROL) {
        tm_session_put_acks(s, c, &w);
        s->shuffler->unacked = 0;
        s->shuffler->ack_us = TM_NEVER;
        tm_session_put_stream(s, c, &s->control, &w, now_us);
    }
    if (load == LOAD_ALIVE) {
        tm_frame_encode_data_header(&w, 0, s->control.tx.base, false, true, 0);
        tm_trail_note(&c->tx_trail, 0, s->control.tx.base);
    }
    if (st) {
        uint64_t sent = s->stats.payload_tx_bytes;
        size_t most = w.len + piece_room(s, st, load);
        w.cap = tm_item_list_is_empty(&st->lost) && most < w.cap ? most : w.cap;
        tm_session_put_stream(s, c, st, &w, now_us);
        tm_rate_add(&st->tx_rate, s->stats.payload_tx_bytes - sent, now_us);
    }
    r->plain_len = (uint32_t)w.len;
    /* Nothing, although there was something: of what was lost with a carrier, all has been acknowledged since; or no item is free. */
    s->shuffler->is_stuck = w.len == 0 && tm_stream_has_data(st ? st : &s->control);
    if (w.len == 0)
        return;
    if (c->sent.tail != last)
        c->was_lost = false; /* not this */
    if (c->sent.tail != last || load == LOAD_ALIVE) {
        r->is_first = r->is_first || r->wanted_ack <= c->acked_records;
        if (r->wanted_ack <= c->acked_records)
            r->silent_us = now_us;
        r->wanted_ack = c->tx_records + 1;
    }
    c->tx_records++;
    s->stats.record_tx_bytes += TM_RECORD_OVERHEAD;
}

/* Hands out a write: the handshake's part where it is due, and a record with what `load` says and a piece of st (NULL: none).  False: there
 * was nothing to say after all. */
static bool hand(struct tm_session *s, struct tm_carrier *c, struct tm_stream *st, enum load load,
                 struct tm_act *act)
{
    struct tm_relay *r = c->relay;
    r->plain_len = 0;
    if (load != LOAD_NOTHING || st)
        fill(s, c, st, load, s->now_us);
    uint32_t record = r->plain_len > 0 ? r->plain_len + TM_RECORD_OVERHEAD : 0;
    if (record == 0 && !r->owes_flight)
        return false;
    bool is_client = s->cfg.side == TM_CLIENT;
    *act = (struct tm_act){.kind = TM_ACT_WRITE,
                           .carrier = c->k,
                           .write = c->n_handed,
                           .size = record,
                           .due_us = s->now_us,
                           .is_late_choice = true};
    if (r->owes_flight) {
        act->hs = is_client ? TM_HS_FIN : TM_HS_FLIGHT;
        act->hs_size = is_client ? s->cfg.shape.fin_min : s->cfg.shape.flight_min;
        act->size += act->hs_size;
        r->owes_flight = false;
        r->is_ready = r->is_ready || is_client;
    }
    uint32_t at = c->n_handed % TM_RELAY_WRITES;
    r->size[at] = act->size;
    r->handed_us[at] = s->now_us;
    r->outstanding += act->size;
    r->alive_us =
        is_client ? s->now_us + tm_shuffle_drawn_us(s, ALIVE_MIN_US, ALIVE_MAX_US) : TM_NEVER;
    tm_rate_add(&r->rate, act->size, s->now_us);
    c->n_handed++;
    c->writing = true;
    tm_session_touch(s, c);
    s->stats.wire_tx_bytes += act->size;
    s->stats.handshake_tx_bytes += act->hs_size;
    tm_tally_bytes(s->tally, s->now_us, act->size, 0);
    return true;
}

static size_t compose(struct tm_session *s, struct tm_carrier *c, uint8_t *buf)
{
    struct tm_relay *r = c->relay;
    size_t n = r->plain_len;
    (void)s;
    memcpy(buf, r->plain, n);
    r->plain_len = 0;
    c->writing = n > 0;
    return n;
}

/* ---- The driver's turn ---- */

static bool hand_flight(struct tm_session *s, struct tm_act *act)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (c->state == TM_CARRIER_LIVE && c->relay->owes_flight && !c->writing)
            return hand(s, c, NULL, LOAD_NOTHING, act);
    }
    return false;
}

static bool wants_control(const struct tm_session *s, int64_t now_us)
{
    return s->shuffler->ack_us <= now_us || s->is_unknown ||
           (!s->shuffler->is_stuck && tm_stream_has_data(&s->control));
}

static bool hand_data(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    struct tm_carrier *use[TM_SHUFFLE_M_MAX + 1];
    struct tm_shuffler *sh = s->shuffler;
    uint32_t n = in_use(s, use);
    uint32_t slot = sh->is_stuck ? TM_SLOTSET_END : next_slot(s);
    struct tm_stream *st = slot != TM_SLOTSET_END ? &s->streams[slot] : NULL;
    struct tm_carrier *c = st ? choose(s, st, use, n, now_us) : NULL;
    bool may_control = c && is_prompt(c, use, n);
    if (wants_control(s, now_us) && !may_control) { /* not behind what is slow */
        struct tm_carrier *prompt = most_prompt(use, n, now_us);
        st = prompt == c ? st : NULL;
        c = prompt;
        may_control = true;
    }
    if (!c || !hand(s, c, st, may_control ? LOAD_CONTROL : LOAD_NOTHING, act))
        return false;
    s->is_unknown = s->is_unknown && !may_control;
    if (!st)
        return true;
    sh->rr = (slot + 1) % s->n_slots;
    sh->n_run = c->k == sh->run_k ? sh->n_run + 1 : 1;
    sh->run_k = c->k;
    return true;
}

static bool hand_alive(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (tm_relay_is_usable(c) && c->relay->alive_us <= now_us && has_room(c, now_us))
            return hand(s, c, NULL, LOAD_ALIVE, act);
    }
    return false;
}

static bool poll(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    struct tm_shuffler *sh = s->shuffler;
    tm_shuffle_count_step(&sh->count, &sh->cfg, &sh->rng, n_streams(s), now_us);
    tm_shuffle_mind_surplus(s, now_us);
    tm_shuffle_mind_stalls(s, now_us);
    return hand_flight(s, act) || hand_data(s, now_us, act) || hand_alive(s, now_us, act) ||
           (tm_shuffle_open_due_us(s) <= now_us && tm_shuffle_hand_open(s, now_us, act)) ||
           tm_shuffle_hand_close(s, now_us, act);
}

static int64_t next_us(const struct tm_session *s)
{
    struct tm_carrier *use[TM_SHUFFLE_M_MAX + 1];
    const struct tm_shuffler *sh = s->shuffler;
    uint32_t n = in_use(s, use);
    bool is_room = false;
    int64_t us = tm_min_us(tm_shuffle_count_next_us(&sh->count), tm_shuffle_open_due_us(s));
    us = tm_min_us(us, tm_shuffle_stall_us(s));
    for (uint32_t i = 0; i < n; i++)
        is_room = is_room || has_room(use[i], s->now_us);
    if (is_room) {
        bool now = wants_control(s, s->now_us) || (!sh->is_stuck && next_slot(s) != TM_SLOTSET_END);
        us = tm_min_us(us, now ? s->now_us : sh->ack_us);
    }
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        const struct tm_carrier *c = s->carriers[i];
        const struct tm_relay *r = c->relay;
        if (c->state == TM_CARRIER_LIVE && r->owes_flight && !c->writing)
            us = s->now_us;
        if (tm_relay_is_usable(c) && has_room(c, s->now_us))
            us = tm_min_us(us, r->alive_us);
        if (r->surplus_us != TM_NEVER && !c->writing)
            us = tm_min_us(us, tm_later_us(r->surplus_us, TM_SHUFFLE_SURPLUS_US));
    }
    return us;
}

/* ---- What happens ---- */

static void received(struct tm_session *s, struct tm_carrier *c, size_t n, int64_t t_us)
{
    struct tm_relay *r = c->relay;
    r->rx_bytes += n;
    if (s->cfg.side == TM_SERVER) {
        r->is_ready = r->is_ready || r->rx_bytes > r->hello_bytes;
    } else if (c->n_handed == 1 && !r->owes_flight && r->rx_bytes >= s->cfg.shape.flight_min) {
        r->owes_flight = true;
        s->shuffler->n_fruitless = 0;
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
    struct tm_shuffler *sh = s->shuffler;
    if (!is_eliciting)
        return;
    c->relay->heard_us = t_us;
    sh->unacked += (uint32_t)plain.len;
    sh->ack_us = tm_min_us(sh->ack_us, sh->unacked >= ACK_BYTES ? t_us : t_us + ACK_DELAY_US);
}

static void acked(struct tm_session *s, struct tm_carrier *c)
{
    s->shuffler->is_stuck = false;
    tm_shuffle_moved(s, c);
}

static void departed(struct tm_session *s, struct tm_carrier *c, uint32_t write, int64_t t_us)
{
    struct tm_relay *r = c->relay;
    if (write != r->n_departed || write >= c->n_handed) {
        tm_session_kill(s, c, "internal: departure out of order", t_us);
        return;
    }
    uint32_t at = write % TM_RELAY_WRITES;
    r->n_departed++;
    r->outstanding -= r->size[at];
    r->delay_us += (tm_max_us(0, t_us - r->handed_us[at]) - r->delay_us) / 4;
}

/* Acknowledgements of other carriers may have gone with one that is over; nobody else will say them again. */
static void acknowledge_again(struct tm_session *s, int64_t t_us)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        c->ack_due = c->ack_due || (c->state == TM_CARRIER_LIVE && c->rx_records > 0);
    }
    s->shuffler->ack_us = tm_min_us(s->shuffler->ack_us, t_us + ACK_DELAY_US);
}

static void gone(struct tm_session *s, struct tm_carrier *c, int64_t t_us)
{
    struct tm_shuffler *sh = s->shuffler;
    sh->is_stuck = false; /* what it had in flight may go elsewhere */
    acknowledge_again(s, t_us);
    if (s->cfg.side == TM_CLIENT && c->n_handed <= 1)
        tm_shuffle_was_fruitless(s, t_us);
}

static int64_t dead_us(const struct tm_session *s, const struct tm_carrier *c)
{
    const struct tm_relay *r = c->relay;
    if (!r->is_ready) /* no handshake */
        return tm_later_us(c->player.last_rx_us, s->cfg.grace_us);
    if (c->state == TM_CARRIER_LIVE && r->wanted_ack > c->acked_records)
        return tm_later_us(tm_max_us(r->silent_us, c->player.last_rx_us), s->cfg.grace_us);
    return TM_NEVER;
}

static bool is_answered(const struct tm_carrier *c)
{
    return c->n_handed > 1;
}

const struct tm_driver tm_driver_shuffle = {.start = start,
                                            .stop = stop,
                                            .digest = tm_shuffle_digest,
                                            .carriers_max = TM_SHUFFLE_CARRIERS,
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

const struct tm_driver *tm_driver_of(enum tm_drive drive)
{
    switch (drive) {
    case TM_DRIVE_PLANS:
        return NULL;
    case TM_DRIVE_SHUFFLE:
        return &tm_driver_shuffle;
    case TM_DRIVE_MAYBENOT:
        return &tm_driver_cells;
    }
    return NULL;
}

enum tm_drive tm_driver_meant(const uint8_t digest[TM_TOKEN_DIGEST_LEN])
{
    uint8_t cells[TM_DIGEST_LEN];
    tm_driver_cells.digest(cells);
    return memcmp(cells, digest, TM_TOKEN_DIGEST_LEN) == 0 ? TM_DRIVE_MAYBENOT : TM_DRIVE_SHUFFLE;
}
