/* models/maybenot/dist_gamma.c - gamma and beta numbers.
 *
 * Sources: Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (TOMS 26, 2000).  Cheng, "Generating Beta
 * Variates with Nonintegral Shape Parameters" (CACM 21, 1978): algorithms BB and BC, steps named as there. */
#include <math.h>
#include <stdbool.h>

#include "models/maybenot/dist_kinds.h"
#include "models/maybenot/ziggurat.h"

/* Shape >= 1. */
static double gamma_large(double scale, double shape, struct tm_mb_rng *rng)
{
    const double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double x = tm_mb_normal(rng);
        const double root = 1.0 + c * x;
        if (root <= 0)
            continue;
        const double v = root * root * root;
        const double u = tm_mb_rng_open(rng);
        const double x2 = x * x;
        if (u < 1.0 - 0.0331 * x2 * x2 || log(u) < 0.5 * x2 + d * (1.0 - v + log(v)))
            return d * v * scale;
    }
}

double tm_mb_gamma(double scale, double shape, struct tm_mb_rng *rng)
{
    if (isinf(scale) || isinf(shape)) /* the loop above would not end */
        return INFINITY;
    if (shape == 1)
        return tm_mb_exponential(rng) * (1.0 / (1.0 / scale));
    if (shape < 1) {
        const double u = tm_mb_rng_open(rng);
        return gamma_large(scale, shape + 1.0, rng) * pow(u, 1.0 / shape);
    }
    return gamma_large(scale, shape, rng);
}

/* Both shapes above 1; a is the smaller.  Returns W. */
static double beta_bb(double a, double b, struct tm_mb_rng *rng)
{
    const double alpha = a + b;
    const double beta = sqrt((alpha - 2.0) / (2.0 * a * b - alpha));
    const double gamma = a + 1.0 / beta;
    for (;;) {
        const double u1 = tm_mb_rng_open(rng), u2 = tm_mb_rng_open(rng);
        const double v = beta * log(u1 / (1.0 - u1));
        const double w = a * exp(v);
        const double z = u1 * u1 * u2;
        const double r = gamma * v - log(4.0);
        const double s = a + r - w;
        if (s + 1.0 + log(5.0) >= 5.0 * z)
            return w;
        const double t = log(z);
        if (s >= t || !(r + alpha * log(alpha / (b + w)) < t))
            return w;
    }
}

/* One shape at most 1; a is the larger.  Returns W. */
static double beta_bc(double a, double b, struct tm_mb_rng *rng)
{
    const double alpha = a + b, beta = 1.0 / b, delta = 1.0 + a - b;
    const double kappa1 = delta * (1. / 18. / 4. + 3. / 18. / 4. * b) / (a * beta - 14. / 18.);
    const double kappa2 = 0.25 + (0.5 + 0.25 / delta) * b;
    for (;;) {
        const double u1 = tm_mb_rng_open(rng), u2 = tm_mb_rng_open(rng);
        const double y = u1 * u2;
        const double z = u1 < 0.5 ? u1 * y : u1 * u1 * u2;
        const bool is_sure = u1 >= 0.5 && z <= 0.25;
        if (u1 < 0.5 ? 0.25 * u2 + z - y >= kappa1 : !is_sure && z >= kappa2)
            continue;
        const double v = beta * log(u1 / (1.0 - u1));
        const double w = a * exp(v);
        if (is_sure || !(alpha * (log(alpha / (b + w)) + v) - log(4.0) < log(z)))
            return w;
    }
}

double tm_mb_beta(double alpha, double beta, struct tm_mb_rng *rng)
{
    const double low = fmin(alpha, beta), high = fmax(alpha, beta);
    if (isinf(high)) /* no number is such a sample; Cheng's loops might not end on it */
        return NAN;
    const bool is_bb = low > 1;
    const double w = is_bb ? beta_bb(low, high, rng) : beta_bc(high, low, rng);
    const double b = is_bb ? high : low;
    /* W / (b + W) is Beta(a, b); equal shapes count as exchanged in BB, as not exchanged in BC. */
    const bool is_a_first = is_bb ? alpha < beta : alpha >= beta;
    if (!is_a_first)
        return b / (b + w);
    return isinf(w) ? 1.0 : w / (b + w);
}
