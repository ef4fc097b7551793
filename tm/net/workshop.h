/* tm/net/workshop.h - a maker (models/batches.h) whose batches are put together by threads of libuv's pool.
 *
 * One of them at a time for a workshop, and as many waiting as are asked for, so that a session that begins leaves other sessions' batches, the
 * schedule log and the resolver a thread.  The worker reads the model, which nobody changes, and memory of its own; what it made is handed
 * over on the loop.  When it is made depends on the machine, what it holds does not, so nothing on the wire tells of it. */
#ifndef TM_NET_WORKSHOP_H
#define TM_NET_WORKSHOP_H

#include <stdbool.h>

#include <uv.h>

#include "models/batches.h"

struct tm_workshop;

/* made: called on the loop when a batch was handed over, or could not be made.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_workshop_new(struct tm_workshop **out, uv_loop_t *loop,
                                  void (*made)(void *user), void *user);
/* Borrowed; valid until tm_workshop_free. */
const struct tm_batch_maker *tm_workshop_maker(const struct tm_workshop *w);
/* Something is being made or waits for its turn. */
bool tm_workshop_is_busy(const struct tm_workshop *w);
/* `made` is not called any more; who borrowed the maker must be gone.  `closed` is called when no thread reads any model any more: from inside
 * this call when none does now.  NULL is allowed for w (closed is called) and for closed. */
void tm_workshop_free(struct tm_workshop *w, void (*closed)(void *user), void *user);

#endif
