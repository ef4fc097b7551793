#include "learner/pair.h"

#include <stdlib.h>

#include "tm/base/buf.h"

#define POOL_START 1024U

void tm_pair_pool_init(struct tm_pair_pool *pool)
{
    *pool = (struct tm_pair_pool){.first_free = TM_PAIR_NONE};
}

void tm_pair_pool_deinit(struct tm_pair_pool *pool)
{
    free(pool->pair);
    tm_pair_pool_init(pool);
}

void tm_pair_pool_clear(struct tm_pair_pool *pool)
{
    pool->n_pairs = 0;
    pool->first_free = TM_PAIR_NONE;
}

void tm_pair_pool_release(struct tm_pair_pool *pool, uint32_t first)
{
    while (first != TM_PAIR_NONE) {
        uint32_t next = pool->pair[first].next;
        pool->pair[first].next = pool->first_free;
        pool->first_free = first;
        first = next;
    }
}

static int grow(struct tm_pair_pool *pool)
{
    if (pool->cap_pairs > TM_PAIR_NONE / 2)
        return TM_ERR_LIMIT;
    uint32_t cap = pool->cap_pairs > 0 ? pool->cap_pairs * 2 : POOL_START;
    size_t len;
    struct tm_pair *p = tm_mul_ok(cap, sizeof *p, &len) ? realloc(pool->pair, len) : NULL;
    if (!p)
        return TM_ERR_NOMEM;
    pool->pair = p;
    pool->cap_pairs = cap;
    return TM_OK;
}

int tm_pair_pool_take(struct tm_pair_pool *pool, uint32_t *out)
{
    if (pool->first_free != TM_PAIR_NONE) {
        *out = pool->first_free;
        pool->first_free = pool->pair[*out].next;
    } else {
        if (pool->n_pairs == pool->cap_pairs) {
            int rc = grow(pool);
            if (rc != TM_OK)
                return rc;
        }
        *out = pool->n_pairs++;
    }
    pool->pair[*out] =
        (struct tm_pair){TM_PAIR_NONE, TM_PAIR_NONE, TM_PAIR_NONE, TM_PAIR_NONE, TM_PAIR_NONE};
    return TM_OK;
}
