#include "audit/features/summary.h"

#include <math.h>
#include <stdlib.h>

int tm_summary_reserve(struct tm_summary *s, uint32_t cap)
{
    tm_summary_clear(s);
    if (cap <= s->cap)
        return TM_OK;
    uint32_t want = cap < 256 ? 256 : cap;
    double *v = realloc(s->v, want * sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    s->v = v;
    s->cap = want;
    return TM_OK;
}

static int compare(const void *x, const void *y)
{
    double a = *(const double *)x;
    double b = *(const double *)y;
    return a < b ? -1 : a > b;
}

#define SHORT 24U /* below this, insertion beats a call for each comparison */

void tm_summary_sort(struct tm_summary *s)
{
    if (s->n > SHORT) {
        qsort(s->v, s->n, sizeof *s->v, compare);
        return;
    }
    for (uint32_t i = 1; i < s->n; i++) {
        double v = s->v[i];
        uint32_t k = i;
        for (; k > 0 && s->v[k - 1] > v; k--)
            s->v[k] = s->v[k - 1];
        s->v[k] = v;
    }
}

double tm_summary_mean(const struct tm_summary *s)
{
    return s->n > 0 ? s->sum / s->n : NAN;
}

double tm_summary_sd(const struct tm_summary *s)
{
    double mean = tm_summary_mean(s);
    double squares = 0;
    for (uint32_t i = 0; i < s->n; i++)
        squares += (s->v[i] - mean) * (s->v[i] - mean);
    return s->n > 0 ? sqrt(squares / s->n) : NAN;
}

double tm_summary_quantile(const struct tm_summary *s, double p)
{
    if (s->n == 0)
        return NAN;
    double at = p * (double)(s->n - 1);
    uint32_t i = (uint32_t)at;
    if (i + 1 >= s->n)
        return s->v[s->n - 1];
    return s->v[i] + (s->v[i + 1] - s->v[i]) * (at - i);
}

void tm_summary_deinit(struct tm_summary *s)
{
    free(s->v);
    *s = (struct tm_summary){0};
}
