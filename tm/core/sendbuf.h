/* tm/core/sendbuf.h - the sending side of a stream: bytes stay until the peer has acknowledged them.
 *
 * Offsets:  base <= next <= end.  [base, next) has been sent at least once and is not wholly acknowledged,
 * [next, end) waits for its first transmission.  What was lost is kept by the caller (tm/core/flight.h). */
#ifndef TM_CORE_SENDBUF_H
#define TM_CORE_SENDBUF_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/core/window.h"

struct tm_sendbuf {
    struct tm_window window; /* marked: acknowledged beyond base */
    uint64_t base, next, end;
};

TM_MUST_CHECK int tm_sendbuf_init(struct tm_sendbuf *b, size_t cap);
void tm_sendbuf_deinit(struct tm_sendbuf *b);
/* Doubles the capacity; TM_ERR_NOMEM leaves the buffer as it was. */
TM_MUST_CHECK int tm_sendbuf_grow(struct tm_sendbuf *b);
size_t tm_sendbuf_room(const struct tm_sendbuf *b);
/* Appends at most the room; returns how much. */
size_t tm_sendbuf_put(struct tm_sendbuf *b, const uint8_t *p, size_t len);
/* Copies bytes [offset, offset + len), which must lie in [base, end). */
void tm_sendbuf_copy(const struct tm_sendbuf *b, uint64_t offset, uint8_t *dst, size_t len);
/* The peer has [offset, offset + len); parts below base or beyond next are ignored. */
void tm_sendbuf_ack(struct tm_sendbuf *b, uint64_t offset, size_t len);

#endif
