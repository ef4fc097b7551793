#include "audit/conform.h"

#include <stdio.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/story.h"
#include "tm/base/time.h"

/* Judges, and wants exactly one kind of difference, first at `write` with these values; then forgets it. */
static void want(const struct story *s, enum tm_conform_kind kind, int64_t write, int64_t expected,
                 int64_t seen)
{
    struct tm_conform r = story_judge(s);
    CHECK(!tm_conform_is_exact(&r));
    CHECK_INT(r.n_kind[kind], r.n_diffs);
    CHECK_INT(r.diffs[0].kind, kind);
    CHECK_INT(r.diffs[0].write, write);
    CHECK_INT(r.diffs[0].expected, expected);
    CHECK_INT(r.diffs[0].seen, seen);
    if (r.n_kind[kind] != r.n_diffs) {
        for (uint64_t i = 0; i < r.n_diffs; i++)
            (void)fprintf(stderr, "    %s\n", r.diffs[i].text);
    }
    tm_conform_deinit(&r);
}

static void want_exact(const struct story *s)
{
    struct tm_conform r = story_judge(s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_diffs, 0);
    if (r.n_diffs > 0)
        (void)fprintf(stderr, "    %s\n", r.diffs[0].text);
    tm_conform_deinit(&r);
}

static void run_as_planned_is_exact(void)
{
    struct story s = story_new();
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_offsets[TM_UP], 3);
    CHECK_INT(r.n_offsets[TM_DOWN], 2);
    CHECK_INT(r.n_exact[TM_UP], 3);
    CHECK_INT(r.n_exact[TM_DOWN], 2);
    CHECK_INT(r.n_bound[TM_DOWN], 0);
    CHECK_INT(r.bytes[TM_UP], 997);
    CHECK_INT(r.bytes[TM_DOWN], 5000);
    CHECK_INT(r.n_carriers, 1);
    CHECK_INT(r.n_whole, 1);
    CHECK_INT(r.n_whole_ok, 1);
    CHECK_INT(r.path_us[TM_UP], 0);
    CHECK_INT(r.path_us[TM_DOWN], 99);
    tm_conform_deinit(&r);
}

static void lateness_comes_from_log_and_capture(void)
{
    struct story s = story_new();
    struct tm_conform r = story_judge(&s);
    struct tm_sample(*rest)[2] = r.late_us[TM_LATE_REST][TM_UP];
    struct tm_sample(*handshake)[2] = r.late_us[TM_LATE_HANDSHAKE][TM_UP];
    CHECK_INT(rest[TM_LATE_LOG][TM_LATE_FIRST].n, 1); /* write 3 */
    CHECK_INT(rest[TM_LATE_LOG][TM_LATE_FIRST].v[0], 4);
    CHECK_INT(rest[TM_LATE_LOG][TM_LATE_LAST].v[0], 5);
    CHECK_INT(rest[TM_LATE_CAPTURE][TM_LATE_FIRST].v[0], 5);
    CHECK_INT(handshake[TM_LATE_LOG][TM_LATE_FIRST].n, 2); /* writes 0 and 2 */
    CHECK_INT(tm_sample_quantile(&handshake[TM_LATE_LOG][TM_LATE_FIRST], 1000), 5);
    CHECK_INT(r.late_us[TM_LATE_HANDSHAKE][TM_DOWN][TM_LATE_CAPTURE][TM_LATE_FIRST].v[0], 104);
    CHECK_INT(r.late_us[TM_LATE_HANDSHAKE][TM_DOWN][TM_LATE_CAPTURE][TM_LATE_LAST].v[0], 105);
    tm_conform_deinit(&r);
}

static void one_byte_too_many_is_found(void)
{
    struct story s = story_new();
    s.packets[P_FINISHED].len = 81; /* the first byte of write 3 leaves with write 2 */
    s.packets[P_REQUEST].offset = 598;
    s.packets[P_REQUEST].len = 399;
    want(&s, TM_DIFF_EARLY, 3, 597, 598);
    struct tm_conform r = story_judge(&s);
    CHECK_STR(
        r.diffs[0].text,
        "carrier 0 write 3: up, early by 50000 us: expected 597 bytes before it is due, seen 598");
    CHECK_INT(r.n_exact[TM_UP], 2);
    CHECK_INT(r.n_exact[TM_DOWN], 2);
    tm_conform_deinit(&r);
}

static void one_byte_too_few_is_found(void)
{
    struct story s = story_new();
    s.packets[P_FINISHED].len = 79; /* the last byte of write 2 leaves with write 3 */
    s.packets[P_FINISHED_ACK].ack = 596;
    s.packets[P_REQUEST].offset = 596;
    s.packets[P_REQUEST].len = 401;
    want(&s, TM_DIFF_HELD, 2, 597, 596);
}

/* The kernel may keep the end of a write while much is in flight or after a loss, and merge it with the next. */
static void merging_by_the_kernel_is_allowed(void)
{
    struct story s = story_new();
    s.packets[P_FINISHED].len = 79;
    s.packets[P_FINISHED_ACK].ack = 517;
    s.packets[P_REQUEST].offset = 596;
    s.packets[P_REQUEST].len = 401;
    want(&s, TM_DIFF_HELD, 2, 597, 596); /* 79 bytes in flight explain nothing */
    story_insert(&s, (struct story_packet){2500, TM_UP, TM_TCP_ACK, 517, 79, 2000, 0,
                                           0}); /* but a loss does */
    want_exact(&s);
    s = story_new();
    s.packets[P_HELLO].len = 500; /* split anywhere */
    story_insert(&s, (struct story_packet){1207, TM_UP, TM_TCP_ACK, 500, 17, 0, 0, 0});
    want_exact(&s);
}

static void early_beyond_the_tolerance_is_found(void)
{
    struct story s = story_new();
    s.packets[P_REQUEST].t_us = 52216 - 10;
    want_exact(&s);
    s.packets[P_REQUEST].t_us = 52216 - 11;
    want(&s, TM_DIFF_EARLY, 3, 597, 997);
}

static void late_bytes_are_only_late(void)
{
    struct story s = story_new();
    s.packets[P_RESPONSE].t_us = 54424 + 900;
    want_exact(&s);
}

static void bytes_in_no_write_are_found(void)
{
    struct story s = story_new();
    s.packets[P_REQUEST].len = 401;
    s.packets[P_FIN_UP].offset = 998;
    want(&s, TM_DIFF_EXCESS, 3, 997, 998);
}

static void missing_bytes_are_found(void)
{
    struct story s = story_new();
    s.packets[P_RESPONSE].len = 2999;
    s.packets[P_RESPONSE_ACK].ack = 4999;
    s.packets[P_FIN_UP].ack = 4999;
    s.packets[P_FIN_DOWN].offset = 4999;
    s.packets[P_LAST_ACK].ack = 5000;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_kind[TM_DIFF_SHORT], 1);
    CHECK_INT(r.n_kind[TM_DIFF_FIN_EARLY], 1); /* the server closed after 4999 bytes */
    CHECK_INT(r.n_diffs, 2);
    CHECK_INT(r.n_exact[TM_DOWN], 1);
    CHECK_INT(r.n_whole_ok, 0);
    tm_conform_deinit(&r);
}

/* The server's own log claims an event before the request had passed: the capture knows better. */
static void answer_before_its_request_is_found(void)
{
    struct story s = story_new();
    s.writes[1].event_us = 1100;
    s.writes[1].due_us = 1600;
    s.writes[1].first_us = s.writes[1].last_us = 1600;
    s.packets[P_FLIGHT].t_us = 1695; /* the hello passed at 1206, and the gap is 500 */
    want(&s, TM_DIFF_EARLY, 1, 0, 1448);
    s.packets[P_FLIGHT].t_us = 1696;
    want_exact(&s);
}

static void due_that_is_not_event_plus_gap_is_found(void)
{
    struct story s = story_new();
    s.writes[3].due_us += 3; /* would hide 3 us of lateness */
    want(&s, TM_DIFF_LOG_DUE, 3, 52216, 52219);
}

/* It runs from the flight, which came at 1915, but a sender's writes keep their order. */
static void due_of_the_write_before_is_a_later_ones_too(void)
{
    struct story s = story_new();
    struct story_write *w = &s.writes[3];
    *w = (struct story_write){{400, 10, TM_UP, 2}, 1915, 2215, 2317, 2317, w->at_us, false,
                              TM_SLIP_NONE};
    s.packets[P_REQUEST].t_us = 2317;
    want_exact(&s);
    w->due_us++;
    want(&s, TM_DIFF_LOG_DUE, 3, 2215, 2216);
}

static void client_log_alone_bounds_the_server(void)
{
    struct story s = story_new();
    s.has_log[TM_SERVER] = false;
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_offsets[TM_DOWN], 2);
    CHECK_INT(r.n_bound[TM_DOWN], 2);
    CHECK_INT(r.path_us[TM_DOWN], TM_NEVER);
    tm_conform_deinit(&r);
    s.packets[P_RESPONSE].t_us = 52221 + 2000 - 11; /* the request left at 52221 */
    want(&s, TM_DIFF_EARLY, 4, 2000, 5000);
}

static void server_log_alone_is_enough(void)
{
    struct story s = story_new();
    s.has_log[TM_CLIENT] = false;
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_offsets[TM_UP], 3);
    CHECK_INT(r.n_bound[TM_UP], 3);
    CHECK_INT(r.n_bound[TM_DOWN], 0);
    CHECK_INT(r.n_whole_ok, 1);
    tm_conform_deinit(&r);
}

static void clocks_can_be_corrected(void)
{
    struct story s = story_new();
    s.cfg.clock_us[TM_SERVER] = 200; /* says that the server wrote 200 us later than it did */
    want(&s, TM_DIFF_EARLY, 1, 0, 2000);
    s.cfg.tolerance_us = 300;
    want_exact(&s);
}

static void retransmission_is_recognised(void)
{
    struct story s = story_new();
    story_insert(&s, (struct story_packet){2500, TM_UP, TM_TCP_ACK, 517, 80, 2000, 0, 0});
    story_insert(
        &s, (struct story_packet){2600, TM_UP, TM_TCP_ACK, 596, 1, 2000, 0, 0}); /* keep-alive */
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_retrans[TM_UP], 2);
    CHECK_INT(r.retrans_bytes[TM_UP], 81);
    CHECK_INT(r.bytes[TM_UP], 997);
    tm_conform_deinit(&r);
}

static void packets_missing_in_the_capture_are_said(void)
{
    struct story s = story_new();
    story_remove(&s, P_FLIGHT_REST);
    want(&s, TM_DIFF_UNSEEN, 1, 2000, 1448);
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.unseen_bytes[TM_DOWN], 552);
    CHECK_INT(r.n_exact[TM_DOWN], 1);
    tm_conform_deinit(&r);
    s = story_new();
    story_remove(&s, P_RESPONSE); /* the last data: known from the acknowledgement alone */
    want(&s, TM_DIFF_UNSEEN, 4, 3000, 0);
    s = story_new();
    story_remove(&s, P_SYNACK); /* the client's next packet says where the server's numbers begin */
    want_exact(&s);
    for (int i = 0; i < 3; i++)
        story_remove(&s, P_SYN + 1); /* now nothing says so before the server's data */
    r = story_judge(&s);
    CHECK_INT(r.n_kind[TM_DIFF_UNSEEN], 3); /* ClientHello and both writes of the server */
    tm_conform_deinit(&r);
    s = story_new();
    story_remove(&s, P_SYN);
    s.packets[0].t_us = 1; /* the capture ran already */
    want(&s, TM_DIFF_NO_SYN, -1, 1, 0);
}

/* A stranger's SYN, long after everything else: the capture goes on. */
static const struct story_packet LATER = {60000, TM_UP, TM_TCP_SYN, -1, 0, -1, 40001, 0};

static void missing_fin_is_found(void)
{
    for (int p = 0; p < 2; p++) {
        struct story s = story_new();
        s.packets[p == 0 ? P_FIN_UP : P_FIN_DOWN].flags = TM_TCP_ACK;
        story_insert(&s, LATER);
        s.cfg.does_ignore_strangers = true;
        want(&s, TM_DIFF_NO_FIN, -1, 1, 0);
    }
    struct story s = story_new();
    s.n_packets = P_FIN_UP;
    story_insert(&s, LATER);
    s.cfg.does_ignore_strangers = true;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_kind[TM_DIFF_NO_FIN], 2);
    tm_conform_deinit(&r);
}

static void fin_behind_the_end_of_the_capture_is_no_difference(void)
{
    for (int n = P_FIN_UP; n <= P_FIN_DOWN; n++) { /* neither FIN, or the client's alone */
        struct story s = story_new();
        s.n_packets = (size_t)n;
        struct tm_conform r = story_judge(&s);
        CHECK_INT(r.n_diffs, 0);
        CHECK_INT(r.n_cut, 1);
        tm_conform_deinit(&r);
    }
}

static void early_fin_is_found(void)
{
    struct story s = story_new();
    s.packets[P_FIN_UP].t_us = 55426 - 11;
    want(&s, TM_DIFF_FIN_EARLY, -1, 55426 + STORY_WALL_US, 55415 + STORY_WALL_US);
    s = story_new();
    s.close_due_us = 55426 - 2000; /* the plan closes before the response is there */
    story_remove(&s, P_FIN_UP);
    story_insert(&s,
                 (struct story_packet){54000, TM_UP, TM_TCP_ACK | TM_TCP_FIN, 997, 0, 2000, 0, 0});
    want(&s, TM_DIFF_FIN_EARLY, -1, 54424 + STORY_WALL_US, 54000 + STORY_WALL_US);
}

static void server_closing_first_is_found(void)
{
    struct story s = story_new();
    s.packets[P_FIN_DOWN].t_us = 55000;
    struct story_packet fin = s.packets[P_FIN_DOWN];
    story_remove(&s, P_FIN_DOWN);
    story_insert(&s, fin);
    want(&s, TM_DIFF_FIN_ORDER, -1, 55430 + STORY_WALL_US, 55000 + STORY_WALL_US);
}

static void reset_is_found(void)
{
    struct story s = story_new();
    story_insert(&s, (struct story_packet){55600, TM_UP, TM_TCP_RST, 998, 0, -1, 0, 0});
    want(&s, TM_DIFF_RST, -1, 0, 1);
}

static void opening_before_due_is_found(void)
{
    struct story s = story_new();
    s.open_due_us = 1011;
    want(&s, TM_DIFF_OPENED_EARLY, -1, 1011 + STORY_WALL_US, 1000 + STORY_WALL_US);
    s.open_due_us = 1010;
    want_exact(&s);
}

/* The last acknowledgement of a connection that began before the capture. */
static void tail_of_an_older_connection_is_no_stranger(void)
{
    struct story s = story_new();
    story_insert(&s, (struct story_packet){2000, TM_UP, TM_TCP_ACK, -1, 0, -1, 40001, 0});
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_strangers, 0);
    tm_conform_deinit(&r);
}

static void stranger_is_found(void)
{
    struct story s = story_new();
    story_insert(&s, (struct story_packet){2000, TM_UP, TM_TCP_SYN, -1, 0, -1, 40001, 0});
    want(&s, TM_DIFF_STRANGER, -1, 0, 1);
    s.cfg.does_ignore_strangers = true;
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_strangers, 1);
    tm_conform_deinit(&r);
}

static void carrier_without_connection_is_found(void)
{
    struct story s = story_new();
    for (size_t i = 0; i < s.n_packets; i++)
        s.packets[i].port = 40007;
    s.cfg.does_ignore_strangers = true;
    want(&s, TM_DIFF_NO_CONNECTION, -1, 1, 0);
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_offsets[TM_UP], 3);
    CHECK_INT(r.n_exact[TM_UP], 0);
    CHECK_INT(r.n_carriers, 0);
    tm_conform_deinit(&r);
}

static void unestablished_carrier_explains_its_connection(void)
{
    struct story s = story_new();
    s.has_up = s.has_close = s.has_end = false;
    for (int i = 0; i < STORY_WRITES; i++)
        s.writes[i].is_hidden = true;
    s.n_packets = 1;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_unestablished, 1);
    CHECK_INT(r.n_strangers, 0);
    CHECK_INT(r.n_diffs, 0);
    CHECK(!tm_conform_is_exact(&r)); /* nothing was judged */
    tm_conform_deinit(&r);
}

static void dead_carrier_is_judged_as_far_as_it_came(void)
{
    struct story s = story_new();
    s.is_planned = s.has_close = false;
    s.writes[4].is_hidden = true;
    s.n_packets = P_RESPONSE;
    story_insert(&s, (struct story_packet){52400, TM_DOWN, TM_TCP_ACK, 2000, 700, 997, 0,
                                           0}); /* of write 4 */
    story_insert(&s, (struct story_packet){52401, TM_DOWN, TM_TCP_RST, 2700, 0, -1, 0, 0});
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_dead, 1);
    CHECK_INT(r.n_whole, 0);
    CHECK_INT(r.n_offsets[TM_UP], 3);
    CHECK_INT(r.n_offsets[TM_DOWN], 1);
    CHECK_INT(r.beyond_bytes[TM_DOWN], 700);
    tm_conform_deinit(&r);
    s.packets[P_FINISHED].len = 81; /* still judged: one byte too many */
    want(&s, TM_DIFF_EARLY, 3, 597, 598);
}

static void carrier_that_dies_behind_the_end_of_the_capture_is_open(void)
{
    struct story s = story_new();
    s.is_planned = s.has_close = false;
    s.n_packets = P_FIN_UP;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_dead, 0);
    CHECK_INT(r.n_open, 1);
    CHECK_INT(r.n_diffs, 0);
    tm_conform_deinit(&r);
}

static void open_carrier_is_judged_as_far_as_it_came(void)
{
    struct story s = story_new();
    s.has_close = s.has_end = false;
    s.n_packets = P_FIN_UP;
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_open, 1);
    CHECK_INT(r.n_offsets[TM_DOWN], 2);
    tm_conform_deinit(&r);
    /* A log that has it open contradicts a FIN or RST in the middle. */
    story_insert(&s,
                 (struct story_packet){53000, TM_UP, TM_TCP_ACK | TM_TCP_FIN, 997, 0, 2000, 0, 0});
    want(&s, TM_DIFF_FIN_UNPLANNED, -1, 0, 1);
    s.packets[P_RESPONSE].flags = TM_TCP_RST;
    want(&s, TM_DIFF_RST, -1, 0, 1);
}

static void capture_that_stops_early_is_judged_up_to_there(void)
{
    struct story s = story_new();
    s.n_packets = P_REQUEST;
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_offsets[TM_UP], 2);
    CHECK_INT(r.n_offsets[TM_DOWN], 1);
    CHECK_INT(r.n_cut, 1);
    tm_conform_deinit(&r);
}

static void hole_in_the_log_is_found(void)
{
    struct story s = story_new();
    s.writes[3].is_hidden = true;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.diffs[0].kind, TM_DIFF_LOG_HOLE);
    CHECK_INT(r.diffs[0].write, 3);
    tm_conform_deinit(&r);
    s = story_new();
    s.n_dropped = 4;
    s.has_log[TM_SERVER] = false;
    want(&s, TM_DIFF_LOG_DROPPED, -1, 0, 4);
}

static void port_used_again_is_another_carrier(void)
{
    struct story s = story_new();
    story_copy(&s);
    story_copy(&s);
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_carriers, 3);
    CHECK_INT(r.n_offsets[TM_UP], 9);
    tm_conform_deinit(&r);
}

static void carriers_outside_the_capture_are_not_judged(void)
{
    struct story s = story_new();
    story_copy(&s);
    story_copy(&s);
    size_t n = 0;
    for (size_t i = 0; i < s.n_packets; i++) { /* only the second was captured */
        if (s.packets[i].copy == 1)
            s.packets[n++] = s.packets[i];
    }
    s.n_packets = n;
    struct tm_conform r = story_judge(&s);
    CHECK(tm_conform_is_exact(&r));
    CHECK_INT(r.n_outside, 2);
    CHECK_INT(r.n_carriers, 1);
    CHECK_INT(r.n_offsets[TM_UP], 3);
    tm_conform_deinit(&r);
    s.packets[P_FINISHED].len = 81; /* and it is the second that is judged */
    r = story_judge(&s);
    CHECK_INT(r.diffs[0].carrier, 1);
    CHECK_INT(r.diffs[0].kind, TM_DIFF_EARLY);
    tm_conform_deinit(&r);
}

static void carrier_missing_between_others_is_found(void)
{
    struct story s = story_new();
    story_copy(&s);
    story_copy(&s);
    size_t n = 0;
    for (size_t i = 0; i < s.n_packets; i++) {
        if (s.packets[i].copy != 1)
            s.packets[n++] = s.packets[i];
    }
    s.n_packets = n;
    want(&s, TM_DIFF_NO_CONNECTION, -1, 1, 0);
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.diffs[0].carrier, 1);
    CHECK_INT(r.n_offsets[TM_UP], 9);
    CHECK_INT(r.n_exact[TM_UP], 6);
    tm_conform_deinit(&r);
}

static void one_unestablished_carrier_explains_one_connection(void)
{
    struct story s = story_new();
    s.has_up = s.has_close = s.has_end = false;
    for (int i = 0; i < STORY_WRITES; i++)
        s.writes[i].is_hidden = true;
    s.n_packets = 1;
    story_insert(&s, (struct story_packet){2000, TM_UP, TM_TCP_SYN, -1, 0, -1, 40001, 0});
    want(&s, TM_DIFF_STRANGER, -1, 0, 1);
    story_remove(&s, 1);
    s.packets[0].t_us = 990 - 11; /* before the carrier was to open: not its connection */
    want(&s, TM_DIFF_STRANGER, -1, 0, 1);
    s.packets[0].t_us = 990 - 10;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_diffs, 0);
    tm_conform_deinit(&r);
}

static void end_of_a_write_may_be_held_for_a_while(void)
{
    struct story s = story_new();
    s.packets[P_FINISHED].len = 79;
    s.packets[P_FINISHED_ACK].ack = 596;
    s.packets[P_REQUEST].offset = 596;
    s.packets[P_REQUEST].len = 401;
    s.cfg.held_us = 52221 - 2316; /* since the acknowledgement */
    want_exact(&s);
    s.cfg.held_us--;
    want(&s, TM_DIFF_HELD, 2, 597, 596);
}

static const struct check_case CASES[] = {
    {"run_as_planned_is_exact", run_as_planned_is_exact},
    {"lateness_comes_from_log_and_capture", lateness_comes_from_log_and_capture},
    {"one_byte_too_many_is_found", one_byte_too_many_is_found},
    {"one_byte_too_few_is_found", one_byte_too_few_is_found},
    {"merging_by_the_kernel_is_allowed", merging_by_the_kernel_is_allowed},
    {"early_beyond_the_tolerance_is_found", early_beyond_the_tolerance_is_found},
    {"late_bytes_are_only_late", late_bytes_are_only_late},
    {"bytes_in_no_write_are_found", bytes_in_no_write_are_found},
    {"missing_bytes_are_found", missing_bytes_are_found},
    {"answer_before_its_request_is_found", answer_before_its_request_is_found},
    {"due_that_is_not_event_plus_gap_is_found", due_that_is_not_event_plus_gap_is_found},
    {"due_of_the_write_before_is_a_later_ones_too", due_of_the_write_before_is_a_later_ones_too},
    {"client_log_alone_bounds_the_server", client_log_alone_bounds_the_server},
    {"server_log_alone_is_enough", server_log_alone_is_enough},
    {"clocks_can_be_corrected", clocks_can_be_corrected},
    {"retransmission_is_recognised", retransmission_is_recognised},
    {"packets_missing_in_the_capture_are_said", packets_missing_in_the_capture_are_said},
    {"missing_fin_is_found", missing_fin_is_found},
    {"fin_behind_the_end_of_the_capture_is_no_difference",
     fin_behind_the_end_of_the_capture_is_no_difference},
    {"early_fin_is_found", early_fin_is_found},
    {"server_closing_first_is_found", server_closing_first_is_found},
    {"reset_is_found", reset_is_found},
    {"opening_before_due_is_found", opening_before_due_is_found},
    {"tail_of_an_older_connection_is_no_stranger", tail_of_an_older_connection_is_no_stranger},
    {"stranger_is_found", stranger_is_found},
    {"carrier_without_connection_is_found", carrier_without_connection_is_found},
    {"unestablished_carrier_explains_its_connection",
     unestablished_carrier_explains_its_connection},
    {"dead_carrier_is_judged_as_far_as_it_came", dead_carrier_is_judged_as_far_as_it_came},
    {"carrier_that_dies_behind_the_end_of_the_capture_is_open",
     carrier_that_dies_behind_the_end_of_the_capture_is_open},
    {"open_carrier_is_judged_as_far_as_it_came", open_carrier_is_judged_as_far_as_it_came},
    {"capture_that_stops_early_is_judged_up_to_there",
     capture_that_stops_early_is_judged_up_to_there},
    {"hole_in_the_log_is_found", hole_in_the_log_is_found},
    {"port_used_again_is_another_carrier", port_used_again_is_another_carrier},
    {"carriers_outside_the_capture_are_not_judged", carriers_outside_the_capture_are_not_judged},
    {"carrier_missing_between_others_is_found", carrier_missing_between_others_is_found},
    {"one_unestablished_carrier_explains_one_connection",
     one_unestablished_carrier_explains_one_connection},
    {"end_of_a_write_may_be_held_for_a_while", end_of_a_write_may_be_held_for_a_while},
};
CHECK_MAIN("conform", CASES)
