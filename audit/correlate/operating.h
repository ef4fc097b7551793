/* audit/correlate/operating.h - how many true pairs an attack finds when it may accuse few wrong ones.
 *
 * TPR at FPR f: the share of true pairs that score above the threshold which the share f of the other pairs passes, by linear
 * interpolation between scores and within ties.  Interval: bootstrap over groups, and never narrower than Wilson's interval for that
 * many true pairs (a bootstrap of no hits knows no doubt).  Pairs can weigh: where flows have different numbers of others, and some kinds of
 * flows score higher than others whatever they are paired with, TPR would differ from FPR by chance alone were each pair to count as one.
 * Below one other pair at f there is nothing to measure: NaN.  Pure. */
#ifndef TM_AUDIT_CORRELATE_OPERATING_H
#define TM_AUDIT_CORRELATE_OPERATING_H

#include <stdint.h>

#include "audit/ml/auc.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_OPERATING_POINTS 2U
#define TM_OPERATING_CURVE  49U /* FPR 1e-3 to 1e0, sixteen steps a decade */
extern const double tm_operating_fpr[TM_OPERATING_POINTS]; /* 1e-2, 1e-3 */

struct tm_operating {
    uint32_t n_true, n_false, n_groups;
    struct tm_interval tpr[TM_OPERATING_POINTS];
    double auc;
    double curve[TM_OPERATING_CURVE]; /* TPR; NaN where n_false is too small */
};

/* The FPR of point i of the curve. */
double tm_operating_curve_fpr(uint32_t i);
struct tm_operating_sample { /* borrowed; n items */
    const float *score;
    const uint8_t *label;  /* 1: a true pair */
    const uint32_t *group; /* what is drawn together */
    const float *weight;   /* among those of its label, > 0, <= 1; NULL: all alike */
    uint32_t n;
};
/* `rounds` of the bootstrap.  NaN throughout when a label is missing.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_operating_of(struct tm_operating *out, const struct tm_operating_sample *s,
                                  uint32_t rounds, struct tm_rng *rng);

#endif
