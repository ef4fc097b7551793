/* models/maybenot/ready/draft.h - writing a machine down, state by state.
 *
 * The first error sticks, and draft_end tells it.  A state's number is how many there were before it; edges of a state come in the order of
 * the events' numbers. */
#ifndef TM_MODELS_MAYBENOT_READY_DRAFT_H
#define TM_MODELS_MAYBENOT_READY_DRAFT_H

#include "models/maybenot/machine_build.h"
#include "models/maybenot/ready/ready.h"

#define TM_MB_DAY_US 86400e6

struct draft {
    struct tm_mb_machine *m;
    int rc;
};

/* Flags of actions. */
enum { DRAFT_BYPASS = 1, DRAFT_REPLACE = 2 };

/* A machine without limits. */
struct draft draft_begin(void);
/* With states, checked and moved to *out, or freed. */
TM_MUST_CHECK int draft_end(struct draft *d, struct tm_mb_ready *out, struct tm_msg *msg);

/* A new state, to which all that follows belongs. */
void draft_state(struct draft *d);
void draft_edge(struct draft *d, enum tm_mb_event_kind e, uint32_t to);

/* Its action; times in us.  Distributions are copied; limit NULL: none. */
void draft_pad(struct draft *d, unsigned flags, const struct tm_mb_dist *timeout,
               const struct tm_mb_dist *limit);
void draft_block(struct draft *d, unsigned flags, double duration_us);
void draft_timer(struct draft *d, double duration_us);
void draft_cancel(struct draft *d);
/* What happens to counter 0 (A) or 1 (B) on entering; by NULL: by 1. */
void draft_count(struct draft *d, int counter, enum tm_mb_counter_op op,
                 const struct tm_mb_dist *by);
/* Counter 0 (A) less the other one. */
void draft_subtract_other(struct draft *d);

struct tm_mb_dist draft_constant(double x);
struct tm_mb_dist draft_uniform(double low, double high);

/* low <= x <= high, or TM_ERR_RANGE with the name in msg. */
TM_MUST_CHECK int draft_check(const char *name, double x, double low, double high,
                              struct tm_msg *msg);

#endif
