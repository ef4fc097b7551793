#include "tm/core/padder.h"

#include <stdlib.h>

#include "models/maybenot/limiter.h"
#include "tm/base/time.h"

#define NS_PER_US 1000

/* The timers of one machine. */
struct timers {
    struct tm_mb_action action; /* pending, while action_us is not TM_NEVER */
    int64_t action_us;
    int64_t internal_us;
    bool has_begun; /* TimerBegin is to be told */
};

/* Cells of both kinds. */
struct cells {
    uint32_t normal, padding;
};

struct tm_padder {
    struct tm_mb_set set;
    struct tm_mb_framework *f; /* NULL: no machines */
    struct tm_mb_rng rng;
    struct tm_mb_limiter limiter;
    struct timers timers[TM_MB_SET_MAX];
    struct tm_mb_action asked[TM_MB_SET_MAX]; /* by the last step */
    int64_t block_us;                         /* when blocking ends; TM_NEVER: none */
    bool is_bypassable;
    struct cells held, free;
    bool was_normal; /* the last cell that was taken */
    int64_t told_us; /* time of the last report */
    struct tm_padder_counts counts;
};

int tm_padder_new(struct tm_padder **out)
{
    struct tm_padder *p = calloc(1, sizeof *p);
    *out = p;
    if (!p)
        return TM_ERR_NOMEM;
    p->block_us = TM_NEVER;
    for (size_t i = 0; i < TM_MB_SET_MAX; i++)
        p->timers[i] = (struct timers){.action_us = TM_NEVER, .internal_us = TM_NEVER};
    return TM_OK;
}

void tm_padder_free(struct tm_padder *p)
{
    if (!p)
        return;
    tm_mb_framework_free(p->f);
    tm_mb_set_free(&p->set);
    tm_mb_rng_deinit(&p->rng);
    free(p);
}

int tm_padder_start(struct tm_padder *p, struct tm_mb_set *take_set,
                    const struct tm_mb_framework_cfg *cfg, const uint8_t seed[TM_SEED_LEN],
                    int64_t now_us)
{
    TM_ASSERT(p->f == NULL && p->set.n == 0);
    const struct tm_mb_machine *machines[TM_MB_SET_MAX];
    p->told_us = now_us;
    p->set = *take_set;
    *take_set = (struct tm_mb_set){0};
    for (size_t i = 0; i < p->set.n; i++)
        machines[i] = p->set.machine[i];
    tm_mb_rng_init(&p->rng, seed);
    tm_mb_limiter_init(&p->limiter, TM_PADDER_ACTIONS_PER_S, now_us * NS_PER_US);
    return tm_mb_framework_new(&p->f, machines, p->set.n, cfg, &p->rng, now_us * NS_PER_US);
}

static void obey(struct tm_padder *p, const struct tm_mb_action *a, int64_t now_us)
{
    struct timers *t = &p->timers[a->machine];
    switch (a->ask) {
    case TM_MB_ASK_CANCEL:
        if (a->timer != TM_MB_TIMER_INTERNAL)
            t->action_us = TM_NEVER;
        if (a->timer != TM_MB_TIMER_ACTION)
            t->internal_us = TM_NEVER;
        break;
    case TM_MB_ASK_SEND_PADDING:
    case TM_MB_ASK_BLOCK_OUTGOING:
        t->action = *a;
        t->action_us = tm_later_us(now_us, a->timeout_us);
        break;
    case TM_MB_ASK_UPDATE_TIMER: {
        int64_t until_us = tm_later_us(now_us, a->duration_us);
        if (!a->replace && until_us <= (t->internal_us == TM_NEVER ? now_us : t->internal_us))
            break;
        t->internal_us = until_us;
        t->has_begun = true;
        break;
    }
    case TM_MB_ASK_NONE:
    case TM_MB_ASKS:
        break;
    }
}

static void report(struct tm_padder *p, enum tm_mb_event_kind what, uint32_t machine,
                   int64_t now_us)
{
    const struct tm_mb_event ev = {what, machine};
    p->counts.event[what]++;
    p->told_us = tm_max_us(p->told_us, now_us);
    if (!p->f)
        return;
    size_t n = tm_mb_framework_step(p->f, &ev, 1, now_us * NS_PER_US, p->asked);
    n = tm_mb_limiter_pass(&p->limiter, n, now_us * NS_PER_US);
    for (size_t i = 0; i < n; i++)
        obey(p, &p->asked[i], now_us);
}

bool tm_padder_is_blocking(const struct tm_padder *p)
{
    return p->block_us != TM_NEVER;
}

void tm_padder_queue(struct tm_padder *p, uint32_t n, int64_t now_us)
{
    struct cells *to = tm_padder_is_blocking(p) ? &p->held : &p->free;
    for (uint32_t i = 0; i < n; i++) {
        to->normal++;
        report(p, TM_MB_NORMAL_SENT, 0, now_us);
    }
}

void tm_padder_tell(struct tm_padder *p, enum tm_mb_event_kind what, int64_t now_us)
{
    report(p, what, 0, now_us);
}

/* One held cell may leave, a normal one first. */
static void free_one(struct tm_padder *p)
{
    if (p->held.normal > 0) {
        p->held.normal--;
        p->free.normal++;
    } else if (p->held.padding > 0) {
        p->held.padding--;
        p->free.padding++;
    }
}

static void pad(struct tm_padder *p, const struct tm_mb_action *a, int64_t now_us)
{
    bool may_leave = !tm_padder_is_blocking(p) || (p->is_bypassable && a->bypass);
    uint32_t n_padding = p->held.padding + p->free.padding;
    bool waits = n_padding + p->held.normal + p->free.normal > 0;
    report(p, TM_MB_PADDING_SENT, a->machine, now_us);
    if (a->replace && waits) {
        p->counts.n_replaced++;
        if (may_leave)
            free_one(p);
    } else if (n_padding == TM_PADDER_QUEUE_MAX) {
        p->counts.n_dropped++;
    } else if (may_leave) {
        p->free.padding++;
    } else {
        p->held.padding++;
    }
}

static void end_block(struct tm_padder *p, int64_t now_us)
{
    p->block_us = TM_NEVER;
    p->free.normal += p->held.normal;
    p->free.padding += p->held.padding;
    p->held = (struct cells){0};
    report(p, TM_MB_BLOCKING_END, 0, now_us);
}

static void block(struct tm_padder *p, const struct tm_mb_action *a, int64_t now_us)
{
    int64_t until_us = tm_later_us(now_us, a->duration_us);
    if (!tm_padder_is_blocking(p) || a->replace || until_us > p->block_us) {
        p->block_us = until_us;
        p->is_bypassable = a->bypass;
    }
    report(p, TM_MB_BLOCKING_BEGIN, a->machine, now_us);
}

enum due { DUE_BEGUN, DUE_UNBLOCK, DUE_TIMER, DUE_ACTION, DUE_NONE };

/* What is due first, of equals as in this order, and of which machine. */
static enum due first_due(const struct tm_padder *p, uint32_t *machine, int64_t *due_us)
{
    enum due first = p->block_us == TM_NEVER ? DUE_NONE : DUE_UNBLOCK;
    *machine = 0;
    *due_us = p->block_us;
    for (uint32_t i = 0; i < p->set.n; i++) {
        const struct timers *t = &p->timers[i];
        const int64_t at_us[] = {[DUE_BEGUN] = t->has_begun ? INT64_MIN : TM_NEVER,
                                 [DUE_UNBLOCK] = TM_NEVER,
                                 [DUE_TIMER] = t->internal_us,
                                 [DUE_ACTION] = t->action_us};
        for (enum due k = DUE_BEGUN; k < DUE_NONE; k++) {
            if (at_us[k] < *due_us || (at_us[k] == *due_us && k < first && at_us[k] != TM_NEVER)) {
                first = k;
                *machine = i;
                *due_us = at_us[k];
            }
        }
    }
    return first;
}

static void act(struct tm_padder *p, uint32_t machine, int64_t now_us)
{
    const struct tm_mb_action a = p->timers[machine].action;
    p->timers[machine].action_us = TM_NEVER;
    if (a.ask == TM_MB_ASK_SEND_PADDING)
        pad(p, &a, now_us);
    else
        block(p, &a, now_us);
}

static bool run_one(struct tm_padder *p, int64_t now_us)
{
    uint32_t machine;
    int64_t due_us;
    enum due what = first_due(p, &machine, &due_us);
    if (due_us > now_us)
        return false;
    int64_t at_us = tm_max_us(due_us, p->told_us);
    if (at_us < now_us - TM_PADDER_LATE_US)
        at_us = now_us;
    switch (what) {
    case DUE_BEGUN:
        p->timers[machine].has_begun = false;
        report(p, TM_MB_TIMER_BEGIN, machine, at_us);
        break;
    case DUE_UNBLOCK:
        end_block(p, at_us);
        break;
    case DUE_TIMER:
        p->timers[machine].internal_us = TM_NEVER;
        report(p, TM_MB_TIMER_END, machine, at_us);
        break;
    case DUE_ACTION:
        act(p, machine, at_us);
        break;
    case DUE_NONE:
        return false;
    }
    return true;
}

void tm_padder_run(struct tm_padder *p, int64_t now_us)
{
    unsigned n = 0;
    while (n < TM_PADDER_ROUNDS && run_one(p, now_us))
        n++;
}

int64_t tm_padder_next_us(const struct tm_padder *p)
{
    uint32_t machine;
    int64_t due_us;
    (void)first_due(p, &machine, &due_us);
    return due_us;
}

/* The kinds take turns, so that neither starves the other. */
enum tm_cell tm_padder_ready(const struct tm_padder *p)
{
    if (p->free.normal > 0 && (p->free.padding == 0 || !p->was_normal))
        return TM_CELL_NORMAL;
    return p->free.padding > 0 ? TM_CELL_PADDING : TM_CELL_NONE;
}

void tm_padder_take(struct tm_padder *p)
{
    enum tm_cell cell = tm_padder_ready(p);
    TM_ASSERT(cell != TM_CELL_NONE);
    p->was_normal = cell == TM_CELL_NORMAL;
    if (p->was_normal) {
        p->free.normal--;
        p->counts.n_normal++;
    } else {
        p->free.padding--;
        p->counts.n_padding++;
    }
}

void tm_padder_drop(struct tm_padder *p)
{
    p->counts.n_dropped += p->held.padding + p->free.padding;
    p->held.padding = p->free.padding = 0;
}

void tm_padder_get_counts(const struct tm_padder *p, struct tm_padder_counts *out)
{
    *out = p->counts;
    out->queued_normal = p->held.normal + p->free.normal;
    out->queued_padding = p->held.padding + p->free.padding;
    out->n_refused = p->limiter.n_dropped;
    out->n_machines = (uint32_t)p->set.n;
    for (size_t i = 0; p->f && i < p->set.n; i++)
        out->n_ended += tm_mb_framework_runtime(p->f, i)->state == TM_MB_STATE_END;
}
