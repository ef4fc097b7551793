#include "tm/mbsim/queue.h"

#include "tm/base/time.h"

enum { RANK_TUNNEL_SENT, RANK_NORMAL_SENT, RANK_NONE = UINT8_MAX };

static const uint8_t ranks[TM_MB_EVENT_KINDS] = {
    [TM_MB_TUNNEL_SENT] = RANK_TUNNEL_SENT,
    [TM_MB_NORMAL_SENT] = RANK_NORMAL_SENT,
    [TM_MB_PADDING_SENT] = 2,
    [TM_MB_TUNNEL_RECV] = 3,
    [TM_MB_NORMAL_RECV] = 4,
    [TM_MB_PADDING_RECV] = 5,
    [TM_MB_BLOCKING_BEGIN] = 6,
    [TM_MB_BLOCKING_END] = 7,
    [TM_MB_TIMER_BEGIN] = 8,
    [TM_MB_TIMER_END] = 9,
};

static bool is_under_way(const struct tm_mbsim_event *e)
{
    return e->kind == TM_MB_TUNNEL_RECV || e->is_padding;
}

int tm_mbsim_queue_push(struct tm_mbsim_queue *q, struct tm_mbsim_event e)
{
    e.rank = ranks[e.kind];
    if (e.kind == TM_MB_TUNNEL_SENT)
        return tm_mbsim_heap_push(e.bypass ? &q->passing : &q->blocked, &e);
    int rc = tm_mbsim_heap_push(&q->inner, &e);
    if (rc == TM_OK)
        q->n_under_way += is_under_way(&e);
    return rc;
}

struct tm_mbsim_event tm_mbsim_queue_pop(struct tm_mbsim_queue *q, enum tm_mbsim_queue_kind from)
{
    struct tm_mbsim_event e;
    switch (from) {
    case TM_MBSIM_BLOCKED:
        return tm_mbsim_heap_pop(&q->blocked);
    case TM_MBSIM_PASSING:
        return tm_mbsim_heap_pop(&q->passing);
    case TM_MBSIM_INNER:
        e = tm_mbsim_heap_pop(&q->inner);
        q->n_under_way -= is_under_way(&e);
        return e;
    case TM_MBSIM_BASE:
        break;
    }
    return (struct tm_mbsim_event){.t_ns = q->base_ns[q->at_base++] + q->lag_ns,
                                   .kind = TM_MB_NORMAL_SENT,
                                   .rank = RANK_NORMAL_SENT};
}

static struct tm_mbsim_head top(const struct tm_mbsim_heap *h, enum tm_mbsim_queue_kind from)
{
    if (h->n == 0)
        return (struct tm_mbsim_head){.from = from, .t_ns = TM_NEVER, .rank = RANK_NONE};
    return (struct tm_mbsim_head){
        .from = from, .t_ns = h->e[0].t_ns, .rank = h->e[0].rank, .bypass = h->e[0].bypass};
}

/* Strictly; none is after all. */
static bool is_before(const struct tm_mbsim_head *a, const struct tm_mbsim_head *b)
{
    return a->t_ns != b->t_ns ? a->t_ns < b->t_ns : a->rank < b->rank;
}

/* The first of `base`, if it is not after `other`; else `other`. */
static struct tm_mbsim_head with_base(const struct tm_mbsim_queue *q, struct tm_mbsim_head other)
{
    if (q->at_base == q->n_base)
        return other;
    const struct tm_mbsim_head base = {.from = TM_MBSIM_BASE,
                                       .t_ns = q->base_ns[q->at_base] + q->lag_ns,
                                       .rank = RANK_NORMAL_SENT};
    return is_before(&other, &base) ? other : base;
}

struct tm_mbsim_head tm_mbsim_queue_head(const struct tm_mbsim_queue *q)
{
    struct tm_mbsim_head first = top(&q->passing, TM_MBSIM_PASSING);
    const struct tm_mbsim_head blocked = top(&q->blocked, TM_MBSIM_BLOCKED);
    const struct tm_mbsim_head inner = top(&q->inner, TM_MBSIM_INNER);
    if (is_before(&blocked, &first))
        first = blocked;
    if (is_before(&inner, &first))
        first = inner;
    return with_base(q, first);
}

struct tm_mbsim_head tm_mbsim_queue_held(const struct tm_mbsim_queue *q, bool is_bypassable)
{
    const struct tm_mbsim_head blocked = top(&q->blocked, TM_MBSIM_BLOCKED);
    if (is_bypassable)
        return blocked;
    const struct tm_mbsim_head passing = top(&q->passing, TM_MBSIM_PASSING);
    return is_before(&blocked, &passing) ? blocked : passing;
}

struct tm_mbsim_head tm_mbsim_queue_free(const struct tm_mbsim_queue *q, bool is_bypassable)
{
    const struct tm_mbsim_head first = with_base(q, top(&q->inner, TM_MBSIM_INNER));
    if (!is_bypassable)
        return first;
    const struct tm_mbsim_head passing = top(&q->passing, TM_MBSIM_PASSING);
    /* Quirk: the application's packet is compared without its lag. */
    struct tm_mbsim_head plain = first;
    if (first.from == TM_MBSIM_BASE)
        plain.t_ns -= q->lag_ns;
    return is_before(&passing, &plain) ? passing : first;
}

void tm_mbsim_queue_deinit(struct tm_mbsim_queue *q)
{
    tm_mbsim_heap_deinit(&q->blocked);
    tm_mbsim_heap_deinit(&q->passing);
    tm_mbsim_heap_deinit(&q->inner);
}
