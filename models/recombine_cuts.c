/* Where connections may be cut, and which cuts are alike. */
#include <stdlib.h>
#include <string.h>

#include "models/recombine_impl.h"

/* ---- tokens ---- */

#define CLASS_STEP 5 /* 1/16 octaves: about a third of an octave */
#define CLASSES    200U
#define TOKEN_CLASSES                                                                              \
    (2 * CLASSES)          /* tokens 1..TOKEN_CLASSES are classes, those above exact sizes */
#define COMMON_SHARE  100U /* a size that one of so many connections has counts exactly */
#define COMMON_MIN    4U
#define WEIGHT_COMMON 1U
#define WEIGHT_RARE   8U

struct ordered {
    const struct tm_deck *in;
    const uint32_t *owner;
};

static int by_size(const void *a, const void *b, void *ctx)
{
    const struct ordered *o = ctx;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct tm_write *x = &o->in->w[i], *y = &o->in->w[j];
    if (x->dir != y->dir)
        return x->dir < y->dir ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    if (o->owner[i] != o->owner[j])
        return o->owner[i] < o->owner[j] ? -1 : 1;
    return i < j ? -1 : i > j;
}

static uint16_t class_of(const struct tm_write *w)
{
    uint32_t c = (uint32_t)(tm_mix_log(w->size) / CLASS_STEP);
    return (uint16_t)(1 + w->dir * CLASSES + (c < CLASSES ? c : CLASSES - 1));
}

int tm_mix_tokens(struct tm_mix *m)
{
    const struct tm_deck *in = m->in;
    struct ordered ctx = {in, m->owner};
    uint32_t *by = calloc((size_t)m->n_items + 1, sizeof *by);
    uint32_t common = m->n / COMMON_SHARE, next_token = TOKEN_CLASSES + 1;
    if (!by)
        return TM_ERR_NOMEM;
    common = common > COMMON_MIN ? common : COMMON_MIN;
    for (uint32_t i = 0; i < m->n_items; i++)
        by[i] = i;
    qsort_r(by, m->n_items, sizeof *by, by_size, &ctx);
    for (uint32_t from = 0, to; from < m->n_items; from = to) {
        const struct tm_write *w = &in->w[by[from]];
        uint32_t n_conns = 0;
        for (to = from;
             to < m->n_items && in->w[by[to]].dir == w->dir && in->w[by[to]].size == w->size; to++)
            n_conns += to == from || m->owner[by[to]] != m->owner[by[to - 1]];
        bool is_common = n_conns >= common && next_token < UINT16_MAX;
        for (uint32_t i = from; i < to; i++) {
            m->token[by[i]] = is_common ? (uint16_t)next_token : class_of(w);
            m->weight[by[i]] = is_common ? WEIGHT_COMMON : WEIGHT_RARE;
        }
        next_token += is_common;
    }
    free(by);
    return TM_OK;
}

uint8_t tm_mix_ref_dir(const struct tm_mix *m, uint32_t write)
{
    uint32_t back = m->in->w[write].ref_back;
    return back > 0 ? m->in->w[write - back].dir : 2;
}

/* ---- cuts ---- */

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

static uint16_t token_at(const struct tm_mix *m, const struct tm_mix_child *c, uint32_t at)
{
    return at >= c->first && at < c->first + c->n ? m->token[m->item[at]] : 0;
}

static uint32_t key_of(const struct tm_mix *m, const struct tm_mix_cut *cut, uint32_t at,
                       bool is_coarse)
{
    const struct tm_write *before = &m->in->w[m->item[at - 1]], *next = &m->in->w[m->item[at]];
    uint32_t role = m->in->conn[m->owner[m->item[m->child[cut->child].first]]].role;
    uint32_t token = is_coarse ? before->dir : 2U + cut->token[1];
    return (token << 2 | role << 1) | next->dir;
}

static void describe_child(struct tm_mix *m, uint32_t i, bool is_coarse)
{
    const struct tm_mix_child *c = &m->child[i];
    struct sums before = {0}, left = {0};
    for (uint32_t at = c->first; at < c->first + c->n; at++) {
        struct tm_mix_cut *cut = &m->cut[at];
        cut->child = i;
        for (uint32_t k = 0; k < 4; k++)
            cut->token[k] = at + k >= 2 ? token_at(m, c, at + k - 2) : 0;
        describe(cut->field + TM_CUT_N_BEFORE, &before);
        add(&before, &m->in->w[m->item[at]]);
    }
    for (uint32_t at = c->first + c->n; at-- > c->first;) {
        add(&left, &m->in->w[m->item[at]]);
        describe(m->cut[at].field + TM_CUT_N_LEFT, &left);
        if (at > c->first)
            m->cut[at].key = key_of(m, &m->cut[at], at, is_coarse);
    }
}

static int by_state(const void *a, const void *b, void *ctx)
{
    const struct tm_mix_cut *cuts = ctx;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct tm_mix_cut *x = &cuts[i], *y = &cuts[j];
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
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
        const struct tm_mix_child *c = &m->child[i];
        describe_child(m, i, is_coarse);
        for (uint32_t at = c->first + 1; at < c->first + c->n; at++)
            m->order[m->n_order++] = at;
    }
    qsort_r(m->order, m->n_order, sizeof *m->order, by_state, m->cut);
    for (uint32_t k = 0; k < m->n_order; k++)
        m->rank[m->order[k]] = k;
}

#define UNLIKE_BEFORE2 12U
#define UNLIKE_BEFORE  48U
#define UNLIKE_NEXT    16U
#define UNLIKE_AFTER   6U

uint32_t tm_mix_distance(const struct tm_mix_cut *a, const struct tm_mix_cut *b)
{
    static const uint32_t PENALTY[4] = {UNLIKE_BEFORE2, UNLIKE_BEFORE, UNLIKE_NEXT, UNLIKE_AFTER};
    uint32_t d = 0;
    for (int k = 0; k < 4; k++)
        d += a->token[k] != b->token[k] ? PENALTY[k] : 0;
    for (int f = 0; f < TM_CUT_FIELDS; f++)
        d += (uint32_t)abs(a->field[f] - b->field[f]);
    return d;
}
