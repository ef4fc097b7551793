/* Ends that stand still: a program that is stopped (its clock goes on), a machine that sleeps (its clock does not). */
#include "test/sim/sound.h"

#include "tm/base/time.h"

#define SECONDS(n) ((int64_t)(n)*TM_US_PER_S)
#define STOP_US    SECONDS(10)

static struct sim_cfg base(const struct tm_model *m, int role)
{
    return (struct sim_cfg){.model = m,
                            .n_users = 3,
                            .master = role & 1 ? TM_SERVER : TM_CLIENT,
                            .plan_mode = role & 2 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED,
                            .seed = 1,
                            .delay_us = 20000,
                            .jitter_us = 2000,
                            .first_stream_us = SECONDS(1),
                            .n_streams = 30,
                            .stream_gap_us = 700000,
                            .up_bytes = 3000,
                            .down_bytes = 30000,
                            .stop_us = STOP_US,
                            .log = true};
}

/* Whatever stood still for however long: every byte arrives, and soon. */
static struct sim_result play(const struct sim_cfg *cfg)
{
    struct sim_result r = sim_run(cfg, SECONDS(300), true);
    check_sound(&r);
    CHECK_INT(r.streams_done, cfg->n_streams);
    CHECK(r.bytes_down == cfg->n_streams * cfg->down_bytes);
    return r;
}

/* The latest first byte of a write that was due before the end of the standstill, and of one that was due later. */
struct lateness {
    int64_t before_us, after_us;
    unsigned n_slips;
};

static struct lateness lateness_of(const char *log, int64_t until_us)
{
    struct lateness late = {0};
    struct sim_lines lines = sim_lines(log);
    struct tm_schedlog_line l;
    while (sim_next_line(&lines, &l)) {
        if (l.kind != TM_SLOG_WRITE)
            continue;
        int64_t *us = l.due_us < until_us ? &late.before_us : &late.after_us;
        CHECK(l.first_us >= l.due_us); /* late, never early */
        *us = tm_max_us(*us, l.first_us - l.due_us);
        late.n_slips += l.first_us - l.due_us > TM_SLIP_US;
        CHECK_INT(l.slip, l.first_us - l.due_us > TM_SLIP_US ? TM_SLIP_MACHINE : TM_SLIP_NONE);
    }
    return late;
}

static void a_short_standstill_kills_nothing_and_makes_writes_late(void)
{
    struct tm_model m;
    sim_model_https(&m);
    unsigned n_slips = 0;
    for (int role = 0; role < 4; role++) {
        for (int who = 1; who < 4; who++) {
            struct sim_cfg cfg = base(&m, role);
            for (int side = 0; side < 2; side++)
                cfg.stop_for_us[side] = who & 1 << side ? SECONDS(2) : 0;
            struct sim_result r = play(&cfg);
            CHECK_INT(r.client.carriers_died + r.server.carriers_died, 0);
            for (int side = 0; side < 2; side++) {
                struct lateness late =
                    lateness_of(side ? r.server_log : r.client_log, STOP_US + SECONDS(2));
                bool has_stood = cfg.stop_for_us[side] > 0;
                CHECK(late.before_us <= (has_stood ? SECONDS(2) : 0));
                CHECK_INT(late.after_us, 0);
                n_slips += late.n_slips;
            }
            sim_result_deinit(&r);
        }
    }
    CHECK(n_slips > 0);
    tm_model_deinit(&m);
}

/* Longer than the grace: the other end gives the carriers up, but not the streams; when both stood still, nobody does. */
static void a_long_standstill_costs_carriers_and_no_stream(void)
{
    static const int64_t FOR_US[] = {SECONDS(15), SECONDS(40)};
    struct tm_model m;
    sim_model_https(&m);
    uint32_t n_died = 0;
    for (int role = 0; role < 4; role++) {
        for (int i = 0; i < 2; i++) {
            for (int who = 1; who < 4; who++) {
                struct sim_cfg cfg = base(&m, role);
                for (int side = 0; side < 2; side++)
                    cfg.stop_for_us[side] = who & 1 << side ? FOR_US[i] : 0;
                struct sim_result r = play(&cfg);
                if (who == 3)
                    CHECK_INT(r.client.carriers_died + r.server.carriers_died, 0);
                n_died += r.client.carriers_died;
                CHECK_INT(lateness_of(r.client_log, STOP_US + FOR_US[i]).after_us, 0);
                CHECK_INT(lateness_of(r.server_log, STOP_US + FOR_US[i]).after_us, 0);
                sim_result_deinit(&r);
            }
        }
    }
    CHECK(n_died > 0);
    tm_model_deinit(&m);
}

/* By the clock of a machine that slept, nothing was late. */
static void a_machine_that_slept_goes_on_where_it_was(void)
{
    static const int64_t FOR_US[] = {SECONDS(2), SECONDS(15), SECONDS(40)};
    struct tm_model m;
    sim_model_https(&m);
    uint32_t n_died = 0;
    for (int role = 0; role < 4; role++) {
        for (int i = 0; i < 3; i++) {
            for (int who = 1; who < 4; who++) {
                struct sim_cfg cfg = base(&m, role);
                cfg.is_asleep = true;
                for (int side = 0; side < 2; side++)
                    cfg.stop_for_us[side] = who & 1 << side ? FOR_US[i] : 0;
                struct sim_result r = play(&cfg);
                if (who == 3 || i == 0)
                    CHECK_INT(r.client.carriers_died + r.server.carriers_died, 0);
                n_died += r.client.carriers_died;
                CHECK_INT(lateness_of(r.client_log, 0).after_us, 0);
                CHECK_INT(lateness_of(r.server_log, 0).after_us, 0);
                sim_result_deinit(&r);
            }
        }
    }
    CHECK(n_died > 0);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"a_short_standstill_kills_nothing_and_makes_writes_late",
     a_short_standstill_kills_nothing_and_makes_writes_late},
    {"a_long_standstill_costs_carriers_and_no_stream",
     a_long_standstill_costs_carriers_and_no_stream},
    {"a_machine_that_slept_goes_on_where_it_was", a_machine_that_slept_goes_on_where_it_was},
};
CHECK_MAIN("standstill_sim", cases)
