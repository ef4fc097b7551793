#include "audit/correlate/operating.h"

#include <math.h>
#include <stdlib.h>

#include "audit/ml/group.h"

const double tm_operating_fpr[TM_OPERATING_POINTS] = {1e-2, 1e-3};

double tm_operating_curve_fpr(uint32_t i)
{
    return pow(10, -3 + (double)i * 3 / (TM_OPERATING_CURVE - 1));
}

struct ranked {
    float score;
    uint32_t item;
    uint8_t label;
    double share; /* its weight */
};

/* Highest first; NaN last. */
static int descending(const void *x, const void *y)
{
    const struct ranked *a = x;
    const struct ranked *b = y;
    if (isnan(a->score) || isnan(b->score))
        return !!isnan(a->score) - !!isnan(b->score);
    return a->score > b->score ? -1 : a->score < b->score;
}

static double counts(const struct ranked *r, const uint32_t *weight)
{
    return r->share * (weight ? weight[r->item] : 1);
}

/* tpr[k] at the rising rates fpr[k], k < m; weight: how often each item counts beside its share, NULL: once. */
static void rates(const struct ranked *r, uint32_t n, const uint32_t *weight, const double *fpr,
                  uint32_t m, double *tpr)
{
    double total[2] = {0, 0};
    double passed[2] = {0, 0};
    double n_false = 0;
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        total[r[i].label] += counts(&r[i], weight);
        n_false += r[i].label ? 0 : counts(&r[i], weight) / r[i].share;
    }
    for (uint32_t i = 0; i < n && k < m;) {
        double here[2] = {0, 0};
        uint32_t end = i;
        do {
            here[r[end].label] += counts(&r[end], weight);
            end++;
        } while (end < n && descending(&r[i], &r[end]) == 0);
        for (; k < m && here[0] > 0 && fpr[k] * total[0] < passed[0] + here[0]; k++)
            tpr[k] = (passed[1] + (fpr[k] * total[0] - passed[0]) / here[0] * here[1]) / total[1];
        passed[0] += here[0];
        passed[1] += here[1];
        i = end;
    }
    for (; k < m; k++)
        tpr[k] = 1;
    for (k = 0; k < m; k++) {
        if (total[1] <= 0 || fpr[k] * n_false < 1 - 1e-9)
            tpr[k] = NAN;
    }
}

struct bootstrap {
    const struct ranked *sorted;
    struct tm_groups groups;
    uint32_t *times, *weight;
    double *draws[TM_OPERATING_POINTS];
};

static void draw(struct bootstrap *b, uint32_t rounds, struct tm_rng *rng, struct tm_operating *out)
{
    uint32_t n_draws[TM_OPERATING_POINTS] = {0};
    /* rates() wants them to rise. */
    const double rising[TM_OPERATING_POINTS] = {tm_operating_fpr[1], tm_operating_fpr[0]};
    for (uint32_t i = 0; i < rounds; i++) {
        double tpr[TM_OPERATING_POINTS];
        tm_groups_draw(&b->groups, rng, b->times);
        for (uint32_t j = 0; j < b->groups.n; j++)
            b->weight[j] = b->times[b->groups.of[j]];
        rates(b->sorted, b->groups.n, b->weight, rising, TM_OPERATING_POINTS, tpr);
        for (uint32_t k = 0; k < TM_OPERATING_POINTS; k++) {
            double v = tpr[TM_OPERATING_POINTS - 1 - k];
            if (!isnan(v))
                b->draws[k][n_draws[k]++] = v;
        }
    }
    for (uint32_t k = 0; k < TM_OPERATING_POINTS; k++) {
        struct tm_interval *v = &out->tpr[k];
        struct tm_interval least;
        if (isnan(v->value))
            continue;
        tm_wilson(v->value * out->n_true, out->n_true, &least);
        tm_interval_of(b->draws[k], n_draws[k], b->groups.n_groups, v);
        v->low = fmin(least.low, v->low); /* fmin and fmax pass over NaN */
        v->high = fmax(least.high, v->high);
    }
}

static int fill_intervals(struct tm_operating *out, const struct ranked *r,
                          const struct tm_operating_sample *s, uint32_t rounds, struct tm_rng *rng)
{
    struct bootstrap b = {.sorted = r};
    int rc = tm_groups_init(&b.groups, s->group, s->label, s->n);
    b.times = malloc(s->n * sizeof *b.times);
    b.weight = malloc(s->n * sizeof *b.weight);
    b.draws[0] = malloc(((size_t)rounds + 1) * sizeof(double));
    b.draws[1] = malloc(((size_t)rounds + 1) * sizeof(double));
    if (!b.times || !b.weight || !b.draws[0] || !b.draws[1])
        rc = TM_ERR_NOMEM;
    if (rc == TM_OK) {
        out->n_groups = b.groups.n_groups;
        draw(&b, rounds, rng, out);
    }
    tm_groups_deinit(&b.groups);
    free(b.times);
    free(b.weight);
    free(b.draws[0]);
    free(b.draws[1]);
    return rc;
}

static int area(struct tm_operating *out, const struct tm_operating_sample *s)
{
    uint32_t *times = malloc(((size_t)s->n + 1) * sizeof *times);
    if (!times)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < s->n; i++)
        times[i] = s->weight ? (uint32_t)lrint(fmin(s->weight[i], 1) * 1e6) : 1;
    int rc = tm_auc(s->score, s->label, times, s->n, &out->auc);
    free(times);
    return rc;
}

int tm_operating_of(struct tm_operating *out, const struct tm_operating_sample *s, uint32_t rounds,
                    struct tm_rng *rng)
{
    const uint32_t n = s->n;
    double fpr[TM_OPERATING_CURVE];
    *out = (struct tm_operating){.auc = NAN};
    struct ranked *r = malloc(((size_t)n + 1) * sizeof *r);
    int rc = TM_ERR_NOMEM;
    if (!r)
        return rc;
    for (uint32_t i = 0; i < n; i++) {
        r[i] = (struct ranked){s->score[i], i, s->label[i] != 0, s->weight ? s->weight[i] : 1};
        out->n_true += r[i].label;
    }
    out->n_false = n - out->n_true;
    if (n > 0)
        qsort(r, n, sizeof *r, descending);
    for (uint32_t i = 0; i < TM_OPERATING_CURVE; i++)
        fpr[i] = tm_operating_curve_fpr(i);
    rates(r, n, NULL, fpr, TM_OPERATING_CURVE, out->curve);
    for (uint32_t k = 0; k < TM_OPERATING_POINTS; k++) {
        out->tpr[k].low = out->tpr[k].high = NAN;
        rates(r, n, NULL, &tm_operating_fpr[k], 1, &out->tpr[k].value);
    }
    rc = area(out, s);
    if (rc == TM_OK && out->n_true > 0 && out->n_false > 0)
        rc = fill_intervals(out, r, s, rounds, rng);
    free(r);
    return rc;
}
