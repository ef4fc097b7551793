/* tm/core/flight.h - what has been sent and is not acknowledged: items in lists, from one bounded pool.
 *
 * An item is one DATA frame.  It stands in the list of the carrier whose record holds it; when that carrier
 * dies it moves to its stream's list of lost ranges, from where it is sent again on another carrier. */
#ifndef TM_CORE_FLIGHT_H
#define TM_CORE_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_FLIGHT_NONE UINT32_MAX

struct tm_item {
    uint64_t stream;
    uint64_t offset;
    uint64_t record; /* number of the record on its carrier */
    uint32_t len;
    uint32_t next; /* index, TM_FLIGHT_NONE: last */
    bool fin;
};

struct tm_item_list {
    uint32_t head, tail; /* TM_FLIGHT_NONE when empty */
};

struct tm_flight {
    struct tm_item *items; /* owned */
    uint32_t cap;
    uint32_t n_free;
    struct tm_item_list free;
};

#define TM_ITEM_LIST_EMPTY ((struct tm_item_list){TM_FLIGHT_NONE, TM_FLIGHT_NONE})

TM_MUST_CHECK int tm_flight_init(struct tm_flight *f, uint32_t cap);
void tm_flight_deinit(struct tm_flight *f);
static inline bool tm_item_list_is_empty(const struct tm_item_list *l)
{
    return l->head == TM_FLIGHT_NONE;
}
/* The first item, or NULL. */
struct tm_item *tm_flight_first(struct tm_flight *f, const struct tm_item_list *l);
/* Appends a copy of *item; false when the pool is empty. */
bool tm_flight_add(struct tm_flight *f, struct tm_item_list *l, const struct tm_item *item);
/* Removes the first item. */
void tm_flight_drop_first(struct tm_flight *f, struct tm_item_list *l);
/* Moves the first item of `from` to the end of `to`. */
void tm_flight_move_first(struct tm_flight *f, struct tm_item_list *from, struct tm_item_list *to);
void tm_flight_clear(struct tm_flight *f, struct tm_item_list *l);

#endif
