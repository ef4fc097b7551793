/* audit/bare.h - the lateness of a bare timer on the same machine in the same run, to hold ours beside it:
 * the JSON object that tm-bench-timer prints, {"p50_us":..,"p99_us":..,"max_us":..,"n":..}. */
#ifndef TM_AUDIT_BARE_H
#define TM_AUDIT_BARE_H

#include <stddef.h>

#include "tm/base/err.h"

struct tm_bare {
    double p50_us, p99_us, max_us;
    double n;
};

/* Finds the four numbers in `text` (terminated); other keys are ignored.  TM_ERR_FORMAT names the one that is
 * missing or not a number in msg. */
TM_MUST_CHECK int tm_bare_parse(struct tm_bare *out, const char *text, const char *name,
                                struct tm_msg *msg);

#endif
