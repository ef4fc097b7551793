#include "tm/core/player.h"

#include "test/support/check.h"

#define GRACE 1000000

static struct tm_known_plan plan(void)
{
    static const struct tm_write w[] = {
        {517, 0, TM_UP, 0},   {300, 5000, TM_DOWN, 1}, {700, 100, TM_DOWN, 1},
        {80, 2000, TM_UP, 1}, {40, 3000, TM_UP, 1},    {1000, 2500, TM_DOWN, 1},
    };
    struct tm_known_plan k = {.complete = true, .plan = {.close_gap_us = 9000}};
    for (size_t i = 0; i < sizeof w / sizeof w[0]; i++)
        CHECK_INT(tm_plan_add(&k.plan, w[i]), TM_OK);
    return k;
}

static struct tm_player player(enum tm_side side, int64_t start_us)
{
    struct tm_known_plan k = plan();
    struct tm_player p;
    tm_player_init(&p, side, &k, start_us, GRACE);
    CHECK_INT(tm_player_grown(&p), TM_OK);
    return p;
}

/* Hands out and reports the next own write, which must be i, due at due_us. */
static void play(struct tm_player *p, size_t i, int64_t due_us, int64_t sent_us)
{
    struct tm_player_due d;
    CHECK(tm_player_next(p, &d));
    CHECK_INT(d.i, i);
    CHECK_INT(d.due_us, due_us);
    CHECK(!d.rel_prev);
    tm_player_handed(p, &d);
    CHECK_INT(tm_player_sent(p, i, sent_us), TM_OK);
}

static void client_follows_events_of_both_sides(void)
{
    struct tm_player p = player(TM_CLIENT, TM_NEVER);
    struct tm_player_due d;
    CHECK(!tm_player_next(&p, &d)); /* not connected yet */
    tm_player_start(&p, 1000);
    play(&p, 0, 1000, 1010);
    CHECK(!tm_player_next(&p, &d)); /* Finished waits for both down writes */
    CHECK_INT(tm_player_received(&p, 300, 50000), TM_OK);
    CHECK_INT(tm_player_received(&p, 699, 51000), TM_OK);
    CHECK(!tm_player_next(&p, &d));
    CHECK_INT(tm_player_received(&p, 1, 52000), TM_OK);
    play(&p, 3, 54000, 54100);
    play(&p, 4, 57100, 57100); /* from the actual departure of 3 */
    CHECK(!tm_player_done(&p));
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    CHECK_INT(tm_player_received(&p, 1000, 90000), TM_OK);
    CHECK(tm_player_done(&p));
    CHECK_INT(tm_player_close_us(&p), 99000);
    CHECK_INT(tm_player_received(&p, 1, 91000), TM_ERR_PROTO); /* a byte that is in no write */
    tm_player_deinit(&p);
}

static void write_after_an_undeparted_own_one_is_relative_to_it(void)
{
    struct tm_player p = player(TM_SERVER, 0);
    struct tm_player_due d;
    CHECK_INT(tm_player_received(&p, 517, 100), TM_OK);
    CHECK(tm_player_next(&p, &d));
    CHECK_INT(d.due_us, 5100);
    tm_player_handed(&p, &d);
    CHECK(tm_player_next(&p, &d)); /* write 2 follows write 1, which has not departed */
    CHECK(d.rel_prev);
    CHECK_INT(d.due_us, 5200);
    tm_player_handed(&p, &d);
    CHECK_INT(tm_player_sent(&p, 2, 6000), TM_ERR_RANGE); /* out of turn */
    CHECK_INT(tm_player_sent(&p, 1, 6000), TM_OK);
    CHECK_INT(tm_player_sent(&p, 2, 6200), TM_OK);
    CHECK(!tm_player_next(&p, &d));
    CHECK_INT(tm_player_received(&p, 120, 9000), TM_OK); /* two writes in one read */
    play(&p, 5, 11500, 11600);
    CHECK(tm_player_done(&p));
    tm_player_deinit(&p);
}

/* A row of own writes that are all on their way, each counted from the one before. */
static void row_of_own_writes_is_followed_before_any_departs(void)
{
    static const struct tm_write w[] = {
        {517, 0, TM_UP, 0},   {300, 5000, TM_DOWN, 1}, {90, 40, TM_DOWN, 1},
        {80, 40, TM_DOWN, 1}, {70, 40, TM_DOWN, 1},    {60, 10, TM_UP, 4},
    };
    struct tm_known_plan k = {.complete = true};
    for (size_t i = 0; i < sizeof w / sizeof w[0]; i++)
        CHECK_INT(tm_plan_add(&k.plan, w[i]), TM_OK);
    struct tm_player p;
    struct tm_player_due d;
    tm_player_init(&p, TM_SERVER, &k, 0, GRACE);
    CHECK_INT(tm_player_grown(&p), TM_OK);
    CHECK_INT(tm_player_received(&p, 517, 100), TM_OK);
    for (size_t i = 1; i <= 4; i++) {
        CHECK(tm_player_next(&p, &d));
        CHECK_INT(d.i, i);
        CHECK_INT(d.rel_prev, i > 1);
        CHECK_INT(d.due_us, 5100 + 40 * ((int64_t)i - 1));
        tm_player_handed(&p, &d);
    }
    CHECK(!tm_player_next(&p, &d));
    for (size_t i = 1; i <= 4; i++)
        CHECK_INT(tm_player_sent(&p, i, 6000 + 100 * (int64_t)i), TM_OK);
    tm_player_deinit(&p);
}

/* Both at work at once: each side's writes keep their own order and clocks. */
static void both_sides_at_once_follow_their_own_order(void)
{
    static const struct tm_write w[] = {
        {517, 0, TM_UP, 0},      {300, 5000, TM_DOWN, 1}, {80, 2000, TM_UP, 1},
        {900, 9000, TM_DOWN, 2}, {35, 4000, TM_UP, 2},    {900, 9000, TM_DOWN, 2},
        {35, 4000, TM_UP, 2},
    };
    struct tm_known_plan k = {.complete = true, .plan = {.close_gap_us = 50}};
    for (size_t i = 0; i < sizeof w / sizeof w[0]; i++)
        CHECK_INT(tm_plan_add(&k.plan, w[i]), TM_OK);
    struct tm_player p;
    tm_player_init(&p, TM_CLIENT, &k, 0, GRACE);
    CHECK_INT(tm_player_grown(&p), TM_OK);
    play(&p, 0, 0, 0);
    CHECK_INT(tm_player_received(&p, 300, 30000), TM_OK);
    play(&p, 2, 32000, 32000);
    play(&p, 4, 36000, 36000); /* write 3 has not come: no matter */
    CHECK_INT(tm_player_received(&p, 1000, 39000), TM_OK);
    play(&p, 6, 40000, 40000);
    CHECK_INT(tm_player_over_us(&p), TM_NEVER);
    CHECK_INT(tm_player_received(&p, 800, 48000),
              TM_OK); /* the last byte is of write 5, not of 6 */
    CHECK(tm_player_done(&p));
    CHECK_INT(tm_player_over_us(&p), 48000);
    CHECK_INT(tm_player_close_us(&p), 48050);
    tm_player_deinit(&p);
}

static void silence_becomes_death_only_in_the_others_turn(void)
{
    struct tm_player p = player(TM_SERVER, 0);
    CHECK_INT(tm_player_dead_us(&p), GRACE); /* write 0 from the start */
    CHECK_INT(tm_player_received(&p, 17, 300), TM_OK);
    CHECK_INT(tm_player_dead_us(&p), 300 + GRACE); /* stopped inside a write */
    CHECK_INT(tm_player_received(&p, 500, 400), TM_OK);
    CHECK_INT(tm_player_dead_us(&p), TM_NEVER); /* our turn */
    play(&p, 1, 5400, 5400);
    play(&p, 2, 5500, 5500);
    CHECK_INT(tm_player_dead_us(&p), 5500 + 2000 + GRACE);
    tm_player_deinit(&p);
}

static void early_bytes_wait_for_the_entries_that_explain_them(void)
{
    struct tm_known_plan k = {0};
    CHECK_INT(tm_plan_add(&k.plan, (struct tm_write){100, 0, TM_UP, 0}), TM_OK);
    struct tm_player p;
    tm_player_init(&p, TM_SERVER, &k, 0, GRACE);
    CHECK_INT(tm_player_grown(&p), TM_OK);
    CHECK_INT(tm_player_received(&p, 150, 700), TM_OK); /* 50 beyond what is known */
    CHECK_INT(tm_plan_add(&p.known.plan, (struct tm_write){60, 10, TM_DOWN, 1}), TM_OK);
    CHECK_INT(tm_plan_add(&p.known.plan, (struct tm_write){50, 10, TM_UP, 2}), TM_OK);
    CHECK_INT(tm_player_grown(&p), TM_OK);
    CHECK_INT(p.event_us[2], 700);
    p.known.complete = true;
    CHECK_INT(tm_player_received(&p, 1, 800), TM_ERR_PROTO);
    tm_player_deinit(&p);
}

static void unknown_plan_is_bounded(void)
{
    struct tm_known_plan k = {0};
    CHECK_INT(tm_plan_add(&k.plan, (struct tm_write){100, 0, TM_UP, 0}), TM_OK);
    struct tm_player p;
    tm_player_init(&p, TM_SERVER, &k, 0, GRACE);
    CHECK_INT(tm_player_grown(&p), TM_OK);
    CHECK_INT(tm_player_received(&p, 100 + (1 << 20), 700), TM_OK);
    CHECK_INT(tm_player_received(&p, 1, 700), TM_ERR_PROTO);
    tm_player_deinit(&p);
}

/* The plan with another closing: the client's runs from write 4, its own last, before the server's last has come. */
static struct tm_player closing_player(enum tm_side side, struct tm_close close)
{
    struct tm_known_plan k = plan();
    struct tm_player p;
    k.plan.close = close;
    tm_player_init(&p, side, &k, 0, GRACE);
    CHECK_INT(tm_player_grown(&p), TM_OK);
    return p;
}

static void client_may_close_before_the_last_byte_comes(void)
{
    struct tm_player p = closing_player(TM_CLIENT, (struct tm_close){.back = 2});
    play(&p, 0, 0, 10);
    CHECK_INT(tm_player_received(&p, 1000, 50000), TM_OK);
    play(&p, 3, 52000, 52000);
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    play(&p, 4, 55000, 55100);
    CHECK_INT(tm_player_close_event_us(&p), 55100);
    CHECK_INT(tm_player_close_us(&p), 64100);
    CHECK(!tm_player_done(&p));
    CHECK_INT(tm_player_peer_fin(&p, 60000),
              TM_ERR_PROTO); /* only the server's answer is planned */
    CHECK_INT(tm_player_received(&p, 1000, 90000), TM_OK);
    CHECK(tm_player_done(&p));
    CHECK_INT(tm_player_close_us(&p), 64100);
    CHECK_INT(tm_player_dead_us(&p), 90000 + 9000 + GRACE);
    tm_player_deinit(&p);
    /* From a write of the server's, but not before its own last has left. */
    p = closing_player(TM_CLIENT, (struct tm_close){.back = 4});
    play(&p, 0, 0, 10);
    CHECK_INT(tm_player_received(&p, 1000, 50000), TM_OK);
    play(&p, 3, 52000, 52000);
    play(&p, 4, 55000, 70000);
    CHECK_INT(tm_player_close_event_us(&p), 50000);
    CHECK_INT(tm_player_close_us(&p), 70000);
    tm_player_deinit(&p);
}

static void server_that_is_closed_early_sends_the_rest_and_answers(void)
{
    struct tm_player p = closing_player(TM_SERVER, (struct tm_close){.back = 2});
    CHECK_INT(tm_player_received(&p, 517, 100), TM_OK);
    play(&p, 1, 5100, 5100);
    play(&p, 2, 5200, 5200);
    CHECK_INT(tm_player_received(&p, 119, 60000), TM_OK);
    CHECK_INT(tm_player_peer_fin(&p, 60500), TM_ERR_PROTO); /* a byte is missing */
    CHECK_INT(tm_player_received(&p, 1, 61000), TM_OK);
    CHECK_INT(tm_player_peer_fin(&p, 62000), TM_OK);
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    play(&p, 5, 63500, 63600);
    CHECK_INT(tm_player_close_event_us(&p), 62000);
    CHECK_INT(tm_player_close_us(&p), 63600);
    tm_player_deinit(&p);
    p = closing_player(TM_SERVER, (struct tm_close){0}); /* a plain one waits for nobody */
    CHECK_INT(tm_player_received(&p, 637, 100), TM_OK);
    CHECK_INT(tm_player_peer_fin(&p, 200), TM_ERR_PROTO);
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    tm_player_deinit(&p);
}

static void server_may_close_by_itself(void)
{
    const struct tm_close close = {.server_back = 1, .server_gap_us = 700};
    struct tm_player p = closing_player(TM_SERVER, close);
    CHECK_INT(tm_player_received(&p, 637, 100), TM_OK);
    play(&p, 1, 5100, 5100);
    play(&p, 2, 5200, 5200);
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    play(&p, 5, 5200, 6000);
    CHECK_INT(tm_player_close_us(&p), 6700);
    tm_player_deinit(&p);
    /* What the client does at the end waits for that FIN. */
    p = closing_player(TM_CLIENT, close);
    play(&p, 0, 0, 10);
    CHECK_INT(tm_player_received(&p, 1000, 50000), TM_OK);
    play(&p, 3, 52000, 52000);
    play(&p, 4, 55000, 55000);
    CHECK_INT(tm_player_peer_fin(&p, 80000), TM_ERR_PROTO); /* too soon: bytes are missing */
    CHECK_INT(tm_player_received(&p, 1000, 90000), TM_OK);
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    CHECK_INT(tm_player_dead_us(&p), 90000 + 700 + 9000 + GRACE);
    CHECK_INT(tm_player_peer_fin(&p, 95000), TM_OK);
    CHECK_INT(tm_player_close_us(&p), 104000);
    CHECK_INT(tm_player_dead_us(&p), 95000 + 700 + 9000 + GRACE);
    tm_player_deinit(&p);
}

static void reset_waits_for_all_bytes(void)
{
    struct tm_player p =
        closing_player(TM_CLIENT, (struct tm_close){.how = TM_CLOSE_RESET, .back = 2});
    play(&p, 0, 0, 10);
    CHECK_INT(tm_player_received(&p, 1000, 50000), TM_OK);
    play(&p, 3, 52000, 52000);
    play(&p, 4, 55000, 55000);
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    CHECK_INT(tm_player_received(&p, 999, 90000), TM_OK);
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    CHECK_INT(tm_player_received(&p, 1, 91000), TM_OK);
    CHECK_INT(tm_player_close_us(&p), 91000);
    tm_player_deinit(&p);
}

static void nobody_closes_before_the_end_of_the_plan_is_known(void)
{
    struct tm_player p = closing_player(TM_CLIENT, (struct tm_close){.back = 6});
    play(&p, 0, 0, 10);
    CHECK_INT(tm_player_received(&p, 1000, 50000), TM_OK);
    play(&p, 3, 52000, 52000);
    play(&p, 4, 55000, 55000);
    CHECK_INT(tm_player_close_us(&p), 55000);
    p.known.complete = false;
    CHECK_INT(tm_player_close_us(&p), TM_NEVER);
    CHECK_INT(tm_player_peer_fin(&p, 60000), TM_ERR_PROTO);
    tm_player_deinit(&p);
}

static const struct check_case cases[] = {
    {"client_may_close_before_the_last_byte_comes", client_may_close_before_the_last_byte_comes},
    {"server_that_is_closed_early_sends_the_rest_and_answers",
     server_that_is_closed_early_sends_the_rest_and_answers},
    {"server_may_close_by_itself", server_may_close_by_itself},
    {"reset_waits_for_all_bytes", reset_waits_for_all_bytes},
    {"nobody_closes_before_the_end_of_the_plan_is_known",
     nobody_closes_before_the_end_of_the_plan_is_known},
    {"client_follows_events_of_both_sides", client_follows_events_of_both_sides},
    {"write_after_an_undeparted_own_one_is_relative_to_it",
     write_after_an_undeparted_own_one_is_relative_to_it},
    {"row_of_own_writes_is_followed_before_any_departs",
     row_of_own_writes_is_followed_before_any_departs},
    {"both_sides_at_once_follow_their_own_order", both_sides_at_once_follow_their_own_order},
    {"silence_becomes_death_only_in_the_others_turn",
     silence_becomes_death_only_in_the_others_turn},
    {"early_bytes_wait_for_the_entries_that_explain_them",
     early_bytes_wait_for_the_entries_that_explain_them},
    {"unknown_plan_is_bounded", unknown_plan_is_bounded},
};
CHECK_MAIN("player", cases)
