#include "audit/detect/detect_options.h"

#include <argp.h>
#include <string.h>

#include "audit/commands.h"
#include "tm/cli/args.h"

#define DEFAULT_BLOCK 10

enum {
    O_REAL = 256,
    O_COVER,
    O_TRAIN,
    O_COVER_LABELS,
    O_COVER_LOG,
    O_GROUPS,
    O_LEARNER,
    O_TREES,
    O_FOLDS,
    O_NULL,
    O_MAX,
    O_ONE,
    O_NO_CONTROLS,
    O_ALLOW_SIDE,
    O_SEED,
    O_JSON
};

static const struct argp_option OPTIONS[] = {
    {"real", O_REAL, "FILE", 0, "capture of real connections; can be given again", 0},
    {"cover", O_COVER, "FILE", 0, "capture of what is to pass for real; can be given again", 0},
    {"train", O_TRAIN, "FILE", 0,
     "capture of real connections that the cover was learned from: floors and memorisation; can be "
     "given again",
     0},
    {"cover-labels", O_COVER_LABELS, "FILE", 0, "labels.csv of --cover", 0},
    {"cover-log", O_COVER_LOG, "FILE", 0,
     "schedule log of the client that made --cover: sessions are its users; can be given again", 0},
    {"groups", O_GROUPS, "NAME[,NAME]...", 0,
     "poster, sizes, times, cumul, all, tam (all of them but tam)", 0},
    {"learner", O_LEARNER, "NAME", 0, "boosted trees or a forest (boosted)", 0},
    {"trees", O_TREES, "N", 0, "trees of the learner (100; forest 150)", 0},
    {"folds", O_FOLDS, "N", 0, "folds of the cross-validation (5)", 0},
    {"null", O_NULL, "N", 0, "permutations of session labels that are learned anew (8)", 0},
    {"max", O_MAX, "N", 0, "connections a side at most (all)", 0},
    {"one-per-load", O_ONE, NULL, 0, "one connection of each page load, drawn at random", 0},
    {"no-controls", O_NO_CONTROLS, NULL, 0, "leave out the controls", 0},
    {"allow-side", O_ALLOW_SIDE, NULL, 0,
     "compare captures although they were taken at different ends of the path", 0},
    {"seed", O_SEED, "N", 0, "of everything that is drawn (1)", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {0}};

static void add_file(struct argp_state *state, struct tm_detect_files *f, const char *path)
{
    if (f->n == TM_DETECT_FILES_MAX)
        argp_error(state, "more than %u files of one kind", TM_DETECT_FILES_MAX);
    f->path[f->n++] = path;
}

static void set_learner(struct argp_state *state, struct tm_detect_cfg *cfg, const char *name)
{
    if (strcmp(name, "boosted") == 0)
        cfg->trees = tm_detect_trees(TM_TREES_BOOSTED);
    else if (strcmp(name, "forest") == 0)
        cfg->trees = tm_detect_trees(TM_TREES_FOREST);
    else
        argp_error(state, "--learner %s: boosted or forest is wanted", name);
}

static error_t parse_experiment(int key, char *arg, struct argp_state *state)
{
    struct tm_detect_options *o = state->input;
    struct tm_detect_cfg *cfg = &o->cfg;
    switch (key) {
    case O_GROUPS:
        cfg->groups |= tm_read_groups(state, arg);
        return 0;
    case O_LEARNER:
        set_learner(state, cfg, arg);
        return 0;
    case O_TREES:
        cfg->trees.n_trees = (uint32_t)tm_audit_number(state, "trees", arg, 1, 10000);
        return 0;
    case O_FOLDS:
        cfg->folds = (uint32_t)tm_audit_number(state, "folds", arg, 2, 50);
        return 0;
    case O_NULL:
        cfg->n_null = (uint32_t)tm_audit_number(state, "null", arg, 0, 10000);
        return 0;
    case O_MAX:
        cfg->max_conns = (uint32_t)tm_audit_number(state, "max", arg, 1, UINT32_MAX);
        return 0;
    case O_ONE:
        cfg->is_one_per_load = true;
        return 0;
    case O_NO_CONTROLS:
        cfg->has_controls = false;
        return 0;
    case O_SEED:
        cfg->seed = (uint64_t)tm_audit_number(state, "seed", arg, 0, INT64_MAX);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct tm_detect_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->read;
        return 0;
    case O_REAL:
    case O_COVER:
    case O_TRAIN:
        add_file(state, &o->side[key - O_REAL], arg);
        return 0;
    case O_COVER_LABELS:
        o->cover_labels = arg;
        return 0;
    case O_COVER_LOG:
        add_file(state, &o->cover_logs, arg);
        return 0;
    case O_ALLOW_SIDE:
        o->may_differ_in_side = true;
        return 0;
    case O_JSON:
        o->is_json = true;
        return 0;
    case ARGP_KEY_END:
        if (o->side[TM_REAL].n == 0 || o->side[TM_COVER].n == 0)
            argp_error(state, "--real and --cover are needed");
        if (o->cover_labels && o->cover_logs.n > 0)
            argp_error(state, "--cover-labels or --cover-log: sessions come from one of them");
        return 0;
    default:
        return parse_experiment(key, arg, state);
    }
}

void tm_detect_options_parse(struct tm_detect_options *o, int argc, char **argv)
{
    static const struct argp_child CHILDREN[] = {{&tm_read_argp, 0, NULL, 0}, {0}};
    static const struct argp ARGP = {
        .options = OPTIONS,
        .parser = parse,
        .args_doc = "--real FILE --cover FILE [--train FILE]",
        .doc =
            "Train an observer to tell cover connections from real ones, and say how well it does.",
        .children = CHILDREN};
    *o = (struct tm_detect_options){.cfg = tm_detect_cfg_default(),
                                    .read = tm_read_options_default()};
    o->read.material.block_us = INT64_C(1000000) * DEFAULT_BLOCK;
    tm_args_parse(&ARGP, argc, argv, o);
    o->cfg.floor_us = o->read.floor_us;
}
