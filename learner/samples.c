#include "learner/samples.h"

#include <stdlib.h>

#include "tm/base/buf.h"

#define START 256U

void tm_samples_deinit(struct tm_samples *s)
{
    for (size_t p = 0; p < TM_SWING_PARAMS; p++) {
        free(s->v[p]);
        free(s->user[p]);
    }
    *s = (struct tm_samples){0};
}

static int grow(struct tm_samples *s, enum tm_swing_param p)
{
    size_t cap = s->cap[p] > 0 ? s->cap[p] * 2 : START;
    size_t len;
    uint64_t *v = tm_mul_ok(cap, sizeof *v, &len) ? realloc(s->v[p], len) : NULL;
    if (!v)
        return TM_ERR_NOMEM;
    s->v[p] = v;
    uint32_t *user = realloc(s->user[p], cap * sizeof *user);
    if (!user)
        return TM_ERR_NOMEM;
    s->user[p] = user;
    s->cap[p] = cap;
    return TM_OK;
}

int tm_samples_add(struct tm_samples *s, enum tm_swing_param p, uint64_t value)
{
    if (s->n[p] == s->cap[p]) {
        int rc = grow(s, p);
        if (rc != TM_OK)
            return rc;
    }
    s->v[p][s->n[p]] = value;
    s->user[p][s->n[p]] = s->user_now;
    s->n[p]++;
    return TM_OK;
}
