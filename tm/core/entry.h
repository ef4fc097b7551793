/* tm/core/entry.h - plan entries as bytes: in tokens, PLAN frames and PLAN_HEAD messages.
 *
 * An entry is one write or the end of the plan:
 *   write: flags (1) | [ref_back (1)] | size (varint) | gap_us (varint)
 *   end:   0x80 + flags | close_gap_us (varint) | [back (1)] | [server_back (1) | server_gap_us (varint)]
 * flags: bit 0 direction (0 up, 1 down); bits 1-2 the reference: 0: the write before; 1: the one before that;
 * 2: explicit ref_back follows; 3: the connection's start.  All other bits are zero.  Of an end (struct tm_close): bit 0: the client resets; bit 1:
 * back follows; bit 2: server_back follows.
 * Typically 4 to 8 bytes, so that the plan of an exchange fits beside data (DESIGN.md sec. 3). */
#ifndef TM_CORE_ENTRY_H
#define TM_CORE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "models/plan.h"
#include "tm/base/buf.h"

#define TM_ENTRY_LEN_MAX 19U /* of a write or an end */

/* A plan of which only a prefix is known yet. */
struct tm_known_plan {
    struct tm_plan plan;
    bool complete; /* the end entry has come: close_gap_us is set */
};

/* Bytes of entry i of a complete plan; i == n_writes is the end. */
size_t tm_entry_len(const struct tm_plan *p, size_t i);
/* Writes entries from..from+n-1 (at most up to the end entry, index n_writes). */
void tm_entry_encode(struct tm_wr *w, const struct tm_plan *p, size_t from, size_t n);
/* How many entries from `from` on fit in room bytes, at most max. */
size_t tm_entry_fit(const struct tm_plan *p, size_t from, size_t room, size_t max);
/* Reads one entry and appends it to the known plan.  TM_ERR_FORMAT: malformed, out of range, or behind the
 * end; TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_entry_decode(struct tm_rd *r, struct tm_known_plan *k);

#endif
