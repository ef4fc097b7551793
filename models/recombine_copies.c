/* Children that would be one of the input's connections once more, size for size. */
#include "models/blocks.h"
#include "models/recombine_impl.h"

#define PUBLIC_MIN 2U /* a sequence that so many connections have is nobody's alone */

static uint64_t hash_of(const struct tm_deck *d, const struct tm_deck_conn *c)
{
    uint64_t h = 0;
    for (uint32_t i = 0; i < c->n_writes; i++)
        h = h * TM_BLOCKS_BASE + tm_blocks_term(&d->w[c->first + i]);
    return h;
}

void tm_mix_known(struct tm_mix *m, uint64_t *spare)
{
    for (uint32_t i = 0; i < m->n; i++)
        m->known[i] = m->child[i].hash;
    tm_sort_u64(m->known, spare, m->n, 0);
    m->n_known = 0;
    for (uint32_t from = 0, to; from < m->n; from = to) {
        for (to = from; to < m->n && m->known[to] == m->known[from]; to++) {
        }
        if (to - from < PUBLIC_MIN)
            m->known[m->n_known++] = m->known[from];
    }
    for (size_t i = 0; i < m->apart->n_conns; i++)
        m->known[m->n_known++] = hash_of(m->apart, &m->apart->conn[i]);
    tm_sort_u64(m->known, spare, m->n_known, 0);
}

static bool is_known(const struct tm_mix *m, uint64_t h)
{
    uint32_t low = 0, high = m->n_known;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->known[middle] < h)
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->n_known && m->known[low] == h;
}

bool tm_mix_is_copy(const struct tm_mix *m, const struct tm_mix_child *c)
{
    return is_known(m, c->hash);
}

bool tm_mix_would_be_copy(const struct tm_mix *m, const struct tm_mix_cut *a,
                          const struct tm_mix_cut *b)
{
    return is_known(m, a->before * m->power[b->n_left] + b->left);
}
