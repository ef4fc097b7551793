#include "learner/audit_options.h"

#include <argp.h>
#include <stdlib.h>

#include "learner/pool.h"
#include "tm/cli/args.h"

enum {
    OPT_TRAIN = 0x100,
    OPT_HELDOUT,
    OPT_K,
    OPT_MAX_RARE,
    OPT_MIN_RATIO,
    OPT_MIN_RATIO_Q05,
    OPT_MAX_COPIES,
    OPT_MAX_STRETCH,
    OPT_DRAWN,
    OPT_JSON,
};

static const struct argp_option options[] = {
    {"train", OPT_TRAIN, "TRACE", 0, "a capture that the model was learned from; may be repeated",
     1},
    {"heldout", OPT_HELDOUT, "TRACE", 0,
     "a capture of the same kind that it was not learned from; may be repeated", 1},
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 1},
    {"k", OPT_K, "N", 0, "a value should stand for at least N observations (8)", 2},
    {"max-rare", OPT_MAX_RARE, "PERCENT", 0,
     "... and so much of a parameter's draws, or of its values, at most be just what fewer "
     "observations of the training captures were, above chance (5)",
     2},
    {"min-ratio", OPT_MIN_RATIO, "RATIO", 0,
     "drawn connections lie at least so far from training ones as held-out ones do, by the median "
     "(0.8)",
     2},
    {"min-ratio-q05", OPT_MIN_RATIO_Q05, "RATIO", 0, "... and by the 5 % quantile (0.5)", 2},
    {"max-copies", OPT_MAX_COPIES, "PERCENT", 0,
     "so many more drawn connections than held-out ones may equal a training one (5)", 2},
    {"max-stretch", OPT_MAX_STRETCH, "PERCENT", 0,
     "so much more of a drawn connection than of a held-out one may be one stretch of a training "
     "one (25)",
     2},
    {"connections", OPT_DRAWN, "N", 0, "connections to draw from the model (2000)", 2},
    {0},
};

static double number(const char *arg, const char *option, double max, const struct argp_state *st)
{
    char *end;
    double v = arg[0] >= '0' && arg[0] <= '9' ? strtod(arg, &end) : -1;
    if (!(v >= 0 && v <= max) || *end != '\0')
        argp_error(st, "--%s %s: not a number from 0 to %g", option, arg, max);
    return v;
}

static void add_capture(char **list, size_t *n, char *arg, const struct argp_state *st)
{
    if (*n == TM_AUDIT_CAPTURES_MAX)
        argp_error(st, "at most %u captures", TM_AUDIT_CAPTURES_MAX);
    list[(*n)++] = arg;
}

static void check_usage(const struct tm_audit_options *o, const struct argp_state *st)
{
    if (!o->name)
        argp_error(st, "name a database and a model, e.g. models.db https");
    if (o->n_train == 0)
        argp_error(st, "no training capture; name what the model was learned from, --train TRACE");
    if (o->limits.k < 1 || o->limits.n_drawn < 1)
        argp_error(st, "--k and --connections are at least 1");
}

static error_t parse_limit(int key, const char *arg, struct argp_state *st)
{
    struct tm_exposure_cfg *l = &((struct tm_audit_options *)st->input)->limits;
    switch (key) {
    case OPT_K:
        l->k = (uint32_t)number(arg, "k", TM_POOL_K_MAX, st);
        return 0;
    case OPT_MAX_RARE:
        l->max_rare = number(arg, "max-rare", 100, st) / 100;
        return 0;
    case OPT_MIN_RATIO:
        l->min_ratio = number(arg, "min-ratio", 100, st);
        return 0;
    case OPT_MIN_RATIO_Q05:
        l->min_ratio_q05 = number(arg, "min-ratio-q05", 100, st);
        return 0;
    case OPT_MAX_COPIES:
        l->max_copies = number(arg, "max-copies", 100, st) / 100;
        return 0;
    case OPT_MAX_STRETCH:
        l->max_stretch = number(arg, "max-stretch", 100, st) / 100;
        return 0;
    case OPT_DRAWN:
        l->n_drawn = (uint32_t)number(arg, "connections", 1e6, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct tm_audit_options *o = st->input;
    switch (key) {
    case OPT_TRAIN:
        add_capture(o->train, &o->n_train, arg, st);
        return 0;
    case OPT_HELDOUT:
        add_capture(o->heldout, &o->n_heldout, arg, st);
        return 0;
    case OPT_JSON:
        o->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (st->arg_num > 1)
            argp_error(st, "%s: one database and one model; captures follow --train and --heldout",
                       arg);
        *(st->arg_num == 0 ? &o->database : &o->name) = arg;
        return 0;
    case ARGP_KEY_END:
        check_usage(o, st);
        return 0;
    default:
        return parse_limit(key, arg, st);
    }
}

void tm_audit_options(struct tm_audit_options *o, int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "models.db NAME",
        .doc = "Say what somebody who has a model could learn about the captures that it was "
               "learned from, and fail when that is too much."
               "\vThe captures are read as the model's provenance says that it was learned.",
    };
    *o = (struct tm_audit_options){.limits = tm_exposure_cfg_default()};
    tm_args_parse(&argp, argc, argv, o);
}
