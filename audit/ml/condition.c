#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "audit/ml/neighbours.h"

#define D_MAX 64U
/* Below this share of the largest, an eigenvalue is the rounding of floats. */
#define TINY 1e-10

/* The correlations of x, d x d; false when a column is constant.  Missing values count as their column's mean. */
static bool correlate(const float *x, uint32_t n, uint32_t d, const float *mean, const float *sd,
                      double *c)
{
    for (uint32_t a = 0; a < d; a++)
        if (!(sd[a] > 0))
            return false;
    for (uint32_t i = 0; i < n; i++) {
        double z[D_MAX];
        for (uint32_t a = 0; a < d; a++) {
            double v = x[(size_t)i * d + a];
            z[a] = isfinite(v) ? (v - (double)mean[a]) / (double)sd[a] : 0;
        }
        for (uint32_t a = 0; a < d; a++)
            for (uint32_t b = 0; b <= a; b++)
                c[(size_t)a * d + b] += z[a] * z[b];
    }
    double scale[D_MAX];
    for (uint32_t a = 0; a < d; a++)
        scale[a] = 1 / sqrt(c[(size_t)a * d + a]);
    for (uint32_t a = 0; a < d; a++)
        for (uint32_t b = 0; b <= a; b++)
            c[(size_t)a * d + b] = c[(size_t)b * d + a] =
                c[(size_t)a * d + b] * scale[a] * scale[b];
    return true;
}

/* One Jacobi rotation of the symmetric c: makes c[p][q] zero, keeps the eigenvalues (Golub, Van Loan 8.5). */
static void rotate(double *c, uint32_t d, uint32_t p, uint32_t q)
{
    double off = c[(size_t)p * d + q];
    if (fabs(off) < DBL_MIN)
        return;
    double tau = (c[(size_t)q * d + q] - c[(size_t)p * d + p]) / (2 * off);
    double t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau));
    double co = 1 / sqrt(1 + t * t);
    double si = t * co;
    for (uint32_t i = 0; i < d; i++) {
        double ip = c[(size_t)i * d + p];
        double iq = c[(size_t)i * d + q];
        c[(size_t)i * d + p] = co * ip - si * iq;
        c[(size_t)i * d + q] = si * ip + co * iq;
    }
    for (uint32_t i = 0; i < d; i++) {
        double pi = c[(size_t)p * d + i];
        double qi = c[(size_t)q * d + i];
        c[(size_t)p * d + i] = co * pi - si * qi;
        c[(size_t)q * d + i] = si * pi + co * qi;
    }
}

static double off_diagonal(const double *c, uint32_t d)
{
    double sum = 0;
    for (uint32_t a = 0; a < d; a++)
        for (uint32_t b = 0; b < a; b++)
            sum += c[(size_t)a * d + b] * c[(size_t)a * d + b];
    return sum;
}

int tm_condition(const float *x, uint32_t n, uint32_t d, double *out)
{
    float mean[D_MAX];
    float sd[D_MAX];
    if (d < 1 || d > D_MAX || n < 2)
        return TM_ERR_RANGE;
    double *c = calloc((size_t)d * d, sizeof *c);
    if (!c)
        return TM_ERR_NOMEM;
    *out = INFINITY;
    tm_zscore_fit(x, n, d, mean, sd);
    if (correlate(x, n, d, mean, sd, c)) {
        for (int sweep = 0; sweep < 50 && off_diagonal(c, d) > 1e-24; sweep++)
            for (uint32_t p = 0; p < d; p++)
                for (uint32_t q = p + 1; q < d; q++)
                    rotate(c, d, p, q);
        double most = c[0];
        double least = c[0];
        for (uint32_t a = 1; a < d; a++) {
            most = fmax(most, c[(size_t)a * d + a]);
            least = fmin(least, c[(size_t)a * d + a]);
        }
        if (least > TINY * most)
            *out = most / least;
    }
    free(c);
    return TM_OK;
}
