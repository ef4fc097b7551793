/* tm/core/rate.h - bytes per second, over a sliding window in constant memory.
 *
 * MUFFLER (sec. III-E) chooses by BPS and does not say over what; here it is the half of TM_RATE_WINDOW_US before and what has passed of the
 * present one.  Pure. */
#ifndef TM_CORE_RATE_H
#define TM_CORE_RATE_H

#include <stdint.h>

#define TM_RATE_WINDOW_US INT64_C(1000000)

struct tm_rate {          /* empty: {0} */
    int64_t half_us;      /* start of the present half of the window */
    uint64_t now, before; /* bytes in it, and in the one before */
};

/* now_us never goes back. */
void tm_rate_add(struct tm_rate *r, uint64_t bytes, int64_t now_us);
uint64_t tm_rate_bytes_per_s(const struct tm_rate *r, int64_t now_us);

#endif
