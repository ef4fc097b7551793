/* audit/features/features_impl.h - families of columns: what features.c puts together.
 *
 * A family is a run of columns with the same groups, described and computed by one pair of functions. */
#ifndef TM_AUDIT_FEATURES_IMPL_H
#define TM_AUDIT_FEATURES_IMPL_H

#include <stdint.h>

#include "audit/features/summary.h"
#include "audit/features/table.h"
#include "audit/features/trace.h"

#define TM_MS_PER_US 1e-3

/* One connection as the families read it. */
struct tm_features_view {
    const struct tm_trace *t;
    const struct tm_trace_packet *p;
    uint32_t n;
    uint32_t n_dir[2];       /* packets by direction */
    double bytes_dir[2];     /* payload by direction, repeated bytes included */
    int64_t floor_us;        /* 0: times as captured */
    struct tm_summary *work; /* room for n + 1 numbers */
};

/* Since the connection's first packet, both rounded down. */
static inline int64_t tm_features_floored(const struct tm_features_view *v, int64_t t_us)
{
    if (v->floor_us <= 1)
        return t_us;
    int64_t start = v->t->start_us - v->t->start_us % v->floor_us;
    int64_t at = v->t->start_us + t_us;
    return at - at % v->floor_us - start;
}
static inline int64_t tm_features_at_us(const struct tm_features_view *v, uint32_t i)
{
    return tm_features_floored(v, v->p[i].t_us);
}

struct tm_family {
    unsigned groups; /* enum tm_feature_group, ored; without ALL, which all but TAM are in */
    uint32_t n_cols;
    /* Writes the names of the columns. */
    void (*name)(struct tm_column *cols);
    /* Writes the values; x holds NaN. */
    void (*fill)(float *x, const struct tm_features_view *v);
};

/* By features_size.c, features_time.c, features_cumul.c. */
extern const struct tm_family TM_FAMILIES_SIZE[];
extern const uint32_t TM_FAMILIES_SIZE_N;
extern const struct tm_family TM_FAMILIES_TIME[];
extern const uint32_t TM_FAMILIES_TIME_N;
extern const struct tm_family TM_FAMILIES_CUMUL[];
extern const uint32_t TM_FAMILIES_CUMUL_N;

/* name = the format's text; it must fit. */
void tm_column_name(struct tm_column *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "up", "down" by enum tm_dir. */
const char *tm_features_dir(unsigned dir);

#endif
