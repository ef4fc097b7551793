#include "audit/detect/cover_log.h"

#include "test/support/check.h"

#include <stdlib.h>

static struct tm_endpoint at(const char *text)
{
    struct tm_endpoint e = {.port = 0};
    CHECK(tm_endpoint_parse(&e, text));
    return e;
}

static void add(struct tm_trace_set *set, const char *client, int64_t start_us)
{
    struct tm_trace t = {.client = at(client), .server = at("192.0.2.1:443"), .start_us = start_us};
    CHECK_INT(tm_trace_set_name(set, "before", &t.session), TM_OK);
    CHECK_INT(tm_trace_set_add(set, &t, NULL, 0), TM_OK);
}

static struct tm_sched_carrier carrier(const char *client, uint32_t user, int64_t up_us)
{
    return (struct tm_sched_carrier){.has_open = true,
                                     .user = user,
                                     .has_up = {[TM_CLIENT] = true},
                                     .up_us = {[TM_CLIENT] = up_us},
                                     .has_endpoints = {[TM_CLIENT] = true},
                                     .client = {[TM_CLIENT] = at(client)},
                                     .server = {[TM_CLIENT] = at("192.0.2.1:443")}};
}

static void connections_get_the_user_of_their_carrier_and_the_block_of_their_start(void)
{
    struct tm_sched_carrier c[] = {carrier("10.0.0.1:5000", 3, 100),
                                   carrier("10.0.0.1:5001", 4, 200),
                                   /* the port again, a minute later, by another user */
                                   carrier("10.0.0.1:5000", 7, 60000100)};
    struct tm_schedule log = {.has_side = {[TM_CLIENT] = true}, .carriers = c, .n_carriers = 3};
    struct tm_trace_set set = {0};
    size_t n = 0;
    log.session[TM_CLIENT].wall_minus_mono_us = 1000000000;
    add(&set, "10.0.0.1:5001", 1000000150);
    add(&set, "10.0.0.1:5000", 1000000050);
    add(&set, "10.0.0.1:5000", 1060000050);
    add(&set, "10.0.0.1:6000", 1000000000);
    CHECK_INT(tm_cover_log_sessions(&set, &log, 1, 10000000, &n), TM_OK);
    CHECK_INT(n, 3);
    CHECK_STR(set.names[set.v[0].session], "user 4 of log 0#100");
    CHECK_STR(set.names[set.v[1].session], "user 3 of log 0#100");
    CHECK_STR(set.names[set.v[2].session], "user 7 of log 0#106");
    CHECK_STR(set.names[set.v[3].session], "before");
    CHECK_INT(tm_cover_log_sessions(&set, &log, 1, 0, &n), TM_OK);
    CHECK_STR(set.names[set.v[2].session], "user 7 of log 0");
    tm_trace_set_deinit(&set);
}

static void a_server_log_names_no_users(void)
{
    struct tm_sched_carrier c[] = {carrier("10.0.0.1:5000", 3, 100)};
    struct tm_schedule log = {.has_side = {[TM_SERVER] = true}, .carriers = c, .n_carriers = 1};
    struct tm_trace_set set = {0};
    size_t n = 9;
    add(&set, "10.0.0.1:5000", 50);
    CHECK_INT(tm_cover_log_sessions(&set, &log, 1, 0, &n), TM_OK);
    CHECK_INT(n, 0);
    CHECK_STR(set.names[set.v[0].session], "before");
    tm_trace_set_deinit(&set);
}

static const struct check_case CASES[] = {
    {"connections_get_the_user_of_their_carrier_and_the_block_of_their_start",
     connections_get_the_user_of_their_carrier_and_the_block_of_their_start},
    {"a_server_log_names_no_users", a_server_log_names_no_users},
};
CHECK_MAIN("audit/detect/cover_log", CASES)
