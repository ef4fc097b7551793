#include "audit/ml/svm.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EPSILON 1e-3
#define TAU     1e-12

/* The machine of two classes: rows of class a count +1, of class b -1. */
struct pair {
    uint32_t a, b;
    uint32_t first, n; /* its rows and coefficients in the pools */
    double bias;
};

struct tm_svm {
    struct tm_svm_cfg cfg;
    float *x;           /* n x d, the training rows */
    struct pair *pairs; /* of the classes that occur */
    uint32_t *rows;     /* pool: which training rows */
    double *coef;       /* pool: alpha y */
    uint32_t n, d, k, n_pairs;
};

/* One machine being solved; n rows. */
struct solver {
    const float *kernel; /* stride x stride */
    const uint32_t *rows;
    const int8_t *y;
    double *alpha, *slope; /* n each */
    uint32_t stride, n;
    double c;
};

static double kernel_at(const struct solver *s, uint32_t i, uint32_t j)
{
    return (double)s->kernel[(size_t)s->rows[i] * s->stride + s->rows[j]];
}

static bool may_rise(const struct solver *s, uint32_t t)
{
    return s->y[t] > 0 ? s->alpha[t] < s->c : s->alpha[t] > 0;
}

static bool may_fall(const struct solver *s, uint32_t t)
{
    return s->y[t] > 0 ? s->alpha[t] > 0 : s->alpha[t] < s->c;
}

/* The pair that violates the conditions most; false: none does by EPSILON.  *middle: between the two bounds. */
static bool choose(const struct solver *s, uint32_t *up, uint32_t *down, double *middle)
{
    double high = -INFINITY;
    double low = INFINITY;
    for (uint32_t t = 0; t < s->n; t++) {
        double v = -s->y[t] * s->slope[t];
        if (may_rise(s, t) && v > high) {
            high = v;
            *up = t;
        }
        if (may_fall(s, t) && v < low) {
            low = v;
            *down = t;
        }
    }
    *middle = (high + low) / 2;
    return high - low > EPSILON;
}

static double within(double v, double c)
{
    return v < 0 ? 0 : v > c ? c : v;
}

/* Moves alpha_i and alpha_j along y'alpha = const to the least of the quadratic, inside the box. */
static void move(struct solver *s, uint32_t i, uint32_t j)
{
    double curve = kernel_at(s, i, i) + kernel_at(s, j, j) - 2 * kernel_at(s, i, j);
    double step = (-s->y[i] * s->slope[i] + s->y[j] * s->slope[j]) / (curve > TAU ? curve : TAU);
    double was_i = s->alpha[i];
    double was_j = s->alpha[j];
    double sum = s->y[i] * was_i + s->y[j] * was_j;
    s->alpha[i] = within(was_i + s->y[i] * step, s->c);
    s->alpha[j] = within(s->y[j] * (sum - s->y[i] * s->alpha[i]), s->c);
    s->alpha[i] = within(s->y[i] * (sum - s->y[j] * s->alpha[j]), s->c);
    double d_i = s->y[i] * (s->alpha[i] - was_i);
    double d_j = s->y[j] * (s->alpha[j] - was_j);
    for (uint32_t t = 0; t < s->n; t++)
        s->slope[t] += s->y[t] * (d_i * kernel_at(s, i, t) + d_j * kernel_at(s, j, t));
}

/* alpha, and the bias. */
static double solve(struct solver *s)
{
    uint32_t i = 0;
    uint32_t j = 0;
    double middle = 0;
    for (uint32_t t = 0; t < s->n; t++) {
        s->alpha[t] = 0;
        s->slope[t] = -1;
    }
    for (uint32_t left = 10000 + 100 * s->n; left > 0 && choose(s, &i, &j, &middle); left--)
        move(s, i, j);
    return middle;
}

static double squared(const float *a, const float *b, uint32_t d)
{
    double sum = 0;
    for (uint32_t j = 0; j < d; j++)
        sum += (double)((a[j] - b[j]) * (a[j] - b[j]));
    return sum;
}

static void fill_kernel(float *kernel, const struct tm_svm *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        for (uint32_t j = 0; j <= i; j++) {
            double v = squared(s->x + (size_t)i * s->d, s->x + (size_t)j * s->d, s->d);
            kernel[(size_t)i * s->n + j] = kernel[(size_t)j * s->n + i] =
                (float)exp(-s->cfg.gamma * v);
        }
}

/* The rows of both classes into the pools. */
static void gather(struct tm_svm *s, struct pair *p, const uint32_t *label, int8_t *y)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (label[i] != p->a && label[i] != p->b)
            continue;
        y[p->n] = label[i] == p->a ? 1 : -1;
        s->rows[p->first + p->n++] = i;
    }
}

static int solve_all(struct tm_svm *s, const uint32_t *label)
{
    float *kernel = malloc((size_t)s->n * s->n * sizeof *kernel);
    double *work = calloc(2 * (size_t)s->n, sizeof *work);
    int8_t *y = calloc(s->n, 1);
    uint32_t first = 0;
    int rc = TM_ERR_NOMEM;
    if (!kernel || !work || !y)
        goto out;
    fill_kernel(kernel, s);
    for (uint32_t i = 0; i < s->n_pairs; i++) {
        struct pair *p = &s->pairs[i];
        p->first = first;
        gather(s, p, label, y);
        struct solver v = {kernel, s->rows + first, y, work, work + s->n, s->n, p->n, s->cfg.c};
        p->bias = solve(&v);
        for (uint32_t t = 0; t < p->n; t++)
            s->coef[first + t] = v.alpha[t] * y[t];
        first += p->n;
    }
    rc = TM_OK;
out:
    free(kernel);
    free(work);
    free(y);
    return rc;
}

/* The pairs of classes that occur; TM_ERR_RANGE when there is none, or a label is no class. */
static int make_pairs(struct tm_svm *s, const uint32_t *label)
{
    uint32_t count[TM_SVM_CLASSES_MAX] = {0};
    uint32_t n_classes = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (label[i] >= s->k)
            return TM_ERR_RANGE;
        n_classes += count[label[i]]++ == 0;
    }
    if (n_classes < 2)
        return TM_ERR_RANGE;
    s->pairs = calloc((size_t)n_classes * (n_classes - 1) / 2, sizeof *s->pairs);
    s->rows = malloc((size_t)s->n * (n_classes - 1) * sizeof *s->rows);
    s->coef = malloc((size_t)s->n * (n_classes - 1) * sizeof *s->coef);
    if (!s->pairs || !s->rows || !s->coef)
        return TM_ERR_NOMEM;
    for (uint32_t a = 0; a < s->k; a++)
        for (uint32_t b = a + 1; b < s->k; b++)
            if (count[a] > 0 && count[b] > 0)
                s->pairs[s->n_pairs++] = (struct pair){.a = a, .b = b};
    return TM_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the arrays of one sample, one parameter each */
int tm_svm_fit(struct tm_svm **out, const struct tm_svm_cfg *cfg, const float *x,
               const uint32_t *label, uint32_t n, uint32_t d, uint32_t k)
{
    *out = NULL;
    if (n < 2 || d < 1 || k < 2 || k > TM_SVM_CLASSES_MAX || !(cfg->c > 0) || !(cfg->gamma > 0))
        return TM_ERR_RANGE;
    if (n > TM_SVM_ROWS_MAX)
        return TM_ERR_LIMIT;
    struct tm_svm *s = calloc(1, sizeof *s);
    int rc = TM_ERR_NOMEM;
    if (!s)
        return rc;
    *s = (struct tm_svm){
        .cfg = *cfg, .x = malloc((size_t)n * d * sizeof *s->x), .n = n, .d = d, .k = k};
    if (s->x) {
        memcpy(s->x, x, (size_t)n * d * sizeof *x);
        rc = make_pairs(s, label);
    }
    if (rc == TM_OK)
        rc = solve_all(s, label);
    if (rc == TM_OK)
        *out = s;
    else
        tm_svm_free(s);
    return rc;
}

/* near[n]: the kernel of one row with the training rows. */
static uint32_t class_of(const struct tm_svm *s, const double *near)
{
    uint32_t votes[TM_SVM_CLASSES_MAX] = {0};
    double sum[TM_SVM_CLASSES_MAX] = {0};
    uint32_t best = 0;
    for (uint32_t i = 0; i < s->n_pairs; i++) {
        const struct pair *p = &s->pairs[i];
        double v = p->bias;
        for (uint32_t t = p->first; t < p->first + p->n; t++)
            v += s->coef[t] * near[s->rows[t]];
        votes[v > 0 ? p->a : p->b]++;
        sum[p->a] += v;
        sum[p->b] -= v;
    }
    for (uint32_t c = 1; c < s->k; c++)
        if (votes[c] > votes[best] || (votes[c] == votes[best] && sum[c] > sum[best]))
            best = c;
    return best;
}

int tm_svm_class(const struct tm_svm *s, const float *x, uint32_t m, uint32_t *out)
{
    double *near = malloc(s->n * sizeof *near);
    if (!near)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < m; i++) {
        for (uint32_t t = 0; t < s->n; t++)
            near[t] =
                exp(-s->cfg.gamma * squared(x + (size_t)i * s->d, s->x + (size_t)t * s->d, s->d));
        out[i] = class_of(s, near);
    }
    free(near);
    return TM_OK;
}

void tm_svm_free(struct tm_svm *s)
{
    if (!s)
        return;
    free(s->x);
    free(s->pairs);
    free(s->rows);
    free(s->coef);
    free(s);
}

void tm_minmax_fit(const float *x, uint32_t n, uint32_t d, float *low, float *high)
{
    for (uint32_t j = 0; j < d; j++) {
        low[j] = high[j] = n > 0 ? x[j] : 0;
        for (uint32_t i = 1; i < n; i++) {
            low[j] = fminf(low[j], x[(size_t)i * d + j]);
            high[j] = fmaxf(high[j], x[(size_t)i * d + j]);
        }
    }
}

void tm_minmax_apply(float *x, uint32_t n, uint32_t d, const float *low, const float *high)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < d; j++) {
            float *v = &x[(size_t)i * d + j];
            float span = high[j] - low[j];
            *v = span > 0 ? 2 * (*v - low[j]) / span - 1 : 0;
        }
}
