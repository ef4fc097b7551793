#include "tm/core/project.h"

#include <string.h>

#include "test/support/check.h"

static const struct tm_project_cfg SEEDED = {
    .shape = {.hello_min = 480, .flight_min = 250, .fin_min = 80},
    .prep_us = 2000,
    .plan_mode = TM_PLAN_SEEDED};

#define HEAD    "{\"t\":\"schedule\",\"v\":1}\n"
#define OPEN(c) "{\"t\":\"open\",\"c\":" #c ",\"user\":" #c ",\"ref\":\"origin\",\"gap\":0}\n"
#define DATA(c, i, dir, size, ref, gap)                                                            \
    "{\"t\":\"data\",\"c\":" #c ",\"i\":" #i ",\"dir\":\"" #dir "\",\"size\":" #size               \
    ",\"ref\":" #ref ",\"gap\":" #gap "}\n"
#define CLOSE(c) "{\"t\":\"close\",\"c\":" #c ",\"gap\":7}\n"

static struct tm_projection project(const char *text, const struct tm_project_cfg *cfg, int want)
{
    struct tm_schedfile f = {0};
    struct tm_projection p;
    struct tm_msg msg = {""};
    uint32_t line = 0;
    CHECK_INT(tm_schedfile_read(&f, text, strlen(text), "x", &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(tm_project_schedule(&p, &line, &f, cfg), want);
    if (want != TM_OK)
        CHECK_INT(line, 2);
    tm_schedfile_deinit(&f);
    return p;
}

static void expect(const char *text, const struct tm_project_cfg *cfg, struct tm_projection want)
{
    struct tm_projection got = project(text, cfg, TM_OK);
    CHECK_INT(got.n_conns, want.n_conns);
    CHECK_INT(got.n_writes, want.n_writes);
    CHECK_INT(got.n_changed, want.n_changed);
    CHECK_INT(got.n_joined, want.n_joined);
    CHECK_INT(got.n_resized, want.n_resized);
    CHECK_INT(got.n_grown, want.n_grown);
    CHECK_INT(got.n_delayed, want.n_delayed);
    CHECK_INT(got.n_moved, want.n_moved);
    CHECK_INT(got.n_added, want.n_added);
    CHECK_INT(got.bytes[0], want.bytes[0]);
    CHECK_INT(got.bytes[1], want.bytes[1]);
    CHECK_INT(got.first_line, want.first_line);
}

static void what_tls_can_carry_is_left_as_it_is(void)
{
    expect(HEAD OPEN(0) DATA(0, 0, up, 517, -1, 0) DATA(0, 1, down, 4000, 0, 2000)
               DATA(0, 2, up, 80, 1, 2000) DATA(0, 3, up, 23, 2, 0) DATA(0, 4, down, 23, 1, 0)
                   CLOSE(0),
           &SEEDED, (struct tm_projection){.n_conns = 1, .n_writes = 5, .bytes = {4643, 4643}});
}

static void a_hello_in_pieces_is_joined(void)
{
    expect(HEAD OPEN(0) DATA(0, 0, up, 517, -1, 0) DATA(0, 1, up, 200, 0, 3)
               DATA(0, 2, down, 4000, 1, 9000) DATA(0, 3, up, 80, 2, 2000) CLOSE(0),
           &SEEDED,
           (struct tm_projection){.n_conns = 1,
                                  .n_writes = 4,
                                  .n_changed = 2,
                                  .n_joined = 2,
                                  .bytes = {4797, 4797},
                                  .first_line = 2});
}

static void too_small_and_too_soon_is_said(void)
{
    expect(HEAD OPEN(0) DATA(0, 0, up, 100, -1, 0) DATA(0, 1, down, 4000, 0, 1999)
               DATA(0, 2, up, 80, 1, 2000) DATA(0, 3, down, 6, 2, 1) CLOSE(0),
           &SEEDED,
           (struct tm_projection){.n_conns = 1,
                                  .n_writes = 4,
                                  .n_changed = 3,
                                  .n_resized = 2,
                                  .n_delayed = 2,
                                  .bytes = {4186, 4583},
                                  .first_line = 2});
}

/* The second connection: the server speaks first, so that a ClientHello comes before it. */
static void a_server_that_speaks_first_waits_for_a_hello(void)
{
    expect(HEAD OPEN(0) DATA(0, 0, up, 517, -1, 0) DATA(0, 1, down, 4000, 0, 2000) CLOSE(0) OPEN(1)
               DATA(1, 0, down, 300, -1, 5000) DATA(1, 1, up, 90, 0, 3000) CLOSE(1),
           &SEEDED,
           (struct tm_projection){.n_conns = 2,
                                  .n_writes = 4,
                                  .n_changed = 1,
                                  .n_moved = 1,
                                  .n_added = 1,
                                  .bytes = {4907, 5387},
                                  .first_line = 6});
}

static void a_client_alone_gets_an_answer(void)
{
    expect(HEAD OPEN(0) DATA(0, 0, up, 517, -1, 0) DATA(0, 1, up, 10, 0, 5) CLOSE(0), &SEEDED,
           (struct tm_projection){.n_conns = 1,
                                  .n_writes = 2,
                                  .n_changed = 2,
                                  .n_joined = 2,
                                  .n_added = 1,
                                  .bytes = {527, 777},
                                  .first_line = 2});
}

/* A Finished cannot come before the flight. */
static void what_tls_sends_later_is_said_to_move(void)
{
    struct tm_projection p =
        project(HEAD OPEN(0) DATA(0, 0, up, 517, -1, 0) DATA(0, 1, down, 4000, 0, 2000)
                    DATA(0, 2, up, 80, 0, 9) DATA(0, 3, up, 80, -1, 9) CLOSE(0),
                &SEEDED, TM_OK);
    CHECK_INT(p.n_moved, 2);
    CHECK_INT(p.n_changed, 2);
    CHECK_INT(p.n_delayed, 1); /* the Finished now answers the flight */
}

static void small_writes_grow_for_plans_only_where_plans_are_embedded(void)
{
    static const char text[] = HEAD OPEN(0) DATA(0, 0, up, 480, -1, 0)
        DATA(0, 1, down, 400, 0, 2000) DATA(0, 2, up, 80, 1, 2000) DATA(0, 3, down, 100, 2, 2000)
            DATA(0, 4, up, 36, 3, 9000) DATA(0, 5, down, 36, 4, 4000) CLOSE(0);
    struct tm_project_cfg cfg = SEEDED;
    CHECK_INT(project(text, &cfg, TM_OK).n_changed, 0);
    cfg.plan_mode = TM_PLAN_EMBEDDED;
    struct tm_projection p = project(text, &cfg, TM_OK);
    CHECK(p.n_grown >= 1); /* the ClientHello has no room at all */
    CHECK_INT(p.n_changed, p.n_grown);
    CHECK_INT(p.n_resized + p.n_delayed + p.n_moved + p.n_joined + p.n_added, 0);
    CHECK(p.bytes[1] > p.bytes[0]);
}

static const struct check_case cases[] = {
    {"what_tls_can_carry_is_left_as_it_is", what_tls_can_carry_is_left_as_it_is},
    {"a_hello_in_pieces_is_joined", a_hello_in_pieces_is_joined},
    {"too_small_and_too_soon_is_said", too_small_and_too_soon_is_said},
    {"a_server_that_speaks_first_waits_for_a_hello", a_server_that_speaks_first_waits_for_a_hello},
    {"a_client_alone_gets_an_answer", a_client_alone_gets_an_answer},
    {"what_tls_sends_later_is_said_to_move", what_tls_sends_later_is_said_to_move},
    {"small_writes_grow_for_plans_only_where_plans_are_embedded",
     small_writes_grow_for_plans_only_where_plans_are_embedded},
};
CHECK_MAIN("project", cases)
