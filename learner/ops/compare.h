/* learner/ops/compare.h - two models, or a model and a capture, parameter by parameter.
 *
 * D is the Kolmogorov-Smirnov distance of the two empirical distributions, of n values each; chance alone gives D > 1.95 / sqrt(n_eff) once
 * in a thousand when both come from one distribution and the values are independent, n_eff = n1 n2 / (n1 + n2).  Values of one session
 * are not quite independent, so p is a little small for captures.  Swing judges its models by medians and quartiles (ToN 2009 sec. IV).
 * Pure. */
#ifndef TM_LEARNER_OPS_COMPARE_H
#define TM_LEARNER_OPS_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/samples.h"
#include "models/model.h"
#include "tm/base/err.h"

#define TM_COMPARE_KS_FACTOR 1.95 /* p = 0.001 (Smirnov 1948: 1.9495) */

/* What stands on one side: a distribution for each parameter, and where the learner's rules cut it. */
struct tm_marginals {
    struct tm_dist param[TM_SWING_PARAMS]; /* owned */
    struct tm_bound bound[TM_SWING_PARAMS];
};

/* With at most TM_DIST_POINTS_MAX points each, as the finest model has: no distance moves by more than half a step in rank.  No
 * bounds: these depend on how the samples were learned (tm_fit_bounds).  TM_ERR_NOMEM, TM_ERR_RANGE; *out is freed with
 * tm_marginals_deinit in every case. */
TM_MUST_CHECK int tm_marginals_fit(struct tm_marginals *out, struct tm_samples *samples);
/* A swing model's own, with its bounds. */
TM_MUST_CHECK int tm_marginals_copy(struct tm_marginals *out, const struct tm_swing *swing);
void tm_marginals_deinit(struct tm_marginals *m);

struct tm_compared {
    uint64_t n[2];
    bool is_censored; /* on one side at least: may differ by construction, and is not judged */
    struct tm_bound bound[2];
    bool is_tested; /* both sides have values; what follows is 0 otherwise */
    bool is_same;   /* ks <= ks_limit */
    double n_eff, ks, ks_limit;
    double p, p_holm;           /* of ks; Holm's over all parameters that are tested */
    uint64_t median[2], iqr[2]; /* lower median; third less first quartile */
    double median_error,
        iqr_error; /* relative to the first side's; NaN when that is 0 and the other's is not */
    double wasserstein; /* mean distance that a value must move, in the parameter's unit */
};

/* out[TM_SWING_PARAMS].  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_compare(const struct tm_marginals *a, const struct tm_marginals *b,
                             struct tm_compared *out);

/* Whether a gap rule decided what is in the distribution: a gap is there because it was shorter, or longer, than a bound, so what is learned
 * from traffic made of such gaps, cut by the same rules, need not be the same; and counts of what lies between such gaps follow them.  Bounds of
 * counts alone, which are kept as they are, censor nothing. */
bool tm_marginals_is_censored(const struct tm_marginals *m, enum tm_swing_param p);

/* The distances alone, of non-empty distributions. */
double tm_compare_ks(const struct tm_dist *a, const struct tm_dist *b);
double tm_compare_wasserstein(const struct tm_dist *a, const struct tm_dist *b);

#endif
