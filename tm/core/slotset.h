/* tm/core/slotset.h - a set of stream slots (tm/core/session_int.h), a bit each: which are live, have events, may have something to send.
 *
 * Slots are looked through in ascending order or in turn, as an array of all of them would be, at the cost of one word for every 64:
 * what an idle stream costs a record is a bit. */
#ifndef TM_CORE_SLOTSET_H
#define TM_CORE_SLOTSET_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/core/session_cfg.h"

#define TM_SLOTSET_END TM_STREAMS_HELD /* no such slot */

struct tm_slotset { /* empty: {0} */
    uint32_t n;
    uint64_t word[TM_STREAMS_HELD / 64];
};

/* slot < TM_STREAMS_HELD; adding what is there and removing what is not change nothing. */
void tm_slotset_add(struct tm_slotset *set, uint32_t slot);
void tm_slotset_remove(struct tm_slotset *set, uint32_t slot);
bool tm_slotset_has(const struct tm_slotset *set, uint32_t slot);
/* The lowest member that is not below `from`; TM_SLOTSET_END: none. */
uint32_t tm_slotset_next(const struct tm_slotset *set, uint32_t from);
/* The lowest slot that is no member; TM_SLOTSET_END: all are. */
uint32_t tm_slotset_lowest_free(const struct tm_slotset *set);
/* Once around from slot `from` (which may be TM_STREAMS_HELD, for 0): the least i' >= i, so that slot (from + i') % TM_STREAMS_HELD is a
 * member; TM_SLOTSET_END: none is left.  A round asks for 0, and then for one more than it was told. */
uint32_t tm_slotset_turn(const struct tm_slotset *set, uint32_t from, uint32_t i);

#endif
