#include "test/unit/learner/capture_bytes.h"

#include <stdlib.h>
#include <string.h>

void capture_put(struct capture_bytes *f, const void *p, size_t n)
{
    if (f->len + n > f->cap) {
        f->cap = (f->len + n) * 2;
        f->b = realloc(f->b, f->cap);
        if (!f->b)
            abort();
    }
    if (n > 0)
        memcpy(f->b + f->len, p, n);
    f->len += n;
}

void capture_put_int(struct capture_bytes *f, uint64_t v, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        uint8_t byte = (uint8_t)(v >> 8 * (f->is_big ? n_bytes - 1 - i : i));
        capture_put(f, &byte, 1);
    }
}

void capture_free(struct capture_bytes *f)
{
    free(f->b);
    *f = (struct capture_bytes){0};
}

void capture_pcap_header(struct capture_bytes *f, uint32_t magic, uint32_t link_type)
{
    capture_put_int(f, magic, 4);
    capture_put_int(f, 2, 2);
    capture_put_int(f, 4, 2);
    capture_put_int(f, 0, 4);
    capture_put_int(f, 0, 4);
    capture_put_int(f, 262144, 4);
    capture_put_int(f, link_type, 4);
}

void capture_pcap_frame(struct capture_bytes *f, uint32_t sec, uint32_t fraction,
                        const uint8_t *frame, uint32_t cap_len, uint32_t wire_len)
{
    capture_put_int(f, sec, 4);
    capture_put_int(f, fraction, 4);
    capture_put_int(f, cap_len, 4);
    capture_put_int(f, wire_len, 4);
    capture_put(f, frame, cap_len);
}

static uint32_t padded(uint32_t len)
{
    return (len + 3) & ~3U;
}

static void pad(struct capture_bytes *f, uint32_t len)
{
    capture_put(f, "\0\0\0", padded(len) - len);
}

void capture_ng_section(struct capture_bytes *f)
{
    capture_put_int(f, 0x0a0d0d0a, 4);
    capture_put_int(f, 28, 4);
    capture_put_int(f, 0x1a2b3c4d, 4);
    capture_put_int(f, 1, 2);
    capture_put_int(f, 0, 2);
    capture_put_int(f, UINT64_MAX, 8);
    capture_put_int(f, 28, 4);
}

void capture_ng_interface(struct capture_bytes *f, uint16_t link_type, uint32_t snap_len,
                          uint8_t resolution, int64_t offset_s)
{
    uint32_t len = 20;
    len += resolution != 6 ? 8 : 0;
    len += offset_s != 0 ? 12 : 0;
    len += len > 20 ? 4 : 0;
    capture_put_int(f, 1, 4);
    capture_put_int(f, len, 4);
    capture_put_int(f, link_type, 2);
    capture_put_int(f, 0, 2);
    capture_put_int(f, snap_len, 4);
    if (resolution != 6) {
        capture_put_int(f, 9, 2);
        capture_put_int(f, 1, 2);
        capture_put(f, &resolution, 1);
        capture_put(f, "\0\0\0", 3);
    }
    if (offset_s != 0) {
        capture_put_int(f, 14, 2);
        capture_put_int(f, 8, 2);
        capture_put_int(f, (uint64_t)offset_s, 8);
    }
    if (len > 20)
        capture_put_int(f, 0, 4);
    capture_put_int(f, len, 4);
}

void capture_ng_frame(struct capture_bytes *f, uint32_t iface, uint64_t ticks, const uint8_t *frame,
                      uint32_t cap_len, uint32_t wire_len)
{
    uint32_t len = 32 + padded(cap_len);
    capture_put_int(f, 6, 4);
    capture_put_int(f, len, 4);
    capture_put_int(f, iface, 4);
    capture_put_int(f, ticks >> 32, 4);
    capture_put_int(f, ticks & 0xffffffff, 4);
    capture_put_int(f, cap_len, 4);
    capture_put_int(f, wire_len, 4);
    capture_put(f, frame, cap_len);
    pad(f, cap_len);
    capture_put_int(f, len, 4);
}

void capture_ng_old_frame(struct capture_bytes *f, uint16_t iface, uint64_t ticks,
                          const uint8_t *frame, uint32_t len)
{
    uint32_t block_len = 32 + padded(len);
    capture_put_int(f, 2, 4);
    capture_put_int(f, block_len, 4);
    capture_put_int(f, iface, 2);
    capture_put_int(f, 0xffff, 2);
    capture_put_int(f, ticks >> 32, 4);
    capture_put_int(f, ticks & 0xffffffff, 4);
    capture_put_int(f, len, 4);
    capture_put_int(f, len, 4);
    capture_put(f, frame, len);
    pad(f, len);
    capture_put_int(f, block_len, 4);
}

void capture_ng_simple(struct capture_bytes *f, const uint8_t *frame, uint32_t cap_len,
                       uint32_t wire_len)
{
    uint32_t len = 16 + padded(cap_len);
    capture_put_int(f, 3, 4);
    capture_put_int(f, len, 4);
    capture_put_int(f, wire_len, 4);
    capture_put(f, frame, cap_len);
    pad(f, cap_len);
    capture_put_int(f, len, 4);
}

void capture_ng_block(struct capture_bytes *f, uint32_t type, uint32_t body_len)
{
    capture_put_int(f, type, 4);
    capture_put_int(f, 12 + body_len, 4);
    for (uint32_t i = 0; i < body_len; i++)
        capture_put(f, "", 1);
    capture_put_int(f, 12 + body_len, 4);
}
