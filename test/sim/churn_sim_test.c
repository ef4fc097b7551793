/* Hundreds of streams of all lengths, of which either end gives up some at any time: nothing is wrong with the others, whatever carries them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/maybenot/ready/named.h"
#include "test/sim/sound.h"
#include "tm/base/time.h"
#include "tm/core/cells.h"

#define STREAMS 400U

static void churn(struct sim_cfg cfg)
{
    cfg.seed = 3;
    cfg.delay_us = 10000;
    cfg.one_sided_us = 1;
    cfg.n_streams = STREAMS;
    cfg.first_stream_us = TM_US_PER_S;
    cfg.stream_gap_us = 20000;
    cfg.up_bytes = 3000;
    cfg.down_bytes = 20000;
    cfg.is_uneven = true;
    cfg.reset_permille = 50;
    struct sim_result r = sim_run(&cfg, 600 * TM_US_PER_S, true);
    printf("%llu streams to their end, %llu given up, %.1f s\n", (unsigned long long)r.streams_done,
           (unsigned long long)r.streams_reset, (double)r.end_us / TM_US_PER_S);
    check_sound(&r);
    CHECK_INT(r.streams_done + r.streams_reset, STREAMS);
    CHECK(r.streams_done > STREAMS / 4 && r.streams_reset > STREAMS / 10);
    sim_result_deinit(&r);
}

static void under_a_model(void)
{
    struct tm_model model;
    sim_model_https(&model);
    churn((struct sim_cfg){.model = &model, .n_users = 30, .pace_ms = 500});
    tm_model_deinit(&model);
}

static void shuffled(void)
{
    churn((struct sim_cfg){.drive = TM_DRIVE_SHUFFLE});
}

static void churn_in_cells(const char *client, const char *server)
{
    const struct tm_cells_cfg cells = {.client = {(const uint8_t *)client, strlen(client)},
                                       .server = {(const uint8_t *)server, strlen(server)},
                                       .cell_bytes = TM_CELL_BYTES};
    churn((struct sim_cfg){.drive = TM_DRIVE_MAYBENOT, .cells = &cells});
}

static void in_cells(void)
{
    churn_in_cells("", "");
}

static void in_cells_at_a_constant_rate(void)
{
    struct tm_mb_rng rng;
    struct tm_msg why = {""};
    char *text[2] = {NULL, NULL};
    tm_mb_rng_init_xoshiro(&rng, 7);
    for (int end = 0; end < 2; end++)
        CHECK_INT(tm_mb_ready_named_text(&text[end], "tamaraw", (enum tm_mb_end)end, &rng, &why),
                  TM_OK);
    churn_in_cells(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

static const struct check_case cases[] = {
    {"under_a_model", under_a_model},
    {"shuffled", shuffled},
    {"in_cells", in_cells},
    {"in_cells_at_a_constant_rate", in_cells_at_a_constant_rate},
};
CHECK_MAIN("churn_sim", cases)
