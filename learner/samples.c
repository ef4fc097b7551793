#include "learner/samples.h"

#include <stdlib.h>
#include <string.h>

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

static int by_value(const void *a, const void *b)
{
    const struct tm_run *x = a;
    const struct tm_run *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

int tm_samples_runs(const struct tm_samples *s, enum tm_swing_param p, struct tm_runs *out)
{
    size_t n = s->n[p];
    *out = (struct tm_runs){.v = calloc(n + 1, sizeof *out->v)};
    struct tm_run *run = out->v;
    if (!run)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        run[i] = (struct tm_run){s->v[p][i], 1, s->user[p][i]};
    qsort(run, n, sizeof *run, by_value);
    for (size_t i = 0; i < n; i++) {
        struct tm_run *last = out->n > 0 ? &run[out->n - 1] : NULL;
        if (!last || last->value != run[i].value) {
            run[out->n++] = run[i];
            continue;
        }
        last->count++;
        if (last->user != run[i].user)
            last->user = TM_RUN_SEVERAL;
    }
    return TM_OK;
}

static int by_user(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int tm_samples_users(const struct tm_samples *s, enum tm_swing_param p, uint64_t *out)
{
    size_t n = s->n[p];
    *out = 0;
    if (n == 0)
        return TM_OK;
    uint32_t *user = malloc(n * sizeof *user);
    if (!user)
        return TM_ERR_NOMEM;
    memcpy(user, s->user[p], n * sizeof *user);
    qsort(user, n, sizeof *user, by_user);
    for (size_t i = 0; i < n; i++)
        *out += i == 0 || user[i] != user[i - 1];
    free(user);
    return TM_OK;
}
