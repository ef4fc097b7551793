/* audit/ml/auc.h - how well scores tell two labels apart: AUC with its interval, ROC; the interval of a share. */
#ifndef TM_AUDIT_ML_AUC_H
#define TM_AUDIT_ML_AUC_H

#include <stdint.h>

#include "tm/base/err.h"
#include "tm/base/rng.h"

struct tm_interval {
    double value, low, high; /* low..high: 95 % */
};

/* Probability that a random item of label 1 scores above one of label 0, ties counting half (Mann-Whitney).  weight: NULL, or how
 * often each item counts.  NaN when a label is missing.  *out; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_auc(const float *score, const uint8_t *label, const uint32_t *weight,
                         uint32_t n, double *out);

/* Pairs of one item of each label inside the same fold, over all folds: scores of different fits are not comparable, and pooling
 * them biases an AUC downwards when the classes' shares differ between folds.  A fold that misses a label says nothing.
 * Interval: bootstrap over groups, `rounds` (e.g. 500) of them, cut as tm_interval_of does.  All NaN when no fold has both labels.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_auc_by_fold(const float *score, const uint8_t *label, const uint32_t *group,
                                 const uint8_t *fold, uint32_t n, uint32_t rounds,
                                 struct tm_rng *rng, struct tm_interval *out);

/* The interval of `n` bootstrap values of a statistic (sorted in place) that were drawn from n_groups groups: percentiles,
 * wider for few groups (expanded percentile interval; Hesterberg, The American Statistician 69, 2015).  low, high NaN for n = 0. */
void tm_interval_of(double *draws, uint32_t n, uint32_t n_groups, struct tm_interval *out);
/* The share of draws cut away at each end, < 0.025. */
double tm_interval_tail(uint32_t n_groups);

/* Wilson's 95 % interval of `hits` out of n (hits need not be whole).  n 0: NaN. */
void tm_wilson(double hits, double n, struct tm_interval *out);

/* Points of the ROC curve at false-positive rates 0, 1/100, ..., 1: tpr[101], the mean of the folds' curves at each rate, weighted by their
 * items of label 1 (vertical averaging; Fawcett, Pattern Recognition Letters 27, 2006).  NaN when no fold has both. */
TM_MUST_CHECK int tm_roc(const float *score, const uint8_t *label, const uint8_t *fold, uint32_t n,
                         double tpr[101]);

#endif
