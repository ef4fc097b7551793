/* tm/net/pulse.h - twice a second on a libuv loop: did the program stand still, did the machine sleep, was the wall clock set?
 *
 * What is found is logged, counted for `status`, and told to the sessions, because a peer's silence is not to be judged by a
 * time in which nobody here could listen. */
#ifndef TM_NET_PULSE_H
#define TM_NET_PULSE_H

#include <uv.h>

#include "tm/base/err.h"
#include "tm/core/standstill.h"

struct tm_pulse; /* opaque */

/* wall_us: the wall clock (struct tm_tunnel_client_cfg).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_pulse_new(struct tm_pulse **out, uv_loop_t *loop, int64_t (*wall_us)(void));
/* The memory goes when the loop has closed the handle.  NULL is allowed. */
void tm_pulse_free(struct tm_pulse *p);

/* now_us; but when the program has stood still since *seen_us: when that began, and *seen_us becomes its end.  To be asked before
 * anybody's silence is judged at now_us (tm_now_us); NULL: now_us. */
int64_t tm_pulse_heard_us(struct tm_pulse *p, int64_t now_us, int64_t *seen_us);
void tm_pulse_get_stats(const struct tm_pulse *p, struct tm_standstill_stats *out);

#endif
