/* tm/core/session.c - the engine's life and its schedule: which action is due next.
 *
 * Order of things in one poll: dead carriers are killed; killed ones are handed out; then, of the openings
 * (client), writes and closings whose preparation time has come, the one that is due first. */
#include "tm/core/session_int.h"

#include <stdlib.h>
#include <string.h>

#include "models/turn.h"
#include "tm/core/cells_int.h"
#include "tm/core/driver.h"
#include "tm/core/lookout.h"
#include "tm/core/schedlog.h"
#include "tm/core/standstill.h"

static int make_gen(struct tm_gen **out, const struct tm_session_cfg *cfg,
                    const uint8_t seed[TM_TOKEN_SEED_LEN])
{
    *out = NULL;
    if (cfg->is_schedule)
        return cfg->schedule ? tm_gen_new_playback(out, cfg->schedule, cfg->at_end) : TM_OK;
    struct tm_gen_cfg g = {.model = cfg->model,
                           .n_users = cfg->n_users,
                           .pace_us = (int64_t)cfg->pace_ms * TM_US_PER_MS,
                           .batches = cfg->batches,
                           .maker = cfg->maker};
    memcpy(g.seed, seed, TM_TOKEN_SEED_LEN); /* the rest of the 32 bytes is zero */
    return tm_gen_new(out, &g);
}

static bool is_mix(const struct tm_session_cfg *cfg)
{
    return cfg->model && cfg->model->kind == TM_MODEL_MIX;
}

static void set_digest(struct tm_session *s)
{
    if (s->driver)
        s->driver->digest(s->digest);
    else if (s->cfg.schedule)
        tm_schedfile_digest(s->cfg.schedule, s->digest);
    else if (s->cfg.is_schedule)
        memcpy(s->digest, s->cfg.digest, sizeof s->cfg.digest);
    else
        tm_model_digest(s->cfg.model, s->digest);
    if (!is_mix(&s->cfg) || s->cfg.side != TM_CLIENT)
        return;
    const struct tm_mix *mix = &s->cfg.model->u.mix;
    for (size_t i = 0; i < mix->n_parts; i++) {
        uint8_t digest[TM_DIGEST_LEN];
        tm_model_digest(mix->part[i].model, digest);
        memcpy(s->part_digest[i], digest, TM_TOKEN_PART_LEN);
    }
    /* The token names the parts, so the smallest ClientHello is larger; the server is told of it. */
    s->cfg.shape.hello_min += (uint32_t)tm_token_mix_len(mix->n_parts);
}

static int session_init(struct tm_session *s)
{
    const struct tm_session_cfg *cfg = &s->cfg;
    s->lookout = calloc(1, sizeof *s->lookout);
    int rc = s->lookout ? TM_OK : TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = s->driver ? s->driver->start(s) : make_gen(&s->gen, cfg, cfg->seed);
    if (rc == TM_OK && cfg->side == TM_SERVER && cfg->master == TM_SERVER)
        rc = make_gen(&s->master_gen, cfg, cfg->master_seed);
    if (rc == TM_OK)
        rc = tm_flight_init(&s->flight, TM_FLIGHT_ITEMS);
    if (rc == TM_OK)
        rc = tm_stream_init(&s->control, 0, TM_CONTROL_WINDOW);
    if (rc != TM_OK)
        return rc;
    s->control.announced = true;
    set_digest(s);
    s->tx_pool = TM_WINDOW_POOL;
    s->rx_pool = TM_WINDOW_POOL;
    s->next_stream = cfg->side == TM_CLIENT ? 2 : 3;
    if (s->driver)
        return TM_OK;
    if (cfg->side == TM_CLIENT) {
        s->openers = calloc(cfg->n_users, sizeof *s->openers);
        if (!s->openers)
            return TM_ERR_NOMEM;
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
                                                          .features = TM_FEATURE_LISTEN,
                                                          .stream_window = TM_STREAM_WINDOW_MIN,
                                                          .streams_max = TM_STREAMS_MAX}});
    if (s->cells && s->cfg.side == TM_CLIENT)
        tm_cells_tell(s);
    s->cfg.cells = NULL; /* borrowed until here */
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

/* Whether this end can know the plans: a model's, those of a file that is here, or those that a master will send. */
static bool is_playable(const struct tm_session_cfg *cfg)
{
    if (cfg->drive != TM_DRIVE_PLANS)
        return !cfg->model && !cfg->is_schedule && cfg->master == TM_CLIENT &&
               cfg->plan_mode == TM_PLAN_SEEDED && !cfg->on_demand && cfg->idle_stop_us == 0;
    if (!cfg->is_schedule)
        return cfg->model != NULL && cfg->schedule == NULL;
    bool is_told = cfg->side == TM_SERVER && cfg->plan_mode == TM_PLAN_EMBEDDED;
    return cfg->model == NULL && cfg->master == TM_CLIENT &&
           (cfg->schedule ? cfg->schedule->n_users == cfg->n_users : is_told);
}

int tm_session_new(struct tm_session **out, const struct tm_session_cfg *cfg, int64_t now_us)
{
    *out = NULL;
    if (!is_playable(cfg) || cfg->prep_us < 1 || cfg->prep_us > UINT16_MAX ||
        (cfg->drive == TM_DRIVE_PLANS && cfg->n_users < 1) || cfg->grace_us < 0 ||
        cfg->idle_stop_us < 0 || (cfg->is_schedule && (cfg->on_demand || cfg->idle_stop_us > 0)) ||
        cfg->n_users > TM_GEN_USERS_MAX || cfg->shape.hello_min > TM_HELLO_MAX ||
        cfg->shape.flight_min == 0 || cfg->shape.fin_min == 0)
        return TM_ERR_RANGE;
    struct tm_session *s = calloc(1, sizeof *s);
    if (!s)
        return TM_ERR_NOMEM;
    s->cfg = *cfg;
    s->driver = tm_driver_of(cfg->drive);
    if (s->cfg.grace_us == 0)
        s->cfg.grace_us = TM_GRACE_US;
    s->now_us = now_us;
    s->heard_us = TM_NEVER;
    s->answered_us = TM_NEVER;
    s->unanswered_us = TM_NEVER;
    s->wanted_us = TM_NEVER;
    s->mercy_us = now_us;
    int rc = session_init(s);
    if (rc == TM_OK) {
        say_hello(s);
        *out = s;
    } else {
        tm_session_free(s);
    }
    return rc;
}

void tm_session_free(struct tm_session *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->n_carriers; i++)
        tm_session_carrier_free(s, s->carriers[i]);
    if (s->driver)
        s->driver->stop(s);
    for (uint32_t i = 0; i < s->n_slots; i++) {
        tm_session_drop_queue(s, &s->streams[i]);
        if (s->streams[i].live)
            tm_stream_deinit(&s->streams[i], &s->flight);
    }
    free(s->datagrams.last);
    if (s->control.live)
        tm_stream_deinit(&s->control, &s->flight);
    tm_flight_deinit(&s->flight);
    tm_gen_free(s->gen);
    tm_gen_free(s->master_gen);
    free(s->openers);
    free(s->heads_sent);
    free(s->lookout);
    free(s);
}

const uint8_t *tm_session_digest(const struct tm_session *s)
{
    return s->digest;
}

/* ---- What is due ---- */

struct candidate {
    int64_t due_us;
    struct tm_opener *opener;
    struct tm_carrier *carrier;
};

struct outlook {
    struct candidate best; /* to be prepared now, and due first; due_us TM_NEVER: none */
    int64_t due_us;        /* when anything is due next, prepared or not */
    int64_t prepare_us;    /* when anything is to be prepared next */
};

static void consider(const struct tm_session *s, struct outlook *o, const struct candidate *c)
{
    if (c->due_us == TM_NEVER)
        return;
    int64_t lead_us = c->opener ? TM_OPENER_LEAD_US : TM_WRITE_LEAD_US;
    int64_t from_us = c->due_us - tm_max_us(lead_us, s->cfg.prep_us);
    o->due_us = tm_min_us(o->due_us, c->due_us);
    o->prepare_us = tm_min_us(o->prepare_us, from_us);
    if (from_us <= s->now_us && c->due_us < o->best.due_us)
        o->best = *c;
}

/* As of s->now_us. */
static struct outlook look_ahead(const struct tm_session *s)
{
    struct outlook o = {.best = {.due_us = TM_NEVER}, .due_us = TM_NEVER, .prepare_us = TM_NEVER};
    if (s->failed)
        return o;
    const struct tm_lookout *a = tm_session_lookout(s);
    uint32_t first = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        first = a->due_us[i] < a->due_us[first] ? i : first;
        o.due_us = tm_min_us(o.due_us, a->opening_us[i]);
    }
    if (s->n_carriers > 0)
        consider(s, &o,
                 &(struct candidate){.due_us = a->due_us[first], .carrier = s->carriers[first]});
    bool room = a->n_open < TM_CARRIERS_MAX;
    for (uint32_t u = 0; s->openers && room && u < s->cfg.n_users; u++) {
        int64_t event_us;
        struct candidate cand = {.opener = &s->openers[u],
                                 .due_us = tm_opener_due_us(&s->openers[u], &event_us)};
        consider(s, &o, &cand);
    }
    return o;
}

int64_t tm_session_due_us(const struct tm_session *s)
{
    return look_ahead(s).due_us;
}

/* When somebody dead by dead_us counts as dead, a stall forgiven; the killed are dead at once. */
static int64_t mercied_us(const struct tm_session *s, int64_t dead_us)
{
    return dead_us == INT64_MIN ? dead_us : tm_max_us(dead_us, s->mercy_us);
}

/* When the next carrier counts as dead; now for those that were killed. */
static int64_t death_us(const struct tm_session *s)
{
    const struct tm_lookout *a = tm_session_lookout(s);
    int64_t next_us = TM_NEVER;
    for (uint32_t i = 0; i < s->n_carriers; i++)
        next_us = tm_min_us(next_us, mercied_us(s, a->dead_us[i]));
    return next_us == INT64_MIN ? s->now_us : next_us; /* one was killed */
}

int64_t tm_session_next_us(const struct tm_session *s)
{
    if (s->is_asked && !s->failed)
        return s->now_us; /* users may have to be woken */
    if (s->driver)
        return s->failed ? death_us(s) : tm_min_us(s->driver->next_us(s), death_us(s));
    return tm_min_us(look_ahead(s).prepare_us, death_us(s));
}

/* A shell that comes later than asked by more than this part of the grace has stood still. */
#define STALL_PARTS 4

/* Whoever comes so much later than asked has stood still, and what arrived meanwhile may still lie where neither
 * the shell nor we have looked; an opening may even have been handed out after its time.  So nobody is dead before a
 * whole grace has passed since. */
static void note_stall(struct tm_session *s, int64_t now_us)
{
    int64_t late_us = s->wanted_us < now_us ? now_us - s->wanted_us : 0;
    if (late_us > TM_STOOD_US) {
        s->stood_from_us = s->wanted_us;
        s->stood_until_us = now_us;
    }
    if (late_us > s->cfg.grace_us / STALL_PARTS)
        s->mercy_us = tm_later_us(now_us, s->cfg.grace_us);
    s->wanted_us = now_us; /* until this poll says otherwise */
}

static bool hand_kill(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    int64_t heard_us = tm_min_us(now_us, s->heard_us);
    const struct tm_lookout *a = tm_session_lookout(s);
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        struct tm_carrier *c = s->carriers[i];
        if (mercied_us(s, a->dead_us[i]) > heard_us)
            continue;
        tm_session_kill(s, c, c->state == TM_CARRIER_OPENING ? "no connection" : "silent", now_us);
        *act = (struct tm_act){.kind = TM_ACT_KILL, .carrier = c->k, .why = c->why};
        tm_session_ended(s, c);
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
    tm_session_touch(s, c);
    c->write_i = (uint32_t)due->i;
    c->write_left = act->size - act->hs_size;
    s->stats.wire_tx_bytes += act->size;
    s->stats.handshake_tx_bytes += act->hs_size;
    tm_tally_due(s->tally, s->now_us);
    tm_tally_bytes(s->tally, s->now_us, act->size, 0);
    tm_player_handed(&c->player, due);
}

static void hand_close(struct tm_session *s, struct tm_carrier *c, int64_t due_us,
                       struct tm_act *act)
{
    const struct tm_plan *plan = &c->player.known.plan;
    bool is_client = s->cfg.side == TM_CLIENT;
    uint8_t back = is_client ? plan->close.back : plan->close.server_back;
    const struct tm_schedlog_close close = {
        .dir = tm_side_dir(s->cfg.side),
        .how = is_client ? (enum tm_close_how)plan->close.how : TM_CLOSE_FIN,
        .ref = back > 0    ? (int64_t)plan->n_writes - back
               : is_client ? TM_SLOG_REF_END
                           : TM_SLOG_REF_FIN,
        .event_us = tm_player_close_event_us(&c->player),
        .gap_us = is_client ? plan->close_gap_us : plan->close.server_gap_us,
        .due_us = due_us,
        .server_ref = plan->close.server_back > 0
                          ? (int64_t)plan->n_writes - plan->close.server_back
                          : TM_SLOG_REF_FIN,
        .server_gap_us = plan->close.server_gap_us};
    c->state = TM_CARRIER_CLOSING;
    tm_session_touch(s, c);
    *act = (struct tm_act){.kind = close.how == TM_CLOSE_RESET ? TM_ACT_RESET : TM_ACT_CLOSE,
                           .carrier = c->k,
                           .due_us = due_us,
                           .is_patient = !tm_close_is_plain(&plan->close)};
    if (s->log)
        tm_schedlog_close(s->log, c->k, &close);
}

/* So far away must everything be that the next batch of a joint model may be put together here first. */
#define IDLE_US (100 * TM_US_PER_MS)

bool tm_session_prepare(struct tm_session *s)
{
    if (s->gen && tm_gen_prepare(s->gen))
        return true;
    return s->master_gen && tm_session_missing(s) == 0 && tm_gen_prepare(s->master_gen);
}

uint32_t tm_session_missing(const struct tm_session *s)
{
    return s->gen ? tm_gen_missing(s->gen) : 0;
}

/* What a maker has brought takes less than the lead that everything has now. */
static void prepare_plans(struct tm_session *s, int64_t next_due_us, int64_t now_us)
{
    if (s->cfg.maker || next_due_us - IDLE_US >= now_us)
        (void)tm_session_prepare(s);
}

/* The master's schedule is the users' next one as soon as its first plans can be made without anything being late. */
static void follow_master(struct tm_session *s)
{
    if (!s->openers || !s->master_gen || s->openers[0].want == TM_SRC_MASTER ||
        (s->cfg.maker && tm_gen_missing(s->master_gen) > 0))
        return;
    for (uint32_t u = 0; u < s->cfg.n_users; u++)
        tm_opener_switch(&s->openers[u], TM_SRC_MASTER);
}

/* How long after the user before it a user of a model begins. */
static int64_t turn_us(const struct tm_session_cfg *cfg, int64_t prepared_us)
{
    int64_t own_us = tm_turn_us(cfg->n_users);
    if (cfg->is_schedule)
        return 0;
    /* The server has as much to prepare, user after user, and begins only now: half as long again lets it keep up. */
    bool took_long = cfg->maker && prepared_us > TM_US_PER_S;
    return took_long ? tm_max_us(own_us, prepared_us * 3 / 2 / cfg->n_users) : own_us;
}

/* The schedule begins when the shell first asks, however long that took it (since made_us); a user of a model in its turn. */
static void begin(struct tm_session *s, int64_t made_us, int64_t now_us)
{
    int64_t each_us = turn_us(&s->cfg, now_us - made_us);
    s->is_begun = true;
    for (uint32_t u = 0; s->openers && u < s->cfg.n_users; u++)
        tm_opener_init(&s->openers[u], u, TM_SRC_SESSION, now_us + u * each_us);
    for (uint32_t u = 0; s->openers && s->cfg.on_demand && u < s->cfg.n_users; u++)
        tm_opener_hold(&s->openers[u]);
    s->demand_us = tm_max_us(s->demand_us, now_us);
}

bool tm_session_poll(struct tm_session *s, int64_t now_us, struct tm_act *act)
{
    int64_t before_us = s->now_us;
    s->now_us = now_us;
    note_stall(s, now_us);
    tm_session_note_fresh(s, now_us);
    if (s->driver) {
        if (hand_kill(s, now_us, act) || (!s->failed && s->driver->poll(s, now_us, act)))
            return true;
        s->wanted_us = tm_session_next_us(s);
        return false;
    }
    if (!s->is_begun)
        begin(s, before_us, now_us);
    if (hand_kill(s, now_us, act))
        return true;
    follow_master(s);
    if (s->n_early > 0)
        tm_session_settle(s, now_us);
    for (uint32_t u = 0; s->openers && u < s->cfg.n_users; u++)
        tm_opener_fill(&s->openers[u], s->gen, s->master_gen);
    tm_session_mind_demand(s);
    struct outlook ahead = look_ahead(s);
    struct candidate best = ahead.best;
    if (best.due_us == TM_NEVER) {
        s->wanted_us = tm_min_us(ahead.prepare_us, death_us(s));
        prepare_plans(s, ahead.due_us, now_us);
        return false;
    }
    if (best.opener)
        return tm_session_hand_opening(s, best.opener, now_us, act) || hand_kill(s, now_us, act);
    if (best.carrier->due_is_close) {
        hand_close(s, best.carrier, best.due_us, act);
        return true;
    }
    struct tm_player_due due = best.carrier->due;
    hand_write(s, best.carrier, &due, act);
    return true;
}

/* ---- Tokens, statistics ---- */

void tm_session_cfg_from_token(struct tm_session_cfg *cfg, const struct tm_token *t)
{
    memset(cfg, 0, sizeof *cfg);
    cfg->side = TM_SERVER;
    cfg->drive = t->src == TM_SRC_DRIVEN ? tm_driver_meant(t->digest) : TM_DRIVE_PLANS;
    cfg->master = t->master;
    cfg->plan_mode = t->plan_mode;
    cfg->is_schedule = t->is_schedule;
    memcpy(cfg->digest, t->digest, sizeof cfg->digest);
    cfg->at_end = TM_PLAYBACK_AGAIN; /* as often as the client does */
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
    const struct tm_carrier *c = tm_lookout_find(s->lookout, carrier);
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
    memcpy(t->digest, s->digest, sizeof t->digest);
    t->n_parts = is_mix(cfg) ? (uint8_t)cfg->model->u.mix.n_parts : 0;
    for (size_t i = 0; i < t->n_parts; i++) {
        memcpy(t->part[i].digest, s->part_digest[i], TM_TOKEN_PART_LEN);
        t->part[i].n_users = (uint16_t)cfg->model->u.mix.part[i].n_users;
    }
    t->is_schedule = cfg->is_schedule;
    t->is_established = s->settings_seen;
    if (c->shipping) {
        struct tm_wr w = tm_wr_init(t->head, sizeof t->head);
        tm_entry_encode(&w, &c->player.known.plan, 1, c->shipped - 1);
        TM_ASSERT(tm_wr_ok(&w));
        t->head_len = (uint8_t)w.len;
    } else if (!s->driver) {
        tm_session_put_beginning(s, c, t);
    }
}

void tm_session_get_stats(const struct tm_session *s, struct tm_session_stats *out)
{
    *out = s->stats;
    out->batches_late =
        (s->gen ? tm_gen_late(s->gen) : 0) + (s->master_gen ? tm_gen_late(s->master_gen) : 0);
    out->carriers_live = 0;
    for (uint32_t i = 0; i < s->n_carriers; i++) {
        enum tm_carrier_state st = s->carriers[i]->state;
        out->carriers_live +=
            st == TM_CARRIER_LIVE || st == TM_CARRIER_CLOSING || st == TM_CARRIER_OPENING;
    }
    out->streams_live = s->live.n;
}

void tm_session_set_log(struct tm_session *s, struct tm_schedlog *log)
{
    s->log = log;
}
