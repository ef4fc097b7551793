#include "test/support/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "learner/capture/frames.h"

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

ssize_t chunks_give(void *ctx, uint8_t **out, struct tm_msg *msg)
{
    struct chunks *c = ctx;
    uint8_t *mem = malloc(TM_FRAMES_HEADROOM + c->in.piece);
    if (!mem)
        abort();
    free(c->held[0]);
    c->held[0] = c->held[1];
    c->held[1] = mem;
    *out = mem + TM_FRAMES_HEADROOM;
    return pieces_read(&c->in, *out, c->in.piece, msg);
}

void chunks_deinit(struct chunks *c)
{
    free(c->held[0]);
    free(c->held[1]);
    c->held[0] = c->held[1] = NULL;
}
