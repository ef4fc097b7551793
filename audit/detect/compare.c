#include "audit/detect/compare.h"

#include <math.h>
#include <stdlib.h>

#include "audit/ml/fold.h"
#include "tm/base/ks.h"

/* sqrt(pi/2) ln 2: the mean of Kolmogorov's distribution. */
#define KOLMOGOROV_MEAN 0.8687311606

struct value {
    float x;
    uint32_t row;
};

static int by_x(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    return x->x < y->x ? -1 : x->x > y->x;
}

/* The values that are there, sorted. */
static uint32_t sorted_column(struct value *v, const struct tm_c2st_data *data, uint32_t j)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < data->n; i++) {
        float x = data->x[(size_t)i * data->d + j];
        if (!isnan(x))
            v[n++] = (struct value){.x = x, .row = i};
    }
    qsort(v, n, sizeof *v, by_x);
    return n;
}

/* Largest difference of the two empirical distribution functions, looked at behind each run of ties. */
static double distance(const struct value *v, uint32_t n, const uint8_t *label)
{
    uint32_t total[2] = {0}, seen[2] = {0};
    double largest = 0;
    for (uint32_t i = 0; i < n; i++)
        total[label[v[i].row]]++;
    if (total[0] == 0 || total[1] == 0)
        return 0;
    double step[2] = {1.0 / total[0], 1.0 / total[1]};
    for (uint32_t i = 0; i < n; i++) {
        seen[label[v[i].row]]++;
        if (i + 1 < n && v[i + 1].x <= v[i].x)
            continue;
        double d = fabs(seen[0] * step[0] - seen[1] * step[1]);
        largest = d > largest ? d : largest;
    }
    return largest;
}

/* Upper tail of the gamma distribution with shape a at x >= 0: series below a + 1, else continued fraction (Abramowitz, Stegun
 * 6.5.29, 6.5.31). */
static double gamma_tail(double a, double x)
{
    double front = exp(a * log(x) - x - lgamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int k = 1; k < 1000 && term > sum * 1e-15; k++) {
            term *= x / (a + k);
            sum += term;
        }
        return 1 - front * sum;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int k = 1; k < 1000; k++) {
        double f = -k * (k - a);
        b += 2;
        d = 1 / (f * d + b);
        c = b + f / c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-12)
            break;
    }
    return front * h;
}

/* The chance of a distance that hardly any permutation reached, from the mean and variance of n_perm of them. */
static double tail(double ks, double mean, double variance)
{
    double root = KOLMOGOROV_MEAN / mean; /* of the effective n1 n2 / (n1 + n2) */
    double p = tm_ks_p(ks, 2 * root * root, 2 * root * root);
    return variance > 0 ? fmax(p, gamma_tail(mean * mean / variance, ks * mean / variance)) : p;
}

static void judge(struct tm_detect_feature *out, const struct value *v, uint32_t n,
                  const struct tm_c2st_data *data, const uint8_t *permuted, uint32_t n_perm)
{
    double sum = 0, sum2 = 0;
    uint32_t reached = 0;
    out->ks = distance(v, n, data->label);
    for (uint32_t p = 0; p < n_perm; p++) {
        double d = distance(v, n, permuted + (size_t)p * data->n);
        sum += d;
        sum2 += d * d;
        reached += d >= out->ks - 1e-12;
    }
    out->p = (1.0 + reached) / (1.0 + n_perm);
    if (reached >= TM_COMPARE_REACHED || sum <= 0)
        return;
    double mean = sum / n_perm;
    double most = (double)(reached + TM_COMPARE_REACHED) / n_perm;
    out->p = fmin(most, tail(out->ks, mean, sum2 / n_perm - mean * mean));
}

int tm_compare_features(struct tm_detect_feature *out, const struct tm_c2st_data *data,
                        uint32_t n_perm, struct tm_rng *rng)
{
    int rc = TM_ERR_NOMEM;
    struct value *v = calloc((size_t)data->n + 1, sizeof *v);
    uint8_t *permuted = calloc((size_t)data->n * n_perm + 1, 1);
    double *p = calloc((size_t)data->d * 2 + 1, sizeof *p);
    if (!v || !permuted || !p)
        goto out;
    rc = TM_OK;
    for (uint32_t k = 0; rc == TM_OK && k < n_perm; k++)
        rc = tm_permute_by_group(data->group, data->label, data->n, rng,
                                 permuted + (size_t)k * data->n);
    if (rc != TM_OK)
        goto out;
    for (uint32_t j = 0; j < data->d; j++) {
        judge(&out[j], v, sorted_column(v, data, j), data, permuted, n_perm);
        p[j] = out[j].p;
    }
    rc = tm_holm(p, data->d, p + data->d);
    for (uint32_t j = 0; rc == TM_OK && j < data->d; j++)
        out[j].p_holm = p[data->d + j];
out:
    free(v);
    free(permuted);
    free(p);
    return rc;
}

int tm_compare_quantiles(double q[2][TM_DETECT_QUANTILES], const struct tm_c2st_data *data,
                         uint32_t j)
{
    struct value *v = calloc((size_t)data->n + 1, sizeof *v);
    float *side = calloc((size_t)data->n + 1, sizeof *side);
    if (!v || !side) {
        free(v);
        free(side);
        return TM_ERR_NOMEM;
    }
    uint32_t n = sorted_column(v, data, j);
    for (unsigned s = 0; s < 2; s++) {
        uint32_t m = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (data->label[v[i].row] == s)
                side[m++] = v[i].x;
        }
        for (uint32_t k = 0; k < TM_DETECT_QUANTILES; k++) {
            size_t at = m > 0 ? ((size_t)(m - 1) * k + 50) / 100 : 0;
            q[s][k] = m > 0 ? (double)side[at] : (double)NAN;
        }
    }
    free(v);
    free(side);
    return TM_OK;
}
