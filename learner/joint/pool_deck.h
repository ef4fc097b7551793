/* learner/joint/pool_deck.h - no size and no pause of a deck stands for fewer than k connections.
 *
 * Why: a deck that keeps every value keeps the one letter of 48,231 bytes, and whoever has the model can say that somebody sent it.
 * The rule is that of learner/pool.h, for sizes and pauses of each direction and for closing pauses (the client's, the server's), each on its own, but for two
 * things: connections are counted, not observations, and what is pooled does not become one value, which would be an atom that real
 * traffic does not have:
 *
 *   1. A value that k connections have stays as it is.
 *   2. The rest, from the smallest, is pooled with its neighbours between two such values: a step ends as soon as k connections
 *      have values in it.  Each gets a value drawn between the smallest and the largest of its step, as often in every interval
 *      between neighbours; the order by size is kept.  Sizes that are all alike modulo 2, 4, 8 or 16 (block ciphers) stay so.
 *   3. What is left before a value of rule 1, too little for a step, joins the step before it; when there is none, it becomes the
 *      nearer one of the values of rule 1 beside it.
 *   4. Where fewer than k connections have any value, all are one step.
 *
 * Which writes a closing runs from and how it is done (struct tm_close) is one value; one that fewer than k connections have becomes the
 * plain closing.
 *
 * What it does not do: k connections may all be one user's.  Which values are beside each other in a connection, and how often,
 * is as before, and so is what most users have in common.  Pure. */
#ifndef TM_LEARNER_JOINT_POOL_DECK_H
#define TM_LEARNER_JOINT_POOL_DECK_H

#include <stdint.h>

#include "models/deck.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

struct tm_pool_deck_count {
    uint64_t n_sizes, n_pauses; /* that were pooled, of those that the deck has */
};

/* In place; k >= 1 (1: nothing changes).  The key decides what is drawn.  TM_ERR_NOMEM; TM_ERR_RANGE: tm_deck_check refuses it. */
TM_MUST_CHECK int tm_pool_deck(struct tm_deck *deck, uint32_t k, const uint8_t key[TM_SEED_LEN],
                               struct tm_pool_deck_count *count);

#endif
