/* What waits for what. */
#include "tm/mbsim/script.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/mbsim/line.h"

#define MS INT64_C(1000000)

struct scripts {
    struct tm_mbsim_script client, server;
};

static int make(struct scripts *s, const char *text, int64_t trip_ns)
{
    struct tm_mbsim_trace t = {.n = 0};
    CHECK_INT(tm_mbsim_trace_parse(&t, text, strlen(text), NULL), TM_OK);
    CHECK_INT(tm_mbsim_trace_sort(&t), TM_OK);
    const int rc = tm_mbsim_script_make(&s->client, &s->server, &t, trip_ns, 1500);
    tm_mbsim_trace_deinit(&t);
    return rc;
}

static void check_cue(const struct tm_mbsim_cue *c, uint32_t cause, int64_t gap_ns)
{
    CHECK_INT(c->cause, cause);
    CHECK_INT(c->gap_ns, gap_ns);
}

static void deinit(struct scripts *s)
{
    tm_mbsim_script_deinit(&s->client);
    tm_mbsim_script_deinit(&s->server);
}

/* The server had s0 from 10 ms on, so r0, which left it at 20 ms, came 10 ms after that; s1 could not have been there before r1 left at 46 ms. */
static void answers_wait_for_what_could_have_been_seen(void)
{
    struct scripts s;
    CHECK_INT(make(&s, "0,s\n30000000,r\n40000000,s\n56000000,r\n61000000,r\n", 10 * MS), TM_OK);
    CHECK_INT(s.client.n, 2);
    check_cue(&s.client.cues[0], TM_MBSIM_NO_CAUSE, 0);
    check_cue(&s.client.cues[1], 0, 10 * MS);
    CHECK_INT(s.server.n, 3);
    check_cue(&s.server.cues[0], 0, 10 * MS);
    check_cue(&s.server.cues[1], 0, 36 * MS);
    check_cue(&s.server.cues[2], 1, MS);
    deinit(&s);
}

static void a_server_that_begins_waits_for_nothing(void)
{
    struct scripts s;
    CHECK_INT(make(&s, "5000000,r\n7000000,s\n", 10 * MS), TM_OK);
    check_cue(&s.server.cues[0], TM_MBSIM_NO_CAUSE, -10 * MS);
    check_cue(&s.client.cues[0], 0, 2 * MS);
    deinit(&s);
}

/* Without a trip, packets of one time depend on those before them in the trace alone: never on each other. */
static void equal_times_do_not_wait_for_each_other(void)
{
    struct scripts s;
    CHECK_INT(make(&s, "0,r\n0,s\n0,r\n0,s\n", 0), TM_OK);
    check_cue(&s.server.cues[0], TM_MBSIM_NO_CAUSE, 0);
    check_cue(&s.client.cues[0], 0, 0);
    check_cue(&s.server.cues[1], 0, 0);
    check_cue(&s.client.cues[1], 1, 0);
    deinit(&s);
}

static void sizes_are_the_trace_s_where_it_has_them(void)
{
    struct scripts s;
    CHECK_INT(make(&s, "0,s,77\n1,s\n2,s,100000\n", 0), TM_OK);
    CHECK_INT(s.client.cues[0].size_bytes, 77);
    CHECK_INT(s.client.cues[1].size_bytes, 1500);
    CHECK_INT(s.client.cues[2].size_bytes, TM_MBSIM_SIZE_MAX);
    deinit(&s);
}

static void no_packets_make_no_script(void)
{
    struct scripts s;
    CHECK_INT(make(&s, "", 0), TM_ERR_RANGE);
    CHECK_INT(s.client.n + s.server.n, 0);
}

static const struct check_case cases[] = {
    {"answers_wait_for_what_could_have_been_seen", answers_wait_for_what_could_have_been_seen},
    {"a_server_that_begins_waits_for_nothing", a_server_that_begins_waits_for_nothing},
    {"equal_times_do_not_wait_for_each_other", equal_times_do_not_wait_for_each_other},
    {"sizes_are_the_trace_s_where_it_has_them", sizes_are_the_trace_s_where_it_has_them},
    {"no_packets_make_no_script", no_packets_make_no_script},
};

CHECK_MAIN("mbsim/script", cases)
