/* Several models in one tunnel: all of them carry, and each keeps to its own sizes. */
#include "test/sim/sound.h"

#include <stdlib.h>
#include <string.h>

#include "models/mix.h"
#include "tm/base/time.h"

#define SECONDS(n)   ((int64_t)(n)*TM_US_PER_S)
#define PAGES        2U   /* users of https */
#define CONSTANT     2U   /* the next ones, of constant */
#define CARRIERS_MAX 4096 /* in a log */

struct office {
    struct tm_model pages, constant, mix;
    struct sim_cfg cfg;
};

static void open_office(struct office *o, int role)
{
    sim_model_https(&o->pages);
    tm_model_constant_default(&o->constant);
    const struct tm_mix parts = {.n_parts = 2,
                                 .part = {{&o->pages, PAGES}, {&o->constant, CONSTANT}}};
    CHECK_INT(tm_mix_make(&o->mix, &parts, NULL), TM_OK);
    o->cfg = (struct sim_cfg){.model = &o->mix,
                              .master = role & 1 ? TM_SERVER : TM_CLIENT,
                              .plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED,
                              .n_users = PAGES + CONSTANT,
                              .pace_ms = 1000,
                              .seed = 1,
                              .delay_us = 20000,
                              .one_sided_us = 1,
                              .log = true};
}

static void healthy(const struct sim_result *r)
{
    check_sound(r);
    CHECK_INT(r->client.carriers_died, 0);
}

static void streams_arrive_under_a_mix_and_change_nothing(void)
{
    for (int role = 0; role < 4; role++) {
        struct office o;
        open_office(&o, role);
        struct sim_result idle = sim_run(&o.cfg, SECONDS(120), false);
        o.cfg.n_streams = 5;
        o.cfg.stream_gap_us = 100000;
        o.cfg.up_bytes = 10000;
        o.cfg.down_bytes = 100000;
        struct sim_result loaded = sim_run(&o.cfg, SECONDS(120), false);
        healthy(&idle);
        healthy(&loaded);
        CHECK_INT(loaded.streams_done, 5);
        char *a = sim_invariant(idle.client_log), *b = sim_invariant(loaded.client_log);
        CHECK(strlen(a) > 10000);
        CHECK_INT(strcmp(a, b), 0);
        free(a);
        free(b);
        sim_result_deinit(&idle);
        sim_result_deinit(&loaded);
        tm_model_deinit(&o.pages);
    }
}

/* Every write of the users of constant has its size, and those of the others mostly have not. */
static void check_sizes(const char *log)
{
    static uint32_t user_of[CARRIERS_MAX];
    unsigned n_constant = 0, n_pages = 0, n_alike = 0;
    for (const char *p = log; *p;) {
        const char *nl = strchr(p, '\n');
        struct tm_schedlog_line l;
        CHECK_INT(tm_schedlog_parse(&l, p, (size_t)(nl - p)), TM_OK);
        if (l.kind == TM_SLOG_SESSION)
            CHECK_STR(l.model, "https:2+constant:2");
        if (l.kind == TM_SLOG_OPEN && l.carrier < CARRIERS_MAX)
            user_of[l.carrier] = l.user;
        if (l.kind == TM_SLOG_WRITE && l.carrier < CARRIERS_MAX) {
            bool is_1448 = l.w.size == 1448;
            if (user_of[l.carrier] >= PAGES) {
                CHECK(is_1448);
                n_constant++;
            } else {
                n_alike += is_1448;
                n_pages++;
            }
        }
        p = nl + 1;
    }
    CHECK(n_constant > 200 && n_pages > 100 && n_alike < n_pages / 10);
}

static void each_part_keeps_to_its_own_sizes(void)
{
    for (int role = 0; role < 2; role++) { /* seeded: embedded plans make some writes larger */
        struct office o;
        open_office(&o, role);
        struct sim_result r = sim_run(&o.cfg, SECONDS(120), false);
        healthy(&r);
        check_sizes(r.client_log);
        sim_result_deinit(&r);
        tm_model_deinit(&o.pages);
    }
}

static const struct check_case cases[] = {
    {"streams_arrive_under_a_mix_and_change_nothing",
     streams_arrive_under_a_mix_and_change_nothing},
    {"each_part_keeps_to_its_own_sizes", each_part_keeps_to_its_own_sizes},
};
CHECK_MAIN("mix_sim", cases)
