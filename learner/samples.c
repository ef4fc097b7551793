#include "learner/samples.h"

#include <stdlib.h>

#include "tm/base/grow.h"
#include "tm/base/sort.h"

void tm_samples_deinit(struct tm_samples *s)
{
    for (size_t k = 0; k < TM_SAMPLES_KINDS; k++) {
        free(s->v[k]);
        tm_packed_deinit(&s->packed[k]);
    }
    *s = (struct tm_samples){0};
}

/* All of `more` into the kind's packed ones. */
static int join(struct tm_samples *s, unsigned kind, const struct tm_packed_reader *more)
{
    struct tm_packed joined;
    struct tm_packed_reader old = tm_packed_read(&s->packed[kind]);
    int rc = tm_packed_join(&old, more, TM_SAMPLES_RUNS_MAX, &s->bits[kind], &joined);
    if (rc != TM_OK)
        return rc;
    tm_packed_deinit(&s->packed[kind]);
    s->packed[kind] = joined;
    return TM_OK;
}

/* What waits is counted. */
static int settle(struct tm_samples *s, unsigned kind)
{
    size_t n = s->n[kind];
    if (n == 0)
        return TM_OK;
    uint64_t *spare = malloc(n * sizeof *spare);
    if (!spare)
        return TM_ERR_NOMEM;
    tm_sort_u64(s->v[kind], spare, (uint32_t)n, 0);
    free(spare);
    struct tm_packed_reader waiting = tm_packed_read_sorted(s->v[kind], n);
    int rc = join(s, kind, &waiting);
    if (rc == TM_OK)
        s->n[kind] = 0;
    return rc;
}

/* A list that is half as long as the packed one makes the reading of that cheap; a longer one only takes memory. */
static bool is_full(const struct tm_samples *s, unsigned kind)
{
    size_t n = s->n[kind];
    return n >= TM_SAMPLES_WAIT_MIN && (n >= TM_SAMPLES_WAIT_MAX || n >= s->packed[kind].n / 2);
}

int tm_samples_add(struct tm_samples *s, unsigned kind, uint64_t value)
{
    TM_ASSERT(kind < TM_SAMPLES_KINDS);
    if (is_full(s, kind)) {
        int rc = settle(s, kind);
        if (rc != TM_OK)
            return rc;
    }
    int rc = tm_grow(&s->v[kind], &s->cap[kind], s->n[kind], sizeof *s->v[kind]);
    if (rc == TM_OK)
        s->v[kind][s->n[kind]++] = value;
    return rc;
}

size_t tm_samples_bytes(const struct tm_samples *s)
{
    size_t bytes = 0;
    for (size_t k = 0; k < TM_SAMPLES_KINDS; k++)
        bytes += s->cap[k] * sizeof *s->v[k] + s->packed[k].len;
    return bytes;
}

uint64_t tm_samples_total(const struct tm_samples *s, unsigned kind)
{
    return s->n[kind] + s->packed[kind].total;
}

/* The other's packed ones too. */
static int merge_packed(struct tm_samples *s, const struct tm_samples *from, unsigned kind)
{
    uint8_t bits = from->bits[kind];
    struct tm_packed_reader theirs = tm_packed_read(&from->packed[kind]);
    if (from->packed[kind].n == 0)
        return TM_OK;
    if (bits > 0 && (s->bits[kind] == 0 || bits < s->bits[kind]))
        s->bits[kind] = bits;
    return join(s, kind, &theirs);
}

int tm_samples_merge(struct tm_samples *s, const struct tm_samples *from)
{
    for (unsigned kind = 0; kind < TM_SAMPLES_KINDS; kind++) {
        int rc = merge_packed(s, from, kind);
        for (size_t i = 0; i < from->n[kind] && rc == TM_OK; i++)
            rc = tm_samples_add(s, kind, from->v[kind][i]);
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

int tm_samples_runs(struct tm_samples *s, unsigned kind, struct tm_runs *out)
{
    *out = (struct tm_runs){0};
    int rc = settle(s, kind);
    if (rc != TM_OK)
        return rc;
    struct tm_packed_reader r = tm_packed_read(&s->packed[kind]);
    out->v = calloc(s->packed[kind].n + 1, sizeof *out->v);
    if (!out->v)
        return TM_ERR_NOMEM;
    while (tm_packed_next(&r))
        out->v[out->n++] = r.run;
    return TM_OK;
}

int tm_samples_fit(struct tm_samples *s, unsigned kind, size_t max_points, struct tm_dist *out)
{
    *out = (struct tm_dist){0};
    int rc = settle(s, kind);
    if (rc != TM_OK)
        return rc;
    struct tm_packed_reader r = tm_packed_read(&s->packed[kind]);
    struct tm_dist_point *pt = calloc(s->packed[kind].n + 1, sizeof *pt);
    if (!pt)
        return TM_ERR_NOMEM;
    size_t n = 0;
    for (uint64_t cum = 0; tm_packed_next(&r); n++) {
        cum += r.run.count;
        pt[n] = (struct tm_dist_point){r.run.value, cum};
    }
    rc = tm_dist_fit_points(out, pt, n, max_points);
    free(pt);
    return rc;
}
