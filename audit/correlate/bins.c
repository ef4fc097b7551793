#include "audit/correlate/bins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct tm_bins {
    double sum[2][2][TM_BINS_MAX]; /* flow, carrier; direction */
    double rank[2 * TM_BINS_MAX];
    uint32_t order[TM_BINS_MAX];
};

struct tm_bins_cfg tm_bins_fine(void)
{
    return (struct tm_bins_cfg){.bin_us = 50000, .margin = 10};
}

struct tm_bins_cfg tm_bins_coarse(void)
{
    return (struct tm_bins_cfg){.bin_us = 1000000, .margin = 4};
}

int tm_bins_new(struct tm_bins **out)
{
    *out = malloc(sizeof **out);
    return *out ? TM_OK : TM_ERR_NOMEM;
}

void tm_bins_free(struct tm_bins *b)
{
    free(b);
}

void tm_bins_count(const struct tm_scene_line *l, int64_t from_us, int64_t bin_us, uint32_t n,
                   double *sum[2])
{
    int64_t end_us = from_us + bin_us * (int64_t)n;
    for (uint32_t i = tm_scene_at(l, from_us); i < l->n && l->v[i].t_us < end_us; i++)
        sum[l->v[i].dir][(l->v[i].t_us - from_us) / bin_us] += l->v[i].bytes;
}

double tm_pearson(const double *a, const double *b, uint32_t n)
{
    double mean[2] = {0, 0};
    double s[3] = {0, 0, 0};
    for (uint32_t i = 0; i < n; i++) {
        mean[0] += a[i] / n;
        mean[1] += b[i] / n;
    }
    for (uint32_t i = 0; i < n; i++) {
        double x = a[i] - mean[0];
        double y = b[i] - mean[1];
        s[0] += x * x;
        s[1] += y * y;
        s[2] += x * y;
    }
    /* What rounding the mean leaves of a constant is no variance. */
    double least = 1e-18 * n;
    if (n < 2 || s[0] <= least * mean[0] * mean[0] || s[1] <= least * mean[1] * mean[1])
        return NAN;
    return s[2] / sqrt(s[0] * s[1]);
}

struct values {
    const double *v;
};

static int by_value(const void *x, const void *y, void *values)
{
    const double *v = ((const struct values *)values)->v;
    double a = v[*(const uint32_t *)x];
    double b = v[*(const uint32_t *)y];
    return a < b ? -1 : a > b;
}

static void ranks_of(const double *v, uint32_t n, double *rank, uint32_t *order)
{
    struct values values = {v};
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof *order, by_value, &values);
    for (uint32_t i = 0; i < n;) {
        uint32_t end = i + 1;
        while (end < n && v[order[end]] <= v[order[i]])
            end++;
        for (uint32_t k = i; k < end; k++)
            rank[order[k]] = (i + end - 1) / 2.0;
        i = end;
    }
}

double tm_spearman(const double *a, const double *b, uint32_t n, double *rank, uint32_t *order)
{
    ranks_of(a, n, rank, order);
    ranks_of(b, n, rank + n, order);
    return tm_pearson(rank, rank + n, n);
}

/* Where the bins of a flow begin, how wide they are, and how many. */
static uint32_t place_bins(const struct tm_scene_line *flow, const struct tm_bins_cfg *cfg,
                           int64_t *from_us, int64_t *bin_us)
{
    int64_t length = tm_scene_last_us(flow) - tm_scene_first_us(flow) + 1;
    int64_t room = TM_BINS_MAX - 2 * (int64_t)cfg->margin - 1;
    *bin_us = cfg->bin_us;
    if (length / *bin_us >= room)
        *bin_us = length / room + 1;
    *from_us = tm_scene_first_us(flow) - *bin_us * (int64_t)cfg->margin;
    return (uint32_t)(length / *bin_us + 1) + 2 * cfg->margin;
}

double tm_bins_alike(struct tm_bins *b, enum tm_bins_measure m, const struct tm_bins_cfg *cfg,
                     const struct tm_scene_line *flow, const struct tm_scene_line *carrier)
{
    int64_t from_us = 0;
    int64_t bin_us = 0;
    uint32_t n = place_bins(flow, cfg, &from_us, &bin_us);
    const struct tm_scene_line *line[2] = {flow, carrier};
    for (int k = 0; k < 2; k++) {
        double *sum[2] = {b->sum[k][0], b->sum[k][1]};
        memset(sum[0], 0, n * sizeof *sum[0]);
        memset(sum[1], 0, n * sizeof *sum[1]);
        tm_bins_count(line[k], from_us, bin_us, n, sum);
    }
    double total = 0;
    double n_dirs = 0;
    for (int dir = 0; dir < 2; dir++) {
        if (flow->bytes[dir] == 0)
            continue;
        double r = m == TM_BINS_PEARSON
                       ? tm_pearson(b->sum[0][dir], b->sum[1][dir], n)
                       : tm_spearman(b->sum[0][dir], b->sum[1][dir], n, b->rank, b->order);
        total += isnan(r) ? -1 : r;
        n_dirs++;
    }
    return n_dirs > 0 ? total / n_dirs : -1;
}
