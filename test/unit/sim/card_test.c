/* test/unit/sim/card_test.c - cards of models whose numbers can be worked out by hand. */
#include "tm/sim/card.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"

#define SECONDS(n) ((int64_t)(n)*TM_US_PER_S)

static struct tm_model model;

static struct tm_card_cfg cfg_of(uint32_t size_bytes, uint32_t interval_us, uint32_t n_exchanges)
{
    tm_model_constant_default(&model);
    model.u.constant = (struct tm_constant){
        .size_bytes = size_bytes, .interval_us = interval_us, .n_exchanges = n_exchanges};
    return (struct tm_card_cfg){.model = &model,
                                .n_users = 1,
                                .rtt_us = 40000,
                                .line_bps = 100000000,
                                .reply = TM_LOAD_EXACT,
                                .for_us = SECONDS(200),
                                .seed = 1};
}

static struct tm_card *play(const struct tm_card_cfg *cfg, unsigned n_sessions)
{
    struct tm_card *card = calloc(1, sizeof *card);
    CHECK(card != NULL);
    for (unsigned i = 0; i < n_sessions; i++)
        CHECK_INT(tm_card_play(card, cfg), TM_OK);
    return card;
}

static void about(double got, double want, double tolerance)
{
    CHECK(got >= want * (1 - tolerance) && got <= want * (1 + tolerance));
}

/* One connection of 20,000 exchanges lasts longer than the run: 1448 bytes each way every 500 ms, so 2 * 1448 * 2 bytes a second. */
static void the_month_is_what_the_schedule_sends(void)
{
    struct tm_card_cfg cfg = cfg_of(1448, 500000, 20000);
    struct tm_card *card = play(&cfg, 1);
    about((double)tm_card_month_bytes(card, false), 5792.0 * 86400 * 30, 0.01);
    /* Each write is a segment of its own, 52 bytes of headers, and acknowledged by one of 52 bytes. */
    about((double)tm_card_month_bytes(card, true), 5792.0 * 86400 * 30 * (1448 + 104) / 1448, 0.01);
    CHECK_INT(card->counted_us, SECONDS(150));
    CHECK_INT(card->backlog_us, SECONDS(150));
    free(card);
}

/* A record of 1448 bytes holds 1426; a data frame's header is 5 to 9, now and then an acknowledgement or credit. */
static void capacity_is_the_room_of_the_records(void)
{
    struct tm_card_cfg cfg = cfg_of(1448, 500000, 20000);
    struct tm_card *card = play(&cfg, 1);
    about((double)tm_card_capacity_bps(card, TM_UP), 2 * 8 * 1410.0, 0.02);
    about((double)tm_card_capacity_bps(card, TM_DOWN), 2 * 8 * 1410.0, 0.02);
    CHECK(tm_card_useful_permille(card) > 960 && tm_card_useful_permille(card) < 985);
    CHECK(tm_card_filled_permille(card) > 970 && tm_card_filled_permille(card) <= 1000);
    free(card);
}

/* Every 500 ms: half of all moments wait for 250 ms, 95 % for 475 ms; at 200 ms it is 190. */
static void a_card_is_lively_when_both_directions_keep_the_promise(void)
{
    struct tm_card_cfg cfg = cfg_of(1448, 500000, 20000);
    struct tm_card *card = play(&cfg, 1);
    for (int dir = TM_UP; dir <= TM_DOWN; dir++) {
        about((double)tm_rhythm_interval_us(&card->rhythm[dir], 500), 515000, 0.035);
        about((double)tm_rhythm_wait_us(&card->rhythm[dir], 500), 257000, 0.07);
        about((double)tm_rhythm_wait_us(&card->rhythm[dir], 950), 490000, 0.07);
    }
    CHECK(!tm_card_is_lively(card));
    free(card);
    cfg = cfg_of(1448, 200000, 20000);
    card = play(&cfg, 1);
    CHECK(tm_card_is_lively(card));
    free(card);
    struct tm_card nothing = {0};
    CHECK(!tm_card_is_lively(&nothing));
}

/* Buffers of 30 bytes have a record with 8 bytes in it: nothing that counts leaves. */
static void buffers_without_room_are_none(void)
{
    struct tm_card_cfg cfg = cfg_of(30, 100000, 20000);
    struct tm_card *card = play(&cfg, 1);
    CHECK(card->wire_bytes[TM_UP] > 10000);
    CHECK_INT(card->rhythm[TM_UP].gaps.n, 1);
    CHECK(!tm_card_is_lively(card));
    free(card);
}

/* 10 kB are at least 8 buffers, of which one leaves every 500 ms. */
static void an_object_takes_the_buffers_that_it_needs(void)
{
    struct tm_card_cfg cfg = cfg_of(1448, 500000, 20000);
    struct tm_card *card = play(&cfg, 2);
    const struct tm_card_times *small = &card->times[TM_CARD_SMALL];
    const struct tm_card_times *large = &card->times[TM_CARD_LARGE];
    CHECK(small->whole_us.n >= 1);
    CHECK(tm_hist_quantile(&small->whole_us, 500) >= 7 * 500000);
    CHECK(tm_hist_quantile(&small->whole_us, 500) <= 10 * 500000);
    CHECK(small->whole_us.n == 0 || small->down_bytes == small->whole_us.n * TM_CARD_SMALL_BYTES);
    /* 1 MB needs 350 s, and a session lasts 200. */
    CHECK_INT(large->whole_us.n, 0);
    CHECK_INT(large->n_unfinished, 2);
    CHECK_INT(card->n_sessions, 2);
    free(card);
}

static void a_direct_connection_takes_two_round_trips_and_the_bytes(void)
{
    struct tm_card_cfg cfg = cfg_of(1448, 500000, 10);
    cfg.line_bps = 8000000;
    /* A byte a microsecond: windows of 10 and 20 segments leave the line idle for the rest of a round trip. */
    CHECK_INT(tm_card_direct_us(&cfg, 1000, 14480, true), 80000 + 1000 + 14480);
    CHECK_INT(tm_card_direct_us(&cfg, 1000, 50000, true), 80000 + 1000 + 80000 + 50000 - 30 * 1448);
    CHECK_INT(tm_card_direct_us(&cfg, 1000, 50000, false), 80000 + 1000);
}

static void the_same_seed_gives_the_same_card(void)
{
    struct tm_card_cfg cfg = cfg_of(4000, 50000, 10);
    cfg.n_users = 3;
    struct tm_card *a = play(&cfg, 2);
    struct tm_card *b = play(&cfg, 2);
    CHECK_INT(memcmp(a, b, sizeof *a), 0);
    cfg.seed = 7;
    struct tm_card *c = play(&cfg, 2);
    CHECK(memcmp(a, c, sizeof *a) != 0);
    free(a);
    free(b);
    free(c);
}

/* The schedule does not depend on what is carried: bytes, connections and rhythm are the same. */
static void a_workload_changes_times_and_nothing_on_the_wire(void)
{
    struct tm_workload_line line[3] = {
        {.at_us = 0, .up_bytes = 1000, .down_bytes = 20000},
        {.at_us = SECONDS(10), .up_bytes = 300000, .down_bytes = 0},
        {.at_us = SECONDS(500), .up_bytes = 1, .down_bytes = 1}, /* after the end */
    };
    struct tm_workload workload = {.line = line, .n = 3};
    struct tm_card_cfg cfg = cfg_of(4000, 50000, 10);
    cfg.n_users = 3;
    struct tm_card *objects = play(&cfg, 1);
    cfg.workload = &workload;
    struct tm_card *loaded = play(&cfg, 1);
    CHECK_MEM(objects->wire_bytes, loaded->wire_bytes, sizeof objects->wire_bytes);
    CHECK_INT(objects->n_carriers, loaded->n_carriers);
    CHECK_INT(memcmp(objects->rhythm, loaded->rhythm, sizeof objects->rhythm), 0);
    const struct tm_card_times *times = &loaded->times[TM_CARD_WORKLOAD];
    CHECK_INT(times->whole_us.n, 2);
    CHECK_INT(times->first_us.n, 1);
    CHECK_INT(times->n_unfinished, 1);
    CHECK_INT(times->up_bytes, 301000);
    CHECK_INT(times->down_bytes, 20000);
    CHECK_INT(loaded->times[TM_CARD_SMALL].whole_us.n, 0);
    free(objects);
    free(loaded);
}

static void a_pace_cuts_the_longer_pauses(void)
{
    const struct tm_dist_point pauses[] = {{500000, 1}, {2000000, 3}, {9000000, 4}};
    struct tm_model m = {.kind = TM_MODEL_SWING, .name = "m"};
    struct tm_card_cfg cfg = {.model = &m, .pace_ms = 2000};
    CHECK_INT(tm_dist_set(&m.u.swing.param[TM_SWING_INTER_RRE], pauses, 3), TM_OK);
    CHECK_INT(tm_card_cut_permille(&cfg, TM_SWING_INTER_RRE), 250);
    CHECK_INT(tm_card_cut_permille(&cfg, TM_SWING_INTER_SESSION), 1000); /* 300 s when empty */
    cfg.pace_ms = 400;
    CHECK_INT(tm_card_cut_permille(&cfg, TM_SWING_INTER_RRE), 1000);
    cfg.pace_ms = 0;
    CHECK_INT(tm_card_cut_permille(&cfg, TM_SWING_INTER_RRE), 0);
    tm_model_deinit(&m);
    cfg = cfg_of(1448, 500000, 10);
    cfg.pace_ms = 1;
    CHECK_INT(tm_card_cut_permille(&cfg, TM_SWING_INTER_RRE), 0);
}

static void what_cannot_be_played_is_refused(void)
{
    struct tm_card_cfg good = cfg_of(1448, 500000, 10);
    struct tm_card_cfg cfg = good;
    struct tm_card *card = calloc(1, sizeof *card);
    CHECK(card != NULL);
    cfg.n_users = 0;
    CHECK_INT(tm_card_play(card, &cfg), TM_ERR_RANGE);
    cfg = good;
    cfg.for_us = 0;
    CHECK_INT(tm_card_play(card, &cfg), TM_ERR_RANGE);
    cfg = good;
    cfg.line_bps = 0;
    CHECK_INT(tm_card_play(card, &cfg), TM_ERR_RANGE);
    cfg = good;
    cfg.rtt_us = -1;
    CHECK_INT(tm_card_play(card, &cfg), TM_ERR_RANGE);
    CHECK_INT(card->n_sessions, 0);
    free(card);
}

static const struct check_case cases[] = {
    {"the_month_is_what_the_schedule_sends", the_month_is_what_the_schedule_sends},
    {"capacity_is_the_room_of_the_records", capacity_is_the_room_of_the_records},
    {"a_card_is_lively_when_both_directions_keep_the_promise",
     a_card_is_lively_when_both_directions_keep_the_promise},
    {"buffers_without_room_are_none", buffers_without_room_are_none},
    {"an_object_takes_the_buffers_that_it_needs", an_object_takes_the_buffers_that_it_needs},
    {"a_direct_connection_takes_two_round_trips_and_the_bytes",
     a_direct_connection_takes_two_round_trips_and_the_bytes},
    {"the_same_seed_gives_the_same_card", the_same_seed_gives_the_same_card},
    {"a_workload_changes_times_and_nothing_on_the_wire",
     a_workload_changes_times_and_nothing_on_the_wire},
    {"a_pace_cuts_the_longer_pauses", a_pace_cuts_the_longer_pauses},
    {"what_cannot_be_played_is_refused", what_cannot_be_played_is_refused},
};
CHECK_MAIN("card", cases)
