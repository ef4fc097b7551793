#include "audit/features/fresh.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"

#define LOST_BYTES (INT64_C(1) << 30)

/* In its place among the others; the oldest (lowest) gives way when there are too many. */
static int add_hole(struct tm_fresh *f, int64_t from, int64_t to)
{
    if (f->n_holes == TM_FRESH_HOLES_MAX) {
        memmove(f->holes, f->holes + 1, (TM_FRESH_HOLES_MAX - 1) * sizeof *f->holes);
        f->n_holes--;
    }
    if (tm_grow(&f->holes, &f->cap_holes, f->n_holes, sizeof *f->holes) != TM_OK)
        return TM_ERR_NOMEM;
    uint32_t i = f->n_holes++;
    for (; i > 0 && f->holes[i - 1].from > from; i--)
        f->holes[i] = f->holes[i - 1];
    f->holes[i] = (struct tm_fresh_hole){from, to};
    return TM_OK;
}

/* Takes [from, to) out of the holes. */
static int fill_holes(struct tm_fresh *f, int64_t from, int64_t to, uint32_t *n_new)
{
    uint32_t kept = 0;
    struct tm_fresh_hole rest = {0, 0}; /* a hole filled in its middle leaves two */
    for (uint32_t i = 0; i < f->n_holes; i++) {
        struct tm_fresh_hole h = f->holes[i];
        int64_t a = h.from > from ? h.from : from;
        int64_t z = h.to < to ? h.to : to;
        if (a >= z) {
            f->holes[kept++] = h;
            continue;
        }
        *n_new += (uint32_t)(z - a);
        if (h.from < a)
            f->holes[kept++] = (struct tm_fresh_hole){h.from, a};
        if (z < h.to && h.from < a)
            rest = (struct tm_fresh_hole){z, h.to};
        else if (z < h.to)
            f->holes[kept++] = (struct tm_fresh_hole){z, h.to};
    }
    f->n_holes = kept;
    return rest.from < rest.to ? add_hole(f, rest.from, rest.to) : TM_OK;
}

void tm_fresh_base(struct tm_fresh *f, uint32_t seq)
{
    if (f->has_base)
        return;
    f->has_base = true;
    f->base = seq;
}

int tm_fresh_add(struct tm_fresh *f, uint32_t seq, uint32_t len, uint32_t *n_new)
{
    *n_new = 0;
    tm_fresh_base(f, seq);
    int64_t from = f->high + (int32_t)(seq - (f->base + (uint32_t)f->high));
    int64_t to = from + len;
    if (from > f->high + LOST_BYTES)
        return TM_OK;
    int rc = TM_OK;
    if (from > f->high)
        rc = add_hole(f, f->high, from);
    else if (f->n_holes > 0)
        rc = fill_holes(f, from, to, n_new);
    if (rc == TM_OK && to > f->high) {
        *n_new += (uint32_t)(to - (from > f->high ? from : f->high));
        f->high = to;
    }
    return rc;
}

void tm_fresh_deinit(struct tm_fresh *f)
{
    free(f->holes);
    *f = (struct tm_fresh){0};
}
