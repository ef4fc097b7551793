/* Families that need no clock: sizes and their order (the table is in features.c). */
#include <math.h>
#include <stdlib.h>

#include "audit/features/features_impl.h"

#define FIRST       30U
#define LAST        10U
#define ORDER       20U
#define CHUNK       20U
#define FIRST_BURST 10U

#define N_QUANTILES 5U
static const unsigned PERCENT[N_QUANTILES] = {10, 25, 50, 75, 90};

static float signed_size(const struct tm_trace_packet *p)
{
    return p->dir == TM_UP ? (float)p->bytes : -(float)p->bytes;
}

/* ---- poster, totals, counts ---- */

static void name_means(struct tm_column *c)
{
    for (unsigned d = 0; d < 2; d++)
        tm_column_name(&c[d], "pkt_%s_mean", tm_features_dir(d));
}

static void fill_means(float *x, const struct tm_features_view *v)
{
    for (unsigned d = 0; d < 2; d++) {
        if (v->n_dir[d] > 0)
            x[d] = (float)(v->bytes_dir[d] / v->n_dir[d]);
    }
}

static void name_totals(struct tm_column *c)
{
    for (unsigned d = 0; d < 2; d++)
        tm_column_name(&c[d], "bytes_%s", tm_features_dir(d));
}

static void fill_totals(float *x, const struct tm_features_view *v)
{
    for (unsigned d = 0; d < 2; d++)
        x[d] = (float)v->bytes_dir[d];
}

static void name_counts(struct tm_column *c)
{
    for (unsigned d = 0; d < 2; d++)
        tm_column_name(&c[d], "n_%s", tm_features_dir(d));
}

static void fill_counts(float *x, const struct tm_features_view *v)
{
    for (unsigned d = 0; d < 2; d++)
        x[d] = (float)v->n_dir[d];
}

/* ---- first and last packets ---- */

static void name_ends(struct tm_column *c)
{
    for (unsigned i = 0; i < FIRST; i++)
        tm_column_name(&c[i], "s%u", i + 1);
    for (unsigned i = 0; i < LAST; i++)
        tm_column_name(&c[FIRST + i], "z%u", i + 1);
    tm_column_name(&c[FIRST + LAST], "frac_up");
    tm_column_name(&c[FIRST + LAST + 1], "n_up_first30");
    tm_column_name(&c[FIRST + LAST + 2], "n_up_last30");
}

static uint32_t count_up(const struct tm_features_view *v, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++)
        n += v->p[i].dir == TM_UP;
    return n;
}

static void fill_ends(float *x, const struct tm_features_view *v)
{
    for (uint32_t i = 0; i < FIRST && i < v->n; i++)
        x[i] = signed_size(&v->p[i]);
    for (uint32_t i = 0; i < LAST && i < v->n; i++)
        x[FIRST + i] = signed_size(&v->p[v->n - 1 - i]);
    if (v->n > 0)
        x[FIRST + LAST] = (float)v->n_dir[TM_UP] / (float)v->n;
    x[FIRST + LAST + 1] = (float)count_up(v, 0, v->n < FIRST ? v->n : FIRST);
    x[FIRST + LAST + 2] = (float)count_up(v, v->n < FIRST ? 0 : v->n - FIRST, v->n);
}

/* ---- order: how many packets went before the k-th of a direction ---- */

#define ORDER_COLS (ORDER + 2)

static void name_order(struct tm_column *c)
{
    for (unsigned d = 0; d < 2; d++, c += ORDER_COLS) {
        for (unsigned i = 0; i < ORDER; i++)
            tm_column_name(&c[i], "order_%s_%u", tm_features_dir(d), i + 1);
        tm_column_name(&c[ORDER], "order_%s_mean", tm_features_dir(d));
        tm_column_name(&c[ORDER + 1], "order_%s_sd", tm_features_dir(d));
    }
}

static void fill_order(float *x, const struct tm_features_view *v)
{
    for (unsigned d = 0; d < 2; d++, x += ORDER_COLS) {
        tm_summary_clear(v->work);
        for (uint32_t i = 0; i < v->n; i++) {
            if (v->p[i].dir != d)
                continue;
            if (v->work->n < ORDER)
                x[v->work->n] = (float)i;
            tm_summary_put(v->work, i);
        }
        x[ORDER] = (float)tm_summary_mean(v->work);
        x[ORDER + 1] = (float)tm_summary_sd(v->work);
    }
}

/* ---- concentration: up packets in each run of 20; an incomplete last run counts as it is ---- */

static void name_concentration(struct tm_column *c)
{
    static const char *const NAME[] = {"mean", "sd", "min", "q50", "max"};
    for (unsigned i = 0; i < 5; i++)
        tm_column_name(&c[i], "conc_%s", NAME[i]);
}

static void fill_concentration(float *x, const struct tm_features_view *v)
{
    tm_summary_clear(v->work);
    for (uint32_t i = 0; i < v->n; i += CHUNK)
        tm_summary_put(v->work, count_up(v, i, v->n - i < CHUNK ? v->n : i + CHUNK));
    x[0] = (float)tm_summary_mean(v->work);
    x[1] = (float)tm_summary_sd(v->work);
    tm_summary_sort(v->work);
    x[2] = (float)tm_summary_quantile(v->work, 0);
    x[3] = (float)tm_summary_quantile(v->work, 0.5);
    x[4] = (float)tm_summary_quantile(v->work, 1);
}

/* ---- the sizes of each direction ---- */

#define QUANTILE_COLS (N_QUANTILES + 4)

static void name_quantiles(struct tm_column *c)
{
    for (unsigned d = 0; d < 2; d++, c += QUANTILE_COLS) {
        const char *dir = tm_features_dir(d);
        for (unsigned i = 0; i < N_QUANTILES; i++)
            tm_column_name(&c[i], "size_%s_q%u", dir, PERCENT[i]);
        tm_column_name(&c[N_QUANTILES], "size_%s_min", dir);
        tm_column_name(&c[N_QUANTILES + 1], "size_%s_max", dir);
        tm_column_name(&c[N_QUANTILES + 2], "size_%s_sd", dir);
        tm_column_name(&c[N_QUANTILES + 3], "size_%s_unique", dir);
    }
}

/* Different values, as a share of all. */
static double unique_share(const struct tm_summary *sorted)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sorted->n; i++)
        n += i == 0 || sorted->v[i] > sorted->v[i - 1];
    return sorted->n > 0 ? (double)n / sorted->n : NAN;
}

static void fill_quantiles(float *x, const struct tm_features_view *v)
{
    for (unsigned d = 0; d < 2; d++, x += QUANTILE_COLS) {
        tm_summary_clear(v->work);
        for (uint32_t i = 0; i < v->n; i++) {
            if (v->p[i].dir == d)
                tm_summary_put(v->work, v->p[i].bytes);
        }
        tm_summary_sort(v->work);
        for (unsigned i = 0; i < N_QUANTILES; i++)
            x[i] = (float)tm_summary_quantile(v->work, PERCENT[i] / 100.0);
        x[N_QUANTILES] = (float)tm_summary_quantile(v->work, 0);
        x[N_QUANTILES + 1] = (float)tm_summary_quantile(v->work, 1);
        x[N_QUANTILES + 2] = (float)tm_summary_sd(v->work);
        x[N_QUANTILES + 3] = (float)unique_share(v->work);
    }
}

/* ---- bursts: packets of one direction without one of the other between ---- */

#define BURST_COLS 6U /* of a direction */

static void name_bursts(struct tm_column *c)
{
    static const char *const NAME[] = {"n", "mean", "max", "sd", "pkts_mean", "pkts_max"};
    for (unsigned d = 0; d < 2; d++) {
        for (unsigned i = 0; i < BURST_COLS; i++)
            tm_column_name(c++, "burst_%s_%s", tm_features_dir(d), NAME[i]);
    }
    for (unsigned i = 0; i < FIRST_BURST; i++)
        tm_column_name(c++, "b%u", i + 1);
}

static void fill_bursts_of(float *x, float *first, const struct tm_features_view *v, unsigned dir)
{
    uint32_t index = 0;
    uint32_t max_pkts = 0;
    double max_bytes = 0;
    tm_summary_clear(v->work);
    for (uint32_t i = 0; i < v->n; index++) {
        uint32_t from = i;
        double bytes = 0;
        for (; i < v->n && v->p[i].dir == v->p[from].dir; i++)
            bytes += v->p[i].bytes;
        if (v->p[from].dir != dir)
            continue;
        tm_summary_put(v->work, bytes);
        max_pkts = i - from > max_pkts ? i - from : max_pkts;
        max_bytes = bytes > max_bytes ? bytes : max_bytes;
        if (index < FIRST_BURST)
            first[index] = (float)(dir == TM_UP ? bytes : -bytes);
    }
    x[0] = (float)v->work->n;
    if (v->work->n == 0)
        return;
    x[1] = (float)tm_summary_mean(v->work);
    x[2] = (float)max_bytes;
    x[3] = (float)tm_summary_sd(v->work);
    x[4] = (float)((double)v->n_dir[dir] / v->work->n);
    x[5] = (float)max_pkts;
}

static void fill_bursts(float *x, const struct tm_features_view *v)
{
    for (unsigned d = 0; d < 2; d++)
        fill_bursts_of(x + (size_t)d * BURST_COLS, x + (size_t)2 * BURST_COLS, v, d);
}

const struct tm_family TM_FAMILIES_SIZE[] = {
    {TM_GROUP_POSTER | TM_GROUP_SIZES, 2, name_means, fill_means},
    {TM_GROUP_POSTER | TM_GROUP_SIZES | TM_GROUP_CUMUL, 2, name_totals, fill_totals},
    {TM_GROUP_SIZES | TM_GROUP_CUMUL, 2, name_counts, fill_counts},
    {TM_GROUP_SIZES, FIRST + LAST + 3, name_ends, fill_ends},
    {TM_GROUP_SIZES, 2 * ORDER_COLS, name_order, fill_order},
    {TM_GROUP_SIZES, 5, name_concentration, fill_concentration},
    {TM_GROUP_SIZES, 2 * QUANTILE_COLS, name_quantiles, fill_quantiles},
    {TM_GROUP_SIZES, 2 * BURST_COLS + FIRST_BURST, name_bursts, fill_bursts},
};
const uint32_t TM_FAMILIES_SIZE_N = sizeof TM_FAMILIES_SIZE / sizeof *TM_FAMILIES_SIZE;
