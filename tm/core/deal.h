/* tm/core/deal.h - how much of a stream each carrier carried lately, so that none becomes the stream's.
 *
 * By MUFFLER's choice alone (sec. III-E) a stream's largest share lies on some carrier by chance, and that carrier is found again.  So what
 * counts first is which carrier had least of this stream, both directions together: each end knows what it received on which.  A piece
 * counts TM_DEAL_PIECE bytes more than it has, because many small ones show as well as a large one.  What is long past is forgotten, by
 * halves.  Pure. */
#ifndef TM_CORE_DEAL_H
#define TM_CORE_DEAL_H

#include <stddef.h>
#include <stdint.h>

#include "models/shuffle.h"

#define TM_DEAL_PIECE  512U
#define TM_DEAL_FORGET 65536U /* all are halved when one has more */

struct tm_deal { /* empty: {0} */
    struct {
        uint32_t k; /* carrier */
        uint32_t cost;
    } v[TM_SHUFFLE_M_MAX];
    uint32_t n; /* <= TM_SHUFFLE_M_MAX */
};

/* What carrier k had.  One that is new to the stream is entered as if it had as much as any, so that it does not get all of what comes
 * next; when there are too many, the one that had least is forgotten. */
uint32_t tm_deal_cost(struct tm_deal *d, uint32_t k);
/* Carrier k carried a piece of so many bytes. */
void tm_deal_add(struct tm_deal *d, uint32_t k, size_t bytes);

#endif
