/* tm/base/buf.h - bounded reader and writer over memory that the caller owns.
 *
 * Both carry a sticky error: after the first read past the end or write past the capacity every
 * further call does nothing (reads give 0), and tm_rd_ok/tm_wr_ok say false.  So a parser reads all
 * its fields and asks once.  Integers are big-endian; varints are those of QUIC (RFC 9000 sec. 16):
 * the two top bits of the first byte give the length 1, 2, 4 or 8. */
#ifndef TM_BASE_BUF_H
#define TM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_VARINT_MAX UINT64_C(0x3fffffffffffffff)

struct tm_view {
    const uint8_t *p;
    size_t len;
};

struct tm_rd {
    const uint8_t *p;
    size_t len; /* bytes left */
    bool bad;
};

struct tm_wr {
    uint8_t *p;
    size_t len; /* bytes written */
    size_t cap;
    bool bad;
};

/* False when a * b overflows size_t; else *out = a * b. */
static inline bool tm_mul_ok(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

struct tm_rd tm_rd_init(const void *p, size_t len);
static inline bool tm_rd_ok(const struct tm_rd *r)
{
    return !r->bad;
}
uint8_t tm_rd_u8(struct tm_rd *r);
uint16_t tm_rd_u16(struct tm_rd *r);
uint32_t tm_rd_u24(struct tm_rd *r);
uint32_t tm_rd_u32(struct tm_rd *r);
uint64_t tm_rd_u64(struct tm_rd *r);
uint64_t tm_rd_varint(struct tm_rd *r);
/* A view of the next n bytes (borrowed from the reader's memory), which are consumed; {NULL, 0} on error. */
struct tm_view tm_rd_bytes(struct tm_rd *r, size_t n);
/* Copies the next n bytes to dst (zeros on error). */
void tm_rd_copy(struct tm_rd *r, void *dst, size_t n);

struct tm_wr tm_wr_init(void *p, size_t cap);
static inline bool tm_wr_ok(const struct tm_wr *w)
{
    return !w->bad;
}
static inline size_t tm_wr_room(const struct tm_wr *w)
{
    return w->bad ? 0 : w->cap - w->len;
}
void tm_wr_u8(struct tm_wr *w, uint8_t v);
void tm_wr_u16(struct tm_wr *w, uint16_t v);
void tm_wr_u24(struct tm_wr *w, uint32_t v);
void tm_wr_u32(struct tm_wr *w, uint32_t v);
void tm_wr_u64(struct tm_wr *w, uint64_t v);
void tm_wr_varint(struct tm_wr *w, uint64_t v); /* v <= TM_VARINT_MAX, else the error is set */
void tm_wr_bytes(struct tm_wr *w, const void *p, size_t n);
void tm_wr_zeros(struct tm_wr *w, size_t n);

/* Bytes that tm_wr_varint takes for v: 1, 2, 4 or 8. */
size_t tm_varint_len(uint64_t v);

#endif
