#include "test/sim/sim_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/time.h"

/* Sizes as OpenSSL 3.0 makes them (measured by the programs at start-up; here they only must be alike). */
const struct tm_shape sim_shape = {.hello_min = 480, .flight_min = 250, .fin_min = 80};

/* ---- Event heap, ordered by (time, sequence) ---- */

static bool before(const struct event *a, const struct event *b)
{
    return a->t_us != b->t_us ? a->t_us < b->t_us : a->seq < b->seq;
}

static void push(struct sim *m, struct event e)
{
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 1024;
        m->heap = realloc(m->heap, m->cap * sizeof *m->heap);
        if (!m->heap)
            abort();
    }
    e.seq = m->seq++;
    size_t i = m->n++;
    while (i > 0 && before(&e, &m->heap[(i - 1) / 2])) {
        m->heap[i] = m->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    m->heap[i] = e;
}

static struct event pop(struct sim *m)
{
    struct event top = m->heap[0];
    struct event e = m->heap[--m->n];
    size_t i = 0;
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= m->n)
            break;
        if (c + 1 < m->n && before(&m->heap[c + 1], &m->heap[c]))
            c++;
        if (!before(&m->heap[c], &e))
            break;
        m->heap[i] = m->heap[c];
        i = c;
    }
    if (m->n > 0)
        m->heap[i] = e;
    return top;
}

static uint64_t below(struct sim *m, int64_t n)
{
    return n > 0 ? tm_rng_below(&m->rng, (uint64_t)n) : 0;
}

/* ---- Links ---- */

static int64_t arrival(struct sim *m, struct link *l, int64_t depart_us, uint32_t n_bytes)
{
    int64_t start = tm_max_us(depart_us, l->free_us);
    int64_t busy = m->cfg->rate_bps ? (int64_t)((uint64_t)n_bytes * 8000000 / m->cfg->rate_bps) : 0;
    l->free_us = start + busy;
    int64_t t = l->free_us + m->cfg->delay_us + (int64_t)below(m, m->cfg->jitter_us);
    if (m->cfg->p_stall > 0 && (double)below(m, 1000000) < m->cfg->p_stall * 1e6)
        t += m->cfg->stall_us;
    l->arrive_us = tm_max_us(l->arrive_us, t);
    return l->arrive_us;
}

static struct chunk *chunk_new(uint32_t n_bytes, const uint8_t *plain, size_t len)
{
    struct chunk *c = malloc(sizeof *c + len);
    if (!c)
        abort();
    c->n_bytes = n_bytes;
    c->plain_len = (uint32_t)len;
    if (len > 0)
        memcpy(c->plain, plain, len);
    return c;
}

/* ---- Actions ---- */

static void act_open(struct sim *m, const struct tm_act *act)
{
    if (act->carrier >= MAX_CARRIERS)
        abort();
    struct sim_carrier *c = &m->carrier[act->carrier];
    m->n_carriers = act->carrier + 1;
    *c = (struct sim_carrier){.live = true, .hello_gap_us = act->gap_us};
    int64_t up = act->due_us + 2 * m->cfg->delay_us;
    struct event e = {
        .t_us = up, .kind = EV_UP, .side = TM_CLIENT, .carrier = act->carrier, .has_token = true};
    e.chunk = chunk_new(act->size, NULL, 0);
    tm_session_token(m->end[TM_CLIENT], act->carrier, &e.token);
    push(m, e);
    if (m->cfg->mean_life_us > 0)
        push(m, (struct event){.t_us = act->due_us + (int64_t)below(m, 2 * m->cfg->mean_life_us),
                               .kind = EV_DEATH,
                               .carrier = act->carrier});
}

/* A buffer is composed now and departs at its due time, record by record. */
static void act_write(struct sim *m, enum tm_side side, const struct tm_act *act)
{
    static uint8_t plain[TM_RECORD_PLAIN_MAX];
    struct sim_carrier *c = &m->carrier[act->carrier];
    int64_t due = act->due_us;
    if (act->rel_prev)
        due = tm_max_us(due, c->departed_us[side] + act->gap_us);
    due = tm_max_us(due, tm_max_us(m->now_us, c->departed_us[side]));
    c->departed_us[side] = due;
    uint32_t total = act->hs_size;
    struct event e = {
        .t_us = due, .kind = EV_DEPART, .side = side, .carrier = act->carrier, .write = act->write};
    if (act->hs_size > 0) {
        e.chunk = chunk_new(act->hs_size, NULL, 0);
        e.last = act->hs_size == act->size;
        push(m, e);
    }
    size_t len;
    while ((len = tm_session_compose(m->end[side], act->carrier, plain, m->now_us)) > 0) {
        total += (uint32_t)len + TM_RECORD_OVERHEAD;
        e.chunk = chunk_new((uint32_t)len + TM_RECORD_OVERHEAD, plain, len);
        e.last = total == act->size;
        push(m, e);
    }
    m->r->wrong_sizes += total != act->size;
    m->r->writes++;
}

static void both_gone(struct sim *m, uint32_t k, enum tm_side first, int64_t second_us)
{
    struct sim_carrier *c = &m->carrier[k];
    c->live = false;
    push(m, (struct event){.t_us = m->now_us, .kind = EV_GONE, .side = first, .carrier = k});
    push(m, (struct event){
                .t_us = second_us, .kind = EV_GONE, .side = sim_other(first), .carrier = k});
}

/* Behind all that was sent before it. */
static int64_t fin_arrival(const struct sim *m, const struct sim_carrier *c, enum tm_side side,
                           int64_t due_us)
{
    int64_t t_us = tm_max_us(due_us, c->departed_us[side]) + m->cfg->delay_us;
    return tm_max_us(t_us, c->dir[side].arrive_us);
}

static void act(struct sim *m, enum tm_side side, const struct tm_act *a)
{
    struct sim_carrier *c = &m->carrier[a->carrier];
    switch (a->kind) {
    case TM_ACT_OPEN:
        act_open(m, a);
        break;
    case TM_ACT_WRITE:
        act_write(m, side, a);
        break;
    case TM_ACT_CLOSE:
        push(m, (struct event){.t_us = fin_arrival(m, c, side, a->due_us),
                               .kind = EV_FIN,
                               .side = TM_SERVER,
                               .carrier = a->carrier});
        break;
    case TM_ACT_KILL:
        c->dead[side] = true;
        if (c->live)
            push(m, (struct event){.t_us = m->now_us + m->cfg->delay_us,
                                   .kind = EV_GONE,
                                   .side = sim_other(side),
                                   .carrier = a->carrier});
        c->live = false;
        break;
    }
}

static void drain_log(struct sim *m, enum tm_side side)
{
    if (!m->log[side])
        return;
    struct tm_view v = tm_schedlog_text(m->log[side]);
    if (m->text_len[side] + v.len + 1 > m->text_cap[side]) {
        m->text_cap[side] = 2 * (m->text_len[side] + v.len) + 65536;
        m->text[side] = realloc(m->text[side], m->text_cap[side]);
        if (!m->text[side])
            abort();
    }
    memcpy(m->text[side] + m->text_len[side], v.p, v.len);
    m->text_len[side] += v.len;
    m->text[side][m->text_len[side]] = '\0';
    tm_schedlog_drained(m->log[side], v.len);
}

/* All that an end has to say and do at this moment, then its next wake-up. */
static void pump(struct sim *m, enum tm_side side)
{
    struct tm_session *s = m->end[side];
    if (!s)
        return;
    struct tm_act a;
    struct tm_event ev;
    bool busy = true;
    while (busy) {
        busy = false;
        while (tm_session_next_event(s, &ev)) {
            sim_app_event(m, side, &ev);
            busy = true;
        }
        while (tm_session_poll(s, m->now_us, &a)) {
            act(m, side, &a);
            busy = true;
        }
    }
    drain_log(m, side);
    int64_t next = tm_session_next_us(s);
    if (next < m->prepare_us[side] || m->prepare_us[side] <= m->now_us) {
        m->prepare_us[side] = next;
        if (next != TM_NEVER)
            push(m, (struct event){
                        .t_us = tm_max_us(next, m->now_us), .kind = EV_PREPARE, .side = side});
    }
}

/* ---- Events ---- */

static void on_up(struct sim *m, struct event *e)
{
    struct sim_carrier *c = &m->carrier[e->carrier];
    if (!c->live || c->dead[TM_CLIENT])
        return;
    c->up = true;
    tm_session_opened(m->end[TM_CLIENT], e->carrier, m->now_us);
    struct event d = *e;
    d.t_us = m->now_us + c->hello_gap_us;
    d.kind = EV_DEPART;
    d.last = true;
    c->departed_us[TM_CLIENT] = d.t_us;
    e->chunk = NULL;
    push(m, d);
}

static void on_depart(struct sim *m, struct event *e)
{
    struct sim_carrier *c = &m->carrier[e->carrier];
    if (!c->live || c->dead[e->side])
        return;
    struct event a = *e;
    a.kind = EV_ARRIVE;
    a.side = sim_other(e->side);
    a.t_us = arrival(m, &c->dir[e->side], m->now_us, e->chunk->n_bytes);
    e->chunk = NULL;
    push(m, a);
    if (e->last)
        tm_session_sent(m->end[e->side], e->carrier, e->write, m->now_us, m->now_us, 0);
}

static void server_session(struct sim *m, const struct tm_token *t)
{
    struct tm_session_cfg cfg;
    tm_session_cfg_from_token(&cfg, t);
    cfg.model = m->cfg->model;
    cfg.schedule = cfg.plan_mode == TM_PLAN_SEEDED ? m->cfg->schedule : NULL;
    memset(cfg.master_seed, SIM_MASTER_SEED_BYTE, sizeof cfg.master_seed);
    if (tm_session_new(&m->end[TM_SERVER], &cfg, m->now_us) != TM_OK)
        abort();
    tm_session_set_log(m->end[TM_SERVER], m->log[TM_SERVER]);
}

static void on_arrive(struct sim *m, struct event *e)
{
    struct sim_carrier *c = &m->carrier[e->carrier];
    if (c->dead[e->side])
        return;
    if (e->has_token) { /* the ClientHello */
        uint8_t buf[TM_TOKEN_FIXED_LEN + TM_TOKEN_HEAD_MAX];
        struct tm_wr w = tm_wr_init(buf, sizeof buf);
        struct tm_token t;
        tm_token_encode(&e->token, &w);
        if (!tm_wr_ok(&w) || tm_token_decode(&t, buf, w.len) != TM_OK)
            abort();
        if (!m->end[TM_SERVER])
            server_session(m, &t);
        if (tm_session_accept(m->end[TM_SERVER], &t, e->chunk->n_bytes, m->now_us) != TM_OK)
            m->r->failed = "a carrier was not accepted";
        return;
    }
    tm_session_received(m->end[e->side], e->carrier, e->chunk->n_bytes, m->now_us);
    if (e->chunk->plain_len > 0 && tm_session_record(m->end[e->side], e->carrier, e->chunk->plain,
                                                     e->chunk->plain_len, m->now_us) != TM_OK)
        m->r->failed = "a record was not understood";
}

static void on_gone(struct sim *m, struct event *e)
{
    struct sim_carrier *c = &m->carrier[e->carrier];
    if (c->dead[e->side] || !m->end[e->side])
        return;
    c->dead[e->side] = true;
    (void)tm_session_gone(m->end[e->side], e->carrier, e->last ? TM_GONE_CLOSED : TM_GONE_LOST,
                          m->now_us);
}

/* The client's FIN has come: the server closes too, and its FIN goes back. */
static void on_fin(struct sim *m, struct event *e)
{
    struct sim_carrier *c = &m->carrier[e->carrier];
    if (!c->live)
        return;
    c->live = false;
    push(m, (struct event){.t_us = m->now_us,
                           .kind = EV_GONE,
                           .side = TM_SERVER,
                           .carrier = e->carrier,
                           .last = true});
    push(m, (struct event){.t_us = m->now_us + m->cfg->delay_us,
                           .kind = EV_GONE,
                           .side = TM_CLIENT,
                           .carrier = e->carrier,
                           .last = true});
}

static void on_stream(struct sim *m)
{
    struct tm_dest dest = {.kind = TM_ADDR_NAME, .len = 9, .port = 80};
    memcpy(dest.addr, "some.test", 9);
    uint64_t id;
    int rc = tm_session_stream_open(m->end[TM_CLIENT], &dest, &id);
    if (rc == TM_OK) {
        struct app_stream *st = &m->stream[m->n_streams++];
        if (m->n_streams > MAX_STREAMS || id != 2 * m->n_streams)
            abort();
        *st = (struct app_stream){.id = id};
        st->open[TM_CLIENT] = true;
        sim_app_send(m, st, TM_CLIENT);
    }
    if (m->n_streams < m->cfg->n_streams)
        push(m, (struct event){.t_us = m->now_us +
                                       tm_max_us(m->cfg->stream_gap_us, rc == TM_OK ? 0 : 1000),
                               .kind = EV_STREAM,
                               .side = TM_CLIENT});
}

static void on_read(struct sim *m)
{
    const int64_t every_us = 10000;
    for (uint64_t i = 0; i < m->n_streams; i++) {
        for (int side = 0; side < 2; side++) {
            if (m->end[side])
                sim_app_read(m, &m->stream[i], (enum tm_side)side,
                             (uint64_t)(m->cfg->slow_reader_bps * every_us / TM_US_PER_S));
        }
    }
    push(m, (struct event){.t_us = m->now_us + every_us, .kind = EV_READ});
}

/* A carrier's life is over: first one end notices, later the other. */
static void on_death(struct sim *m, uint32_t k)
{
    if (!m->carrier[k].live)
        return;
    both_gone(m, k, below(m, 2) ? TM_CLIENT : TM_SERVER,
              m->now_us + (int64_t)below(m, m->cfg->one_sided_us));
    m->r->n_deaths++;
}

/* The server's process ends and another begins: its sockets are reset, its memory is gone. */
static void on_restart(struct sim *m)
{
    tm_session_free(m->end[TM_SERVER]);
    m->end[TM_SERVER] = NULL;
    for (uint32_t k = 0; k < m->n_carriers; k++) {
        m->carrier[k].dead[TM_SERVER] = true;
        if (m->carrier[k].live)
            both_gone(m, k, TM_CLIENT, m->now_us);
    }
}

static void handle(struct sim *m, struct event *e)
{
    switch (e->kind) {
    case EV_UP:
        on_up(m, e);
        break;
    case EV_DEPART:
        on_depart(m, e);
        break;
    case EV_ARRIVE:
        on_arrive(m, e);
        break;
    case EV_GONE:
        on_gone(m, e);
        break;
    case EV_FIN:
        on_fin(m, e);
        break;
    case EV_STREAM:
        on_stream(m);
        break;
    case EV_READ:
        on_read(m);
        break;
    case EV_RESTART:
        on_restart(m);
        break;
    case EV_DEATH:
        on_death(m, e->carrier);
        break;
    default:
        break;
    }
    free(e->chunk);
    pump(m, TM_CLIENT);
    pump(m, TM_SERVER);
}

static void log_start(struct sim *m, enum tm_side side)
{
    const struct sim_cfg *cfg = m->cfg;
    static const uint8_t zero[32];
    if (tm_schedlog_new(&m->log[side], 1 << 20) != TM_OK)
        abort();
    tm_schedlog_session(m->log[side], &(struct tm_schedlog_session){
                                          .side = side,
                                          .master = cfg->master,
                                          .plan_mode = cfg->plan_mode,
                                          .model = cfg->model ? cfg->model->name : "schedule",
                                          .digest = zero,
                                          .seed = zero,
                                          .n_users = cfg->n_users,
                                          .pace_ms = cfg->pace_ms,
                                          .prep_us = TM_PREP_US});
}

static void sim_start(struct sim *m)
{
    const struct sim_cfg *cfg = m->cfg;
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, cfg->seed);
    tm_rng_init(&m->rng, seed);
    struct tm_session_cfg sc = {.side = TM_CLIENT,
                                .master = cfg->master,
                                .plan_mode = cfg->plan_mode,
                                .model = cfg->model,
                                .is_schedule = cfg->schedule != NULL,
                                .schedule = cfg->schedule,
                                .at_end = cfg->at_end,
                                .shape = sim_shape,
                                .n_users = cfg->n_users,
                                .pace_ms = cfg->pace_ms,
                                .prep_us = TM_PREP_US};
    memcpy(sc.seed, seed, sizeof sc.seed);
    if (cfg->log) {
        log_start(m, TM_CLIENT);
        log_start(m, TM_SERVER);
    }
    if (tm_session_new(&m->end[TM_CLIENT], &sc, 0) != TM_OK)
        abort();
    tm_session_set_log(m->end[TM_CLIENT], m->log[TM_CLIENT]);
    if (cfg->n_streams > 0)
        push(m, (struct event){.t_us = 0, .kind = EV_STREAM});
    if (cfg->slow_reader_bps > 0)
        push(m, (struct event){.t_us = 0, .kind = EV_READ});
    if (cfg->restart_us > 0)
        push(m, (struct event){.t_us = cfg->restart_us, .kind = EV_RESTART});
    pump(m, TM_CLIENT);
}

struct sim_result sim_run(const struct sim_cfg *cfg, int64_t duration_us, bool stop_when_done)
{
    struct sim_result r = {0};
    struct sim *m = calloc(1, sizeof *m);
    m->carrier = calloc(MAX_CARRIERS, sizeof *m->carrier);
    if (!m || !m->carrier)
        abort();
    m->cfg = cfg;
    m->r = &r;
    m->prepare_us[0] = m->prepare_us[1] = TM_NEVER;
    sim_start(m);
    while (m->n > 0 && m->heap[0].t_us <= duration_us && !r.failed &&
           !(stop_when_done && r.streams_done + r.streams_refused == cfg->n_streams)) {
        struct event e = pop(m);
        m->now_us = e.t_us;
        handle(m, &e);
    }
    for (uint64_t i = 0; i < m->n_streams; i++) {
        r.bytes_up += m->stream[i].got[TM_SERVER];
        r.bytes_down += m->stream[i].got[TM_CLIENT];
    }
    for (int side = 0; side < 2; side++) {
        if (m->end[side])
            tm_session_get_stats(m->end[side], side == TM_CLIENT ? &r.client : &r.server);
        tm_session_free(m->end[side]);
        tm_schedlog_free(m->log[side]);
    }
    r.client_log = m->text[TM_CLIENT];
    r.server_log = m->text[TM_SERVER];
    while (m->n > 0) {
        struct event e = pop(m);
        free(e.chunk);
    }
    free(m->heap);
    free(m->carrier);
    free(m);
    return r;
}

void sim_result_deinit(struct sim_result *r)
{
    free(r->client_log);
    free(r->server_log);
}
