/* Closings that a plan says otherwise than "the client, at the end". */
#include "test/support/check.h"
#include "test/unit/audit/story.h"

#define ACK_FIN (TM_TCP_ACK | TM_TCP_FIN)

/* Judges the story; all differences, if any, are of this kind. */
static void found(const struct story *s, enum tm_conform_kind kind, uint64_t n)
{
    struct tm_conform r = story_judge(s);
    CHECK_INT(r.n_diffs, n);
    CHECK_INT(r.n_kind[kind], n);
    CHECK_INT(r.n_whole, 1);
    CHECK_INT(r.n_whole_ok, n == 0);
    if (r.n_diffs != n)
        CHECK_STR(r.diffs[0].text, "");
    tm_conform_deinit(&r);
}

static struct story closed(const struct tm_schedlog_close *up, const struct tm_schedlog_close *down)
{
    struct story s = story_new();
    if (up) {
        s.closing[TM_UP] = *up;
        s.has_closing[TM_UP] = true;
    }
    if (down) {
        s.closing[TM_DOWN] = *down;
        s.has_closing[TM_DOWN] = true;
    }
    return s;
}

/* The client's FIN at t_us instead of its own time. */
static void move_fin(struct story *s, int64_t t_us, int64_t offset)
{
    story_remove(s, P_FIN_UP);
    story_insert(s, (struct story_packet){t_us, TM_UP, ACK_FIN, offset, 0, 2000, 0, 0});
}

static const struct tm_schedlog_close after_request = {
    .ref = 3, .event_us = 52221, .gap_us = 800, .due_us = 53021, .server_ref = TM_SLOG_REF_FIN};

static void client_closing_before_the_last_byte_is_exact_where_planned(void)
{
    struct story s = closed(&after_request, NULL);
    move_fin(&s, 53030, 997);
    found(&s, TM_DIFF_KINDS - 1, 0);
    s = closed(&after_request, NULL);
    move_fin(&s, 53005, 997);
    found(&s, TM_DIFF_FIN_EARLY, 1);  /* before it was due */
    s = closed(&after_request, NULL); /* the log says due, the request is not out */
    s.closing[TM_UP].due_us = 52000;
    move_fin(&s, 52210, 997);
    found(&s, TM_DIFF_FIN_EARLY, 1);
    s = closed(&after_request, NULL);
    s.closing[TM_UP].ref = 4; /* the plan waits for the response */
    move_fin(&s, 53030, 997);
    found(&s, TM_DIFF_FIN_EARLY, 1);
}

static void server_closing_first_is_exact_where_planned(void)
{
    static const struct tm_schedlog_close client = {.ref = TM_SLOG_REF_END,
                                                    .event_us = 55000,
                                                    .gap_us = 400,
                                                    .due_us = 55400,
                                                    .server_ref = 4,
                                                    .server_gap_us = 500};
    static const struct tm_schedlog_close server = {.dir = TM_DOWN,
                                                    .ref = 4,
                                                    .event_us = 54326,
                                                    .gap_us = 500,
                                                    .due_us = 54826,
                                                    .server_ref = TM_SLOG_REF_FIN};
    for (int n = 1; n < 4; n++) { /* told by the client's log, the server's, both */
        struct story s = closed(n & 1 ? &client : NULL, n & 2 ? &server : NULL);
        struct story_packet fin = s.packets[P_FIN_DOWN];
        story_remove(&s, P_FIN_DOWN);
        fin.t_us = 54990;
        story_insert(&s, fin);
        found(&s, TM_DIFF_FIN_ORDER, 0);
        s.packets[P_FIN_UP].t_us = 54810; /* the server's stands there now: before it was due */
        found(&s, TM_DIFF_FIN_EARLY, n & 2 ? 1 : 0);
    }
}

static const struct tm_schedlog_close reset = {.how = TM_CLOSE_RESET,
                                               .ref = TM_SLOG_REF_END,
                                               .event_us = 54426,
                                               .gap_us = 1000,
                                               .due_us = 55426,
                                               .server_ref = TM_SLOG_REF_FIN};

static struct story with_reset(int64_t t_us)
{
    struct story s = closed(&reset, NULL);
    s.n_packets = P_FIN_UP;
    story_insert(&s,
                 (struct story_packet){t_us, TM_UP, TM_TCP_RST | TM_TCP_ACK, 997, 0, 5000, 0, 0});
    return s;
}

static void planned_reset_is_exact_and_nothing_else_in_its_place(void)
{
    struct story s = with_reset(55430);
    found(&s, TM_DIFF_RST, 0);
    s = with_reset(55410);
    found(&s, TM_DIFF_FIN_EARLY, 1);
    s = with_reset(54000); /* the response was still to come */
    s.closing[TM_UP].due_us = 53900;
    found(&s, TM_DIFF_FIN_EARLY, 1);
    s = with_reset(55430); /* the server's */
    s.packets[s.n_packets - 1].dir = TM_DOWN;
    s.packets[s.n_packets - 1].offset = 5000;
    s.packets[s.n_packets - 1].ack = 997;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_kind[TM_DIFF_RST], 1);
    CHECK_INT(r.n_kind[TM_DIFF_NO_RST], 1);
    CHECK_INT(r.n_diffs, 2);
    tm_conform_deinit(&r);
    s = closed(&reset, NULL); /* FINs instead */
    r = story_judge(&s);
    CHECK_INT(r.n_kind[TM_DIFF_FIN_UNPLANNED], 1);
    CHECK_INT(r.n_kind[TM_DIFF_NO_RST], 1);
    CHECK_INT(r.n_diffs, 2);
    tm_conform_deinit(&r);
}

static void reset_behind_a_planned_fin_of_the_server_needs_that(void)
{
    struct story s = with_reset(55430);
    s.closing[TM_UP].server_ref = 4;
    found(&s, TM_DIFF_NO_FIN, 1);
    story_insert(&s, (struct story_packet){55000, TM_DOWN, ACK_FIN, 5000, 0, 997, 0, 0});
    found(&s, TM_DIFF_NO_FIN, 0);
}

static void servers_log_alone_is_believed_that_a_reset_was_planned(void)
{
    struct story s = with_reset(55430);
    s.has_log[TM_CLIENT] = false;
    found(&s, TM_DIFF_RST, 0);
    s.is_planned = false;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_whole, 0);
    CHECK_INT(r.n_dead, 1);
    tm_conform_deinit(&r);
    /* The client before the last byte: the server tells that it only answered. */
    static const struct tm_schedlog_close answer = {.dir = TM_DOWN,
                                                    .ref = TM_SLOG_REF_FIN,
                                                    .event_us = 53200,
                                                    .due_us = 54326,
                                                    .server_ref = TM_SLOG_REF_FIN};
    s = closed(NULL, &answer);
    s.has_log[TM_CLIENT] = false;
    move_fin(&s, 53030, 997);
    found(&s, TM_DIFF_FIN_EARLY, 0);
    s.has_closing[TM_DOWN] = false;
    found(&s, TM_DIFF_FIN_EARLY, 1);
}

/* The planned reset is lost behind the capture; the server, which does not know of an end, resets when it is stopped. */
static void stopped_server_may_reset_what_it_does_not_know_to_have_ended(void)
{
    for (int after = 0; after < 2; after++) {
        struct story s = with_reset(55430);
        s.has_log[TM_SERVER] = false;
        story_insert(&s, (struct story_packet){after ? 55600 : 55500, TM_DOWN, TM_TCP_RST, 5000, 0,
                                               -1, 0, 0});
        found(&s, TM_DIFF_RST, after ? 0 : 1);
        s.has_log[TM_SERVER] = true; /* it knows: the reset is another one */
        found(&s, TM_DIFF_RST, 1);
    }
}

static const struct check_case CASES[] = {
    {"servers_log_alone_is_believed_that_a_reset_was_planned",
     servers_log_alone_is_believed_that_a_reset_was_planned},
    {"client_closing_before_the_last_byte_is_exact_where_planned",
     client_closing_before_the_last_byte_is_exact_where_planned},
    {"server_closing_first_is_exact_where_planned", server_closing_first_is_exact_where_planned},
    {"planned_reset_is_exact_and_nothing_else_in_its_place",
     planned_reset_is_exact_and_nothing_else_in_its_place},
    {"reset_behind_a_planned_fin_of_the_server_needs_that",
     reset_behind_a_planned_fin_of_the_server_needs_that},
    {"stopped_server_may_reset_what_it_does_not_know_to_have_ended",
     stopped_server_may_reset_what_it_does_not_know_to_have_ended},
};
CHECK_MAIN("conform_closing", CASES)
