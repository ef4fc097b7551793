/* tm/core/window.h - a window of a stream in memory: the bytes of the last `cap` offsets, and which of them are marked.
 *
 * Positions are offsets behind `origin`, modulo cap: where nothing is held, the next bytes can begin at the front again, so that a large window of
 * which little is used stays small memory.  A mark is what the user says: received (tm/core/reasm.h), acknowledged
 * (tm/core/sendbuf.h). */
#ifndef TM_CORE_WINDOW_H
#define TM_CORE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

struct tm_window {
    uint8_t *bytes;     /* owned */
    uint64_t *marks;    /* owned, see tm/core/bitring.h */
    size_t cap;         /* power of two >= 64 */
    uint64_t origin;    /* the offset whose byte is the first */
    uint64_t marked_to; /* no mark at or behind it */
};

TM_MUST_CHECK int tm_window_init(struct tm_window *w, size_t cap);
void tm_window_deinit(struct tm_window *w);
/* Doubles the capacity and keeps the bytes and marks of [from, to), to - from <= cap; TM_ERR_NOMEM leaves it as it was. */
TM_MUST_CHECK int tm_window_grow(struct tm_window *w, uint64_t from, uint64_t to);
/* Where the byte of an offset lies. */
static inline size_t tm_window_at(const struct tm_window *w, uint64_t offset)
{
    return (size_t)((offset - w->origin) & (w->cap - 1));
}
/* No byte is held, and the next is that of `offset`. */
static inline void tm_window_rewind(struct tm_window *w, uint64_t offset)
{
    w->origin = offset;
}
/* Copies len <= cap bytes in / out. */
void tm_window_put(struct tm_window *w, uint64_t offset, const uint8_t *p, size_t len);
void tm_window_get(const struct tm_window *w, uint64_t offset, uint8_t *dst, size_t len);
void tm_window_mark(struct tm_window *w, uint64_t offset, size_t len);
/* The edge moves from `from` to `to`, and on over the marked bytes behind it, before `end` at most: their marks are
 * cleared.  Returns where it stands. */
uint64_t tm_window_pass(struct tm_window *w, uint64_t from, uint64_t to, uint64_t end);

#endif
