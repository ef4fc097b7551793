#include "learner/samples.h"

#include <stdlib.h>

#include "tm/base/buf.h"

#define START 256U

void tm_samples_deinit(struct tm_samples *s)
{
    for (size_t p = 0; p < TM_SWING_PARAMS; p++)
        free(s->v[p]);
    *s = (struct tm_samples){0};
}

int tm_samples_add(struct tm_samples *s, enum tm_swing_param p, uint64_t value)
{
    if (s->n[p] == s->cap[p]) {
        size_t cap = s->cap[p] > 0 ? s->cap[p] * 2 : START;
        size_t len;
        uint64_t *v = tm_mul_ok(cap, sizeof *v, &len) ? realloc(s->v[p], len) : NULL;
        if (!v)
            return TM_ERR_NOMEM;
        s->v[p] = v;
        s->cap[p] = cap;
    }
    s->v[p][s->n[p]++] = value;
    return TM_OK;
}
