#include "tm/core/reasm.h"

#include <stdlib.h>
#include <string.h>

#include "tm/core/bitring.h"

int tm_reasm_init(struct tm_reasm *r, size_t cap)
{
    *r = (struct tm_reasm){.cap = cap, .end = TM_REASM_NO_END};
    r->ring = malloc(cap);
    r->there = calloc(cap / 64, sizeof *r->there);
    if (r->ring && r->there)
        return TM_OK;
    tm_reasm_deinit(r);
    return TM_ERR_NOMEM;
}

void tm_reasm_deinit(struct tm_reasm *r)
{
    free(r->ring);
    free(r->there);
    r->ring = NULL;
    r->there = NULL;
}

static void ring_put(struct tm_reasm *r, uint64_t offset, const uint8_t *p, size_t len)
{
    size_t pos = (size_t)(offset & (r->cap - 1));
    size_t first = r->cap - pos < len ? r->cap - pos : len;
    memcpy(r->ring + pos, p, first);
    memcpy(r->ring, p + first, len - first);
}

int tm_reasm_grow(struct tm_reasm *r)
{
    struct tm_reasm big;
    int rc = tm_reasm_init(&big, r->cap * 2);
    if (rc != TM_OK)
        return rc;
    big.base = r->base;
    big.ready = r->ready;
    big.top = r->top;
    big.end = r->end;
    for (uint64_t at = r->base; at < r->base + r->cap;) { /* the whole window: there may be holes */
        size_t pos = (size_t)(at & (r->cap - 1));
        size_t n =
            r->cap - pos < r->base + r->cap - at ? r->cap - pos : (size_t)(r->base + r->cap - at);
        ring_put(&big, at, r->ring + pos, n);
        at += n;
    }
    for (uint64_t at = r->ready; at < r->top;) {
        size_t run = tm_bitring_run(r->there, r->cap, at, (size_t)(r->top - at));
        tm_bitring_set(big.there, big.cap, at, run);
        at += run + 1;
    }
    tm_reasm_deinit(r);
    *r = big;
    return TM_OK;
}

static int note_end(struct tm_reasm *r, uint64_t to, bool fin)
{
    if (fin && (to < r->top || (r->end != TM_REASM_NO_END && r->end != to)))
        return TM_ERR_PROTO;
    if (to > r->end || to > r->base + r->cap)
        return TM_ERR_PROTO;
    if (fin)
        r->end = to;
    return TM_OK;
}

int tm_reasm_put(struct tm_reasm *r, uint64_t offset, struct tm_view bytes, bool fin)
{
    uint64_t to = offset + bytes.len;
    int rc = note_end(r, to, fin);
    if (rc != TM_OK)
        return rc;
    if (to > r->top)
        r->top = to;
    if (to <= r->ready)
        return TM_OK;
    size_t old = offset < r->ready ? (size_t)(r->ready - offset) : 0;
    ring_put(r, offset + old, bytes.p + old, bytes.len - old);
    if (offset > r->ready) {
        tm_bitring_set(r->there, r->cap, offset, bytes.len);
        return TM_OK;
    }
    tm_bitring_clear(r->there, r->cap, r->ready, (size_t)(to - r->ready));
    size_t more = tm_bitring_run(r->there, r->cap, to, (size_t)(r->top - to));
    tm_bitring_clear(r->there, r->cap, to, more);
    r->ready = to + more;
    return TM_OK;
}

struct tm_view tm_reasm_peek(const struct tm_reasm *r)
{
    size_t pos = (size_t)(r->base & (r->cap - 1));
    size_t n = (size_t)(r->ready - r->base);
    return (struct tm_view){r->ring + pos, r->cap - pos < n ? r->cap - pos : n};
}

bool tm_reasm_finished(const struct tm_reasm *r)
{
    return r->base == r->end;
}

void tm_reasm_consume(struct tm_reasm *r, size_t n)
{
    TM_ASSERT_LE(n, r->ready - r->base);
    r->base += n;
}
