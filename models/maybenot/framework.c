#include "models/maybenot/framework.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)

enum signal_kind { SIGNAL_NONE, SIGNAL_FROM_ONE, SIGNAL_FROM_SEVERAL };

struct signal {
    enum signal_kind kind;
    size_t from; /* of SIGNAL_FROM_ONE: the machine that does not get it */
};

/* A machine and where it is.  Most events lead nowhere: what tells so stands together. */
struct run {
    uint16_t heard;  /* of the current state; 0 when the machine has ended */
    bool is_alive;   /* has not ended */
    bool is_limited; /* the current state has a limit */
    const struct tm_mb_machine *m;
    struct tm_mb_runtime at;
    struct tm_mb_action pending; /* of this call; ask NONE: nothing */
};

struct tm_mb_framework {
    struct tm_mb_framework_cfg cfg;
    struct tm_mb_rng *rng;
    int64_t start_ns, now_ns;
    uint64_t padding_sent, normal_sent;
    int64_t blocked_ns, blocking_since_ns;
    bool is_blocking;
    bool has_zeroed[2]; /* a counter A or B of any machine became zero in this call */
    bool has_asked;     /* some `pending` may be set */
    struct signal signal;
    size_t n_runs;
    struct run runs[];
};

/* What became of a transition: whether a limit still counts for the old state. */
enum change { UNCHANGED, CHANGED };

static inline enum change transition(struct tm_mb_framework *f, size_t i, enum tm_mb_event_kind e);

/* Two points of time; going back counts as 0. */
static int64_t elapsed_ns(int64_t from_ns, int64_t to_ns)
{
    int64_t gap_ns;
    if (to_ns <= from_ns)
        return 0;
    return __builtin_sub_overflow(to_ns, from_ns, &gap_ns) ? INT64_MAX : gap_ns;
}

static int64_t sum_ns(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* Seconds and the rest apart, as upstream divides durations: the last bit decides in the vectors. */
static double as_double(int64_t gap_ns)
{
    const int64_t whole_s = gap_ns / NS_PER_S, rest_ns = gap_ns % NS_PER_S;
    return (double)whole_s * (double)NS_PER_S + (double)rest_ns;
}

static uint64_t add_sat(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int64_t sample_gap_us(const struct tm_mb_framework *f, const struct tm_mb_machine *m,
                             uint32_t dist)
{
    const double x = tm_mb_dist_sample(&m->dists[dist], f->rng);
    return x < (double)TM_MB_GAP_MAX_US ? (int64_t)tm_mb_rounded(x) : TM_MB_GAP_MAX_US;
}

/* Quirk: a sampled limit may be 0; the state then schedules nothing, and its limit is reached at the first chance. */
static uint64_t sample_limit(const struct tm_mb_framework *f, const struct tm_mb_machine *m,
                             const struct tm_mb_state *s)
{
    if (s->limit == TM_MB_NO_DIST)
        return UINT64_MAX;
    return tm_mb_rounded(tm_mb_dist_sample(&m->dists[s->limit], f->rng));
}

static bool is_padding_allowed(const struct tm_mb_framework *f, const struct run *r)
{
    const double own = r->m->max_padding_frac, all = f->cfg.max_padding_frac;
    if (r->at.padding_sent < r->m->allowed_padding_packets)
        return r->at.limit > 0;
    /* Quirk: before anything was sent padding is allowed even when the limit is 0. */
    if (own > 0) {
        const uint64_t total = r->at.normal_sent + r->at.padding_sent;
        if (total == 0)
            return true;
        if ((double)r->at.padding_sent / (double)total >= own)
            return false;
    }
    if (all > 0) {
        const uint64_t total = f->normal_sent + f->padding_sent;
        if (total == 0)
            return true;
        if ((double)f->padding_sent / (double)total >= all)
            return false;
    }
    return r->at.limit > 0;
}

/* Quirk: all machines are charged for all blocking, whoever asked for it. */
static bool is_blocking_allowed(const struct tm_mb_framework *f, const struct run *r,
                                const struct tm_mb_state *s)
{
    if (s->replace && f->is_blocking) /* quirk: exempt from the fractions */
        return r->at.limit > 0;
    const int64_t ongoing_ns = f->is_blocking ? elapsed_ns(f->blocking_since_ns, f->now_ns) : 0;
    const int64_t own_ns = sum_ns(r->at.blocked_ns, ongoing_ns);
    const int64_t all_ns = sum_ns(f->blocked_ns, ongoing_ns);
    const double passed = as_double(elapsed_ns(f->start_ns, f->now_ns));
    if ((uint64_t)own_ns / 1000 < r->m->allowed_blocked_us)
        return r->at.limit > 0;
    /* 0 of 0 time is NaN, which is no reason to refuse. */
    if (r->m->max_blocking_frac > 0 && as_double(own_ns) / passed >= r->m->max_blocking_frac)
        return false;
    if (f->cfg.max_blocking_frac > 0 && as_double(all_ns) / passed >= f->cfg.max_blocking_frac)
        return false;
    return r->at.limit > 0;
}

/* May state `s`, just entered, schedule its action? */
static bool is_below_limits(const struct tm_mb_framework *f, const struct run *r,
                            const struct tm_mb_state *s)
{
    switch (s->ask) {
    case TM_MB_ASK_CANCEL:
        return true;
    case TM_MB_ASK_SEND_PADDING:
        return is_padding_allowed(f, r);
    case TM_MB_ASK_BLOCK_OUTGOING:
        return is_blocking_allowed(f, r, s);
    case TM_MB_ASK_UPDATE_TIMER:
        return r->at.limit > 0;
    case TM_MB_ASK_NONE:
    case TM_MB_ASKS:
        break;
    }
    return false;
}

/* An earlier action of the same call is overwritten.  (A state without action comes never here and leaves it: quirk.) */
static void schedule(struct tm_mb_framework *f, size_t i, const struct tm_mb_state *s)
{
    struct run *r = &f->runs[i];
    struct tm_mb_action a = {.ask = s->ask, .machine = (uint32_t)i};
    a.timer = s->timer;
    a.bypass = s->bypass;
    a.replace = s->replace;
    if (s->timeout != TM_MB_NO_DIST)
        a.timeout_us = sample_gap_us(f, r->m, s->timeout);
    if (s->duration != TM_MB_NO_DIST)
        a.duration_us = sample_gap_us(f, r->m, s->duration);
    r->pending = a;
    f->has_asked = true;
}

/* By how much counter `c` changes; `other` is the other counter's old value. */
static uint64_t counter_change(const struct tm_mb_framework *f, const struct tm_mb_machine *m,
                               const struct tm_mb_counter_update *u, uint64_t other)
{
    if (u->is_copy)
        return other;
    if (u->dist == TM_MB_NO_DIST)
        return 1;
    return tm_mb_whole(
        tm_mb_dist_sample(&m->dists[u->dist], f->rng)); /* quirk: cut off, not rounded */
}

static uint64_t counter_after(enum tm_mb_counter_op op, uint64_t value, uint64_t change)
{
    switch (op) {
    case TM_MB_COUNTER_INCREMENT:
        return add_sat(value, change);
    case TM_MB_COUNTER_DECREMENT:
        return value > change ? value - change : 0;
    case TM_MB_COUNTER_SET:
        return change;
    case TM_MB_COUNTER_KEEP:
    case TM_MB_COUNTER_OPS:
        break;
    }
    return value;
}

/* Updates machine i's counters as state `s` says, and raises CounterZero once when one became zero, by Set as well.
 * *change: whether that led to another state.  Returns whether `s` may still schedule its action.
 * Quirks: each letter fires once per call, over all machines and events; and an action that an earlier event of the call
 * scheduled keeps `s` from scheduling its own when a counter fired. */
static bool update_counters(struct tm_mb_framework *f, size_t i, const struct tm_mb_state *s,
                            enum change *change)
{
    struct run *r = &f->runs[i];
    const uint64_t old[2] = {r->at.counter[0], r->at.counter[1]};
    bool has_fired = false;
    *change = UNCHANGED;
    for (int c = 0; c < 2; c++) {
        const struct tm_mb_counter_update *u = &s->counter[c];
        if (u->op == TM_MB_COUNTER_KEEP)
            continue;
        const uint64_t by = counter_change(f, r->m, u, old[1 - c]);
        r->at.counter[c] = counter_after(u->op, old[c], by);
        if (old[c] != 0 && r->at.counter[c] == 0 && !f->has_zeroed[c]) {
            f->has_zeroed[c] = true;
            has_fired = true;
        }
    }
    if (!has_fired)
        return true;
    *change = transition(f, i, TM_MB_COUNTER_ZERO);
    return r->pending.ask == TM_MB_ASK_NONE;
}

/* Quirk: two signals, even of one machine, reach everybody, that one included. */
static void raise_signal(struct tm_mb_framework *f, size_t i)
{
    if (f->signal.kind == SIGNAL_NONE)
        f->signal = (struct signal){.kind = SIGNAL_FROM_ONE, .from = i};
    else
        f->signal.kind = SIGNAL_FROM_SEVERAL;
}

/* Draws where event `e`, which the state hears, leads; false: nowhere.  Quirk: one number is drawn for any list, also when its
 * only target is certain. */
static bool draw_target(struct tm_mb_framework *f, const struct run *r, enum tm_mb_event_kind e,
                        uint32_t *to)
{
    const struct tm_mb_state *s = &r->m->states[r->at.state];
    const uint32_t end = s->first_edge[e + 1];
    uint32_t k = s->first_edge[e];
    const float chance = tm_mb_rng_chance(f->rng);
    float sum = 0;
    for (; k < end; k++) {
        sum += r->m->edges[k].p;
        if (chance < sum) {
            *to = r->m->edges[k].to;
            return true;
        }
    }
    return false;
}

static void be_in(struct run *r, uint32_t state)
{
    r->at.state = state;
    r->is_alive = state != TM_MB_STATE_END;
    r->heard = r->is_alive ? r->m->states[state].heard : 0;
    r->is_limited = r->is_alive && r->m->states[state].limit != TM_MB_NO_DIST;
}

static enum change enter(struct tm_mb_framework *f, size_t i, uint32_t to)
{
    struct run *r = &f->runs[i];
    const struct tm_mb_state *s = &r->m->states[to];
    const uint32_t from = r->at.state;
    if (to != from) {
        be_in(r, to);
        r->at.limit = sample_limit(f, r->m, s);
    }
    const bool is_below =
        is_below_limits(f, r, s); /* quirk: before CounterZero may lead elsewhere */
    enum change change = UNCHANGED;
    bool may_schedule = true;
    if (s->counter[0].op != TM_MB_COUNTER_KEEP || s->counter[1].op != TM_MB_COUNTER_KEEP)
        may_schedule = update_counters(f, i, s, &change);
    if (may_schedule && is_below)
        schedule(f, i, s);
    /* r->at.state may have changed again by CounterZero; out and back counts as a change. */
    return r->at.state == from && change == UNCHANGED ? UNCHANGED : CHANGED;
}

/* At most two levels deep: CounterZero fires once for each counter in a call. */
static enum change follow(struct tm_mb_framework *f, size_t i, enum tm_mb_event_kind e)
{
    struct run *r = &f->runs[i];
    uint32_t to;
    if (!draw_target(f, r, e, &to))
        return UNCHANGED;
    if (to == TM_MB_STATE_END) { /* what it asked for before stays */
        be_in(r, TM_MB_STATE_END);
        return CHANGED;
    }
    if (to == TM_MB_STATE_SIGNAL) {
        raise_signal(f, i);
        return UNCHANGED;
    }
    return enter(f, i, to);
}

static inline enum change transition(struct tm_mb_framework *f, size_t i, enum tm_mb_event_kind e)
{
    return f->runs[i].heard >> e & 1 ? follow(f, i, e) : UNCHANGED;
}

/* One action of machine i's state was carried out if `is_done`.  Quirk: LimitReached comes again with every further one. */
static inline void count_down(struct tm_mb_framework *f, size_t i, bool is_done)
{
    struct run *r = &f->runs[i];
    r->at.limit -= is_done & r->is_alive & (r->at.limit > 0);
    if (is_done & r->is_limited & (r->at.limit == 0)) {
        r->pending.ask = TM_MB_ASK_NONE;
        (void)transition(f, i, TM_MB_LIMIT_REACHED);
    }
}

enum {
    OF_ONE = 1,  /* only the machine whose action it was hears it */
    IS_DONE = 2, /* an action of that machine was carried out */
    INSIDE = 4,  /* raised here, never reported */
};

static const uint8_t traits[TM_MB_EVENT_KINDS] = {
    [TM_MB_PADDING_SENT] = OF_ONE | IS_DONE,
    [TM_MB_BLOCKING_BEGIN] = IS_DONE,
    [TM_MB_TIMER_BEGIN] = OF_ONE | IS_DONE,
    [TM_MB_TIMER_END] = OF_ONE,
    [TM_MB_LIMIT_REACHED] = INSIDE,
    [TM_MB_COUNTER_ZERO] = INSIDE,
    [TM_MB_SIGNAL] = INSIDE,
};

/* Blocking that goes on keeps its beginning. */
static void blocking_begin(struct tm_mb_framework *f)
{
    if (f->is_blocking)
        return;
    f->is_blocking = true;
    f->blocking_since_ns = f->now_ns;
}

static void blocking_end(struct tm_mb_framework *f)
{
    const int64_t gap_ns = f->is_blocking ? elapsed_ns(f->blocking_since_ns, f->now_ns) : 0;
    f->blocked_ns = sum_ns(f->blocked_ns, gap_ns);
    f->is_blocking = false;
    for (size_t i = 0; i < f->n_runs; i++)
        f->runs[i].at.blocked_ns = sum_ns(f->runs[i].at.blocked_ns, gap_ns);
}

/* Kinds come in any order, so that nothing here should depend on guessing them: counting is done by adding 0 or 1.
 * Quirk: padding is counted for the framework even when there is no such machine. */
static inline __attribute__((always_inline)) void feed(struct tm_mb_framework *f,
                                                       const struct tm_mb_event *event)
{
    const enum tm_mb_event_kind e = event->kind;
    if ((unsigned)e >= TM_MB_EVENT_KINDS || traits[e] & INSIDE)
        return;
    const bool is_normal = e == TM_MB_NORMAL_SENT, is_padding = e == TM_MB_PADDING_SENT;
    f->normal_sent += is_normal;
    f->padding_sent += is_padding;
    if (e == TM_MB_BLOCKING_BEGIN)
        blocking_begin(f);
    else if (e == TM_MB_BLOCKING_END)
        blocking_end(f);
    const bool is_of_one = traits[e] & OF_ONE;
    const bool is_done = traits[e] & IS_DONE;
    const size_t by = event->machine;
    const size_t end = is_of_one && by < f->n_runs ? by + 1 : f->n_runs;
    for (size_t i = is_of_one ? by : 0; i < end; i++) {
        f->runs[i].at.normal_sent += is_normal;
        f->runs[i].at.padding_sent += is_padding;
        if (transition(f, i, e) == UNCHANGED)
            count_down(f, i, is_done & (i == by));
    }
}

void tm_mb_framework_feed(struct tm_mb_framework *f, const struct tm_mb_event *event)
{
    feed(f, event);
}

/* Hands the call's signals over.  Quirks: one that is raised in answer reaches the machine that was left out, once, and no one
 * else; what that machine then raises stays for the end of the next call. */
static void deliver_signals(struct tm_mb_framework *f)
{
    const struct signal s = f->signal;
    f->signal.kind = SIGNAL_NONE;
    for (size_t i = 0; i < f->n_runs; i++)
        if (s.kind == SIGNAL_FROM_SEVERAL || i != s.from)
            (void)transition(f, i, TM_MB_SIGNAL);
    const bool is_answered = f->signal.kind != SIGNAL_NONE;
    f->signal.kind = SIGNAL_NONE;
    if (is_answered && s.kind == SIGNAL_FROM_ONE)
        (void)transition(f, s.from, TM_MB_SIGNAL);
}

void tm_mb_framework_begin(struct tm_mb_framework *f, int64_t now_ns)
{
    if (now_ns > f->now_ns)
        f->now_ns = now_ns;
    f->has_zeroed[0] = f->has_zeroed[1] = false;
    if (!f->has_asked)
        return;
    f->has_asked = false;
    for (size_t i = 0; i < f->n_runs; i++)
        f->runs[i].pending.ask = TM_MB_ASK_NONE;
}

static size_t hand_out(struct tm_mb_framework *f, struct tm_mb_action *actions)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n_runs; i++)
        if (f->runs[i].pending.ask != TM_MB_ASK_NONE)
            actions[n++] = f->runs[i].pending;
    return n;
}

size_t tm_mb_framework_end(struct tm_mb_framework *f, struct tm_mb_action *actions)
{
    if (f->signal.kind != SIGNAL_NONE)
        deliver_signals(f);
    return f->has_asked ? hand_out(f, actions) : 0;
}

size_t tm_mb_framework_step(struct tm_mb_framework *f, const struct tm_mb_event *events,
                            size_t n_events, int64_t now_ns, struct tm_mb_action *actions)
{
    tm_mb_framework_begin(f, now_ns);
    for (size_t k = 0; k < n_events; k++)
        feed(f, &events[k]);
    return tm_mb_framework_end(f, actions);
}

int tm_mb_framework_new(struct tm_mb_framework **out, const struct tm_mb_machine *const *machines,
                        size_t n_machines, const struct tm_mb_framework_cfg *cfg,
                        struct tm_mb_rng *rng, int64_t now_ns)
{
    *out = NULL;
    if (!(cfg->max_padding_frac >= 0 && cfg->max_padding_frac <= 1) ||
        !(cfg->max_blocking_frac >= 0 && cfg->max_blocking_frac <= 1) ||
        n_machines > TM_MB_MACHINES_MAX)
        return TM_ERR_RANGE;
    struct tm_mb_framework *f = calloc(1, sizeof *f + n_machines * sizeof f->runs[0]);
    if (!f)
        return TM_ERR_NOMEM;
    f->cfg = *cfg;
    f->rng = rng;
    f->start_ns = f->now_ns = now_ns;
    f->n_runs = n_machines;
    for (size_t i = 0; i < n_machines; i++) {
        struct run *r = &f->runs[i];
        r->m = machines[i];
        be_in(r, 0);
        /* Quirk: the limit is 0 when the first state has no action, but without limit when it is entered later. */
        if (r->m->states[0].ask != TM_MB_ASK_NONE)
            r->at.limit = sample_limit(f, r->m, &r->m->states[0]);
    }
    *out = f;
    return TM_OK;
}

void tm_mb_framework_free(struct tm_mb_framework *f)
{
    free(f);
}

size_t tm_mb_framework_machines(const struct tm_mb_framework *f)
{
    return f->n_runs;
}

bool tm_mb_framework_has_ended(const struct tm_mb_framework *f)
{
    for (size_t i = 0; i < f->n_runs; i++)
        if (f->runs[i].at.state != TM_MB_STATE_END)
            return false;
    return true;
}

const struct tm_mb_runtime *tm_mb_framework_runtime(const struct tm_mb_framework *f, size_t i)
{
    TM_ASSERT(i < f->n_runs);
    return &f->runs[i].at;
}

struct tm_mb_totals tm_mb_framework_totals(const struct tm_mb_framework *f)
{
    return (struct tm_mb_totals){
        .padding_sent = f->padding_sent,
        .normal_sent = f->normal_sent,
        .blocked_ns = f->blocked_ns,
        .is_blocking = f->is_blocking,
        .is_signal_pending = f->signal.kind != SIGNAL_NONE,
    };
}
