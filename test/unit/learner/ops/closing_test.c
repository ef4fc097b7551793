/* Connections closed in every way: when that passes the tap, and that what is learned of those packets is what was played. */
#include <string.h>

#include "learner/joint/collect.h"
#include "learner/ops/tap.h"
#include "models/schedfile.h"
#include "test/support/check.h"
#include "test/unit/learner/ops/fixed_model.h"
#include "tm/base/time.h"

/* Up 500 at 20001, and the server's 500, 5 ms after they came, at 45001; 540 us each. */
static void times_are(struct tm_close close, int64_t gap_us, int64_t close_us, int64_t fin_us,
                      int64_t end_us)
{
    struct tm_timed_conn c = {.plan = {.close_gap_us = gap_us, .close = close}};
    CHECK_INT(tm_plan_add(&c.plan, (struct tm_write){500, 0, TM_UP, 0}), TM_OK);
    CHECK_INT(tm_plan_add(&c.plan, (struct tm_write){500, 5000, TM_DOWN, 1}), TM_OK);
    CHECK_INT(tm_timed_conn_fill(&c, &fixed_path), TM_OK);
    CHECK_INT(c.time[1].last_us, 45001);
    CHECK_INT(c.over_us, 45002);
    CHECK_INT(c.close_us, close_us);
    CHECK_INT(c.fin_us, fin_us);
    CHECK_INT(c.end_us, end_us);
    tm_timed_conn_deinit(&c);
}

static void closings_pass_the_tap_as_counted_by_hand(void)
{
    times_are((struct tm_close){0}, 3000, 48002, 68002, 68003);
    /* Behind the request: the server's FIN waits for its last byte. */
    times_are((struct tm_close){.back = 2}, 3000, 23001, 45541, 45542);
    times_are((struct tm_close){.back = 2}, 9, 20541, 45541, 45542); /* nor does it overtake it */
    times_are((struct tm_close){.server_back = 1, .server_gap_us = 900}, 70, 45972, 45901, 45972);
    /* The server by the request, so before its answer: not before that has left. */
    times_are((struct tm_close){.server_back = 2, .server_gap_us = 0}, 70, 45612, 45541, 45612);
    times_are((struct tm_close){.back = 1, .server_back = 1, .server_gap_us = 9000}, 70, 45072,
              54001, 54002);
    times_are((struct tm_close){.how = TM_CLOSE_RESET}, 300, 45302, TM_NEVER, 45302);
    times_are((struct tm_close){.how = TM_CLOSE_RESET, .back = 2}, 300, 45002, TM_NEVER, 45002);
    times_are((struct tm_close){.how = TM_CLOSE_RESET, .server_back = 1, .server_gap_us = 900}, 300,
              46202, 45901, 46202);
    /* It resets before the server's FIN has come. */
    times_are(
        (struct tm_close){.how = TM_CLOSE_RESET, .back = 1, .server_back = 1, .server_gap_us = 900},
        300, 45302, TM_NEVER, 45302);
}

/* ---- Played and learned ---- */

static const struct {
    struct tm_close close;
    uint32_t gap_us;
} some[] = {
    {{0}, 3000},
    {{TM_CLOSE_FIN, 2, 0, 0}, 3000},
    {{TM_CLOSE_FIN, 0, 1, 900}, 250},
    {{TM_CLOSE_FIN, 1, 1, 9000}, 700},
    {{TM_CLOSE_RESET, 0, 0, 0}, 700},
    {{TM_CLOSE_RESET, 0, 1, 900}, 5000},
};
#define N_SOME (sizeof some / sizeof some[0])

/* A connection of two exchanges for each of them, a second apart. */
static void add_conn(struct tm_schedfile_conn *c, size_t i)
{
    static const struct tm_write w[] = {{500, 0, TM_UP, 0},
                                        {3000, 9000, TM_DOWN, 1},
                                        {400, 2000, TM_UP, 1},
                                        {700, 30000, TM_DOWN, 1}};
    *c =
        (struct tm_schedfile_conn){.open = {.index = i,
                                            .ref = i == 0 ? TM_OPEN_ORIGIN : TM_OPEN_PREV,
                                            .gap_us = i == 0 ? 0 : TM_US_PER_S},
                                   .plan = {.close_gap_us = some[i].gap_us, .close = some[i].close},
                                   .is_closed = true};
    for (size_t k = 0; k < 4; k++)
        CHECK_INT(tm_plan_add(&c->plan, w[k]), TM_OK);
}

static void what_was_played_is_learned(void)
{
    struct tm_schedfile_conn conn[N_SOME];
    const struct tm_schedfile f = {.conn = conn, .n_conns = N_SOME, .n_users = 1};
    for (size_t i = 0; i < N_SOME; i++)
        add_conn(&conn[i], i);
    struct tm_timeline *t = NULL;
    struct tm_tap *tap = NULL;
    struct tm_collect *collect = NULL;
    struct tm_deck deck = {0};
    struct tm_tap_packet p;
    const struct tm_collect_cfg cfg = {.group = {.inter_conn_us = 1, .max_conns = 1}};
    CHECK_INT(tm_timeline_new_schedule(&t, &f, &fixed_path, N_SOME), TM_OK);
    CHECK_INT(tm_tap_new(&tap, t, 443), TM_OK);
    CHECK_INT(tm_collect_new(&collect, &cfg), TM_OK);
    while (tm_tap_next(tap, &p) == 1) {
        struct tm_packet packet;
        tm_tap_decoded(&p, 1000000, &packet);
        CHECK_INT(tm_collect_packet(collect, &packet), TM_OK);
    }
    CHECK_INT(tm_collect_end(collect, &deck), TM_OK);
    CHECK_INT(deck.n_conns, N_SOME);
    for (size_t i = 0; i < N_SOME && i < deck.n_conns; i++) {
        const struct tm_plan *want = &conn[i].plan;
        const struct tm_close *got = &deck.conn[i].close;
        CHECK_INT(deck.conn[i].n_writes, want->n_writes);
        CHECK_INT(got->how, want->close.how);
        CHECK_INT(got->back, want->close.back);
        CHECK_INT(got->server_back, want->close.server_back);
        CHECK_INT(got->server_gap_us, want->close.server_gap_us);
        CHECK_INT(deck.conn[i].close_gap_us, want->close_gap_us);
    }
    tm_collect_free(collect);
    tm_tap_free(tap);
    tm_timeline_free(t);
    tm_deck_deinit(&deck);
    for (size_t i = 0; i < N_SOME; i++)
        tm_plan_deinit(&conn[i].plan);
}

static const struct check_case CASES[] = {
    {"closings_pass_the_tap_as_counted_by_hand", closings_pass_the_tap_as_counted_by_hand},
    {"what_was_played_is_learned", what_was_played_is_learned},
};
CHECK_MAIN("closing", CASES)
