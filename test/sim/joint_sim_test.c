/* A joint model in the simulator: for both masters and both ways of planning, every write of every carrier is the
 * one that a generator of its own computes, and leaves when its event and the order of its sender say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/gen.h"
#include "test/sim/sim.h"
#include "test/support/check.h"
#include "tm/base/time.h"
#include "tm/core/embed.h"

#define SECONDS(n)   ((int64_t)(n)*TM_US_PER_S)
#define MAX_CARRIERS 4096U

struct carrier {
    bool is_open;
    enum tm_plan_src src;
    uint32_t user;
    uint64_t index;
    struct tm_plan plan; /* as it must be */
    int64_t due_us[2];   /* of the last write, by sender */
    uint32_t n_seen[2];  /* writes that each end's log has of both directions */
    int64_t last_us[2];  /* the last event in each end's log */
};

struct expectation {
    const struct sim_cfg *cfg;
    struct tm_gen *session_gen;
    struct tm_gen *master_gen;
    struct carrier *carrier;
    uint64_t n_writes;
    uint64_t n_ended;
    uint64_t n_src[3];
};

static void begin(struct expectation *x, const struct sim_cfg *cfg)
{
    *x = (struct expectation){.cfg = cfg, .carrier = calloc(MAX_CARRIERS, sizeof(struct carrier))};
    x->session_gen = sim_gen_new(cfg, SIM_GEN_SESSION);
    x->master_gen = sim_gen_new(cfg, SIM_GEN_MASTER);
    CHECK(x->carrier != NULL);
}

static void end(struct expectation *x)
{
    for (uint32_t c = 0; c < MAX_CARRIERS; c++)
        tm_plan_deinit(&x->carrier[c].plan);
    free(x->carrier);
    tm_gen_free(x->session_gen);
    tm_gen_free(x->master_gen);
}

static struct carrier *carrier_of(const struct expectation *x, const struct tm_schedlog_line *l)
{
    CHECK(l->carrier < MAX_CARRIERS);
    return &x->carrier[l->carrier % MAX_CARRIERS];
}

/* The plan as a third party computes it. */
static void on_open(struct expectation *x, const struct tm_schedlog_line *l)
{
    struct carrier *c = carrier_of(x, l);
    *c = (struct carrier){.is_open = true, .src = l->src, .user = l->user, .index = l->index};
    c->due_us[0] = c->due_us[1] = INT64_MIN;
    bool is_masters =
        l->src == TM_SRC_MASTER || (l->src == TM_SRC_EXPLICIT && x->cfg->master == TM_SERVER);
    CHECK_INT(tm_gen_plan(is_masters ? x->master_gen : x->session_gen, l->user, l->index, &c->plan),
              TM_OK);
    CHECK_INT(tm_shape_project(&c->plan, &tm_sim_shape, TM_PREP_US, NULL), TM_OK);
    if (l->src == TM_SRC_EXPLICIT)
        CHECK_INT(tm_embed_project(&c->plan, &tm_sim_shape, x->cfg->master, &tm_embed_models, NULL),
                  TM_OK);
    x->n_src[l->src]++;
}

static void check_write(struct carrier *c, const struct tm_schedlog_line *l, enum tm_side side)
{
    CHECK(c->is_open && l->i < c->plan.n_writes);
    if (l->i >= c->plan.n_writes)
        return;
    const struct tm_write *w = &c->plan.w[l->i];
    CHECK_INT(l->w.size, w->size);
    CHECK_INT(l->w.dir, w->dir);
    bool is_untold = side == TM_SERVER && l->i == 0 && l->w.gap_us == TM_WRITE_GAP_UNKNOWN;
    CHECK_INT(is_untold ? w->gap_us : l->w.gap_us, w->gap_us);
    CHECK_INT(l->w.ref_back, w->ref_back);
    c->n_seen[side]++;
}

static void on_line(struct expectation *x, const struct tm_schedlog_line *l, enum tm_side side)
{
    struct carrier *c = carrier_of(x, l);
    switch (l->kind) {
    case TM_SLOG_OPEN:
        on_open(x, l);
        break;
    case TM_SLOG_WRITE:
        check_write(c, l, side);
        c->due_us[side] = tm_max_us(l->event_us + l->w.gap_us, c->due_us[side]);
        CHECK_INT(l->due_us, c->due_us[side]);
        CHECK_INT(l->first_us, l->due_us);
        c->last_us[side] = l->last_us;
        x->n_writes++;
        break;
    case TM_SLOG_RECV:
        check_write(c, l, side);
        c->last_us[side] = l->at_us;
        break;
    case TM_SLOG_CLOSE:
        CHECK_INT(l->close.gap_us, c->plan.close_gap_us);
        CHECK_INT(l->close.event_us, c->last_us[TM_CLIENT]);
        CHECK_INT(l->close.due_us, l->close.event_us + l->close.gap_us);
        CHECK_INT(c->n_seen[TM_CLIENT], c->plan.n_writes);
        break;
    case TM_SLOG_END:
        CHECK(l->planned);
        CHECK_INT(c->n_seen[side], c->plan.n_writes);
        x->n_ended += side == TM_CLIENT;
        break;
    case TM_SLOG_SESSION:
    case TM_SLOG_UP:
        break;
    case TM_SLOG_DROPPED:
        CHECK_INT(l->dropped, 0);
        break;
    }
}

static void read_log(struct expectation *x, const char *log, enum tm_side side)
{
    struct sim_lines lines = sim_lines(log);
    struct tm_schedlog_line l;
    while (sim_next_line(&lines, &l))
        on_line(x, &l, side);
}

static uint64_t writes_checked;

static void play(struct sim_cfg *cfg)
{
    struct expectation x;
    struct sim_result r = sim_run(cfg, SECONDS(200), false);
    CHECK_STR(r.failed ? r.failed : "", "");
    CHECK_INT(r.wrong_bytes, 0);
    CHECK_INT(r.wrong_sizes, 0);
    CHECK_INT(r.client.carriers_died, 0);
    CHECK_INT(r.server.carriers_died, 0);
    begin(&x, cfg);
    read_log(&x, r.client_log, TM_CLIENT);
    read_log(&x, r.server_log, TM_SERVER);
    CHECK(x.n_ended > 60);
    enum tm_plan_src want = cfg->plan_mode == TM_PLAN_EMBEDDED ? TM_SRC_EXPLICIT
                            : cfg->master == TM_SERVER         ? TM_SRC_MASTER
                                                               : TM_SRC_SESSION;
    CHECK(x.n_src[want] > 50);
    writes_checked += x.n_writes;
    end(&x);
    sim_result_deinit(&r);
}

/* Both masters, both plan forms. */
static void each_role(struct sim_cfg *cfg)
{
    for (int role = 0; role < 4; role++) {
        cfg->master = role & 1 ? TM_SERVER : TM_CLIENT;
        cfg->plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED;
        play(cfg);
    }
}

static struct sim_cfg base(const struct tm_model *m)
{
    return (struct sim_cfg){.model = m,
                            .n_users = 2,
                            .seed = 1,
                            .delay_us = 20000,
                            .jitter_us = 3000,
                            .one_sided_us = 1,
                            .n_streams = 4,
                            .up_bytes = 100000,
                            .down_bytes = 100000,
                            .log = true};
}

static void every_write_is_the_planned_one_at_the_planned_time(void)
{
    struct tm_model m;
    sim_model_joint(&m);
    struct sim_cfg cfg = base(&m);
    writes_checked = 0;
    each_role(&cfg);
    printf("\n    writes exactly as planned: %llu\n", (unsigned long long)writes_checked);
    CHECK(writes_checked > 10000);
    tm_model_deinit(&m);
}

/* An embedded plan tells of what the other side does meanwhile eight entries ahead, which must cover a round trip. */
static void short_and_long_paths_change_no_write(void)
{
    struct tm_model m;
    sim_model_joint(&m);
    struct sim_cfg cfg = base(&m);
    const int64_t delays_us[] = {50, 40000, 120000};
    for (size_t i = 0; i < sizeof delays_us / sizeof delays_us[0]; i++) {
        cfg.delay_us = delays_us[i];
        cfg.jitter_us = delays_us[i] / 10;
        /* Embedded plans, where they can reach so far ahead. */
        int first = delays_us[i] < 100000 ? 2 : 0;
        for (int role = first; role < first + 2; role++) {
            cfg.master = role & 1 ? TM_SERVER : TM_CLIENT;
            cfg.plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED;
            play(&cfg);
        }
    }
    tm_model_deinit(&m);
}

static void carry(struct sim_cfg *cfg)
{
    struct sim_result r = sim_run(cfg, SECONDS(3600), true);
    CHECK_STR(r.failed ? r.failed : "", "");
    CHECK_INT(r.wrong_bytes, 0);
    CHECK_INT(r.wrong_sizes, 0);
    CHECK_INT(r.streams_done, cfg->n_streams);
    sim_result_deinit(&r);
}

static void streams_survive_deaths_of_their_carriers(void)
{
    struct tm_model m;
    sim_model_joint(&m);
    struct sim_cfg cfg = base(&m);
    cfg.log = false;
    cfg.n_users = 4;
    cfg.mean_life_us = 400000;
    cfg.one_sided_us = 300000;
    for (int role = 0; role < 4; role++) {
        cfg.master = role & 1 ? TM_SERVER : TM_CLIENT;
        cfg.plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED;
        carry(&cfg);
    }
    tm_model_deinit(&m);
}

static char *invariant(const struct sim_cfg *cfg, unsigned n_streams, uint64_t bytes)
{
    struct sim_cfg loaded = *cfg;
    loaded.n_streams = n_streams;
    loaded.up_bytes = loaded.down_bytes = bytes;
    struct sim_result r = sim_run(&loaded, SECONDS(300), false);
    CHECK_STR(r.failed ? r.failed : "", "");
    CHECK(n_streams == 0 || r.bytes_up + r.bytes_down > 100000);
    char *text = sim_invariant(r.client_log);
    CHECK(strlen(text) > 10000);
    sim_result_deinit(&r);
    return text;
}

static void idle_and_loaded_have_the_same_schedule(void)
{
    struct tm_model m;
    sim_model_joint(&m);
    struct sim_cfg cfg = base(&m);
    cfg.jitter_us = 0; /* so that the same moment of stopping cuts both runs at the same write */
    for (int role = 0; role < 4; role++) {
        cfg.master = role & 1 ? TM_SERVER : TM_CLIENT;
        cfg.plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED;
        char *idle = invariant(&cfg, 0, 0);
        char *loaded = invariant(&cfg, 10, 3000000);
        CHECK_INT(strcmp(idle, loaded), 0);
        free(idle);
        free(loaded);
    }
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"every_write_is_the_planned_one_at_the_planned_time",
     every_write_is_the_planned_one_at_the_planned_time},
    {"short_and_long_paths_change_no_write", short_and_long_paths_change_no_write},
    {"streams_survive_deaths_of_their_carriers", streams_survive_deaths_of_their_carriers},
    {"idle_and_loaded_have_the_same_schedule", idle_and_loaded_have_the_same_schedule},
};
CHECK_MAIN("joint_sim", cases)
