#include "tm/core/rate.h"

#include "test/support/check.h"

#define S INT64_C(1000000)

static void a_steady_flow_has_its_rate(void)
{
    struct tm_rate r = {0};
    for (int64_t t_us = 100 * S; t_us < 110 * S; t_us += 10000) {
        tm_rate_add(&r, 1000, t_us);
        if (t_us > 101 * S) {
            uint64_t rate = tm_rate_bytes_per_s(&r, t_us);
            CHECK(rate >= 98000 && rate <= 102000);
        }
    }
}

static void silence_is_no_rate(void)
{
    struct tm_rate r = {0};
    CHECK_INT(tm_rate_bytes_per_s(&r, 5 * S), 0);
    tm_rate_add(&r, 1000000, 5 * S);
    CHECK(tm_rate_bytes_per_s(&r, 5 * S) > 0);
    CHECK(tm_rate_bytes_per_s(&r, 5 * S + TM_RATE_WINDOW_US / 2) > 0);
    CHECK_INT(tm_rate_bytes_per_s(&r, 5 * S + TM_RATE_WINDOW_US), 0);
    CHECK_INT(tm_rate_bytes_per_s(&r, 500 * S), 0);
}

static void what_is_long_past_does_not_count(void)
{
    struct tm_rate r = {0};
    tm_rate_add(&r, 1000000, 5 * S);
    tm_rate_add(&r, 500, 9 * S);
    CHECK(tm_rate_bytes_per_s(&r, 9 * S) <= 1000);
}

static const struct check_case cases[] = {
    {"a_steady_flow_has_its_rate", a_steady_flow_has_its_rate},
    {"silence_is_no_rate", silence_is_no_rate},
    {"what_is_long_past_does_not_count", what_is_long_past_does_not_count},
};
CHECK_MAIN("rate", cases)
