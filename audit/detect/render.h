/* audit/detect/render.h - real connections cut into writes and rendered into segments again: the floors R and Rb.
 *
 * A write is a segment and those that follow it the same way while the one before was full (the capture's most
 * frequent size of 1000 bytes or more) and the gap is below 100 ms.  Rendering a write of N bytes gives N / full whole segments and
 * the rest; its inner gaps are those of a write of another connection that is alike (audit/detect/donor.h).  This stands in for
 * the TCP path, and is all that a perfect model of writes could get wrong. */
#ifndef TM_AUDIT_DETECT_RENDER_H
#define TM_AUDIT_DETECT_RENDER_H

#include <stddef.h>
#include <stdint.h>

#include "audit/features/trace.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_WRITE_INNER_GAP_US 100000
#define TM_WRITE_FULL_MIN     1000U

struct tm_write_cut {
    uint64_t first; /* packet of the set's pool */
    uint32_t n_segments;
    uint32_t bytes;
    uint32_t trace; /* index in the set */
    uint8_t dir;
};

/* All writes of a set, in order; {0} is empty. */
struct tm_writes {
    struct tm_write_cut *v; /* owned */
    size_t n, cap;
    size_t *start; /* owned, set's n + 1: index of each connection's first write */
    uint32_t
        *full; /* owned, one for each capture: size of a full segment; UINT32_MAX: there is none */
    uint32_t n_full;
};
/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_writes_cut(struct tm_writes *out, const struct tm_trace_set *set);
void tm_writes_deinit(struct tm_writes *w);

enum tm_render_draw { TM_RENDER_ONCE, TM_RENDER_WITH_REPLACEMENT };
/* Appends to the empty set `out`: every connection of `set` rendered; with replacement: whole sessions drawn from it, each drawing a
 * session of its own, until there are n connections.  Labels but sessions are kept.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_render(struct tm_trace_set *out, const struct tm_trace_set *set,
                            const struct tm_writes *writes, enum tm_render_draw draw, uint32_t n,
                            struct tm_rng *rng);

#endif
