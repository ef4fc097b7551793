#include "audit/detect/space.h"

#include <math.h>
#include <stdlib.h>

#include "audit/ml/neighbours.h"

#define GROUPS ((unsigned)TM_GROUP_POSTER | (unsigned)TM_GROUP_SIZES | (unsigned)TM_GROUP_TIMES)

/* pick NULL: the first n. */
static int fill(struct tm_space *out, const struct tm_table *t, const uint32_t *pick, uint32_t n)
{
    uint32_t d = 0;
    for (uint32_t j = 0; j < t->n_cols; j++)
        d += (t->cols[j].groups & GROUPS) != 0;
    *out = (struct tm_space){.x = calloc((size_t)n * d + 1, sizeof *out->x), .n = n, .d = d};
    if (!out->x)
        return TM_ERR_NOMEM;
    float *to = out->x;
    for (uint32_t i = 0; i < n; i++) {
        const float *x = tm_table_x(t, pick ? pick[i] : i);
        for (uint32_t j = 0; j < t->n_cols; j++) {
            if (t->cols[j].groups & GROUPS)
                *to++ = copysignf(log1pf(fabsf(x[j])), x[j]);
        }
    }
    return TM_OK;
}

int tm_space_fit(struct tm_space *out, struct tm_space_scale *scale, const struct tm_table *t)
{
    int rc = fill(out, t, NULL, t->n_rows);
    if (rc != TM_OK)
        return rc;
    *scale = (struct tm_space_scale){.mean = calloc((size_t)out->d + 1, sizeof *scale->mean),
                                     .sd = calloc((size_t)out->d + 1, sizeof *scale->sd),
                                     .d = out->d};
    if (!scale->mean || !scale->sd) {
        tm_space_deinit(out);
        tm_space_scale_deinit(scale);
        return TM_ERR_NOMEM;
    }
    tm_zscore_fit(out->x, out->n, out->d, scale->mean, scale->sd);
    tm_zscore_apply(out->x, out->n, out->d, scale->mean, scale->sd);
    return TM_OK;
}

int tm_space_apply(struct tm_space *out, const struct tm_space_scale *scale,
                   const struct tm_table *t, const uint32_t *pick, uint32_t n)
{
    int rc = fill(out, t, pick, n);
    if (rc == TM_OK)
        tm_zscore_apply(out->x, n, out->d, scale->mean, scale->sd);
    return rc;
}

void tm_space_deinit(struct tm_space *s)
{
    free(s->x);
    *s = (struct tm_space){0};
}

void tm_space_scale_deinit(struct tm_space_scale *s)
{
    free(s->mean);
    free(s->sd);
    *s = (struct tm_space_scale){0};
}
