/* learner/options.h - what the commands that read captures are told on the command line. */
#ifndef TM_LEARNER_OPTIONS_H
#define TM_LEARNER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/fitter.h"
#include "learner/pool.h"
#include "learner/reading.h"
#include "learner/world.h"
#include "models/model.h"

#define TM_OPTIONS_PORTS_MAX   64U
#define TM_OPTIONS_CLASSES_MAX 16U

/* --class NAME=FILTER. */
struct tm_options_class {
    char name[TM_MODEL_NAME_MAX + 1];
    const char *filter;
};

struct tm_options {
    const char *output;     /* borrowed from argv, as all strings here */
    const char *name;       /* of the class of `ports` */
    const char *ports_text; /* as given, for provenance */
    uint16_t ports[TM_OPTIONS_PORTS_MAX];
    struct tm_world_cfg world; /* its `ports` points to the member above */
    struct tm_fit_cfg fit;
    struct tm_pool_cfg pool;
    struct tm_options_class classes[TM_OPTIONS_CLASSES_MAX];
    size_t n_classes;
    const char *other; /* name of the class of all other TCP; NULL: none */
    char **traces;     /* captures; of finish and merge, shards */
    size_t n_traces;
    enum tm_join join;
    enum tm_model_kind kind; /* of the models that are learned */
    int64_t pace_us;         /* of replay: cap of a user's pauses; 0: none */
    bool is_json;
    bool is_quiet;
    bool is_learn; /* which command's options are parsed */
    bool is_shard; /* the output is a shard, of the part world.shard */
};

/* Every option as if it were not given; world.ports is set when the ports are. */
void tm_options_init(struct tm_options *o);

/* Parse the arguments of `tm-learn learn`, `connections`, `replay`, `finish` and `merge` (argv[0] is the
 * command).  Wrong usage and --help are answered at once and end the process, as argp does: status
 * 2 and 0. */
void tm_options_learn(struct tm_options *o, int argc, char **argv);
void tm_options_connections(struct tm_options *o, int argc, char **argv);
void tm_options_replay(struct tm_options *o, int argc, char **argv);
/* fit.max_points is 0 when --points was not given: then the shards say. */
void tm_options_finish(struct tm_options *o, int argc, char **argv);
void tm_options_merge(struct tm_options *o, int argc, char **argv);

#endif
