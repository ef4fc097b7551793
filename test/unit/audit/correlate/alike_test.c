/* MUFFLER's rule for which carrier is a flow's. */
#include "audit/correlate/alike.h"

#include <math.h>

#include "test/support/check.h"

#define CHECK_NEAR(got, want) CHECK(fabs((got) - (want)) < 1e-9)

static void a_flow_is_like_itself(void)
{
    struct tm_scene_packet v[] = {
        {100, 1460, TM_UP}, {5000, 100, TM_DOWN}, {2500000, 7, TM_UP}, {2600000, 70, TM_UP}};
    const struct tm_scene_line l = {.v = v, .n = 4};
    CHECK_NEAR(tm_alike_distance(&l, &l), 0);
}

static void distance_is_of_size_and_gap(void)
{
    /* One window: sizes 1460 and 730, so 0.5; gaps none and e^8 - 1, so 8 / 16 / 2 packets. */
    struct tm_scene_packet a[] = {{0, 1460, TM_UP}};
    struct tm_scene_packet b[] = {{0, 730, TM_UP}, {2980, 730, TM_UP}};
    const struct tm_scene_line x = {.v = a, .n = 1};
    const struct tm_scene_line y = {.v = b, .n = 2};
    CHECK_NEAR(tm_alike_distance(&x, &y), hypot(0.5, log1p(2980) / 32));
}

static void a_window_without_the_carrier_is_far(void)
{
    struct tm_scene_packet a[] = {{0, 100, TM_UP}, {TM_ALIKE_WINDOW_US * 5, 100, TM_UP}};
    struct tm_scene_packet b[] = {{0, 100, TM_UP}, {TM_ALIKE_WINDOW_US, 100, TM_UP}};
    const struct tm_scene_line x = {.v = a, .n = 2};
    const struct tm_scene_line y = {.v = b, .n = 2};
    CHECK_NEAR(tm_alike_distance(&x, &y), TM_ALIKE_FAR / 2);
}

static const struct check_case CASES[] = {
    {"a_flow_is_like_itself", a_flow_is_like_itself},
    {"distance_is_of_size_and_gap", distance_is_of_size_and_gap},
    {"a_window_without_the_carrier_is_far", a_window_without_the_carrier_is_far},
};
CHECK_MAIN("audit/correlate/alike", CASES)
