/* test/unit/sim/rhythm_test.c - intervals and waits of rhythms that can be worked out by hand. */
#include "tm/sim/rhythm.h"

#include "test/support/check.h"

static struct tm_rhythm steady(int64_t every_us, int n)
{
    struct tm_rhythm r = {0};
    tm_rhythm_begin(&r, 0);
    for (int i = 1; i <= n; i++)
        tm_rhythm_event(&r, i * every_us);
    tm_rhythm_end(&r, n * every_us);
    return r;
}

/* At most 1/16 too large, never too small. */
static void about(uint64_t got, uint64_t exact)
{
    CHECK(got >= exact);
    CHECK(got <= exact + exact / 16 + 1);
}

/* P(wait > x) = 1 - x / g. */
static void a_steady_beat_is_waited_for_half_its_interval(void)
{
    struct tm_rhythm r = steady(1000, 500);
    CHECK_INT(tm_rhythm_interval_us(&r, 500), 1000);
    CHECK_INT(tm_rhythm_interval_us(&r, 950), 1000);
    about(tm_rhythm_wait_us(&r, 500), 500);
    about(tm_rhythm_wait_us(&r, 950), 950);
    about(tm_rhythm_wait_us(&r, 1000), 1000);
}

/* 999 gaps of 10 us, then one of 90,010 us: the short ones are 10 % of the time.  P(wait > x) = (90010 - x) / 100000 for
 * x >= 10, so the median is 40,010 us and the 95th percentile 85,010 us. */
static void a_burst_does_not_hide_the_silence(void)
{
    struct tm_rhythm r = {0};
    tm_rhythm_begin(&r, 0);
    for (int i = 1; i <= 999; i++)
        tm_rhythm_event(&r, 10 * i);
    tm_rhythm_event(&r, 100000);
    CHECK_INT(r.total_us, 100000);
    CHECK_INT(tm_rhythm_interval_us(&r, 950), 10);
    about(tm_rhythm_wait_us(&r, 500), 40010);
    about(tm_rhythm_wait_us(&r, 950), 85010);
}

static void silence_at_both_ends_counts(void)
{
    struct tm_rhythm r = {0};
    tm_rhythm_begin(&r, 1000);
    tm_rhythm_event(&r, 1500);
    tm_rhythm_end(&r, 2000);
    CHECK_INT(r.gaps.n, 2);
    CHECK_INT(r.total_us, 1000);
    CHECK_INT(tm_rhythm_interval_us(&r, 1000), 500);
}

static void stretches_add_up(void)
{
    struct tm_rhythm r = {0};
    for (int i = 0; i < 2; i++) { /* each from 0 again */
        tm_rhythm_begin(&r, 0);
        tm_rhythm_event(&r, 300);
        tm_rhythm_end(&r, 300);
    }
    CHECK_INT(r.gaps.n, 2);
    CHECK_INT(r.total_us, 600);
    about(tm_rhythm_wait_us(&r, 500), 150);
}

static void nothing_gives_nothing(void)
{
    struct tm_rhythm r = {0};
    CHECK_INT(tm_rhythm_interval_us(&r, 950), 0);
    CHECK_INT(tm_rhythm_wait_us(&r, 950), 0);
    tm_rhythm_begin(&r, 5);
    tm_rhythm_end(&r, 5);
    CHECK_INT(tm_rhythm_wait_us(&r, 950), 0);
}

static const struct check_case cases[] = {
    {"a_steady_beat_is_waited_for_half_its_interval",
     a_steady_beat_is_waited_for_half_its_interval},
    {"a_burst_does_not_hide_the_silence", a_burst_does_not_hide_the_silence},
    {"silence_at_both_ends_counts", silence_at_both_ends_counts},
    {"stretches_add_up", stretches_add_up},
    {"nothing_gives_nothing", nothing_gives_nothing},
};
CHECK_MAIN("rhythm", cases)
