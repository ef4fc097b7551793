/* audit/correlate/bins.h - a flow and a carrier counted in bins of time, and how alike the counts are.
 *
 * Spearman (RAPTOR: Sun et al., USENIX Security 2015): ranks of how much the curve of cumulative bytes, which TCP's sequence numbers give
 * to an observer, rises in each bin.  The curves themselves have a rank correlation of 1 whatever they carry, because both rise.
 * Pearson (Chakravarty et al., PAM 2014): bytes in bins as coarse as the records of flow exporters.
 *
 *   flow          .....|||..||....|....       bins from before its first packet until behind its last
 *   carrier  |..|.|....|||..||..|.|....||..
 *
 * Pure. */
#ifndef TM_AUDIT_CORRELATE_BINS_H
#define TM_AUDIT_CORRELATE_BINS_H

#include <stdint.h>

#include "audit/correlate/scene.h"
#include "tm/base/err.h"

#define TM_BINS_MAX 4096U /* longer flows get wider bins */

struct tm_bins_cfg {
    int64_t bin_us;  /* >= 1 */
    uint32_t margin; /* bins before and behind the flow */
};
/* 50 ms with half a second around; 1 s with four around. */
struct tm_bins_cfg tm_bins_fine(void);
struct tm_bins_cfg tm_bins_coarse(void);

/* Adds the bytes of each direction in n bins of width bin_us from from_us on to sum[dir][n]. */
void tm_bins_count(const struct tm_scene_line *l, int64_t from_us, int64_t bin_us, uint32_t n,
                   double *sum[2]);

/* Correlation of a[n] and b[n]: -1 to 1; NaN when one of them is constant or n < 2. */
double tm_pearson(const double *a, const double *b, uint32_t n);
/* The same of the ranks, ties sharing their mean rank.  rank: room for 2 n; order: room for n. */
double tm_spearman(const double *a, const double *b, uint32_t n, double *rank, uint32_t *order);

struct tm_bins; /* opaque: room for one pair at a time */
/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_bins_new(struct tm_bins **out);
void tm_bins_free(struct tm_bins *b);

enum tm_bins_measure { TM_BINS_SPEARMAN, TM_BINS_PEARSON };
/* How alike the bytes of flow and carrier are: the mean over the directions in which the flow has bytes.  -1 for a direction in which the
 * carrier is silent, or nothing can be said. */
double tm_bins_alike(struct tm_bins *b, enum tm_bins_measure m, const struct tm_bins_cfg *cfg,
                     const struct tm_scene_line *flow, const struct tm_scene_line *carrier);

#endif
