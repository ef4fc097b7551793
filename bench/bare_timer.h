/* bench/bare_timer.h - how late a bare timerfd fires: the yardstick beside a measurement.
 *
 * An absolute CLOCK_MONOTONIC timerfd, waited for by poll(), as the wire thread's is. */
#ifndef TM_BENCH_BARE_TIMER_H
#define TM_BENCH_BARE_TIMER_H

#include <signal.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/base/hist.h"

/* Fires every gap_us for `seconds`, or until *stop (may be NULL), and adds how late each was (us).  TM_ERR_IO. */
TM_MUST_CHECK int tm_bare_timer_run(struct tm_hist *late, int64_t gap_us, int64_t seconds,
                                    const volatile sig_atomic_t *stop);

#endif
