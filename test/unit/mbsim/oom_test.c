/* Every n-th allocation fails, in both modes and in the builders: it is reported, and nothing leaks (the sanitizer says so). */
#include <string.h>

#include "models/maybenot/ready/ready.h"
#include "test/support/check.h"
#include "test/support/oom.h"
#include "tm/mbsim/net.h"
#include "tm/mbsim/report.h"
#include "tm/mbsim/trace.h"
#include "tm/mbsim/v2.h"

enum { N_MAX = 5000 };

static const char page[] = "5,s\n3,r\n30000000,r\n31000000,r\n36000000,s\n66000000,r\n";

static int build(struct tm_mb_ready *client, struct tm_mb_ready *server)
{
    int rc = tm_mb_ready_tamaraw(client, &TM_MB_TAMARAW_CLIENT, NULL);
    const struct tm_mb_regulator_cfg regulator = TM_MB_REGULATOR_HEAVY;
    server->n = 0;
    return rc == TM_OK ? tm_mb_ready_regulator_server(server, &regulator, NULL) : rc;
}

static struct tm_mbsim_end_cfg end_of(const struct tm_mb_ready *r)
{
    return (struct tm_mbsim_end_cfg){.machines = (const struct tm_mb_machine *const *)r->machines,
                                     .n_machines = r->n};
}

static int play(struct tm_mbsim_log *log, const struct tm_mbsim_trace *t, bool is_v2,
                const struct tm_mb_ready *client, const struct tm_mb_ready *server)
{
    struct tm_mbsim_net_counts counts;
    const struct tm_mbsim_v2_cfg v2 = {.client = end_of(client),
                                       .server = end_of(server),
                                       .delay_ns = 10000000,
                                       .max_steps = 2000};
    const struct tm_mbsim_net_cfg net = {.client = end_of(client),
                                         .server = end_of(server),
                                         .up = {.delay_ns = 10000000, .p_loss = 0.3},
                                         .has_window = true,
                                         .trip_ns = 10000000,
                                         .size_bytes = 500,
                                         .max_steps = 2000};
    return is_v2 ? tm_mbsim_v2(log, t, &v2, NULL) : tm_mbsim_net(log, &counts, t, &net, NULL);
}

/* From the text to the report. */
static int all(bool is_v2)
{
    struct tm_mbsim_trace t = {.n = 0};
    struct tm_mbsim_log log = {.n = 0};
    struct tm_mb_ready client = {.n = 0}, server = {.n = 0};
    struct tm_mbsim_report report;
    int rc = build(&client, &server);
    if (rc == TM_OK)
        rc = tm_mbsim_trace_parse(&t, page, strlen(page), NULL);
    if (rc == TM_OK)
        rc = tm_mbsim_trace_sort(&t);
    if (rc == TM_OK)
        rc = play(&log, &t, is_v2, &client, &server);
    if (rc == TM_OK)
        rc = tm_mbsim_report_make(&report, &log, &log);
    tm_mbsim_log_deinit(&log);
    tm_mbsim_trace_deinit(&t);
    tm_mb_ready_free(&client);
    tm_mb_ready_free(&server);
    return rc;
}

static void fail_each(bool is_v2)
{
    unsigned long n = 1;
    for (; n < N_MAX; n++) {
        oom_fail_after(n);
        const int rc = all(is_v2);
        oom_disable();
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        if (!oom_hit())
            break;
    }
    CHECK(n > 20 && n < N_MAX);
}

static void mode_v2_reports_a_failing_allocation(void)
{
    fail_each(true);
}

static void mode_network_reports_a_failing_allocation(void)
{
    fail_each(false);
}

static const struct check_case cases[] = {
    {"mode_v2_reports_a_failing_allocation", mode_v2_reports_a_failing_allocation},
    {"mode_network_reports_a_failing_allocation", mode_network_reports_a_failing_allocation},
};

CHECK_MAIN("mbsim/oom", cases)
