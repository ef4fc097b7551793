/* Options of what is made of measurements: of a model by learn and finish, of shards by merge. */
#include "learner/options_model.h"

#include <stdlib.h>

#include "learner/shard.h"
#include "tm/cli/args.h"

enum {
    OPT_K = 0x200,
    OPT_POINTS,
};

static const struct argp_option model_options[] = {
    {"output", 'o', "FILE", 0, "the model database; made when missing", 1},
    {"name", 'n', "NAME", 0, "the model's name; a model of that name is replaced", 1},
    {"quiet", 'q', NULL, 0, "no report when all went well", 1},
    {"k", OPT_K, "N", 0,
     "a value stands for at least N observations; 1 keeps every value, for a model that is not "
     "given away (8)",
     5},
    {"points", OPT_POINTS, "N", 0,
     "coarsen distributions of more than N values to N quantile steps (4096)", 5},
    {0},
};

static const struct argp_option merge_options[] = {
    {"output", 'o', "FILE", 0, "the shard to write", 1},
    {0},
};

void tm_options_check_name(const char *option, const char *name, const struct argp_state *st)
{
    if (!tm_model_name_ok(name))
        argp_error(st,
                   "--%s %s: use 1 to %d letters, digits, '-', '_' and '.' for a name, the first a "
                   "letter or digit",
                   option, name, TM_MODEL_NAME_MAX);
}

void tm_options_parse_shard(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    char *end = NULL;
    unsigned long part = arg[0] >= '0' && arg[0] <= '9' ? strtoul(arg, &end, 10) : 0;
    unsigned long n = 0;
    if (end && end[0] == '/' && end[1] >= '0' && end[1] <= '9')
        n = strtoul(end + 1, &end, 10);
    if (n < 1 || n > TM_SHARD_PARTS_MAX || part < 1 || part > n || *end != '\0')
        argp_error(st, "--shard %s: write it like 1/4, 2/4, 3/4 and 4/4; at most %u parts", arg,
                   TM_SHARD_PARTS_MAX);
    o->world.shard = (struct tm_shard){(uint32_t)part, (uint32_t)n};
    o->is_shard = true;
}

static error_t parse_model(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    switch (key) {
    case 'o':
        o->output = arg;
        return 0;
    case 'n':
        o->name = arg;
        return 0;
    case 'q':
        o->is_quiet = true;
        return 0;
    case OPT_POINTS:
        o->fit.max_points =
            tm_args_number(arg, "points", TM_DIST_POINTS_MIN, TM_DIST_POINTS_MAX, st);
        return 0;
    case OPT_K:
        o->pool.k = (uint32_t)tm_args_number(arg, "k", 1, TM_POOL_K_MAX, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp tm_options_model_argp = {.options = model_options, .parser = parse_model};

static void take_shards(struct tm_options *o, const struct argp_state *st)
{
    o->traces = st->argv + st->next;
    o->n_traces = (size_t)(st->argc - st->next);
}

static void check_shards(const struct tm_options *o, const struct argp_state *st)
{
    if (o->n_traces == 0)
        argp_error(st, "no shard; name the files that tm-learn learn --shard wrote");
}

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse_finish(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        st->child_inputs[0] = o;
        return 0;
    case ARGP_KEY_ARGS:
        take_shards(o, st);
        return 0;
    case ARGP_KEY_END:
        if (!o->output)
            argp_error(st, "no database; say where the model goes, e.g. -o models.db");
        if (!o->name)
            argp_error(st, "the model has no name; give one, e.g. --name https");
        tm_options_check_name("name", o->name, st);
        check_shards(o, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse_merge(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    switch (key) {
    case 'o':
        o->output = arg;
        return 0;
    case ARGP_KEY_ARGS:
        take_shards(o, st);
        return 0;
    case ARGP_KEY_END:
        if (!o->output)
            argp_error(st, "no file; say where the shard goes, e.g. -o all.shard");
        check_shards(o, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void tm_options_finish(struct tm_options *o, int argc, char **argv)
{
    static const struct argp_child children[] = {{&tm_options_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse_finish,
        .args_doc = "SHARD...",
        .doc =
            "Make a model of the shards that `tm-learn learn --shard' wrote and put it into a "
            "database."
            "\vAll parts of all captures must be there, in any order, merged or not.  The model is "
            "the one that a single pass over the captures gives.",
        .children = children,
    };
    tm_options_init(o);
    o->fit.max_points = 0;
    tm_args_parse(&argp, argc, argv, o);
}

void tm_options_merge(struct tm_options *o, int argc, char **argv)
{
    static const struct argp argp = {
        .options = merge_options,
        .parser = parse_merge,
        .args_doc = "SHARD...",
        .doc = "Put shards of `tm-learn learn --shard' together into one file."
               "\vA shard holds addresses and times: it is for its owner's eyes alone.  The same "
               "shards give the same file in any order.",
    };
    tm_options_init(o);
    tm_args_parse(&argp, argc, argv, o);
}
