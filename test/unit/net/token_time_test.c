/* test/unit/net/token_time_test.c - the clock of a session, while the wall clock is set and carriers are lost. */
#include "tm/net/token_time.h"

#include "test/support/check.h"
#include "tm/base/time.h"

#define WALL    INT64_C(1800000000000000)
#define BOOT    INT64_C(77000000)
#define HOUR_US (3600 * TM_US_PER_S)

/* +-1 s, 1 hour, 1 day, 10 years. */
static const int64_t SET[] = {TM_US_PER_S,  -TM_US_PER_S,  HOUR_US,         -HOUR_US,
                              24 * HOUR_US, -24 * HOUR_US, 87660 * HOUR_US, -87660 * HOUR_US};
#define N_SET (sizeof SET / sizeof SET[0])

/* A token gone_us after the beginning, the wall clock set by set_us. */
static uint64_t token(struct tm_token_time *t, int64_t gone_us, int64_t set_us)
{
    return tm_token_time_ms(t, WALL + gone_us + set_us, BOOT + gone_us);
}

static void a_session_runs_on_the_clock_of_its_beginning(void)
{
    for (size_t i = 0; i < N_SET; i++) {
        struct tm_token_time t = {0};
        CHECK_INT(token(&t, 0, 0), WALL / 1000);
        tm_token_time_answered(&t, t.carried_us);
        for (int64_t s = 1; s < 20; s++)
            CHECK_INT(token(&t, s * TM_US_PER_S, s > 9 ? SET[i] : 0), WALL / 1000 + s * 1000);
    }
}

static void a_new_session_begins_by_the_wall_clock(void)
{
    for (size_t i = 0; i < N_SET; i++) {
        struct tm_token_time t = {0};
        CHECK_INT(token(&t, 0, SET[i]), (WALL + SET[i]) / 1000);
    }
}

/* The carriers that a network loses cost one token each way that carries the wall clock; then it goes on as before. */
static void a_lost_carrier_does_not_lose_the_sessions_clock(void)
{
    for (size_t i = 0; i < N_SET; i++) {
        struct tm_token_time t = {0};
        (void)token(&t, 0, 0);
        tm_token_time_answered(&t, t.carried_us);
        (void)token(&t, 1000000, SET[i]);
        tm_token_time_unanswered(&t); /* the network */
        CHECK_INT(token(&t, 2000000, SET[i]), (WALL + SET[i] + 2000000) / 1000);
        tm_token_time_unanswered(&t); /* refused */
        CHECK_INT(token(&t, 3000000, SET[i]), WALL / 1000 + 3000);
        tm_token_time_answered(&t, t.carried_us);
        CHECK_INT(token(&t, 4000000, SET[i]), WALL / 1000 + 4000);
    }
}

/* Several carriers are open at once: who is answered is answered for what its own token carried. */
static void an_answer_counts_for_its_own_token(void)
{
    struct tm_token_time t = {0};
    (void)token(&t, 0, 0);
    int64_t first_us = t.carried_us;
    tm_token_time_unanswered(&t); /* another one's */
    (void)token(&t, 1000000, 24 * HOUR_US);
    tm_token_time_answered(&t, first_us);
    tm_token_time_unanswered(&t); /* the second's: refused */
    tm_token_time_unanswered(&t); /* a third one's, lost */
    CHECK_INT(token(&t, 2000000, 24 * HOUR_US), WALL / 1000 + 2000);
}

static void a_clock_that_was_wrong_at_the_beginning_is_given_up_when_the_wall_clock_is_right(void)
{
    const int64_t wrong_us = -87660 * HOUR_US; /* a machine without a battery */
    struct tm_token_time t = {0};
    CHECK_INT(token(&t, 0, wrong_us), (WALL + wrong_us) / 1000);
    tm_token_time_unanswered(&t);
    CHECK_INT(token(&t, 1000000, wrong_us), (WALL + wrong_us + 1000000) / 1000);
    tm_token_time_unanswered(&t);
    CHECK_INT(token(&t, 2000000, 0), (WALL + wrong_us + 2000000) / 1000); /* set since */
    tm_token_time_unanswered(&t);
    CHECK_INT(token(&t, 3000000, 0), WALL / 1000 + 3000);
    tm_token_time_answered(&t, t.carried_us);
    CHECK_INT(token(&t, 4000000, wrong_us), WALL / 1000 + 4000);
}

static void a_time_that_a_token_cannot_carry_is_cut(void)
{
    struct tm_token_time t = {0};
    CHECK_INT(tm_token_time_ms(&t, -5, 0), 0);
    t = (struct tm_token_time){0};
    CHECK_INT(tm_token_time_ms(&t, INT64_MAX / 2, 0), (UINT64_C(1) << 48) - 1);
}

static const struct check_case cases[] = {
    {"a_session_runs_on_the_clock_of_its_beginning", a_session_runs_on_the_clock_of_its_beginning},
    {"a_new_session_begins_by_the_wall_clock", a_new_session_begins_by_the_wall_clock},
    {"a_lost_carrier_does_not_lose_the_sessions_clock",
     a_lost_carrier_does_not_lose_the_sessions_clock},
    {"an_answer_counts_for_its_own_token", an_answer_counts_for_its_own_token},
    {"a_clock_that_was_wrong_at_the_beginning_is_given_up_when_the_wall_clock_is_right",
     a_clock_that_was_wrong_at_the_beginning_is_given_up_when_the_wall_clock_is_right},
    {"a_time_that_a_token_cannot_carry_is_cut", a_time_that_a_token_cannot_carry_is_cut},
};
CHECK_MAIN("token_time", cases)
