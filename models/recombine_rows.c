/* Rows of blocks (models/blocks.h) and nothing else.  Blocks are told by sizes and directions alone, so two children may also be cut
 * inside blocks, where both are alike up to the end of one. */
#include "models/recombine_rows.h"

#include <stdlib.h>
#include <string.h>

#include "models/recombine_impl.h"

#define REACH 64U /* a longer block is never put behind another one, or before one */

static bool has_welds(const struct tm_deck *d)
{
    return d->n_writes > 0 && memchr(d->weld, 1, d->n_writes);
}

static uint32_t count_blocks(const struct tm_mix *m)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < m->n_items; w++)
        n += !m->fact[w].is_welded;
    return n;
}

/* ---- what blocks begin with ----
 * Writes that no block begins with need not be looked at any further: nearly all are told so by a bit. */

#define BEGUN_BITS 16U /* of a write of the input */

static uint64_t begun_bit(const struct tm_mix_rows *r, uint64_t hash, uint32_t n)
{
    uint64_t x = (hash ^ n) * UINT64_C(0xd6e8feb86659fd93);
    return (x ^ x >> 32) & r->begun_mask;
}

static bool is_begun(const struct tm_mix_rows *r, uint64_t hash, uint32_t n)
{
    uint64_t bit = begun_bit(r, hash, n);
    return r->begun[bit / 64] >> bit % 64 & 1;
}

static int begun_init(struct tm_mix *m)
{
    struct tm_mix_rows *r = &m->rows;
    uint64_t n_bits = 64;
    while (n_bits < (uint64_t)m->n_items * BEGUN_BITS)
        n_bits *= 2;
    r->begun_mask = n_bits - 1;
    r->begun = calloc(n_bits / 64, sizeof *r->begun);
    if (!r->begun)
        return TM_ERR_NOMEM;
    uint64_t hash = 0;
    uint32_t n = 0;
    for (uint32_t w = 0; w < m->n_items; w++) {
        if (!m->fact[w].is_welded) {
            hash = 0;
            n = 0;
        } else if (n <= REACH) {
            uint64_t bit = begun_bit(r, hash, n);
            r->begun[bit / 64] |= UINT64_C(1) << bit % 64;
        }
        hash = hash * TM_BLOCKS_BASE + m->fact[w].term;
        n++;
    }
    return TM_OK;
}

/* ---- what begins at a write of the input ---- */

/* Wherever connections end: children may have these writes one after another, too. */
static struct tm_mix_start start_of(const struct tm_mix *m, uint32_t w)
{
    struct tm_mix_start s = {0};
    uint64_t hash = 0;
    for (uint32_t k = 1; k <= m->n_items - w && k <= REACH; k++) {
        hash = hash * TM_BLOCKS_BASE + m->fact[w + k - 1].term;
        if (tm_blocks_has(&m->rows.blocks, hash, TM_BLOCK_INNER, k))
            s.ends |= UINT64_C(1) << (k - 1);
        if (!is_begun(&m->rows, hash, k))
            break;
        s.n_begun = k;
    }
    return s;
}

static int starts_init(struct tm_mix *m)
{
    m->rows.start = calloc((size_t)m->n_items + 1, sizeof *m->rows.start);
    if (!m->rows.start)
        return TM_ERR_NOMEM;
    for (uint32_t w = 0; w < m->n_items; w++)
        m->rows.start[w] = start_of(m, w);
    return TM_OK;
}

int tm_mix_rows_init(struct tm_mix *m)
{
    if (!has_welds(m->in))
        return TM_OK;
    m->rows.is_on = true;
    m->rows.at = calloc((size_t)m->n_room + 1, 1);
    m->rows.spare = calloc((size_t)m->n_room + 1, 1);
    m->rows.place = calloc(TM_PLAN_WRITES_MAX + 1, 1);
    m->rows.ends = calloc(TM_PLAN_WRITES_MAX + 1, sizeof *m->rows.ends);
    int rc = tm_blocks_init(&m->rows.blocks, count_blocks(m) / 2 + 1);
    if (rc != TM_OK || !m->rows.at || !m->rows.spare || !m->rows.place || !m->rows.ends)
        return TM_ERR_NOMEM;
    tm_blocks_put_deck(&m->rows.blocks, m->in);
    rc = begun_init(m);
    return rc == TM_OK ? starts_init(m) : rc;
}

void tm_mix_rows_deinit(struct tm_mix *m)
{
    free(m->rows.at);
    free(m->rows.spare);
    free(m->rows.place);
    free(m->rows.ends);
    free(m->rows.begun);
    free(m->rows.start);
    tm_blocks_deinit(&m->rows.blocks);
}

/* Which of the n writes of the child from `from` on, the first `run` of them neighbours in the input, end a block that may stand there;
 * bit k - 1: the k-th. */
static uint64_t ends_of(const struct tm_mix *m, const struct tm_mix_child *c, uint32_t from,
                        uint32_t run)
{
    const uint32_t *item = m->item + c->first + from;
    const struct tm_mix_start *s = &m->rows.start[item[0]];
    uint32_t n = c->n - from < REACH ? c->n - from : REACH;
    uint32_t most = s->n_begun < n ? s->n_begun + 1 : n; /* of a block, if that is inside the run */
    if (most <= run && from > 0 && from + most < c->n)
        return s->ends;
    uint64_t ends = 0, hash = 0;
    for (uint32_t k = 1; k <= n; k++) {
        enum tm_block_kind kind = tm_block_kind(from == 0, from + k == c->n);
        hash = hash * TM_BLOCKS_BASE + m->fact[item[k - 1]].term;
        if (kind != TM_BLOCK_WHOLE && tm_blocks_has(&m->rows.blocks, hash, kind, k))
            ends |= UINT64_C(1) << (k - 1);
        if (!is_begun(&m->rows, hash, k))
            break;
    }
    return ends;
}

void tm_mix_fill_row(struct tm_mix *m, const struct tm_mix_child *c)
{
    const uint32_t *item = m->item + c->first;
    uint8_t *place = m->rows.place;
    uint32_t run = 0;
    place[c->n] = TM_ROW_BACK;
    for (uint32_t from = c->n; from-- > 0;) {
        run = from + 1 < c->n && item[from + 1] == item[from] + 1 ? run + 1 : 1;
        uint64_t ends = ends_of(m, c, from, run);
        m->rows.ends[from] = ends;
        for (place[from] = 0; ends != 0 && place[from] == 0; ends &= ends - 1)
            place[from] = place[from + 1 + (uint32_t)__builtin_ctzll(ends)];
    }
    place[0] |= TM_ROW_AHEAD;
    for (uint32_t from = 0; from < c->n; from++) {
        for (uint64_t x = place[from] & TM_ROW_AHEAD ? m->rows.ends[from] : 0; x != 0; x &= x - 1)
            place[from + 1 + (uint32_t)__builtin_ctzll(x)] |= TM_ROW_AHEAD;
    }
    memcpy(m->rows.at + c->first, place, c->n);
}

/* Hashes of the first writes after a cut; how many of them. */
static uint32_t hash_after(const struct tm_mix *m, const struct tm_mix_cut *b, uint64_t *after)
{
    const uint32_t *item = m->item + m->child[b->child].first + b->n_before;
    uint32_t n = b->n_left < REACH ? b->n_left : REACH;
    after[0] = 0;
    for (uint32_t k = 0; k < n; k++)
        after[k + 1] = after[k] * TM_BLOCKS_BASE + m->fact[item[k]].term;
    return n;
}

static uint64_t hash_of(const struct tm_mix *m, const uint32_t *item, uint32_t n)
{
    uint64_t hash = 0;
    for (uint32_t k = 0; k < n; k++)
        hash = hash * TM_BLOCKS_BASE + m->fact[item[k]].term;
    return hash;
}

/* Whether the last i writes before cut a, of that hash, and some after cut b are a block, and the rest of b blocks in a row. */
static bool is_block_over(const struct tm_mix *m, const struct tm_mix_cut *a,
                          const struct tm_mix_cut *b, uint32_t i, uint64_t before)
{
    const uint8_t *back = m->rows.at + m->child[b->child].first + b->n_before;
    uint64_t after[REACH + 1];
    uint32_t n_after = hash_after(m, b, after);
    for (uint32_t k = 1; k <= n_after && i + k <= REACH; k++) {
        bool is_tail = k == b->n_left;
        if ((is_tail || back[k] & TM_ROW_BACK) &&
            tm_blocks_has(&m->rows.blocks, before * m->power[k] + after[k],
                          tm_block_kind(i == a->n_before, is_tail), i + k))
            return true;
    }
    return false;
}

bool tm_mix_is_row(const struct tm_mix *m, const struct tm_mix_cut *a, const struct tm_mix_cut *b)
{
    const struct tm_mix_child *x = &m->child[a->child], *y = &m->child[b->child];
    const uint32_t *item = m->item + x->first + a->n_before;
    const uint8_t *ahead = m->rows.at + x->first + a->n_before,
                  *back = m->rows.at + y->first + b->n_before;
    if (*ahead & TM_ROW_AHEAD && *back & TM_ROW_BACK)
        return true;
    uint32_t longest = m->rows.blocks.longest < REACH ? m->rows.blocks.longest : REACH;
    bool is_run = true; /* the last writes before the cut are neighbours in the input */
    for (uint32_t i = 1; i <= a->n_before && i < longest; i++) {
        const uint32_t *from = item - i;
        is_run = is_run && (i == 1 || from[0] + 1 == from[1]);
        if (!(ahead[-(int)i] & TM_ROW_AHEAD) || (is_run && m->rows.start[*from].n_begun < i))
            continue;
        uint64_t before = hash_of(m, from, i);
        if (is_begun(&m->rows, before, i) && is_block_over(m, a, b, i, before))
            return true;
    }
    return false;
}
