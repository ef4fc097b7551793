#include "audit/interference/offsets.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/story.h"

/* The story as a run, with the logs asked for. */
static int run_of(struct tm_run *r, const struct story *s, bool with_client, bool with_server)
{
    char text[2][8192];
    const bool with[2] = {with_client, with_server};
    struct tm_trace_builder *b = NULL;
    struct tm_endpoint server = {.port = 443};
    struct tm_msg msg = {""};
    *r = (struct tm_run){.workload = "idle", .capture = "story"};
    for (int side = 0; side < 2; side++) {
        if (!with[side])
            continue;
        story_log(s, (enum tm_side)side, text[side], sizeof text[side]);
        r->logs[r->n_logs++] = "log";
        CHECK_INT(tm_schedule_add(&r->schedule, text[side], strlen(text[side]), "log", &msg),
                  TM_OK);
    }
    struct tm_packet first = story_decode(&s->packets[0]);
    memcpy(server.addr, first.dst, sizeof server.addr);
    server.port = first.dst_port;
    CHECK_INT(tm_wire_view_add_server(&r->view, &server), TM_OK);
    CHECK_INT(tm_trace_builder_new(&b, &(struct tm_trace_cfg){.max_flows = 100}), TM_OK);
    for (size_t i = 0; i < s->n_packets; i++) {
        struct tm_packet p = story_decode(&s->packets[i]);
        CHECK_INT(tm_wire_view_feed(&r->view, &p), TM_OK);
        CHECK_INT(tm_trace_builder_packet(b, &p), TM_OK);
    }
    CHECK_INT(tm_trace_builder_end(b, &r->traces, 0, 0, 0), TM_OK);
    tm_trace_builder_free(b);
    return tm_run_join(r, &msg);
}

static struct tm_offsets compare(const struct story *a, const struct story *b, bool by_log)
{
    struct tm_run r[2];
    struct tm_offsets o = {0};
    CHECK_INT(run_of(&r[0], a, by_log, false), TM_OK);
    CHECK_INT(run_of(&r[1], b, by_log, false), TM_OK);
    CHECK_INT(tm_offsets_compare(&o, &r[0], &r[1]), TM_OK);
    tm_run_deinit(&r[0]);
    tm_run_deinit(&r[1]);
    return o;
}

static void check_counts(const struct tm_offsets *o, unsigned n_offsets, unsigned n_equal)
{
    CHECK_INT(o->n_offsets, n_offsets);
    CHECK_INT(o->n_equal, n_equal);
    CHECK_INT(o->is_different, n_offsets != n_equal);
}

static void every_write_of_equal_runs_is_compared(void)
{
    struct story s = story_new();
    struct tm_offsets o = compare(&s, &s, true);
    check_counts(&o, STORY_WRITES, STORY_WRITES);
    CHECK_INT(o.n_pairs, 1);
    CHECK_INT(o.n_unseen, 0);
    CHECK_INT(o.n_segmented, 1);
    CHECK_INT(o.n_segmented_alike, 1);
}

static void other_times_are_no_difference(void)
{
    struct story a = story_new();
    struct story b = story_new();
    for (size_t i = P_REQUEST; i < P_N; i++)
        b.packets[i].t_us += 3000;
    for (int by_log = 0; by_log < 2; by_log++) {
        struct tm_offsets o = compare(&a, &b, by_log);
        CHECK(!o.is_different);
        CHECK_INT(o.n_equal, by_log ? 5 : 4);
    }
}

static void write_of_another_size_is_a_difference_and_named(void)
{
    struct story a = story_new();
    struct story b = story_new();
    b.writes[3].w.size = 401;
    struct tm_offsets o = compare(&a, &b, true);
    check_counts(&o, 4, 3);
    CHECK(strstr(o.text, "user=0 index=0 write=3: up to 997 in the first, up size 401") != NULL);
}

static void write_with_another_gap_is_a_difference(void)
{
    struct story a = story_new();
    struct story b = story_new();
    b.writes[4].w.gap_us = 2001;
    struct tm_offsets o = compare(&a, &b, true);
    check_counts(&o, 5, 4);
}

static void bytes_behind_the_last_write_are_a_difference(void)
{
    struct story a = story_new();
    struct story b = story_new();
    story_insert(&b, (struct story_packet){.t_us = 54500,
                                           .dir = TM_UP,
                                           .flags = TM_TCP_ACK,
                                           .offset = 997,
                                           .len = 61,
                                           .ack = 5000});
    b.packets[P_FIN_UP + 1].offset = 1058;
    struct tm_offsets o = compare(&a, &b, true);
    CHECK(o.is_different);
    CHECK(strstr(o.text, "61 bytes up behind the last write in the second") != NULL);
    CHECK(compare(&b, &a, true).is_different);
    CHECK(compare(&a, &b, false).is_different);
}

static void write_that_the_capture_dropped_is_not_compared(void)
{
    struct story a = story_new();
    struct story b = story_new();
    story_remove(&b, P_FLIGHT_REST);
    struct tm_offsets o = compare(&a, &b, true);
    check_counts(&o, 4, 4);
    CHECK_INT(o.n_unseen, 1);
}

static void without_logs_changes_of_direction_are_compared(void)
{
    struct story s = story_new();
    struct tm_offsets o = compare(&s, &s, false);
    check_counts(&o, 4, 4); /* up 517, down 2000, up 997, down 5000 */
    CHECK_INT(o.n_pairs, 1);
}

static void without_logs_another_size_is_a_difference_and_named(void)
{
    struct story a = story_new();
    struct story b = story_new();
    b.packets[P_RESPONSE].len = 2999;
    struct tm_offsets o = compare(&a, &b, false);
    check_counts(&o, 4, 3);
    CHECK(strstr(o.text, "connection 1 turn 4: down to 5000 in the first, down to 4999") != NULL);
}

static void other_segments_are_counted_and_no_difference(void)
{
    struct story a = story_new();
    struct story b = story_new();
    b.packets[P_FLIGHT].len = 1000;
    b.packets[P_FLIGHT_REST].offset = 1000;
    b.packets[P_FLIGHT_REST].len = 1000;
    for (int by_log = 0; by_log < 2; by_log++) {
        struct tm_offsets o = compare(&a, &b, by_log);
        CHECK(!o.is_different);
        CHECK_INT(o.n_segmented, 1);
        CHECK_INT(o.n_segmented_alike, 0);
    }
}

static void retransmission_is_no_difference(void)
{
    struct story a = story_new();
    struct story b = story_new();
    struct story_packet again = b.packets[P_HELLO];
    again.t_us = 2000;
    story_insert(&b, again);
    CHECK(!compare(&a, &b, true).is_different);
    CHECK(!compare(&a, &b, false).is_different);
}

/* The story up to the request, its connection still open. */
static void run_that_stops_is_compared_as_far_as_it_came(void)
{
    struct story a = story_new();
    struct story b = story_new();
    b.n_packets = P_RESPONSE;
    struct tm_offsets o = compare(&a, &b, false);
    check_counts(&o, 2, 2); /* the third turn may have gone on */
    b.writes[4].is_hidden = true;
    b.has_close = b.has_end = false;
    o = compare(&a, &b, true);
    check_counts(&o, 4, 4);
    CHECK_INT(o.n_segmented, 0);
}

static void places_come_from_the_log(void)
{
    struct story s = story_new();
    struct tm_run r;
    story_copy(&s);
    CHECK_INT(run_of(&r, &s, true, true), TM_OK);
    CHECK_INT(r.n_conns, 2);
    for (uint32_t i = 0; i < r.n_conns; i++) {
        CHECK_INT(r.conns[i].carrier, i);
        CHECK_INT(r.conns[i].conn, i);
        CHECK_INT(r.conns[i].trace, i);
    }
    tm_run_deinit(&r);
}

static void servers_log_alone_is_refused(void)
{
    struct story s = story_new();
    struct tm_run r;
    CHECK_INT(run_of(&r, &s, false, true), TM_ERR_FORMAT);
    tm_run_deinit(&r);
}

static void capture_without_the_logs_carriers_is_refused(void)
{
    struct story s = story_new();
    struct tm_run r;
    for (size_t i = 0; i < s.n_packets; i++)
        s.packets[i].port = 50000;
    CHECK_INT(run_of(&r, &s, true, false), TM_ERR_FORMAT);
    tm_run_deinit(&r);
    s.n_packets = 0;
    s.packets[0] = story_new().packets[0];
    CHECK_INT(run_of(&r, &s, false, false), TM_ERR_FORMAT);
    tm_run_deinit(&r);
}

static const struct check_case CASES[] = {
    {"every_write_of_equal_runs_is_compared", every_write_of_equal_runs_is_compared},
    {"other_times_are_no_difference", other_times_are_no_difference},
    {"write_of_another_size_is_a_difference_and_named",
     write_of_another_size_is_a_difference_and_named},
    {"write_with_another_gap_is_a_difference", write_with_another_gap_is_a_difference},
    {"bytes_behind_the_last_write_are_a_difference", bytes_behind_the_last_write_are_a_difference},
    {"write_that_the_capture_dropped_is_not_compared",
     write_that_the_capture_dropped_is_not_compared},
    {"without_logs_changes_of_direction_are_compared",
     without_logs_changes_of_direction_are_compared},
    {"without_logs_another_size_is_a_difference_and_named",
     without_logs_another_size_is_a_difference_and_named},
    {"other_segments_are_counted_and_no_difference", other_segments_are_counted_and_no_difference},
    {"retransmission_is_no_difference", retransmission_is_no_difference},
    {"run_that_stops_is_compared_as_far_as_it_came", run_that_stops_is_compared_as_far_as_it_came},
    {"places_come_from_the_log", places_come_from_the_log},
    {"servers_log_alone_is_refused", servers_log_alone_is_refused},
    {"capture_without_the_logs_carriers_is_refused", capture_without_the_logs_carriers_is_refused},
};
CHECK_MAIN("audit/interference/offsets", CASES)
