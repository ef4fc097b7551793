/* Ready machines do what their papers say: played by the simulator, so that what is counted is what an observer would see. */
#include "models/maybenot/ready/ready.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/models/maybenot/vectors.h"
#include "tm/mbsim/net.h"
#include "tm/mbsim/trace.h"

#define MS INT64_C(1000000)

struct play {
    struct tm_mb_ready client, server;
    struct tm_mbsim_log log;
    struct tm_mbsim_net_counts counts;
};

static struct tm_mbsim_end_cfg end_of(const struct tm_mb_ready *r)
{
    return (struct tm_mbsim_end_cfg){.machines = (const struct tm_mb_machine *const *)r->machines,
                                     .n_machines = r->n};
}

/* Both ends' machines over a path of 10 ms, going on for tail_ns. */
static void play(struct play *p, const struct tm_mbsim_trace *trace, int64_t tail_ns, uint64_t seed)
{
    const struct tm_mbsim_net_cfg cfg = {.client = end_of(&p->client),
                                         .server = end_of(&p->server),
                                         .up = {.delay_ns = 10 * MS},
                                         .down = {.delay_ns = 10 * MS},
                                         .trip_ns = 10 * MS,
                                         .size_bytes = 500,
                                         .seed = seed,
                                         .max_steps = 2000000,
                                         .tail_ns = tail_ns};
    p->log = (struct tm_mbsim_log){.n = 0};
    CHECK_INT(tm_mbsim_net(&p->log, &p->counts, trace, &cfg, NULL), TM_OK);
    CHECK(!p->log.is_cut);
}

static void free_play(struct play *p)
{
    tm_mbsim_log_deinit(&p->log);
    tm_mb_ready_free(&p->client);
    tm_mb_ready_free(&p->server);
}

static bool leaves(const struct tm_mbsim_event *e, bool is_client)
{
    return e->kind == TM_MB_TUNNEL_SENT && e->is_client == is_client;
}

static size_t n_leaving(const struct tm_mbsim_log *l, bool is_client, bool is_padding)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += leaves(&l->events[i], is_client) && l->events[i].is_padding == is_padding;
    return n;
}

static void add(struct tm_mbsim_trace *t, int64_t t_ns, bool is_sent)
{
    const struct tm_mbsim_packet p = {.t_ns = t_ns, .is_sent = is_sent, .size_bytes = 500};
    CHECK_INT(tm_mbsim_trace_add(t, &p), TM_OK);
}

/* A request and n packets, one each gap_ns. */
static struct tm_mbsim_trace download(size_t n, int64_t gap_ns)
{
    struct tm_mbsim_trace t = {.n = 0};
    add(&t, 0, true);
    for (size_t i = 0; i < n; i++)
        add(&t, 30 * MS + (int64_t)i * gap_ns, false);
    return t;
}

static void front_spends_its_budget_as_rayleigh_says(void)
{
    struct tm_mbsim_trace t = download(3, MS);
    struct tm_mb_rng rng;
    const struct tm_mb_front_cfg cfg = {
        .budget = 5000, .window_min_s = 2, .window_max_s = 2, .n_states = 20};
    tm_mb_rng_init_xoshiro(&rng, 5);
    struct play p = {.client.n = 0};
    CHECK_INT(tm_mb_ready_front(&p.client, &cfg, &rng, NULL), TM_OK);
    tm_mb_rng_init_xoshiro(&rng, 5);
    const size_t budget = 1 + (size_t)(tm_mb_rng_fraction(&rng) * 5000);
    CHECK(budget > 500);
    play(&p, &t, 60000 * MS, 1);
    CHECK_INT(n_leaving(&p.log, true, true), budget);
    CHECK_INT(n_leaving(&p.log, false, true), 0);
    /* Half of it is sent within 2 s * sqrt(2 ln 2) = 2.355 s, a tenth within 0.918 s: +- 4 standard deviations of a share. */
    size_t n_half = 0, n_tenth = 0;
    for (size_t i = 0; i < p.log.n; i++)
        if (p.log.events[i].is_padding && leaves(&p.log.events[i], true)) {
            n_half += p.log.events[i].t_ns < 2355 * MS;
            n_tenth += p.log.events[i].t_ns < 918 * MS;
        }
    CHECK((double)n_half / (double)budget > 0.40 && (double)n_half / (double)budget < 0.60);
    CHECK((double)n_tenth / (double)budget > 0.05 && (double)n_tenth / (double)budget < 0.15);
    free_play(&p);
    tm_mbsim_trace_deinit(&t);
}

static void front_draws_another_budget_with_another_seed(void)
{
    struct tm_mb_ready a = {.n = 0}, b = {.n = 0};
    struct tm_mb_rng rng;
    tm_mb_rng_init_xoshiro(&rng, 1);
    CHECK_INT(tm_mb_ready_front(&a, &TM_MB_FRONT, &rng, NULL), TM_OK);
    CHECK_INT(tm_mb_ready_front(&b, &TM_MB_FRONT, &rng, NULL), TM_OK);
    CHECK(!same_machine(a.machines[0], b.machines[0]));
    tm_mb_ready_free(&a);
    tm_mb_ready_free(&b);
}

/* Packets leave at even times from the first one on, whatever there is to send, and end at a multiple of 100 slots. */
static void check_constant_rate(const struct tm_mbsim_log *l, bool is_client, int64_t gap_ns)
{
    int64_t last_ns = INT64_MIN, n = 0;
    bool is_even = true;
    for (size_t i = 0; i < l->n; i++) {
        if (!leaves(&l->events[i], is_client))
            continue;
        is_even = is_even && (n == 0 || l->events[i].t_ns - last_ns == gap_ns);
        last_ns = l->events[i].t_ns;
        n++;
    }
    CHECK(is_even);
    CHECK_INT(
        (n - is_client) % 100,
        0); /* the client's first packet began it; the server's block began on what it received */
    CHECK(n >= 200);
}

static void tamaraw_sends_at_a_constant_rate_and_ends_at_a_chunk(void)
{
    for (size_t n = 1; n < 1000; n = 7 * n + 10) {
        struct tm_mbsim_trace t = download(n, MS);
        struct play p = {.client.n = 0};
        CHECK_INT(tm_mb_ready_tamaraw(&p.client, &TM_MB_TAMARAW_CLIENT, NULL), TM_OK);
        CHECK_INT(tm_mb_ready_tamaraw(&p.server, &TM_MB_TAMARAW_SERVER, NULL), TM_OK);
        play(&p, &t, 60000 * MS, 1);
        check_constant_rate(&p.log, true, 40 * MS);
        check_constant_rate(&p.log, false, 12 * MS);
        CHECK_INT(n_leaving(&p.log, false, false), n);
        free_play(&p);
        tm_mbsim_trace_deinit(&t);
    }
}

/* How many packets the server sends from from_ns to to_ns. */
static size_t n_between(const struct tm_mbsim_log *l, int64_t from_ns, int64_t to_ns)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += leaves(&l->events[i], false) && l->events[i].t_ns >= from_ns &&
             l->events[i].t_ns < to_ns;
    return n;
}

static void make_regulator(struct play *p, uint32_t budget)
{
    struct tm_mb_regulator_cfg cfg = TM_MB_REGULATOR_HEAVY;
    cfg.budget = budget;
    CHECK_INT(tm_mb_ready_regulator_client(&p->client, &cfg, NULL), TM_OK);
    CHECK_INT(tm_mb_ready_regulator_server(&p->server, &cfg, NULL), TM_OK);
}

/* 277 * 0.94^t: 268 packets in the first second, 237 in the third, from the formula's integral. */
static void regulator_s_rate_decays(void)
{
    struct tm_mbsim_trace t = download(50, MS);
    struct play p = {.client.n = 0};
    make_regulator(&p, 10000000);
    play(&p, &t, 4000 * MS, 3);
    const size_t first = n_between(&p.log, 20 * MS, 1020 * MS);
    const size_t third = n_between(&p.log, 2020 * MS, 3020 * MS);
    CHECK(first >= 250 && first <= 285);
    CHECK(third >= 222 && third <= 252);
    CHECK_INT(n_leaving(&p.log, false, false), 50);
    /* One up for 3.95 down. */
    size_t n_up = n_leaving(&p.log, true, false) + n_leaving(&p.log, true, true), n_down = 0;
    for (size_t i = 0; i < p.log.n; i++)
        n_down += p.log.events[i].is_client && p.log.events[i].kind == TM_MB_TUNNEL_RECV;
    CHECK((double)n_down / (double)n_up > 3.6 && (double)n_down / (double)n_up < 4.3);
    free_play(&p);
    tm_mbsim_trace_deinit(&t);
}

/* 3,000 packets at once, 10 s after the beginning, when the rate is 149 a second: more than 3.55 times the rate wait, so it is 277 again. */
static void regulator_surges_when_too_many_wait(void)
{
    struct tm_mbsim_trace t = download(1, MS);
    struct play p = {.client.n = 0};
    for (size_t i = 0; i < 3000; i++)
        add(&t, 10000 * MS, false);
    make_regulator(&p, 10000000);
    play(&p, &t, 0, 3);
    const size_t before = n_between(&p.log, 8900 * MS, 9900 * MS);
    const size_t after = n_between(&p.log, 10100 * MS, 11100 * MS);
    CHECK(before > 140 && before < 175);
    CHECK(after > 250 && after < 290);
    free_play(&p);
    tm_mbsim_trace_deinit(&t);
}

static void regulator_ends_with_its_budget(void)
{
    struct tm_mbsim_trace t = download(20, MS);
    struct play p = {.client.n = 0};
    make_regulator(&p, 100);
    play(&p, &t, 60000 * MS, 3);
    CHECK(n_leaving(&p.log, false, true) <= 100);
    CHECK_INT(n_leaving(&p.log, false, false), 20);
    free_play(&p);
    tm_mbsim_trace_deinit(&t);
}

/* Uploads with nothing received: no packet waits for longer than the cap. */
static void regulator_s_client_lets_none_wait_too_long(void)
{
    struct tm_mbsim_trace t = {.n = 0};
    struct play p = {.client.n = 0};
    for (int64_t i = 0; i < 100; i++)
        add(&t, i * 100 * MS, true);
    make_regulator(&p, 10000000);
    tm_mb_ready_free(&p.server);
    play(&p, &t, 0, 3);
    int64_t i = 0, longest_ns = 0;
    for (size_t k = 0; k < p.log.n; k++)
        if (leaves(&p.log.events[k], true) && !p.log.events[k].is_padding) {
            const int64_t waited_ns = p.log.events[k].t_ns - i++ * 100 * MS;
            longest_ns = waited_ns > longest_ns ? waited_ns : longest_ns;
        }
    CHECK_INT(i, 100);
    CHECK_INT(longest_ns, 1770 * MS);
    free_play(&p);
    tm_mbsim_trace_deinit(&t);
}

static const struct tree *machine_named(const struct tree *all, const char *name)
{
    for (const struct tree *t = tree_at(all, 0); t; t = t->next)
        if (strcmp(tree_text(tree_member(t, "name")), name) == 0)
            return t;
    return NULL;
}

/* No random part: the machine of maybenot-machines. */
static void break_pad_is_the_known_machine(void)
{
    struct tree *all = tree_load(VECTORS "machines.json.gz");
    static const char *const names[] = {"break_pad_client #0", "break_pad_server #0"};
    for (int i = 0; i < 2; i++) {
        const char *text = tree_text(tree_member(machine_named(all, names[i]), "string"));
        struct tm_mb_machine *want = NULL;
        struct tm_mb_ready got = {.n = 0};
        CHECK_INT(i == 0 ? tm_mb_ready_break_pad_client(&got) : tm_mb_ready_break_pad_server(&got),
                  TM_OK);
        CHECK_INT(tm_mb_machine_parse(&want, text, strlen(text), NULL), TM_OK);
        CHECK(want && got.n == 1 && same_machine(got.machines[0], want));
        tm_mb_machine_free(want);
        tm_mb_ready_free(&got);
    }
    tree_free(all);
}

static void interspace_keeps_its_limits_whatever_is_drawn(void)
{
    struct tm_mbsim_trace t = download(300, 5 * MS);
    size_t n_all = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct play p = {.client.n = 0};
        struct tm_mb_rng rng;
        tm_mb_rng_init_xoshiro(&rng, seed);
        CHECK_INT(tm_mb_ready_interspace_client(&p.client, &rng), TM_OK);
        CHECK_INT(tm_mb_ready_interspace_server(&p.server, &rng), TM_OK);
        play(&p, &t, 0, seed);
        n_all += n_leaving(&p.log, false, true);
        CHECK(n_leaving(&p.log, false, true) <= 1501);
        free_play(&p);
    }
    CHECK(n_all > 1000);
    tm_mbsim_trace_deinit(&t);
}

static void machines_survive_their_strings(void)
{
    struct play p = {.client.n = 0};
    make_regulator(&p, 100);
    for (size_t i = 0; i < p.server.n; i++) {
        char *text = NULL;
        struct tm_mb_machine *again = NULL;
        CHECK_INT(tm_mb_machine_text(&text, p.server.machines[i]), TM_OK);
        CHECK_INT(tm_mb_machine_parse(&again, text, strlen(text), NULL), TM_OK);
        CHECK(same_machine(again, p.server.machines[i]));
        tm_mb_machine_free(again);
        free(text);
    }
    free_play(&p);
}

static void numbers_out_of_range_are_named(void)
{
    struct tm_mb_ready r = {.n = 0};
    struct tm_mb_rng rng;
    struct tm_msg msg = {""};
    struct tm_mb_front_cfg front = TM_MB_FRONT;
    struct tm_mb_tamaraw_cfg tamaraw = TM_MB_TAMARAW_CLIENT;
    struct tm_mb_regulator_cfg regulator = TM_MB_REGULATOR_HEAVY;
    tm_mb_rng_init_xoshiro(&rng, 1);
    front.budget = 0;
    CHECK_INT(tm_mb_ready_front(&r, &front, &rng, &msg), TM_ERR_RANGE);
    CHECK_STR(msg.text, "the budget is 0, and must be from 1 to 1e+06");
    tamaraw.interval_s = 0;
    CHECK_INT(tm_mb_ready_tamaraw(&r, &tamaraw, &msg), TM_ERR_RANGE);
    regulator.decay = 1;
    CHECK_INT(tm_mb_ready_regulator_server(&r, &regulator, &msg), TM_ERR_RANGE);
    CHECK_INT(tm_mb_ready_regulator_client(&r, &regulator, &msg), TM_ERR_RANGE);
    CHECK_INT(r.n, 0);
}

static const struct check_case cases[] = {
    {"front_spends_its_budget_as_rayleigh_says", front_spends_its_budget_as_rayleigh_says},
    {"front_draws_another_budget_with_another_seed", front_draws_another_budget_with_another_seed},
    {"tamaraw_sends_at_a_constant_rate_and_ends_at_a_chunk",
     tamaraw_sends_at_a_constant_rate_and_ends_at_a_chunk},
    {"regulator_s_rate_decays", regulator_s_rate_decays},
    {"regulator_surges_when_too_many_wait", regulator_surges_when_too_many_wait},
    {"regulator_ends_with_its_budget", regulator_ends_with_its_budget},
    {"regulator_s_client_lets_none_wait_too_long", regulator_s_client_lets_none_wait_too_long},
    {"break_pad_is_the_known_machine", break_pad_is_the_known_machine},
    {"interspace_keeps_its_limits_whatever_is_drawn",
     interspace_keeps_its_limits_whatever_is_drawn},
    {"machines_survive_their_strings", machines_survive_their_strings},
    {"numbers_out_of_range_are_named", numbers_out_of_range_are_named},
};

CHECK_MAIN("maybenot/ready", cases)
