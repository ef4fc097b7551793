/* tm/mbsim/machines.h - the machines of one end and what they have under way: timers, a block. */
#ifndef TM_MBSIM_MACHINES_H
#define TM_MBSIM_MACHINES_H

#include "tm/mbsim/event.h"

/* An action that waits for its timeout. */
struct tm_mbsim_pending {
    int64_t t_ns; /* TM_NEVER: none */
    struct tm_mb_action action;
};

struct tm_mbsim_machines {
    struct tm_mb_framework *f;
    struct tm_mb_rng rng;
    size_t n;
    struct tm_mbsim_pending *pending; /* [n] */
    int64_t *timer_ns;                /* [n] internal timers; TM_NEVER: none */
    struct tm_mb_action *actions;     /* [n] scratch */
    int64_t blocked_until_ns;         /* TM_NEVER: no block */
    bool is_bypassable;               /* the last block, also when it is over */
};

/* At an address that stays: the framework borrows the rng.  TM_ERR_RANGE, TM_ERR_NOMEM; deinit in any case. */
TM_MUST_CHECK int tm_mbsim_machines_init(struct tm_mbsim_machines *m,
                                         const struct tm_mbsim_end_cfg *cfg, uint64_t seed,
                                         int64_t now_ns);
void tm_mbsim_machines_deinit(struct tm_mbsim_machines *m);

/* The earliest pending action and internal timer, TM_NEVER: none. */
int64_t tm_mbsim_machines_action_ns(const struct tm_mbsim_machines *m);
int64_t tm_mbsim_machines_timer_ns(const struct tm_mbsim_machines *m);
/* The first machine whose action or timer is due at t_ns; n: none. */
size_t tm_mbsim_machines_due_action(const struct tm_mbsim_machines *m, int64_t t_ns);
size_t tm_mbsim_machines_due_timer(const struct tm_mbsim_machines *m, int64_t t_ns);

/* Carries out machine i's pending action, which it takes away: padding, or a block (begun here).  The event that says so. */
struct tm_mbsim_event tm_mbsim_machines_act(struct tm_mbsim_machines *m, size_t i);
/* Takes machine i's timer away: its TimerEnd. */
struct tm_mbsim_event tm_mbsim_machines_ring(struct tm_mbsim_machines *m, size_t i);

/* Tells the framework, and takes over what it asks for.  Timers that were begun are given to `begun` as TimerBegin events, which may return
 * an error; it is passed on. */
typedef int (*tm_mbsim_begun_fn)(void *ctx, struct tm_mbsim_event e);
TM_MUST_CHECK int tm_mbsim_machines_tell(struct tm_mbsim_machines *m,
                                         const struct tm_mbsim_event *e, tm_mbsim_begun_fn begun,
                                         void *ctx);

#endif
