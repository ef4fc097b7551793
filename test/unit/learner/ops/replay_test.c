/* test/unit/learner/ops/replay_test.c */
#include "learner/ops/replay.h"

#include <string.h>

#include "models/schedfile.h"
#include "test/support/check.h"

#define ORIGIN_US INT64_C(1700000000000000)

struct world {
    struct tm_deck deck;
    struct tm_replay_conn conn[8];
    struct tm_replay_source source;
};

/* A connection of `user`, open from start to end ms after the origin: 100 up, then 2000 down after 3 ms, closed 4 ms later. */
static void add(struct world *w, uint32_t user, int64_t start_ms, int64_t end_ms)
{
    CHECK_INT(tm_deck_add_conn(&w->deck, TM_DECK_FIRST, 4000), TM_OK);
    w->deck.conn[w->deck.n_conns - 1].user = user;
    CHECK_INT(tm_deck_add_write(&w->deck, (struct tm_write){100, 0, TM_UP, 0}), TM_OK);
    CHECK_INT(tm_deck_add_write(&w->deck, (struct tm_write){2000, 3000, TM_DOWN, 1}), TM_OK);
    struct tm_replay_conn *c = &w->conn[w->deck.n_conns - 1];
    *c = (struct tm_replay_conn){.start_us = ORIGIN_US + 1000 * start_ms,
                                 .end_us = ORIGIN_US + 1000 * end_ms,
                                 .server = {[10] = 0xff, 0xff, 10, 1, 2, 3},
                                 .server_port = 443};
}

static void begin(struct world *w)
{
    *w = (struct world){0};
    w->source = (struct tm_replay_source){
        .deck = &w->deck, .conn = w->conn, .origin_us = ORIGIN_US, .pace_us = 0};
}

static void expect_open(struct world *w, struct tm_replay_place *at, enum tm_open_ref ref,
                        int64_t gap_ms)
{
    struct tm_open open = tm_replay_open(&w->source, at);
    CHECK_INT(open.ref, ref);
    CHECK_INT(open.gap_us, 1000 * gap_ms);
}

static void openings_run_from_what_was_before_them(void)
{
    struct world w;
    struct tm_replay_place at = {0};
    begin(&w);
    add(&w, 0, 50, 500);
    add(&w, 0, 60, 90);   /* beside the first, */
    add(&w, 0, 100, 110); /* and still: the last one's end is not the end of all */
    add(&w, 0, 700, 800); /* after all */
    add(&w, 1, 20, 30);   /* somebody else */
    add(&w, 1, 30, 40);   /* at the very end */
    expect_open(&w, &at, TM_OPEN_ORIGIN, 50);
    expect_open(&w, &at, TM_OPEN_PREV, 10);
    expect_open(&w, &at, TM_OPEN_PREV, 40);
    expect_open(&w, &at, TM_OPEN_ENDED, 200);
    expect_open(&w, &at, TM_OPEN_ORIGIN, 20);
    expect_open(&w, &at, TM_OPEN_ENDED, 0);
    tm_deck_deinit(&w.deck);
}

static void pace_caps_pauses_and_nothing_else(void)
{
    struct world w;
    struct tm_replay_place at = {0};
    begin(&w);
    w.source.pace_us = 100000;
    add(&w, 0, 900, 2000);
    add(&w, 0, 1900, 2100);
    add(&w, 0, 2150, 2200);
    add(&w, 0, 2400, 2500);
    expect_open(&w, &at, TM_OPEN_ORIGIN, 900);
    expect_open(&w, &at, TM_OPEN_PREV, 1000);
    expect_open(&w, &at, TM_OPEN_ENDED, 50);
    expect_open(&w, &at, TM_OPEN_ENDED, 100);
    tm_deck_deinit(&w.deck);
}

static void lines_are_a_schedule_file_of_the_same_writes(void)
{
    struct world w;
    struct tm_replay_place at = {0};
    struct tm_text t = {0};
    struct tm_schedfile f = {0};
    struct tm_msg msg = {""};
    begin(&w);
    add(&w, 0, 50, 500);
    add(&w, 1, 60, 90);
    tm_replay_add_head(&t, &w.source);
    for (size_t i = 0; i < 2; i++) {
        struct tm_open open = tm_replay_open(&w.source, &at);
        tm_replay_add_conn(&t, &w.source, i, &open);
    }
    CHECK(!t.is_bad);
    CHECK(strstr(t.p, "\"at\":60000,\"server\":\"10.1.2.3\",\"port\":443}") != NULL);
    CHECK_INT(tm_schedfile_read(&f, t.p, strlen(t.p), "replay", &msg), TM_OK);
    CHECK_INT(f.n_conns, 2);
    CHECK_INT(f.n_users, 2);
    CHECK_INT(f.conn[1].open.gap_us, 60000);
    CHECK_INT(f.conn[1].plan.n_writes, 2);
    CHECK_INT(f.conn[1].plan.close_gap_us, 4000);
    CHECK_INT(f.conn[1].plan.w[0].ref_back, 0);
    CHECK_INT(f.conn[1].plan.w[1].ref_back, 1);
    CHECK_INT(f.conn[1].plan.w[1].size, 2000);
    CHECK_INT(f.conn[1].plan.w[1].gap_us, 3000);
    CHECK_INT(f.conn[1].plan.w[1].dir, TM_DOWN);
    tm_schedfile_deinit(&f);
    tm_text_deinit(&t);
    tm_deck_deinit(&w.deck);
}

static const struct check_case cases[] = {
    {"openings_run_from_what_was_before_them", openings_run_from_what_was_before_them},
    {"pace_caps_pauses_and_nothing_else", pace_caps_pauses_and_nothing_else},
    {"lines_are_a_schedule_file_of_the_same_writes", lines_are_a_schedule_file_of_the_same_writes},
};
CHECK_MAIN("ops_replay", cases)
