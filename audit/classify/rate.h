/* audit/classify/rate.h - shares of connections with intervals that move whole sessions. */
#ifndef TM_AUDIT_CLASSIFY_RATE_H
#define TM_AUDIT_CLASSIFY_RATE_H

#include <stdint.h>

#include "audit/ml/auc.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

enum tm_rate_kind {
    TM_RATE_ALL,     /* share of all items */
    TM_RATE_BY_CLASS /* mean of the classes' shares */
};

/* The share of items with hit[i] != 0, bootstrapped by session inside each class.  Where every item (or none) is hit, the
 * bootstrap has no width: the interval is then Clopper and Pearson's for as many trials as there are sessions.
 * NaN for n = 0.  TM_ERR_NOMEM. */
struct tm_rate_input {
    const uint8_t *hit, *cls;
    const uint32_t *session;
    uint32_t n;
    uint32_t n_boot;
};
TM_MUST_CHECK int tm_rate(const struct tm_rate_input *in, enum tm_rate_kind kind,
                          struct tm_rng *rng, struct tm_interval *out);
/* The same for the items of one class alone. */
TM_MUST_CHECK int tm_rate_of_class(const struct tm_rate_input *in, uint8_t cls, struct tm_rng *rng,
                                   struct tm_interval *out);

#endif
