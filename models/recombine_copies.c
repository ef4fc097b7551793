/* Children that would be one of the input's connections once more, size for size. */
#include <stdlib.h>

#include "models/recombine_impl.h"

#define PUBLIC_MIN 2U /* a sequence that so many connections have is nobody's alone */

static uint64_t hash_of(const struct tm_mix *m, const struct tm_mix_child *c)
{
    uint64_t h = 0;
    for (uint32_t at = c->first; at < c->first + c->n; at++)
        h = h * TM_MIX_BASE + tm_mix_term(m, at);
    return h;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void tm_mix_known(struct tm_mix *m)
{
    for (uint32_t i = 0; i < m->n; i++)
        m->known[i] = hash_of(m, &m->child[i]);
    qsort(m->known, m->n, sizeof *m->known, by_hash);
    m->n_known = 0;
    m->power[0] = 1;
    for (uint32_t k = 1; k <= TM_PLAN_WRITES_MAX; k++)
        m->power[k] = m->power[k - 1] * TM_MIX_BASE;
    for (uint32_t from = 0, to; from < m->n; from = to) {
        for (to = from; to < m->n && m->known[to] == m->known[from]; to++) {
        }
        if (to - from < PUBLIC_MIN)
            m->known[m->n_known++] = m->known[from];
    }
}

bool tm_mix_is_copy(const struct tm_mix *m, const struct tm_mix_child *c)
{
    uint64_t h = hash_of(m, c);
    return bsearch(&h, m->known, m->n_known, sizeof h, by_hash) != NULL;
}

bool tm_mix_would_be_copy(const struct tm_mix *m, uint32_t a, uint32_t b)
{
    const struct tm_mix_child *d = &m->child[m->cut[b].child];
    uint64_t h = m->cut[a].before * m->power[d->first + d->n - b] + m->cut[b].left;
    return bsearch(&h, m->known, m->n_known, sizeof h, by_hash) != NULL;
}
