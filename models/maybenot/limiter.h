/* models/maybenot/limiter.h - holds machines that ask for too much: at most so many actions a second.
 *
 * Machines may come from a peer, and one that pads at every TunnelSent with no timeout never stops.  A sliding window of one second
 * counts what the framework asked for; above the limit all actions of a call are dropped, while the machines go on.
 * Source: RateLimitedFramework of the Rust crate 2.2.2. */
#ifndef TM_MODELS_MAYBENOT_LIMITER_H
#define TM_MODELS_MAYBENOT_LIMITER_H

#include "models/maybenot/framework.h"

struct tm_mb_limiter {
    uint64_t max_per_s; /* actions; 0: none at all within a window */
    int64_t window_ns;  /* when the current window began */
    uint64_t before, current;
    uint64_t n_dropped; /* actions that were dropped so far */
};

void tm_mb_limiter_init(struct tm_mb_limiter *l, uint64_t max_per_s, int64_t now_ns);
/* How many of `n` actions, which a step at `now_ns` returned, are to be carried out: n or 0.
 * Quirk: the call that opens a new window is never held. */
size_t tm_mb_limiter_pass(struct tm_mb_limiter *l, size_t n, int64_t now_ns);

#endif
