/* MUFFLER's mapping between two engines: every byte, whatever happens to carriers, and as fast as they are together. */
#include "test/sim/sound.h"

#include <stdio.h>
#include <string.h>

#include "tm/base/time.h"

#define SECONDS(n) ((int64_t)(n)*TM_US_PER_S)
#define MBPS(n)    ((uint64_t)(n)*1000000)

static struct sim_cfg base(uint32_t fixed_m)
{
    return (struct sim_cfg){.drive = TM_DRIVE_SHUFFLE,
                            .n_users = fixed_m,
                            .seed = 1,
                            .delay_us = 10000,
                            .one_sided_us = 1,
                            .n_streams = 1,
                            .first_stream_us = SECONDS(1)};
}

static void streams_arrive_and_nothing_is_padded(void)
{
    struct sim_cfg cfg = base(0);
    cfg.n_streams = 60;
    cfg.stream_gap_us = 20000;
    cfg.up_bytes = 300;
    cfg.down_bytes = 10240;
    cfg.jitter_us = 15000;
    struct sim_result r = sim_run(&cfg, SECONDS(60), true);
    check_sound(&r);
    CHECK_INT(r.streams_done, cfg.n_streams);
    CHECK_INT(r.client.pad_tx_bytes + r.server.pad_tx_bytes, 0);
    sim_result_deinit(&r);
}

static void nothing_is_lost_with_carriers(void)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sim_cfg cfg = base(0);
        cfg.seed = seed;
        cfg.n_streams = 30;
        cfg.stream_gap_us = 100000;
        cfg.up_bytes = 40000;
        cfg.down_bytes = 200000;
        cfg.rate_bps = MBPS(5);
        cfg.jitter_us = 20000;
        cfg.mean_life_us = SECONDS(1) / 2;
        cfg.one_sided_us = SECONDS(1);
        struct sim_result r = sim_run(&cfg, SECONDS(600), true);
        check_sound(&r);
        CHECK_INT(r.streams_done, cfg.n_streams);
        CHECK(r.n_deaths > 10);
        sim_result_deinit(&r);
    }
}

/* Virtual seconds that one stream of so many bytes down takes. */
static double bulk_s(struct sim_cfg cfg, uint64_t bytes)
{
    cfg.up_bytes = 100;
    cfg.down_bytes = bytes;
    struct sim_result r = sim_run(&cfg, SECONDS(600), true);
    check_sound(&r);
    CHECK_INT(r.streams_done, 1);
    double s = (double)(r.end_us - cfg.first_stream_us) / TM_US_PER_S;
    sim_result_deinit(&r);
    return s;
}

static void eight_carriers_are_as_fast_as_one_of_their_sum(void)
{
    const uint64_t bytes = UINT64_C(60) << 20;
    struct sim_cfg one = base(1);
    struct sim_cfg eight = base(8);
    one.rate_bps = MBPS(160);
    eight.rate_bps = MBPS(20);
    double one_s = bulk_s(one, bytes);
    double eight_s = bulk_s(eight, bytes);
    printf("eight carriers: %.3f of one with their sum\n", one_s / eight_s);
    CHECK(one_s / eight_s >= 0.95);
}

static void a_slow_carrier_does_not_hold_up_the_others(void)
{
    const uint64_t bytes = UINT64_C(60) << 20;
    struct sim_cfg seven = base(7);
    struct sim_cfg eight = base(8);
    seven.rate_bps = eight.rate_bps = MBPS(20);
    eight.slow_carrier = 3;
    eight.slow_bps = MBPS(2);
    double seven_s = bulk_s(seven, bytes);
    double eight_s = bulk_s(eight, bytes);
    printf("with a slow carrier: %.3f of the seven others\n", seven_s / eight_s);
    CHECK(seven_s / eight_s >= 0.9);
}

static void a_carrier_that_stands_still_does_not_either(void)
{
    const uint64_t bytes = UINT64_C(60) << 20;
    struct sim_cfg seven = base(7);
    struct sim_cfg eight = base(8);
    seven.rate_bps = eight.rate_bps = MBPS(20);
    eight.slow_carrier = 3;
    eight.slow_bps = 4000; /* a piece takes eight seconds or more */
    double seven_s = bulk_s(seven, bytes);
    double eight_s = bulk_s(eight, bytes);
    printf("with one that stands still: %.3f of the seven others\n", seven_s / eight_s);
    CHECK(seven_s / eight_s >= 0.9);
}

/* A carrier's end costs little more than what was under way on it. */
static void a_download_goes_on_while_carriers_die(void)
{
    const uint64_t bytes = UINT64_C(30) << 20;
    struct sim_cfg calm = base(8);
    calm.rate_bps = MBPS(20);
    struct sim_cfg deadly = calm;
    deadly.mean_life_us = SECONDS(2);
    deadly.one_sided_us = 20000;
    double calm_s = bulk_s(calm, bytes);
    double deadly_s = bulk_s(deadly, bytes);
    printf("while carriers die: %.3f of the time without\n", deadly_s / calm_s);
    CHECK(deadly_s / calm_s <= 1.5);
}

/* What four streams needed is removed when it was not needed for long, in either order of the two ends' reports. */
static void carriers_that_are_not_needed_end_and_do_not_die(void)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim_cfg cfg = base(0);
        cfg.seed = seed;
        cfg.n_streams = 4;
        cfg.up_bytes = 100;
        cfg.down_bytes = 3000000;
        cfg.rate_bps = MBPS(3);
        cfg.jitter_us = 30000;
        struct sim_result r = sim_run(&cfg, SECONDS(3600 * 2), false);
        check_sound_without_deaths(&r);
        CHECK_INT(r.streams_done, 4);
        CHECK_INT(r.client.carriers_live, 3);
        CHECK_INT(r.client.carriers_ended, 5);
        CHECK_INT(r.server.carriers_ended, 5);
        sim_result_deinit(&r);
    }
}

static void a_server_that_was_restarted_says_that_it_knows_nothing(void)
{
    struct sim_cfg cfg = base(0);
    cfg.up_bytes = 100;
    cfg.down_bytes = UINT64_C(100) << 20;
    cfg.rate_bps = MBPS(20);
    cfg.restart_us = SECONDS(3);
    struct sim_result r = sim_run(&cfg, SECONDS(60), true);
    CHECK(r.failed && strstr(r.failed, "restarted") != NULL);
    CHECK(r.end_us < SECONDS(5));
    CHECK_INT(r.wrong_bytes, 0);
    sim_result_deinit(&r);
}

static const struct check_case cases[] = {
    {"carriers_that_are_not_needed_end_and_do_not_die",
     carriers_that_are_not_needed_end_and_do_not_die},
    {"a_server_that_was_restarted_says_that_it_knows_nothing",
     a_server_that_was_restarted_says_that_it_knows_nothing},
    {"a_download_goes_on_while_carriers_die", a_download_goes_on_while_carriers_die},
    {"streams_arrive_and_nothing_is_padded", streams_arrive_and_nothing_is_padded},
    {"nothing_is_lost_with_carriers", nothing_is_lost_with_carriers},
    {"eight_carriers_are_as_fast_as_one_of_their_sum",
     eight_carriers_are_as_fast_as_one_of_their_sum},
    {"a_slow_carrier_does_not_hold_up_the_others", a_slow_carrier_does_not_hold_up_the_others},
    {"a_carrier_that_stands_still_does_not_either", a_carrier_that_stands_still_does_not_either},
};
CHECK_MAIN("shuffle_sim", cases)
