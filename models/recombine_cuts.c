/* Where connections may be cut, and which cuts are alike. */
#include <stdlib.h>

#include "models/recombine_impl.h"

/* Sums over a child's writes up to a place. */
struct sums {
    uint64_t n, bytes[2], time_us, pace, n_pace;
};

static void add(struct sums *s, const struct tm_write *w)
{
    s->n++;
    s->bytes[w->dir] += w->size;
    s->time_us += w->gap_us;
    if (w->dir == TM_UP) {
        s->pace += (uint64_t)tm_mix_log(w->gap_us / 64 + 1);
        s->n_pace++;
    }
}

#define BYTES_FLOOR 64U    /* fewer bytes, */
#define TIME_FLOOR  32000U /* and microseconds, are all alike */

static void describe(int16_t *field, const struct sums *s)
{
    field[0] = (int16_t)(2 * tm_mix_log(s->n + 1));
    field[1] = (int16_t)tm_mix_log(s->bytes[TM_DOWN] + BYTES_FLOOR);
    field[2] = (int16_t)tm_mix_log(s->bytes[TM_UP] + BYTES_FLOOR);
    field[3] = (int16_t)tm_mix_log(s->time_us + TIME_FLOOR);
    field[4] = (int16_t)(s->n_pace > 0 ? s->pace / s->n_pace : 0);
}

static uint32_t key_of(const struct tm_mix *m, const struct tm_mix_cut *cut, uint32_t at,
                       bool is_coarse)
{
    const struct tm_write *before = &m->in->w[m->item[at - 1]], *next = &m->in->w[m->item[at]];
    uint32_t role = m->in->conn[m->owner[m->item[m->child[cut->child].first]]].role;
    uint32_t token = is_coarse ? before->dir : 2U + m->token[m->item[at - 1]];
    return (token << 2 | role << 1) | next->dir;
}

#define CONTEXT_FIRST  6U
#define CONTEXT_BEFORE 3U

/* `begun`: of the first tokens. */
static uint32_t context_of(const struct tm_mix *m, const struct tm_mix_child *c, uint32_t at,
                           uint32_t begun)
{
    uint32_t h = begun;
    for (uint32_t k = 1; k <= CONTEXT_BEFORE && at >= c->first + k; k++)
        h = (h ^ m->token[m->item[at - k]]) * UINT32_C(2654435769);
    return h;
}

static void describe_child(struct tm_mix *m, uint32_t i, bool is_coarse)
{
    const struct tm_mix_child *c = &m->child[i];
    struct sums before = {0}, left = {0};
    uint64_t h = 0;
    uint32_t begun = 0;
    struct tm_mix_atoms never = {{0}}, coming = {{0}};
    for (uint32_t at = c->first; at < c->first + c->n; at++) {
        struct tm_mix_cut *cut = &m->cut[at];
        cut->context = context_of(m, c, at, begun);
        if (at < c->first + CONTEXT_FIRST)
            begun = (begun ^ m->token[m->item[at]]) * UINT32_C(0x85ebca6b);
        cut->child = i;
        cut->never = never;
        uint32_t a = tm_mix_atom_of(m, m->item[at]);
        for (uint32_t k = 0; a != TM_MIX_ATOMS && k < TM_MIX_ATOMS / 64; k++)
            never.bit[k] |= m->foreign[a].bit[k];
        cut->before = h;
        h = h * TM_MIX_BASE + tm_mix_term(m, at);
        describe(cut->field + TM_CUT_N_BEFORE, &before);
        add(&before, &m->in->w[m->item[at]]);
    }
    h = 0;
    for (uint32_t at = c->first + c->n; at-- > c->first;) {
        h += tm_mix_term(m, at) * m->power[c->first + c->n - 1 - at];
        m->cut[at].left = h;
        uint32_t a = tm_mix_atom_of(m, m->item[at]);
        if (a != TM_MIX_ATOMS)
            tm_mix_put_atom(&coming, a);
        m->cut[at].coming = coming;
        add(&left, &m->in->w[m->item[at]]);
        describe(m->cut[at].field + TM_CUT_N_LEFT, &left);
        if (at > c->first)
            m->cut[at].key = key_of(m, &m->cut[at], at, is_coarse);
    }
}

struct sorting {
    const struct tm_mix_cut *cut;
    enum tm_mix_order_kind kind;
};

static int by_state(const void *a, const void *b, void *ctx)
{
    const struct sorting *s = ctx;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct tm_mix_cut *x = &s->cut[i], *y = &s->cut[j];
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (s->kind == TM_MIX_BY_CONTEXT && x->context != y->context)
        return x->context < y->context ? -1 : 1;
    for (int f = TM_CUT_N_LEFT; f <= TM_CUT_DOWN_LEFT; f++) {
        if (x->field[f] != y->field[f])
            return x->field[f] < y->field[f] ? -1 : 1;
    }
    return i < j ? -1 : i > j;
}

void tm_mix_cuts(struct tm_mix *m, bool is_coarse)
{
    m->n_order = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        struct tm_mix_child *c = &m->child[i];
        c->n_cuts = c->n - 1 < TM_MIX_CUTS_MAX ? c->n - 1 : TM_MIX_CUTS_MAX;
        c->phase = c->n_cuts > 0 ? (uint32_t)tm_rng_below(&m->rng, c->n - 1) : 0;
        describe_child(m, i, is_coarse);
        for (uint32_t j = 0; j < c->n_cuts; j++) {
            for (unsigned k = 0; k < TM_MIX_ORDERS; k++)
                m->order[k].at[m->n_order] = tm_mix_cut_at(c, j);
            m->n_order++;
        }
    }
    for (unsigned k = 0; k < TM_MIX_ORDERS; k++) {
        struct sorting s = {m->cut, k};
        qsort_r(m->order[k].at, m->n_order, sizeof *m->order[k].at, by_state, &s);
        for (uint32_t i = 0; i < m->n_order; i++)
            m->order[k].rank[m->order[k].at[i]] = i;
    }
}

/* How many of the sizes in `coming` exclude one in what came before. */
static uint32_t clashes(const struct tm_mix_atoms *never, const struct tm_mix_atoms *coming)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < TM_MIX_ATOMS / 64; k++)
        n += (uint32_t)__builtin_popcountll(never->bit[k] & coming->bit[k]);
    return n;
}

/* Unlike tokens at so many writes before the cut, */
static const uint8_t BEFORE[] = {48, 16, 10, 8, 6, 6, 4, 4};
/* from it on, */
static const uint8_t NEXT[] = {16, 6};
/* and at the beginning: greetings and handshakes say who talks. */
static const uint8_t FIRST[] = {8, 8, 8, 8, 8, 8};
#define CLASH    40U
#define N_BEFORE (sizeof BEFORE / sizeof *BEFORE)
#define N_NEXT   (sizeof NEXT / sizeof *NEXT)
#define N_FIRST  (sizeof FIRST / sizeof *FIRST)

static uint32_t unlike(const struct tm_mix *m, uint32_t a, uint32_t b, uint32_t penalty)
{
    return m->token[m->item[a]] != m->token[m->item[b]] ? penalty : 0;
}

uint32_t tm_mix_distance(const struct tm_mix *m, uint32_t a, uint32_t b)
{
    const struct tm_mix_cut *x = &m->cut[a], *y = &m->cut[b];
    const struct tm_mix_child *c = &m->child[x->child], *d = &m->child[y->child];
    uint32_t n_a = a - c->first, n_b = b - d->first, n = n_a < n_b ? n_a : n_b;
    uint32_t sum = CLASH * (clashes(&x->never, &y->coming) + clashes(&y->never, &x->coming));
    for (int f = 0; f < TM_CUT_FIELDS; f++)
        sum += (uint32_t)abs(x->field[f] - y->field[f]);
    for (uint32_t k = 0; k < N_BEFORE; k++)
        sum += k < n ? unlike(m, a - 1 - k, b - 1 - k, BEFORE[k]) : n_a != n_b ? BEFORE[k] : 0U;
    for (uint32_t k = 0; k < N_FIRST && k < n; k++)
        sum += unlike(m, c->first + k, d->first + k, FIRST[k]);
    n_a = c->n - n_a;
    n_b = d->n - n_b;
    n = n_a < n_b ? n_a : n_b;
    for (uint32_t k = 0; k < N_NEXT; k++)
        sum += k < n ? unlike(m, a + k, b + k, NEXT[k]) : n_a != n_b ? NEXT[k] : 0U;
    return sum;
}
