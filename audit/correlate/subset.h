/* audit/correlate/subset.h - which of many flows add up to what a carrier sent: sliding subset sum.
 *
 * SUMo (Lopes et al., NDSS 2024): where several flows share one connection, no flow looks like it, but in a short window some subset of
 * them adds up to its volume.  Time is cut into buckets of 100 ms, and a window of four slides by two.  In each window, for each
 * direction, and for each flow i that sends in it: the number of subsets of the flows seen whose bytes add up to the carrier's, with i and
 * without i,
 *
 *        p = with / (with + without)      evidence of the window: ln(p / (1 - p)), cut at +-2
 *
 * by a table of sums (at most 512 cells) from the left and one from the right of i.  The score of i is the mean of its windows' evidence: from -2 to
 * 2.  A tunnel adds bytes: subsets that miss up to a tenth and 128 bytes add up too.  The paper counts solutions of windows that fit
 * within a fixed tolerance of packets; weighing by how many other subsets fit as well makes it sharper.  Pure. */
#ifndef TM_AUDIT_CORRELATE_SUBSET_H
#define TM_AUDIT_CORRELATE_SUBSET_H

#include <stdint.h>

#include "audit/correlate/scene.h"
#include "tm/base/err.h"

#define TM_SUBSET_BUCKET_US 100000
#define TM_SUBSET_WINDOW    4U
#define TM_SUBSET_SLIDE     2U
#define TM_SUBSET_CELLS     512U
#define TM_SUBSET_SURE      2.0

/* ln(with / without), cut at +-TM_SUBSET_SURE, for each of n items of size[i] bytes against the carrier's `total` bytes; 0 when no subset fits
 * and when the item has no bytes.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_subset_evidence(const double *size, uint32_t n, double total,
                                     double *evidence);
/* score[i] of n flows against one carrier, of the first two hours.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_subset_scores(const struct tm_scene_line *const *flows, uint32_t n,
                                   const struct tm_scene_line *carrier, double *score);

#endif
