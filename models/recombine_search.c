/* Who the nearest partner is: a few neighbours of each cut in the sorted orders, and some spread over its key. */
#include "models/recombine_impl.h"

#define NEAR    12U /* neighbours of a cut in each order, each way */
#define FAR     8U  /* spread over the cuts of its key */
#define FAR_MAX (FAR * TM_MIX_TRIES)
#define SETTLED 24U /* added for a partner that needs no more crossing */

#define CUT_MASK ((1U << TM_MIX_CUT_BITS) - 1)

struct search {
    const struct tm_mix *m;
    const struct tm_mix_cut *a;
    uint32_t cut;
    struct tm_mix_choice best;
    uint32_t list[TM_MIX_ORDERS * 2 * NEAR + FAR_MAX], n; /* to be looked at */
};

/* Whether these two cuts may change tails: a plan must hold what comes of it, and neither seam may join what one parent had
 * together, or is owned by one; nothing would be gained. */
static bool is_apt(const struct tm_mix_cut *a, const struct tm_mix_cut *b)
{
    return a->owner_before != b->owner_next && b->owner_before != a->owner_next &&
           a->n_before + b->n_left <= TM_PLAN_WRITES_MAX &&
           b->n_before + a->n_left <= TM_PLAN_WRITES_MAX;
}

static bool are_rows(const struct tm_mix *m, const struct tm_mix_cut *a, const struct tm_mix_cut *b)
{
    return !m->rows.is_on || (tm_mix_is_row(m, a, b) && tm_mix_is_row(m, b, a));
}

static void consider(struct search *s, uint32_t other)
{
    const struct tm_mix *m = s->m;
    const struct tm_mix_cut *b = &m->cut[other];
    if (b->key != s->a->key || m->status[b->child] & TM_MIX_TAKEN)
        return;
    uint32_t d = tm_mix_distance(s->a, b) + (m->status[b->child] & TM_MIX_SETTLED ? SETTLED : 0);
    if (d >= s->best.distance || !is_apt(s->a, b))
        return;
    d += tm_mix_distance_more(m, s->cut, other);
    if (d < s->best.distance && !tm_mix_would_be_copy(m, s->a, b) &&
        !tm_mix_would_be_copy(m, b, s->a) && are_rows(m, s->a, b))
        s->best = (struct tm_mix_choice){s->cut, other, d};
}

/* The first in the range that is not below, or its end. */
static uint32_t find(const struct tm_mix_order *o, struct tm_mix_range r, uint64_t rank)
{
    uint32_t low = r.from;
    for (uint32_t n = r.to - r.from; n > 0;) {
        uint32_t half = n / 2;
        bool is_below = o->sorted[low + half] < rank;
        low = is_below ? low + half + 1 : low;
        n = is_below ? n - half - 1 : half;
    }
    return low;
}

/* To be looked at, when it has come from memory. */
static void note(struct search *s, uint64_t rank)
{
    uint32_t cut = (uint32_t)rank & CUT_MASK;
    __builtin_prefetch(&s->m->cut[cut]);
    s->list[s->n++] = cut;
}

static void search_near(struct search *s, const struct tm_mix_order *o, struct tm_mix_range r)
{
    uint32_t here = find(o, r, o->rank[s->cut]);
    uint32_t from = here - r.from > NEAR ? here - NEAR : r.from;
    uint32_t to = r.to - here > NEAR ? here + NEAR : r.to;
    for (uint32_t i = from; i < to; i++)
        note(s, o->sorted[i]);
}

static void search_far(struct search *s, const struct tm_mix_order *o, struct tm_mix_range r,
                       uint32_t luck, uint32_t n_far)
{
    uint32_t n = r.to - r.from;
    if (n <= 2 * NEAR)
        return;
    for (uint32_t k = 0; k < n_far; k++) {
        uint32_t at = (uint32_t)(((uint64_t)k * n + (uint64_t)luck * n / FAR) / n_far);
        note(s, o->sorted[r.from + at % n]);
    }
}

struct tm_mix_choice tm_mix_search(struct tm_mix *m, uint32_t cut, uint32_t n_cuts, uint32_t limit)
{
    struct search s = {.m = m, .best = {.distance = limit}};
    for (uint32_t k = 0; k < n_cuts; k++) {
        s.cut = cut + k;
        s.a = &m->cut[cut + k];
        s.n = 0;
        struct tm_mix_range r = m->range[s.a->key];
        if (r.from == r.to)
            continue;
        /* Of a small key, one order shows all. */
        for (unsigned kind = r.to - r.from <= NEAR ? 1 : TM_MIX_ORDERS; kind-- > 0;)
            search_near(&s, &m->order[kind], r);
        search_far(&s, &m->order[TM_MIX_BY_LEFT], r, tm_mix_below(m, FAR), FAR_MAX / n_cuts);
        for (uint32_t i = 0; i < s.n; i++)
            consider(&s, s.list[i]);
    }
    return s.best;
}
