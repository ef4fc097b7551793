#include "tm/core/reasm.h"

int tm_reasm_init(struct tm_reasm *r, size_t cap)
{
    *r = (struct tm_reasm){.end = TM_REASM_NO_END};
    return tm_window_init(&r->window, cap);
}

void tm_reasm_deinit(struct tm_reasm *r)
{
    tm_window_deinit(&r->window);
}

int tm_reasm_grow(struct tm_reasm *r)
{
    return tm_window_grow(&r->window, r->base, r->top); /* nothing came beyond */
}

static int note_end(struct tm_reasm *r, uint64_t to, bool fin)
{
    if (fin && (to < r->top || (r->end != TM_REASM_NO_END && r->end != to)))
        return TM_ERR_PROTO;
    if (to > r->end || to > r->base + r->window.cap)
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
    tm_window_put(&r->window, offset + old, bytes.p + old, bytes.len - old);
    if (offset > r->ready)
        tm_window_mark(&r->window, offset, bytes.len);
    else
        r->ready = tm_window_pass(&r->window, r->ready, to, r->top);
    return TM_OK;
}

struct tm_view tm_reasm_peek(const struct tm_reasm *r)
{
    const struct tm_window *w = &r->window;
    size_t pos = tm_window_at(w, r->base);
    size_t n = (size_t)(r->ready - r->base);
    return (struct tm_view){w->bytes + pos, w->cap - pos < n ? w->cap - pos : n};
}

bool tm_reasm_finished(const struct tm_reasm *r)
{
    return r->base == r->end;
}

void tm_reasm_consume(struct tm_reasm *r, size_t n)
{
    TM_ASSERT_LE(n, r->ready - r->base);
    r->base += n;
    if (r->base == r->top)
        tm_window_rewind(&r->window, r->base);
}
