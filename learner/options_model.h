/* learner/options_model.h - internal: options that commands share (learner/options.h). */
#ifndef TM_LEARNER_OPTIONS_MODEL_H
#define TM_LEARNER_OPTIONS_MODEL_H

#include <argp.h>
#include <stdint.h>

#include "learner/options.h"

/* What makes a model out of what was measured: the options of learn and finish.  A child of argp, whose input is
 * struct tm_options. */
extern const struct argp tm_options_model_argp;

/* A name of a model, or the end of the process. */
void tm_options_check_name(const char *option, const char *name, const struct argp_state *st);
/* "3/16" of --shard. */
void tm_options_parse_shard(struct tm_options *o, const char *arg, const struct argp_state *st);

#endif
