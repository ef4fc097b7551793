#include "audit/sample.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"
#include "tm/base/grow.h"

int tm_sample_add(struct tm_sample *s, int64_t value)
{
    int rc = tm_grow(&s->v, &s->cap, s->n, sizeof *s->v);
    if (rc != TM_OK)
        return rc;
    s->v[s->n++] = value;
    s->is_sorted = false;
    return TM_OK;
}

int tm_sample_merge(struct tm_sample *s, const struct tm_sample *other)
{
    int rc = tm_grow_by(&s->v, &s->cap, s->n, other->n, sizeof *s->v);
    if (rc != TM_OK)
        return rc;
    if (other->n > 0)
        memcpy(s->v + s->n, other->v, other->n * sizeof *s->v);
    s->n += other->n;
    s->is_sorted = false;
    return TM_OK;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t tm_sample_quantile(struct tm_sample *s, unsigned permille)
{
    if (s->n == 0)
        return 0;
    if (!s->is_sorted)
        qsort(s->v, s->n, sizeof *s->v, by_value);
    s->is_sorted = true;
    size_t rank = (s->n * permille + 999) / 1000;
    return s->v[rank > 0 ? rank - 1 : 0];
}

void tm_sample_deinit(struct tm_sample *s)
{
    free(s->v);
    *s = (struct tm_sample){0};
}
