/* audit/ml/neighbours.h - distances: z-scores, nearest neighbours, k-means.
 *
 * TrafficMimic's attack (poster): features z-scored, weighted k-NN under Euclidean distance; an item is anomalous when its distance to
 * its nearest neighbour is more than t times the largest distance of a training item of that class to the class's centroid (d_i > t * m_k); clusters
 * of K-means with a small mean distance between their members give constant-rate cover away. */
#ifndef TM_AUDIT_ML_NEIGHBOURS_H
#define TM_AUDIT_ML_NEIGHBOURS_H

#include <stdint.h>

#include "tm/base/err.h"
#include "tm/base/rng.h"

/* Replaces every column of x (n x d) by (v - mean) / sd; mean and sd (d each) come from the caller (tm_zscore_fit).  NaN
 * becomes 0 (the mean); a constant column (sd 0) becomes 0. */
void tm_zscore_fit(const float *x, uint32_t n, uint32_t d, float *mean, float *sd);
void tm_zscore_apply(float *x, uint32_t n, uint32_t d, const float *mean, const float *sd);

/* The ratio of the largest to the smallest eigenvalue of the correlation matrix of x (n x d, d <= 64): how well-conditioned the features are
 * (the poster keeps well-conditioned data).  Infinity when a column is constant or a combination of others.
 * TM_ERR_RANGE for other d or n < 2, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_condition(const float *x, uint32_t n, uint32_t d, double *out);

struct tm_neighbour {
    uint32_t index;
    float distance;
};
/* The k nearest of train's rows to one query, nearest first; `skip` is left out (UINT32_MAX: none). Returns how many (< k only when there are fewer). */
uint32_t tm_nearest(const float *train, uint32_t n, uint32_t d, const float *query, uint32_t k,
                    uint32_t skip, struct tm_neighbour *out);

/* Lloyd's algorithm from k-means++ seeds, best of `restarts`: cluster[i] in 0..k-1, centre k x d (k <= n).  TM_ERR_NOMEM, TM_ERR_RANGE. */
TM_MUST_CHECK int tm_kmeans(const float *x, uint32_t n, uint32_t d, uint32_t k, uint32_t restarts,
                            struct tm_rng *rng, uint32_t *cluster, float *centre);

#endif
