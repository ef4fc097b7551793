/* models/maybenot/dist_counts.c - binomial, geometric and Poisson numbers.
 *
 * Sources: Kachitvichyanukul and Schmeiser, "Binomial random variate generation" (CACM 31, 1988): BINV and BTPE, with the signs
 * of step 5.3 as corrected by the authors later (GSL).  Bringmann and Friedrich, "Exact and Efficient Generation of Geometric
 * Random Variates" (ICALP 2013).  Ahrens and Dieter, "Computer Generation of Poisson Deviates from Modified Normal
 * Distributions" (TOMS 8, 1982): PD.  Steps are named as there. */
#include <math.h>
#include <stdbool.h>

#include "models/maybenot/dist.h"
#include "models/maybenot/dist_kinds.h"
#include "models/maybenot/ziggurat.h"

enum {
    BINV_BELOW = 10,    /* n p for which BINV is used (paper: 10) */
    BINV_X_MAX = 110,   /* 31 standard deviations away: rounding has lost the sum, draw again */
    SQUEEZE_FROM = 20,  /* |y - mode| from which step 5.2 is worth it */
    POISSON_BELOW = 12, /* lambda for which uniforms are multiplied */
};

static uint64_t binv(uint64_t n, double p, struct tm_mb_rng *rng)
{
    const double q = 1.0 - p;
    const double s = p / q, a = ((double)n + 1.0) * s, r0 = pow(q, (double)n);
    for (;;) {
        double r = r0, u = tm_mb_rng_unit(rng);
        uint64_t x = 0;
        while (u > r && x <= BINV_X_MAX) {
            u -= r;
            x++;
            r *= a / (double)x - s;
        }
        if (x <= BINV_X_MAX)
            return x;
    }
}

/* What BTPE derives from n and p: the four regions under the hat. */
struct btpe {
    uint64_t n, mode;
    double p, q, npq;
    double x_mid, x_left, x_right; /* of the triangle */
    double c, lambda_left, lambda_right;
    double p1, p2, p3, p4; /* areas, summed up */
};

static double tail_rate(double a)
{
    return a * (1.0 + 0.5 * a);
}

static struct btpe btpe_init(uint64_t n, double p)
{
    struct btpe b = {.n = n, .p = p, .q = 1.0 - p};
    const double np = (double)n * p, f_mode = np + p;
    b.npq = np * b.q;
    b.mode = (uint64_t)f_mode;
    b.p1 = floor(2.195 * sqrt(b.npq) - 4.6 * b.q) + 0.5;
    b.x_mid = (double)b.mode + 0.5;
    b.x_left = b.x_mid - b.p1;
    b.x_right = b.x_mid + b.p1;
    b.c = 0.134 + 20.5 / (15.3 + (double)b.mode);
    b.p2 = b.p1 * (1.0 + 2.0 * b.c);
    b.lambda_left = tail_rate((f_mode - b.x_left) / (f_mode - b.x_left * p));
    b.lambda_right = tail_rate((b.x_right - f_mode) / (b.x_right * b.q));
    b.p3 = b.p2 + b.c / b.lambda_left;
    b.p4 = b.p3 + b.c / b.lambda_right;
    return b;
}

/* Step 5.1: f(y) / f(mode) by multiplying up from the one to the other. */
static double btpe_ratio(const struct btpe *b, uint64_t y)
{
    const double s = b->p / b->q, a = s * ((double)b->n + 1.0);
    double f = 1.0;
    for (uint64_t i = b->mode + 1; i <= y; i++)
        f *= a / (double)i - s;
    for (uint64_t i = y + 1; i <= b->mode; i++)
        f /= a / (double)i - s;
    return f;
}

static double stirling(double a)
{
    const double a2 = a * a;
    return (13860. - (462. - (132. - (99. - 140. / a2) / a2) / a2) / a2) / a / 166320.;
}

/* Step 5: is (y, v) under the density? */
static bool btpe_accepts(const struct btpe *b, uint64_t y, double v)
{
    const uint64_t distance = y > b->mode ? y - b->mode : b->mode - y;
    const double k = (double)distance;
    if (distance <= SQUEEZE_FROM || k >= 0.5 * b->npq - 1.0)
        return v <= btpe_ratio(b, y);
    const double rho = (k / b->npq) * ((k * (k / 3. + 0.625) + 1. / 6.) / b->npq + 0.5);
    const double t = -0.5 * k * k / b->npq;
    const double alpha = log(v);
    if (alpha < t - rho)
        return true;
    if (alpha > t + rho)
        return false;
    const double x1 = (double)(y + 1), f1 = (double)(b->mode + 1);
    const double z = (double)(b->n - b->mode + 1), w = (double)(b->n - y + 1);
    const double beyond = y > b->mode ? k : -k;
    return alpha <= b->x_mid * log(f1 / x1) + ((double)(b->n - b->mode) + 0.5) * log(z / w) +
                        beyond * log(w * b->p / (x1 * b->q)) + stirling(f1) + stirling(z) -
                        stirling(x1) - stirling(w);
}

static uint64_t btpe(uint64_t n, double p, struct tm_mb_rng *rng)
{
    const struct btpe b = btpe_init(n, p);
    for (;;) {
        const double u = tm_mb_rng_fraction(rng) * b.p4;
        double v = tm_mb_rng_fraction(rng);
        double y;
        if (u <= b.p1)
            return tm_mb_whole(b.x_mid - b.p1 * v + u);
        if (u <= b.p2) {
            y = b.x_left + (u - b.p1) / b.c;
            v = v * b.c + 1.0 - fabs(y - b.x_mid) / b.p1;
            if (v > 1.)
                continue;
        } else if (u <= b.p3) {
            y = b.x_left + log(v) / b.lambda_left;
            v *= (u - b.p2) * b.lambda_left;
        } else {
            y = b.x_right - log(v) / b.lambda_right;
            v *= (u - b.p3) * b.lambda_right;
        }
        if (y >= 0 && y < (double)n + 1.0 && btpe_accepts(&b, (uint64_t)y, v))
            return (uint64_t)y;
    }
}

uint64_t tm_mb_binomial(uint64_t trials, double p, struct tm_mb_rng *rng)
{
    if (p == 0)
        return 0;
    if (p == 1)
        return trials;
    const bool is_mirrored = p > 0.5;
    if (is_mirrored)
        p = 1.0 - p;
    const uint64_t x =
        (double)trials * p < BINV_BELOW ? binv(trials, p, rng) : btpe(trials, p, rng);
    return is_mirrored ? (x < trials ? trials - x : 0) : x;
}

/* x to the m by squaring. */
static double whole_power(double x, uint64_t m)
{
    double out = m & 1 ? x : 1.0;
    while (m >>= 1) {
        x *= x;
        if (m & 1)
            out *= x;
    }
    return out;
}

uint64_t tm_mb_geometric(double p, struct tm_mb_rng *rng)
{
    uint64_t high = 0;
    if (p >= 2.0 / 3.0) {
        while (tm_mb_rng_unit(rng) > p)
            high++;
        return high;
    }
    double stay = 1.0 - p;
    if (stay == 1.0)
        return UINT64_MAX;
    int k = 0; /* smallest k >= 1 with (1 - p)^(2^k) <= 1/2; p >= 1e-9 keeps it below 31 */
    do {
        stay *= stay;
        k++;
    } while (stay > 0.5);
    while (tm_mb_rng_unit(rng) < stay)
        high++;
    for (;;) {
        const uint64_t low = tm_mb_rng_u64(rng) & ((UINT64_C(1) << k) - 1);
        if (tm_mb_rng_unit(rng) < whole_power(1.0 - p, low))
            return (high << k) + low;
    }
}

/* Source: Knuth, TAOCP 2, sec. 3.4.1: multiplies uniforms until the product is below exp(-lambda). */
static double poisson_small(double lambda, struct tm_mb_rng *rng)
{
    const double end = exp(-lambda);
    double n = 0, product = tm_mb_rng_unit(rng);
    while (product > end) {
        product *= tm_mb_rng_unit(rng);
        n++;
    }
    return n;
}

/* What PD derives from lambda. */
struct pd {
    double lambda, s, c, c0, c1, c2, c3, omega;
};

struct pd_step_f {
    double px, py, fx, fy;
};

/* Step P. */
static struct pd pd_init(double lambda)
{
    struct pd d = {.lambda = lambda, .s = sqrt(lambda), .c = 0.1069 / lambda};
    const double b1 = 1.0 / 24.0 / lambda, b2 = 0.3 * b1 * b1;
    d.c3 = 1.0 / 7.0 * b1 * b2;
    d.c2 = b2 - 15.0 * d.c3;
    d.c1 = b1 - 6.0 * b2 + 45.0 * d.c3;
    d.c0 = 1.0 - b1 + 3.0 * b2 - 15.0 * d.c3;
    d.omega = 1.0 / sqrt(2.0 * M_PI) / d.s;
    return d;
}

/* Step F: logarithms and factors of the Poisson and of the normal-like density at k. */
static struct pd_step_f pd_step_f(const struct pd *d, double k)
{
    static const double factorial[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880};
    static const double a[] = {-0.5000000002, 0.3333333343, -0.2499998565, 0.1999997049,
                               -0.1666848753, 0.1428833286, -0.1241963125, 0.1101687109,
                               -0.1142650302, 0.1055093006}; /* table 1 */
    struct pd_step_f f;
    if (k < 10) {
        f.px = -d->lambda;
        f.py = pow(d->lambda, k) / factorial[(size_t)fmax(k, 0)];
    } else {
        double delta = 1.0 / (12.0 * k);
        delta -= 4.8 * (delta * delta * delta);
        const double v = (d->lambda - k) / k;
        if (fabs(v) <= 0.25) {
            double sum = 0;
            for (size_t i = sizeof a / sizeof a[0]; i-- > 0;)
                sum = sum * v + a[i];
            f.px = k * (v * v) * sum - delta;
        } else {
            f.px = k * log(1.0 + v) - (d->lambda - k) - delta;
        }
        f.py = 1.0 / sqrt(2.0 * M_PI) / sqrt(k);
    }
    const double x = (k - d->lambda + 0.5) / d->s;
    f.fx = -0.5 * x * x;
    f.fy = d->omega * (((d->c3 * x * x + d->c2) * x * x + d->c1) * x * x + d->c0);
    return f;
}

double tm_mb_poisson(double lambda, struct tm_mb_rng *rng)
{
    if (lambda < POISSON_BELOW)
        return poisson_small(lambda, rng);
    const struct pd d = pd_init(lambda);
    const double g = lambda + d.s * tm_mb_normal(rng); /* step N */
    if (g >= 0) {
        const double k = floor(g);
        if (k >= floor(lambda - 1.1484)) /* step I */
            return k;
        const double u = tm_mb_rng_unit(rng); /* step S */
        const double below = lambda - k;
        if (6.0 * (lambda * lambda) * u >= below * below * below)
            return k;
        const struct pd_step_f f = pd_step_f(&d, k); /* steps P, Q */
        if (f.fy * (1.0 - u) <= f.py * exp(f.px - f.fx))
            return k;
    }
    for (;;) { /* steps E, H */
        const double e = tm_mb_exponential(rng);
        const double u = tm_mb_rng_unit(rng) * 2.0 - 1.0;
        const double t = 1.8 + copysign(e, u);
        if (t <= -0.6744)
            continue;
        const double k = floor(lambda + d.s * t);
        const struct pd_step_f f = pd_step_f(&d, k);
        if (d.c * fabs(u) <= f.py * exp(f.px + e) - f.fy * exp(f.fx + e))
            return k;
    }
}
