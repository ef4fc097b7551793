/* test/unit/base/time_test.c - sums of points and durations, and the absorbing end of time. */
#include "tm/base/time.h"

#include "test/support/check.h"

static void later_adds_below_the_end(void)
{
    CHECK_INT(tm_later_us(0, 0), 0);
    CHECK_INT(tm_later_us(5, 7), 12);
    CHECK_INT(tm_later_us(TM_NEVER - 8, 7), TM_NEVER - 1);
}

static void later_never_passes_the_end(void)
{
    CHECK_INT(tm_later_us(TM_NEVER, 0), TM_NEVER);
    CHECK_INT(tm_later_us(TM_NEVER - 1, 1), TM_NEVER);
    CHECK_INT(tm_later_us(1, TM_NEVER), TM_NEVER);
    CHECK_INT(tm_later_us(TM_NEVER, TM_NEVER), TM_NEVER);
}

static void min_and_max_order_two_points(void)
{
    CHECK_INT(tm_min_us(3, TM_NEVER), 3);
    CHECK_INT(tm_min_us(TM_NEVER, 3), 3);
    CHECK_INT(tm_max_us(3, 4), 4);
    CHECK_INT(tm_max_us(4, 3), 4);
}

static const struct check_case cases[] = {
    {"later_adds_below_the_end", later_adds_below_the_end},
    {"later_never_passes_the_end", later_never_passes_the_end},
    {"min_and_max_order_two_points", min_and_max_order_two_points},
};
CHECK_MAIN("time", cases)
