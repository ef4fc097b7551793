#include "audit/classify/points.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/group.h"
#include "audit/ml/neighbours.h"

static float scaled(float v, enum tm_classify_scale scale)
{
    return scale == TM_SCALE_LOG ? log1pf(fmaxf(v, 0)) : v;
}

static int number_class(struct tm_points *p, uint32_t name, uint8_t *out)
{
    for (uint32_t c = 0; c < p->n_classes; c++) {
        if (p->name_of[c] == name) {
            *out = (uint8_t)c;
            return TM_OK;
        }
    }
    if (p->n_classes == 255)
        return TM_ERR_LIMIT;
    *out = (uint8_t)p->n_classes;
    p->name_of[p->n_classes++] = name;
    return TM_OK;
}

int tm_points_init(struct tm_points *p, const struct tm_table *t, enum tm_classify_scale scale)
{
    *p = (struct tm_points){.n = t->n_rows, .d = t->n_cols};
    size_t room = (size_t)t->n_rows + 1;
    p->x = malloc(room * t->n_cols * sizeof *p->x);
    p->cls = malloc(room);
    p->fold = calloc(room, 1);
    p->session = malloc(room * sizeof *p->session);
    int rc = p->x && p->cls && p->fold && p->session ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; i < p->n && rc == TM_OK; i++) {
        for (uint32_t j = 0; j < p->d; j++)
            p->x[(size_t)i * p->d + j] = scaled(tm_table_x(t, i)[j], scale);
        p->session[i] = t->rows[i].session;
        rc = number_class(p, t->rows[i].cls, &p->cls[i]);
    }
    if (rc != TM_OK)
        tm_points_deinit(p);
    return rc;
}

void tm_points_keep(struct tm_points *p, uint32_t mask)
{
    float *to = p->x;
    for (size_t at = 0; at < (size_t)p->n * p->d; at++)
        if (mask >> at % p->d & 1)
            *to++ = p->x[at];
    uint32_t d = 0;
    for (uint32_t j = 0; j < p->d; j++)
        d += mask >> j & 1;
    p->d = d;
}

int tm_points_deal(struct tm_points *p, uint32_t k, struct tm_rng *rng)
{
    struct tm_groups g = {0};
    if (p->n == 0)
        return TM_OK;
    int rc = tm_groups_init(&g, p->session, p->cls, p->n);
    uint32_t *turn = rc == TM_OK ? malloc(g.n_groups * sizeof *turn) : NULL;
    if (turn) {
        for (uint32_t j = 0; j < g.n_groups; j++)
            turn[j] = j;
        tm_shuffle(turn, g.n_groups, rng);
        for (uint32_t i = 0; i < p->n; i++)
            p->fold[i] = (uint8_t)(turn[g.of[i]] % k);
    }
    rc = rc == TM_OK && !turn ? TM_ERR_NOMEM : rc;
    free(turn);
    tm_groups_deinit(&g);
    return rc;
}

void tm_points_deinit(struct tm_points *p)
{
    free(p->x);
    free(p->cls);
    free(p->fold);
    free(p->session);
    *p = (struct tm_points){0};
}

static uint32_t count_bits(uint32_t mask)
{
    return (uint32_t)__builtin_popcount(mask);
}

/* The condition of some columns; `work` has room for all rows. */
static int condition_of(const struct tm_points *p, uint32_t mask, float *work, double *out)
{
    float *to = work;
    for (size_t at = 0; at < (size_t)p->n * p->d; at++)
        if (mask >> at % p->d & 1)
            *to++ = p->x[at];
    return tm_condition(work, p->n, count_bits(mask), out);
}

int tm_points_condition(const struct tm_points *p, double limit, uint32_t *mask, double *kept,
                        double *all)
{
    TM_ASSERT(p->d >= 1 && p->d <= TM_CLASSIFY_COLS_MAX && p->n >= 2);
    uint32_t full = (1U << p->d) - 1;
    float *work = malloc((size_t)p->n * p->d * sizeof *work);
    if (!work)
        return TM_ERR_NOMEM;
    int rc = condition_of(p, full, work, all);
    *mask = full;
    *kept = *all;
    if (rc == TM_OK && limit > 0 && !(*all <= limit)) {
        *mask = 0;
        *kept = INFINITY;
        /* All subsets: 1023 of ten columns. */
        for (uint32_t m = 1; m < full && rc == TM_OK; m++) {
            double c = INFINITY;
            if (count_bits(m) < count_bits(*mask))
                continue;
            rc = condition_of(p, m, work, &c);
            if (c <= limit && (count_bits(m) > count_bits(*mask) || c < *kept)) {
                *mask = m;
                *kept = c;
            }
        }
        /* Nothing varies at all. */
        *mask = *mask != 0 ? *mask : 1;
    }
    free(work);
    return rc;
}
