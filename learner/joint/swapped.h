/* learner/joint/swapped.h - what a captured connection may look like that is played in another order.
 *
 * Writes of both sides may be under way at the same time, and then the network decides which of them a tap sees first.  A connection
 * that is not a captured one write by write could so become one on the wire.  Pure. */
#ifndef TM_LEARNER_JOINT_SWAPPED_H
#define TM_LEARNER_JOINT_SWAPPED_H

#include <stdbool.h>
#include <stdint.h>

#include "models/deck.h"
#include "tm/base/err.h"

#define TM_SWAPPED_MAX 4U /* of one connection: the last ones, where both sides say goodbye */

/* Appends to `out` (empty), for each captured connection whose sizes are its own alone, those that come of it when two neighbouring
 * writes of different directions change places: its last two, and any of which the second does not wait for the first.  Left out are
 * those that a captured connection is, and what has no room (TM_DECK_CONNS_MAX).  Sizes and directions alone mean something.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_swapped(struct tm_deck *out, const struct tm_deck *captured);

/* Appends to `out` (empty) the connections of `deck` that have not the sizes and directions of one of `other` (is_own: of one that no
 * other has).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_without(struct tm_deck *out, const struct tm_deck *deck,
                             const struct tm_deck *other, bool is_own);

/* Appends connection i of `from`, with its user and its welds.  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_append_conn(struct tm_deck *to, const struct tm_deck *from, size_t i);

#endif
