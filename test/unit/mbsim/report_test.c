#include "tm/mbsim/report.h"

#include "test/support/check.h"

static void add(struct tm_mbsim_log *l, int64_t t_ns, bool is_client, enum tm_mb_event_kind kind,
                bool is_padding)
{
    const struct tm_mbsim_event e = {
        .t_ns = t_ns, .is_client = is_client, .kind = (uint8_t)kind, .is_padding = is_padding};
    CHECK_INT(tm_mbsim_log_add(l, &e), TM_OK);
}

/* Three packets down, the last two late by 10 and 40; one up; padding each way. */
static void make_logs(struct tm_mbsim_log *plain, struct tm_mbsim_log *defended)
{
    static const int64_t late_ns[] = {0, 10, 40};
    *plain = *defended = (struct tm_mbsim_log){.n = 0};
    add(plain, 0, true, TM_MB_TUNNEL_SENT, false);
    add(plain, 5, false, TM_MB_TUNNEL_RECV, false);
    add(defended, 0, true, TM_MB_TUNNEL_SENT, false);
    add(defended, 2, true, TM_MB_TUNNEL_SENT, true);
    add(defended, 5, false, TM_MB_TUNNEL_RECV, false);
    for (int64_t k = 0; k < 3; k++) {
        add(plain, 10 + k, false, TM_MB_TUNNEL_SENT, false);
        add(plain, 20 + k, true, TM_MB_TUNNEL_RECV, false);
        add(defended, 10 + k, false, TM_MB_TUNNEL_SENT, false);
        add(defended, 20 + k + late_ns[k], true, TM_MB_TUNNEL_RECV, false);
    }
    add(defended, 90, false, TM_MB_TUNNEL_SENT, true);
    add(defended, 95, true, TM_MB_TUNNEL_RECV, true);
}

static void costs_are_counted_each_way(void)
{
    struct tm_mbsim_log plain, defended;
    struct tm_mbsim_report r;
    make_logs(&plain, &defended);
    CHECK_INT(tm_mbsim_report_make(&r, &defended, &plain), TM_OK);
    CHECK_INT(r.up.n_packets, 1);
    CHECK_INT(r.up.n_padding, 1);
    CHECK_INT(r.up.n_arrived, 1);
    CHECK_INT(r.up.max_ns, 0);
    CHECK_INT(r.down.n_packets, 3);
    CHECK_INT(r.down.n_padding, 1);
    CHECK_INT(r.down.p50_ns, 10);
    CHECK_INT(r.down.max_ns, 40);
    CHECK(r.down.mean_ns > 16.6 && r.down.mean_ns < 16.7);
    CHECK_INT(r.plain_ns, 22);
    CHECK_INT(r.defended_ns, 62); /* padding after it does not count */
    tm_mbsim_log_deinit(&plain);
    tm_mbsim_log_deinit(&defended);
}

static void a_run_that_was_cut_compares_what_there_is(void)
{
    struct tm_mbsim_log plain, defended;
    struct tm_mbsim_report r;
    make_logs(&plain, &defended);
    defended.n = 7; /* up to the first packet down */
    defended.is_cut = true;
    CHECK_INT(tm_mbsim_report_make(&r, &defended, &plain), TM_OK);
    CHECK(r.is_cut);
    CHECK_INT(r.down.n_arrived, 2);
    defended.n = 0;
    CHECK_INT(tm_mbsim_report_make(&r, &defended, &plain), TM_OK);
    CHECK_INT(r.down.n_arrived, 0);
    CHECK_INT(r.defended_ns, 0);
    tm_mbsim_log_deinit(&plain);
    tm_mbsim_log_deinit(&defended);
}

static void reports_add_up(void)
{
    struct tm_mbsim_log plain, defended;
    struct tm_mbsim_report r, sum = {.plain_ns = 0};
    make_logs(&plain, &defended);
    CHECK_INT(tm_mbsim_report_make(&r, &defended, &plain), TM_OK);
    tm_mbsim_report_add(&sum, &r);
    tm_mbsim_report_add(&sum, &r);
    CHECK_INT(sum.down.n_packets, 6);
    CHECK_INT(sum.down.p50_ns, 10);
    CHECK_INT(sum.down.max_ns, 40);
    CHECK(sum.down.mean_ns > 16.6 && sum.down.mean_ns < 16.7);
    CHECK_INT(sum.plain_ns, 44);
    tm_mbsim_log_deinit(&plain);
    tm_mbsim_log_deinit(&defended);
}

static const struct check_case cases[] = {
    {"costs_are_counted_each_way", costs_are_counted_each_way},
    {"a_run_that_was_cut_compares_what_there_is", a_run_that_was_cut_compares_what_there_is},
    {"reports_add_up", reports_add_up},
};

CHECK_MAIN("mbsim/report", cases)
