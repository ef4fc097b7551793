#include "audit/ml/auc.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "audit/ml/group.h"

struct ranked {
    float score;
    uint32_t item;
    uint8_t fold;
    uint8_t label;
};

/* By fold, then ascending score; NaN first, so that the order is total. */
static int by_fold_and_score(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->fold != y->fold)
        return x->fold < y->fold ? -1 : 1;
    if (isnan(x->score) || isnan(y->score))
        return !!isnan(y->score) - !!isnan(x->score);
    return x->score < y->score ? -1 : x->score > y->score;
}

/* fold NULL: all in one. */
static struct ranked *rank(const float *score, const uint8_t *label, const uint8_t *fold,
                           uint32_t n)
{
    struct ranked *r = malloc(n > 0 ? n * sizeof *r : 1);
    if (!r)
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        r[i] = (struct ranked){score[i], i, fold ? fold[i] : 0, label[i]};
    qsort(r, n, sizeof *r, by_fold_and_score);
    return r;
}

static bool is_tied(const struct ranked *a, const struct ranked *b)
{
    return a->fold == b->fold && by_fold_and_score(a, b) == 0;
}

/* Pairs (label 1, label 0) of one fold in the right order, ties half; *n_pairs: all of them. */
struct pairs {
    double won, all;
};

/* Sum over the folds. weight[item of i]: how often it counts, NULL: once. */
static struct pairs count_pairs(const struct ranked *r, uint32_t n, const uint32_t *weight)
{
    struct pairs sum = {0, 0};
    double below[2] = {0, 0};
    for (uint32_t i = 0; i < n;) {
        double here[2] = {0, 0};
        uint32_t end = i;
        do {
            here[r[end].label == 1] += weight ? weight[r[end].item] : 1;
            end++;
        } while (end < n && is_tied(&r[i], &r[end]));
        sum.won += here[1] * (below[0] + here[0] / 2);
        below[0] += here[0];
        below[1] += here[1];
        if (end == n || r[end].fold != r[i].fold) {
            sum.all += below[0] * below[1];
            below[0] = below[1] = 0;
        }
        i = end;
    }
    return sum;
}

int tm_auc(const float *score, const uint8_t *label, const uint32_t *weight, uint32_t n,
           double *out)
{
    struct ranked *r = rank(score, label, NULL, n);
    if (!r)
        return TM_ERR_NOMEM;
    struct pairs p = count_pairs(r, n, weight);
    *out = p.all > 0 ? p.won / p.all : NAN;
    free(r);
    return TM_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* 97.5 % point of Student's t with `freedom` degrees: Cornish-Fisher expansion (Abramowitz, Stegun 26.7.5). */
static double student_975(double freedom)
{
    const double z = 1.959963984540054;
    double z2 = z * z;
    return z + z * (z2 + 1) / (4 * freedom) +
           z * (5 * z2 * z2 + 16 * z2 + 3) / (96 * freedom * freedom) +
           z * (3 * z2 * z2 * z2 + 19 * z2 * z2 + 17 * z2 - 15) /
               (384 * freedom * freedom * freedom);
}

double tm_interval_tail(uint32_t n_groups)
{
    if (n_groups < 2)
        return 0;
    double n = n_groups;
    return 0.5 * erfc(student_975(n - 1) * sqrt(n / (n - 1)) / sqrt(2));
}

void tm_interval_of(double *draws, uint32_t n, uint32_t n_groups, struct tm_interval *out)
{
    out->low = out->high = NAN;
    if (n == 0)
        return;
    qsort(draws, n, sizeof *draws, ascending);
    double skip = floor(tm_interval_tail(n_groups) * n);
    uint32_t cut = (uint32_t)skip;
    out->low = draws[cut];
    out->high = draws[n - 1 - cut];
}

struct bootstrap {
    const struct ranked *sorted;
    const struct tm_groups *groups;
    uint32_t *times, *weight; /* room for each group, each item */
    double *draws;            /* room for each round */
};

/* The values of `rounds` draws; those that miss a label are left out.  Returns how many there are. */
static uint32_t draw_aucs(const struct bootstrap *b, uint32_t rounds, struct tm_rng *rng)
{
    uint32_t n_draws = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        tm_groups_draw(b->groups, rng, b->times);
        for (uint32_t j = 0; j < b->groups->n; j++)
            b->weight[j] = b->times[b->groups->of[j]];
        struct pairs p = count_pairs(b->sorted, b->groups->n, b->weight);
        if (p.all > 0)
            b->draws[n_draws++] = p.won / p.all;
    }
    return n_draws;
}

/* NOLINTNEXTLINE(readability-function-size): the arrays of one sample, one parameter each */
int tm_auc_by_fold(const float *score, const uint8_t *label, const uint32_t *group,
                   const uint8_t *fold, uint32_t n, uint32_t rounds, struct tm_rng *rng,
                   struct tm_interval *out)
{
    *out = (struct tm_interval){NAN, NAN, NAN};
    if (n == 0)
        return TM_OK;
    struct tm_groups g = {0};
    struct ranked *r = rank(score, label, fold, n);
    double *draws = malloc((rounds + 1U) * sizeof *draws);
    uint32_t *times = malloc(n * sizeof *times);
    uint32_t *weight = malloc(n * sizeof *weight);
    int rc = TM_ERR_NOMEM;
    if (!r || !draws || !times || !weight)
        goto out;
    rc = tm_groups_init(&g, group, label, n);
    if (rc != TM_OK)
        goto out;
    struct pairs p = count_pairs(r, n, NULL);
    if (p.all > 0) {
        out->value = p.won / p.all;
        const struct bootstrap b = {r, &g, times, weight, draws};
        uint32_t n_draws = draw_aucs(&b, rounds, rng);
        tm_interval_of(draws, n_draws, tm_groups_fewest(&g), out);
    }
out:
    free(r);
    free(draws);
    free(times);
    free(weight);
    tm_groups_deinit(&g);
    return rc;
}

/* One fold's curve, r[n] ascending by score: adds n1 * TPR(FPR = i/100) to tpr[i]. */
static void add_curve(const struct ranked *r, uint32_t n, double n0, double n1, double tpr[101])
{
    double hit = 0;
    double miss = 0;
    int at = 0;
    for (uint32_t i = n; i > 0;) {
        double here[2] = {0, 0};
        uint32_t last = i - 1;
        do
            here[r[--i].label == 1]++;
        while (i > 0 && is_tied(&r[i - 1], &r[last]));
        /* A step up at the rate reached, or a slope between two rates. */
        for (; at <= 100 && here[0] > 0 && at * n0 / 100 < miss + here[0]; at++)
            tpr[at] += hit + (at * n0 / 100 - miss) / here[0] * here[1];
        hit += here[1];
        miss += here[0];
    }
    for (; at <= 100; at++)
        tpr[at] += n1;
}

int tm_roc(const float *score, const uint8_t *label, const uint8_t *fold, uint32_t n,
           double tpr[101])
{
    struct ranked *r = rank(score, label, fold, n);
    double total = 0;
    if (!r)
        return TM_ERR_NOMEM;
    for (int i = 0; i <= 100; i++)
        tpr[i] = 0;
    for (uint32_t begin = 0, end = 0; begin < n; begin = end) {
        double count[2] = {0, 0};
        for (; end < n && r[end].fold == r[begin].fold; end++)
            count[r[end].label == 1]++;
        if (count[0] > 0 && count[1] > 0) {
            add_curve(r + begin, end - begin, count[0], count[1], tpr);
            total += count[1];
        }
    }
    for (int i = 0; i <= 100; i++)
        tpr[i] = total > 0 ? tpr[i] / total : NAN;
    free(r);
    return TM_OK;
}

void tm_wilson(double hits, double n, struct tm_interval *out)
{
    const double z = 1.959963984540054;
    if (!(n > 0)) {
        *out = (struct tm_interval){NAN, NAN, NAN};
        return;
    }
    double p = hits / n;
    double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
    *out = (struct tm_interval){p, fmax(middle - half, 0), fmin(middle + half, 1)};
}
