#include "test/sim/sim_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/gen.h"
#include "tm/base/time.h"

/* What a timer is for; a carrier's death is numbered DEATH + carrier. */
enum { NEXT_STREAM, READ, RESTART, STOP, DEATH };

static void timer(struct sim *m, int64_t t_us, uint64_t number)
{
    if (tm_sim_timer(m->world, t_us, number) != TM_OK)
        abort();
}

static int64_t below(struct sim *m, int64_t n)
{
    return n > 0 ? (int64_t)tm_rng_below(&m->rng, (uint64_t)n) : 0;
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

static void next_stream(struct sim *m)
{
    struct tm_dest dest = {.kind = TM_ADDR_NAME, .len = 9, .port = 80};
    memcpy(dest.addr, "some.test", 9);
    uint64_t id;
    int rc = tm_session_stream_open(sim_end(m, TM_CLIENT), &dest, &id);
    if (rc == TM_OK) {
        struct app_stream *st = &m->stream[m->n_streams++];
        if (m->n_streams > MAX_STREAMS || id != 2 * m->n_streams)
            abort();
        *st = (struct app_stream){.id = id};
        st->open[TM_CLIENT] = true;
        sim_app_send(m, st, TM_CLIENT);
    }
    if (m->n_streams < m->cfg->n_streams)
        timer(m, tm_sim_now_us(m->world) + tm_max_us(m->cfg->stream_gap_us, rc == TM_OK ? 0 : 1000),
              NEXT_STREAM);
}

static void read_slowly(struct sim *m)
{
    const int64_t every_us = 10000;
    for (uint64_t i = 0; i < m->n_streams; i++) {
        for (int side = 0; side < 2; side++) {
            if (sim_end(m, (enum tm_side)side))
                sim_app_read(m, &m->stream[i], (enum tm_side)side,
                             (uint64_t)(m->cfg->slow_reader_bps * every_us / TM_US_PER_S));
        }
    }
    timer(m, tm_sim_now_us(m->world) + every_us, READ);
}

/* A carrier's life is over: first one end notices, later the other. */
static void death(struct sim *m, uint32_t carrier)
{
    enum tm_side first = below(m, 2) ? TM_CLIENT : TM_SERVER;
    int64_t second_us = tm_sim_now_us(m->world) + below(m, m->cfg->one_sided_us);
    m->r->n_deaths += tm_sim_cut(m->world, carrier, first, second_us);
}

static void stop(struct sim *m)
{
    for (int side = 0; side < 2; side++) {
        if (m->cfg->stop_for_us[side] > 0)
            tm_sim_stop(m->world, (enum tm_side)side,
                        tm_sim_now_us(m->world) + m->cfg->stop_for_us[side], m->cfg->is_asleep);
    }
}

static void on_timer(struct sim *m, uint64_t number)
{
    if (number == NEXT_STREAM)
        next_stream(m);
    else if (number == READ)
        read_slowly(m);
    else if (number == RESTART)
        tm_sim_restart_server(m->world);
    else if (number == STOP)
        stop(m);
    else
        death(m, (uint32_t)(number - DEATH));
}

static void handle(struct sim *m, const struct tm_sim_event *ev)
{
    switch (ev->kind) {
    case TM_SIM_APP:
        sim_app_event(m, ev->side, &ev->app);
        break;
    case TM_SIM_OPENING:
        if (m->cfg->mean_life_us > 0)
            timer(m, tm_sim_now_us(m->world) + below(m, 2 * m->cfg->mean_life_us),
                  DEATH + ev->carrier);
        break;
    case TM_SIM_SENT:
        break;
    case TM_SIM_TIMER:
        on_timer(m, ev->number);
        break;
    }
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

static void start(struct sim *m)
{
    const struct sim_cfg *cfg = m->cfg;
    if (cfg->log) {
        log_start(m, TM_CLIENT);
        log_start(m, TM_SERVER);
    }
    struct tm_sim_cfg wc = {.drive = cfg->drive,
                            .cells = cfg->cells,
                            .model = cfg->model,
                            .schedule = cfg->schedule,
                            .at_end = cfg->at_end,
                            .shape = tm_sim_shape,
                            .master = cfg->master,
                            .plan_mode = cfg->plan_mode,
                            .n_users = cfg->n_users,
                            .pace_ms = cfg->pace_ms,
                            .on_demand = cfg->on_demand,
                            .idle_stop_us = cfg->idle_stop_us,
                            .seed = cfg->seed,
                            .delay_us = cfg->delay_us,
                            .jitter_us = cfg->jitter_us,
                            .rate_bps = cfg->rate_bps,
                            .p_stall = cfg->p_stall,
                            .stall_us = cfg->stall_us,
                            .log = {m->log[0], m->log[1]}};
    memset(wc.master_seed, SIM_MASTER_SEED_BYTE, sizeof wc.master_seed);
    if (tm_sim_new(&m->world, &wc) != TM_OK)
        abort();
    if (cfg->slow_bps > 0 && tm_sim_set_rate(m->world, cfg->slow_carrier, cfg->slow_bps) != TM_OK)
        abort();
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, ~cfg->seed);
    tm_rng_init(&m->rng, seed);
    if (cfg->n_streams > 0)
        timer(m, cfg->first_stream_us, NEXT_STREAM);
    if (cfg->slow_reader_bps > 0)
        timer(m, 0, READ);
    if (cfg->restart_us > 0)
        timer(m, cfg->restart_us, RESTART);
    if (cfg->stop_us > 0)
        timer(m, cfg->stop_us, STOP);
}

static void finish(struct sim *m)
{
    struct sim_result *r = m->r;
    struct tm_sim_stats ws;
    tm_sim_get_stats(m->world, &ws);
    r->end_us = tm_sim_now_us(m->world);
    r->writes = ws.n_writes;
    r->wrong_sizes = ws.n_wrong_sizes;
    for (uint64_t i = 0; i < m->n_streams; i++) {
        r->bytes_up += m->stream[i].got[TM_SERVER];
        r->bytes_down += m->stream[i].got[TM_CLIENT];
    }
    for (int side = 0; side < 2; side++) {
        struct tm_session *end = sim_end(m, (enum tm_side)side);
        if (end) {
            tm_session_get_stats(end, side == TM_CLIENT ? &r->client : &r->server);
            (void)tm_session_cells(end, &r->cells[side]);
        }
        drain_log(m, (enum tm_side)side);
    }
    tm_sim_free(m->world);
    tm_schedlog_free(m->log[TM_CLIENT]);
    tm_schedlog_free(m->log[TM_SERVER]);
    r->client_log = m->text[TM_CLIENT];
    r->server_log = m->text[TM_SERVER];
}

struct sim_result sim_run(const struct sim_cfg *cfg, int64_t duration_us, bool stop_when_done)
{
    struct sim_result r = {0};
    struct sim *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->cfg = cfg;
    m->r = &r;
    start(m);
    struct tm_sim_event ev;
    int more = 1;
    while (!r.failed &&
           !(stop_when_done &&
             r.streams_done + r.streams_refused + r.streams_reset == cfg->n_streams) &&
           (more = tm_sim_next(m->world, duration_us, &ev)) == 1) {
        handle(m, &ev);
        drain_log(m, TM_CLIENT);
        drain_log(m, TM_SERVER);
    }
    if (more < 0)
        r.failed = "an end did not accept what the other sent";
    finish(m);
    free(m);
    return r;
}

void sim_result_deinit(struct sim_result *r)
{
    free(r->client_log);
    free(r->server_log);
}

struct tm_gen *sim_gen_new(const struct sim_cfg *cfg, enum sim_gen whose)
{
    struct tm_gen *g = NULL;
    struct tm_gen_cfg gc = {.model = cfg->model, .n_users = cfg->n_users};
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, cfg->seed);
    if (whose == SIM_GEN_MASTER)
        memset(seed, SIM_MASTER_SEED_BYTE, sizeof seed);
    memcpy(gc.seed, seed, TM_TOKEN_SEED_LEN);
    if (tm_gen_new(&g, &gc) != TM_OK)
        abort();
    return g;
}
