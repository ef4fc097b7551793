/* tm/mbsim/heap.h - events that wait, the earliest on top.
 *
 * Which of two equal events (same time and rank) comes first depends on how the heap moves them; results of the Rust simulator can
 * only be met by moving them alike.  So this is the binary heap of Rust's standard library: a pop puts the last element at the root, lets it
 * sink to the bottom along the earlier children (the right one of equals), then rise again. */
#ifndef TM_MBSIM_HEAP_H
#define TM_MBSIM_HEAP_H

#include "tm/mbsim/event.h"

struct tm_mbsim_heap { /* {0} is an empty one */
    struct tm_mbsim_event *e;
    size_t n, cap;
};

/* a strictly before b. */
static inline bool tm_mbsim_is_before(const struct tm_mbsim_event *a,
                                      const struct tm_mbsim_event *b)
{
    return a->t_ns != b->t_ns ? a->t_ns < b->t_ns : a->rank < b->rank;
}

TM_MUST_CHECK int tm_mbsim_heap_push(struct tm_mbsim_heap *h, const struct tm_mbsim_event *e);
/* Not of an empty one (asserted). */
struct tm_mbsim_event tm_mbsim_heap_pop(struct tm_mbsim_heap *h);
void tm_mbsim_heap_deinit(struct tm_mbsim_heap *h);

#endif
