/* tm/core/session.c - the engine's life and its schedule: which action is due next.
 *
 * Order of things in one poll: dead carriers are killed; killed ones are handed out; then the earliest of
 * openings (client), writes and closings whose preparation time has come. */
#include "tm/core/session_int.h"

#include <stdlib.h>
#include <string.h>

#include "tm/core/embed.h"
#include "tm/core/schedlog.h"

static int make_gen(struct tm_gen **out, const struct tm_session_cfg *cfg,
                    const uint8_t seed[TM_TOKEN_SEED_LEN])
{
    struct tm_gen_cfg g = {.model = cfg->model,
                           .n_users = cfg->n_users,
                           .pace_us = (int64_t)cfg->pace_ms * TM_US_PER_MS};
    memcpy(g.seed, seed, TM_TOKEN_SEED_LEN); /* the rest of the 32 bytes is zero */
    return tm_gen_new(out, &g);
}

static int session_init(struct tm_session *s, int64_t now_us)
{
    const struct tm_session_cfg *cfg = &s->cfg;
    int rc = make_gen(&s->gen, cfg, cfg->seed);
    if (rc == TM_OK && cfg->side == TM_SERVER && cfg->master == TM_SERVER)
        rc = make_gen(&s->master_gen, cfg, cfg->master_seed);
    if (rc == TM_OK)
        rc = tm_flight_init(&s->flight, TM_FLIGHT_ITEMS);
    if (rc == TM_OK)
        rc = tm_stream_init(&s->control, 0, TM_CONTROL_WINDOW);
    if (rc != TM_OK)
        return rc;
    s->control.announced = true;
    s->tx_pool = TM_WINDOW_POOL;
    s->rx_pool = TM_WINDOW_POOL;
    s->next_stream = cfg->side == TM_CLIENT ? 2 : 3;
    if (cfg->side == TM_CLIENT) {
        s->openers = calloc(cfg->n_users, sizeof *s->openers);
        if (!s->openers)
            return TM_ERR_NOMEM;
        for (uint32_t u = 0; u < cfg->n_users; u++)
            tm_opener_init(&s->openers[u], u, TM_SRC_SESSION, now_us);
    } else if (cfg->master == TM_SERVER && cfg->plan_mode == TM_PLAN_EMBEDDED) {
        s->heads_sent = calloc(cfg->n_users, sizeof *s->heads_sent);
        if (!s->heads_sent)
            return TM_ERR_NOMEM;
    }
    return TM_OK;
}

/* What each end says first. */
static void say_hello(struct tm_session *s)
{
    tm_session_say(s, &(struct tm_message){.kind = TM_MSG_SETTINGS,
                                           .u.settings = {.version = TM_PROTOCOL_VERSION,
                                                          .stream_window = TM_STREAM_WINDOW_MIN,
                                                          .streams_max = TM_STREAMS_MAX}});
    if (s->cfg.side != TM_SERVER || s->cfg.master != TM_SERVER)
        return;
    if (s->cfg.plan_mode == TM_PLAN_SEEDED) {
        struct tm_message m = {.kind = TM_MSG_PLAN_SEED};
        memcpy(m.u.seed, s->cfg.master_seed, sizeof m.u.seed);
        tm_session_say(s, &m);
    } else {
        for (uint32_t u = 0; u < s->cfg.n_users; u++)
            tm_session_ship_heads(s, u, 0);
    }
}

int tm_session_new(struct tm_session **out, const struct tm_session_cfg *cfg, int64_t now_us)
{
    *out = NULL;
    if (cfg->prep_us < 1 || cfg->prep_us > UINT16_MAX || cfg->n_users < 1 || cfg->grace_us < 0 ||
        cfg->n_users > TM_GEN_USERS_MAX || cfg->shape.hello_min > TM_HELLO_MAX ||
        cfg->shape.flight_min == 0 || cfg->shape.fin_min == 0)
        return TM_ERR_RANGE;
    struct tm_session *s = calloc(1, sizeof *s);
    if (!s)
        return TM_ERR_NOMEM;
    s->cfg = *cfg;
    if (s->cfg.grace_us == 0)
        s->cfg.grace_us = TM_GRACE_US;
    s->now_us = now_us;
    int rc = session_init(s, now_us);
    if (rc == TM_OK) {
        say_hello(s);
        *out = s;
    } else {
        tm_session_free(s);
    }
    return rc;
}

static void carrier_free(struct tm_session *s, struct tm_carrier *c)
{
    tm_flight_clear(&s->flight, &c->sent);
    tm_player_deinit(&c->player);
    free(c);
}

void tm_session_free(struct tm_session *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->n_carriers; i++)
        carrier_free(s, s->carriers[i]);
    for (uint32_t i = 0; i < TM_STREAMS_MAX; i++) {
        if (s->streams[i].live)
            tm_stream_deinit(&s->streams[i], &s->flight);
    }
    if (s->control.live)
        tm_stream_deinit(&s->control, &s->flight);
    tm_flight_deinit(&s->flight);
    tm_gen_free(s->gen);
    tm_gen_free(s->master_gen);
    free(s->openers);
    free(s->heads_sent);
    free(s);
}

/* ---- Carriers ---- */

struct tm_carrier *tm_session_find(struct tm_session *s, uint32_t k)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        if (s->carriers[i]->k == k)
            return s->carriers[i];
    }
    return NULL;
}

uint32_t tm_session_n_open(const struct tm_session *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++)
        n += s->carriers[i]->state != TM_CARRIER_ENDED;
    return n;
}

/* Makes room in the array: the ended carrier with the lowest number is forgotten, its report no longer waited for. */
static void forget_oldest(struct tm_session *s)
{
    struct tm_carrier *oldest = NULL;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (c->state == TM_CARRIER_ENDED && (!oldest || c->k < oldest->k))
            oldest = c;
    }
    TM_ASSERT(oldest != NULL);
    tm_session_lose(s, oldest);
    tm_session_forget(s, oldest);
}

int tm_session_add(struct tm_session *s, struct tm_carrier **out, uint32_t k,
                   struct tm_known_plan *take_plan, int64_t start_us)
{
    struct tm_carrier *c = NULL;
    int rc = TM_ERR_LIMIT;
    if (tm_session_n_open(s) == TM_CARRIERS_MAX)
        goto fail;
    rc = TM_ERR_NOMEM;
    c = calloc(1, sizeof *c);
    if (!c)
        goto fail;
    c->k = k;
    c->sent = TM_ITEM_LIST_EMPTY;
    c->sent_due_us = INT64_MIN;
    tm_player_init(&c->player, s->cfg.side, take_plan, start_us, s->cfg.grace_us);
    rc = tm_player_grown(&c->player);
    if (rc != TM_OK) {
        tm_player_deinit(&c->player);
        free(c);
        return rc;
    }
    if (s->n_carriers == TM_CARRIERS_KEPT)
        forget_oldest(s);
    s->carriers[s->n_carriers++] = c;
    s->stats.carriers_opened++;
    *out = c;
    return TM_OK;
fail:
    tm_plan_deinit(&take_plan->plan);
    return rc;
}

void tm_session_forget(struct tm_session *s, struct tm_carrier *c)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        if (s->carriers[i] == c) {
            s->carriers[i] = s->carriers[--s->n_carriers];
            break;
        }
    }
    carrier_free(s, c);
}

void tm_session_lose(struct tm_session *s, struct tm_carrier *c)
{
    if (c->was_lost)
        return;
    c->was_lost = true;
    struct tm_item_list kept = TM_ITEM_LIST_EMPTY;
    struct tm_item *it;
    while ((it = tm_flight_first(&s->flight, &c->sent)) != NULL) {
        struct tm_stream *st = tm_session_stream(s, it->stream);
        if (!st) {
            tm_flight_drop_first(&s->flight, &c->sent);
            continue;
        }
        /* The copy that stays with the carrier is a luxury: without room for it, the range just goes again. */
        struct tm_item copy = *it;
        tm_flight_move_first(&s->flight, &c->sent, &st->lost);
        (void)tm_flight_add(&s->flight, &kept, &copy);
    }
    c->sent = kept;
}

/* Its user's clock runs on, the log says how it ended. */
static void note_end(struct tm_session *s, struct tm_carrier *c, bool planned, const char *why,
                     int64_t t_us)
{
    /* Write 1 is the server's flight: whoever sent that much is our server. */
    bool answered = c->player.known.plan.n_writes > 1 && c->player.event_us[1] != TM_NEVER;
    if (s->openers)
        tm_opener_ended(&s->openers[c->user], answered ? TM_OPENER_FRUITFUL : TM_OPENER_FRUITLESS,
                        t_us);
    if (planned)
        s->stats.carriers_ended++;
    else
        s->stats.carriers_died++;
    if (s->log) {
        const struct tm_plan *plan = &c->player.known.plan;
        uint32_t done = 0;
        for (size_t i = 0; i < plan->n_writes; i++)
            done += c->player.event_us[i] != TM_NEVER;
        tm_schedlog_end(s->log, c->k, t_us, planned, done, why);
    }
}

/* Tells the peer how far this carrier came, so that it knows exactly what was lost. */
static void report_end(struct tm_session *s, const struct tm_carrier *c)
{
    tm_session_say(s, &(struct tm_message){.kind = TM_MSG_CARRIER_END,
                                           .u.end = {.carrier = c->k, .n_records = c->rx_records}});
}

void tm_session_kill(struct tm_session *s, struct tm_carrier *c, const char *why, int64_t t_us)
{
    if (c->state == TM_CARRIER_KILLED)
        return;
    bool was_open = c->state != TM_CARRIER_ENDED;
    c->state = TM_CARRIER_KILLED;
    c->why = why;
    tm_session_lose(s, c);
    if (was_open) {
        note_end(s, c, false, why, t_us);
        report_end(s, c);
    }
}

void tm_session_fail(struct tm_session *s, const char *why)
{
    if (s->failed)
        return;
    s->failed = why;
    for (uint32_t i = 0; i < s->n_carriers; i++)
        tm_session_kill(s, s->carriers[i], why, s->now_us);
}

/* Nothing happens on it any more; it stays only while the peer's report can spare us something. */
static void ended(struct tm_session *s, struct tm_carrier *c)
{
    c->state = TM_CARRIER_ENDED;
    if (s->failed || c->peer_reported || tm_item_list_is_empty(&c->sent))
        tm_session_forget(s, c);
}

bool tm_session_gone(struct tm_session *s, uint32_t carrier, enum tm_gone how, int64_t t_us)
{
    struct tm_carrier *c = tm_session_find(s, carrier);
    if (!c || c->state == TM_CARRIER_KILLED || c->state == TM_CARRIER_ENDED)
        return true;
    bool planned = how == TM_GONE_CLOSED && tm_player_done(&c->player) &&
                   (s->cfg.side == TM_SERVER || c->state == TM_CARRIER_CLOSING);
    note_end(s, c, planned, planned ? "" : "connection lost", t_us);
    report_end(s, c);
    if (!planned)
        tm_session_lose(s, c);
    ended(s, c);
    return planned;
}

/* ---- Plans ---- */

static bool is_explicit(const struct tm_session *s)
{
    return s->cfg.plan_mode == TM_PLAN_EMBEDDED;
}

int tm_session_plan(struct tm_session *s, enum tm_plan_src src, uint32_t user, uint64_t index,
                    struct tm_known_plan *out)
{
    /* The client as master ships plans of its own seed; the server, of the seed that it keeps. */
    bool ours = tm_session_is_master(s);
    struct tm_gen *gen = src == TM_SRC_SESSION                                ? s->gen
                         : src == TM_SRC_EXPLICIT && s->cfg.side == TM_CLIENT ? s->gen
                                                                              : s->master_gen;
    if (!gen || user >= s->cfg.n_users || (src == TM_SRC_EXPLICIT && !ours))
        return TM_ERR_PROTO;
    *out = (struct tm_known_plan){.complete = true};
    int rc = tm_gen_plan(gen, user, index, &out->plan);
    if (rc == TM_OK)
        rc = tm_shape_project(&out->plan, &s->cfg.shape, s->cfg.prep_us, &s->stats.distortion);
    if (rc == TM_OK && src == TM_SRC_EXPLICIT)
        rc = tm_embed_project(&out->plan, &s->cfg.shape, s->cfg.master, &s->stats.distortion);
    if (rc != TM_OK)
        tm_plan_deinit(&out->plan);
    return rc;
}

void tm_session_ship_heads(struct tm_session *s, uint32_t user, uint64_t opened)
{
    while (s->heads_sent[user] < opened + TM_OPENER_HEADS - 1) {
        struct tm_message m = {.kind = TM_MSG_PLAN_HEAD, .u.head.user = user};
        struct tm_known_plan known;
        tm_gen_open(s->master_gen, user, &m.u.head.open);
        int rc = tm_session_plan(s, TM_SRC_EXPLICIT, user, m.u.head.open.index, &known);
        if (rc != TM_OK) {
            tm_session_fail(s, rc == TM_ERR_LIMIT
                                   ? "this model cannot be embedded: use --plan seeded"
                                   : "out of memory");
            return;
        }
        uint8_t entries[TM_EMBED_HEAD_ROOM];
        struct tm_wr w = tm_wr_init(entries, sizeof entries);
        tm_entry_encode(&w, &known.plan, 0, tm_embed_head(&known.plan, &s->cfg.shape, TM_SERVER));
        TM_ASSERT(tm_wr_ok(&w));
        m.u.head.entries = (struct tm_view){entries, w.len};
        tm_session_say(s, &m);
        tm_plan_deinit(&known.plan);
        s->heads_sent[user]++;
    }
}

/* ---- Openings (client) ---- */

/* The plan of an opener's next connection: computed, or the head that the master sent. */
static int opening_plan(struct tm_session *s, struct tm_opener *o, enum tm_plan_src *src,
                        struct tm_known_plan *known)
{
    *src = o->src;
    if (o->src == TM_SRC_EXPLICIT) {
        *known = (struct tm_known_plan){0};
        struct tm_rd r = tm_rd_init(o->heads[0].entries, o->heads[0].len);
        int rc = TM_OK;
        while (rc == TM_OK && r.len > 0)
            rc = tm_entry_decode(&r, known);
        if (rc == TM_OK)
            rc = tm_shape_check(&known->plan, &s->cfg.shape, 0);
        if (rc != TM_OK)
            tm_plan_deinit(&known->plan);
        return rc;
    }
    if (is_explicit(s) && tm_session_is_master(s)) {
        *src = TM_SRC_EXPLICIT;
        int rc = tm_session_plan(s, TM_SRC_EXPLICIT, o->user, o->next.index, known);
        if (rc != TM_ERR_LIMIT)
            return rc;
        *src = TM_SRC_SESSION; /* a plan that cannot carry itself: the other end computes it */
    }
    return tm_session_plan(s, *src, o->user, o->next.index, known);
}

static bool hand_opening(struct tm_session *s, struct tm_opener *o, int64_t now_us,
                         struct tm_act *act)
{
    int64_t event_us;
    int64_t due_us = tm_opener_due_us(o, &event_us);
    struct tm_known_plan known;
    enum tm_plan_src src;
    int rc = opening_plan(s, o, &src, &known);
    if (rc != TM_OK) {
        tm_session_fail(s, "the master's plan cannot be played");
        return false;
    }
    TM_ASSERT(known.plan.n_writes > 0);
    uint32_t hello = known.plan.w[0].size;
    uint32_t gap_us = known.plan.w[0].gap_us;
    struct tm_carrier *c;
    rc = tm_session_add(s, &c, s->next_carrier, &known, TM_NEVER);
    if (rc != TM_OK) {
        tm_session_fail(s, "out of memory");
        return false;
    }
    s->next_carrier++;
    c->src = src;
    c->user = o->user;
    c->index = o->next.index;
    c->opened_us = due_us;
    c->shipping = src == TM_SRC_EXPLICIT && tm_session_is_master(s);
    if (c->shipping)
        c->shipped = tm_embed_head(&c->player.known.plan, &s->cfg.shape, TM_CLIENT);
    if (s->log)
        tm_schedlog_open(s->log, c->k, o->user, &o->next, src, event_us, due_us, now_us);
    tm_opener_handed(o, due_us);
    *act = (struct tm_act){
        .kind = TM_ACT_OPEN, .carrier = c->k, .size = hello, .due_us = due_us, .gap_us = gap_us};
    s->stats.wire_tx_bytes += hello;
    s->stats.handshake_tx_bytes += hello;
    tm_player_handed(&c->player, &(struct tm_player_due){.i = 0, .due_us = due_us});
    c->n_handed = 1;
    return true;
}

/* ---- What is due ---- */

struct candidate {
    int64_t due_us;
    struct tm_opener *opener;
    struct tm_carrier *carrier;
    bool close;
    struct tm_player_due write;
};

static void consider(struct candidate *best, const struct candidate *c)
{
    if (c->due_us < best->due_us)
        *best = *c;
}

static void consider_carrier(const struct tm_session *s, struct tm_carrier *c,
                             struct candidate *best)
{
    struct candidate cand = {.carrier = c, .due_us = TM_NEVER};
    if (c->state != TM_CARRIER_LIVE)
        return;
    if (!c->writing && tm_player_next(&c->player, &cand.write)) {
        cand.due_us = cand.write.due_us;
    } else if (s->cfg.side == TM_CLIENT) {
        cand.due_us = tm_player_close_us(&c->player);
        cand.close = true;
    }
    consider(best, &cand);
}

/* The earliest opening, write or closing; due_us TM_NEVER: none. */
static struct candidate earliest(const struct tm_session *s)
{
    struct candidate best = {.due_us = TM_NEVER};
    if (s->failed)
        return best;
    for (uint32_t i = 0; i < s->n_carriers; i++)
        consider_carrier(s, s->carriers[i], &best);
    bool room = tm_session_n_open(s) < TM_CARRIERS_MAX;
    for (uint32_t u = 0; s->openers && room && u < s->cfg.n_users; u++) {
        int64_t event_us;
        struct candidate cand = {.opener = &s->openers[u],
                                 .due_us = tm_opener_due_us(&s->openers[u], &event_us)};
        consider(&best, &cand);
    }
    return best;
}

static int64_t carrier_dead_us(const struct tm_carrier *c, int64_t grace_us)
{
    switch (c->state) {
    case TM_CARRIER_OPENING:
        return tm_later_us(c->opened_us, grace_us);
    case TM_CARRIER_LIVE:
        return tm_player_dead_us(&c->player);
    case TM_CARRIER_CLOSING:
        return tm_later_us(tm_player_close_us(&c->player), grace_us);
    case TM_CARRIER_ENDED:
    case TM_CARRIER_KILLED:
        return TM_NEVER;
    }
    return TM_NEVER;
}

int64_t tm_session_next_us(const struct tm_session *s)
{
    struct candidate best = earliest(s);
    int64_t next = best.due_us == TM_NEVER ? TM_NEVER : best.due_us - s->cfg.prep_us;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        if (s->carriers[i]->state == TM_CARRIER_KILLED)
            return s->now_us;
        next = tm_min_us(next, carrier_dead_us(s->carriers[i], s->cfg.grace_us));
    }
    return next;
}

static bool hand_kill(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (carrier_dead_us(c, s->cfg.grace_us) <= now_us)
            tm_session_kill(s, c, c->state == TM_CARRIER_OPENING ? "no connection" : "silent",
                            now_us);
        if (c->state != TM_CARRIER_KILLED)
            continue;
        *act = (struct tm_act){.kind = TM_ACT_KILL, .carrier = c->k, .why = c->why};
        ended(s, c);
        return true;
    }
    return false;
}

/* Which handshake flight stands at the front of a write: the server's first one holds its flight, the
 * client's second one (the first is the ClientHello) its Finished. */
static void handshake_of(const struct tm_session *s, const struct tm_carrier *c, struct tm_act *act)
{
    const struct tm_shape *shape = &s->cfg.shape;
    if (s->cfg.side == TM_SERVER && c->n_handed == 0) {
        act->hs = TM_HS_FLIGHT;
        act->hs_size = tm_shape_handshake_part(act->size, shape->flight_min);
    } else if (s->cfg.side == TM_CLIENT && c->n_handed == 1) {
        act->hs = TM_HS_FIN;
        act->hs_size = tm_shape_handshake_part(act->size, shape->fin_min);
    }
}

static void hand_write(struct tm_session *s, struct tm_carrier *c, const struct tm_player_due *due,
                       struct tm_act *act)
{
    const struct tm_write *w = &c->player.known.plan.w[due->i];
    *act = (struct tm_act){.kind = TM_ACT_WRITE,
                           .carrier = c->k,
                           .write = (uint32_t)due->i,
                           .size = w->size,
                           .due_us = due->due_us,
                           .rel_prev = due->rel_prev,
                           .gap_us = w->gap_us};
    handshake_of(s, c, act);
    c->n_handed++;
    c->writing = true;
    c->write_i = (uint32_t)due->i;
    c->write_left = act->size - act->hs_size;
    s->stats.wire_tx_bytes += act->size;
    s->stats.handshake_tx_bytes += act->hs_size;
    tm_player_handed(&c->player, due);
}

bool tm_session_poll(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    s->now_us = now_us;
    if (hand_kill(s, now_us, act))
        return true;
    for (uint32_t u = 0; s->openers && u < s->cfg.n_users; u++)
        tm_opener_fill(&s->openers[u], s->gen, s->master_gen);
    struct candidate best = earliest(s);
    if (best.due_us == TM_NEVER || best.due_us - s->cfg.prep_us > now_us)
        return false;
    if (best.opener)
        return hand_opening(s, best.opener, now_us, act) || hand_kill(s, now_us, act);
    if (best.close) {
        const struct tm_player *p = &best.carrier->player;
        best.carrier->state = TM_CARRIER_CLOSING;
        *act = (struct tm_act){
            .kind = TM_ACT_CLOSE, .carrier = best.carrier->k, .due_us = best.due_us};
        if (s->log)
            tm_schedlog_close(s->log, best.carrier->k, p->event_us[p->known.plan.n_writes - 1],
                              p->known.plan.close_gap_us, best.due_us);
        return true;
    }
    hand_write(s, best.carrier, &best.write, act);
    return true;
}

/* ---- Tokens, statistics ---- */

void tm_session_cfg_from_token(struct tm_session_cfg *cfg, const struct tm_token *t)
{
    memset(cfg, 0, sizeof *cfg);
    cfg->side = TM_SERVER;
    cfg->master = t->master;
    cfg->plan_mode = t->plan_mode;
    cfg->shape = (struct tm_shape){t->hello_min, t->flight_min, t->fin_min};
    memcpy(cfg->seed, t->seed, sizeof cfg->seed);
    memcpy(cfg->session_id, t->session_id, sizeof cfg->session_id);
    cfg->n_users = t->n_users;
    cfg->pace_ms = t->pace_ms;
    cfg->prep_us = t->prep_us;
}

void tm_session_token(const struct tm_session *s, uint32_t carrier, struct tm_token *t)
{
    const struct tm_session_cfg *cfg = &s->cfg;
    const struct tm_carrier *c = NULL;
    for (uint32_t i = 0; i < s->n_carriers && !c; i++)
        c = s->carriers[i]->k == carrier ? s->carriers[i] : NULL;
    TM_ASSERT(c != NULL);
    memset(t, 0, sizeof *t);
    t->kind = TM_TOKEN_CARRIER;
    memcpy(t->session_id, cfg->session_id, sizeof t->session_id);
    t->carrier = carrier;
    t->src = c->src;
    t->user = (uint16_t)c->user;
    t->index = (uint32_t)c->index;
    t->master = cfg->master;
    t->plan_mode = cfg->plan_mode;
    t->n_users = (uint16_t)cfg->n_users;
    t->pace_ms = cfg->pace_ms;
    t->prep_us = (uint16_t)cfg->prep_us;
    t->hello_min = (uint16_t)cfg->shape.hello_min;
    t->flight_min = (uint16_t)cfg->shape.flight_min;
    t->fin_min = (uint16_t)cfg->shape.fin_min;
    memcpy(t->seed, cfg->seed, sizeof t->seed);
    uint8_t digest[TM_DIGEST_LEN];
    tm_model_digest(cfg->model, digest);
    memcpy(t->digest, digest, sizeof t->digest);
    if (c->shipping) {
        struct tm_wr w = tm_wr_init(t->head, sizeof t->head);
        tm_entry_encode(&w, &c->player.known.plan, 1, c->shipped - 1);
        TM_ASSERT(tm_wr_ok(&w));
        t->head_len = (uint8_t)w.len;
    }
}

void tm_session_get_stats(const struct tm_session *s, struct tm_session_stats *out)
{
    *out = s->stats;
    out->carriers_live = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        enum tm_carrier_state st = s->carriers[i]->state;
        out->carriers_live +=
            st == TM_CARRIER_LIVE || st == TM_CARRIER_CLOSING || st == TM_CARRIER_OPENING;
    }
    out->streams_live = 0;
    for (uint32_t i = 0; i < TM_STREAMS_MAX; i++)
        out->streams_live += s->streams[i].live;
}

void tm_session_set_log(struct tm_session *s, struct tm_schedlog *log)
{
    s->log = log;
}
