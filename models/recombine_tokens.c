/* What is told apart of a write's size, and which sizes exclude each other. */
#include <stdlib.h>

#include "models/recombine_impl.h"

/* ---- tokens ---- */

#define CLASS_STEP 5 /* 1/16 octaves: about a third of an octave */
#define CLASSES    200U
#define TOKEN_CLASSES                                                                              \
    (2 * CLASSES)         /* tokens 1..TOKEN_CLASSES are classes, those above exact sizes */
#define COMMON_SHARE 100U /* a size that one of so many connections has counts exactly */
#define COMMON_MIN   4U

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
            m->is_rare[by[i]] = !is_common;
        }
        next_token += is_common;
    }
    m->first_atom = TOKEN_CLASSES + 1;
    m->n_atoms = next_token - m->first_atom;
    if (m->n_atoms > TM_MIX_ATOMS)
        m->n_atoms = TM_MIX_ATOMS;
    free(by);
    return TM_OK;
}

uint8_t tm_mix_ref_dir(const struct tm_mix *m, uint32_t write)
{
    uint32_t back = m->in->w[write].ref_back;
    return back > 0 ? m->in->w[write - back].dir : 2;
}

/* ---- sizes that exclude each other ---- */

/* Greetings of two servers, say: a connection that has both was put together. */
#define EXPECTED_MIN 4U  /* connections with both, were they independent */
#define SELDOM       10U /* seen so many times less */

static bool has_atom(const struct tm_mix_atoms *s, uint32_t a)
{
    return s->bit[a / 64] >> a % 64 & 1U;
}

/* together[a * n + b]: connections that have both; on the diagonal, that have a. */
static void count_together(const struct tm_mix *m, uint32_t *together)
{
    uint32_t list[TM_MIX_ATOMS], n = m->n_atoms;
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_deck_conn *c = &m->in->conn[i];
        struct tm_mix_atoms has = {{0}};
        uint32_t n_list = 0;
        for (uint32_t w = c->first; w < c->first + c->n_writes; w++) {
            uint32_t a = tm_mix_atom_of(m, w);
            if (a == TM_MIX_ATOMS || has_atom(&has, a))
                continue;
            tm_mix_put_atom(&has, a);
            list[n_list++] = a;
        }
        for (uint32_t k = 0; k < n_list; k++) {
            for (uint32_t j = 0; j < n_list; j++)
                together[list[k] * n + list[j]]++;
        }
    }
}

int tm_mix_exclusions(struct tm_mix *m)
{
    uint32_t n = m->n_atoms;
    uint32_t *together = calloc((size_t)n * n + 1, sizeof *together);
    if (!together)
        return TM_ERR_NOMEM;
    count_together(m, together);
    for (uint32_t a = 0; a < n; a++) {
        for (uint32_t b = 0; b < n; b++) {
            uint64_t expected = (uint64_t)together[a * n + a] * together[b * n + b] / m->n;
            if (expected >= EXPECTED_MIN && together[a * n + b] * (uint64_t)SELDOM < expected)
                tm_mix_put_atom(&m->foreign[a], b);
        }
    }
    free(together);
    return TM_OK;
}
