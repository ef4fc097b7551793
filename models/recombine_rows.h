/* models/recombine_rows.h - internal: what may be put together of a deck with welds. */
#ifndef TM_MODELS_RECOMBINE_ROWS_H
#define TM_MODELS_RECOMBINE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "models/blocks.h"
#include "tm/base/err.h"

struct tm_mix;
struct tm_mix_child;
struct tm_mix_cut;

struct tm_mix_rows {
    bool
        is_on; /* the input has welds: all children must be rows of its blocks; else the rest is not there */
    struct tm_blocks blocks;
    uint64_t *begun; /* a sieve: bits of hashes of what blocks begin with, but for all of them */
    uint64_t begun_mask; /* of its bits */
    struct tm_mix_start {
        uint64_t ends;    /* bit k - 1: the first k writes from it on are an inner block */
        uint32_t n_begun; /* so many are what longer blocks begin with */
    } * start;            /* of each write of the input */
    uint8_t *at, *spare;  /* of the places before the writes in `item`: TM_ROW_ bits */
    uint8_t *place;       /* of the child at hand, */
    uint64_t *ends;       /* and where blocks end that begin there */
};

/* Of an input without welds: nothing.  After facts and lists; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mix_rows_init(struct tm_mix *m);
void tm_mix_rows_deinit(struct tm_mix *m);
/* What blocks in a row can be before and after each place of the child. */
void tm_mix_fill_row(struct tm_mix *m, const struct tm_mix_child *c);
/* Whether what is before cut a and what is after cut b are together a row of blocks. */
bool tm_mix_is_row(const struct tm_mix *m, const struct tm_mix_cut *a, const struct tm_mix_cut *b);

#endif
