/* Rounds of crossover.  In a round a child takes part at most once; who needs it most is not asked, the order is drawn.  A child
 * that is not yet mixed well enough tries cuts inside what its largest parent gave and takes the nearest partner that it finds.  One
 * that found none that is near enough waits until what is allowed has grown. */
#include <stdlib.h>
#include <string.h>

#include "models/recombine_impl.h"

#define FEW        6U   /* of so few writes one parent may give half, whatever share_max says */
#define LIKE_FIRST 48U  /* the distance allowed in the first round, */
#define LIKE_LAST  400U /* and in the last */
/* Of an input with welds, whose connections may come out as they are: */
#define WELDED_LIKE   90U /* the distance allowed at most, */
#define WELDED_ROUNDS 24U /* and the rounds; none goes by direction alone */
#define COARSE        4U  /* of so many rounds, one goes by direction alone (the last ones do so) */
#define WAIT          2U  /* rounds that a child waits that found no partner, at least, */
#define PATIENCE      8U  /* and at most */
#define STALE         2U  /* cuts are sorted anew when one child of so many was crossed since */

static void shuffle(struct tm_mix *m, uint32_t *v, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t k = tm_mix_below(m, i), t = v[i - 1];
        v[i - 1] = v[k];
        v[k] = t;
    }
}

/* ---- whose it is ---- */

/* Counts the parents of a child's writes, of all or of those of rare sizes; how many writes that were.  Writes that are welded to
 * each other count as one.  The parents are in `touched`. */
static uint32_t count(struct tm_mix *m, const struct tm_mix_child *c, bool is_all,
                      uint32_t *n_parents)
{
    uint32_t total = 0;
    *n_parents = 0;
    for (uint32_t at = c->first; at < c->first + c->n; at++) {
        const struct tm_mix_fact *f = &m->fact[m->item[at]];
        if (f->is_welded || (!is_all && !f->is_rare))
            continue;
        if (m->tally[f->owner] == 0)
            m->touched[(*n_parents)++] = f->owner;
        m->tally[f->owner]++;
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
    tm_mix_sum(m, c);
    c->share = (uint32_t)((uint64_t)most * 1000 / (total > 0 ? total : 1));
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
    c->is_copy = !m->rows.is_on && tm_mix_is_copy(m, c);
    /* What has welds is nobody's already, and may come out as it is. */
    c->is_single = !m->rows.is_on && (c->is_copy || (c->n_rare > 0 && (c->n_parents < 2 || !even)));
    c->is_mixed = c->n_parents >= wanted && even && !c->is_copy;
}

/* ---- pairs ---- */

/* Whether a cut there is inside what the largest parent gave, or beside it. */
static bool is_top(const struct tm_mix *m, const struct tm_mix_child *c, uint32_t place)
{
    const uint32_t *item = m->item + c->first;
    return m->fact[item[place]].owner == c->top || m->fact[item[place - 1]].owner == c->top;
}

/* A place to cut: where the largest parent gave too much, if one drawn is there. */
static uint32_t draw_place(struct tm_mix *m, const struct tm_mix_child *c, bool is_uneven)
{
    uint32_t place = 1 + tm_mix_below(m, c->n - 1);
    for (uint32_t k = 0; is_uneven && k < TM_MIX_TRIES && !is_top(m, c, place); k++)
        place = 1 + tm_mix_below(m, c->n - 1);
    return place;
}

/* Places to cut, ascending and each once: all of few, else some that are drawn. */
static uint32_t places(struct tm_mix *m, const struct tm_mix_child *c, uint32_t *place)
{
    bool is_uneven = c->share > 10 * m->cfg->share_max;
    uint32_t n = 0;
    for (uint32_t t = 0; t < TM_MIX_TRIES; t++) {
        uint32_t at = draw_place(m, c, is_uneven), k = n;
        while (k > 0 && place[k - 1] > at)
            k--;
        if (k > 0 && place[k - 1] == at)
            continue;
        memmove(place + k + 1, place + k, (n - k) * sizeof *place);
        place[k] = at;
        n++;
    }
    return n;
}

struct round {
    uint32_t number, max, like;
    uint32_t like_most, last, coarse_from;
    bool is_coarse;
};

/* The distance allowed so many rounds on. */
static uint32_t like_in(const struct round *r, uint32_t rounds)
{
    uint32_t like = LIKE_FIRST + (r->number + rounds) * (LIKE_LAST - LIKE_FIRST) / r->max;
    return like < r->like_most ? like : r->like_most;
}

/* When what was found may be near enough: what is allowed grows from round to round, and others change, too. */
static uint32_t again(const struct round *r, uint32_t distance)
{
    uint32_t wait = WAIT;
    while (wait < PATIENCE && like_in(r, wait) < distance - distance / 8)
        wait++;
    return r->number + wait;
}

/* Finds a child's partner for this round; whether there is one. */
static bool find_partner(struct tm_mix *m, uint32_t i, const struct round *r)
{
    struct tm_mix_child *c = &m->child[i];
    uint32_t place[TM_MIX_TRIES], n = places(m, c, place), cut = m->n * TM_MIX_CUTS;
    tm_mix_describe(m, i, cut, place, n, r->is_coarse);
    m->status[i] |= TM_MIX_TAKEN;
    struct tm_mix_choice best = tm_mix_search(m, cut, n, like_in(r, PATIENCE) * 8 / 7 + 1);
    if (best.distance >= r->like) {
        m->status[i] &= (uint8_t)~TM_MIX_TAKEN;
        c->again = again(r, best.distance);
        return false;
    }
    const struct tm_mix_cut *x = &m->cut[best.cut], *y = &m->cut[best.partner_cut];
    m->status[y->child] |= TM_MIX_TAKEN;
    c->partner = y->child;
    c->cut = x->n_before;
    m->child[y->child].partner = i;
    m->child[y->child].cut = y->n_before;
    return true;
}

/* Pairs those that need it; line[0..n-1]: one of each pair. */
static uint32_t pair_up(struct tm_mix *m, uint32_t *line, const struct round *r)
{
    uint32_t n = 0, n_pairs = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_mix_child *c = &m->child[i];
        m->status[i] = c->is_mixed ? TM_MIX_SETTLED : 0;
        if (!c->is_mixed && c->n >= 2 && c->again <= r->number)
            line[n++] = i;
    }
    shuffle(m, line, n);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = line[k];
        if (!(m->status[i] & TM_MIX_TAKEN) && find_partner(m, i, r))
            line[n_pairs++] = i;
    }
    return n_pairs;
}

/* ---- crossing ---- */

/* Lists of the children's writes, before they move. */
struct lists {
    const uint32_t *item;
    const uint16_t *said;
    const uint8_t *row;
};

static void copy_items(struct tm_mix *m, const struct lists *from, uint32_t at, uint32_t n)
{
    memcpy(m->item + m->n_used, from->item + at, n * sizeof *m->item);
    memcpy(m->said + m->n_used, from->said + at, n * sizeof *m->said);
    if (m->rows.is_on)
        memcpy(m->rows.at + m->n_used, from->row + at, n);
    m->n_used += n;
}

void tm_mix_tidy(struct tm_mix *m)
{
    uint32_t *item = m->item;
    uint16_t *said = m->said;
    uint8_t *row = m->rows.at;
    const struct lists from = {item, said, row};
    m->item = m->spare_item;
    m->said = m->spare_said;
    m->rows.at = m->rows.spare;
    m->n_used = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        uint32_t at = m->child[i].first;
        m->child[i].first = m->n_used;
        copy_items(m, &from, at, m->child[i].n);
    }
    m->spare_item = item;
    m->spare_said = said;
    m->rows.spare = row;
}

static struct tm_mix_child head_and_tail(struct tm_mix *m, const struct tm_mix_child *a,
                                         const struct tm_mix_child *b)
{
    const struct lists from = {m->item, m->said, m->rows.at};
    struct tm_mix_child c = *a;
    c.first = m->n_used;
    c.n = a->cut + b->n - b->cut;
    c.ending = b->ending;
    c.again = 0;
    copy_items(m, &from, a->first, a->cut);
    copy_items(m, &from, b->first + b->cut, b->n - b->cut);
    return c;
}

/* A child and its partner change tails. */
static void cross(struct tm_mix *m, uint32_t i, bool is_coarse)
{
    uint32_t pair[2] = {i, m->child[i].partner};
    struct tm_mix_child *a = &m->child[pair[0]], *b = &m->child[pair[1]];
    if (m->n_room - m->n_used < a->n + b->n)
        tm_mix_tidy(m);
    struct tm_mix_child first = head_and_tail(m, a, b), second = head_and_tail(m, b, a);
    *a = first;
    *b = second;
    for (int k = 0; k < 2; k++) {
        tm_mix_take_stock(m, &m->child[pair[k]]);
        if (m->rows.is_on)
            tm_mix_fill_row(m, &m->child[pair[k]]);
        tm_mix_cuts(m, pair[k], is_coarse);
    }
}

static uint32_t count_unmixed(const struct tm_mix *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n; i++)
        n += !m->child[i].is_mixed;
    return n;
}

/* What all begin with, and when the cuts become coarse. */
static void begin(struct tm_mix *m, bool is_coarse)
{
    for (uint32_t i = 0; i < m->n; i++) {
        m->child[i].again = 0;
        tm_mix_cuts(m, i, is_coarse);
    }
    tm_mix_sort_cuts(m);
}

static struct round first_round(const struct tm_mix *m)
{
    uint32_t max = m->cfg->rounds_max;
    struct round r = {.max = max, .last = max, .like_most = UINT32_MAX};
    r.coarse_from = max - max / COARSE;
    if (m->rows.is_on) {
        r.like_most = WELDED_LIKE;
        r.last = max < WELDED_ROUNDS ? max : WELDED_ROUNDS;
        r.coarse_from = UINT32_MAX;
    }
    return r;
}

int tm_mix_rounds(struct tm_mix *m, uint32_t *n_rounds)
{
    uint32_t *line = calloc((size_t)m->n + 1, sizeof *line);
    struct round r = first_round(m);
    uint32_t n_stale = 0;
    if (!line)
        return TM_ERR_NOMEM;
    for (; r.number < r.last && count_unmixed(m) > 0; r.number++) {
        r.like = like_in(&r, 0);
        r.is_coarse = r.number >= r.coarse_from;
        if (r.number == 0 || r.number == r.coarse_from) {
            begin(m, r.is_coarse);
            n_stale = 0;
        } else if (n_stale * STALE > m->n) {
            tm_mix_sort_cuts(m);
            n_stale = 0;
        }
        uint32_t n_pairs = pair_up(m, line, &r);
        for (uint32_t k = 0; k < n_pairs; k++)
            cross(m, line[k], r.is_coarse);
        n_stale += 2 * n_pairs;
    }
    *n_rounds = r.number;
    free(line);
    return TM_OK;
}
