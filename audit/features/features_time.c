/* Families that need a clock (the table is in features.c). */
#include <math.h>

#include "audit/features/features_impl.h"
#include "tm/base/time.h"

#define GAPS 30U

#define N_QUANTILES 6U
static const unsigned PERCENT[N_QUANTILES] = {10, 25, 50, 75, 90, 99};
/* What is said of a list of times: mean, deviation, largest, quantiles. */
#define TIMES_COLS (3U + N_QUANTILES)

static void name_times(struct tm_column *c, const char *what)
{
    tm_column_name(&c[0], "%s_mean", what);
    tm_column_name(&c[1], "%s_sd", what);
    tm_column_name(&c[2], "%s_max", what);
    for (unsigned i = 0; i < N_QUANTILES; i++)
        tm_column_name(&c[3 + i], "%s_q%u", what, PERCENT[i]);
}

static void fill_times(float *x, struct tm_summary *s)
{
    x[0] = (float)tm_summary_mean(s);
    x[1] = (float)tm_summary_sd(s);
    tm_summary_sort(s);
    x[2] = (float)tm_summary_quantile(s, 1);
    for (unsigned i = 0; i < N_QUANTILES; i++)
        x[3 + i] = (float)tm_summary_quantile(s, PERCENT[i] / 100.0);
}

static double ms(int64_t us)
{
    return (double)us * TM_MS_PER_US;
}

static void name_duration(struct tm_column *c)
{
    tm_column_name(c, "duration_ms");
}

static void fill_duration(float *x, const struct tm_features_view *v)
{
    x[0] = (float)ms(tm_features_floored(v, v->t->duration_us));
}

/* ---- the first gaps: gap1 is from the opening to the first packet; and from the last packet to the end ---- */

static void name_gaps(struct tm_column *c)
{
    for (unsigned i = 0; i < GAPS; i++)
        tm_column_name(&c[i], "gap%u_ms", i + 1);
    tm_column_name(&c[GAPS], "tail_ms");
}

static void fill_gaps(float *x, const struct tm_features_view *v)
{
    int64_t before = 0;
    for (uint32_t i = 0; i < GAPS && i < v->n; i++) {
        int64_t at = tm_features_at_us(v, i);
        x[i] = (float)ms(at - before);
        before = at;
    }
    if (v->n > 0)
        x[GAPS] =
            (float)ms(tm_features_floored(v, v->t->duration_us) - tm_features_at_us(v, v->n - 1));
}

/* ---- inter-arrival: all packets, those up, those down ---- */

static void name_inter_arrival(struct tm_column *c)
{
    name_times(c, "iat_ms");
    name_times(c + TIMES_COLS, "iat_up_ms");
    name_times(c + (size_t)2 * TIMES_COLS, "iat_down_ms");
}

static void fill_inter_arrival(float *x, const struct tm_features_view *v)
{
    for (unsigned which = 0; which < 3; which++, x += TIMES_COLS) {
        int64_t before = -1;
        tm_summary_clear(v->work);
        for (uint32_t i = 0; i < v->n; i++) {
            if (which > 0 && v->p[i].dir != which - 1)
                continue;
            int64_t at = tm_features_at_us(v, i);
            if (before >= 0)
                tm_summary_put(v->work, ms(at - before));
            before = at;
        }
        fill_times(x, v->work);
    }
}

/* ---- arrival: when a quarter, half, three quarters of the packets had passed ---- */

static void name_arrival(struct tm_column *c)
{
    static const char *const WHICH[] = {"at", "at_up", "at_down"};
    for (unsigned which = 0; which < 3; which++) {
        for (unsigned q = 25; q < 100; q += 25)
            tm_column_name(c++, "%s_ms_q%u", WHICH[which], q);
    }
}

static void fill_arrival(float *x, const struct tm_features_view *v)
{
    for (unsigned which = 0; which < 3; which++) {
        tm_summary_clear(v->work);
        for (uint32_t i = 0; i < v->n; i++) { /* times never fall: sorted already */
            if (which == 0 || v->p[i].dir == which - 1)
                tm_summary_put(v->work, ms(tm_features_at_us(v, i)));
        }
        for (unsigned q = 25; q < 100; q += 25)
            *x++ = (float)tm_summary_quantile(v->work, q / 100.0);
    }
}

/* ---- turns: end of a down burst to the next up (think), end of an up burst to the next down (serve) ---- */

static void name_turns(struct tm_column *c)
{
    name_times(c, "think_ms");
    name_times(c + TIMES_COLS, "serve_ms");
}

static void fill_turns(float *x, const struct tm_features_view *v)
{
    for (unsigned dir = 0; dir < 2; dir++, x += TIMES_COLS) { /* of the packet that begins */
        tm_summary_clear(v->work);
        for (uint32_t i = 1; i < v->n; i++) {
            if (v->p[i].dir == dir && v->p[i - 1].dir != dir)
                tm_summary_put(v->work, ms(tm_features_at_us(v, i) - tm_features_at_us(v, i - 1)));
        }
        fill_times(x, v->work);
    }
}

/* ---- rate: packets in each second of the connection, empty ones too ---- */

#define RATE_COLS 7U

static void name_rate(struct tm_column *c)
{
    static const char *const NAME[RATE_COLS] = {"mean", "sd", "max", "q25", "q50", "q75", "q90"};
    for (unsigned i = 0; i < RATE_COLS; i++)
        tm_column_name(&c[i], "pps_%s", NAME[i]);
}

/* The k-th smallest of n_empty zeros and the sorted counts. */
static double rank_of(const struct tm_summary *busy, int64_t n_empty, int64_t k)
{
    return k < n_empty ? 0 : busy->v[k - n_empty];
}

static double rate_quantile(const struct tm_summary *busy, int64_t n_seconds, double p)
{
    double at = p * (double)(n_seconds - 1);
    int64_t k = (int64_t)at;
    int64_t n_empty = n_seconds - busy->n;
    double low = rank_of(busy, n_empty, k);
    return k + 1 >= n_seconds ? low
                              : low + (rank_of(busy, n_empty, k + 1) - low) * (at - (double)k);
}

static void fill_rate(float *x, const struct tm_features_view *v)
{
    static const double P[] = {0.25, 0.5, 0.75, 0.9};
    struct tm_summary *busy = v->work; /* counts of the seconds that are not empty */
    double squares = 0;
    tm_summary_clear(busy);
    for (uint32_t i = 0; i < v->n;) {
        int64_t second = tm_features_at_us(v, i) / TM_US_PER_S;
        uint32_t from = i;
        while (i < v->n && tm_features_at_us(v, i) / TM_US_PER_S == second)
            i++;
        tm_summary_put(busy, i - from);
        squares += (double)(i - from) * (i - from);
    }
    int64_t n = tm_features_floored(v, v->t->duration_us) / TM_US_PER_S + 1;
    if (n < busy->n) /* a trace that says less than its packets */
        n = busy->n;
    double mean = busy->sum / (double)n;
    x[0] = (float)mean;
    x[1] = (float)sqrt(fmax(0, squares / (double)n - mean * mean));
    tm_summary_sort(busy);
    x[2] = (float)rate_quantile(busy, n, 1);
    for (unsigned i = 0; i < 4; i++)
        x[3 + i] = (float)rate_quantile(busy, n, P[i]);
}

const struct tm_family TM_FAMILIES_TIME[] = {
    {TM_GROUP_POSTER | TM_GROUP_TIMES, 1, name_duration, fill_duration},
    {TM_GROUP_TIMES, GAPS + 1, name_gaps, fill_gaps},
    {TM_GROUP_TIMES, 3 * TIMES_COLS, name_inter_arrival, fill_inter_arrival},
    {TM_GROUP_TIMES, 9, name_arrival, fill_arrival},
    {TM_GROUP_TIMES, 2 * TIMES_COLS, name_turns, fill_turns},
    {TM_GROUP_TIMES, RATE_COLS, name_rate, fill_rate},
};
const uint32_t TM_FAMILIES_TIME_N = sizeof TM_FAMILIES_TIME / sizeof *TM_FAMILIES_TIME;
