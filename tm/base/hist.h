/* tm/base/hist.h - log-linear histogram of non-negative integers (durations in us, sizes in bytes).
 *
 * Values below 32 are exact; above, each power of two is cut into 16 equal bins, so a quantile is at
 * most 1/16 too large and never too small.  Fixed memory, no allocation. */
#ifndef TM_BASE_HIST_H
#define TM_BASE_HIST_H

#include <stdint.h>

#define TM_HIST_BINS (32 + 59 * 16)

struct tm_hist {
    uint64_t n;
    uint64_t max;
    uint64_t bins[TM_HIST_BINS];
};

void tm_hist_add(struct tm_hist *h, uint64_t value);
/* The same value `times` times. */
void tm_hist_add_many(struct tm_hist *h, uint64_t value, uint64_t times);
void tm_hist_merge(struct tm_hist *h, const struct tm_hist *other);
/* The smallest bin's upper edge below which at least permille/1000 of the values lie (never above the
 * largest value seen); 0 when empty.  permille in 0..1000. */
uint64_t tm_hist_quantile(const struct tm_hist *h, unsigned permille);
/* The largest value that is counted in bins[bin]. */
uint64_t tm_hist_upper(unsigned bin);

#endif
