#include "tm/core/sendbuf.h"

#include <stdlib.h>
#include <string.h>

#include "tm/core/bitring.h"

int tm_sendbuf_init(struct tm_sendbuf *b, size_t cap)
{
    *b = (struct tm_sendbuf){.cap = cap};
    b->ring = malloc(cap);
    b->acked = calloc(cap / 64, sizeof *b->acked);
    if (b->ring && b->acked)
        return TM_OK;
    tm_sendbuf_deinit(b);
    return TM_ERR_NOMEM;
}

void tm_sendbuf_deinit(struct tm_sendbuf *b)
{
    free(b->ring);
    free(b->acked);
    b->ring = NULL;
    b->acked = NULL;
}

/* Copies [offset, offset + len) of the ring out to dst. */
static void ring_get(const struct tm_sendbuf *b, uint64_t offset, uint8_t *dst, size_t len)
{
    size_t pos = (size_t)(offset & (b->cap - 1));
    size_t first = b->cap - pos < len ? b->cap - pos : len;
    memcpy(dst, b->ring + pos, first);
    memcpy(dst + first, b->ring, len - first);
}

static void ring_put(struct tm_sendbuf *b, uint64_t offset, const uint8_t *p, size_t len)
{
    size_t pos = (size_t)(offset & (b->cap - 1));
    size_t first = b->cap - pos < len ? b->cap - pos : len;
    memcpy(b->ring + pos, p, first);
    memcpy(b->ring, p + first, len - first);
}

int tm_sendbuf_grow(struct tm_sendbuf *b)
{
    struct tm_sendbuf big;
    int rc = tm_sendbuf_init(&big, b->cap * 2);
    if (rc != TM_OK)
        return rc;
    big.base = b->base;
    big.next = b->next;
    big.end = b->end;
    for (uint64_t at = b->base; at < b->end;) {
        size_t pos = (size_t)(at & (b->cap - 1));
        size_t n = b->cap - pos < b->end - at ? b->cap - pos : (size_t)(b->end - at);
        ring_put(&big, at, b->ring + pos, n);
        at += n;
    }
    for (uint64_t at = b->base; at < b->next;) {
        size_t run = tm_bitring_run(b->acked, b->cap, at, (size_t)(b->next - at));
        tm_bitring_set(big.acked, big.cap, at, run);
        at += run + 1;
    }
    tm_sendbuf_deinit(b);
    *b = big;
    return TM_OK;
}

size_t tm_sendbuf_room(const struct tm_sendbuf *b)
{
    return b->cap - (size_t)(b->end - b->base);
}

size_t tm_sendbuf_put(struct tm_sendbuf *b, const uint8_t *p, size_t len)
{
    size_t room = tm_sendbuf_room(b);
    size_t n = len < room ? len : room;
    if (n > 0)
        ring_put(b, b->end, p, n);
    b->end += n;
    return n;
}

void tm_sendbuf_copy(const struct tm_sendbuf *b, uint64_t offset, uint8_t *dst, size_t len)
{
    TM_ASSERT(offset >= b->base && offset + len <= b->end);
    ring_get(b, offset, dst, len);
}

void tm_sendbuf_ack(struct tm_sendbuf *b, uint64_t offset, size_t len)
{
    uint64_t to = offset + len < b->next ? offset + len : b->next;
    uint64_t from = offset > b->base ? offset : b->base;
    if (from >= to)
        return;
    if (from > b->base) {
        tm_bitring_set(b->acked, b->cap, from, (size_t)(to - from));
        return;
    }
    tm_bitring_clear(b->acked, b->cap, from, (size_t)(to - from));
    size_t more = tm_bitring_run(b->acked, b->cap, to, (size_t)(b->next - to));
    tm_bitring_clear(b->acked, b->cap, to, more);
    b->base = to + more;
}
