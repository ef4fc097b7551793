/* tm/core/reasm.h - the receiving side of a stream: bytes put in order by offset.
 *
 * Offsets:  base <= ready.  [base, ready) can be delivered; up to base + window.cap bytes may arrive, in any
 * order and more than once.  The memory is the credit: what the peer was granted always fits. */
#ifndef TM_CORE_REASM_H
#define TM_CORE_REASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/window.h"

#define TM_REASM_NO_END UINT64_MAX

struct tm_reasm {
    struct tm_window window; /* marked: received beyond ready */
    uint64_t base, ready;
    uint64_t top; /* highest offset received + 1 */
    uint64_t end; /* where the stream ends, TM_REASM_NO_END: not known */
};

TM_MUST_CHECK int tm_reasm_init(struct tm_reasm *r, size_t cap);
void tm_reasm_deinit(struct tm_reasm *r);
/* Doubles the capacity; TM_ERR_NOMEM leaves it as it was. */
TM_MUST_CHECK int tm_reasm_grow(struct tm_reasm *r);
/* Bytes from the peer; fin: the stream ends behind them.  Duplicates are ignored.  TM_ERR_PROTO: beyond
 * the window, beyond the end, or an end that contradicts what came before. */
TM_MUST_CHECK int tm_reasm_put(struct tm_reasm *r, uint64_t offset, struct tm_view bytes, bool fin);
/* The deliverable bytes that lie contiguous in memory; borrowed until the next call that changes r. */
struct tm_view tm_reasm_peek(const struct tm_reasm *r);
/* Everything up to the end has been delivered. */
bool tm_reasm_finished(const struct tm_reasm *r);
void tm_reasm_consume(struct tm_reasm *r, size_t n); /* n <= ready - base */

#endif
