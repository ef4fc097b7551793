#include "learner/samples.h"

#include <stdlib.h>

#include "learner/held.h"
#include "tm/base/grow.h"
#include "tm/base/sort.h"

#define BITS_FIRST 40U /* the first rounding; what is below 2^40 us or bytes stays as it is */

void tm_samples_deinit(struct tm_samples *s)
{
    for (size_t k = 0; k < TM_SAMPLES_KINDS; k++) {
        free(s->v[k]);
        free(s->run[k]);
    }
    *s = (struct tm_samples){0};
}

/* Points with counts in `cum`, sorted by value: rounds and joins equal ones in place. */
static size_t join(struct tm_dist_point *pt, size_t n, unsigned bits)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = tm_held_rounded(pt[i].value, bits);
        if (kept > 0 && pt[kept - 1].value == v)
            pt[kept - 1].cum += pt[i].cum;
        else
            pt[kept++] = (struct tm_dist_point){v, pt[i].cum};
    }
    return kept;
}

/* Both sorted, the runs with cums; into pt with counts. */
static size_t interleave(const struct tm_dist_point *run, size_t n_runs, const uint64_t *v,
                         size_t n, struct tm_dist_point *pt)
{
    size_t out = 0;
    for (size_t i = 0, k = 0; i < n_runs || k < n;) {
        if (k == n || (i < n_runs && run[i].value <= v[k])) {
            pt[out++] =
                (struct tm_dist_point){run[i].value, run[i].cum - (i > 0 ? run[i - 1].cum : 0)};
            i++;
        } else {
            pt[out++] = (struct tm_dist_point){v[k++], 1};
        }
    }
    return out;
}

/* pt, owned from now on, become the kind's runs, rounded until they are few enough. */
static void set_runs(struct tm_samples *s, unsigned kind, struct tm_dist_point *take_pt, size_t n)
{
    n = join(take_pt, n, s->bits[kind]);
    while (n > TM_SAMPLES_RUNS_MAX) {
        s->bits[kind] = (uint8_t)(s->bits[kind] == 0 ? BITS_FIRST : s->bits[kind] - 1U);
        n = join(take_pt, n, s->bits[kind]);
    }
    for (size_t i = 1; i < n; i++)
        take_pt[i].cum += take_pt[i - 1].cum;
    free(s->run[kind]);
    s->run[kind] = take_pt;
    s->n_runs[kind] = n;
}

/* What waits becomes runs. */
static int settle(struct tm_samples *s, unsigned kind)
{
    size_t n = s->n[kind] + s->n_runs[kind];
    if (s->n[kind] == 0)
        return TM_OK;
    struct tm_dist_point *pt = calloc(n, sizeof *pt);
    if (!pt)
        return TM_ERR_NOMEM;
    tm_sort_u64(s->v[kind], (uint64_t *)pt, (uint32_t)s->n[kind],
                0); /* room enough, not used yet */
    n = interleave(s->run[kind], s->n_runs[kind], s->v[kind], s->n[kind], pt);
    set_runs(s, kind, pt, n);
    s->n[kind] = 0;
    return TM_OK;
}

int tm_samples_add(struct tm_samples *s, unsigned kind, uint64_t value)
{
    TM_ASSERT(kind < TM_SAMPLES_KINDS);
    if (s->n[kind] == TM_SAMPLES_WAIT_MAX) {
        int rc = settle(s, kind);
        if (rc != TM_OK)
            return rc;
    }
    int rc = tm_grow(&s->v[kind], &s->cap[kind], s->n[kind], sizeof *s->v[kind]);
    if (rc == TM_OK)
        s->v[kind][s->n[kind]++] = value;
    return rc;
}

uint64_t tm_samples_total(const struct tm_samples *s, unsigned kind)
{
    size_t n = s->n_runs[kind];
    return s->n[kind] + (n > 0 ? s->run[kind][n - 1].cum : 0);
}

/* Two sorted lists of runs into one. */
static int merge_runs(struct tm_samples *s, const struct tm_samples *from, unsigned kind)
{
    size_t n = from->n_runs[kind];
    size_t m = s->n_runs[kind];
    if (n == 0)
        return TM_OK;
    struct tm_dist_point *pt = calloc(n + m, sizeof *pt);
    if (!pt)
        return TM_ERR_NOMEM;
    const struct tm_dist_point *a = s->run[kind];
    const struct tm_dist_point *b = from->run[kind];
    unsigned bits = from->bits[kind];
    if (bits > 0 && (s->bits[kind] == 0 || bits < s->bits[kind]))
        s->bits[kind] = (uint8_t)bits;
    size_t out = 0;
    for (size_t i = 0, k = 0; i < m || k < n;) {
        bool is_a = k == n || (i < m && a[i].value <= b[k].value);
        const struct tm_dist_point *run = is_a ? a : b;
        size_t at = is_a ? i++ : k++;
        pt[out++] =
            (struct tm_dist_point){run[at].value, run[at].cum - (at > 0 ? run[at - 1].cum : 0)};
    }
    set_runs(s, kind, pt, out);
    return TM_OK;
}

int tm_samples_merge(struct tm_samples *s, const struct tm_samples *from)
{
    for (unsigned kind = 0; kind < TM_SAMPLES_KINDS; kind++) {
        int rc = merge_runs(s, from, kind);
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
    size_t n = s->n_runs[kind];
    out->v = calloc(n + 1, sizeof *out->v);
    if (!out->v)
        return TM_ERR_NOMEM;
    for (; out->n < n; out->n++) {
        const struct tm_dist_point *pt = &s->run[kind][out->n];
        out->v[out->n] = (struct tm_run){pt->value, pt->cum - (out->n > 0 ? pt[-1].cum : 0)};
    }
    return TM_OK;
}

int tm_samples_fit(struct tm_samples *s, unsigned kind, size_t max_points, struct tm_dist *out)
{
    *out = (struct tm_dist){0};
    int rc = settle(s, kind);
    return rc == TM_OK ? tm_dist_fit_points(out, s->run[kind], s->n_runs[kind], max_points) : rc;
}
