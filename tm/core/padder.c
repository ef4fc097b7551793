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

struct tm_padder {
    struct tm_mb_set set;
    struct tm_mb_framework *f; /* NULL: no machines */
    struct tm_mb_rng rng;
    struct tm_mb_limiter limiter;
    struct timers timers[TM_MB_SET_MAX];
    struct tm_mb_action asked[TM_MB_SET_MAX]; /* by the last step */
    int64_t block_us;                         /* when blocking ends; TM_NEVER: none */
    bool is_bypassable;
    uint32_t n_pass_head;    /* queued cells that may pass the block */
    uint32_t n_pass_padding; /* of the queued padding: that may */
    bool was_normal;         /* the last cell that was taken */
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
    if (!p->f)
        return;
    size_t n = tm_mb_framework_step(p->f, &ev, 1, now_us * NS_PER_US, p->asked);
    n = tm_mb_limiter_pass(&p->limiter, n, now_us * NS_PER_US);
    for (size_t i = 0; i < n; i++)
        obey(p, &p->asked[i], now_us);
}

void tm_padder_queue(struct tm_padder *p, uint32_t n, int64_t now_us)
{
    for (uint32_t i = 0; i < n; i++) {
        p->counts.queued_normal++;
        report(p, TM_MB_NORMAL_SENT, 0, now_us);
    }
}

void tm_padder_tell(struct tm_padder *p, enum tm_mb_event_kind what, int64_t now_us)
{
    report(p, what, 0, now_us);
}

static bool is_blocking(const struct tm_padder *p)
{
    return p->block_us != TM_NEVER;
}

static void pad(struct tm_padder *p, const struct tm_mb_action *a, int64_t now_us)
{
    struct tm_padder_counts *n = &p->counts;
    uint32_t n_queued = n->queued_normal + n->queued_padding;
    bool waits = n_queued > 0;
    bool passes = is_blocking(p) && p->is_bypassable && a->bypass;
    report(p, TM_MB_PADDING_SENT, a->machine, now_us);
    if (a->replace && waits) {
        n->n_replaced++;
        p->n_pass_head += passes && p->n_pass_head + p->n_pass_padding < n_queued;
    } else if (n->queued_padding == TM_PADDER_QUEUE_MAX) {
        n->n_dropped++;
    } else {
        n->queued_padding++;
        p->n_pass_padding += passes;
    }
}

static void end_block(struct tm_padder *p, int64_t now_us)
{
    p->block_us = TM_NEVER;
    p->n_pass_head = 0;
    p->n_pass_padding = 0;
    report(p, TM_MB_BLOCKING_END, 0, now_us);
}

static void block(struct tm_padder *p, const struct tm_mb_action *a, int64_t now_us)
{
    int64_t until_us = tm_later_us(now_us, a->duration_us);
    if (!is_blocking(p) || a->replace || until_us > p->block_us) {
        p->block_us = until_us;
        p->is_bypassable = a->bypass;
    }
    report(p, TM_MB_BLOCKING_BEGIN, a->machine, now_us);
}

/* The most pressing thing that is due; false: none. */
static bool run_one(struct tm_padder *p, int64_t now_us)
{
    if (p->block_us <= now_us) {
        end_block(p, now_us);
        return true;
    }
    for (uint32_t i = 0; i < p->set.n; i++) {
        struct timers *t = &p->timers[i];
        if (t->has_begun) {
            t->has_begun = false;
            report(p, TM_MB_TIMER_BEGIN, i, now_us);
            return true;
        }
        if (t->internal_us <= now_us) {
            t->internal_us = TM_NEVER;
            report(p, TM_MB_TIMER_END, i, now_us);
            return true;
        }
    }
    uint32_t first = 0;
    for (uint32_t i = 1; i < p->set.n; i++)
        first = p->timers[i].action_us < p->timers[first].action_us ? i : first;
    if (p->timers[first].action_us > now_us)
        return false;
    const struct tm_mb_action a = p->timers[first].action;
    p->timers[first].action_us = TM_NEVER;
    if (a.ask == TM_MB_ASK_SEND_PADDING)
        pad(p, &a, now_us);
    else
        block(p, &a, now_us);
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
    int64_t us = p->block_us;
    for (uint32_t i = 0; i < p->set.n; i++) {
        const struct timers *t = &p->timers[i];
        us = t->has_begun ? INT64_MIN : us;
        us = tm_min_us(us, tm_min_us(t->action_us, t->internal_us));
    }
    return us;
}

enum tm_cell tm_padder_ready(const struct tm_padder *p)
{
    bool has_normal = p->counts.queued_normal > 0;
    bool has_padding = p->counts.queued_padding > 0;
    if (p->n_pass_padding > 0)
        return TM_CELL_PADDING;
    if (is_blocking(p) && p->n_pass_head == 0)
        return TM_CELL_NONE;
    if (has_normal && (!has_padding || !p->was_normal || is_blocking(p)))
        return TM_CELL_NORMAL;
    return has_padding ? TM_CELL_PADDING : TM_CELL_NONE;
}

void tm_padder_take(struct tm_padder *p)
{
    enum tm_cell cell = tm_padder_ready(p);
    TM_ASSERT(cell != TM_CELL_NONE);
    p->was_normal = cell == TM_CELL_NORMAL;
    if (p->n_pass_padding > 0)
        p->n_pass_padding--;
    else if (p->n_pass_head > 0)
        p->n_pass_head--;
    if (cell == TM_CELL_NORMAL) {
        p->counts.queued_normal--;
        p->counts.n_normal++;
    } else {
        p->counts.queued_padding--;
        p->counts.n_padding++;
    }
}

void tm_padder_get_counts(const struct tm_padder *p, struct tm_padder_counts *out)
{
    *out = p->counts;
    out->n_held = p->limiter.n_dropped;
    out->n_machines = p->set.n;
}
