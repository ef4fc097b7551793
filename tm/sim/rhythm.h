/* tm/sim/rhythm.h - how often something happens, as a person meets it who comes at any moment.
 *
 * Of events at t1 < t2 < ... two distributions are of interest: the intervals t2 - t1, and the wait from a moment chosen
 * uniformly to the next event.  A burst of a hundred events and a minute of silence have short intervals and long waits.
 * With gaps g over the time T, P(wait > x) = sum max(0, g - x) / T.  Pure; fixed memory. */
#ifndef TM_SIM_RHYTHM_H
#define TM_SIM_RHYTHM_H

#include <stdint.h>

#include "tm/base/hist.h"

struct tm_rhythm { /* empty: {0} */
    struct tm_hist gaps;
    uint64_t total_us; /* sum of the gaps */
    int64_t last_us;   /* of the stretch that is looked at */
};

/* A stretch of time begins at t_us; its silence before the first event and after the last counts as a gap each. */
void tm_rhythm_begin(struct tm_rhythm *r, int64_t t_us);
void tm_rhythm_event(struct tm_rhythm *r, int64_t t_us);
void tm_rhythm_end(struct tm_rhythm *r, int64_t t_us);

/* At least permille/1000 of the intervals (of the moments) are (wait) at most this long; as of tm_hist_quantile at most 1/16 too large,
 * never too small; 0 when there was no time. */
uint64_t tm_rhythm_interval_us(const struct tm_rhythm *r, unsigned permille);
uint64_t tm_rhythm_wait_us(const struct tm_rhythm *r, unsigned permille);

#endif
