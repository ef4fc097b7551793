/* models/maybenot/dist.h - the eleven distributions of a machine: checked when it is read, sampled while it runs.
 *
 * Source: Maybenot sec. 4.1 and the documentation of the Rust crate
 * 2.2.2.  Seeded alike (rng.h), samples equal the crate's to the last bit where libm does. */
#ifndef TM_MODELS_MAYBENOT_DIST_H
#define TM_MODELS_MAYBENOT_DIST_H

#include <stdint.h>

#include "models/maybenot/rng.h"
#include "tm/base/err.h"

/* In the order of their numbers in a machine string. */
enum tm_mb_dist_kind {
    TM_MB_UNIFORM,
    TM_MB_NORMAL,
    TM_MB_SKEW_NORMAL,
    TM_MB_LOG_NORMAL,
    TM_MB_BINOMIAL,
    TM_MB_GEOMETRIC,
    TM_MB_PARETO,
    TM_MB_POISSON,
    TM_MB_WEIBULL,
    TM_MB_GAMMA,
    TM_MB_BETA,
    TM_MB_DIST_KINDS,
};

/* A sample is min(max(0, x + start), max), where x is drawn as `kind` says; max <= 0 means no upper bound. */
struct tm_mb_dist {
    enum tm_mb_dist_kind kind;
    union {
        struct {
            double low, high; /* [low, high); equal: the constant */
        } uniform;
        struct {
            double mean, stdev; /* stdev < 0 mirrors, as upstream */
        } normal;
        struct {
            double location, scale, shape;
        } skew_normal;
        struct {
            double mu, sigma; /* of the logarithm */
        } log_normal;
        struct {
            uint64_t trials;
            double probability;
        } binomial;
        struct {
            double probability; /* counts the failures before the first success */
        } geometric;
        struct {
            double scale, shape;
        } pareto;
        struct {
            double lambda;
        } poisson;
        struct {
            double scale, shape;
        } weibull;
        struct {
            double scale, shape;
        } gamma;
        struct {
            double alpha, beta;
        } beta;
    } of;
    double start;
    double max;
};

#define TM_MB_TRIALS_MAX UINT64_C(1000000000)
#define TM_MB_PROBABILITY_MIN                                                                      \
    1e-9 /* of binomial and geometric, unless 0: less takes too long to sample */
#define TM_MB_LAMBDA_MAX 1.844e19

/* The name as in the paper, e.g. "SkewNormal"; static storage. */
const char *tm_mb_dist_name(enum tm_mb_dist_kind kind);
/* TM_OK, or TM_ERR_RANGE with the reason in msg.  Ranges are upstream's, apart from NaN, which is refused
 * everywhere (upstream lets it pass in start, max, and the mean, location and mu of the normal kinds). */
TM_MUST_CHECK int tm_mb_dist_validate(const struct tm_mb_dist *d, struct tm_msg *msg);
/* One draw from a valid distribution: finite and >= 0.  A value that is not finite (possible with infinite or
 * extreme parameters) counts as 0. */
double tm_mb_dist_sample(const struct tm_mb_dist *d, struct tm_mb_rng *rng);
/* x >= 0 as a whole number, UINT64_MAX when it is larger: cut off, or rounded half away from zero. */
uint64_t tm_mb_whole(double x);
uint64_t tm_mb_rounded(double x);

#endif
