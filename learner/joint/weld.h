/* learner/joint/weld.h - which writes of a deck are never parted again, so that no connection as captured can come back.
 *
 * A model's deck is put together of captured connections (models/recombine.h), and whoever plays it puts it together once more, by a
 * seed that nobody knows when it is learned.  Two connections of the deck may then change tails so that what one person's connection
 * was is together again.  Against that, writes of the deck are welded to the one before them (models/deck.h).
 *
 * The guarantee: a block is writes of a deck's connection that are welded to each other, as many as there are.  Whatever the seed, the
 * batch and the rounds, a connection that is played has the sizes and directions of a row of blocks: one that begins a connection of
 * the deck, any others, one that ends one; or of a connection of the deck as it is (models/recombine.h).  After tm_weld, no such row
 * has those of a captured connection, in their order, wherever its blocks are from.  (All rows are meant, even those that no two
 * connections of the deck would join to.  A sequence that two captured connections have is nobody's alone and may come back, as it
 * does among real ones.)
 *
 * How: for each captured connection that a row could be, one of its writes, k, is chosen.  Wherever the deck has a write of that size
 * whose block could be part of such a row with this write at k, the block is made longer, to that side which takes fewer welds, until
 * it holds a write that the captured connection has not there.  The k is the one that takes fewest welds: as a rule a size that one
 * connection alone has, a few writes from where it was joined to something else.
 *
 * What welds tell whoever has the model: of a needed run of them, that some captured connection has the rare write and what is beside
 * it up to the last but one of the block, and not the last.  So that this is not sure of any, half as many runs again are drawn by
 * chance, about rare writes and as long as the needed ones.  Where nothing is welded nothing is told: writes are not welded for being
 * joined, and most joins are not.  Who does not heed the welds can put together the captured connections, among very many others, and
 * learns that they are not among the rows.  Hashes or sizes of what was captured are in no model.  Pure. */
#ifndef TM_LEARNER_JOINT_WELD_H
#define TM_LEARNER_JOINT_WELD_H

#include <stdint.h>

#include "models/deck.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

struct tm_weld_report {
    uint32_t n_own;    /* captured connections whose sizes, in their order, must not come back; */
    uint32_t n_open;   /* of these, a row of blocks could be so many before anything was welded */
    uint32_t n_copies; /* of these, the deck itself has so many: for them nothing can be done */
    uint32_t n_places; /* between writes of one connection of the deck: where it could be cut */
    uint32_t n_needed; /* of these, welded for the guarantee */
    uint32_t n_decoys; /* of these, welded so that the needed ones do not show */
};

/* Whose sizes must not come back: those that one connection alone has, or any, however many have them. */
enum tm_weld_whose { TM_WELD_OWN, TM_WELD_ANY };

/* Welds writes of `deck`, which was recombined of `captured`; welds that it has stay.  The key decides the decoys.  TM_ERR_NOMEM;
 * TM_ERR_RANGE: tm_deck_check refuses one of them. */
TM_MUST_CHECK int tm_weld(struct tm_deck *deck, const struct tm_deck *captured,
                          enum tm_weld_whose whose, const uint8_t key[TM_SEED_LEN],
                          struct tm_weld_report *report);

/* Counts, of the captured connections whose sizes are theirs alone, those that a row of the deck's blocks could be: 0 after tm_weld,
 * but for n_copies.  TM_ERR_NOMEM, TM_ERR_RANGE as above. */
TM_MUST_CHECK int tm_weld_count_open(const struct tm_deck *deck, const struct tm_deck *captured,
                                     uint32_t *n_open);

#endif
