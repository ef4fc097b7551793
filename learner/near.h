/* learner/near.h - are a model's connections training connections once more?
 *
 * Each connection becomes a few numbers made of its sizes (times at a tap hold round trips, which a
 * plan does not): its bytes up and down, its exchanges, the first two requests and responses and the
 * largest response, as log2(1 + bytes), each divided by its deviation among the training connections.
 * The distance of a drawn connection to its nearest training connection is compared with that of
 * real connections that were not learned from: a model that repeats what it saw is nearer than these
 * are.  Beside it: how many of either equal a training connection size for size, and how much of either
 * is one stretch of a training connection, the longest run of objects of the same sizes and directions.
 *
 * Source: M. Platzer, T. Reutterer: Holdout-Based Empirical Assessment of Mixed-Type Synthetic Data,
 * Frontiers in Big Data 2021 (distance to the closest record, of synthetic and of held-out records).
 * Pure. */
#ifndef TM_LEARNER_NEAR_H
#define TM_LEARNER_NEAR_H

#include <stddef.h>
#include <stdint.h>

#include "learner/fit.h"
#include "learner/pair.h"
#include "models/plan.h"
#include "tm/base/err.h"

#define TM_NEAR_DIMS 8U

struct tm_near_point {
    float x[TM_NEAR_DIMS];
    uint64_t sizes; /* hash of all sizes in their order */
    size_t first;   /* of its objects in the set's */
    size_t n_objects;
};

/* A growing list of them; {0} is empty. */
struct tm_near_set {
    struct tm_near_point *v; /* owned */
    size_t n;
    size_t cap;
    uint64_t *object; /* owned: twice the bytes, plus the direction; 0 behind each connection */
    size_t n_objects;
    size_t cap_objects;
};

void tm_near_deinit(struct tm_near_set *s);
/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_near_add_record(struct tm_near_set *s, const struct tm_conn *c,
                                     const struct tm_pair_pool *pool);
/* Writes that go the same way one after the other count as one object.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_near_add_plan(struct tm_near_set *s, const struct tm_plan *p);

enum tm_near_side { TM_NEAR_HELDOUT, TM_NEAR_DRAWN, TM_NEAR_SIDES };

struct tm_near {
    double median[TM_NEAR_SIDES];     /* distance to the nearest training connection */
    double q05[TM_NEAR_SIDES];        /* its 5 % quantile */
    double copy_share[TM_NEAR_SIDES]; /* equal a training connection, 0..1 */
    double stretch[TM_NEAR_SIDES];    /* mean part of a connection that is one stretch of a training
                                         connection, 0..1 */
};

/* All three sets hold at least one point.  TM_ERR_RANGE otherwise; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_near_compare(const struct tm_near_set *train,
                                  const struct tm_near_set *heldout,
                                  const struct tm_near_set *drawn, struct tm_near *out);

/* The mean over `set` of the longest run of objects that a training connection has too, as a part of the
 * connection's objects; 0 for an empty set.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_near_stretch(const struct tm_near_set *train, const struct tm_near_set *set,
                                  double *out);

#endif
