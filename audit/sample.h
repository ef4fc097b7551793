/* audit/sample.h - measured values (us) and their exact quantiles.  tm/base/hist.h rounds by up to 1/16,
 * which is too coarse to hold lateness beside a bare timer's. */
#ifndef TM_AUDIT_SAMPLE_H
#define TM_AUDIT_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

struct tm_sample { /* empty: {0} */
    int64_t *v;    /* owned */
    size_t n, cap;
    bool is_sorted;
};

TM_MUST_CHECK int tm_sample_add(struct tm_sample *s, int64_t value);
/* Adds all values of `other`.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_sample_merge(struct tm_sample *s, const struct tm_sample *other);
/* The smallest value below or at which at least permille/1000 of the values lie (nearest rank); sorts on the
 * first call; 0 when empty.  permille 0: the smallest, 1000: the largest. */
int64_t tm_sample_quantile(struct tm_sample *s, unsigned permille);
void tm_sample_deinit(struct tm_sample *s);

#endif
