#include "models/maybenot/dist.h"

#include <assert.h>
#include <math.h>

#include "models/maybenot/dist_kinds.h"
#include "models/maybenot/ziggurat.h"

const char *tm_mb_dist_name(enum tm_mb_dist_kind kind)
{
    static const char *const names[] = {
        "Uniform", "Normal",  "SkewNormal", "LogNormal", "Binomial", "Geometric",
        "Pareto",  "Poisson", "Weibull",    "Gamma",     "Beta",
    };
    static_assert(sizeof names / sizeof names[0] == TM_MB_DIST_KINDS, "a name for each");
    return names[kind];
}

static int bad(const struct tm_mb_dist *d, struct tm_msg *msg, const char *what, double value)
{
    return tm_msg_set(msg, TM_ERR_RANGE, "%s: %s, not %.12g", tm_mb_dist_name(d->kind), what,
                      value);
}

static int validate_uniform(const struct tm_mb_dist *d, struct tm_msg *msg)
{
    const double low = d->of.uniform.low, high = d->of.uniform.high;
    if (!isfinite(low))
        return bad(d, msg, "low must be finite", low);
    if (!isfinite(high))
        return bad(d, msg, "high must be finite", high);
    if (low > high)
        return bad(d, msg, "high must be at least low", high);
    if (!isfinite(high - low))
        return bad(d, msg, "high - low must be finite", high - low);
    return TM_OK;
}

static int validate_normal(const struct tm_mb_dist *d, double mean, double stdev,
                           struct tm_msg *msg)
{
    if (isnan(mean))
        return bad(d, msg, "the mean must be a number", mean);
    if (!isfinite(stdev))
        return bad(d, msg, "the deviation must be finite", stdev);
    return TM_OK;
}

static int validate_skew_normal(const struct tm_mb_dist *d, struct tm_msg *msg)
{
    if (isnan(d->of.skew_normal.location))
        return bad(d, msg, "location must be a number", d->of.skew_normal.location);
    if (!isfinite(d->of.skew_normal.scale) || d->of.skew_normal.scale <= 0)
        return bad(d, msg, "scale must be finite and above 0", d->of.skew_normal.scale);
    if (!isfinite(d->of.skew_normal.shape))
        return bad(d, msg, "shape must be finite", d->of.skew_normal.shape);
    return TM_OK;
}

static int validate_probability(const struct tm_mb_dist *d, double p, struct tm_msg *msg)
{
    if (p == 0 || (p >= TM_MB_PROBABILITY_MIN && p <= 1))
        return TM_OK;
    return bad(d, msg, "the probability must be 0 or from 1e-9 to 1", p);
}

/* Infinity is allowed, as upstream: such a sample counts as 0. */
static int validate_positive(const struct tm_mb_dist *d, double a, double b, struct tm_msg *msg)
{
    if (!(a > 0))
        return bad(d, msg, "both parameters must be above 0", a);
    if (!(b > 0))
        return bad(d, msg, "both parameters must be above 0", b);
    return TM_OK;
}

static int validate_poisson(const struct tm_mb_dist *d, struct tm_msg *msg)
{
    if (d->of.poisson.lambda > 0 && d->of.poisson.lambda <= TM_MB_LAMBDA_MAX)
        return TM_OK;
    return bad(d, msg, "lambda must be above 0 and at most 1.844e19", d->of.poisson.lambda);
}

static int validate_binomial(const struct tm_mb_dist *d, struct tm_msg *msg)
{
    if (d->of.binomial.trials > TM_MB_TRIALS_MAX)
        return bad(d, msg, "trials must be at most 1e9", (double)d->of.binomial.trials);
    return validate_probability(d, d->of.binomial.probability, msg);
}

int tm_mb_dist_validate(const struct tm_mb_dist *d, struct tm_msg *msg)
{
    if (d->kind >= TM_MB_DIST_KINDS)
        return tm_msg_set(msg, TM_ERR_RANGE, "there is no distribution %u", (unsigned)d->kind);
    if (isnan(d->start) || isnan(d->max))
        return bad(d, msg, "start and max must be numbers", NAN);
    switch (d->kind) {
    case TM_MB_UNIFORM:
        return validate_uniform(d, msg);
    case TM_MB_NORMAL:
        return validate_normal(d, d->of.normal.mean, d->of.normal.stdev, msg);
    case TM_MB_SKEW_NORMAL:
        return validate_skew_normal(d, msg);
    case TM_MB_LOG_NORMAL:
        return validate_normal(d, d->of.log_normal.mu, d->of.log_normal.sigma, msg);
    case TM_MB_BINOMIAL:
        return validate_binomial(d, msg);
    case TM_MB_GEOMETRIC:
        return validate_probability(d, d->of.geometric.probability, msg);
    case TM_MB_PARETO:
        return validate_positive(d, d->of.pareto.scale, d->of.pareto.shape, msg);
    case TM_MB_POISSON:
        return validate_poisson(d, msg);
    case TM_MB_WEIBULL:
        return validate_positive(d, d->of.weibull.scale, d->of.weibull.shape, msg);
    case TM_MB_GAMMA:
        return validate_positive(d, d->of.gamma.scale, d->of.gamma.shape, msg);
    case TM_MB_BETA:
        return validate_positive(d, d->of.beta.alpha, d->of.beta.beta, msg);
    case TM_MB_DIST_KINDS:
        break;
    }
    return TM_OK;
}

/* Source: Ghorbanzadeh et al., "On the skew normal distribution" (2014): from the larger and smaller of two normals. */
static double sample_skew_normal(const struct tm_mb_dist *d, struct tm_mb_rng *rng)
{
    const double location = d->of.skew_normal.location, scale = d->of.skew_normal.scale;
    const double shape = d->of.skew_normal.shape;
    const double first = tm_mb_normal(rng);
    if (shape == 0)
        return first * scale + location;
    const double second = tm_mb_normal(rng);
    const double high = fmax(first, second), low = fmin(first, second);
    if (shape == -1)
        return low * scale + location;
    if (shape == 1)
        return high * scale + location;
    const double skewed =
        ((1.0 + shape) * high + (1.0 - shape) * low) / (sqrt(1.0 + shape * shape) * M_SQRT2);
    return skewed * scale + location;
}

/* Equal bounds take no draw. */
static double sample_uniform(const struct tm_mb_dist *d, struct tm_mb_rng *rng)
{
    const double low = d->of.uniform.low, high = d->of.uniform.high;
    return low == high ? low : tm_mb_rng_fraction(rng) * (high - low) + low;
}

static double sample_raw(const struct tm_mb_dist *d, struct tm_mb_rng *rng)
{
    switch (d->kind) {
    case TM_MB_UNIFORM:
        return sample_uniform(d, rng);
    case TM_MB_NORMAL:
        return d->of.normal.mean + d->of.normal.stdev * tm_mb_normal(rng);
    case TM_MB_SKEW_NORMAL:
        return sample_skew_normal(d, rng);
    case TM_MB_LOG_NORMAL:
        return exp(d->of.log_normal.mu + d->of.log_normal.sigma * tm_mb_normal(rng));
    case TM_MB_BINOMIAL:
        return (double)tm_mb_binomial(d->of.binomial.trials, d->of.binomial.probability, rng);
    case TM_MB_GEOMETRIC:
        return (double)tm_mb_geometric(d->of.geometric.probability, rng);
    case TM_MB_PARETO:
        return d->of.pareto.scale * pow(tm_mb_rng_open_closed(rng), -1.0 / d->of.pareto.shape);
    case TM_MB_POISSON:
        return tm_mb_poisson(d->of.poisson.lambda, rng);
    case TM_MB_WEIBULL:
        return d->of.weibull.scale *
               pow(-log(tm_mb_rng_open_closed(rng)), 1.0 / d->of.weibull.shape);
    case TM_MB_GAMMA:
        return tm_mb_gamma(d->of.gamma.scale, d->of.gamma.shape, rng);
    case TM_MB_BETA:
        return tm_mb_beta(d->of.beta.alpha, d->of.beta.beta, rng);
    case TM_MB_DIST_KINDS:
        break;
    }
    return 0;
}

double tm_mb_dist_sample(const struct tm_mb_dist *d, struct tm_mb_rng *rng)
{
    const double x = sample_raw(d, rng) + d->start;
    if (!isfinite(x) || x <= 0)
        return 0;
    return d->max > 0 && x > d->max ? d->max : x;
}

uint64_t tm_mb_whole(double x)
{
    return x >= 0x1p64 ? UINT64_MAX : (uint64_t)x;
}

uint64_t tm_mb_rounded(double x)
{
    return tm_mb_whole(round(x));
}
