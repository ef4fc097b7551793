/* A thousand carriers at once, and what happens where there are no more. */
#include "test/sim/sound.h"

#include "tm/base/time.h"

#define SECONDS(n) ((int64_t)(n)*TM_US_PER_S)

static struct sim_cfg crowd(const struct tm_model *m, uint32_t n_users)
{
    return (struct sim_cfg){.model = m,
                            .n_users = n_users,
                            .seed = 1,
                            .delay_us = 20000,
                            .jitter_us = 3000,
                            .one_sided_us = 1};
}

/* Every user has one connection, of a request every four seconds. */
static void slow_constant(struct tm_model *m)
{
    tm_model_constant_default(m);
    m->u.constant.interval_us = 4000000;
}

static void a_thousand_carriers_carry_and_none_dies(void)
{
    struct tm_model m;
    slow_constant(&m);
    for (int role = 0; role < 2; role++) {
        struct sim_cfg cfg = crowd(&m, 1000);
        cfg.master = role == 0 ? TM_CLIENT : TM_SERVER;
        cfg.plan_mode = role == 0 ? TM_PLAN_SEEDED : TM_PLAN_EMBEDDED;
        cfg.n_streams = 4;
        cfg.up_bytes = 10000;
        cfg.down_bytes = 30000;
        struct sim_result r = sim_run(&cfg, TM_USER_TURNS_US + SECONDS(5), false);
        check_sound_without_deaths(&r);
        CHECK_INT(r.streams_done, 4);
        CHECK_INT(r.bytes_down, 4 * 30000);
        CHECK_INT(r.client.carriers_live, 1000);
        CHECK_INT(r.server.carriers_live, 1000);
        CHECK_INT(r.client.resent_tx_bytes, 0);
        sim_result_deinit(&r);
    }
}

/* More connections than there may be, and they die: the others wait until one has ended, and the server, which notices later, takes
 * every one that the client opens. */
static void what_is_too_much_waits(void)
{
    struct tm_model bursts = {.kind = TM_MODEL_SWING, .name = "bursts"};
    const struct {
        enum tm_swing_param p;
        uint64_t value;
    } params[] = {{TM_SWING_NUM_CONN, 4},
                  {TM_SWING_NUM_PAIRS, 4},
                  {TM_SWING_REQ, 600},
                  {TM_SWING_RSP, 900},
                  {TM_SWING_REQ_THINK, 700000}};
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        const struct tm_dist_point pt = {params[i].value, 1};
        CHECK_INT(tm_dist_set(&bursts.u.swing.param[params[i].p], &pt, 1), TM_OK);
    }
    struct sim_cfg cfg = crowd(&bursts, 400);
    cfg.pace_ms = 100;
    cfg.mean_life_us = SECONDS(4);
    cfg.one_sided_us = SECONDS(1);
    struct sim_result r = sim_run(&cfg, TM_USER_TURNS_US + SECONDS(5), false);
    CHECK_STR(r.failed ? r.failed : "", "");
    CHECK(r.client.carriers_live > TM_CARRIERS_MAX - 100 &&
          r.client.carriers_live <= TM_CARRIERS_MAX);
    CHECK(r.client.carriers_opened > 3 * TM_CARRIERS_MAX / 2);
    CHECK(r.server.carriers_opened > 3 * TM_CARRIERS_MAX / 2);
    CHECK(r.n_deaths > 100);
    sim_result_deinit(&r);
    tm_model_deinit(&bursts);
}

static const struct check_case cases[] = {
    {"a_thousand_carriers_carry_and_none_dies", a_thousand_carriers_carry_and_none_dies},
    {"what_is_too_much_waits", what_is_too_much_waits},
};
CHECK_MAIN("crowd_sim", cases)
