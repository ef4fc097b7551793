/* audit/features/summary.h - a list of numbers -> mean, deviation, quantiles. */
#ifndef TM_AUDIT_SUMMARY_H
#define TM_AUDIT_SUMMARY_H

#include <stdint.h>

#include "tm/base/err.h"

/* Memory for the numbers of one question at a time; grows, is reused.  Empty: {0}. */
struct tm_summary {
    double *v; /* owned */
    uint32_t n, cap;
    double sum;
};

/* Forgets the numbers and makes room for `cap` of them.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_summary_reserve(struct tm_summary *s, uint32_t cap);
static inline void tm_summary_clear(struct tm_summary *s)
{
    s->n = 0;
    s->sum = 0;
}
/* Within the room. */
static inline void tm_summary_put(struct tm_summary *s, double v)
{
    s->v[s->n++] = v;
    s->sum += v;
}
void tm_summary_sort(struct tm_summary *s);

/* NaN when there is no number.  The deviation is that of the numbers themselves (divided by n). */
double tm_summary_mean(const struct tm_summary *s);
double tm_summary_sd(const struct tm_summary *s);
/* After sort, p in 0..1: linear between the closest ranks, as the default of R and numpy (type 7). */
double tm_summary_quantile(const struct tm_summary *s, double p);
void tm_summary_deinit(struct tm_summary *s);

#endif
