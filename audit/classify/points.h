/* audit/classify/points.h - the rows of a table as the attack uses them, and the choice of well-conditioned columns. */
#ifndef TM_AUDIT_CLASSIFY_POINTS_H
#define TM_AUDIT_CLASSIFY_POINTS_H

#include <stdint.h>

#include "audit/classify/classify.h"
#include "audit/features/table.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

struct tm_points {     /* empty: {0} */
    float *x;          /* owned, n x d, scaled as asked, not z-scored */
    uint8_t *cls;      /* owned: 0.. in order of appearance */
    uint8_t *fold;     /* owned */
    uint32_t *session; /* owned */
    uint32_t n, d, n_classes;
    uint32_t name_of[256]; /* class -> index in the table's names */
};

static inline const float *tm_points_x(const struct tm_points *p, uint32_t i)
{
    return p->x + (size_t)i * p->d;
}

/* All rows of t.  TM_ERR_LIMIT more than 255 classes, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_points_init(struct tm_points *p, const struct tm_table *t,
                                 enum tm_classify_scale scale);
/* Keeps the columns whose bit is set in `mask`, at least one. */
void tm_points_keep(struct tm_points *p, uint32_t mask);
/* Whole sessions to folds 0..k-1 without regard to classes, evenly by number of sessions.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_points_deal(struct tm_points *p, uint32_t k, struct tm_rng *rng);
void tm_points_deinit(struct tm_points *p);

/* The largest set of columns whose condition number is at most `limit` (<= 0: all columns; of equal size the best conditioned), as bits
 * in *mask; their condition, and that of all columns.  A single column always does.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_points_condition(const struct tm_points *p, double limit, uint32_t *mask,
                                      double *kept, double *all);

#endif
