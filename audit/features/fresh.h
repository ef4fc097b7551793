/* audit/features/fresh.h - which bytes of one direction of a TCP connection were not seen before.
 *
 *   offsets  0 ------------- high        holes: parts below `high` that no segment brought yet
 *            seen [hole) seen [hole) seen
 *
 * Sequence numbers wrap; offsets do not.  Pure. */
#ifndef TM_AUDIT_FRESH_H
#define TM_AUDIT_FRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_FRESH_HOLES_MAX 256U /* a segment that fills an older hole counts as repeated */

struct tm_fresh_hole {
    int64_t from, to;
};

struct tm_fresh { /* empty: {0} */
    bool has_base;
    uint32_t base; /* sequence number of offset 0: the first byte, or the first one seen */
    int64_t high;  /* behind the highest byte seen */
    struct tm_fresh_hole *holes; /* owned; sorted, disjoint */
    uint32_t n_holes;
    size_t cap_holes;
};

/* The number of the first byte, from a SYN; later calls change nothing. */
void tm_fresh_base(struct tm_fresh *f, uint32_t seq);
/* A segment of `len` bytes at `seq`; *n_new of them were never seen.  A segment a GiB and more ahead is a straggler of another
 * connection: none of it is new.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_fresh_add(struct tm_fresh *f, uint32_t seq, uint32_t len, uint32_t *n_new);
void tm_fresh_deinit(struct tm_fresh *f);

#endif
