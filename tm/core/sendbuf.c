#include "tm/core/sendbuf.h"

int tm_sendbuf_init(struct tm_sendbuf *b, size_t cap)
{
    *b = (struct tm_sendbuf){0};
    return tm_window_init(&b->window, cap);
}

void tm_sendbuf_deinit(struct tm_sendbuf *b)
{
    tm_window_deinit(&b->window);
}

int tm_sendbuf_grow(struct tm_sendbuf *b)
{
    return tm_window_grow(&b->window, b->base, b->end);
}

size_t tm_sendbuf_room(const struct tm_sendbuf *b)
{
    return b->window.cap - (size_t)(b->end - b->base);
}

size_t tm_sendbuf_put(struct tm_sendbuf *b, const uint8_t *p, size_t len)
{
    size_t room = tm_sendbuf_room(b);
    size_t n = len < room ? len : room;
    if (n > 0)
        tm_window_put(&b->window, b->end, p, n);
    b->end += n;
    return n;
}

void tm_sendbuf_copy(const struct tm_sendbuf *b, uint64_t offset, uint8_t *dst, size_t len)
{
    TM_ASSERT(offset >= b->base && offset + len <= b->end);
    tm_window_get(&b->window, offset, dst, len);
}

void tm_sendbuf_ack(struct tm_sendbuf *b, uint64_t offset, size_t len)
{
    uint64_t to = offset + len < b->next ? offset + len : b->next;
    uint64_t from = offset > b->base ? offset : b->base;
    if (from >= to)
        return;
    if (from > b->base)
        tm_window_mark(&b->window, from, (size_t)(to - from));
    else
        b->base = tm_window_pass(&b->window, from, to, b->next);
    if (b->base == b->end)
        tm_window_rewind(&b->window, b->base);
}
