/* models/blocks.h - internal: the blocks of a deck with welds, told apart by hashes of their sizes and directions.
 *
 * A block is writes of one connection that are welded to each other, as many as there are.  Blocks in a row can be a connection: first
 * one that begins a connection of the deck, then any, at last one that ends one.  Hashes are polynomials modulo 2^64 over a term for
 * each write; sequences that are equal have equal hashes. */
#ifndef TM_MODELS_BLOCKS_H
#define TM_MODELS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/deck.h"
#include "tm/base/err.h"

#define TM_BLOCKS_BASE UINT64_C(0x9e3779b97f4a7c15)

/* Where a block stands in its connection, and may stand in a row. */
enum tm_block_kind { TM_BLOCK_INNER = 0, TM_BLOCK_HEAD = 1, TM_BLOCK_TAIL = 2, TM_BLOCK_WHOLE = 3 };

static inline enum tm_block_kind tm_block_kind(bool is_head, bool is_tail)
{
    return (enum tm_block_kind)((is_head ? TM_BLOCK_HEAD : 0) | (is_tail ? TM_BLOCK_TAIL : 0));
}

struct tm_blocks {
    uint64_t *power; /* owned; of the base, by exponent 0..TM_PLAN_WRITES_MAX */
    uint64_t *slot;  /* owned; open addressing: a block's hash, 0: empty */
    uint32_t *count; /* owned; how many there are of it */
    size_t mask;
    uint64_t *
        sieve; /* owned; a bit for each 1/16 of a slot: most of what is not there is not looked for in memory that is far */
    uint32_t *length; /* owned; of blocks, each once */
    uint8_t *is_length;
    uint32_t n_lengths, longest;
};

/* Room for the blocks of a deck of so many writes, and for all that come of welding more of them.  Empty.  TM_ERR_NOMEM;
 * tm_blocks_deinit is due in any case. */
TM_MUST_CHECK int tm_blocks_init(struct tm_blocks *b, size_t n_writes);
void tm_blocks_deinit(struct tm_blocks *b);

/* A write's coefficient in hashes. */
static inline uint64_t tm_blocks_term(const struct tm_write *w)
{
    uint64_t x = ((uint64_t)w->size << 1 | w->dir) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* Of a block with that hash and length in 1..TM_PLAN_WRITES_MAX. */
void tm_blocks_put(struct tm_blocks *b, uint64_t hash, enum tm_block_kind kind, uint32_t length);
/* There must be one. */
void tm_blocks_take(struct tm_blocks *b, uint64_t hash, enum tm_block_kind kind, uint32_t length);
bool tm_blocks_has(const struct tm_blocks *b, uint64_t hash, enum tm_block_kind kind,
                   uint32_t length);

/* Puts all blocks of the deck. */
void tm_blocks_put_deck(struct tm_blocks *b, const struct tm_deck *d);

/* A sequence of n writes: sum[i] is the hash of the first i. */
struct tm_row {
    const uint64_t *sum; /* n + 1 of them */
    uint32_t n;
};

/* Hash of writes from..upto-1. */
static inline uint64_t tm_row_hash(const struct tm_blocks *b, const struct tm_row *r, uint32_t from,
                                   uint32_t upto)
{
    return r->sum[upto] - r->sum[from] * b->power[upto - from];
}

/* What is known of the place before a write: blocks in a row can be all before it, all after it. */
enum { TM_ROW_AHEAD = 1, TM_ROW_BACK = 2 };

/* Fills place[0..n], with blocks of at most `longest` writes.  Whether blocks in a row, two or more, can be all of it. */
bool tm_row_fill(const struct tm_blocks *b, const struct tm_row *r, uint32_t longest,
                 uint8_t *place);

#endif
