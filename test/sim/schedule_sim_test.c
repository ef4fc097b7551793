/* Schedule files in the simulator: what the log says is compared with the file, write by write. */
#include "test/sim/sound.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "models/gen.h"
#include "tm/base/time.h"
#include "tm/core/embed.h"

#define SECONDS(n) ((int64_t)(n)*TM_US_PER_S)
#define CONNS      60U
#define USERS      3U

static struct sim_cfg base(const struct tm_schedfile *f, enum tm_plan_mode mode)
{
    return (struct sim_cfg){.schedule = f,
                            .plan_mode = mode,
                            .n_users = f->n_users,
                            .seed = 1,
                            .delay_us = 20000,
                            .jitter_us = 3000,
                            .one_sided_us = 1};
}

/* The first connections of a model's users, in turn, as a file would have them. */
static void file_of(struct tm_schedfile *f, void (*make)(struct tm_model *m))
{
    struct tm_model m;
    struct tm_gen *g = NULL;
    make(&m);
    const struct tm_gen_cfg cfg = {
        .model = &m, .seed = {5}, .n_users = USERS, .pace_us = SECONDS(2)};
    CHECK_INT(tm_gen_new(&g, &cfg), TM_OK);
    *f = (struct tm_schedfile){.conn = calloc(CONNS, sizeof *f->conn), .n_users = USERS};
    if (!f->conn)
        abort();
    for (uint32_t i = 0; i < CONNS; i++) {
        struct tm_schedfile_conn *c = &f->conn[f->n_conns++];
        c->user = i % USERS;
        c->line = i + 2;
        CHECK(tm_gen_open(g, c->user, &c->open));
        CHECK_INT(tm_gen_plan(g, c->user, c->open.index, &c->plan), TM_OK);
        c->is_closed = true;
    }
    tm_gen_free(g);
    tm_model_deinit(&m);
}

/* One page, and a second one half a second after its end; nothing in it has to be changed. */
static const char PLAYABLE[] =
    "{\"t\":\"schedule\",\"v\":1}\n"
    "{\"t\":\"open\",\"c\":0,\"user\":1,\"ref\":\"origin\",\"gap\":30000}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":600,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":1,\"dir\":\"down\",\"size\":4000,\"ref\":0,\"gap\":9000}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":2,\"dir\":\"up\",\"size\":700,\"ref\":1,\"gap\":2000}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":3,\"dir\":\"down\",\"size\":60000,\"ref\":2,\"gap\":50000}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":4,\"dir\":\"down\",\"size\":23,\"ref\":3,\"gap\":10}\n"
    "{\"t\":\"close\",\"c\":0,\"gap\":100000}\n"
    "{\"t\":\"open\",\"c\":1,\"user\":1,\"ref\":\"ended\",\"gap\":500000}\n"
    "{\"t\":\"data\",\"c\":1,\"i\":0,\"dir\":\"up\",\"size\":517,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":1,\"i\":1,\"dir\":\"down\",\"size\":1200,\"ref\":0,\"gap\":30000}\n"
    "{\"t\":\"close\",\"c\":1,\"gap\":0}\n";

static void read_playable(struct tm_schedfile *f)
{
    struct tm_msg msg = {""};
    *f = (struct tm_schedfile){0};
    CHECK_INT(tm_schedfile_read(f, PLAYABLE, sizeof PLAYABLE - 1, "x", &msg), TM_OK);
    CHECK_STR(msg.text, "");
}

/* ---- A log against the file ---- */

enum how { AS_IT_IS, PROJECTED };

/* What is to be on the wire of a connection. */
static void wanted_plan(struct tm_plan *p, const struct tm_plan *file, const struct sim_cfg *cfg,
                        enum how how)
{
    *p = (struct tm_plan){.close_gap_us = file->close_gap_us};
    for (size_t i = 0; i < file->n_writes; i++)
        CHECK_INT(tm_plan_add(p, file->w[i]), TM_OK);
    if (how == AS_IT_IS)
        return;
    CHECK_INT(tm_shape_project(p, &tm_sim_shape, TM_PREP_US, NULL), TM_OK);
    if (cfg->plan_mode == TM_PLAN_EMBEDDED)
        CHECK_INT(tm_embed_project(p, &tm_sim_shape, TM_CLIENT, &tm_embed_files, NULL), TM_OK);
}

/* The user's connection of this index. */
static const struct tm_schedfile_conn *find(const struct tm_schedfile *f, uint32_t user,
                                            uint64_t index)
{
    size_t i = 0;
    while (i < f->n_conns && (f->conn[i].user != user || f->conn[i].open.index != index))
        i++;
    CHECK(i < f->n_conns);
    return &f->conn[i < f->n_conns ? i : 0];
}

/* Every write of the log is that of the file; returns how many there are. */
static size_t compare(const char *log, const struct sim_cfg *cfg, enum how how)
{
    const struct tm_schedfile *f = cfg->schedule;
    struct tm_plan *plan = calloc(f->n_conns, sizeof *plan);
    size_t n = 0;
    if (!plan)
        abort();
    struct sim_lines lines = sim_lines(log);
    struct tm_schedlog_line l;
    while (sim_next_line(&lines, &l)) {
        if (l.kind == TM_SLOG_OPEN) {
            const struct tm_schedfile_conn *c = find(f, l.user, l.index);
            CHECK_INT(l.open_ref, c->open.ref);
            CHECK_INT(l.gap_us, c->open.gap_us);
            wanted_plan(&plan[l.carrier], &c->plan, cfg, how);
        } else if (l.kind == TM_SLOG_WRITE || l.kind == TM_SLOG_RECV) {
            const struct tm_plan *want = &plan[l.carrier];
            CHECK(l.i < want->n_writes);
            if (l.i < want->n_writes)
                CHECK_MEM(&l.w, &want->w[l.i], offsetof(struct tm_write, ref_back) + 1);
            n++;
        } else if (l.kind == TM_SLOG_CLOSE) {
            CHECK_INT(l.close.gap_us, plan[l.carrier].close_gap_us);
        }
    }
    for (size_t k = 0; k < f->n_conns; k++)
        tm_plan_deinit(&plan[k]);
    free(plan);
    return n;
}

static size_t n_wanted(const struct sim_cfg *cfg, enum how how)
{
    size_t n = 0;
    for (size_t i = 0; i < cfg->schedule->n_conns; i++) {
        struct tm_plan p;
        wanted_plan(&p, &cfg->schedule->conn[i].plan, cfg, how);
        n += p.n_writes;
        tm_plan_deinit(&p);
    }
    return n;
}

/* Plays the file to its end, under a load that does not end before it. */
static void play(const struct sim_cfg *base_cfg, enum how how)
{
    struct sim_cfg cfg = *base_cfg;
    cfg.log = true;
    cfg.n_streams = 3;
    cfg.up_bytes = 1 << 20;
    cfg.down_bytes = 1 << 20;
    struct sim_result r = sim_run(&cfg, SECONDS(4 * 3600), false);
    check_sound_without_deaths(&r);
    CHECK_INT(r.n_played, 1);
    CHECK_INT(r.client.carriers_opened, cfg.schedule->n_conns);
    CHECK_INT(r.client.carriers_ended, cfg.schedule->n_conns);
    CHECK_INT(compare(r.client_log, &cfg, how), n_wanted(&cfg, how));
    CHECK(r.bytes_down > 0);
    sim_result_deinit(&r);
}

static void every_write_of_a_file_is_played_and_no_other(void)
{
    static const enum tm_plan_mode modes[] = {TM_PLAN_EMBEDDED, TM_PLAN_SEEDED};
    for (size_t k = 0; k < 2; k++) {
        struct tm_schedfile f;
        read_playable(&f);
        struct sim_cfg cfg = base(&f, modes[k]);
        play(&cfg, AS_IT_IS);
        tm_schedfile_deinit(&f);
    }
}

static void files_of_every_model_are_played_as_they_project(void)
{
    void (*const make[])(struct tm_model * m) = {sim_model_https, sim_model_ssh, sim_model_bulk,
                                                 sim_model_joint};
    for (size_t i = 0; i < sizeof make / sizeof *make; i++) {
        struct tm_schedfile f;
        file_of(&f, make[i]);
        struct sim_cfg cfg = base(&f, TM_PLAN_EMBEDDED);
        play(&cfg, PROJECTED);
        cfg.plan_mode = TM_PLAN_SEEDED;
        play(&cfg, PROJECTED);
        tm_schedfile_deinit(&f);
    }
}

static void the_end_comes_after_the_last_connection_closed(void)
{
    struct tm_schedfile f;
    read_playable(&f);
    struct sim_cfg cfg = base(&f, TM_PLAN_EMBEDDED);
    cfg.jitter_us = 0;
    struct sim_result r = sim_run(&cfg, SECONDS(3600), false);
    check_sound_without_deaths(&r);
    /* A way takes 20 ms.  First: 40 to open, 40 and 9 to the answer, 2, 40 and 50 to the next, which ends 0.1 later with what follows
     * it; 100 before closing, 40 for the FINs.  500.  Second: 40 to open, 70 to the answer, 40 for the FINs. */
    CHECK_INT(r.played_us,
              30000 + 40000 + 49000 + 92010 + 100000 + 40000 + 500000 + 40000 + 70000 + 40000);
    sim_result_deinit(&r);
    tm_schedfile_deinit(&f);
}

/* The second connection waits for the last byte of the first, which stays open for seconds. */
static void the_next_may_open_behind_the_last_byte(void)
{
    struct tm_schedfile f;
    int64_t last_us = 0, opened_us = 0, closed_us = 0;
    read_playable(&f);
    f.conn[0].plan.close_gap_us = SECONDS(5);
    f.conn[1].open.ref = TM_OPEN_OVER;
    struct sim_cfg cfg = base(&f, TM_PLAN_EMBEDDED);
    cfg.log = true;
    struct sim_result r = sim_run(&cfg, SECONDS(60), false);
    check_sound_without_deaths(&r);
    CHECK_INT(r.n_played, 1);
    CHECK_INT(compare(r.client_log, &cfg, AS_IT_IS), 7);
    struct sim_lines lines = sim_lines(r.client_log);
    struct tm_schedlog_line l;
    while (sim_next_line(&lines, &l)) {
        if (l.kind == TM_SLOG_RECV && l.carrier == 0)
            last_us = l.at_us;
        if (l.kind == TM_SLOG_END && l.carrier == 0)
            closed_us = l.at_us;
        if (l.kind == TM_SLOG_OPEN && l.carrier == 1) {
            CHECK_INT(l.event_us, last_us);
            CHECK_INT(l.due_us, last_us + 500000);
            opened_us = l.due_us;
        }
    }
    CHECK(opened_us > 0 && closed_us > opened_us + SECONDS(4));
    sim_result_deinit(&r);
    tm_schedfile_deinit(&f);
}

/* How many writes of a log left later than they were due. */
static size_t n_late(const char *log)
{
    size_t n = 0;
    struct sim_lines lines = sim_lines(log);
    struct tm_schedlog_line l;
    while (sim_next_line(&lines, &l))
        n += l.kind == TM_SLOG_WRITE && l.first_us > l.due_us;
    return n;
}

/* A server that sends every 10 ms what waits for nothing, while the client's next write, which could tell of it, takes 0.2 s
 * from its sending to its arrival.  The one before has little room, so it grows. */
static void what_waits_for_nothing_is_told_in_time(void)
{
    struct tm_schedfile f = {.conn = calloc(1, sizeof *f.conn), .n_conns = 1, .n_users = 1};
    if (!f.conn)
        abort();
    f.conn[0].is_closed = true;
    struct tm_plan *p = &f.conn[0].plan;
    const struct tm_write start[] = {{600, 0, TM_UP, 0},
                                     {300, 5000, TM_DOWN, 1},
                                     {110, 2000, TM_UP, 1},
                                     {400, 300000, TM_UP, 1}};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(tm_plan_add(p, start[i]), TM_OK);
    for (uint8_t k = 0; k < 100; k++)
        CHECK_INT(tm_plan_add(p, (struct tm_write){1000, 10000, TM_DOWN, k == 0 ? 2 : 1}), TM_OK);
    CHECK_INT(tm_plan_add(p, (struct tm_write){400, 3000000, TM_UP, 101}), TM_OK);
    struct sim_cfg cfg = base(&f, TM_PLAN_EMBEDDED);
    cfg.delay_us = 200000;
    cfg.jitter_us = 0;
    cfg.log = true;
    struct sim_result r = sim_run(&cfg, SECONDS(60), false);
    check_sound_without_deaths(&r);
    CHECK_INT(r.n_played, 1);
    CHECK_INT(n_late(r.client_log), 0);
    CHECK_INT(n_late(r.server_log), 0);
    CHECK_INT(compare(r.client_log, &cfg, PROJECTED), 105);
    sim_result_deinit(&r);
    tm_schedfile_deinit(&f);
}

static void played_again_a_file_has_no_end(void)
{
    struct tm_schedfile f;
    read_playable(&f);
    struct sim_cfg cfg = base(&f, TM_PLAN_EMBEDDED);
    cfg.at_end = TM_PLAYBACK_AGAIN;
    for (int mode = 0; mode < 2; mode++) {
        cfg.plan_mode = mode ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED;
        struct sim_result r = sim_run(&cfg, SECONDS(60), false);
        check_sound_without_deaths(&r);
        CHECK_INT(r.n_played, 0);
        CHECK(r.client.carriers_ended > 50);
        sim_result_deinit(&r);
    }
    tm_schedfile_deinit(&f);
}

static void what_is_carried_changes_nothing(void)
{
    struct tm_schedfile f;
    file_of(&f, sim_model_joint);
    struct sim_cfg cfg = base(&f, TM_PLAN_EMBEDDED);
    cfg.log = true;
    struct sim_result idle = sim_run(&cfg, SECONDS(4 * 3600), false);
    cfg.n_streams = 20;
    cfg.up_bytes = cfg.down_bytes = 5000000;
    struct sim_result bulk = sim_run(&cfg, SECONDS(4 * 3600), false);
    check_sound_without_deaths(&idle);
    check_sound_without_deaths(&bulk);
    char *a = sim_invariant(idle.client_log);
    char *b = sim_invariant(bulk.client_log);
    CHECK(strlen(a) > 10000);
    CHECK_INT(strcmp(a, b), 0);
    CHECK(bulk.bytes_down > 100000);
    free(a);
    free(b);
    sim_result_deinit(&idle);
    sim_result_deinit(&bulk);
    tm_schedfile_deinit(&f);
}

/* Carriers that die are not played again: the file goes on, ends, and the statistics tell. */
static void lost_connections_do_not_stop_the_file(void)
{
    struct tm_schedfile f;
    file_of(&f, sim_model_https);
    struct sim_cfg cfg = base(&f, TM_PLAN_EMBEDDED);
    cfg.mean_life_us = 300000;
    struct sim_result r = sim_run(&cfg, SECONDS(4 * 3600), false);
    CHECK_STR(r.failed ? r.failed : "", "");
    CHECK_INT(r.n_played, 1);
    CHECK_INT(r.client.carriers_opened, CONNS);
    CHECK(r.client.carriers_died > 0);
    CHECK_INT(r.client.carriers_died + r.client.carriers_ended, CONNS);
    sim_result_deinit(&r);
    tm_schedfile_deinit(&f);
}

static const struct check_case cases[] = {
    {"every_write_of_a_file_is_played_and_no_other", every_write_of_a_file_is_played_and_no_other},
    {"files_of_every_model_are_played_as_they_project",
     files_of_every_model_are_played_as_they_project},
    {"the_end_comes_after_the_last_connection_closed",
     the_end_comes_after_the_last_connection_closed},
    {"the_next_may_open_behind_the_last_byte", the_next_may_open_behind_the_last_byte},
    {"what_waits_for_nothing_is_told_in_time", what_waits_for_nothing_is_told_in_time},
    {"played_again_a_file_has_no_end", played_again_a_file_has_no_end},
    {"what_is_carried_changes_nothing", what_is_carried_changes_nothing},
    {"lost_connections_do_not_stop_the_file", lost_connections_do_not_stop_the_file},
};
CHECK_MAIN("schedule_sim", cases)
