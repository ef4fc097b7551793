/* tm/net/alarm.h - one deadline on a libuv loop, to the microsecond: an absolute CLOCK_MONOTONIC timerfd.
 *
 * Not uv_timer_t: its unit is the millisecond, and it may fire up to one early. */
#ifndef TM_NET_ALARM_H
#define TM_NET_ALARM_H

#include <stdint.h>

#include <uv.h>

#include "tm/base/err.h"

struct tm_alarm; /* opaque */
typedef void (*tm_alarm_fn)(void *user);

/* CLOCK_MONOTONIC now, us. */
int64_t tm_now_us(void);
/* CLOCK_REALTIME now, us since 1970: what people and tokens mean by the time. */
int64_t tm_wall_us(void);
/* CLOCK_BOOTTIME now, us: as CLOCK_MONOTONIC, but it goes on while the machine sleeps. */
int64_t tm_boot_us(void);

/* An alarm that is off.  TM_ERR_NOMEM, TM_ERR_IO. */
TM_MUST_CHECK int tm_alarm_new(struct tm_alarm **out, uv_loop_t *loop, tm_alarm_fn fn, void *user);
/* fn is called once, at t_us or soon after, never before; a time that has passed fires at once.  TM_NEVER:
 * off.  Replaces what was set. */
void tm_alarm_set(struct tm_alarm *a, int64_t t_us);
/* The same, but a timer that is set to an earlier time is left so, and set anew when it fires: for whoever puts the time off again and
 * again, without a system call each time. */
void tm_alarm_set_lazily(struct tm_alarm *a, int64_t t_us);
/* fn is not called any more; the memory goes when the loop has closed the handle.  NULL is allowed. */
void tm_alarm_free(struct tm_alarm *a);

#endif
