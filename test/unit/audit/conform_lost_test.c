/* What the network lost before the capture and TCP had not yet sent again when the run ended: cut, not wrong. */
#include "test/support/check.h"
#include "test/unit/audit/story.h"

/* The first 1448 bytes of the response never come: its rest is seen, nothing behind the flight is acknowledged. */
static struct story with_loss(void)
{
    struct story s = story_new();
    s.packets[P_RESPONSE].offset = 3448;
    s.packets[P_RESPONSE].len = 1552;
    for (int i = P_RESPONSE_ACK; i < P_N; i++) {
        if (s.packets[i].dir == TM_UP)
            s.packets[i].ack = 2000;
    }
    return s;
}

static void open_carrier_is_cut_at_what_was_not_sent_again(void)
{
    struct story s = with_loss();
    s.has_close = s.has_end = false;
    s.n_packets = P_FIN_UP;
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_open, 1);
    CHECK_INT(r.n_offsets[TM_UP], 3);
    CHECK_INT(r.n_offsets[TM_DOWN], 1);
    CHECK_INT(r.beyond_bytes[TM_DOWN], 3000);
    tm_conform_deinit(&r);
    s.packets[P_RESPONSE_ACK].ack = 5000; /* it came all the same: then the capture missed it */
    r = story_judge(&s);
    CHECK_INT(r.n_diffs, 1);
    CHECK_INT(r.n_kind[TM_DIFF_UNSEEN], 1);
    CHECK_INT(r.unseen_bytes[TM_DOWN], 1448);
    tm_conform_deinit(&r);
}

static void carrier_that_ended_without_all_its_bytes_is_short(void)
{
    struct story s = with_loss();
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_whole, 1);
    CHECK_INT(r.n_diffs, 1);
    CHECK_INT(r.n_kind[TM_DIFF_SHORT], 1);
    CHECK_INT(r.diffs[0].write, 4);
    CHECK_INT(r.diffs[0].expected, 3000);
    CHECK_INT(r.diffs[0].seen, 1552);
    tm_conform_deinit(&r);
}

/* The server planned its end and is stopped: with the client's FIN there and its own bytes lost, it resets. */
static struct tm_conform stopped(struct story s, int64_t rst_us)
{
    s.has_log[TM_CLIENT] = false;
    s.n_packets = P_FIN_DOWN;
    story_insert(&s, (struct story_packet){rst_us, TM_DOWN, TM_TCP_RST, 5000, 0, -1, 0, 0});
    return story_judge(&s);
}

static void reset_of_a_stop_cuts_what_was_not_sent_again(void)
{
    struct tm_conform r = stopped(with_loss(), 55600);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_cut, 1);
    CHECK_INT(r.n_whole, 0);
    CHECK_INT(r.n_offsets[TM_DOWN], 1);
    tm_conform_deinit(&r);
    r = stopped(with_loss(), 55500); /* the log goes on: nobody was stopped */
    CHECK_INT(r.n_kind[TM_DIFF_RST], 1);
    CHECK_INT(r.n_kind[TM_DIFF_SHORT], 1);
    tm_conform_deinit(&r);
    r = stopped(story_new(), 55600); /* all was there: a FIN was due */
    CHECK_INT(r.n_kind[TM_DIFF_RST], 1);
    CHECK_INT(r.n_kind[TM_DIFF_NO_FIN], 1);
    tm_conform_deinit(&r);
}

/* The server closed by itself, the client's FIN is lost behind the capture, and the server is stopped. */
static void reset_of_a_stop_cuts_a_fin_that_was_not_sent_again(void)
{
    struct story s = story_new();
    s.packets[P_FIN_DOWN].ack = 997;
    story_insert(&s, (struct story_packet){55600, TM_DOWN, TM_TCP_RST, 5001, 0, -1, 0, 0});
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_cut, 1);
    CHECK_INT(r.n_offsets[TM_UP] + r.n_offsets[TM_DOWN], STORY_WRITES);
    tm_conform_deinit(&r);
    s.packets[P_FIN_DOWN].ack = 998; /* it was there: nothing was left to do */
    r = story_judge(&s);
    CHECK_INT(r.n_kind[TM_DIFF_RST], 1);
    tm_conform_deinit(&r);
    s.packets[P_FIN_DOWN].ack = 997;
    s.packets[P_N].t_us = 55535; /* the log goes on: nobody was stopped */
    r = story_judge(&s);
    CHECK_INT(r.n_kind[TM_DIFF_RST], 1);
    tm_conform_deinit(&r);
}

static const struct check_case CASES[] = {
    {"open_carrier_is_cut_at_what_was_not_sent_again",
     open_carrier_is_cut_at_what_was_not_sent_again},
    {"carrier_that_ended_without_all_its_bytes_is_short",
     carrier_that_ended_without_all_its_bytes_is_short},
    {"reset_of_a_stop_cuts_what_was_not_sent_again", reset_of_a_stop_cuts_what_was_not_sent_again},
    {"reset_of_a_stop_cuts_a_fin_that_was_not_sent_again",
     reset_of_a_stop_cuts_a_fin_that_was_not_sent_again},
};
CHECK_MAIN("conform_lost", CASES)
