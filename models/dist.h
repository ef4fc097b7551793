/* models/dist.h - an empirical distribution of non-negative integers: Swing's CDF, exactly.
 *
 * A sorted table of distinct values with cumulative counts.  Integers only, so both ends of a tunnel
 * draw the same from the same random stream.  Source: Swing (ToN 2009) sec. III: every parameter is
 * kept as its empirical CDF. */
#ifndef TM_MODELS_DIST_H
#define TM_MODELS_DIST_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_DIST_POINTS_MAX 4096U
#define TM_DIST_POINTS_MIN 16U /* of a coarse fit; fewer are no distribution any more */

struct tm_dist_point {
    uint64_t value;
    uint64_t
        cum; /* how many samples are <= value; strictly increasing, the last one is the total */
};

struct tm_dist {
    struct tm_dist_point *pt; /* owned */
    size_t n_points;          /* 0: no sample was seen */
};

/* From n samples in any order (sorted in place).  n == 0 gives the empty distribution.  More than
 * `max_points` distinct values are merged into that many quantile steps: the smallest and largest
 * value keep their own counts, the samples between are cut into runs of equal count (one more or less),
 * each standing for its lower median; so a quantile is off by at most half a run of samples.
 * max_points: TM_DIST_POINTS_MIN..TM_DIST_POINTS_MAX.  Overwrites *d without freeing it, and leaves it empty
 * on error.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_dist_fit_coarse(struct tm_dist *d, uint64_t *samples, size_t n,
                                     size_t max_points);
/* The same from samples that were counted already: points as in struct tm_dist, but any number of them
 * (copied).  TM_ERR_RANGE unless they are strictly increasing, the total below 2^48. */
TM_MUST_CHECK int tm_dist_fit_points(struct tm_dist *d, const struct tm_dist_point *pt, size_t n,
                                     size_t max_points);
/* As fine as a distribution can be: TM_DIST_POINTS_MAX. */
TM_MUST_CHECK int tm_dist_fit(struct tm_dist *d, uint64_t *samples, size_t n);
/* From points (copied).  TM_ERR_RANGE unless values and cums are strictly increasing from cum >= 1, the
 * total is below 2^48 and n <= TM_DIST_POINTS_MAX; TM_ERR_NOMEM.  n == 0 gives the empty distribution.
 * Overwrites *d without freeing it, and leaves it empty on error. */
TM_MUST_CHECK int tm_dist_set(struct tm_dist *d, const struct tm_dist_point *pt, size_t n);
void tm_dist_deinit(struct tm_dist *d);

uint64_t tm_dist_total(const struct tm_dist *d);
/* The value at rank 0..total-1: the smallest value whose cum is > rank.  Requires a non-empty d. */
uint64_t tm_dist_at(const struct tm_dist *d, uint64_t rank);
/* One draw: tm_dist_at of a uniform rank.  Requires a non-empty d. */
uint64_t tm_dist_sample(const struct tm_dist *d, struct tm_rng *rng);
/* The smallest value at or below which lie at least permille/1000 of the samples (0: the minimum, 1000: the
 * maximum).  Requires a non-empty d and permille <= 1000. */
uint64_t tm_dist_quantile(const struct tm_dist *d, unsigned permille);

#endif
