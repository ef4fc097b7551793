/* tm/core/standstill.h - whether the program stood still, the machine slept or its wall clock was set: three clocks, looked at
 * again and again.
 *
 *   program stood still   CLOCK_MONOTONIC went on by more than was asked for    it was stopped, or found no processor
 *   machine slept         CLOCK_BOOTTIME went on and CLOCK_MONOTONIC did not    what is due is due so much later
 *   wall clock was set    CLOCK_REALTIME went another way than CLOCK_BOOTTIME   sessions go on by their own clock
 *
 * Pure: it is given the times. */
#ifndef TM_CORE_STANDSTILL_H
#define TM_CORE_STANDSTILL_H

#include <stdint.h>

#include "tm/base/time.h"

#define TM_STOOD_US TM_US_PER_S          /* nobody is called so much late in ordinary life */
#define TM_SLEPT_US (100 * TM_US_PER_MS) /* clocks are read one after another */
#define TM_SET_US   (500 * TM_US_PER_MS) /* what corrects a clock by and by is slower */

struct tm_clocks {
    int64_t mono_us, boot_us, wall_us; /* CLOCK_MONOTONIC, _BOOTTIME, _REALTIME at one moment */
};

/* Since the first look. */
struct tm_standstill_stats {
    uint64_t n_stood, stood_us, stood_max_us; /* how often, for how long in all and at most */
    uint64_t n_slept, slept_us, slept_max_us;
    uint64_t n_set;
    int64_t set_us; /* the wall clock, in all; > 0: ahead */
    int64_t stood_from_us,
        ended_us; /* CLOCK_MONOTONIC, of the last time that the program stood still; 0: it never did */
};

struct tm_standstill {
    struct tm_clocks last;
    int64_t every_us;
    struct tm_standstill_stats stats;
};

/* The first look.  every_us: how long it may be to the next, and always to the next. */
void tm_standstill_init(struct tm_standstill *st, const struct tm_clocks *now, int64_t every_us);
/* What the clocks say has happened since the last look, us; 0: it has not. */
struct tm_standstill_news {
    int64_t stood_us, slept_us, set_us;
};
struct tm_standstill_news tm_standstill_look(struct tm_standstill *st, const struct tm_clocks *now);

#endif
