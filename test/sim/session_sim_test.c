/* The engine in the simulator: what the design promises, for both masters and both ways of planning. */
#include "test/sim/sound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/time.h"

#define SECONDS(n) ((int64_t)(n)*TM_US_PER_S)

static struct sim_cfg base(const struct tm_model *m)
{
    return (struct sim_cfg){.model = m,
                            .n_users = 1,
                            .seed = 1,
                            .delay_us = 20000,
                            .jitter_us = 3000,
                            .one_sided_us = 1};
}

/* Every combination of master and plan mode. */
static void each_role(struct sim_cfg *cfg, void (*check)(struct sim_cfg *cfg))
{
    for (int role = 0; role < 4; role++) {
        cfg->master = role & 1 ? TM_SERVER : TM_CLIENT;
        cfg->plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED;
        check(cfg);
    }
}

static void carry(struct sim_cfg *cfg)
{
    cfg->n_streams = 5;
    cfg->stream_gap_us = 100000;
    cfg->up_bytes = 30000;
    cfg->down_bytes = 400000;
    struct sim_result r = sim_run(cfg, SECONDS(3600), true);
    check_sound(&r);
    CHECK_INT(r.streams_done, 5);
    CHECK_INT(r.bytes_up, 5 * 30000);
    CHECK_INT(r.bytes_down, 5 * 400000);
    CHECK_INT(r.client.carriers_died, 0);
    CHECK_INT(r.client.resent_tx_bytes, 0);
    sim_result_deinit(&r);
}

static void streams_arrive_byte_exact_under_every_model(void)
{
    void (*const make[])(struct tm_model *) = {sim_model_https, sim_model_bulk,
                                               tm_model_constant_default};
    for (size_t i = 0; i < sizeof make / sizeof make[0]; i++) {
        struct tm_model m;
        make[i](&m);
        struct sim_cfg cfg = base(&m);
        cfg.n_users = 3;
        each_role(&cfg, carry);
        tm_model_deinit(&m);
    }
}

static void play_ssh(struct sim_cfg *cfg)
{
    cfg->n_streams = 1;
    cfg->up_bytes = 200;
    cfg->down_bytes = 3000;
    cfg->n_users = 2;
    struct sim_result r = sim_run(cfg, SECONDS(3600), true);
    check_sound(&r);
    CHECK_INT(r.streams_done, 1);
    sim_result_deinit(&r);
}

static void requests_of_36_bytes_carry_data(void)
{
    struct tm_model m;
    sim_model_ssh(&m);
    struct sim_cfg cfg = base(&m);
    each_role(&cfg, play_ssh);
    tm_model_deinit(&m);
}

/* Hours of a model that is silent for minutes: carriers open again after every gap, none is given up. */
static void play_silence(struct sim_cfg *cfg)
{
    struct sim_result r = sim_run(cfg, SECONDS(6 * 3600), false);
    check_sound(&r);
    CHECK(r.client.carriers_ended >= 8);
    CHECK_INT(r.client.carriers_died, 0);
    CHECK_INT(r.server.carriers_died, 0);
    sim_result_deinit(&r);
}

static void minutes_of_silence_are_played_and_the_next_carrier_opens(void)
{
    struct tm_model m;
    sim_model_silent(&m);
    struct sim_cfg cfg = base(&m);
    each_role(&cfg, play_silence);
    tm_model_deinit(&m);
}

/* ---- Non-interference ---- */

static char *invariant_under(struct sim_cfg *cfg, unsigned n_streams, uint64_t up, uint64_t down,
                             int64_t slow)
{
    cfg->log = true;
    cfg->n_streams = n_streams;
    cfg->stream_gap_us = 50000;
    cfg->up_bytes = up;
    cfg->down_bytes = down;
    cfg->slow_reader_bps = slow;
    struct sim_result r = sim_run(cfg, SECONDS(300), false);
    check_sound(&r);
    if (n_streams > 0)
        CHECK(r.bytes_up + r.bytes_down > 100000);
    char *inv = sim_invariant(r.client_log);
    char *other = sim_invariant(r.server_log);
    CHECK(strlen(inv) > 10000 && strlen(other) > 10000);
    free(other);
    sim_result_deinit(&r);
    return inv;
}

static void same_schedule(struct sim_cfg *cfg)
{
    char *idle = invariant_under(cfg, 0, 0, 0, 0);
    char *bulk = invariant_under(cfg, 20, 5000000, 5000000, 0);
    char *slow = invariant_under(cfg, 20, 500000, 500000, 20000);
    CHECK_INT(strcmp(idle, bulk), 0);
    CHECK_INT(strcmp(idle, slow), 0);
    free(idle);
    free(bulk);
    free(slow);
}

static void idle_and_bulk_have_the_same_schedule(void)
{
    struct tm_model m;
    sim_model_https(&m);
    struct sim_cfg cfg = base(&m);
    cfg.n_users = 3;
    cfg.jitter_us = 0; /* so that the same moment of stopping cuts both runs at the same write */
    each_role(&cfg, same_schedule);
    tm_model_deinit(&m);
}

/* ---- Exactness ---- */

static uint64_t writes_checked;

/* Every write of a log left exactly at its event + gap: the virtual shell is never late, so any difference is the
 * engine's. */
static void check_due_times(const char *log)
{
    struct sim_lines lines = sim_lines(log);
    struct tm_schedlog_line l;
    while (sim_next_line(&lines, &l)) {
        if (l.kind == TM_SLOG_WRITE) {
            CHECK_INT(l.due_us, l.event_us + l.w.gap_us);
            CHECK_INT(l.first_us, l.due_us);
            writes_checked++;
        }
        if (l.kind == TM_SLOG_OPEN) {
            CHECK_INT(l.due_us, l.event_us + l.gap_us);
            /* Prepared in time, if the time was known in time; a server's explicit heads may come late. */
            bool is_sudden =
                l.gap_us < TM_PREP_US || l.open_ref == TM_OPEN_ENDED || l.open_ref == TM_OPEN_OVER;
            CHECK(l.prep_us <= l.due_us || is_sudden || l.src == TM_SRC_EXPLICIT);
        }
    }
}

/* ---- Swing's levels ---- */

#define LEVEL_USERS 3U

struct level_user {
    unsigned n_open;
    int64_t ended_us, prev_due_us; /* the last end, and the last opening */
    unsigned n_groups;
};

/* What a group of connections (RRE) begins from is the end of all connections of the one before; what follows in it, the opening
 * before.  The gap is what the model drew, the pauses at most the pace. */
static void check_opening(struct level_user *u, const struct tm_schedlog_line *l, int64_t pace_us)
{
    if (l->open_ref == TM_OPEN_ENDED) {
        CHECK_INT(u->n_open, 0);
        CHECK_INT(l->event_us, u->ended_us);
        CHECK(l->gap_us <= pace_us);
        u->n_groups++;
    } else if (l->open_ref == TM_OPEN_PREV) {
        CHECK_INT(l->event_us, u->prev_due_us);
    }
    CHECK_INT(l->due_us, l->event_us + l->gap_us);
    u->prev_due_us = l->due_us;
    u->n_open++;
}

static void keep_levels(struct sim_cfg *cfg)
{
    static uint32_t user_of[4096];
    struct level_user users[LEVEL_USERS] = {{0}};
    struct sim_result r = sim_run(cfg, SECONDS(600), false);
    check_sound(&r);
    for (const char *p = r.client_log; *p;) {
        const char *nl = strchr(p, '\n');
        struct tm_schedlog_line l;
        CHECK_INT(tm_schedlog_parse(&l, p, (size_t)(nl - p)), TM_OK);
        p = nl + 1;
        if ((l.kind != TM_SLOG_OPEN && l.kind != TM_SLOG_END) || l.carrier >= 4096)
            continue;
        if (l.kind == TM_SLOG_OPEN)
            user_of[l.carrier] = l.user;
        struct level_user *u = &users[user_of[l.carrier] % LEVEL_USERS];
        if (l.kind == TM_SLOG_OPEN) {
            check_opening(u, &l, (int64_t)cfg->pace_ms * TM_US_PER_MS);
        } else {
            u->n_open--;
            u->ended_us = l.at_us;
        }
    }
    for (uint32_t u = 0; u < LEVEL_USERS; u++)
        CHECK(users[u].n_groups > 20);
    sim_result_deinit(&r);
}

static void groups_and_sessions_follow_the_end_of_all_before(void)
{
    struct tm_model m;
    sim_model_https(&m);
    struct sim_cfg cfg = base(&m);
    cfg.n_users = LEVEL_USERS;
    cfg.pace_ms = 4000; /* cuts some pauses between RREs and most between sessions */
    cfg.log = true;
    each_role(&cfg, keep_levels);
    tm_model_deinit(&m);
}

static void leave_on_time(struct sim_cfg *cfg)
{
    cfg->log = true;
    cfg->n_streams = 4;
    cfg->up_bytes = 100000;
    cfg->down_bytes = 100000;
    struct sim_result r = sim_run(cfg, SECONDS(900), false);
    check_sound(&r);
    check_due_times(r.client_log);
    check_due_times(r.server_log);
    sim_result_deinit(&r);
}

static void every_write_leaves_at_its_event_plus_gap(void)
{
    void (*const make[])(struct tm_model *) = {sim_model_https, sim_model_ssh, sim_model_silent,
                                               tm_model_constant_default};
    writes_checked = 0;
    for (size_t i = 0; i < sizeof make / sizeof make[0]; i++) {
        struct tm_model m;
        make[i](&m);
        struct sim_cfg cfg = base(&m);
        cfg.n_users = 2;
        each_role(&cfg, leave_on_time);
        tm_model_deinit(&m);
    }
    printf("\n    writes exactly on time: %llu\n", (unsigned long long)writes_checked);
    CHECK(writes_checked > 20000);
}

/* ---- Loss ---- */

static uint64_t deaths_seen;

static void survive_deaths(struct sim_cfg *cfg)
{
    cfg->n_streams = 8;
    cfg->stream_gap_us = 20000;
    cfg->up_bytes = 4000000;
    cfg->down_bytes = 12000000;
    cfg->mean_life_us = 200000;
    cfg->one_sided_us = 300000;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        cfg->seed = seed;
        struct sim_result r = sim_run(cfg, SECONDS(3600), true);
        check_sound(&r);
        CHECK_INT(r.streams_done, 8);
        deaths_seen += r.n_deaths;
        sim_result_deinit(&r);
    }
}

static void ten_thousand_carrier_deaths_lose_nothing(void)
{
    struct tm_model m;
    sim_model_bulk(&m);
    struct sim_cfg cfg = base(&m);
    cfg.n_users = 6;
    cfg.delay_us = 5000;
    cfg.rate_bps = 8000000;
    deaths_seen = 0;
    each_role(&cfg, survive_deaths);
    printf("\n    carrier deaths survived: %llu\n", (unsigned long long)deaths_seen);
    CHECK(deaths_seen >= 10000);
    tm_model_deinit(&m);
}

static void stall(struct sim_cfg *cfg)
{
    cfg->n_streams = 3;
    cfg->up_bytes = 100000;
    cfg->down_bytes = 1000000;
    struct sim_result r = sim_run(cfg, SECONDS(3600), true);
    check_sound(&r);
    CHECK_INT(r.streams_done, 3);
    sim_result_deinit(&r);
}

static void slow_and_stalling_links_only_delay(void)
{
    struct tm_model m;
    sim_model_https(&m);
    struct sim_cfg cfg = base(&m);
    cfg.n_users = 4;
    cfg.rate_bps = 2000000;
    cfg.p_stall = 0.01;
    cfg.stall_us = 400000;
    each_role(&cfg, stall);
    tm_model_deinit(&m);
}

/* A carrier that stalls for longer than the grace is given up, and nothing is lost. */
static void long_stall(struct sim_cfg *cfg)
{
    cfg->n_streams = 3;
    cfg->up_bytes = 100000;
    cfg->down_bytes = 1000000;
    struct sim_result r = sim_run(cfg, SECONDS(4 * 3600), true);
    check_sound(&r);
    CHECK_INT(r.streams_done, 3);
    CHECK(r.client.carriers_died > 0);
    sim_result_deinit(&r);
}

static void silence_beyond_the_plan_is_death(void)
{
    struct tm_model m;
    sim_model_https(&m);
    struct sim_cfg cfg = base(&m);
    cfg.n_users = 4;
    cfg.p_stall = 0.01;
    cfg.stall_us = SECONDS(25);
    each_role(&cfg, long_stall);
    tm_model_deinit(&m);
}

/* A server that was restarted says so, and the client's session ends instead of waiting for ever. */
static void restart(struct sim_cfg *cfg)
{
    struct sim_result r = sim_run(cfg, SECONDS(600), false);
    CHECK_STR(r.failed ? r.failed : "", "the server does not know it any more, it was restarted");
    CHECK_INT(r.wrong_bytes, 0);
    sim_result_deinit(&r);
}

static void restarted_server_ends_the_session(void)
{
    struct tm_model m;
    sim_model_https(&m);
    struct sim_cfg cfg = base(&m);
    cfg.n_users = 3;
    cfg.restart_us = SECONDS(20);
    each_role(&cfg, restart);
    tm_model_deinit(&m);
}

static void refused_streams_end_with_the_reply(void)
{
    struct tm_model m;
    sim_model_https(&m);
    struct sim_cfg cfg = base(&m);
    cfg.n_users = 3;
    cfg.refuse = true;
    cfg.n_streams = 10;
    cfg.up_bytes = 100000;
    struct sim_result r = sim_run(&cfg, SECONDS(600), true);
    check_sound(&r);
    CHECK_INT(r.streams_refused, 10);
    sim_result_deinit(&r);
    tm_model_deinit(&m);
}

/* Under backlog at least 97 % of the plaintext that is not plan or acknowledgement is payload. */
static void useful_share_under_backlog(void)
{
    struct tm_model m;
    sim_model_bulk(&m);
    struct sim_cfg cfg = base(&m);
    cfg.n_users = 4;
    cfg.n_streams = 8;
    cfg.up_bytes = 1 << 30;
    cfg.down_bytes = 1 << 30;
    struct sim_result r = sim_run(&cfg, SECONDS(60), false);
    check_sound(&r);
    const struct tm_session_stats *s = &r.server;
    double used = (double)s->payload_tx_bytes;
    double all = used + (double)(s->control_tx_bytes + s->pad_tx_bytes);
    printf("\n    payload share of plaintext beyond plan and ack, down: %.2f %%\n",
           100 * used / all);
    CHECK(used / all >= 0.97);
    sim_result_deinit(&r);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"streams_arrive_byte_exact_under_every_model", streams_arrive_byte_exact_under_every_model},
    {"requests_of_36_bytes_carry_data", requests_of_36_bytes_carry_data},
    {"minutes_of_silence_are_played_and_the_next_carrier_opens",
     minutes_of_silence_are_played_and_the_next_carrier_opens},
    {"idle_and_bulk_have_the_same_schedule", idle_and_bulk_have_the_same_schedule},
    {"every_write_leaves_at_its_event_plus_gap", every_write_leaves_at_its_event_plus_gap},
    {"groups_and_sessions_follow_the_end_of_all_before",
     groups_and_sessions_follow_the_end_of_all_before},
    {"ten_thousand_carrier_deaths_lose_nothing", ten_thousand_carrier_deaths_lose_nothing},
    {"slow_and_stalling_links_only_delay", slow_and_stalling_links_only_delay},
    {"silence_beyond_the_plan_is_death", silence_beyond_the_plan_is_death},
    {"restarted_server_ends_the_session", restarted_server_ends_the_session},
    {"refused_streams_end_with_the_reply", refused_streams_end_with_the_reply},
    {"useful_share_under_backlog", useful_share_under_backlog},
};
CHECK_MAIN("session_sim", cases)
