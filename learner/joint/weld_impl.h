/* learner/joint/weld_impl.h - internal: the blocks of a deck, and which rows of them a connection could be.
 *
 * A size with its direction is a symbol; sequences of symbols are told apart by 64-bit polynomial hashes over prefix sums.  Equal
 * sequences have equal hashes, so nothing is missed; unequal ones that had the same would cost a weld too many. */
#ifndef TM_LEARNER_JOINT_WELD_IMPL_H
#define TM_LEARNER_JOINT_WELD_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "models/deck.h"
#include "tm/base/err.h"

/* A deck in symbols. */
struct tm_spelling {
    const struct tm_deck *deck;
    uint32_t *symbol; /* owned; of each write */
    uint64_t *sum;    /* owned; of each write and the end: hash of all before it */
};

/* Where a block may stand in a row. */
enum tm_block_kind { TM_BLOCK_INNER = 0, TM_BLOCK_HEAD = 1, TM_BLOCK_TAIL = 2, TM_BLOCK_WHOLE = 3 };

/* Writes from..upto-1 of the deck. */
struct tm_block {
    uint32_t from, upto;
    uint32_t conn_from, conn_upto; /* of their connection */
};

struct tm_welder {
    const struct tm_deck *deck; /* borrowed, */
    uint8_t *weld;              /* but its welds change */
    struct tm_spelling own, captured;
    uint32_t n_symbols;
    uint32_t *place,
        *first;        /* owned; writes of the deck by symbol, and where each symbol's begin */
    uint32_t *conn_of; /* owned; of each write of the deck */
    uint64_t *power;   /* owned; of the hashes' base */
    uint64_t *slot;    /* owned; open addressing: a block's hash, 0: empty */
    uint32_t *count;   /* owned; how many blocks of the deck have it */
    size_t mask;
    uint32_t *length; /* owned; of blocks, each once */
    uint8_t *is_length;
    uint32_t n_lengths;
    uint8_t *ahead,
        *back; /* owned; of places of a connection: a row may come so far, or from there to the end */
};

/* The deck must not grow meanwhile.  TM_ERR_NOMEM; tm_weld_deinit is due in any case. */
TM_MUST_CHECK int tm_weld_init(struct tm_welder *w, const struct tm_deck *deck,
                               const struct tm_deck *captured);
void tm_weld_deinit(struct tm_welder *w);

/* Hash of writes from..upto-1. */
static inline uint64_t tm_weld_hash(const struct tm_welder *w, const struct tm_spelling *s,
                                    uint32_t from, uint32_t upto)
{
    return s->sum[upto] - s->sum[from] * w->power[upto - from];
}

struct tm_block tm_weld_block(const struct tm_welder *w, uint32_t write);
/* Welds writes from+1..upto-1 to those before them; all of one connection.  How many were not yet. */
uint32_t tm_weld_join(struct tm_welder *w, uint32_t from, uint32_t upto);
/* Fills `ahead`, and where a row could be captured connection i, `back`; whether one could.  A connection of the deck as it is
 * does not count. */
bool tm_weld_is_open(struct tm_welder *w, uint32_t i);

#endif
