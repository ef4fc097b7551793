#include "learner/ops/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "models/turn.h"
#include "test/support/check.h"
#include "test/unit/learner/ops/fixed_model.h"
#include "tm/base/time.h"

static struct tm_timeline *open_timeline(const struct tm_model *m, uint32_t n_users,
                                         uint64_t n_conns)
{
    struct tm_timeline *t = NULL;
    struct tm_gen_cfg cfg = {.model = m, .n_users = n_users};
    CHECK_INT(tm_timeline_new(&t, &cfg, &fixed_path, n_conns), TM_OK);
    return t;
}

static void writes_pass_the_tap_as_counted_by_hand(void)
{
    /* SYN 0, SYN-ACK 20000, ACK 20001 and the request; the server has it after half the round trip, answers 5000 later, and that
     * takes as long back; its third segment comes after two of 1488 bytes. */
    static const struct tm_write_time want[] = {
        {20001, 20001}, {45001, 47977}, {57978, 57978}, {82978, 85954}};
    struct tm_model m;
    struct tm_timed_conn c = {0};
    fixed_model(&m);
    struct tm_timeline *t = open_timeline(&m, 1, 1);
    CHECK_INT(tm_timeline_next(t, &c), 1);
    CHECK_INT(c.open_us, 0);
    CHECK_INT(c.plan.n_writes, 4);
    CHECK_MEM(c.time, want, sizeof want);
    CHECK_INT(c.close_us, 86655);
    CHECK_INT(c.fin_us, 106655);
    CHECK_INT(c.end_us, 106656);
    CHECK_INT(c.over_us, c.close_us - c.plan.close_gap_us);
    tm_timed_conn_deinit(&c);
    CHECK_INT(tm_timeline_next(t, &c), 0);
    CHECK_INT(tm_timeline_next_us(t), TM_NEVER);
    tm_timeline_free(t);
    tm_model_deinit(&m);
}

static void openings_follow_those_before_and_their_ends(void)
{
    /* A connection lasts 106656: 0 and 1 s; 4 s after the second's end, and 1 s more; 400 s after that. */
    static const int64_t want[] = {0, 1000000, 5106656, 6106656, 406213312};
    struct tm_model m;
    fixed_model(&m);
    struct tm_timeline *t = open_timeline(&m, 1, 5);
    for (size_t i = 0; i < 5; i++) {
        struct tm_timed_conn c = {0};
        CHECK_INT(tm_timeline_next_us(t), want[i]);
        CHECK_INT(tm_timeline_next(t, &c), 1);
        CHECK_INT(c.open_us, want[i]);
        CHECK_INT(c.number, i);
        CHECK_INT(c.open.session, i == 4);
        CHECK_INT(c.open.rre, i == 2 || i == 3);
        tm_timed_conn_deinit(&c);
    }
    tm_timeline_free(t);
    tm_model_deinit(&m);
}

static void users_are_merged_in_the_order_of_opening(void)
{
    struct tm_model m;
    int64_t before_us = 0;
    unsigned n_of[3] = {0};
    fixed_model(&m);
    struct tm_timeline *t = open_timeline(&m, 3, 60);
    for (size_t i = 0; i < 60; i++) {
        struct tm_timed_conn c = {0};
        CHECK_INT(tm_timeline_next(t, &c), 1);
        CHECK(c.open_us >= before_us);
        before_us = c.open_us;
        n_of[c.user]++;
        tm_timed_conn_deinit(&c);
    }
    CHECK(n_of[0] > 10 && n_of[1] > 10 && n_of[2] > 10);
    tm_timeline_free(t);
    tm_model_deinit(&m);
}

/* As tm-client plays them: nobody's first connection opens before the user's turn, and a schedule file says so. */
static void users_begin_in_turns(void)
{
    struct tm_model m;
    bool has_begun[200] = {false};
    fixed_model(&m);
    m.u.swing.param[TM_SWING_INTER_RRE].pt[0].value =
        1; /* no user's start is drawn later than that */
    struct tm_timeline *t = open_timeline(&m, 200, 400);
    for (size_t i = 0; i < 400; i++) {
        struct tm_timed_conn c = {0};
        CHECK_INT(tm_timeline_next(t, &c), 1);
        int64_t turn_us = c.user * (TM_USER_TURNS_US / 200);
        if (!has_begun[c.user]) {
            CHECK(c.open_us >= turn_us && c.open_us <= turn_us + 1);
            CHECK_INT(c.open.ref, TM_OPEN_ORIGIN);
            CHECK_INT(c.open.gap_us, c.open_us);
        }
        has_begun[c.user] = true;
        tm_timed_conn_deinit(&c);
    }
    CHECK(has_begun[0] && has_begun[100]);
    tm_timeline_free(t);
    tm_model_deinit(&m);
}

/* Both sides send without waiting, and a write waits for the one before it of the same side. */
static void both_directions_go_at_once(void)
{
    const struct tm_write w[] = {
        {.size = 3000, .dir = TM_UP},
        {.size = 1000, .dir = TM_DOWN, .gap_us = 100}, /* from the start */
        {.size = 100,
         .dir = TM_UP,
         .ref_back = 2,
         .gap_us = 10}, /* 10 us after its own, which is still leaving */
        {.size = 100, .dir = TM_DOWN, .ref_back = 1, .gap_us = 0}, /* after that */
    };
    /* Up: 20001, last of three segments 2976 later, all out after 3120; so the second up write begins at 23121.
     * Down: the ACK of 20001 lets the server begin where 40001 passes the tap, 100 later; its next after 23121 + 20000. */
    static const struct tm_write_time want[] = {
        {20001, 22977}, {40101, 40101}, {23121, 23121}, {43121, 43121}};
    struct tm_timed_conn c = {0};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(tm_plan_add(&c.plan, w[i]), TM_OK);
    c.plan.close_gap_us = 5;
    CHECK_INT(tm_plan_check(&c.plan), TM_OK);
    CHECK_INT(tm_timed_conn_fill(&c, &fixed_path), TM_OK);
    CHECK_MEM(c.time, want, sizeof want);
    CHECK_INT(c.close_us, 43121 + 1 + 5);
    tm_timed_conn_deinit(&c);
}

/* The last write of the plan ends before one that is named earlier. */
static void the_client_closes_after_the_last_byte_of_all_writes(void)
{
    struct tm_timed_conn c = {0};
    CHECK_INT(tm_plan_add(&c.plan, (struct tm_write){.size = 100000, .dir = TM_DOWN}), TM_OK);
    CHECK_INT(tm_plan_add(&c.plan, (struct tm_write){.size = 10, .dir = TM_UP}), TM_OK);
    c.plan.close_gap_us = 7;
    CHECK_INT(tm_timed_conn_fill(&c, &fixed_path), TM_OK);
    CHECK_INT(c.time[1].last_us, 20001);
    CHECK_INT(c.time[0].last_us, 40001 + 69 * 1488); /* 70 segments */
    CHECK_INT(c.close_us, 40001 + 69 * 1488 + 1 + 7);
    tm_timed_conn_deinit(&c);
}

static void paths_and_times_out_of_range_are_refused(void)
{
    struct tm_model m;
    struct tm_timeline *t = NULL;
    fixed_model(&m);
    struct tm_gen_cfg cfg = {.model = &m, .n_users = 1};
    const struct tm_tap_path bad[] = {
        {.rtt_us = 0, .rate_bps = 8000, .mss = 1448},
        {.rtt_us = TM_TAP_RTT_MAX_US + 1, .rate_bps = 8000, .mss = 1448},
        {.rtt_us = 1, .rate_bps = TM_TAP_RATE_MIN - 1, .mss = 1448},
        {.rtt_us = 1, .rate_bps = 8000, .mss = TM_TAP_MSS_MIN - 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(tm_timeline_new(&t, &cfg, &bad[i], 1), TM_ERR_RANGE);
    struct tm_timed_conn c = {.open_us = TM_TIMELINE_END_US};
    CHECK_INT(tm_plan_add(&c.plan, (struct tm_write){.size = 1, .dir = TM_UP}), TM_OK);
    CHECK_INT(tm_timed_conn_fill(&c, &fixed_path), TM_ERR_RANGE);
    tm_timed_conn_deinit(&c);
    tm_model_deinit(&m);
}

/* A tenth of the round trips are 10 ms, the others 50. */
static void a_session_keeps_to_one_of_the_measured_round_trips(void)
{
    static const struct tm_dist_point pt[] = {{10000, 100}, {50000, 1000}};
    struct tm_model m;
    struct tm_dist rtts = {0};
    struct tm_tap_path path = fixed_path;
    struct tm_timeline *t;
    uint32_t n_far = 0;
    fixed_model(&m);
    CHECK_INT(tm_dist_set(&rtts, pt, 2), TM_OK);
    path.rtts = &rtts;
    struct tm_gen_cfg cfg = {.model = &m, .n_users = 400};
    CHECK_INT(tm_timeline_new(&t, &cfg, &path, 800), TM_OK);
    int64_t *first_us = calloc(400, sizeof *first_us);
    CHECK(first_us != NULL);
    uint32_t n_alike = 0;
    for (size_t i = 0; i < 800; i++) {
        struct tm_timed_conn c = {0};
        CHECK_INT(tm_timeline_next(t, &c), 1);
        CHECK(c.path.rtt_us == 10000 || c.path.rtt_us == 50000);
        CHECK_INT(c.fin_us - c.close_us, c.path.rtt_us);
        n_far += c.path.rtt_us == 50000;
        n_alike += c.path.rtt_us == first_us[c.user];
        first_us[c.user] = c.path.rtt_us;
        tm_timed_conn_deinit(&c);
    }
    CHECK(n_far > 680 && n_far < 760);      /* 720 of 800, and less than 3.8 standard deviations */
    CHECK(n_alike >= 380 && n_alike < 400); /* two in a session: all but those beside the edge */
    free(first_us);
    tm_timeline_free(t);
    tm_dist_deinit(&rtts);
    tm_model_deinit(&m);
}

static const struct check_case CASES[] = {
    {"a_session_keeps_to_one_of_the_measured_round_trips",
     a_session_keeps_to_one_of_the_measured_round_trips},
    {"writes_pass_the_tap_as_counted_by_hand", writes_pass_the_tap_as_counted_by_hand},
    {"openings_follow_those_before_and_their_ends", openings_follow_those_before_and_their_ends},
    {"users_are_merged_in_the_order_of_opening", users_are_merged_in_the_order_of_opening},
    {"users_begin_in_turns", users_begin_in_turns},
    {"both_directions_go_at_once", both_directions_go_at_once},
    {"the_client_closes_after_the_last_byte_of_all_writes",
     the_client_closes_after_the_last_byte_of_all_writes},
    {"paths_and_times_out_of_range_are_refused", paths_and_times_out_of_range_are_refused},
};
CHECK_MAIN("timeline", CASES)
