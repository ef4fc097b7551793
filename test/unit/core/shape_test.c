#include "tm/core/shape.h"

#include <string.h>

#include "test/support/check.h"

static const struct tm_shape SHAPE = {.hello_min = 480, .flight_min = 250, .fin_min = 80};
#define PREP 2000

static struct tm_plan plan_of(const struct tm_write *w, size_t n)
{
    struct tm_plan p = {0};
    for (size_t i = 0; i < n; i++)
        CHECK_INT(tm_plan_add(&p, w[i]), TM_OK);
    return p;
}
#define PLAN(...)                                                                                  \
    plan_of((const struct tm_write[]){__VA_ARGS__},                                                \
            sizeof((const struct tm_write[]){__VA_ARGS__}) / sizeof(struct tm_write))
#define UP(s, g, r)                                                                                \
    {                                                                                              \
        .size = (s), .gap_us = (g), .dir = TM_UP, .ref_back = (r)                                  \
    }
#define DOWN(s, g, r)                                                                              \
    {                                                                                              \
        .size = (s), .gap_us = (g), .dir = TM_DOWN, .ref_back = (r)                                \
    }

static void check_plan(const struct tm_plan *got, const struct tm_write *want, size_t n)
{
    CHECK_INT(got->n_writes, n);
    for (size_t i = 0; i < n && i < got->n_writes; i++) {
        CHECK_INT(got->w[i].size, want[i].size);
        CHECK_INT(got->w[i].gap_us, want[i].gap_us);
        CHECK_INT(got->w[i].dir, want[i].dir);
        CHECK_INT(got->w[i].ref_back, want[i].ref_back);
    }
}
#define CHECK_PLAN(got, ...)                                                                       \
    check_plan(got, (const struct tm_write[]){__VA_ARGS__},                                        \
               sizeof((const struct tm_write[]){__VA_ARGS__}) / sizeof(struct tm_write))

static void records_fill_every_size_exactly(void)
{
    for (uint32_t size = TM_RECORD_MIN; size < 70000; size++) {
        uint32_t rem = size;
        int ok = 1;
        while (rem > 0) {
            uint32_t r = tm_shape_next_record(rem);
            ok &= r >= TM_RECORD_MIN && r <= TM_RECORD_MAX && r <= rem;
            rem -= ok ? r : rem;
        }
        if (!ok)
            CHECK_INT(size, -1);
    }
    CHECK_INT(tm_shape_next_record(0), 0);
    CHECK_INT(tm_shape_next_record(TM_RECORD_MAX + 1), TM_RECORD_MAX + 1 - TM_RECORD_MIN);
}

static void handshake_part_leaves_a_record_or_nothing(void)
{
    for (uint32_t size = 250; size < 400; size++) {
        uint32_t rest = size - tm_shape_handshake_part(size, 250);
        CHECK(rest == 0 || rest >= TM_RECORD_MIN);
    }
    CHECK_INT(tm_shape_handshake_part(272, 250), 272);
    CHECK_INT(tm_shape_handshake_part(273, 250), 250);
}

static void exchange_becomes_handshake_with_playable_sizes(void)
{
    struct tm_plan p =
        PLAN(UP(100, 0, 0), DOWN(60, 0, 1), UP(5, 900, 1), DOWN(6, 5000, 1), UP(1, 7, 1));
    struct tm_distortion d = {0};
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, &d), TM_OK);
    CHECK_PLAN(&p, UP(480, 0, 0), DOWN(250, PREP, 1), UP(80, PREP, 1), DOWN(23, 5000, 1),
               UP(23, PREP, 1));
    CHECK_INT(d.n_writes, 5);
    CHECK_INT(d.n_resized, 5);
    CHECK_INT(d.n_delayed, 3);
    CHECK_INT(d.bytes, 856);
    CHECK_INT(d.bytes_added, 856 - 172);
    tm_plan_deinit(&p);
}

static void playable_plan_is_left_alone(void)
{
    struct tm_plan p = PLAN(UP(517, 0, 0), DOWN(4000, 9000, 1), UP(126, 3000, 1), UP(900, 10, 1),
                            DOWN(70000, 40000, 1));
    struct tm_distortion d = {0};
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, &d), TM_OK);
    CHECK_PLAN(&p, UP(517, 0, 0), DOWN(4000, 9000, 1), UP(126, 3000, 1), UP(900, 10, 1),
               DOWN(70000, 40000, 1));
    CHECK_INT(d.n_resized + d.n_delayed + d.bytes_added, 0);
    tm_plan_deinit(&p);
}

static void server_that_speaks_first_gets_a_hello(void)
{
    struct tm_plan p = PLAN(DOWN(90, 0, 0), UP(30, 100000, 1), DOWN(100, 0, 1));
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, NULL), TM_OK);
    CHECK_PLAN(&p, UP(480, 0, 0), DOWN(250, PREP, 1), UP(80, 100000, 1), DOWN(100, PREP, 1));
    tm_plan_deinit(&p);
}

static void what_is_added_is_taken_from_the_first_that_can_spare_all_of_it(void)
{
    /* Mail: 480 + 58 up, 190 down are added before anybody can spare so much. */
    struct tm_plan p = PLAN(DOWN(60, 0, 0), UP(22, 100000, 1), DOWN(165, 5000, 1), UP(517, 5000, 1),
                            DOWN(1937, 5000, 1), UP(560, 5000, 1), UP(561, 0, 1), UP(3000, 0, 1));
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, NULL), TM_OK);
    CHECK_PLAN(&p, UP(480, 0, 0), DOWN(250, PREP, 1), UP(80, 100000, 1), DOWN(165, 5000, 1),
               UP(517, 5000, 1), DOWN(1937 - 190, 5000, 1), UP(560, 5000, 1), UP(23, 0, 1),
               UP(3000, 0, 1));
    CHECK_INT(tm_plan_bytes(&p, TM_UP), 22 + 517 + 560 + 561 + 3000);
    CHECK_INT(tm_plan_bytes(&p, TM_DOWN), 60 + 165 + 1937);
    tm_plan_deinit(&p);
}

static void projecting_twice_changes_nothing_more(void)
{
    struct tm_plan p = PLAN(DOWN(60, 0, 0), UP(22, 100000, 1), DOWN(1937, 5000, 1), UP(3000, 0, 1));
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, NULL), TM_OK);
    CHECK_PLAN(&p, UP(480, 0, 0), DOWN(250, PREP, 1), UP(80, 100000, 1), DOWN(1747, 5000, 1),
               UP(2462, PREP, 1));
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, NULL), TM_OK);
    CHECK_PLAN(&p, UP(480, 0, 0), DOWN(250, PREP, 1), UP(80, 100000, 1), DOWN(1747, 5000, 1),
               UP(2462, PREP, 1));
    tm_plan_deinit(&p);
}

static void leading_requests_join_into_one_hello_and_references_follow(void)
{
    struct tm_plan p = PLAN(UP(300, 0, 0), UP(300, 50, 1), UP(40, 50, 2), DOWN(3000, 7000, 2),
                            UP(100, 9000, 1), DOWN(50, 9000, 4));
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, NULL), TM_OK);
    CHECK_PLAN(&p, UP(640, 0, 0), DOWN(3000, 7000, 1), UP(100, 9000, 1), DOWN(50, 9000, 3));
    tm_plan_deinit(&p);
}

static void large_hello_spills_into_the_next_request(void)
{
    struct tm_plan p = PLAN(UP(5000, 0, 0), DOWN(3000, 7000, 1), UP(100, 9000, 1));
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, NULL), TM_OK);
    CHECK_PLAN(&p, UP(4096, 0, 0), DOWN(3000, 7000, 1), UP(1004, 9000, 1));
    tm_plan_deinit(&p);
}

static void request_without_answer_gets_a_flight(void)
{
    struct tm_plan p = PLAN(UP(500, 0, 0));
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, NULL), TM_OK);
    CHECK_PLAN(&p, UP(500, 0, 0), DOWN(250, PREP, 1));
    tm_plan_deinit(&p);
}

static void finished_runs_from_the_flight(void)
{
    /* `constant`: requests run from the request before them. */
    struct tm_plan p = PLAN(UP(1448, 0, 0), DOWN(1448, 0, 1), UP(1448, 500000, 2), DOWN(1448, 0, 1),
                            UP(1448, 500000, 2));
    CHECK_INT(tm_shape_project(&p, &SHAPE, PREP, NULL), TM_OK);
    CHECK_PLAN(&p, UP(1448, 0, 0), DOWN(1448, PREP, 1), UP(1448, 500000, 1), DOWN(1448, PREP, 1),
               UP(1448, 500000, 2));
    tm_plan_deinit(&p);
}

static void check_accepts_projections_and_refuses_what_they_would_not_make(void)
{
    struct tm_plan p = PLAN(UP(517, 0, 0), DOWN(250, PREP, 1), UP(80, PREP, 1), DOWN(23, 0, 1));
    CHECK_INT(tm_shape_check(&p, &SHAPE, 0), TM_OK);
    p.w[3].size = 22;
    CHECK_INT(tm_shape_check(&p, &SHAPE, 0), TM_ERR_RANGE);
    p.w[3].size = 23;
    p.w[2].size = 79;
    CHECK_INT(tm_shape_check(&p, &SHAPE, 0), TM_ERR_RANGE);
    p.w[2].size = 80;
    p.w[2].ref_back = 2;
    CHECK_INT(tm_shape_check(&p, &SHAPE, 0), TM_ERR_RANGE);
    p.w[2].ref_back = 1;
    p.w[1].size = 249;
    CHECK_INT(tm_shape_check(&p, &SHAPE, 0), TM_ERR_RANGE);
    p.w[1].size = 250;
    p.w[0].size = 479;
    CHECK_INT(tm_shape_check(&p, &SHAPE, 0), TM_ERR_RANGE);
    tm_plan_deinit(&p);
    CHECK_INT(tm_shape_check(&p, &SHAPE, 0), TM_ERR_RANGE);
}

static const struct check_case cases[] = {
    {"records_fill_every_size_exactly", records_fill_every_size_exactly},
    {"handshake_part_leaves_a_record_or_nothing", handshake_part_leaves_a_record_or_nothing},
    {"exchange_becomes_handshake_with_playable_sizes",
     exchange_becomes_handshake_with_playable_sizes},
    {"playable_plan_is_left_alone", playable_plan_is_left_alone},
    {"server_that_speaks_first_gets_a_hello", server_that_speaks_first_gets_a_hello},
    {"what_is_added_is_taken_from_the_first_that_can_spare_all_of_it",
     what_is_added_is_taken_from_the_first_that_can_spare_all_of_it},
    {"projecting_twice_changes_nothing_more", projecting_twice_changes_nothing_more},
    {"leading_requests_join_into_one_hello_and_references_follow",
     leading_requests_join_into_one_hello_and_references_follow},
    {"large_hello_spills_into_the_next_request", large_hello_spills_into_the_next_request},
    {"request_without_answer_gets_a_flight", request_without_answer_gets_a_flight},
    {"finished_runs_from_the_flight", finished_runs_from_the_flight},
    {"check_accepts_projections_and_refuses_what_they_would_not_make",
     check_accepts_projections_and_refuses_what_they_would_not_make},
};
CHECK_MAIN("shape", cases)
