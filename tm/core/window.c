#include "tm/core/window.h"

#include <stdlib.h>
#include <string.h>

#include "tm/core/bitring.h"

int tm_window_init(struct tm_window *w, size_t cap)
{
    *w = (struct tm_window){
        .bytes = malloc(cap), .marks = calloc(cap / 64, sizeof *w->marks), .cap = cap};
    if (w->bytes && w->marks)
        return TM_OK;
    tm_window_deinit(w);
    return TM_ERR_NOMEM;
}

void tm_window_deinit(struct tm_window *w)
{
    free(w->bytes);
    free(w->marks);
    w->bytes = NULL;
    w->marks = NULL;
}

int tm_window_grow(struct tm_window *w, uint64_t from, uint64_t to)
{
    struct tm_window big;
    int rc = tm_window_init(&big, w->cap * 2);
    if (rc != TM_OK)
        return rc;
    big.origin = from;
    big.marked_to = w->marked_to;
    for (uint64_t at = from; at < to;) {
        size_t pos = tm_window_at(w, at);
        size_t n = w->cap - pos < to - at ? w->cap - pos : (size_t)(to - at);
        tm_window_put(&big, at, w->bytes + pos, n);
        at += n;
    }
    tm_bitring_grow(big.marks, w->marks, w->cap, from, to);
    tm_window_deinit(w);
    *w = big;
    return TM_OK;
}

void tm_window_put(struct tm_window *w, uint64_t offset, const uint8_t *p, size_t len)
{
    size_t pos = tm_window_at(w, offset);
    size_t first = w->cap - pos < len ? w->cap - pos : len;
    memcpy(w->bytes + pos, p, first);
    memcpy(w->bytes, p + first, len - first);
}

void tm_window_get(const struct tm_window *w, uint64_t offset, uint8_t *dst, size_t len)
{
    size_t pos = tm_window_at(w, offset);
    size_t first = w->cap - pos < len ? w->cap - pos : len;
    memcpy(dst, w->bytes + pos, first);
    memcpy(dst + first, w->bytes, len - first);
}

void tm_window_mark(struct tm_window *w, uint64_t offset, size_t len)
{
    tm_bitring_set(w->marks, w->cap, offset, len);
    w->marked_to = offset + len > w->marked_to ? offset + len : w->marked_to;
}

uint64_t tm_window_pass(struct tm_window *w, uint64_t from, uint64_t to, uint64_t end)
{
    if (w->marked_to <= from)
        return to;
    if (w->marked_to > to)
        to += tm_bitring_run(w->marks, w->cap, to, (size_t)(end - to));
    tm_bitring_clear(w->marks, w->cap, from, (size_t)(to - from));
    return to;
}
