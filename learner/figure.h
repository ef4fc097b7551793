/* learner/figure.h - numbers of a model in the form that people read: three digits and a unit,
 * small curves. */
#ifndef TM_LEARNER_FIGURE_H
#define TM_LEARNER_FIGURE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/dist.h"

#define TM_FIGURE_LEN 24U /* bytes that a number's text takes at most, terminator included */

/* `unit` is as in models/model.h and measured.h, "ppm" counts as "count": 850 us, 12.3 ms, 3.21 s, 12.5 min,
 * 26.0 h, 9.0 d; 517 B, 3.20 kB, 1.40 MB; 10.0 Mb/s; counts as they are. */
void tm_figure_number(char out[TM_FIGURE_LEN], uint64_t value, const char *unit);

/* `value` as above, but counts with one decimal: for means. */
void tm_figure_mean_number(char out[TM_FIGURE_LEN], double value, const char *unit);

/* The mean; 0 of an empty distribution. */
double tm_figure_mean(const struct tm_dist *d);

/* TM_FIGURE_BINS characters: how the samples spread from the minimum to the maximum, on a
 * logarithmic scale (bin b covers an equal factor); the height is a bin's share relative to the
 * fullest bin.  UTF-8 blocks, or ASCII.  Empty for an empty distribution. */
#define TM_FIGURE_BINS      16U
#define TM_FIGURE_CURVE_LEN (TM_FIGURE_BINS * 3 + 1)
void tm_figure_curve(char out[TM_FIGURE_CURVE_LEN], const struct tm_dist *d, bool is_utf8);

#endif
