/* learner/classes.h - the classes of traffic that one run learns, a model each.
 *
 * One class is that of --port; others are told by filters (--class), and what belongs to none of these may be a
 * class of its own (--other).  Every class has its own world: users, sessions and round trips are its own. */
#ifndef TM_LEARNER_CLASSES_H
#define TM_LEARNER_CLASSES_H

#include <stddef.h>

#include "learner/filter.h"
#include "learner/fitter.h"
#include "learner/group.h"
#include "learner/joint/collect.h"
#include "learner/joint/make.h"
#include "learner/memory.h"
#include "learner/options.h"
#include "learner/reading.h"
#include "learner/samples.h"
#include "learner/world.h"
#include "tm/base/err.h"

#define TM_CLASSES_MAX (TM_OPTIONS_CLASSES_MAX + 2U)

struct tm_class {
    const char *name;   /* of its model; borrowed from the options */
    const char *filter; /* its text; NULL: by port; borrowed */
    struct tm_samples samples;
    struct tm_group_counts group;
    struct tm_fitter *fitter; /* owned */
    struct tm_deck deck;      /* of a joint model: the connections as captured */
    struct tm_collect_counts collected;
    struct tm_memory memory;   /* the most of a recording; all zero: of no recording */
    struct tm_joint_made made; /* what became of them */
};

struct tm_classes {
    const struct tm_options *options; /* borrowed */
    struct tm_class class[TM_CLASSES_MAX];
    struct tm_world *world[TM_CLASSES_MAX]; /* owned, as the filters */
    struct tm_filter *filter[TM_CLASSES_MAX];
    struct tm_collect *collect[TM_CLASSES_MAX]; /* of joint models; NULL: of others */
    size_t n;
    char *rest; /* owned; the filter of --other */
};

/* What the connections of the options' ports are kept by: a user is the same as for other models. */
struct tm_collect_cfg tm_classes_collect_cfg(const struct tm_options *o);

/* The classes that the options name.  TM_ERR_FORMAT for a filter that is none; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_classes_init(struct tm_classes *c, const struct tm_options *o,
                                  struct tm_msg *msg);
void tm_classes_deinit(struct tm_classes *c);

/* Reads the options' captures into all classes.  Errors as tm_reading_run. */
TM_MUST_CHECK int tm_classes_read(struct tm_classes *c, struct tm_reading_counts *counts,
                                  struct tm_msg *msg);

#endif
