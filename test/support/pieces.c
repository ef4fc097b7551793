#include "test/support/pieces.h"

#include <string.h>

ssize_t pieces_read(void *ctx, uint8_t *buf, size_t cap, struct tm_msg *msg)
{
    struct pieces *s = ctx;
    size_t n = s->piece < cap ? s->piece : cap;
    (void)msg;
    if (n > s->len)
        n = s->len;
    if (n > 0)
        memcpy(buf, s->p, n);
    s->p += n;
    s->len -= n;
    return (ssize_t)n;
}
