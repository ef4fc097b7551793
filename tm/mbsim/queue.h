/* tm/mbsim/queue.h - what is to happen at one end in mode v2, and what comes next of it.
 *
 * Four queues, as in the Rust simulator 2.2.1: the application's packets (`base`, of which later ones shift when earlier ones were
 * held up), packets that a block holds (`blocked`), packets that may pass a bypassable block (`passing`), and all else (`inner`).
 * Packets of `base` are alike but for their times, so that an array is enough for them. */
#ifndef TM_MBSIM_QUEUE_H
#define TM_MBSIM_QUEUE_H

#include "tm/mbsim/heap.h"

enum tm_mbsim_queue_kind { TM_MBSIM_BLOCKED, TM_MBSIM_PASSING, TM_MBSIM_INNER, TM_MBSIM_BASE };

struct tm_mbsim_queue {
    const int64_t *base_ns; /* borrowed, sorted */
    size_t n_base, at_base;
    struct tm_mbsim_heap blocked, passing, inner;
    size_t n_under_way; /* of `inner`: packets that arrive, and padding of any kind */
    int64_t lag_ns;     /* that `base` has gathered */
};

/* The next event of some queues. */
struct tm_mbsim_head {
    enum tm_mbsim_queue_kind from;
    int64_t t_ns; /* with the lag; TM_NEVER: there is none */
    uint8_t rank;
    bool bypass;
};

/* By what it is, sets e->rank and puts it into the queue where it belongs.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_queue_push(struct tm_mbsim_queue *q, struct tm_mbsim_event e);
/* The first event of that queue, which has one; of BASE, with the lag. */
struct tm_mbsim_event tm_mbsim_queue_pop(struct tm_mbsim_queue *q, enum tm_mbsim_queue_kind from);

/* The next one of all. */
struct tm_mbsim_head tm_mbsim_queue_head(const struct tm_mbsim_queue *q);
/* The next one that a block (bypassable or not) holds. */
struct tm_mbsim_head tm_mbsim_queue_held(const struct tm_mbsim_queue *q, bool is_bypassable);
/* The next one that it does not hold. */
struct tm_mbsim_head tm_mbsim_queue_free(const struct tm_mbsim_queue *q, bool is_bypassable);

static inline bool tm_mbsim_queue_is_empty(const struct tm_mbsim_queue *q)
{
    return q->at_base == q->n_base && q->blocked.n == 0 && q->passing.n == 0 && q->inner.n == 0;
}

/* Whether nothing of a packet is left; a TimerEnd may wait.  Quirk: a NormalRecv may too, and padding counts. */
static inline bool tm_mbsim_queue_has_no_packets(const struct tm_mbsim_queue *q)
{
    return q->at_base == q->n_base && q->blocked.n == 0 && q->passing.n == 0 && q->n_under_way == 0;
}

void tm_mbsim_queue_deinit(struct tm_mbsim_queue *q); /* the heaps */

#endif
