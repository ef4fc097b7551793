/* Whole runs of the Rust simulator, event by event (data/maybenot/README.md), and what it does not do: end in order. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/models/maybenot/vectors.h"
#include "tm/mbsim/v2.h"

enum { MACHINES_MAX = 8 };

struct machines {
    struct tm_mb_machine *owned[MACHINES_MAX];
    const struct tm_mb_machine *list[MACHINES_MAX];
    size_t n;
};

static struct tm_mbsim_end_cfg parse_all(struct machines *m, const struct tree *texts)
{
    m->n = 0;
    CHECK(tree_count(texts) <= MACHINES_MAX);
    for (const struct tree *t = tree_at(texts, 0); t && m->n < MACHINES_MAX; t = t->next) {
        const char *text = tree_text(t);
        CHECK_INT(tm_mb_machine_parse(&m->owned[m->n], text, strlen(text), NULL), TM_OK);
        m->list[m->n] = m->owned[m->n];
        m->n++;
    }
    return (struct tm_mbsim_end_cfg){.machines = m->list, .n_machines = m->n};
}

static void free_all(struct machines *m)
{
    for (size_t i = 0; i < m->n; i++)
        tm_mb_machine_free(m->owned[i]);
}

/* "ns,side,code[machine],contains_padding", as the vectors write it. */
static void print(char out[64], const struct tm_mbsim_event *e, int64_t zero_ns)
{
    static const char *const codes[TM_MB_EVENT_KINDS] = {
        [TM_MB_NORMAL_RECV] = "rn",    [TM_MB_PADDING_RECV] = "rp", [TM_MB_TUNNEL_RECV] = "rt",
        [TM_MB_NORMAL_SENT] = "sn",    [TM_MB_PADDING_SENT] = "sp", [TM_MB_TUNNEL_SENT] = "st",
        [TM_MB_BLOCKING_BEGIN] = "bb", [TM_MB_BLOCKING_END] = "be", [TM_MB_TIMER_BEGIN] = "tb",
        [TM_MB_TIMER_END] = "te"};
    char machine[8] = "";
    if (e->kind == TM_MB_PADDING_SENT || e->kind == TM_MB_BLOCKING_BEGIN ||
        e->kind == TM_MB_TIMER_BEGIN || e->kind == TM_MB_TIMER_END)
        (void)snprintf(machine, sizeof machine, "%u", (unsigned)e->machine);
    (void)snprintf(out, 64, "%" PRId64 ",%c,%s%s,%d", e->t_ns - zero_ns, e->is_client ? 'c' : 's',
                   codes[e->kind], machine, e->is_padding);
}

static void check_log(const struct tm_mbsim_log *log, const struct tree *expect, const char *name)
{
    const struct tree *want = tree_at(tree_member(expect, "events"), 0);
    bool same = true;
    size_t i = 0;
    for (; i < log->n && want && same; i++, want = want->next) {
        char got[64];
        print(got, &log->events[i], log->events[0].t_ns);
        same = strcmp(got, tree_text(want)) == 0;
        if (!same)
            (void)fprintf(stderr, "%s: event %zu is %s, wanted %s\n", name, i, got,
                          tree_text(want));
    }
    CHECK(same);
    CHECK_INT(log->n, tree_whole(tree_member(expect, "n")));
}

static void play_case(const struct tree *t, const struct tree *traces)
{
    struct machines client, server;
    struct tm_mbsim_trace trace = {.n = 0};
    struct tm_mbsim_log log = {.n = 0};
    const struct tree *expect = tree_member(t, "expect");
    const char *text = tree_text(tree_member(traces, tree_text(tree_member(t, "trace_name"))));
    struct tm_mbsim_v2_cfg cfg = {
        .client = parse_all(&client, tree_member(t, "client")),
        .server = parse_all(&server, tree_member(t, "server")),
        .delay_ns = (int64_t)tree_whole(tree_member(t, "delay_us")) * 1000,
        .pps = tree_whole(tree_member(t, "pps")),
        .seed = tree_whole(tree_member(t, "seed")),
        .max_events = tree_whole(tree_member(t, "max_trace_length")),
        .max_steps = tree_whole(tree_member(t, "max_sim_iterations")),
        .has_to_go_on = tree_is_true(tree_member(t, "continue_after")),
        .keep = tree_is_true(tree_member(t, "only_network")) ? TM_MBSIM_KEEP_PACKETS
                                                             : TM_MBSIM_KEEP_ALL,
    };
    cfg.client.limits.max_padding_frac = tree_number(tree_member(t, "max_padding_frac_client"));
    cfg.server.limits.max_padding_frac = tree_number(tree_member(t, "max_padding_frac_server"));
    uint64_t pps = 0;
    CHECK_INT(tm_mbsim_trace_parse(&trace, text, strlen(text), NULL), TM_OK);
    CHECK_INT(tm_mbsim_v2_pps(&trace, &pps), TM_OK);
    CHECK_INT(pps, tree_whole(tree_member(expect, "max_pps")));
    CHECK_INT(tm_mbsim_v2(&log, &trace, &cfg, NULL), TM_OK);
    check_log(&log, expect, tree_text(tree_member(t, "name")));
    tm_mbsim_log_deinit(&log);
    tm_mbsim_trace_deinit(&trace);
    free_all(&client);
    free_all(&server);
}

static void runs_equal_the_crate_s(void)
{
    struct tree *all = tree_load(VECTORS "simulator.json.gz");
    const struct tree *list = tree_member(all, "cases");
    CHECK_INT(tree_count(list), 32);
    for (const struct tree *t = tree_at(list, 0); t; t = t->next)
        play_case(t, tree_member(all, "traces"));
    tree_free(all);
}

static int run(const char *text, const struct tm_mbsim_v2_cfg *cfg, struct tm_mbsim_log *log)
{
    struct tm_mbsim_trace trace = {.n = 0};
    CHECK_INT(tm_mbsim_trace_parse(&trace, text, strlen(text), NULL), TM_OK);
    const int rc = tm_mbsim_v2(log, &trace, cfg, NULL);
    tm_mbsim_trace_deinit(&trace);
    return rc;
}

static void an_empty_trace_is_refused(void)
{
    const struct tm_mbsim_v2_cfg cfg = {.delay_ns = 0};
    struct tm_mbsim_log log = {.n = 0};
    CHECK_INT(run("", &cfg, &log), TM_ERR_RANGE);
    CHECK_INT(run("0,sp\n", &cfg, &log), TM_ERR_RANGE);
    CHECK_INT(log.n, 0);
}

static void a_delay_out_of_range_is_refused(void)
{
    struct tm_mbsim_v2_cfg cfg = {.delay_ns = -1};
    struct tm_mbsim_log log = {.n = 0};
    CHECK_INT(run("0,s\n", &cfg, &log), TM_ERR_RANGE);
    cfg.delay_ns = TM_MBSIM_DELAY_MAX_NS + 1;
    CHECK_INT(run("0,s\n", &cfg, &log), TM_ERR_RANGE);
}

/* The order of lines says nothing: 2 ms is sent before 3 ms. */
static void lines_out_of_order_are_put_in_order(void)
{
    const struct tm_mbsim_v2_cfg cfg = {.delay_ns = 1000000, .keep = TM_MBSIM_KEEP_CLIENT};
    struct tm_mbsim_log log = {.n = 0};
    CHECK_INT(run("3000000,s\n2000000,s\n2500000,r\n", &cfg, &log), TM_OK);
    CHECK_INT(log.n, 3);
    CHECK_INT(log.events[0].t_ns, 2000000);
    CHECK_INT(log.events[1].kind, TM_MB_TUNNEL_RECV);
    CHECK_INT(log.events[2].t_ns, 3000000);
    CHECK(!log.is_cut);
    tm_mbsim_log_deinit(&log);
}

static void a_limit_cuts_the_run_and_says_so(void)
{
    const struct tm_mbsim_v2_cfg cfg = {.max_steps = 2};
    struct tm_mbsim_log log = {.n = 0};
    CHECK_INT(run("0,s\n5,s\n", &cfg, &log), TM_OK);
    CHECK_INT(log.n, 2);
    CHECK(log.is_cut);
    tm_mbsim_log_deinit(&log);
}

static const struct check_case cases[] = {
    {"runs_equal_the_crate_s", runs_equal_the_crate_s},
    {"an_empty_trace_is_refused", an_empty_trace_is_refused},
    {"a_delay_out_of_range_is_refused", a_delay_out_of_range_is_refused},
    {"lines_out_of_order_are_put_in_order", lines_out_of_order_are_put_in_order},
    {"a_limit_cuts_the_run_and_says_so", a_limit_cuts_the_run_and_says_so},
};

CHECK_MAIN("mbsim/v2", cases)
