/* tm/base/time.h - units of time.  A point in time is `int64_t t_us`, microseconds of one monotonic
 * clock (CLOCK_MONOTONIC in the programs, virtual in the simulator); a duration is `gap_us`. */
#ifndef TM_BASE_TIME_H
#define TM_BASE_TIME_H

#include <stdint.h>

#define TM_NEVER     INT64_MAX
#define TM_US_PER_S  INT64_C(1000000)
#define TM_US_PER_MS INT64_C(1000)

static inline int64_t tm_min_us(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t tm_max_us(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* t_us + gap_us, with TM_NEVER as the absorbing end; both are >= 0. */
static inline int64_t tm_later_us(int64_t t_us, int64_t gap_us)
{
    return t_us == TM_NEVER || gap_us > TM_NEVER - 1 - t_us ? TM_NEVER : t_us + gap_us;
}

#endif
