/* learner/pair.h - request/response exchanges, and the pool that holds those of all connections. */
#ifndef TM_LEARNER_PAIR_H
#define TM_LEARNER_PAIR_H

#include <stdint.h>

#include "tm/base/err.h"

#define TM_PAIR_NONE UINT32_MAX /* "no sample": in times, sizes and indices alike */

/* One exchange.  Times are us, at most TM_WRITE_GAP_MAX; sizes bytes, at most TM_WRITE_SIZE_MAX. */
struct tm_pair {
    uint32_t req_bytes;    /* TM_PAIR_NONE when doubtful */
    uint32_t rsp_bytes;    /* TM_PAIR_NONE when there was none or it is doubtful */
    uint32_t req_think_us; /* end of the response before to this request; none for the first pair */
    uint32_t server_think_us; /* end of the request to the start of the response */
    uint32_t next;            /* index of the connection's next pair, or TM_PAIR_NONE */
};

/* Pairs of all connections in one array, each connection a chain, so that no packet allocates. */
struct tm_pair_pool {
    struct tm_pair *pair; /* owned */
    uint32_t n_pairs;
    uint32_t cap_pairs;
    uint32_t first_free; /* chain of pairs given back */
};

void tm_pair_pool_init(struct tm_pair_pool *pool);
void tm_pair_pool_deinit(struct tm_pair_pool *pool);
/* Forgets all pairs, keeps the memory. */
void tm_pair_pool_clear(struct tm_pair_pool *pool);
/* A pair without any value, chained to none, in *out.  TM_ERR_NOMEM, TM_ERR_LIMIT (2^32 pairs). */
TM_MUST_CHECK int tm_pair_pool_take(struct tm_pair_pool *pool, uint32_t *out);
/* Gives a chain back for use by others; `first` may be TM_PAIR_NONE. */
void tm_pair_pool_release(struct tm_pair_pool *pool, uint32_t first);

#endif
