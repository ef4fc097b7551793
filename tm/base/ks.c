#include "tm/base/ks.h"

#include <math.h>
#include <stdlib.h>

static int ascending_float(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* Sorts the numbers among v[n] to its front; returns how many there are. */
static uint32_t sort_numbers(float *v, uint32_t n)
{
    uint32_t n_numbers = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!isnan(v[i])) {
            float number = v[i];
            v[i] = v[n_numbers];
            v[n_numbers++] = number;
        }
    }
    qsort(v, n_numbers, sizeof *v, ascending_float);
    return n_numbers;
}

double tm_ks_distance(float *a, uint32_t n_a, float *b, uint32_t n_b)
{
    n_a = sort_numbers(a, n_a);
    n_b = sort_numbers(b, n_b);
    double most = 0;
    for (uint32_t i = 0, j = 0; i < n_a && j < n_b;) {
        float v = a[i] < b[j] ? a[i] : b[j];
        while (i < n_a && a[i] <= v)
            i++;
        while (j < n_b && b[j] <= v)
            j++;
        double apart = fabs((double)i / n_a - (double)j / n_b);
        most = apart > most ? apart : most;
    }
    return most;
}

/* Q(x) = 2 sum over j of (-1)^(j-1) exp(-2 j^2 x^2); for small x its other form, which converges where this does not
 * (Kolmogorov 1933; both in Press et al., Numerical Recipes, 6.14.56). */
static double kolmogorov_q(double x)
{
    if (x < 0.04) /* 1 - Q < 1e-300 */
        return 1;
    if (x < 1.18) {
        double y = exp(-M_PI * M_PI / (8 * x * x));
        return 1 - sqrt(2 * M_PI) / x * (y + pow(y, 9) + pow(y, 25) + pow(y, 49));
    }
    double y = exp(-2 * x * x);
    return 2 * (y - pow(y, 4) + pow(y, 9));
}

double tm_ks_p(double distance, double n_a, double n_b)
{
    if (!(n_a > 0) || !(n_b > 0))
        return 1;
    double root = sqrt(n_a * n_b / (n_a + n_b));
    return kolmogorov_q((root + 0.12 + 0.11 / root) * distance);
}

struct numbered {
    double p;
    uint32_t i;
};

static int by_p(const void *a, const void *b)
{
    const struct numbered *x = a;
    const struct numbered *y = b;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

int tm_holm(const double *p, uint32_t n, double *adjusted)
{
    struct numbered *v = malloc(n > 0 ? n * sizeof *v : 1);
    if (!v)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        v[i] = (struct numbered){p[i], i};
    qsort(v, n, sizeof *v, by_p);
    double most = 0;
    for (uint32_t i = 0; i < n; i++) {
        double a = fmin(1, v[i].p * (n - i));
        most = fmax(most, a);
        adjusted[v[i].i] = most;
    }
    free(v);
    return TM_OK;
}
