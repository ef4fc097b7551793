/* Closings of every kind in the simulator: who closes, how and when is what the plan says, at both ends, whoever is master; and no byte
 * of a stream is lost by it. */
#include <stdio.h>
#include <stdlib.h>

#include "models/gen.h"
#include "test/sim/sim.h"
#include "test/support/check.h"
#include "tm/base/time.h"
#include "tm/core/embed.h"

#define SECONDS(n)   ((int64_t)(n)*TM_US_PER_S)
#define MAX_CARRIERS 4096U

/* ---- What must be ---- */

struct carrier {
    struct tm_plan plan;  /* as it is on the wire */
    int64_t *event_us[2]; /* owned; of each write, in each end's log */
    bool has_closed[2];
    int64_t closed_us[2]; /* when each end closes, by its plan */
};

struct expectation {
    const struct sim_cfg *cfg;
    struct tm_gen *gen[2]; /* of the session, of the master */
    struct carrier *carrier;
    uint64_t n_ended, n_server_first, n_reset, n_before_last; /* of the client's log */
};

static void begin(struct expectation *x, const struct sim_cfg *cfg)
{
    *x = (struct expectation){.cfg = cfg, .carrier = calloc(MAX_CARRIERS, sizeof *x->carrier)};
    if (!x->carrier)
        abort();
    x->gen[0] = sim_gen_new(cfg, SIM_GEN_SESSION);
    x->gen[1] = sim_gen_new(cfg, SIM_GEN_MASTER);
}

static void end(struct expectation *x)
{
    for (uint32_t c = 0; c < MAX_CARRIERS; c++) {
        tm_plan_deinit(&x->carrier[c].plan);
        free(x->carrier[c].event_us[0]);
        free(x->carrier[c].event_us[1]);
    }
    free(x->carrier);
    tm_gen_free(x->gen[0]);
    tm_gen_free(x->gen[1]);
}

static void on_open(struct expectation *x, const struct tm_schedlog_line *l, struct carrier *c)
{
    bool is_masters =
        l->src == TM_SRC_MASTER || (l->src == TM_SRC_EXPLICIT && x->cfg->master == TM_SERVER);
    CHECK_INT(tm_gen_plan(x->gen[is_masters], l->user, l->index, &c->plan), TM_OK);
    CHECK_INT(tm_shape_project(&c->plan, &tm_sim_shape, TM_PREP_US, NULL), TM_OK);
    if (l->src == TM_SRC_EXPLICIT)
        CHECK_INT(tm_embed_project(&c->plan, &tm_sim_shape, x->cfg->master, &tm_embed_models, NULL),
                  TM_OK);
    for (int side = 0; side < 2; side++) {
        c->event_us[side] = calloc(c->plan.n_writes, sizeof *c->event_us[side]);
        if (!c->event_us[side])
            abort();
    }
}

static int64_t last_of(const struct carrier *c, int side, int dir)
{
    int64_t last_us = 0;
    for (size_t i = 0; i < c->plan.n_writes; i++) {
        if (dir == 2 || c->plan.w[i].dir == dir)
            last_us = tm_max_us(last_us, c->event_us[side][i]);
    }
    return last_us;
}

/* One side's closing against its plan and its own log. */
static void on_close(struct expectation *x, const struct tm_schedlog_line *l, struct carrier *c,
                     int side)
{
    const struct tm_close *want = &c->plan.close;
    const struct tm_schedlog_close *got = &l->close;
    bool is_client = side == TM_CLIENT;
    uint8_t back = is_client ? want->back : want->server_back;
    int64_t n = (int64_t)c->plan.n_writes;
    CHECK_INT(got->dir, is_client ? TM_UP : TM_DOWN);
    CHECK_INT(got->how, is_client ? want->how : TM_CLOSE_FIN);
    CHECK_INT(got->ref, back > 0 ? n - back : is_client ? TM_SLOG_REF_END : TM_SLOG_REF_FIN);
    CHECK_INT(got->gap_us, is_client ? c->plan.close_gap_us : (int64_t)want->server_gap_us);
    if (is_client)
        CHECK_INT(got->server_ref, want->server_back > 0 ? n - want->server_back : TM_SLOG_REF_FIN);
    if (back > 0)
        CHECK_INT(got->event_us, c->event_us[side][n - back]);
    else if (is_client && want->server_back == 0)
        CHECK_INT(got->event_us, last_of(c, side, 2));
    else
        CHECK(got->event_us >= (is_client ? last_of(c, side, 2) : last_of(c, side, TM_UP)));
    int64_t least_us = got->how == TM_CLOSE_RESET ? last_of(c, side, 2)
                                                  : last_of(c, side, is_client ? TM_UP : TM_DOWN);
    CHECK_INT(got->due_us, tm_max_us(got->event_us + got->gap_us, least_us));
    c->has_closed[side] = true;
    c->closed_us[side] = got->due_us;
    x->n_reset += got->how == TM_CLOSE_RESET;
}

static void on_end(struct expectation *x, const struct tm_schedlog_line *l, struct carrier *c,
                   int side)
{
    const struct tm_close *want = &c->plan.close;
    CHECK(l->planned);
    CHECK_INT(l->writes, c->plan.n_writes);
    if (side == TM_CLIENT) {
        CHECK(c->has_closed[TM_CLIENT]);
        CHECK(l->at_us >= c->closed_us[TM_CLIENT]);
        x->n_ended++;
        x->n_before_last += c->closed_us[TM_CLIENT] < last_of(c, TM_CLIENT, 2);
    } else if (want->server_back > 0 && want->how == TM_CLOSE_FIN) {
        CHECK(c->has_closed[TM_SERVER]);
        x->n_server_first++;
    }
}

static void read_log(struct expectation *x, const char *log, int side)
{
    struct sim_lines lines = sim_lines(log);
    struct tm_schedlog_line l;
    while (sim_next_line(&lines, &l)) {
        struct carrier *c = &x->carrier[l.carrier % MAX_CARRIERS];
        CHECK(l.carrier < MAX_CARRIERS);
        if (l.kind == TM_SLOG_OPEN)
            on_open(x, &l, c);
        else if (l.kind == TM_SLOG_WRITE || l.kind == TM_SLOG_RECV)
            c->event_us[side][l.i] = l.kind == TM_SLOG_WRITE ? l.last_us : l.at_us;
        else if (l.kind == TM_SLOG_CLOSE)
            on_close(x, &l, c, side);
        else if (l.kind == TM_SLOG_END)
            on_end(x, &l, c, side);
    }
}

static void healthy(const struct sim_result *r)
{
    CHECK_STR(r->failed ? r->failed : "", "");
    CHECK_INT(r->wrong_bytes, 0);
    CHECK_INT(r->wrong_sizes, 0);
    CHECK_INT(r->client.carriers_died, 0);
    CHECK_INT(r->server.carriers_died, 0);
}

/* ---- Models ---- */

/* The cards of the joint model, each closed otherwise than the one before: the client from each of the last writes, the server by itself,
 * resets, and as ever. */
static void closings_model(struct tm_model *m)
{
    static const struct tm_close some[] = {
        {TM_CLOSE_FIN, 2, 0, 0},   {TM_CLOSE_FIN, 0, 1, 0},    {TM_CLOSE_RESET, 0, 1, 250},
        {TM_CLOSE_RESET, 0, 0, 0}, {TM_CLOSE_FIN, 3, 2, 9000}, {TM_CLOSE_FIN, 1, 1, 100},
        {TM_CLOSE_RESET, 2, 2, 0}, {TM_CLOSE_FIN, 5, 0, 0},    {0}};
    sim_model_joint(m);
    struct tm_deck *d = &m->u.joint.deck;
    for (size_t i = 0; i < d->n_conns; i++)
        d->conn[i].close = some[i % (sizeof some / sizeof some[0])];
    CHECK_INT(tm_deck_check(d), TM_OK);
}

static struct sim_cfg base(const struct tm_model *m, int role)
{
    return (struct sim_cfg){.model = m,
                            .master = role & 1 ? TM_SERVER : TM_CLIENT,
                            .plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED,
                            .n_users = 3,
                            .seed = 3,
                            .delay_us = 20000,
                            .jitter_us = 3000,
                            .one_sided_us = 1,
                            .n_streams = 6,
                            .up_bytes = 150000,
                            .down_bytes = 150000,
                            .log = true};
}

static void every_closing_is_the_planned_one_at_the_planned_time(void)
{
    struct tm_model m;
    closings_model(&m);
    for (int role = 0; role < 4; role++) {
        struct sim_cfg cfg = base(&m, role);
        struct expectation x;
        struct sim_result r = sim_run(&cfg, SECONDS(80), false);
        healthy(&r);
        begin(&x, &cfg);
        read_log(&x, r.client_log, TM_CLIENT);
        read_log(&x, r.server_log, TM_SERVER);
        CHECK(x.n_ended > 25);
        CHECK(x.n_reset > 5 && x.n_server_first > 5 && x.n_before_last > 0);
        CHECK(r.bytes_down > 100000);
        end(&x);
        sim_result_deinit(&r);
    }
    tm_model_deinit(&m);
}

static void carry(const struct sim_cfg *cfg)
{
    struct sim_result r = sim_run(cfg, SECONDS(3600), true);
    CHECK_STR(r.failed ? r.failed : "", "");
    CHECK_INT(r.wrong_bytes, 0);
    CHECK_INT(r.wrong_sizes, 0);
    CHECK_INT(r.streams_done, cfg->n_streams);
    CHECK(cfg->mean_life_us > 0 || r.client.carriers_died + r.server.carriers_died == 0);
    sim_result_deinit(&r);
}

/* On a long path, where bytes of both sides are on their way when one closes and reports overtake them; on a short one; and with deaths in
 * between. */
static void streams_lose_nothing(void)
{
    struct tm_model m;
    closings_model(&m);
    for (int role = 0; role < 4; role++) {
        struct sim_cfg cfg = base(&m, role);
        cfg.log = false;
        cfg.n_streams = 4;
        cfg.delay_us = role == 3 ? 50 : 150000;
        cfg.jitter_us = cfg.delay_us / 10;
        carry(&cfg);
        cfg.delay_us = 20000;
        cfg.mean_life_us = 900000;
        cfg.one_sided_us = 200000;
        if (role == 1 || role == 2)
            carry(&cfg);
    }
    tm_model_deinit(&m);
}

struct closing {
    int64_t carrier, how, ref, due_us;
};

static int by_carrier(const void *a, const void *b)
{
    const struct closing *x = a, *y = b;
    return x->carrier < y->carrier ? -1 : x->carrier > y->carrier;
}

/* What the client closed, when; owned, in the order of the carriers. */
static struct closing *closings_of(const struct sim_cfg *cfg, size_t *n)
{
    struct closing *out = calloc(MAX_CARRIERS, sizeof *out);
    struct sim_result r = sim_run(cfg, SECONDS(60), false);
    struct sim_lines lines = sim_lines(r.client_log);
    struct tm_schedlog_line l;
    healthy(&r);
    *n = 0;
    while (out && *n < MAX_CARRIERS && sim_next_line(&lines, &l)) {
        if (l.kind == TM_SLOG_CLOSE)
            out[(*n)++] = (struct closing){l.carrier, l.close.how, l.close.ref, l.close.due_us};
    }
    if (out)
        qsort(out, *n, sizeof *out, by_carrier);
    sim_result_deinit(&r);
    return out;
}

static void idle_and_loaded_close_alike(void)
{
    struct tm_model m;
    closings_model(&m);
    for (int role = 1; role < 3;
         role++) { /* the server master and seeds, the client and embedded plans */
        struct sim_cfg cfg = base(&m, role);
        size_t n_idle, n_loaded;
        cfg.jitter_us = 0;
        cfg.n_streams = 0;
        struct closing *idle = closings_of(&cfg, &n_idle);
        cfg.n_streams = 8;
        cfg.up_bytes = cfg.down_bytes = 1000000;
        struct closing *loaded = closings_of(&cfg, &n_loaded);
        CHECK(n_idle > 20);
        CHECK_INT(n_idle, n_loaded);
        CHECK_MEM(idle, loaded, n_idle * sizeof *idle);
        free(idle);
        free(loaded);
    }
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"every_closing_is_the_planned_one_at_the_planned_time",
     every_closing_is_the_planned_one_at_the_planned_time},
    {"streams_lose_nothing", streams_lose_nothing},
    {"idle_and_loaded_close_alike", idle_and_loaded_close_alike},
};
CHECK_MAIN("close_sim", cases)
