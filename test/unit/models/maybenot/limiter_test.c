#include "models/maybenot/limiter.h"

#include "test/support/check.h"

#define MS INT64_C(1000000)

static void a_second_holds_no_more_than_the_limit(void)
{
    struct tm_mb_limiter l;
    tm_mb_limiter_init(&l, 10, 0);
    size_t passed = 0;
    for (int i = 0; i < 100; i++)
        passed += tm_mb_limiter_pass(&l, 1, i * MS);
    CHECK_INT(passed, 10);
    CHECK_INT(l.n_dropped, 90);
}

/* The check is before the call's own actions are added: a call is dropped whole or passes whole. */
static void a_call_passes_whole_or_not_at_all(void)
{
    struct tm_mb_limiter l;
    tm_mb_limiter_init(&l, 10, 0);
    CHECK_INT(tm_mb_limiter_pass(&l, 9, 0), 9);
    CHECK_INT(tm_mb_limiter_pass(&l, 4, MS), 4);
    CHECK_INT(tm_mb_limiter_pass(&l, 4, MS), 0);
    CHECK_INT(l.n_dropped, 4);
}

static void the_window_before_fades_out(void)
{
    struct tm_mb_limiter l;
    tm_mb_limiter_init(&l, 10, 0);
    CHECK_INT(tm_mb_limiter_pass(&l, 10, 0), 10);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 999 * MS), 0);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 1000 * MS), 1); /* opens a window: never held */
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 1050 * MS), 0); /* 10 * 0.95 + 1 */
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 1200 * MS), 1); /* 10 * 0.8 + 1 */
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 1200 * MS), 0);
}

static void two_quiet_seconds_forget_everything(void)
{
    struct tm_mb_limiter l;
    tm_mb_limiter_init(&l, 10, 0);
    CHECK_INT(tm_mb_limiter_pass(&l, 10, 0), 10);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 2000 * MS), 1);
    CHECK_INT(tm_mb_limiter_pass(&l, 8, 2000 * MS), 8);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 2000 * MS), 1);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 2000 * MS), 0);
}

static void time_that_goes_back_opens_no_window(void)
{
    struct tm_mb_limiter l;
    tm_mb_limiter_init(&l, 1, 5000 * MS);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 5000 * MS), 1);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, 0), 0);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, INT64_MIN), 0);
    CHECK_INT(tm_mb_limiter_pass(&l, 1, INT64_MAX), 1);
}

static const struct check_case cases[] = {
    {"a_second_holds_no_more_than_the_limit", a_second_holds_no_more_than_the_limit},
    {"a_call_passes_whole_or_not_at_all", a_call_passes_whole_or_not_at_all},
    {"the_window_before_fades_out", the_window_before_fades_out},
    {"two_quiet_seconds_forget_everything", two_quiet_seconds_forget_everything},
    {"time_that_goes_back_opens_no_window", time_that_goes_back_opens_no_window},
};

CHECK_MAIN("maybenot/limiter", cases)
