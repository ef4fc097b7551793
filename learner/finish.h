/* learner/finish.h - samples -> a model in the database, with its provenance and a report on
 * stderr: the last step of every way to learn. */
#ifndef TM_LEARNER_FINISH_H
#define TM_LEARNER_FINISH_H

#include "learner/group.h"
#include "learner/options.h"
#include "learner/reading.h"
#include "learner/samples.h"
#include "learner/world.h"
#include "tm/base/err.h"

/* What was learned, from wherever it came. */
struct tm_finish {
    const struct tm_options *o; /* borrowed: where to, under which name, and learned how */
    struct tm_samples samples;  /* owned */
    struct tm_group_counts group;
    struct tm_world_counts world;
    struct tm_reading_counts reading;
};

/* Frees the samples. */
void tm_finish_deinit(struct tm_finish *f);

/* Whether a database at `path` could be written, so that nothing is lost to a wrong name after a
 * long reading.  TM_ERR_IO and the errors of tm_store_load, each with its text in msg. */
TM_MUST_CHECK int tm_finish_check_output(const char *path, struct tm_msg *msg);

/* Pools rare values (learner/pool.h), fits, checks and writes the model; prints the report unless
 * o->is_quiet.  When it fails the database is as before.
 * TM_ERR_RANGE with the reason when too little is left for a model; errors of
 * tm_pool_model, tm_model_check and tm_store_save. */
TM_MUST_CHECK int tm_finish_run(const struct tm_finish *f, struct tm_msg *msg);

#endif
