#include "audit/detect/runs.h"

#include "test/support/check.h"

#include <math.h>

static void add(struct tm_trace_set *set, const uint32_t *bytes, uint32_t n)
{
    struct tm_trace_packet p[16];
    struct tm_trace t = {.duration_us = 1};
    for (uint32_t i = 0; i < n; i++)
        p[i] = (struct tm_trace_packet){.t_us = i * 1000,
                                        .bytes = bytes[i],
                                        .dir = (uint8_t)(i % 2 ? TM_DOWN : TM_UP),
                                        .is_new = true};
    CHECK_INT(tm_trace_set_add(set, &t, p, n), TM_OK);
}

static const uint32_t A[] = {10, 20, 30, 40, 50, 60}, B[] = {11, 21, 31, 41, 51, 61},
                      C[] = {10, 20, 30, 41, 51, 61}, D[] = {1, 2, 3, 4, 5, 6},
                      E[] = {9, 20, 30, 40, 50, 9}, F[] = {10, 20, 30, 40, 50, 60, 70, 80};

static void the_longest_run_is_that_of_one_training_connection(void)
{
    struct tm_trace_set train = {0}, cover = {0};
    struct tm_writes of_train = {0}, of_cover = {0};
    struct tm_runs r = {0};
    static const double WANT[] = {1, 0.5, 0, 4.0 / 6, 6.0 / 8};
    add(&train, A, 6);
    add(&train, B, 6);
    add(&cover, A, 6); /* a copy */
    add(&cover, C, 6); /* half of one, half of the other */
    add(&cover, D, 6); /* new */
    add(&cover, E, 6); /* the middle of one */
    add(&cover, F, 8); /* all of one, and more */
    CHECK_INT(tm_writes_cut(&of_train, &train), TM_OK);
    CHECK_INT(tm_writes_cut(&of_cover, &cover), TM_OK);
    CHECK_INT(tm_runs_init(&r, &train, &of_train), TM_OK);
    for (size_t i = 0; i < 5; i++) {
        CHECK(fabs(tm_runs_longest(&r, &of_cover, i) - WANT[i]) < 1e-12);
        CHECK_INT(tm_runs_has_copy(&r, &cover, i), i == 0);
    }
    tm_runs_deinit(&r);
    tm_writes_deinit(&of_train);
    tm_writes_deinit(&of_cover);
    tm_trace_set_deinit(&train);
    tm_trace_set_deinit(&cover);
}

static void an_empty_training_set_has_nothing(void)
{
    struct tm_trace_set train = {0}, cover = {0};
    struct tm_writes of_train = {0}, of_cover = {0};
    struct tm_runs r = {0};
    add(&cover, A, 6);
    CHECK_INT(tm_writes_cut(&of_train, &train), TM_OK);
    CHECK_INT(tm_writes_cut(&of_cover, &cover), TM_OK);
    CHECK_INT(tm_runs_init(&r, &train, &of_train), TM_OK);
    CHECK_INT(tm_runs_longest(&r, &of_cover, 0) > 0, 0);
    CHECK_INT(tm_runs_has_copy(&r, &cover, 0), 0);
    tm_runs_deinit(&r);
    tm_writes_deinit(&of_train);
    tm_writes_deinit(&of_cover);
    tm_trace_set_deinit(&cover);
}

static const struct check_case CASES[] = {
    {"the_longest_run_is_that_of_one_training_connection",
     the_longest_run_is_that_of_one_training_connection},
    {"an_empty_training_set_has_nothing", an_empty_training_set_has_nothing},
};
CHECK_MAIN("audit/detect/runs", CASES)
