/* Cover that begins with the first demand and ends, at the end of a session of the model, when there is none. */
#include "test/sim/sound.h"

#include <stdlib.h>

#include "models/gen.h"
#include "tm/base/time.h"

#define SECONDS(n) ((int64_t)(n)*TM_US_PER_S)
#define USERS      3U

static struct sim_cfg base(const struct tm_model *m, int role)
{
    return (struct sim_cfg){.model = m,
                            .n_users = USERS,
                            .master = role & 1 ? TM_SERVER : TM_CLIENT,
                            .plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED,
                            .seed = 1,
                            .delay_us = 20000,
                            .one_sided_us = 1,
                            .up_bytes = 500,
                            .down_bytes = 3000,
                            .log = true};
}

static void healthy(const struct sim_result *r)
{
    check_sound(r);
    CHECK_INT(r->client.carriers_died, 0);
}

/* What a client's log says of its openings. */
struct openings {
    unsigned n, n_within;
    int64_t first_us, next_us; /* the first of all; the first at or after `from_us` */
    struct {
        bool has_any;
        enum tm_plan_src src;
        uint64_t index;
    } last[USERS];
};

/* n_within: of those due from `from_us` on and before `to_us`. */
static struct openings openings_of(const char *log, int64_t from_us, int64_t to_us)
{
    struct openings o = {.first_us = TM_NEVER, .next_us = TM_NEVER};
    struct sim_lines lines = sim_lines(log);
    struct tm_schedlog_line l;
    while (sim_next_line(&lines, &l)) {
        if (l.kind != TM_SLOG_OPEN || l.user >= USERS)
            continue;
        o.n++;
        o.n_within += l.due_us >= from_us && l.due_us < to_us;
        o.first_us = tm_min_us(o.first_us, l.due_us);
        if (l.due_us >= from_us)
            o.next_us = tm_min_us(o.next_us, l.due_us);
        o.last[l.user].has_any = true;
        o.last[l.user].src = l.src;
        o.last[l.user].index = l.index;
    }
    return o;
}

static void nothing_leaves_before_the_first_demand(void)
{
    struct tm_model m;
    sim_model_https(&m);
    for (int role = 0; role < 4; role++) {
        struct sim_cfg cfg = base(&m, role);
        cfg.on_demand = true;
        cfg.first_stream_us = SECONDS(60);
        cfg.n_streams = 1;
        struct sim_result r = sim_run(&cfg, SECONDS(60) - 1, false);
        healthy(&r);
        CHECK_INT(r.client.carriers_opened + r.client.wire_tx_bytes, 0);
        sim_result_deinit(&r);
        r = sim_run(&cfg, SECONDS(1200), false);
        healthy(&r);
        CHECK_INT(r.streams_done, 1);
        struct openings o = openings_of(r.client_log, SECONDS(900), SECONDS(1200));
        CHECK(o.first_us >= SECONDS(60) && o.first_us <= SECONDS(60) + 10000);
        CHECK(o.n_within > 3); /* without --idle-stop it goes on */
        CHECK(o.last[0].has_any && o.last[1].has_any && o.last[2].has_any);
        sim_result_deinit(&r);
    }
    tm_model_deinit(&m);
}

/* Whether the opening behind this one begins a session, by the model alone. */
static bool is_last_of_session(const struct sim_cfg *cfg, enum tm_plan_src src, uint32_t user,
                               uint64_t index)
{
    bool is_masters = src == TM_SRC_MASTER || (src == TM_SRC_EXPLICIT && cfg->master == TM_SERVER);
    struct tm_gen *g = sim_gen_new(cfg, is_masters ? SIM_GEN_MASTER : SIM_GEN_SESSION);
    struct tm_open open;
    for (uint64_t i = 0; i <= index + 1; i++)
        CHECK(tm_gen_open(g, user, &open));
    tm_gen_free(g);
    return open.rre == 0 && open.ref != TM_OPEN_PREV;
}

static void cover_ends_where_a_session_of_the_model_ends(void)
{
    struct tm_model m;
    sim_model_https(&m);
    for (int role = 0; role < 4; role++) {
        for (uint64_t seed = 1; seed < 4; seed++) {
            struct sim_cfg cfg = base(&m, role);
            cfg.seed = seed;
            cfg.idle_stop_us = SECONDS(30);
            cfg.n_streams = 1;
            cfg.first_stream_us = SECONDS(20);
            struct sim_result r = sim_run(&cfg, SECONDS(3600), false);
            healthy(&r);
            CHECK_INT(r.streams_done, 1);
            CHECK_INT(r.client.carriers_live + r.server.carriers_live, 0);
            struct openings o = openings_of(r.client_log, SECONDS(50), SECONDS(3600));
            CHECK_INT(o.first_us, 0);
            CHECK(o.n_within > 0); /* sessions that had begun went on */
            CHECK_INT(openings_of(r.client_log, SECONDS(1200), SECONDS(3600)).n_within, 0);
            for (uint32_t u = 0; u < USERS; u++)
                CHECK(o.last[u].has_any &&
                      is_last_of_session(&cfg, o.last[u].src, u, o.last[u].index));
            sim_result_deinit(&r);
        }
    }
    tm_model_deinit(&m);
}

static void demand_begins_it_again(void)
{
    struct tm_model m;
    sim_model_https(&m);
    for (int role = 0; role < 4; role++) {
        struct sim_cfg cfg = base(&m, role);
        cfg.on_demand = true;
        cfg.idle_stop_us = SECONDS(30);
        cfg.first_stream_us = SECONDS(5);
        cfg.n_streams = 3;
        cfg.stream_gap_us = SECONDS(1200);
        struct sim_result r = sim_run(&cfg, SECONDS(3600), false);
        healthy(&r);
        CHECK_INT(r.streams_done, 3);
        for (int64_t again = 1; again <= 2; again++) {
            int64_t t_us = SECONDS(5) + again * SECONDS(1200);
            struct openings o = openings_of(r.client_log, t_us - SECONDS(600), t_us);
            CHECK_INT(o.n_within, 0);
            CHECK(o.next_us >= t_us && o.next_us <= t_us + 10000);
        }
        sim_result_deinit(&r);
    }
    tm_model_deinit(&m);
}

/* A stream that is open is demand, though nothing moves on it. */
static void an_open_stream_keeps_the_cover(void)
{
    struct tm_model m;
    sim_model_https(&m);
    struct sim_cfg cfg = base(&m, 0);
    cfg.idle_stop_us = SECONDS(30);
    cfg.n_streams = 1;
    cfg.down_bytes = 100000;
    cfg.slow_reader_bps = 100; /* it takes a thousand seconds */
    struct sim_result r = sim_run(&cfg, SECONDS(900), false);
    healthy(&r);
    CHECK_INT(r.streams_done, 0);
    CHECK(openings_of(r.client_log, SECONDS(600), SECONDS(900)).n_within > 3);
    sim_result_deinit(&r);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"nothing_leaves_before_the_first_demand", nothing_leaves_before_the_first_demand},
    {"cover_ends_where_a_session_of_the_model_ends", cover_ends_where_a_session_of_the_model_ends},
    {"demand_begins_it_again", demand_begins_it_again},
    {"an_open_stream_keeps_the_cover", an_open_stream_keeps_the_cover},
};
CHECK_MAIN("demand_sim", cases)
