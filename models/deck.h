/* models/deck.h - a deck: many connections, write by write, as a joint model keeps them.
 *
 * Where `swing` draws every size and every pause alone, a deck keeps connections whole: the order of their
 * writes, several in a row the same way, both ways at once, and what sizes, pauses and counts have to do with
 * each other.  No connection of a deck is one that somebody made: each is put together of segments of several
 * (models/recombine.h), and every batch that is played is put together anew from the seed.
 *
 * A write may be welded to the one before it.  Writes that are welded to each other are a block, and what is played has the sizes
 * and directions of blocks in a row, so that being put together once more does not bring back what somebody made
 * (learner/joint/weld.h says which are welded, and what that tells). */
#ifndef TM_MODELS_DECK_H
#define TM_MODELS_DECK_H

#include <stddef.h>
#include <stdint.h>

#include "models/plan.h"
#include "tm/base/err.h"

#define TM_DECK_CONNS_MAX  65536U
#define TM_DECK_WRITES_MAX (1U << 24) /* of all its connections */

/* Its place in the RRE, which decides what is played when (a page's first connection is not like its others). */
enum tm_deck_role { TM_DECK_FIRST = 0, TM_DECK_LATER = 1, TM_DECK_ROLES = 2 };

struct tm_deck_conn {
    uint32_t first;        /* index of its first write */
    uint32_t n_writes;     /* 1..TM_PLAN_WRITES_MAX */
    uint32_t close_gap_us; /* as in struct tm_plan, */
    struct tm_close close; /* and this too */
    uint32_t user; /* in decks of captures: whose it is, by number; models do not have it, 0 */
    uint8_t role;  /* enum tm_deck_role */
};

/* Writes refer to each other as in a plan (ref_back counts inside the connection).  {0} is empty. */
struct tm_deck {
    struct tm_write *w; /* owned; of all connections, in order */
    uint8_t *weld;      /* owned; of each write: 1: welded to the one before it, 0: not */
    size_t n_writes, cap_writes;
    struct tm_deck_conn *conn; /* owned */
    size_t n_conns, cap_conns;
};

/* Appends a connection, closed plainly (tm_close_is_plain), whose writes follow by tm_deck_add_write.  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_deck_add_conn(struct tm_deck *d, enum tm_deck_role role,
                                   uint32_t close_gap_us);
/* Appends a write to the last connection, of which there must be one.  TM_ERR_NOMEM; TM_ERR_LIMIT beyond
 * TM_PLAN_WRITES_MAX of the connection or TM_DECK_WRITES_MAX of the deck. */
TM_MUST_CHECK int tm_deck_add_write(struct tm_deck *d, struct tm_write w);
/* Welds the last write to the one before it in its connection, of which there must be one. */
void tm_deck_weld_last(struct tm_deck *d);
/* How the last connection closes, whose writes need not all be there yet. */
void tm_deck_close_last(struct tm_deck *d, const struct tm_close *close);
/* TM_OK, or TM_ERR_RANGE: a connection without writes or of no role, one that tm_plan_check would refuse, one
 * that closes later than TM_WRITE_GAP_MAX, a weld that is neither 0 nor 1, or of a connection's first write, or writes
 * that do not lie one connection after another. */
TM_MUST_CHECK int tm_deck_check(const struct tm_deck *d);
/* Frees what it owns and leaves an empty deck. */
void tm_deck_deinit(struct tm_deck *d);

#endif
