/* test/unit/sim/cwnd_test.c - windows whose sizes can be counted. */
#include "tm/sim/cwnd.h"

#include "test/support/check.h"
#include "tm/base/time.h"

#define FIRST  TM_CWND_FIRST_BYTES
#define RTT_US INT64_C(40000)
#define RTO_US (RTT_US + 200000)

static void a_connection_begins_with_ten_segments(void)
{
    struct tm_cwnd c = {0};
    CHECK_INT(tm_cwnd_room(&c, 7000000, RTT_US), FIRST);
    CHECK_INT(tm_cwnd_next_us(&c), TM_NEVER);
    tm_cwnd_sent(&c, 7000000, FIRST, 7040000);
    CHECK_INT(tm_cwnd_room(&c, 7000000, RTT_US), 0);
    CHECK_INT(tm_cwnd_room(&c, 7039999, RTT_US), 0);
    CHECK_INT(tm_cwnd_next_us(&c), 7040000);
}

static void a_window_that_is_used_doubles_in_a_round_trip(void)
{
    struct tm_cwnd c = {0};
    for (int64_t round = 0; round < 4; round++) {
        CHECK_INT(tm_cwnd_room(&c, round * RTT_US, RTT_US), FIRST << round);
        tm_cwnd_sent(&c, round * RTT_US, FIRST << round, (round + 1) * RTT_US);
    }
}

static void one_of_which_little_is_used_stays_as_it_is(void)
{
    struct tm_cwnd c = {0};
    for (int64_t round = 0; round < 4; round++) {
        CHECK_INT(tm_cwnd_room(&c, round * RTT_US, RTT_US), FIRST);
        tm_cwnd_sent(&c, round * RTT_US, 1000, (round + 1) * RTT_US);
        CHECK_INT(tm_cwnd_room(&c, round * RTT_US, RTT_US), FIRST - 1000);
    }
}

static void a_pause_halves_it_for_every_timeout_but_not_below_the_first(void)
{
    struct tm_cwnd c = {0};
    for (int64_t round = 0; round < 3; round++) {
        (void)tm_cwnd_room(&c, round * RTT_US, RTT_US);
        tm_cwnd_sent(&c, round * RTT_US, FIRST << round, (round + 1) * RTT_US);
    }
    const int64_t sent_us = 2 * RTT_US;
    struct tm_cwnd same = c;
    CHECK_INT(tm_cwnd_room(&c, sent_us + RTO_US, RTT_US), 8 * FIRST);
    c = same;
    CHECK_INT(tm_cwnd_room(&c, sent_us + RTO_US + 1, RTT_US), 4 * FIRST);
    c = same;
    CHECK_INT(tm_cwnd_room(&c, sent_us + 2 * RTO_US + 1, RTT_US), 2 * FIRST);
    c = same;
    CHECK_INT(tm_cwnd_room(&c, sent_us + 60 * TM_US_PER_S, RTT_US), FIRST);
}

static void what_waits_for_an_acknowledgement_is_no_pause(void)
{
    struct tm_cwnd c = {0};
    (void)tm_cwnd_room(&c, 0, RTT_US);
    tm_cwnd_sent(&c, 0, FIRST, 9 * TM_US_PER_S); /* a slow line */
    CHECK_INT(tm_cwnd_room(&c, 8 * TM_US_PER_S, RTT_US), 0);
}

static void many_small_pieces_are_all_acknowledged(void)
{
    struct tm_cwnd c = {0};
    (void)tm_cwnd_room(&c, 0, RTT_US);
    for (int i = 0; i < 100; i++)
        tm_cwnd_sent(&c, i, 10, i + RTT_US);
    CHECK_INT(tm_cwnd_room(&c, 99, RTT_US), FIRST - 1000);
    CHECK_INT(tm_cwnd_room(&c, RTT_US, RTT_US), FIRST - 990);
    /* The last place counts with all behind it. */
    CHECK_INT(tm_cwnd_room(&c, RTT_US + 98, RTT_US), FIRST - 10 * (100 - TM_CWND_FLIGHTS + 1));
    CHECK_INT(tm_cwnd_room(&c, RTT_US + 99, RTT_US), FIRST);
    CHECK_INT(tm_cwnd_next_us(&c), TM_NEVER);
}

static void a_new_connection_waits_a_round_trip_for_each_doubling(void)
{
    const uint64_t fast_bps = UINT64_C(8000000000000);
    CHECK_INT(tm_cwnd_span_us(FIRST, RTT_US, fast_bps), 0);
    CHECK_INT(tm_cwnd_span_us(FIRST + 1, RTT_US, fast_bps), RTT_US);
    CHECK_INT(tm_cwnd_span_us(3 * FIRST, RTT_US, fast_bps), RTT_US);
    CHECK_INT(tm_cwnd_span_us(3 * FIRST + 1, RTT_US, fast_bps), 2 * RTT_US);
    /* 8 Mb/s are a byte a microsecond: a window of 40 kB or more keeps the line busy. */
    CHECK_INT(tm_cwnd_span_us(1000, RTT_US, 8000000), 1000);
    CHECK_INT(tm_cwnd_span_us(50000, RTT_US, 8000000), 2 * RTT_US + 50000 - 3 * FIRST);
    CHECK_INT(tm_cwnd_span_us(1000000, RTT_US, 8000000), 2 * RTT_US + 1000000 - 3 * FIRST);
}

static const struct check_case cases[] = {
    {"a_connection_begins_with_ten_segments", a_connection_begins_with_ten_segments},
    {"a_window_that_is_used_doubles_in_a_round_trip",
     a_window_that_is_used_doubles_in_a_round_trip},
    {"one_of_which_little_is_used_stays_as_it_is", one_of_which_little_is_used_stays_as_it_is},
    {"a_pause_halves_it_for_every_timeout_but_not_below_the_first",
     a_pause_halves_it_for_every_timeout_but_not_below_the_first},
    {"what_waits_for_an_acknowledgement_is_no_pause",
     what_waits_for_an_acknowledgement_is_no_pause},
    {"many_small_pieces_are_all_acknowledged", many_small_pieces_are_all_acknowledged},
    {"a_new_connection_waits_a_round_trip_for_each_doubling",
     a_new_connection_waits_a_round_trip_for_each_doubling},
};
CHECK_MAIN("cwnd", cases)
