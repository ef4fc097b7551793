/* learner/joint/weld_impl.h - internal: which rows of a deck's blocks (models/blocks.h) a captured connection could be.
 *
 * A size with its direction is a symbol.  Sequences are told apart by hashes: equal ones have equal hashes, so nothing is missed;
 * unequal ones that had the same would cost a weld too many. */
#ifndef TM_LEARNER_JOINT_WELD_IMPL_H
#define TM_LEARNER_JOINT_WELD_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "models/blocks.h"
#include "models/deck.h"
#include "tm/base/err.h"

/* A deck in symbols. */
struct tm_spelling {
    const struct tm_deck *deck;
    uint32_t *symbol; /* owned; of each write */
    uint64_t *sum;    /* owned; of each write and the end: hash of all before it */
};

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
    struct tm_blocks blocks;
    uint8_t *row; /* owned; of places of the captured connection at hand: TM_ROW_ bits */
};

/* The deck must not grow meanwhile.  TM_ERR_NOMEM; tm_weld_deinit is due in any case. */
TM_MUST_CHECK int tm_weld_init(struct tm_welder *w, const struct tm_deck *deck,
                               const struct tm_deck *captured);
void tm_weld_deinit(struct tm_welder *w);

/* Hash of writes from..upto-1 of a deck. */
static inline uint64_t tm_weld_hash(const struct tm_welder *w, const struct tm_spelling *s,
                                    uint32_t from, uint32_t upto)
{
    return s->sum[upto] - s->sum[from] * w->blocks.power[upto - from];
}

struct tm_block tm_weld_block(const struct tm_welder *w, uint32_t write);
/* Welds writes from+1..upto-1 to those before them; all of one connection.  How many were not yet. */
uint32_t tm_weld_join(struct tm_welder *w, uint32_t from, uint32_t upto);
/* Fills `row` for captured connection i; whether two blocks or more can be it. */
bool tm_weld_is_open(struct tm_welder *w, uint32_t i);

#endif
