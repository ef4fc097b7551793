/* Maybenot machines between two engines over a link: every byte, whatever they pad and hold back, and every event. */
#include "tm/core/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/maybenot/ready/named.h"
#include "test/sim/sound.h"
#include "tm/base/time.h"

#define SECONDS(n) ((int64_t)(n)*TM_US_PER_S)

static struct sim_cfg base(const struct tm_cells_cfg *cells)
{
    return (struct sim_cfg){.drive = TM_DRIVE_MAYBENOT,
                            .cells = cells,
                            .seed = 1,
                            .delay_us = 10000,
                            .one_sided_us = 1,
                            .n_streams = 2,
                            .stream_gap_us = 100000,
                            .up_bytes = 3000,
                            .down_bytes = 100000,
                            .first_stream_us = SECONDS(1)};
}

/* What one end sent the other was told of, but for what is under way; and what it was told of itself left. */
static void check_events(const struct sim_result *r, enum tm_side from, enum tm_side to)
{
    const struct tm_padder_counts *n = &r->cells[from].counts;
    const struct tm_padder_counts *heard = &r->cells[to].counts;
    uint64_t left = n->n_normal + n->n_padding;
    CHECK_INT(n->event[TM_MB_NORMAL_SENT], n->n_normal + n->queued_normal);
    CHECK_INT(n->event[TM_MB_PADDING_SENT],
              n->n_padding + n->n_replaced + n->n_dropped + n->queued_padding);
    CHECK_INT(n->n_dropped, 0);
    CHECK(n->event[TM_MB_TUNNEL_SENT] <= left && n->event[TM_MB_TUNNEL_SENT] + 16 >= left);
    CHECK_INT(heard->event[TM_MB_TUNNEL_RECV],
              heard->event[TM_MB_NORMAL_RECV] + heard->event[TM_MB_PADDING_RECV]);
    CHECK(heard->event[TM_MB_NORMAL_RECV] <= n->n_normal);
    CHECK(heard->event[TM_MB_PADDING_RECV] <= n->n_padding);
    CHECK(heard->event[TM_MB_TUNNEL_RECV] + 64 >= left);
}

static char *machines(const char *name, enum tm_mb_end end)
{
    struct tm_mb_rng rng;
    struct tm_msg why = {""};
    char *text = NULL;
    tm_mb_rng_init_xoshiro(&rng, 7);
    CHECK_INT(tm_mb_ready_named_text(&text, name, end, &rng, &why), TM_OK);
    return text;
}

/* Client and server alike; the caller frees the texts. */
static struct sim_result run(struct sim_cfg cfg, const char *client, const char *server)
{
    const struct tm_cells_cfg cells = {.client = {(const uint8_t *)client, strlen(client)},
                                       .server = {(const uint8_t *)server, strlen(server)},
                                       .cell_bytes = TM_CELL_BYTES};
    cfg.cells = &cells;
    return sim_run(&cfg, SECONDS(120), true);
}

static void a_download_is_exact_under_each_ready_machine(void)
{
    static const char *const names[] = {"front", "tamaraw", "regulator", "interspace", "break-pad"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *client = machines(names[i], TM_MB_END_CLIENT);
        char *server = machines(names[i], TM_MB_END_SERVER);
        struct sim_result r = run(base(NULL), client, server);
        printf("%s: %.1f s, cells up %llu + %llu, down %llu + %llu\n", names[i],
               (double)r.end_us / TM_US_PER_S,
               (unsigned long long)r.cells[TM_CLIENT].counts.n_normal,
               (unsigned long long)r.cells[TM_CLIENT].counts.n_padding,
               (unsigned long long)r.cells[TM_SERVER].counts.n_normal,
               (unsigned long long)r.cells[TM_SERVER].counts.n_padding);
        check_sound_without_deaths(&r);
        CHECK_INT(r.streams_done, 2);
        CHECK(r.cells[TM_CLIENT].is_told && r.cells[TM_SERVER].is_told);
        CHECK_INT(r.client.wire_tx_bytes % TM_CELL_BYTES, 0);
        CHECK_INT(r.server.wire_tx_bytes % TM_CELL_BYTES, 0);
        check_events(&r, TM_CLIENT, TM_SERVER);
        check_events(&r, TM_SERVER, TM_CLIENT);
        sim_result_deinit(&r);
        free(client);
        free(server);
    }
}

static void without_machines_cells_leave_at_once(void)
{
    struct sim_result r = run(base(NULL), "", "");
    check_sound_without_deaths(&r);
    CHECK_INT(r.streams_done, 2);
    CHECK_INT(r.cells[TM_SERVER].counts.n_padding, 0);
    CHECK(r.end_us < SECONDS(3));
    check_events(&r, TM_SERVER, TM_CLIENT);
    sim_result_deinit(&r);
}

static void nothing_is_lost_with_the_carrier(void)
{
    char *front = machines("front", TM_MB_END_SERVER);
    struct sim_cfg cfg = base(NULL);
    cfg.n_streams = 5;
    cfg.rate_bps = 2000000;
    cfg.mean_life_us = SECONDS(1);
    cfg.one_sided_us = SECONDS(1);
    struct sim_result r = run(cfg, "", front);
    check_sound(&r);
    CHECK_INT(r.streams_done, 5);
    CHECK(r.n_deaths > 1);
    sim_result_deinit(&r);
    free(front);
}

static const struct check_case cases[] = {
    {"a_download_is_exact_under_each_ready_machine", a_download_is_exact_under_each_ready_machine},
    {"without_machines_cells_leave_at_once", without_machines_cells_leave_at_once},
    {"nothing_is_lost_with_the_carrier", nothing_is_lost_with_the_carrier},
};
CHECK_MAIN("cells_sim", cases)
