/* Rounds of crossover.  In a round a child takes part at most once; who needs it most is not asked, the order is drawn.  A child
 * that is not yet mixed well enough tries cuts inside what its largest parent gave and takes the nearest partner that it finds. */
#include <stdlib.h>
#include <string.h>

#include "models/recombine_impl.h"

#define FEW        6U   /* of so few writes one parent may give half, whatever share_max says */
#define TRIES      16U  /* cuts of a child that are looked at in a round */
#define NEAR       24U  /* neighbours of a cut in the sorted order, each way */
#define FAR        24U  /* drawn from the cuts of its key */
#define LIKE_FIRST 48U  /* the distance allowed in the first round, */
#define LIKE_LAST  400U /* and in the last */
#define SETTLED    24U  /* added for a partner that needs no more crossing */
#define COARSE     4U   /* of so many rounds, one goes by direction alone (the last ones do so) */

static uint32_t below(struct tm_mix *m, uint32_t n)
{
    return (uint32_t)tm_rng_below(&m->rng, n);
}

static void shuffle(struct tm_mix *m, uint32_t *v, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t k = below(m, i), t = v[i - 1];
        v[i - 1] = v[k];
        v[k] = t;
    }
}

/* ---- whose it is ---- */

/* Counts the parents of a child's writes, of all or of those of rare sizes; how many writes that were.  The parents are in
 * `touched`. */
static uint32_t count(struct tm_mix *m, const struct tm_mix_child *c, bool is_all,
                      uint32_t *n_parents)
{
    uint32_t total = 0;
    *n_parents = 0;
    for (uint32_t at = c->first; at < c->first + c->n; at++) {
        uint32_t w = m->item[at], o = m->owner[w];
        if (!is_all && !m->is_rare[w])
            continue;
        if (m->tally[o] == 0)
            m->touched[(*n_parents)++] = o;
        m->tally[o]++;
        total++;
    }
    return total;
}

/* The parent that gave most of what was counted; forgets the counts. */
static uint32_t largest(struct tm_mix *m, struct tm_mix_child *c, uint32_t n_parents)
{
    uint32_t most = 0;
    for (uint32_t k = 0; k < n_parents; k++) {
        uint32_t o = m->touched[k];
        if (m->tally[o] > most) {
            most = m->tally[o];
            c->top = o;
        }
        m->tally[o] = 0;
    }
    return most;
}

static bool is_even(const struct tm_mix *m, uint32_t most, uint32_t total)
{
    return most <= (total < FEW ? (total + 1) / 2 : 0) || most * 100 <= total * m->cfg->share_max;
}

/* Who a child's writes come from.  One rare size is a value like any other; two and more of one parent are its trace. */
void tm_mix_take_stock(struct tm_mix *m, struct tm_mix_child *c)
{
    uint32_t n_some, total = count(m, c, true, &c->n_parents);
    uint32_t most = largest(m, c, c->n_parents), top = c->top;
    bool even = is_even(m, most, total);
    c->share = (uint32_t)((uint64_t)most * 1000 / total);
    c->n_rare = count(m, c, false, &n_some);
    most = largest(m, c, n_some);
    if (c->n_rare >= 2 && !is_even(m, most, c->n_rare))
        even = false;
    else
        c->top = top;
    if (c->n_rare >= 2 && most * (uint64_t)1000 > (uint64_t)c->share * c->n_rare)
        c->share = (uint32_t)((uint64_t)most * 1000 / c->n_rare);
    /* A child of few writes cannot have many parents, nor a smaller share than this of the largest. */
    uint32_t wanted = total < m->cfg->parents ? total : m->cfg->parents;
    c->is_copy = tm_mix_is_copy(m, c);
    c->is_single = c->is_copy || (c->n_rare > 0 && (c->n_parents < 2 || !even));
    c->is_mixed = c->n_parents >= wanted && even && !c->is_copy;
}

/* ---- partners ---- */

struct choice {
    uint32_t cut, partner_cut, distance;
};

/* Whether what is before cut a and what is after cut b are more than a plan holds. */
static bool is_too_long(const struct tm_mix *m, uint32_t a, uint32_t b)
{
    const struct tm_mix_child *c = &m->child[m->cut[a].child], *d = &m->child[m->cut[b].child];
    return a - c->first + (d->first + d->n - b) > TM_PLAN_WRITES_MAX;
}

/* Whether these two cuts may change tails, and how unlike they are. */
static void consider(const struct tm_mix *m, uint32_t at, uint32_t other, struct choice *best)
{
    const struct tm_mix_cut *a = &m->cut[at], *b = &m->cut[other];
    const struct tm_mix_child *c = &m->child[b->child];
    if (b->child == a->child || c->partner != b->child)
        return;
    if (is_too_long(m, at, other) || is_too_long(m, other, at))
        return;
    /* Neither seam may join what one parent had together, or is owned by one: nothing would be gained. */
    const uint32_t *owner = m->owner, *item = m->item;
    if (owner[item[at - 1]] == owner[item[other]] || owner[item[other - 1]] == owner[item[at]])
        return;
    uint32_t d = tm_mix_distance(m, at, other) + (c->is_mixed ? SETTLED : 0);
    if (d < best->distance && !tm_mix_would_be_copy(m, at, other) &&
        !tm_mix_would_be_copy(m, other, at))
        *best = (struct choice){at, other, d};
}

/* Those next to the cut in one order; where they end is left in low and high. */
static void search_near(const struct tm_mix *m, uint32_t at, enum tm_mix_order_kind kind,
                        struct choice *best, uint32_t *low, uint32_t *high)
{
    const struct tm_mix_order *o = &m->order[kind];
    uint32_t here = o->rank[at], key = m->cut[at].key;
    *low = *high = here;
    while (*low > 0 && here - *low < NEAR && m->cut[o->at[*low - 1]].key == key)
        consider(m, at, o->at[--*low], best);
    while (*high + 1 < m->n_order && *high - here < NEAR && m->cut[o->at[*high + 1]].key == key)
        consider(m, at, o->at[++*high], best);
}

/* Partners for one cut: near in the sorted orders, and drawn from its key's. */
static void search(struct tm_mix *m, uint32_t at, struct choice *best)
{
    uint32_t low, high, key = m->cut[at].key;
    search_near(m, at, TM_MIX_BY_CONTEXT, best, &low, &high);
    search_near(m, at, TM_MIX_BY_LEFT, best, &low, &high);
    const uint32_t *order = m->order[TM_MIX_BY_LEFT].at;
    /* Galloping to the key's ends: its cuts stand together. */
    for (uint32_t step = NEAR; step > 0;) {
        bool is_in = low >= step && m->cut[order[low - step]].key == key;
        low -= is_in ? step : 0;
        step = is_in ? step * 2 : step / 2;
    }
    for (uint32_t step = NEAR; step > 0;) {
        bool is_in = m->n_order - high > step && m->cut[order[high + step]].key == key;
        high += is_in ? step : 0;
        step = is_in ? step * 2 : step / 2;
    }
    for (uint32_t k = 0; k < FAR && high - low > 2 * NEAR; k++)
        consider(m, at, order[low + below(m, high - low + 1)], best);
}

/* A place to cut: inside what the largest parent gave, if one drawn is. */
static uint32_t place(struct tm_mix *m, const struct tm_mix_child *c)
{
    uint32_t at = tm_mix_cut_at(c, below(m, c->n_cuts));
    for (uint32_t k = 0; k < TRIES && c->share > 10 * m->cfg->share_max; k++) {
        if (m->owner[m->item[at]] == c->top || m->owner[m->item[at - 1]] == c->top)
            break;
        at = tm_mix_cut_at(c, below(m, c->n_cuts));
    }
    return at;
}

static uint32_t pair_up(struct tm_mix *m, uint32_t *line, uint32_t like)
{
    uint32_t n_pairs = 0;
    for (uint32_t i = 0; i < m->n; i++)
        m->child[i].partner = i;
    shuffle(m, line, m->n);
    for (uint32_t k = 0; k < m->n; k++) {
        struct tm_mix_child *c = &m->child[line[k]];
        struct choice best = {0, 0, like};
        if (c->partner != line[k] || c->n < 2 || c->is_mixed)
            continue;
        for (uint32_t t = 0; t < TRIES; t++)
            search(m, place(m, c), &best);
        if (best.distance == like)
            continue;
        uint32_t other = m->cut[best.partner_cut].child;
        c->partner = other;
        c->cut = best.cut;
        m->child[other].partner = line[k];
        m->child[other].cut = best.partner_cut;
        n_pairs++;
    }
    return n_pairs;
}

/* ---- crossing ---- */

static uint32_t copy_items(struct tm_mix *m, uint32_t to, uint32_t from, uint32_t end)
{
    memcpy(m->spare + to, m->item + from, (end - from) * sizeof *m->item);
    return to + (end - from);
}

/* Everybody's list anew, with the partner's tail where there is one. */
static void cross(struct tm_mix *m, struct tm_mix_child *next)
{
    uint32_t to = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_mix_child *c = &m->child[i], *p = &m->child[c->partner];
        bool is_crossed = c->partner != i;
        next[i] = *c;
        next[i].first = to;
        to = copy_items(m, to, c->first, is_crossed ? c->cut : c->first + c->n);
        if (is_crossed) {
            to = copy_items(m, to, p->cut, p->first + p->n);
            next[i].ending = p->ending;
        }
        next[i].n = to - next[i].first;
    }
    memcpy(m->child, next, m->n * sizeof *next);
    uint32_t *t = m->item;
    m->item = m->spare;
    m->spare = t;
    for (uint32_t i = 0; i < m->n; i++)
        tm_mix_take_stock(m, &m->child[i]);
}

static uint32_t count_unmixed(const struct tm_mix *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n; i++)
        n += !m->child[i].is_mixed;
    return n;
}

int tm_mix_rounds(struct tm_mix *m, uint32_t *n_rounds)
{
    uint32_t *line = calloc((size_t)m->n + 1, sizeof *line);
    struct tm_mix_child *next = calloc((size_t)m->n + 1, sizeof *next);
    uint32_t r = 0, max = m->cfg->rounds_max;
    int rc = line && next ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; rc == TM_OK && i < m->n; i++)
        line[i] = i;
    for (; rc == TM_OK && r < max && count_unmixed(m) > 0; r++) {
        uint32_t like = LIKE_FIRST + (LIKE_LAST - LIKE_FIRST) * r / max;
        tm_mix_cuts(m, r >= max - max / COARSE);
        if (pair_up(m, line, like) > 0)
            cross(m, next);
    }
    *n_rounds = r;
    free(line);
    free(next);
    return rc;
}
