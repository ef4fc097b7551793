/* Rules of the framework one by one, on machines of a few states; traces_test.c replays whole runs. */
#include "models/maybenot/framework.h"

#include <math.h>
#include <string.h>

#include "models/maybenot/machine_build.h"
#include "test/support/check.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

enum { MACHINES_MAX = 3 };

struct scene {
    struct tm_mb_machine *machines[MACHINES_MAX];
    size_t n;
    struct tm_mb_framework *f;
    struct tm_mb_rng rng;
    struct tm_mb_action actions[MACHINES_MAX];
};

static struct tm_mb_machine *add_machine(struct scene *s)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    CHECK(m != NULL);
    s->machines[s->n++] = m;
    return m;
}

static struct tm_mb_state *add_state(struct tm_mb_machine *m)
{
    struct tm_mb_state *s = NULL;
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    return s;
}

static uint32_t constant(struct tm_mb_machine *m, double value)
{
    struct tm_mb_dist d = {.kind = TM_MB_UNIFORM};
    uint32_t index = TM_MB_NO_DIST;
    d.of.uniform.low = d.of.uniform.high = value;
    CHECK_INT(tm_mb_build_dist(m, &d, &index), TM_OK);
    return index;
}

/* For sure. */
static void edge(struct tm_mb_machine *m, enum tm_mb_event_kind e, uint32_t to)
{
    CHECK_INT(tm_mb_build_edge(m, e, to, 1), TM_OK);
}

static struct tm_mb_state *add_padding(struct tm_mb_machine *m, double timeout_us)
{
    struct tm_mb_state *s = add_state(m);
    s->ask = TM_MB_ASK_SEND_PADDING;
    s->timeout = constant(m, timeout_us);
    return s;
}

static void start(struct scene *s, double padding_frac, double blocking_frac)
{
    const struct tm_mb_framework_cfg cfg = {.max_padding_frac = padding_frac,
                                            .max_blocking_frac = blocking_frac};
    const struct tm_mb_machine *machines[MACHINES_MAX];
    for (size_t i = 0; i < s->n; i++) {
        CHECK_INT(tm_mb_machine_validate(s->machines[i], NULL), TM_OK);
        machines[i] = s->machines[i];
    }
    tm_mb_rng_init_xoshiro(&s->rng, 1);
    CHECK_INT(tm_mb_framework_new(&s->f, machines, s->n, &cfg, &s->rng, 0), TM_OK);
}

static size_t step(struct scene *s, enum tm_mb_event_kind kind, uint32_t machine, int64_t now_ns)
{
    const struct tm_mb_event e = {.kind = kind, .machine = machine};
    return tm_mb_framework_step(s->f, &e, 1, now_ns, s->actions);
}

static void stop(struct scene *s)
{
    tm_mb_framework_free(s->f);
    for (size_t i = 0; i < s->n; i++)
        tm_mb_machine_free(s->machines[i]);
}

static void an_event_leads_to_an_action(void)
{
    struct scene s = {.n = 0};
    struct tm_mb_machine *m = add_machine(&s);
    (void)add_state(m);
    edge(m, TM_MB_NORMAL_SENT, 1);
    struct tm_mb_state *pad = add_padding(m, 2.5);
    pad->bypass = true;
    edge(m, TM_MB_PADDING_SENT, TM_MB_STATE_END);
    start(&s, 0, 0);
    CHECK_INT(step(&s, TM_MB_NORMAL_RECV, 0, 0), 0);
    CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 1);
    CHECK_INT(s.actions[0].ask, TM_MB_ASK_SEND_PADDING);
    CHECK_INT(s.actions[0].timeout_us, 3); /* rounded half away from zero */
    CHECK(s.actions[0].bypass && !s.actions[0].replace);
    CHECK(!tm_mb_framework_has_ended(s.f));
    CHECK_INT(step(&s, TM_MB_PADDING_SENT, 0, 0), 0);
    CHECK(tm_mb_framework_has_ended(s.f));
    CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 0);
    stop(&s);
}

static void durations_are_a_day_at_most(void)
{
    struct scene s = {.n = 0};
    struct tm_mb_machine *m = add_machine(&s);
    struct tm_mb_state *block = add_state(m);
    block->ask = TM_MB_ASK_BLOCK_OUTGOING;
    block->timeout = constant(m, 1e300);
    block->duration = constant(m, 86400000000.4);
    edge(m, TM_MB_NORMAL_SENT, 0);
    start(&s, 0, 0);
    CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 1);
    CHECK_INT(s.actions[0].timeout_us, TM_MB_GAP_MAX_US);
    CHECK_INT(s.actions[0].duration_us, TM_MB_GAP_MAX_US);
    stop(&s);
}

/* One in four of what was sent: machine's own fraction, or the framework's. */
static void padding_is_held_by_the_fraction(void)
{
    for (int is_own = 0; is_own < 2; is_own++) {
        struct scene s = {.n = 0};
        struct tm_mb_machine *m = add_machine(&s);
        uint64_t n_padding = 0;
        m->max_padding_frac = is_own ? 0.25 : 0;
        m->allowed_padding_packets = 5;
        (void)add_padding(m, 0);
        edge(m, TM_MB_NORMAL_SENT, 0);
        edge(m, TM_MB_PADDING_SENT, 0);
        start(&s, is_own ? 0 : 0.25, 0);
        for (int i = 0; i < 1000; i++)
            for (size_t n = step(&s, TM_MB_NORMAL_SENT, 0, 0); n > 0; n_padding++) {
                n = step(&s, TM_MB_PADDING_SENT, 0, 0);
                CHECK(n_padding < 10000);
                if (n_padding >= 10000)
                    break;
            }
        CHECK(n_padding >= 333 && n_padding <= 334);
        stop(&s);
    }
}

/* A machine that asks for padding at every padding has no end by itself: the fraction is what ends it. */
static void a_zero_timeout_loop_ends_at_the_fraction(void)
{
    struct scene s = {.n = 0};
    struct tm_mb_machine *m = add_machine(&s);
    m->allowed_padding_packets = 100;
    (void)add_padding(m, 0);
    edge(m, TM_MB_NORMAL_SENT, 0);
    edge(m, TM_MB_PADDING_SENT, 0);
    start(&s, 0.5, 0);
    size_t n = step(&s, TM_MB_NORMAL_SENT, 0, 0), rounds = 0;
    while (n > 0 && rounds < 1000) {
        n = step(&s, TM_MB_PADDING_SENT, 0, 0);
        rounds++;
    }
    CHECK_INT(rounds, 100);
    stop(&s);
}

static void a_limit_counts_actions_down_and_fires_once_it_is_reached(void)
{
    struct scene s = {.n = 0};
    struct tm_mb_machine *m = add_machine(&s);
    (void)add_state(m);
    edge(m, TM_MB_NORMAL_SENT, 1);
    struct tm_mb_state *pad = add_padding(m, 0);
    pad->limit = constant(m, 2);
    edge(m, TM_MB_NORMAL_SENT, 1);
    edge(m, TM_MB_LIMIT_REACHED, 0);
    start(&s, 0, 0);
    CHECK_INT(tm_mb_framework_runtime(s.f, 0)->limit, 0); /* the first state has no action */
    CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 1);
    CHECK_INT(tm_mb_framework_runtime(s.f, 0)->limit, 2);
    CHECK_INT(step(&s, TM_MB_PADDING_SENT, 0, 0), 0);
    CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 1);
    CHECK_INT(tm_mb_framework_runtime(s.f, 0)->limit, 1);
    CHECK_INT(step(&s, TM_MB_PADDING_SENT, 0, 0), 0);
    CHECK_INT(tm_mb_framework_runtime(s.f, 0)->state, 0);
    CHECK(tm_mb_framework_runtime(s.f, 0)->limit == UINT64_MAX); /* entered, not started in */
    stop(&s);
}

/* Counter A is set to 2 and counted down; at zero the machine moves on. */
static void a_counter_that_becomes_zero_moves_the_machine(void)
{
    struct scene s = {.n = 0};
    struct tm_mb_machine *m = add_machine(&s);
    struct tm_mb_state *set = add_state(m);
    set->counter[0].op = TM_MB_COUNTER_SET;
    set->counter[0].dist = constant(m, 2.9); /* cut off */
    edge(m, TM_MB_NORMAL_RECV, 0);
    edge(m, TM_MB_NORMAL_SENT, 1);
    struct tm_mb_state *down = add_state(m);
    down->counter[0].op = TM_MB_COUNTER_DECREMENT;
    edge(m, TM_MB_NORMAL_SENT, 1);
    edge(m, TM_MB_COUNTER_ZERO, 2);
    (void)add_padding(m, 7);
    start(&s, 0, 0);
    CHECK_INT(step(&s, TM_MB_NORMAL_RECV, 0, 0), 0);
    CHECK_INT(tm_mb_framework_runtime(s.f, 0)->counter[0], 2);
    CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 0);
    CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 1);
    CHECK_INT(tm_mb_framework_runtime(s.f, 0)->state, 2);
    CHECK_INT(s.actions[0].timeout_us, 7);
    stop(&s);
}

static void counters_are_copied_from_their_old_values_and_saturate(void)
{
    struct scene s = {.n = 0};
    struct tm_mb_machine *m = add_machine(&s);
    struct tm_mb_state *set = add_state(m);
    set->counter[0].op = TM_MB_COUNTER_SET;
    set->counter[0].dist = constant(m, 1e30);
    set->counter[1].op = TM_MB_COUNTER_INCREMENT;
    edge(m, TM_MB_NORMAL_RECV, 0);
    edge(m, TM_MB_NORMAL_SENT, 1);
    struct tm_mb_state *swap = add_state(m);
    swap->counter[0].op = swap->counter[1].op = TM_MB_COUNTER_SET;
    swap->counter[0].is_copy = swap->counter[1].is_copy = true;
    edge(m, TM_MB_NORMAL_RECV, 2);
    struct tm_mb_state *more = add_state(m);
    more->counter[1].op = TM_MB_COUNTER_INCREMENT;
    start(&s, 0, 0);
    (void)step(&s, TM_MB_NORMAL_RECV, 0, 0);
    (void)step(&s, TM_MB_NORMAL_SENT, 0, 0);
    CHECK_INT(tm_mb_framework_runtime(s.f, 0)->counter[0], 1);
    CHECK(tm_mb_framework_runtime(s.f, 0)->counter[1] == UINT64_MAX);
    (void)step(&s, TM_MB_NORMAL_RECV, 0, 0);
    CHECK(tm_mb_framework_runtime(s.f, 0)->counter[1] == UINT64_MAX);
    stop(&s);
}

/* Machine 0 signals at NormalSent; 1 and 2 pad at a signal. */
static void a_signal_reaches_the_other_machines(void)
{
    struct scene s = {.n = 0};
    for (int i = 0; i < 3; i++) {
        struct tm_mb_machine *m = add_machine(&s);
        (void)add_state(m);
        if (i == 0)
            edge(m, TM_MB_NORMAL_SENT, TM_MB_STATE_SIGNAL);
        edge(m, TM_MB_SIGNAL, 1);
        (void)add_padding(m, i);
    }
    start(&s, 0, 0);
    CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 2);
    CHECK_INT(s.actions[0].machine, 1);
    CHECK_INT(s.actions[1].machine, 2);
    CHECK_INT(s.actions[1].timeout_us, 2);
    CHECK(!tm_mb_framework_totals(s.f).is_signal_pending);
    /* Twice in one call reaches machine 0 as well. */
    const struct tm_mb_event twice[] = {{.kind = TM_MB_NORMAL_SENT}, {.kind = TM_MB_NORMAL_SENT}};
    CHECK_INT(tm_mb_framework_step(s.f, twice, 2, 0, s.actions), 1);
    CHECK_INT(s.actions[0].machine, 0);
    stop(&s);
}

/* Blocks for a tenth of the time at most, once 1 ms of blocking is used up. */
static void blocking_is_held_by_the_fraction(void)
{
    for (int is_own = 0; is_own < 2; is_own++) {
        struct scene s = {.n = 0};
        struct tm_mb_machine *m = add_machine(&s);
        m->allowed_blocked_us = 1000;
        m->max_blocking_frac = is_own ? 0.1 : 0;
        struct tm_mb_state *block = add_state(m);
        block->ask = TM_MB_ASK_BLOCK_OUTGOING;
        block->timeout = constant(m, 0);
        block->duration = constant(m, 5);
        edge(m, TM_MB_NORMAL_SENT, 0);
        start(&s, 0, is_own ? 0 : 0.1);
        CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 0), 1);
        CHECK_INT(step(&s, TM_MB_BLOCKING_BEGIN, 0, 10 * MS), 0);
        CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 11 * MS - 1), 1); /* not yet 1 ms */
        CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 11 * MS), 1);     /* 1 of 11 ms */
        CHECK_INT(step(&s, TM_MB_BLOCKING_END, 0, 12 * MS), 0);
        CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 20 * MS), 0); /* 2 of 20 ms: at the fraction */
        CHECK_INT(step(&s, TM_MB_NORMAL_SENT, 0, 21 * MS), 1);
        CHECK_INT(tm_mb_framework_totals(s.f).blocked_ns, 2 * MS);
        stop(&s);
    }
}

static void strange_events_and_times_are_harmless(void)
{
    struct scene s = {.n = 0};
    struct tm_mb_machine *m = add_machine(&s);
    (void)add_padding(m, 0);
    edge(m, TM_MB_TIMER_END, 0);
    start(&s, 0, 0);
    CHECK_INT(step(&s, TM_MB_TIMER_END, 7, 0), 0);
    CHECK_INT(step(&s, TM_MB_TIMER_BEGIN, UINT32_MAX, 0), 0);
    CHECK_INT(step(&s, TM_MB_PADDING_SENT, 1, 0), 0);
    CHECK_INT(tm_mb_framework_totals(s.f).padding_sent, 1); /* counted all the same */
    CHECK_INT(tm_mb_framework_runtime(s.f, 0)->padding_sent, 0);
    CHECK_INT(step(&s, TM_MB_SIGNAL, 0, 0), 0);
    CHECK_INT(step(&s, TM_MB_EVENT_KINDS, 0, 0), 0);
    CHECK_INT(step(&s, TM_MB_BLOCKING_BEGIN, 9, INT64_MAX), 0);
    CHECK_INT(step(&s, TM_MB_BLOCKING_END, 9, INT64_MIN), 0);
    CHECK_INT(tm_mb_framework_totals(s.f).blocked_ns, 0);
    CHECK_INT(tm_mb_framework_step(s.f, NULL, 0, 5 * S, s.actions), 0);
    stop(&s);
}

static void fractions_that_are_none_are_refused(void)
{
    static const double bad[] = {-0.1, 1.1, NAN, INFINITY};
    struct tm_mb_framework *f = NULL;
    struct tm_mb_rng rng;
    tm_mb_rng_init_xoshiro(&rng, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct tm_mb_framework_cfg a = {.max_padding_frac = bad[i]};
        const struct tm_mb_framework_cfg b = {.max_blocking_frac = bad[i]};
        CHECK_INT(tm_mb_framework_new(&f, NULL, 0, &a, &rng, 0), TM_ERR_RANGE);
        CHECK_INT(tm_mb_framework_new(&f, NULL, 0, &b, &rng, 0), TM_ERR_RANGE);
        CHECK(f == NULL);
    }
    const struct tm_mb_framework_cfg good = {.max_padding_frac = 1};
    CHECK_INT(tm_mb_framework_new(&f, NULL, TM_MB_MACHINES_MAX + 1, &good, &rng, 0), TM_ERR_RANGE);
    CHECK_INT(tm_mb_framework_new(&f, NULL, 0, &good, &rng, 0), TM_OK);
    CHECK_INT(tm_mb_framework_machines(f), 0);
    CHECK(tm_mb_framework_has_ended(f));
    tm_mb_framework_free(f);
}

static const struct check_case cases[] = {
    {"an_event_leads_to_an_action", an_event_leads_to_an_action},
    {"durations_are_a_day_at_most", durations_are_a_day_at_most},
    {"padding_is_held_by_the_fraction", padding_is_held_by_the_fraction},
    {"a_zero_timeout_loop_ends_at_the_fraction", a_zero_timeout_loop_ends_at_the_fraction},
    {"a_limit_counts_actions_down_and_fires_once_it_is_reached",
     a_limit_counts_actions_down_and_fires_once_it_is_reached},
    {"a_counter_that_becomes_zero_moves_the_machine",
     a_counter_that_becomes_zero_moves_the_machine},
    {"counters_are_copied_from_their_old_values_and_saturate",
     counters_are_copied_from_their_old_values_and_saturate},
    {"a_signal_reaches_the_other_machines", a_signal_reaches_the_other_machines},
    {"blocking_is_held_by_the_fraction", blocking_is_held_by_the_fraction},
    {"strange_events_and_times_are_harmless", strange_events_and_times_are_harmless},
    {"fractions_that_are_none_are_refused", fractions_that_are_none_are_refused},
};

CHECK_MAIN("maybenot/framework", cases)
