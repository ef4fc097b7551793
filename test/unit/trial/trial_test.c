#include "trial/trial.h"

#include <string.h>

#include "test/support/check.h"
#include "trial/batch.h"

static const char page[] =
    "0,s,100\n30000000,r,700\n31000000,r,700\n36000000,s,100\n66000000,r,500\n";

static struct tm_trial_cfg config(enum tm_trial_mode mode, const char *defence)
{
    return (struct tm_trial_cfg){
        .mode = mode, .ready = tm_defence_named(defence), .max_steps = 100000};
}

static struct tm_trial run(const struct tm_trial_cfg *cfg, size_t index)
{
    struct tm_mbsim_trace t = {.n = 0};
    struct tm_mbsim_log log = {.n = 0};
    struct tm_trial out;
    CHECK_INT(tm_mbsim_trace_parse(&t, page, strlen(page), NULL), TM_OK);
    CHECK_INT(tm_trial_run(&out, &log, &t, cfg, index, NULL), TM_OK);
    CHECK(log.n > 0);
    tm_mbsim_log_deinit(&log);
    tm_mbsim_trace_deinit(&t);
    return out;
}

static void without_machines_nothing_is_added(void)
{
    for (int mode = TM_TRIAL_NETWORK; mode <= TM_TRIAL_V2; mode++) {
        const struct tm_trial_cfg cfg = config((enum tm_trial_mode)mode, "none");
        const struct tm_trial t = run(&cfg, 0);
        CHECK_INT(t.report.up.n_packets, 2);
        CHECK_INT(t.report.down.n_packets, 3);
        CHECK_INT(t.padding_bytes, 0);
        CHECK_INT(t.packet_bytes, 2100);
        CHECK_INT(t.report.down.max_ns, 0);
        CHECK(tm_trial_packet_overhead(&t) == 0);
        CHECK_INT(t.delay_ns, mode == TM_TRIAL_V2 ? 10000000 : 15000000);
    }
}

static void padding_is_as_large_as_the_largest_packet(void)
{
    struct tm_trial_cfg cfg = config(TM_TRIAL_NETWORK, "tamaraw");
    struct tm_trial t = run(&cfg, 0);
    CHECK_INT(t.size_bytes, 700);
    CHECK(t.report.down.n_padding > 0);
    CHECK_INT(t.padding_bytes, 700 * (t.report.up.n_padding + t.report.down.n_padding));
    cfg.size_bytes = 1448;
    t = run(&cfg, 0);
    CHECK_INT(t.size_bytes, 1448);
}

static void a_constant_rate_delays(void)
{
    const struct tm_trial_cfg cfg = config(TM_TRIAL_NETWORK, "tamaraw");
    const struct tm_trial t = run(&cfg, 0);
    CHECK(t.report.defended_ns > t.report.plain_ns);
    CHECK(t.report.down.p95_ns > 0);
}

/* Drawn machines differ from trace to trace, and are the same for the same seed. */
static void every_trace_has_machines_of_its_own(void)
{
    struct tm_trial_cfg cfg = config(TM_TRIAL_NETWORK, "front");
    cfg.tail_ns = 100000000000;
    const struct tm_trial a = run(&cfg, 0), b = run(&cfg, 1), again = run(&cfg, 0);
    CHECK(a.report.up.n_padding != b.report.up.n_padding);
    CHECK_INT(a.report.up.n_padding, again.report.up.n_padding);
    cfg.seed = 16;
    const struct tm_trial c = run(&cfg, 0);
    CHECK_INT(c.report.up.n_padding, b.report.up.n_padding);
}

static void trials_add_up(void)
{
    const struct tm_trial_cfg cfg = config(TM_TRIAL_NETWORK, "tamaraw");
    const struct tm_trial t = run(&cfg, 0);
    struct tm_trial sum = {.delay_ns = 0};
    tm_trial_add(&sum, &t);
    tm_trial_add(&sum, &t);
    CHECK_INT(sum.padding_bytes, 2 * t.padding_bytes);
    CHECK_INT(sum.counts.n_replaced, 2 * t.counts.n_replaced);
    CHECK(tm_trial_byte_overhead(&sum) == tm_trial_byte_overhead(&t));
    CHECK(tm_trial_packet_overhead(&sum) == tm_trial_packet_overhead(&t));
}

/* One thread or three: the same results, in the order of the jobs; a job that fails does not stop the others. */
static void a_batch_does_not_depend_on_threads(void)
{
    static const char *const paths[] = {"data/captures/smtp/suricata-smtp-errors.pcap",
                                        "/nonexistent/trace",
                                        "data/captures/smtp/arkime-smtp-zip.pcap"};
    const struct tm_trial_cfg cfg = config(TM_TRIAL_NETWORK, "front");
    struct tm_trial_job one[3], three[3];
    memset(one, 0, sizeof one);
    memset(three, 0, sizeof three);
    for (size_t i = 0; i < 3; i++)
        one[i].path = three[i].path = paths[i];
    CHECK_INT(tm_trial_batch(one, 3, &cfg, 1), TM_OK);
    CHECK_INT(tm_trial_batch(three, 3, &cfg, 3), TM_OK);
    CHECK_INT(one[0].rc, TM_OK);
    CHECK_INT(one[1].rc, TM_ERR_IO);
    CHECK_INT(one[2].rc, TM_OK);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(one[i].result.report.up.n_padding, three[i].result.report.up.n_padding);
        CHECK_INT(one[i].result.report.defended_ns, three[i].result.report.defended_ns);
    }
}

static const struct check_case cases[] = {
    {"without_machines_nothing_is_added", without_machines_nothing_is_added},
    {"padding_is_as_large_as_the_largest_packet", padding_is_as_large_as_the_largest_packet},
    {"a_constant_rate_delays", a_constant_rate_delays},
    {"every_trace_has_machines_of_its_own", every_trace_has_machines_of_its_own},
    {"trials_add_up", trials_add_up},
    {"a_batch_does_not_depend_on_threads", a_batch_does_not_depend_on_threads},
};

CHECK_MAIN("trial/trial", cases)
