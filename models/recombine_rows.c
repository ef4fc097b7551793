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

int tm_mix_rows_init(struct tm_mix *m)
{
    if (!has_welds(m->in))
        return TM_OK;
    m->rows.is_on = true;
    m->rows.at = calloc((size_t)m->n_room + 1, 1);
    m->rows.spare = calloc((size_t)m->n_room + 1, 1);
    m->rows.sum = calloc(TM_PLAN_WRITES_MAX + 1, sizeof *m->rows.sum);
    m->rows.place = calloc(TM_PLAN_WRITES_MAX + 1, 1);
    int rc = tm_blocks_init(&m->rows.blocks, m->n_items);
    if (rc != TM_OK || !m->rows.at || !m->rows.spare || !m->rows.sum || !m->rows.place)
        return TM_ERR_NOMEM;
    tm_blocks_put_deck(&m->rows.blocks, m->in);
    return TM_OK;
}

void tm_mix_rows_deinit(struct tm_mix *m)
{
    free(m->rows.at);
    free(m->rows.spare);
    free(m->rows.sum);
    free(m->rows.place);
    tm_blocks_deinit(&m->rows.blocks);
}

void tm_mix_fill_row(struct tm_mix *m, const struct tm_mix_child *c)
{
    const struct tm_row row = {.sum = m->rows.sum, .n = c->n};
    for (uint32_t k = 0; k < c->n; k++)
        m->rows.sum[k + 1] = m->rows.sum[k] * TM_BLOCKS_BASE + m->fact[m->item[c->first + k]].term;
    (void)tm_row_fill(&m->rows.blocks, &row, REACH, m->rows.place);
    memcpy(m->rows.at + c->first, m->rows.place, c->n);
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

bool tm_mix_is_row(const struct tm_mix *m, const struct tm_mix_cut *a, const struct tm_mix_cut *b)
{
    const struct tm_mix_child *x = &m->child[a->child], *y = &m->child[b->child];
    const uint8_t *ahead = m->rows.at + x->first + a->n_before,
                  *back = m->rows.at + y->first + b->n_before;
    uint64_t after[REACH + 1], before = 0;
    if (*ahead & TM_ROW_AHEAD && *back & TM_ROW_BACK)
        return true;
    uint32_t n_after = hash_after(m, b, after);
    uint32_t longest = m->rows.blocks.longest < REACH ? m->rows.blocks.longest : REACH;
    for (uint32_t i = 1; i <= a->n_before && i < longest; i++) {
        before += m->fact[m->item[x->first + a->n_before - i]].term * m->power[i - 1];
        if (!(ahead[-(int)i] & TM_ROW_AHEAD))
            continue;
        for (uint32_t k = 1; k <= n_after && i + k <= longest; k++) {
            bool is_tail = k == b->n_left;
            if ((is_tail || back[k] & TM_ROW_BACK) &&
                tm_blocks_has(&m->rows.blocks, before * m->power[k] + after[k],
                              tm_block_kind(i == a->n_before, is_tail), i + k))
                return true;
        }
    }
    return false;
}
