#include "models/dist.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TOTAL_END (UINT64_C(1) << 48) /* totals stay below, so that permille * total fits 64 bits */

static int compare(const void *a, const void *b)
{
    uint64_t x;
    uint64_t y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static size_t count_distinct(const uint64_t *s, size_t n)
{
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        distinct += i == 0 || s[i] != s[i - 1];
    return distinct;
}

/* `count` more samples of `value`, which is not below the last point's. */
static void append(struct tm_dist *d, uint64_t value, uint64_t count)
{
    uint64_t below = tm_dist_total(d);
    if (d->n_points == 0 || d->pt[d->n_points - 1].value != value)
        d->n_points++;
    d->pt[d->n_points - 1] = (struct tm_dist_point){value, below + count};
}

/* The smallest value whose cum is > rank, among points whose last cum is. */
static size_t point_at(const struct tm_dist_point *pt, size_t n, uint64_t rank)
{
    size_t low = 0; /* the answer is in low..high */
    size_t high = n - 1;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (pt[mid].cum > rank)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* Too many points.  Minimum and maximum keep their own counts: were the last step rounded up to the maximum,
 * one huge object would become n / max_points of them.  What lies between is cut into equal runs, each
 * standing for its lower median, a value that was really seen. */
static void merge(struct tm_dist *d, const struct tm_dist_point *pt, size_t n, size_t max_points)
{
    size_t runs = max_points - 2;
    uint64_t total = pt[n - 1].cum;
    uint64_t from = pt[0].cum;
    uint64_t rest = pt[n - 2].cum - from; /* >= runs: each value between counts at least one */
    append(d, pt[0].value, pt[0].cum);
    for (size_t k = 0; k < runs; k++) {
        uint64_t len = rest / runs + (k < rest % runs);
        append(d, pt[point_at(pt, n, from + (len - 1) / 2)].value, len);
        from += len;
    }
    append(d, pt[n - 1].value, total - pt[n - 2].cum);
}

static bool is_increasing(const struct tm_dist_point *pt, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (pt[i].value <= pt[i - 1].value || pt[i].cum <= pt[i - 1].cum)
            return false;
    }
    return pt[0].cum >= 1 && pt[n - 1].cum < TOTAL_END;
}

int tm_dist_fit_points(struct tm_dist *d, const struct tm_dist_point *pt, size_t n,
                       size_t max_points)
{
    TM_ASSERT(max_points >= TM_DIST_POINTS_MIN && max_points <= TM_DIST_POINTS_MAX);
    *d = (struct tm_dist){0};
    if (n == 0)
        return TM_OK;
    if (!is_increasing(pt, n))
        return TM_ERR_RANGE;
    d->pt = calloc(n < max_points ? n : max_points, sizeof *d->pt);
    if (!d->pt)
        return TM_ERR_NOMEM;
    if (n > max_points) {
        merge(d, pt, n, max_points);
    } else {
        memcpy(d->pt, pt, n * sizeof *pt);
        d->n_points = n;
    }
    return TM_OK;
}

int tm_dist_fit_coarse(struct tm_dist *d, uint64_t *samples, size_t n, size_t max_points)
{
    *d = (struct tm_dist){0};
    if (n == 0)
        return TM_OK;
    TM_ASSERT(n < TOTAL_END);
    qsort(samples, n, sizeof *samples, compare);
    struct tm_dist all = {.pt = calloc(count_distinct(samples, n), sizeof *all.pt)};
    if (!all.pt)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        append(&all, samples[i], 1);
    int rc = tm_dist_fit_points(d, all.pt, all.n_points, max_points);
    free(all.pt);
    return rc;
}

int tm_dist_fit(struct tm_dist *d, uint64_t *samples, size_t n)
{
    return tm_dist_fit_coarse(d, samples, n, TM_DIST_POINTS_MAX);
}

int tm_dist_set(struct tm_dist *d, const struct tm_dist_point *pt, size_t n)
{
    *d = (struct tm_dist){0};
    if (n == 0)
        return TM_OK;
    if (n > TM_DIST_POINTS_MAX || !is_increasing(pt, n))
        return TM_ERR_RANGE;
    d->pt = malloc(n * sizeof *d->pt);
    if (!d->pt)
        return TM_ERR_NOMEM;
    memcpy(d->pt, pt, n * sizeof *d->pt);
    d->n_points = n;
    return TM_OK;
}

void tm_dist_deinit(struct tm_dist *d)
{
    free(d->pt);
    *d = (struct tm_dist){0};
}

uint64_t tm_dist_total(const struct tm_dist *d)
{
    return d->n_points > 0 ? d->pt[d->n_points - 1].cum : 0;
}

uint64_t tm_dist_at(const struct tm_dist *d, uint64_t rank)
{
    TM_ASSERT(rank < tm_dist_total(d));
    return d->pt[point_at(d->pt, d->n_points, rank)].value;
}

uint64_t tm_dist_sample(const struct tm_dist *d, struct tm_rng *rng)
{
    return tm_dist_at(d, tm_rng_below(rng, tm_dist_total(d)));
}

uint64_t tm_dist_quantile(const struct tm_dist *d, unsigned permille)
{
    TM_ASSERT_LE(permille, 1000U);
    uint64_t upto = (tm_dist_total(d) * permille + 999) / 1000; /* samples that lie at or below */
    return tm_dist_at(d, upto > 0 ? upto - 1 : 0);
}
