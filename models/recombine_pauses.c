/* Pauses change places: those of one kind are sorted, each moves by a few ranks at random, and the values are dealt out again.
 * Every value is used once more, and none far from where it was, so a slow connection stays slow. */
#include <stdlib.h>

#include "models/recombine_impl.h"

#define MOVES_MIN 2U  /* ranks, where there are few */
#define KIND_MIN  16U /* of a smaller kind, what the write before was does not matter */
#define STEPS     64U /* of a rank */

#define INDEX_BITS 24U
#define INDEX_MASK ((1U << INDEX_BITS) - 1)
_Static_assert(TM_DECK_WRITES_MAX >> INDEX_BITS <= 1, "indices of pauses");
/* Bits of a kind: above those of the token of the write before. */
#define BEFORE_BITS 16U
#define REF_SHIFT   32U
#define PLACE_SHIFT 34U

struct pauses {
    uint64_t *kind; /* of each pause */
    uint32_t *us, *at;
    uint64_t *v, *spare; /* sorted by the upper bits; below, the index of a pause */
    uint32_t n;
};

static void put(struct pauses *p, uint64_t kind, uint32_t us, uint32_t at)
{
    p->kind[p->n] = kind;
    p->us[p->n] = us;
    p->at[p->n++] = at;
}

/* v: all pauses, by kind. */
static void sort_kinds(struct pauses *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        p->v[i] = p->kind[i] << INDEX_BITS | i;
    tm_sort_u64(p->v, p->spare, p->n, INDEX_BITS);
}

static uint32_t end_of(const struct pauses *p, uint32_t from)
{
    uint32_t to = from;
    while (to < p->n && p->v[to] >> INDEX_BITS == p->v[from] >> INDEX_BITS)
        to++;
    return to;
}

/* Small kinds of one coarse kind become one, kept apart from the large ones. */
static void merge_small(struct pauses *p)
{
    for (uint32_t from = 0, to; from < p->n; from = to) {
        to = end_of(p, from);
        for (uint32_t i = from; i < to && to - from < KIND_MIN; i++)
            p->kind[p->v[i] & INDEX_MASK] |= UINT16_MAX;
    }
}

/* One kind, v[0..n-1] by value: out[at] gets the value of the place that it moved to. */
static void deal(struct tm_mix *m, const struct pauses *p, const uint64_t *v, uint32_t n,
                 uint32_t *out)
{
    uint32_t reach = (uint32_t)((uint64_t)n * m->cfg->pause_mix / 1000);
    uint64_t *moved = p->spare;
    if (m->cfg->pause_mix > 0 && reach < MOVES_MIN)
        reach = MOVES_MIN;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t luck = reach > 0 ? tm_mix_below(m, reach * STEPS) : 0;
        moved[i] = ((uint64_t)i * STEPS + luck) << INDEX_BITS | i;
    }
    tm_sort_u64(moved, moved + n, n, INDEX_BITS);
    for (uint32_t i = 0; i < n; i++)
        out[p->at[v[moved[i] & INDEX_MASK] & INDEX_MASK]] = p->us[v[i] & INDEX_MASK];
}

static void deal_all(struct tm_mix *m, struct pauses *p, uint32_t *out)
{
    sort_kinds(p);
    merge_small(p);
    sort_kinds(p);
    for (uint32_t from = 0, to; from < p->n; from = to) {
        to = end_of(p, from);
        for (uint32_t i = from; i < to; i++) {
            uint32_t at = (uint32_t)p->v[i] & INDEX_MASK;
            p->v[i] = (uint64_t)p->us[at] << INDEX_BITS | at;
        }
        tm_sort_u64(p->v + from, p->spare, to - from, INDEX_BITS);
        deal(m, p, p->v + from, to - from, out);
    }
}

/* Places in the connection that have pauses of their own: handshakes, greetings. */
#define PLACES 8U

static void put_gaps(const struct tm_mix *m, struct pauses *p, const struct tm_mix_child *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t at = c->first + i, w = m->item[at];
        uint64_t kind = (uint64_t)m->fact[w].token << BEFORE_BITS;
        kind |= (uint64_t)tm_mix_ref_dir(m, w) << REF_SHIFT;
        kind |= (uint64_t)(i < PLACES ? i : PLACES) << PLACE_SHIFT;
        kind |= i > 0 ? m->said[at - 1] : 0;
        put(p, kind, m->fact[w].gap_us, at);
    }
}

static int init(struct pauses *p, uint32_t n)
{
    *p = (struct pauses){.kind = calloc((size_t)n + 1, sizeof *p->kind),
                         .us = calloc((size_t)n + 1, sizeof *p->us),
                         .at = calloc((size_t)n + 1, sizeof *p->at),
                         .v = calloc((size_t)n + 1, sizeof *p->v),
                         .spare = calloc(2 * (size_t)n + 1, sizeof *p->spare)};
    return p->kind && p->us && p->at && p->v && p->spare ? TM_OK : TM_ERR_NOMEM;
}

static void deinit(struct pauses *p)
{
    free(p->kind);
    free(p->us);
    free(p->at);
    free(p->v);
    free(p->spare);
}

/* Of a closing pause: by the last write, and by what closes where that is not plain. */
static uint64_t close_kind(const struct tm_mix *m, const struct tm_mix_child *c)
{
    const struct tm_close *x = &m->in->conn[c->ending].close;
    uint64_t kind = m->said[c->first + c->n - 1];
    kind |= (uint64_t)(x->back < PLACES ? x->back : PLACES - 1) << PLACE_SHIFT;
    return kind | (uint64_t)(x->how | (x->server_back > 0) << 1) << REF_SHIFT;
}

int tm_mix_pauses(struct tm_mix *m, uint32_t *gap_us, uint32_t *close_us)
{
    struct pauses p;
    int rc = init(&p, m->n_items > m->n ? m->n_items : m->n);
    if (rc == TM_OK) {
        for (uint32_t i = 0; i < m->n; i++)
            put_gaps(m, &p, &m->child[i]);
        deal_all(m, &p, gap_us);
        p.n = 0;
        for (uint32_t i = 0; i < m->n; i++) {
            const struct tm_mix_child *c = &m->child[i];
            put(&p, close_kind(m, c), m->in->conn[c->ending].close_gap_us, i);
        }
        deal_all(m, &p, close_us);
    }
    deinit(&p);
    return rc;
}
