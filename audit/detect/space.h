/* audit/detect/space.h - where connections are compared by distance: signed logarithms, z-scored.
 *
 * Columns of the groups poster, sizes and times; the 100 points of CUMUL, which are nearly one column, would outvote them all.
 * The scale is that of the training connections. */
#ifndef TM_AUDIT_DETECT_SPACE_H
#define TM_AUDIT_DETECT_SPACE_H

#include <stdint.h>

#include "audit/features/table.h"
#include "tm/base/err.h"

struct tm_space { /* {0} is empty */
    float *x;     /* owned, n x d */
    uint32_t n, d;
};
struct tm_space_scale {
    float *mean, *sd; /* owned, d each */
    uint32_t d;
};
/* All rows of the table, in the scale of its own values, which *scale gets.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_space_fit(struct tm_space *out, struct tm_space_scale *scale,
                               const struct tm_table *t);
/* The n rows `pick`, in a scale. */
TM_MUST_CHECK int tm_space_apply(struct tm_space *out, const struct tm_space_scale *scale,
                                 const struct tm_table *t, const uint32_t *pick, uint32_t n);
void tm_space_deinit(struct tm_space *s);
void tm_space_scale_deinit(struct tm_space_scale *s);

#endif
