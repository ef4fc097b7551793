/* tm/net/front.c - the pump, and the table of streams. */
#include "tm/net/front_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tm/core/schedlog.h"
#include "tm/core/session_end.h"
#include "tm/core/session_watch.h"
#include "tm/net/lane.h"
#include "tm/net/streamlog.h"

#define LOG_CAP (4U << 20) /* a quarter of a second of the busiest session, many times over */
/* A pump works so long, overrun by one action; the loop then looks around for what has become more urgent, and the alarm is due at once
 * for the rest. */
#define PUMP_US 1000

static_assert(TM_WIRE_CONNS_MAX / 2 >= TM_CARRIERS_HELD, "a wire thread holds all of a session");

struct tm_session *tm_front_session(struct tm_front *f)
{
    return f->session;
}

struct tm_streamlog *tm_front_streamlog(struct tm_front *f)
{
    return f->streamlog;
}

uv_loop_t *tm_front_loop(struct tm_front *f)
{
    return f->loop;
}

/* ---- Streams ---- */

int tm_front_attach(struct tm_front *f, uint64_t stream, struct tm_sink *sink)
{
    uint32_t i = tm_idmap_get(&f->sink_at, stream);
    if (i == TM_IDMAP_NONE) {
        if (f->n_sinks == TM_STREAMS_HELD)
            return TM_ERR_LIMIT;
        i = f->n_sinks++;
        tm_idmap_put(&f->sink_at, stream, i);
        f->sinks[i].stream = stream;
    }
    f->sinks[i].sink = sink;
    return TM_OK;
}

void tm_front_detach(struct tm_front *f, uint64_t stream)
{
    uint32_t i = tm_idmap_get(&f->sink_at, stream);
    if (i == TM_IDMAP_NONE)
        return;
    tm_idmap_remove(&f->sink_at, stream);
    f->n_sinks--;
    if (i == f->n_sinks)
        return;
    f->sinks[i] = f->sinks[f->n_sinks];
    tm_idmap_put(&f->sink_at, f->sinks[i].stream, i);
}

/* Every stream hears that the session is over. */
static void fail_sinks(struct tm_front *f, const char *why)
{
    while (f->n_sinks > 0) {
        struct tm_sink *sink = f->sinks[f->n_sinks - 1].sink;
        const struct tm_event ev = {
            .kind = TM_EVENT_FAILED, .stream = f->sinks[f->n_sinks - 1].stream, .why = why};
        tm_front_detach(f, ev.stream);
        sink->on_event(sink, &ev);
    }
}

void tm_front_reset_streams(struct tm_front *f)
{
    fail_sinks(f, "the program ends");
    tm_session_reset_streams(f->session, TM_REPLY_FAILURE);
    tm_front_pump(f);
}

/* ---- The pump ---- */

static bool is_last(const struct tm_event *ev)
{
    return ev->kind == TM_EVENT_RESET || ev->kind == TM_EVENT_ENDED ||
           (ev->kind == TM_EVENT_REPLY && ev->reply != TM_REPLY_OK);
}

static void do_event(struct tm_front *f, const struct tm_event *ev)
{
    if (ev->kind == TM_EVENT_OPEN) {
        f->ops->stream(f->owner, ev);
        return;
    }
    if (ev->kind == TM_EVENT_LISTEN || ev->kind == TM_EVENT_LISTENING) {
        f->ops->listener(f->owner, ev);
        return;
    }
    if (ev->kind == TM_EVENT_FAILED) {
        f->is_failed = true;
        fail_sinks(f, ev->why);
        f->ops->failed(f->owner, ev);
        return;
    }
    if (ev->kind == TM_EVENT_PLAYED) {
        fail_sinks(f, ev->why);
        f->ops->played(f->owner);
        return;
    }
    uint32_t i = tm_idmap_get(&f->sink_at, ev->stream);
    if (i == TM_IDMAP_NONE)
        return; /* given up since */
    struct tm_sink *sink = f->sinks[i].sink;
    if (is_last(ev))
        tm_front_detach(f, ev->stream);
    sink->on_event(sink, ev);
}

static void do_act(struct tm_front *f, const struct tm_act *act)
{
    struct tm_lane *lane = act->kind == TM_ACT_OPEN ? NULL : tm_front_lane(f, act->carrier);
    switch (act->kind) {
    case TM_ACT_OPEN:
        f->ops->open(f->owner, act);
        return;
    case TM_ACT_WRITE:
        if (lane != NULL)
            tm_lane_write(lane, act);
        return;
    case TM_ACT_CLOSE:
        if (lane != NULL && act->is_patient)
            tm_lane_shut(lane, act->due_us);
        else if (lane != NULL)
            tm_lane_close(lane, act->due_us);
        return;
    case TM_ACT_RESET:
        if (lane != NULL)
            tm_lane_abort(lane, act->due_us);
        return;
    case TM_ACT_KILL:
        if (lane != NULL)
            tm_lane_kill(lane, act->why);
        return;
    }
}

/* Handshakes take a tenth of a millisecond or two each: a pump ends after one. */
static bool is_long(const struct tm_act *act)
{
    return act->kind == TM_ACT_OPEN || (act->kind == TM_ACT_WRITE && act->hs != TM_HS_NONE);
}

/* What the wire thread has told and nobody has taken yet, and what came while neither it nor we ran, must not be taken for a
 * peer's silence. */
static void note_heard(struct tm_front *f)
{
    struct tm_wire_event ev;
    int64_t heard_us = tm_pulse_heard_us(f->pulse, tm_now_us(), &f->stood_until_us);
    tm_session_heard(f->session,
                     tm_wire_next(f->wire, &ev) ? tm_min_us(ev.t_us, heard_us) : heard_us);
}

/* A slice of each large write that is under way, in turns: one, and more as long as there is time. */
static void give_turns(struct tm_front *f, int64_t until_us)
{
    bool has_time = true;
    while (f->n_turns > 0 && has_time) {
        f->turn = f->turn + 1 < f->n_lanes ? f->turn + 1 : 0;
        if (tm_lane_turn(f->lanes[f->turn]))
            has_time = tm_now_us() < until_us;
    }
}

void tm_front_pump(struct tm_front *f)
{
    struct tm_act act;
    struct tm_event ev;
    f->is_again = true;
    if (f->is_pumping || f->is_preparing)
        return;
    f->is_pumping = true;
    note_heard(f);
    bool has_rest = false;
    int64_t until_us = tm_now_us() + PUMP_US;
    while (f->is_again) {
        f->is_again = false;
        while (tm_session_next_event(f->session, &ev)) {
            do_event(f, &ev);
            f->is_again = true;
        }
        while (!has_rest && tm_session_poll(f->session, tm_now_us(), &act)) {
            do_act(f, &act);
            f->is_again = true;
            has_rest = is_long(&act) || tm_now_us() >= until_us;
        }
        if (!f->is_again)
            give_turns(f, until_us);
    }
    f->is_pumping = false;
    int64_t next_us = f->n_turns > 0 ? 0 : tm_session_next_us(f->session);
    if (f->reads)
        tm_alarm_set_lazily(f->alarm, next_us);
    else
        tm_alarm_set(f->alarm, next_us);
    if (f->drain != NULL)
        tm_logdrain_poke(f->drain);
}

/* ---- Batches ahead of time ---- */

static void prepare(struct tm_front *f)
{
    while (tm_session_prepare(f->session))
        ;
    if (tm_session_missing(f->session) > 0 && tm_workshop_is_busy(f->workshop))
        return; /* on_made follows */
    f->is_preparing = false;
    tm_alarm_set(f->alarm, 0);
    f->ops->prepared(f->owner);
}

static void on_made(void *user)
{
    struct tm_front *f = user;
    if (f->is_preparing) {
        prepare(f);
        return;
    }
    tm_front_pump(f);
    if (tm_session_prepare(f->session)) /* what was made is used, and the next is asked for */
        (void)tm_session_prepare(f->session);
    if (f->ops->made != NULL)
        f->ops->made(f->owner);
}

static void on_alarm(void *user)
{
    struct tm_front *f = user;
    if (f->is_preparing)
        prepare(f);
    else
        tm_front_pump(f);
}

/* ---- Lanes ---- */

const struct tm_ask_key *tm_front_key(const struct tm_front *f, uint32_t carrier)
{
    for (size_t i = 0; i < f->n_keys && i < TM_FRONT_KEYS; i++)
        if (f->keys[i].carrier == carrier)
            return &f->keys[i];
    return NULL;
}

void tm_front_room(struct tm_front *f)
{
    for (size_t i = f->n_lanes; i > 0; i--) /* downwards: a lane may end */
        tm_lane_room(f->lanes[i - 1]);
    tm_front_pump(f);
}

/* ---- Life ---- */

static int start_log(struct tm_front *f, const struct tm_front_cfg *cfg)
{
    const struct tm_session_cfg *s = cfg->session;
    struct tm_schedlog *log = NULL;
    int rc = tm_schedlog_new(&log, LOG_CAP);
    if (rc != TM_OK) {
        if (cfg->log_how == TM_LOGDRAIN_CLOSE)
            (void)fclose(cfg->log);
        return rc;
    }
    rc = tm_logdrain_new(&f->drain, cfg->loop, log, cfg->log, cfg->log_how);
    if (rc != TM_OK)
        return rc;
    const struct tm_schedlog_session line = {.side = s->side,
                                             .master = s->master,
                                             .plan_mode = s->plan_mode,
                                             .model = s->model ? s->model->name : "schedule",
                                             .digest = tm_session_digest(f->session),
                                             .seed = s->seed,
                                             .n_users = s->n_users,
                                             .pace_ms = s->pace_ms,
                                             .prep_us = s->prep_us,
                                             .wall_minus_mono_us = tm_wall_us() - tm_now_us()};
    tm_schedlog_session(log, &line);
    tm_session_set_log(f->session, log);
    f->log = log;
    return TM_OK;
}

/* In place of f->session, which nothing of libuv's knows any more. */
static int begin_session(struct tm_front *f, const struct tm_session_cfg *cfg)
{
    struct tm_session_cfg session = *cfg;
    struct tm_session *fresh = NULL;
    session.maker = tm_workshop_maker(f->workshop);
    int rc = tm_session_new(&fresh, &session, tm_now_us());
    OPENSSL_cleanse(&session, sizeof session);
    if (rc != TM_OK)
        return rc;
    tm_session_free(f->session);
    f->session = fresh;
    tm_session_set_tally(f->session, f->tally);
    tm_session_set_played(f->session, f->played); /* without memory: not counted */
    if (f->streamlog != NULL)
        tm_session_set_pieces(f->session, tm_streamlog_piece, f->streamlog);
    return TM_OK;
}

int tm_front_new(struct tm_front **out, const struct tm_front_cfg *cfg)
{
    struct tm_front *f = calloc(1, sizeof *f);
    FILE *orphan = cfg->log_how == TM_LOGDRAIN_CLOSE ? cfg->log : NULL;
    int rc = f == NULL ? TM_ERR_NOMEM : TM_OK;
    if (rc == TM_OK) {
        f->loop = cfg->loop;
        f->wire = cfg->wire;
        f->ops = cfg->ops;
        f->owner = cfg->owner;
        f->keep_keys = cfg->keep_keys;
        f->reads = cfg->session->drive == TM_DRIVE_SHUFFLE;
        f->pulse = cfg->pulse;
        f->streamlog = cfg->streamlog;
        f->tally = cfg->tally;
        f->played = cfg->keeps_played ? calloc(TM_MIX_PARTS_MAX, sizeof *f->played) : NULL;
        f->stood_until_us = tm_now_us();
        rc = tm_workshop_new(&f->workshop, cfg->loop, on_made, f);
    }
    if (rc == TM_OK)
        rc = begin_session(f, cfg->session);
    if (rc == TM_OK)
        rc = tm_alarm_new(&f->alarm, cfg->loop, on_alarm, f);
    if (rc == TM_OK && cfg->log != NULL) {
        orphan = NULL;
        rc = start_log(f, cfg);
    }
    if (rc != TM_OK) {
        if (orphan != NULL)
            (void)fclose(orphan);
        if (f != NULL)
            tm_front_free(f, NULL, NULL);
        f = NULL;
    }
    *out = f;
    return rc;
}

void tm_front_start(struct tm_front *f)
{
    f->is_preparing = true;
    tm_alarm_set(f->alarm, 0);
}

/* Streams and carriers; the session stays. */
static void end_session(struct tm_front *f)
{
    fail_sinks(f, "the tunnel was stopped");
    while (f->n_lanes > 0)
        tm_lane_kill(f->lanes[f->n_lanes - 1], "stopped");
    if (f->session != NULL)
        tm_session_set_log(f->session, NULL);
}

int tm_front_renew(struct tm_front *f, const struct tm_session_cfg *cfg)
{
    TM_ASSERT(f->is_failed && !f->is_pumping);
    f->is_pumping = true;
    end_session(f);
    int rc = begin_session(f, cfg);
    f->is_pumping = false;
    if (rc != TM_OK)
        return rc;
    f->is_failed = false;
    f->n_keys = 0;
    tm_front_start(f);
    return TM_OK;
}

static void on_part_closed(void *user)
{
    struct tm_front *f = user;
    if (--f->n_ending > 0)
        return;
    void (*closed)(void *) = f->closed;
    void *closed_user = f->closed_user;
    free(f);
    if (closed != NULL)
        closed(closed_user);
}

void tm_front_free(struct tm_front *f, void (*closed)(void *user), void *user)
{
    f->is_pumping = true; /* nobody starts anything any more */
    f->is_stopping = true;
    end_session(f);
    tm_alarm_free(f->alarm);
    tm_session_free(f->session); /* and with it what the workshop works for */
    f->session = NULL;
    free(f->played);
    f->closed = closed;
    f->closed_user = user;
    f->n_ending = 2;
    if (f->drain != NULL)
        tm_logdrain_close(f->drain, on_part_closed, f);
    else
        on_part_closed(f);
    tm_workshop_free(f->workshop, on_part_closed, f);
}
