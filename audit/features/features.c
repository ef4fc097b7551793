/* The columns, family by family, in the order of the table:
 *
 *   family           columns                                  groups           source
 *   means            pkt_up_mean pkt_down_mean                poster sizes     TrafficMimic, poster
 *   totals           bytes_up bytes_down                      poster sizes cumul
 *   counts           n_up n_down frac_up                      sizes cumul      k-FP; CUMUL
 *   first, last      s1..s30 z1..z10 (signed: up is +)        sizes            k-FP
 *   order            order_up_1.. (packets before the k-th)   sizes            k-FP
 *   concentration    conc_* (up packets in runs of 20)        sizes            k-FP
 *   quantiles        size_up_q50 ...                          sizes
 *   bursts           burst_up_n, b1..b10 (signed bytes)       sizes
 *   duration         duration_ms                              poster times     TrafficMimic, poster
 *   gaps             gap1_ms.. (gap1: opening to first)       times
 *   inter-arrival    iat_ms_q50, iat_up_ms_q50 ...            times            k-FP
 *   arrival          at_q25_ms ... (when a quarter was sent)  times            k-FP
 *   turns            think_ms_*, serve_ms_*                   times            Swing's think times
 *   rate             pps_* (packets in each second)           times            k-FP
 *   cumul            c1..c100                                 cumul            CUMUL
 *   tam              tam_up_0.. tam_down_1799                 tam              RF
 *
 * Sizes are bytes of TCP payload, times milliseconds unless the name says otherwise; all segments with payload count, those
 * repeated too.  What a connection has not (the 20th gap of ten packets, quantiles of no packet) is NaN; counts and totals are 0. */
#include "audit/features/features.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/features/features_impl.h"

#define N_LISTS 3U

struct family_list {
    const struct tm_family *v;
    uint32_t n;
};

static struct family_list list_of(unsigned i)
{
    if (i == 0)
        return (struct family_list){TM_FAMILIES_SIZE, TM_FAMILIES_SIZE_N};
    if (i == 1)
        return (struct family_list){TM_FAMILIES_TIME, TM_FAMILIES_TIME_N};
    return (struct family_list){TM_FAMILIES_CUMUL, TM_FAMILIES_CUMUL_N};
}

static unsigned groups_of(const struct tm_family *f)
{
    return f->groups | (f->groups & TM_GROUP_TAM ? 0U : (unsigned)TM_GROUP_ALL);
}

static bool is_chosen(const struct tm_family *f, const struct tm_features_cfg *cfg)
{
    return (groups_of(f) & (cfg->groups != 0 ? cfg->groups : (unsigned)TM_GROUP_ALL)) != 0;
}

void tm_column_name(struct tm_column *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(c->name, sizeof c->name, fmt, ap);
    va_end(ap);
    TM_ASSERT(n > 0 && (size_t)n < sizeof c->name);
}

const char *tm_features_dir(unsigned dir)
{
    return dir == TM_UP ? "up" : "down";
}

#define COLS_MAX 4096U /* more than all families have together */

/* The columns of the chosen families in cols[]; how many. */
static uint32_t write_columns(struct tm_column *cols, const struct tm_features_cfg *cfg)
{
    uint32_t n = 0;
    for (unsigned k = 0; k < N_LISTS; k++) {
        struct family_list l = list_of(k);
        for (uint32_t i = 0; i < l.n; i++) {
            if (!is_chosen(&l.v[i], cfg))
                continue;
            TM_ASSERT_LE(n + l.v[i].n_cols, COLS_MAX);
            l.v[i].name(cols + n);
            for (uint32_t c = 0; c < l.v[i].n_cols; c++)
                cols[n + c].groups = groups_of(&l.v[i]);
            n += l.v[i].n_cols;
        }
    }
    return n;
}

int tm_features_columns(struct tm_table *out, const struct tm_features_cfg *cfg)
{
    struct tm_column cols[COLS_MAX] = {0};
    uint32_t n = write_columns(cols, cfg);
    return tm_table_init(out, cols, n);
}

static uint32_t count_columns(const struct tm_features_cfg *cfg)
{
    uint32_t n = 0;
    for (unsigned k = 0; k < N_LISTS; k++) {
        struct family_list l = list_of(k);
        for (uint32_t i = 0; i < l.n; i++)
            n += is_chosen(&l.v[i], cfg) ? l.v[i].n_cols : 0;
    }
    return n;
}

static int fill_row(float *x, const struct tm_features_cfg *cfg, const struct tm_trace *t,
                    const struct tm_trace_packet *packets, struct tm_summary *work)
{
    struct tm_features_view v = {
        .t = t, .p = packets, .n = t->n_packets, .floor_us = cfg->floor_us, .work = work};
    int rc = tm_summary_reserve(work, v.n + 1);
    if (rc != TM_OK)
        return rc;
    for (uint32_t i = 0; i < v.n; i++) {
        v.n_dir[packets[i].dir]++;
        v.bytes_dir[packets[i].dir] += packets[i].bytes;
    }
    uint32_t n_cols = count_columns(cfg);
    for (uint32_t i = 0; i < n_cols; i++)
        x[i] = NAN;
    for (unsigned k = 0; k < N_LISTS; k++) {
        struct family_list l = list_of(k);
        for (uint32_t i = 0; i < l.n; i++) {
            if (!is_chosen(&l.v[i], cfg))
                continue;
            l.v[i].fill(x, &v);
            x += l.v[i].n_cols;
        }
    }
    return TM_OK;
}

int tm_features_of(float *x, const struct tm_features_cfg *cfg, const struct tm_trace *t,
                   const struct tm_trace_packet *packets)
{
    struct tm_summary work = {0};
    int rc = fill_row(x, cfg, t, packets, &work);
    tm_summary_deinit(&work);
    return rc;
}

static int add_one(struct tm_table *out, const struct tm_features_cfg *cfg,
                   const struct tm_trace_set *set, const struct tm_trace *t,
                   struct tm_summary *work)
{
    struct tm_row row = {.load = t->load, .start_us = t->start_us};
    float *x = NULL;
    int rc = tm_table_name(out, set->names[t->cls], &row.cls);
    if (rc == TM_OK)
        rc = tm_table_name(out, set->names[t->session], &row.session);
    if (rc == TM_OK)
        rc = tm_table_add(out, &row, &x);
    if (rc != TM_OK)
        return rc;
    rc = fill_row(x, cfg, t, tm_trace_packets(set, t), work);
    if (rc != TM_OK)
        out->n_rows--;
    return rc;
}

int tm_features_add(struct tm_table *out, const struct tm_features_cfg *cfg,
                    const struct tm_trace_set *set)
{
    struct tm_summary work = {0};
    TM_ASSERT_EQ(out->n_cols, count_columns(cfg));
    int rc = TM_OK;
    for (size_t i = 0; i < set->n && rc == TM_OK; i++)
        rc = add_one(out, cfg, set, &set->v[i], &work);
    tm_summary_deinit(&work);
    return rc;
}
