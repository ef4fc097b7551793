/* learner/finish.h - samples -> a model in the database, with its provenance and a report on
 * stderr: the last step of every way to learn. */
#ifndef TM_LEARNER_FINISH_H
#define TM_LEARNER_FINISH_H

#include <stdint.h>

#include "learner/classes.h"
#include "learner/options.h"
#include "learner/pool.h"
#include "learner/reading.h"
#include "learner/world.h"
#include "models/model.h"
#include "tm/base/err.h"

/* One class that was learned, from wherever it came, and what becomes of it. */
struct tm_finish {
    const struct tm_options *o; /* borrowed: where to, and learned how */
    struct tm_class *class;     /* borrowed: its name, samples and sessions */
    struct tm_world_counts world;
    struct tm_reading_counts reading;
    struct tm_model model; /* owned; of tm_finish_fit, as the rest */
    struct tm_pool_count pooled[TM_SAMPLES_KINDS];
    uint64_t n_users; /* those of several recordings count in each */
};

/* Frees the model. */
void tm_finish_deinit(struct tm_finish *f);

/* Whether a database at `path` could be written, so that nothing is lost to a wrong name after a
 * long reading.  TM_ERR_IO and the errors of tm_store_load, each with its text in msg. */
TM_MUST_CHECK int tm_finish_check_output(const char *path, struct tm_msg *msg);

/* Pools rare values (learner/pool.h), fits and checks the model.  TM_ERR_RANGE with the reason when too
 * little is left for a model; errors of tm_pool_model and tm_model_check. */
TM_MUST_CHECK int tm_finish_fit(struct tm_finish *f, struct tm_msg *msg);
/* Writes the n >= 1 models that tm_finish_fit made, all into the database of the first one's options; prints the report
 * unless o->is_quiet.  When it fails the database is as before.  Errors of tm_store_save_all. */
TM_MUST_CHECK int tm_finish_save(const struct tm_finish *f, size_t n, struct tm_msg *msg);

#endif
