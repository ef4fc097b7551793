/* Pauses change places: those of one kind are sorted, each moves by a few ranks at random, and the values are dealt out again.
 * Every value is used once more, and none far from where it was, so a slow connection stays slow. */
#include <stdlib.h>
#include <string.h>

#include "models/recombine_impl.h"

#define MOVES_MIN 2U  /* ranks, where there are few */
#define KIND_MIN  16U /* of a smaller kind, what the write before was does not matter */

struct pause {
    uint64_t kind;
    uint32_t us, at; /* at: index in item, or child */
    uint64_t luck;
};

static int by_kind(const void *a, const void *b)
{
    const struct pause *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->us != y->us)
        return x->us < y->us ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_luck(const void *a, const void *b)
{
    const struct pause *x = a, *y = b;
    if (x->luck != y->luck)
        return x->luck < y->luck ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* One kind, sorted by value: out[at] gets the value of the place that it moved to. */
static void deal(struct tm_mix *m, struct pause *v, struct pause *moved, uint32_t n, uint32_t *out)
{
    uint64_t reach = (uint64_t)n * m->cfg->pause_mix / 1000;
    if (m->cfg->pause_mix > 0 && reach < MOVES_MIN)
        reach = MOVES_MIN;
    for (uint32_t i = 0; i < n; i++) {
        moved[i] = v[i];
        moved[i].luck = (uint64_t)i * 1024 + (reach > 0 ? tm_rng_below(&m->rng, reach * 1024) : 0);
    }
    qsort(moved, n, sizeof *moved, by_luck);
    for (uint32_t i = 0; i < n; i++)
        out[moved[i].at] = v[i].us;
}

static uint32_t end_of(const struct pause *v, uint32_t from, uint32_t n)
{
    uint32_t to = from;
    while (to < n && v[to].kind == v[from].kind)
        to++;
    return to;
}

/* Small kinds of one coarse kind become one, kept apart from the large ones. */
static void merge_small(struct pause *v, uint32_t n)
{
    for (uint32_t from = 0, to; from < n; from = to) {
        to = end_of(v, from, n);
        for (uint32_t i = from; i < to && to - from < KIND_MIN; i++)
            v[i].kind |= UINT16_MAX;
    }
    qsort(v, n, sizeof *v, by_kind);
}

static void deal_all(struct tm_mix *m, struct pause *v, struct pause *moved, uint32_t n,
                     uint32_t *out)
{
    qsort(v, n, sizeof *v, by_kind);
    merge_small(v, n);
    for (uint32_t from = 0, to; from < n; from = to) {
        to = end_of(v, from, n);
        deal(m, v + from, moved, to - from, out);
    }
}

/* Places in the connection that have pauses of their own: handshakes, greetings. */
#define PLACES 8U

int tm_mix_pauses(struct tm_mix *m, uint32_t *gap_us, uint32_t *close_us)
{
    uint32_t cap = m->n_items > m->n ? m->n_items : m->n, n = 0;
    struct pause *v = calloc((size_t)cap + 1, sizeof *v);
    struct pause *moved = calloc((size_t)cap + 1, sizeof *moved);
    if (!v || !moved) {
        free(v);
        free(moved);
        return TM_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_mix_child *c = &m->child[i];
        for (uint32_t at = c->first; at < c->first + c->n; at++) {
            uint32_t w = m->item[at], place = at - c->first;
            uint64_t kind = (uint64_t)m->token[w] << 16;
            kind |= (uint64_t)tm_mix_ref_dir(m, w) << 32;
            kind |= (uint64_t)(place < PLACES ? place : PLACES) << 34;
            kind |= at > c->first ? m->token[m->item[at - 1]] : 0;
            v[n++] = (struct pause){.kind = kind, .us = m->in->w[w].gap_us, .at = at};
        }
    }
    deal_all(m, v, moved, n, gap_us);
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_mix_child *c = &m->child[i];
        v[i] = (struct pause){.kind = m->token[m->item[c->first + c->n - 1]],
                              .us = m->in->conn[c->ending].close_gap_us,
                              .at = i};
    }
    deal_all(m, v, moved, m->n, close_us);
    free(v);
    free(moved);
    return TM_OK;
}
