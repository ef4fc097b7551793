/* audit/active/verdict.h - what the attacks' rankings on a wire and on its control come to.
 *
 * Found: one of the attacks has a p below 0.01, divided by the number of p values that were looked at (two for each attack).  The control is
 * caught when its rankings say the same, and, where a share is demanded of it, when one attack's rank-1 rate reaches that.  Pure. */
#ifndef TM_AUDIT_ACTIVE_VERDICT_H
#define TM_AUDIT_ACTIVE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/active/ranking.h"

#define TM_TRIALS_MIN 10U /* fewer: no verdict */

enum tm_active_verdict {
    TM_ACTIVE_FOUND,          /* more often than chance gives */
    TM_ACTIVE_CHANCE,         /* not; and the control was caught */
    TM_ACTIVE_NO_CONTROL,     /* not; there was no control */
    TM_ACTIVE_CONTROL_MISSED, /* the control was not caught: nothing is said */
    TM_ACTIVE_TOO_FEW,        /* trials: nothing is said */
    TM_ACTIVE_VERDICTS
};

/* Of n attacks. */
bool tm_active_is_found(const struct tm_ranking *r, uint32_t n);
/* control: NULL when there is none.  control_rank1: what is demanded of it; 0: nothing more than to be found. */
enum tm_active_verdict tm_active_judge(const struct tm_ranking *wire,
                                       const struct tm_ranking *control, uint32_t n,
                                       double control_rank1);
/* "found", "chance", "no-control", "control-missed", "too-few". */
const char *tm_active_verdict_key(enum tm_active_verdict v);
/* The same as a sentence's end. */
const char *tm_active_verdict_text(enum tm_active_verdict v);

#endif
