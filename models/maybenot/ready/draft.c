#include "models/maybenot/ready/draft.h"

struct draft draft_begin(void)
{
    struct draft d = {.m = tm_mb_machine_new()};
    d.rc = d.m ? TM_OK : TM_ERR_NOMEM;
    if (d.m)
        d.m->allowed_padding_packets = d.m->allowed_blocked_us = UINT64_MAX;
    return d;
}

int draft_end(struct draft *d, struct tm_mb_ready *out, struct tm_msg *msg)
{
    TM_ASSERT(out->n < TM_MB_READY_MAX);
    if (d->rc == TM_OK)
        d->rc = tm_mb_machine_validate(d->m, msg);
    if (d->rc == TM_OK)
        out->machines[out->n++] = d->m;
    else
        tm_mb_machine_free(d->m);
    return d->rc;
}

void tm_mb_ready_free(struct tm_mb_ready *r)
{
    for (size_t i = 0; i < r->n; i++)
        tm_mb_machine_free(r->machines[i]);
    r->n = 0;
}

static struct tm_mb_state *last(struct draft *d)
{
    return d->rc == TM_OK ? &d->m->states[d->m->n_states - 1] : NULL;
}

static uint32_t dist(struct draft *d, const struct tm_mb_dist *of)
{
    uint32_t index = TM_MB_NO_DIST;
    if (of && d->rc == TM_OK)
        d->rc = tm_mb_build_dist(d->m, of, &index);
    return index;
}

void draft_state(struct draft *d)
{
    struct tm_mb_state *s;
    if (d->rc == TM_OK)
        d->rc = tm_mb_build_state(d->m, &s);
}

void draft_edge(struct draft *d, enum tm_mb_event_kind e, uint32_t to)
{
    if (d->rc == TM_OK)
        d->rc = tm_mb_build_edge(d->m, e, to, 1);
}

static struct tm_mb_state *act(struct draft *d, enum tm_mb_ask ask, unsigned flags)
{
    struct tm_mb_state *s = last(d);
    if (!s)
        return NULL;
    s->ask = ask;
    s->bypass = flags & DRAFT_BYPASS;
    s->replace = flags & DRAFT_REPLACE;
    return s;
}

void draft_pad(struct draft *d, unsigned flags, const struct tm_mb_dist *timeout,
               const struct tm_mb_dist *limit)
{
    const uint32_t t = dist(d, timeout), l = dist(d, limit);
    struct tm_mb_state *s = act(d, TM_MB_ASK_SEND_PADDING, flags);
    if (s) {
        s->timeout = t;
        s->limit = l;
    }
}

void draft_block(struct draft *d, unsigned flags, double duration_us)
{
    const struct tm_mb_dist now = draft_constant(0), duration = draft_constant(duration_us);
    const uint32_t t = dist(d, &now), l = dist(d, &duration);
    struct tm_mb_state *s = act(d, TM_MB_ASK_BLOCK_OUTGOING, flags);
    if (s) {
        s->timeout = t;
        s->duration = l;
    }
}

void draft_timer(struct draft *d, double duration_us)
{
    const struct tm_mb_dist duration = draft_constant(duration_us);
    const uint32_t l = dist(d, &duration);
    struct tm_mb_state *s = act(d, TM_MB_ASK_UPDATE_TIMER, DRAFT_REPLACE);
    if (s)
        s->duration = l;
}

void draft_cancel(struct draft *d)
{
    struct tm_mb_state *s = act(d, TM_MB_ASK_CANCEL, 0);
    if (s)
        s->timer = TM_MB_TIMER_ALL;
}

void draft_count(struct draft *d, int counter, enum tm_mb_counter_op op,
                 const struct tm_mb_dist *by)
{
    const uint32_t index = dist(d, by);
    struct tm_mb_state *s = last(d);
    if (s)
        s->counter[counter] = (struct tm_mb_counter_update){.op = op, .dist = index};
}

void draft_subtract_other(struct draft *d)
{
    struct tm_mb_state *s = last(d);
    if (s)
        s->counter[0] = (struct tm_mb_counter_update){
            .op = TM_MB_COUNTER_DECREMENT, .is_copy = true, .dist = TM_MB_NO_DIST};
}

struct tm_mb_dist draft_constant(double x)
{
    return draft_uniform(x, x);
}

struct tm_mb_dist draft_uniform(double low, double high)
{
    return (struct tm_mb_dist){.kind = TM_MB_UNIFORM, .of.uniform = {.low = low, .high = high}};
}

int draft_check(const char *name, double x, double low, double high, struct tm_msg *msg)
{
    if (x >= low && x <= high)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_RANGE, "%s is %g, and must be from %g to %g", name, x, low, high);
}
