#include "tm/base/buf.h"

#include <string.h>

struct tm_rd tm_rd_init(const void *p, size_t len)
{
    return (struct tm_rd){.p = p, .len = len};
}

struct tm_view tm_rd_bytes(struct tm_rd *r, size_t n)
{
    if (r->bad || n > r->len) {
        r->bad = true;
        return (struct tm_view){0};
    }
    struct tm_view v = {r->p, n};
    if (n > 0)
        r->p += n;
    r->len -= n;
    return v;
}

static uint64_t rd_be(struct tm_rd *r, size_t n)
{
    struct tm_view v = tm_rd_bytes(r, n);
    uint64_t x = 0;
    for (size_t i = 0; i < v.len; i++)
        x = x << 8 | v.p[i];
    return x;
}

uint8_t tm_rd_u8(struct tm_rd *r)
{
    return (uint8_t)rd_be(r, 1);
}

uint16_t tm_rd_u16(struct tm_rd *r)
{
    return (uint16_t)rd_be(r, 2);
}

uint32_t tm_rd_u24(struct tm_rd *r)
{
    return (uint32_t)rd_be(r, 3);
}

uint32_t tm_rd_u32(struct tm_rd *r)
{
    return (uint32_t)rd_be(r, 4);
}

uint64_t tm_rd_u64(struct tm_rd *r)
{
    return rd_be(r, 8);
}

uint64_t tm_rd_varint(struct tm_rd *r)
{
    if (r->bad || r->len == 0) {
        r->bad = true;
        return 0;
    }
    static const uint64_t mask[] = {0x3f, 0x3fff, 0x3fffffff, TM_VARINT_MAX};
    unsigned log_len = r->p[0] >> 6;
    return rd_be(r, (size_t)1 << log_len) & mask[log_len];
}

void tm_rd_copy(struct tm_rd *r, void *dst, size_t n)
{
    struct tm_view v = tm_rd_bytes(r, n);
    if (v.len == n && n > 0)
        memcpy(dst, v.p, n);
    else if (n > 0)
        memset(dst, 0, n);
}

struct tm_wr tm_wr_init(void *p, size_t cap)
{
    return (struct tm_wr){.p = p, .cap = cap};
}

/* The place for n more bytes, or NULL with the sticky error set. */
static uint8_t *wr_room(struct tm_wr *w, size_t n)
{
    if (w->bad || n > w->cap - w->len) {
        w->bad = true;
        return NULL;
    }
    uint8_t *at = w->p + w->len;
    w->len += n;
    return at;
}

static void wr_be(struct tm_wr *w, uint64_t v, size_t n)
{
    uint8_t *at = wr_room(w, n);
    for (size_t i = 0; at && i < n; i++)
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void tm_wr_u8(struct tm_wr *w, uint8_t v)
{
    wr_be(w, v, 1);
}

void tm_wr_u16(struct tm_wr *w, uint16_t v)
{
    wr_be(w, v, 2);
}

void tm_wr_u24(struct tm_wr *w, uint32_t v)
{
    wr_be(w, v, 3);
}

void tm_wr_u32(struct tm_wr *w, uint32_t v)
{
    wr_be(w, v, 4);
}

void tm_wr_u64(struct tm_wr *w, uint64_t v)
{
    wr_be(w, v, 8);
}

size_t tm_varint_len(uint64_t v)
{
    return v < 0x40 ? 1 : v < 0x4000 ? 2 : v < 0x40000000 ? 4 : 8;
}

void tm_wr_varint(struct tm_wr *w, uint64_t v)
{
    if (v > TM_VARINT_MAX) {
        w->bad = true;
        return;
    }
    size_t n = tm_varint_len(v);
    uint64_t tag = n == 1 ? 0 : n == 2 ? 1 : n == 4 ? 2 : 3;
    wr_be(w, v | tag << (8 * n - 2), n);
}

void tm_wr_bytes(struct tm_wr *w, const void *p, size_t n)
{
    uint8_t *at = n > 0 ? wr_room(w, n) : NULL;
    if (at)
        memcpy(at, p, n);
}

void tm_wr_zeros(struct tm_wr *w, size_t n)
{
    uint8_t *at = n > 0 ? wr_room(w, n) : NULL;
    if (at)
        memset(at, 0, n);
}
