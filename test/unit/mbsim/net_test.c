/* Mode network: without machines and over the path it is from, a trace comes out as it went in; what is held up holds up what waits
 * for it; and each part of the path does what it says. */
#include "tm/mbsim/net.h"

#include <stdio.h>
#include <string.h>

#include "models/maybenot/machine_build.h"
#include "test/support/check.h"
#include "tm/mbsim/script.h"

#define MS INT64_C(1000000)

/* A request, its answer 30 ms later (path: 10 ms one way, so the server took 10 ms), 5 ms of thought, another one. */
static const char page[] =
    "0,s,100\n30000000,r,1000\n31000000,r,1000\n36000000,s,100\n66000000,r,500\n";

static struct tm_mbsim_net_cfg path(int64_t delay_ns)
{
    return (struct tm_mbsim_net_cfg){.up = {.delay_ns = delay_ns},
                                     .down = {.delay_ns = delay_ns},
                                     .trip_ns = 10 * MS,
                                     .size_bytes = 1000,
                                     .max_steps = 100000};
}

static void run(const char *text, const struct tm_mbsim_net_cfg *cfg, struct tm_mbsim_log *log,
                struct tm_mbsim_net_counts *counts)
{
    struct tm_mbsim_trace trace = {.n = 0};
    *log = (struct tm_mbsim_log){.n = 0};
    CHECK_INT(tm_mbsim_trace_parse(&trace, text, strlen(text), NULL), TM_OK);
    CHECK_INT(tm_mbsim_trace_sort(&trace), TM_OK);
    CHECK_INT(tm_mbsim_net(log, counts, &trace, cfg, NULL), TM_OK);
    tm_mbsim_trace_deinit(&trace);
}

/* The k-th packet that the client sent or received, from 0. */
static const struct tm_mbsim_event *seen(const struct tm_mbsim_log *log, size_t k)
{
    static const struct tm_mbsim_event none = {.t_ns = -1};
    for (size_t i = 0; i < log->n; i++)
        if (log->events[i].is_client && k-- == 0)
            return &log->events[i];
    return &none;
}

static size_t count(const struct tm_mbsim_log *log, bool is_client, enum tm_mb_event_kind kind,
                    bool is_padding)
{
    size_t n = 0;
    for (size_t i = 0; i < log->n; i++)
        n += log->events[i].is_client == is_client && log->events[i].kind == kind &&
             log->events[i].is_padding == is_padding;
    return n;
}

static void without_machines_the_trace_comes_out(void)
{
    static const int64_t want_ns[] = {0, 30 * MS, 31 * MS, 36 * MS, 66 * MS};
    const struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    run(page, &cfg, &log, &counts);
    CHECK_INT(log.n, 10);
    for (size_t k = 0; k < 5; k++)
        CHECK_INT(seen(&log, k)->t_ns, want_ns[k]);
    CHECK_INT(seen(&log, 1)->size_bytes, 1000);
    CHECK(!log.is_cut);
    tm_mbsim_log_deinit(&log);
}

/* 10 ms more each way: every answer 20 ms later than its request was, so the second one 40 ms in all. */
static void a_longer_path_delays_each_round(void)
{
    const struct tm_mbsim_net_cfg cfg = path(20 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    run(page, &cfg, &log, &counts);
    CHECK_INT(seen(&log, 1)->t_ns, 50 * MS);
    CHECK_INT(seen(&log, 3)->t_ns, 56 * MS);
    CHECK_INT(seen(&log, 4)->t_ns, 106 * MS);
    tm_mbsim_log_deinit(&log);
}

static void a_bottleneck_spaces_packets(void)
{
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    cfg.down.rate_bps = 1000000; /* 8 ms for 1000 bytes */
    run(page, &cfg, &log, &counts);
    CHECK_INT(seen(&log, 1)->t_ns, 38 * MS);
    CHECK_INT(seen(&log, 2)->t_ns, 46 * MS);
    CHECK_INT(seen(&log, 3)->t_ns, 51 * MS); /* thought begins when the answer has come */
    tm_mbsim_log_deinit(&log);
}

static void a_full_queue_drops_and_packets_come_again(void)
{
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    cfg.down.rate_bps = 1000000;
    cfg.down.queue_bytes = 1500; /* the second one finds 875 bytes waiting */
    run(page, &cfg, &log, &counts);
    CHECK_INT(counts.n_dropped[0], 0);
    CHECK_INT(counts.n_dropped[1], 1);
    CHECK_INT(count(&log, true, TM_MB_TUNNEL_RECV, false), 3);
    CHECK(!log.is_cut);
    tm_mbsim_log_deinit(&log);
}

static void lost_packets_come_again_until_all_are_there(void)
{
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    uint64_t n_lost = 0;
    cfg.up.p_loss = cfg.down.p_loss = 0.5;
    for (cfg.seed = 0; cfg.seed < 20; cfg.seed++) {
        run(page, &cfg, &log, &counts);
        CHECK_INT(count(&log, true, TM_MB_TUNNEL_RECV, false), 3);
        CHECK_INT(count(&log, false, TM_MB_TUNNEL_RECV, false), 2);
        CHECK_INT(count(&log, true, TM_MB_TUNNEL_SENT, false), 2 + counts.n_lost[0]);
        n_lost += counts.n_lost[0] + counts.n_lost[1];
        tm_mbsim_log_deinit(&log);
    }
    CHECK(n_lost > 50 && n_lost < 200); /* 5 on average of each run */
}

static void jitter_keeps_the_order(void)
{
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    cfg.down.jitter_ns = 30 * MS;
    bool is_late = false;
    for (cfg.seed = 0; cfg.seed < 20; cfg.seed++) {
        run(page, &cfg, &log, &counts);
        CHECK(seen(&log, 1)->t_ns >= 30 * MS && seen(&log, 1)->t_ns <= 60 * MS);
        CHECK(seen(&log, 2)->t_ns >= seen(&log, 1)->t_ns);
        is_late = is_late || seen(&log, 1)->t_ns > 40 * MS;
        tm_mbsim_log_deinit(&log);
    }
    CHECK(is_late);
}

static void the_same_seed_gives_the_same_run(void)
{
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log a, b;
    cfg.up.p_loss = 0.3;
    cfg.down.jitter_ns = 5 * MS;
    cfg.seed = 7;
    run(page, &cfg, &a, &counts);
    run(page, &cfg, &b, &counts);
    CHECK_INT(a.n, b.n);
    for (size_t i = 0; i < a.n && i < b.n; i++)
        CHECK(a.events[i].t_ns == b.events[i].t_ns && a.events[i].kind == b.events[i].kind);
    tm_mbsim_log_deinit(&a);
    tm_mbsim_log_deinit(&b);
}

static uint32_t constant(struct tm_mb_machine *m, double value)
{
    const struct tm_mb_dist d = {.kind = TM_MB_UNIFORM, .of.uniform = {value, value}};
    uint32_t index = 0;
    CHECK_INT(tm_mb_build_dist(m, &d, &index), TM_OK);
    return index;
}

/* On the first NormalSent: what `ask` says, once, after timeout_us. */
static struct tm_mb_machine *once(enum tm_mb_ask ask, bool bypass, bool replace, double timeout_us,
                                  double duration_us)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    struct tm_mb_state *s;
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_NORMAL_SENT, 1, 1), TM_OK);
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    s->ask = ask;
    s->bypass = bypass;
    s->replace = replace;
    s->timeout = constant(m, timeout_us);
    if (ask == TM_MB_ASK_BLOCK_OUTGOING)
        s->duration = constant(m, duration_us);
    m->allowed_padding_packets = m->allowed_blocked_us = UINT64_MAX;
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_OK);
    return m;
}

/* The server holds what it sends for 100 ms after its first packet leaves: the second one, and with it the next request. */
static void a_block_holds_up_what_waits_for_it(void)
{
    struct tm_mb_machine *m = once(TM_MB_ASK_BLOCK_OUTGOING, false, false, 0, 100000);
    const struct tm_mb_machine *list[] = {m};
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    cfg.server = (struct tm_mbsim_end_cfg){.machines = list, .n_machines = 1};
    run(page, &cfg, &log, &counts);
    CHECK_INT(seen(&log, 1)->t_ns, 30 * MS);
    CHECK_INT(seen(&log, 2)->t_ns, 130 * MS); /* blocked from 20 to 120 ms at the server */
    CHECK_INT(seen(&log, 3)->t_ns, 135 * MS);
    CHECK_INT(seen(&log, 4)->t_ns, 165 * MS);
    tm_mbsim_log_deinit(&log);
    tm_mb_machine_free(m);
}

/* A block of the server from 20 to 120 ms, padding at 50 ms.  What the client receives by then: its first packet alone, and what the padding is. */
static void padding_of(bool block_bypass, bool bypass, bool replace, int64_t want_ns,
                       bool want_padding, uint64_t want_replaced)
{
    struct tm_mb_machine *block = once(TM_MB_ASK_BLOCK_OUTGOING, block_bypass, false, 0, 100000);
    struct tm_mb_machine *pad = once(TM_MB_ASK_SEND_PADDING, bypass, replace, 30000, 0);
    const struct tm_mb_machine *list[] = {block, pad};
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    cfg.server = (struct tm_mbsim_end_cfg){.machines = list, .n_machines = 2};
    run(page, &cfg, &log, &counts);
    CHECK_INT(seen(&log, 2)->t_ns, want_ns);
    CHECK_INT(seen(&log, 2)->is_padding, want_padding);
    CHECK_INT(counts.n_replaced, want_replaced);
    tm_mbsim_log_deinit(&log);
    tm_mb_machine_free(block);
    tm_mb_machine_free(pad);
}

static void padding_behind_a_block_is_as_the_contract_says(void)
{
    padding_of(false, false, false, 130 * MS, false, 0); /* queued behind the packet */
    padding_of(false, true, true, 130 * MS, false, 1);   /* dropped */
    padding_of(false, true, false, 130 * MS, false, 0);  /* queued */
    padding_of(true, true, false, 60 * MS, true, 0);     /* passes */
    padding_of(true, true, true, 60 * MS, false, 1);     /* the packet goes in its place */
    padding_of(true, false, true, 130 * MS, false, 1);   /* dropped */
}

static size_t n_arrived_by(const struct tm_mbsim_log *log, int64_t t_ns)
{
    size_t n = 0;
    for (size_t i = 0; i < log->n; i++)
        n += log->events[i].is_client && log->events[i].kind == TM_MB_TUNNEL_RECV &&
             log->events[i].t_ns <= t_ns;
    return n;
}

/* Thirty packets in one millisecond: ten, then what the window has become, a round trip later. */
static void a_window_lets_an_answer_go_in_rounds(void)
{
    char text[2000] = "0,s,100\n";
    for (unsigned k = 0; k < 30; k++)
        (void)sprintf(text + strlen(text), "%u,r,1448\n", 20000000 + 30000 * k);
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    run(text, &cfg, &log, &counts);
    CHECK_INT(n_arrived_by(&log, 21 * MS), 30);
    tm_mbsim_log_deinit(&log);
    cfg.has_window = true;
    run(text, &cfg, &log, &counts);
    CHECK_INT(n_arrived_by(&log, 39 * MS), 10);
    CHECK_INT(n_arrived_by(&log, 41 * MS), 30);
    tm_mbsim_log_deinit(&log);
}

/* Forty of padding on the first packet that arrives: they take the window that the answer needs. */
static void padding_takes_its_part_of_the_window(void)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    struct tm_mb_state *s = NULL;
    const struct tm_mb_dist soon = {.kind = TM_MB_UNIFORM, .of.uniform = {1, 1}};
    const struct tm_mb_dist forty = {.kind = TM_MB_UNIFORM, .of.uniform = {40, 40}};
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_NORMAL_RECV, 1, 1), TM_OK);
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    s->ask = TM_MB_ASK_SEND_PADDING;
    CHECK_INT(tm_mb_build_dist(m, &soon, &s->timeout), TM_OK);
    CHECK_INT(tm_mb_build_dist(m, &forty, &s->limit), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_PADDING_SENT, 1, 1), TM_OK);
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    cfg.server.machines = (const struct tm_mb_machine *const *)&m;
    cfg.server.n_machines = 1;
    cfg.size_bytes = 1448;
    run("0,s,100\n22000000,r,1448\n", &cfg, &log, &counts);
    CHECK_INT(log.events[log.n - 1].t_ns, 22 * MS);
    tm_mbsim_log_deinit(&log);
    cfg.has_window = true;
    run("0,s,100\n22000000,r,1448\n", &cfg, &log, &counts);
    CHECK(log.events[log.n - 1].t_ns > 39 * MS);
    tm_mbsim_log_deinit(&log);
    tm_mb_machine_free(m);
}

static void an_end_that_slept_hears_all_that_came_meanwhile(void)
{
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    cfg.wake_ns = 2 * MS;
    run(page, &cfg, &log, &counts);
    CHECK_INT(seen(&log, 1)->t_ns, 34 * MS); /* 2 ms at the server, and 2 here */
    CHECK_INT(seen(&log, 2)->t_ns, 34 * MS);
    CHECK_INT(seen(&log, 3)->t_ns, 39 * MS);
    tm_mbsim_log_deinit(&log);
}

static void the_tail_goes_on_after_the_last_packet(void)
{
    struct tm_mb_machine *m = once(TM_MB_ASK_SEND_PADDING, false, false, 500000, 0);
    const struct tm_mb_machine *list[] = {m};
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_log log;
    cfg.client = (struct tm_mbsim_end_cfg){.machines = list, .n_machines = 1};
    run(page, &cfg, &log, &counts);
    CHECK_INT(count(&log, true, TM_MB_TUNNEL_SENT, true), 0);
    tm_mbsim_log_deinit(&log);
    cfg.tail_ns = 1000 * MS;
    run(page, &cfg, &log, &counts);
    CHECK_INT(count(&log, true, TM_MB_TUNNEL_SENT, true), 1);
    CHECK_INT(count(&log, false, TM_MB_TUNNEL_RECV, true), 1);
    tm_mbsim_log_deinit(&log);
    tm_mb_machine_free(m);
}

static void the_trip_is_guessed_from_the_first_answer(void)
{
    struct tm_mbsim_trace t = {.n = 0};
    CHECK_INT(tm_mbsim_trace_parse(&t, page, strlen(page), NULL), TM_OK);
    CHECK_INT(tm_mbsim_script_guess_trip_ns(&t), 15 * MS);
    t.n = 1;
    CHECK_INT(tm_mbsim_script_guess_trip_ns(&t), 0);
    tm_mbsim_trace_deinit(&t);
}

static void a_path_out_of_range_is_refused(void)
{
    struct tm_mbsim_trace t = {.n = 0};
    struct tm_mbsim_log log = {.n = 0};
    struct tm_mbsim_net_counts counts;
    struct tm_mbsim_net_cfg cfg = path(10 * MS);
    CHECK_INT(tm_mbsim_net(&log, &counts, &t, &cfg, NULL), TM_ERR_RANGE);
    CHECK_INT(tm_mbsim_trace_parse(&t, page, strlen(page), NULL), TM_OK);
    cfg.up.p_loss = 0.95;
    CHECK_INT(tm_mbsim_net(&log, &counts, &t, &cfg, NULL), TM_ERR_RANGE);
    cfg = path(-1);
    CHECK_INT(tm_mbsim_net(&log, &counts, &t, &cfg, NULL), TM_ERR_RANGE);
    cfg = path(1);
    cfg.down.rate_bps = 1;
    CHECK_INT(tm_mbsim_net(&log, &counts, &t, &cfg, NULL), TM_ERR_RANGE);
    cfg = path(1);
    cfg.size_bytes = 0;
    CHECK_INT(tm_mbsim_net(&log, &counts, &t, &cfg, NULL), TM_ERR_RANGE);
    tm_mbsim_trace_deinit(&t);
}

static const struct check_case cases[] = {
    {"without_machines_the_trace_comes_out", without_machines_the_trace_comes_out},
    {"a_longer_path_delays_each_round", a_longer_path_delays_each_round},
    {"a_bottleneck_spaces_packets", a_bottleneck_spaces_packets},
    {"a_full_queue_drops_and_packets_come_again", a_full_queue_drops_and_packets_come_again},
    {"lost_packets_come_again_until_all_are_there", lost_packets_come_again_until_all_are_there},
    {"jitter_keeps_the_order", jitter_keeps_the_order},
    {"the_same_seed_gives_the_same_run", the_same_seed_gives_the_same_run},
    {"a_block_holds_up_what_waits_for_it", a_block_holds_up_what_waits_for_it},
    {"padding_behind_a_block_is_as_the_contract_says",
     padding_behind_a_block_is_as_the_contract_says},
    {"the_tail_goes_on_after_the_last_packet", the_tail_goes_on_after_the_last_packet},
    {"a_window_lets_an_answer_go_in_rounds", a_window_lets_an_answer_go_in_rounds},
    {"padding_takes_its_part_of_the_window", padding_takes_its_part_of_the_window},
    {"an_end_that_slept_hears_all_that_came_meanwhile",
     an_end_that_slept_hears_all_that_came_meanwhile},
    {"the_trip_is_guessed_from_the_first_answer", the_trip_is_guessed_from_the_first_answer},
    {"a_path_out_of_range_is_refused", a_path_out_of_range_is_refused},
};

CHECK_MAIN("mbsim/net", cases)
