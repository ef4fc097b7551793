/* tm-audit classify: options and files around audit/classify/classify.h. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/classify/classify.h"
#include "audit/classify/classify_command.h"
#include "audit/classify/classify_report.h"
#include "audit/commands.h"
#include "audit/features/material.h"
#include "audit/features/read_options.h"
#include "tm/cli/args.h"

#define INPUTS_MAX 1024U

struct input {
    char *cls; /* NULL: the labels', the table's or the file's name; owned */
    const char *path;
};

struct inputs {
    struct input v[INPUTS_MAX];
    uint32_t n;
    const char *labels, *split; /* NULL: none */
};

struct classify_options {
    struct inputs real, cover;
    struct tm_read_options read; /* labels and split: of the real ones; the rest is for both */
    struct tm_features_cfg features;
    struct tm_classify_cfg cfg;
    bool is_json, is_quiet;
};

enum {
    O_REAL = 256,
    O_COVER,
    O_COVER_LABELS,
    O_K,
    O_T,
    O_FALSE_ALARM,
    O_FOLDS,
    O_CONDITION,
    O_LOG,
    O_CLUSTERS,
    O_ROUNDS,
    O_SEED,
    O_JSON,
};

static const struct argp_option OPTIONS[] = {
    {"real", O_REAL, "[CLASS=]FILE", 0,
     "real connections: capture, or CSV of tm-audit features; again for each class", 0},
    {"cover", O_COVER, "CLASS[:NAME]=FILE", 0,
     "cover that poses as this class; again for each kind of cover", 0},
    {"cover-labels", O_COVER_LABELS, "FILE", 0, "labels.csv of the cover's recording: its sessions",
     0},
    {"k", O_K, "N", 0, "neighbours, 1 to 15 (3); 0: chosen by inner cross-validation", 0},
    {"t", O_T, "X", 0, "anomalous when d > X * m (0: X by inner cross-validation)", 0},
    {"false-alarm", O_FALSE_ALARM, "X", 0, "share of real connections that may be flagged (0.05)",
     0},
    {"folds", O_FOLDS, "N", 0, "of the cross-validation by session (5)", 0},
    {"condition", O_CONDITION, "X", 0,
     "features are dropped until their condition number is at most X (100); 0: none is", 0},
    {"log", O_LOG, NULL, 0, "features as logarithms, not as they are", 0},
    {"clusters", O_CLUSTERS, "N", 0, "of K-means (10)", 0},
    {"rounds", O_ROUNDS, "N", 0, "of the bootstrap for intervals (500)", 0},
    {"seed", O_SEED, "N", 0, "same seed, same output (1)", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {"quiet", 'q', NULL, 0, "no summary on standard error", 0},
    {0}};

static double fraction(struct argp_state *state, const char *name, const char *text, double max)
{
    char *end = NULL;
    double v = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(v) || v < 0 || v > max)
        argp_error(state, "--%s %s: a number from 0 to %g is wanted", name, text, max);
    return v;
}

/* "CLASS=FILE"; a text whose first = stands behind a / is a file's name alone. */
static void add_input(struct argp_state *state, struct inputs *in, char *text)
{
    size_t len = strcspn(text, "=/");
    if (in->n == INPUTS_MAX)
        argp_error(state, "more than %u files on one side", INPUTS_MAX);
    struct input *v = &in->v[in->n++];
    v->path = text[len] == '=' ? text + len + 1 : text;
    if (v->path == text)
        return;
    v->cls = strndup(text, len);
    if (len == 0 || *v->path == '\0' || !v->cls)
        argp_error(state, "%s: CLASS=FILE is wanted", text);
}

static error_t parse_files(int key, char *arg, struct argp_state *state)
{
    struct classify_options *o = state->input;
    switch (key) {
    case O_REAL:
        add_input(state, &o->real, arg);
        return 0;
    case O_COVER:
        add_input(state, &o->cover, arg);
        if (!o->cover.v[o->cover.n - 1].cls)
            argp_error(state, "--cover %s: CLASS=FILE is wanted, with the class it poses as", arg);
        return 0;
    case O_COVER_LABELS:
        o->cover.labels = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_attack(int key, char *arg, struct argp_state *state)
{
    struct classify_options *o = state->input;
    switch (key) {
    case O_K:
        o->cfg.k = (uint32_t)tm_audit_number(state, "k", arg, 0, TM_CLASSIFY_K_MAX);
        return 0;
    case O_T:
        o->cfg.t = fraction(state, "t", arg, 1e9);
        return 0;
    case O_FALSE_ALARM:
        o->cfg.false_alarm = fraction(state, "false-alarm", arg, 0.5);
        if (o->cfg.false_alarm <= 0)
            argp_error(state, "--false-alarm 0: a share above 0 is wanted");
        return 0;
    case O_FOLDS:
        o->cfg.folds = (uint32_t)tm_audit_number(state, "folds", arg, 3, 255);
        return 0;
    case O_CONDITION:
        o->cfg.condition_limit = fraction(state, "condition", arg, 1e12);
        return 0;
    case O_LOG:
        o->cfg.scale = TM_SCALE_LOG;
        return 0;
    case O_CLUSTERS:
        o->cfg.n_clusters = (uint32_t)tm_audit_number(state, "clusters", arg, 2, 1000);
        return 0;
    case O_ROUNDS:
        o->cfg.n_boot = (uint32_t)tm_audit_number(state, "rounds", arg, 100, 100000);
        return 0;
    case O_SEED:
        o->cfg.seed = (uint64_t)tm_audit_number(state, "seed", arg, 0, INT64_MAX);
        return 0;
    default:
        return parse_files(key, arg, state);
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct classify_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->read;
        return 0;
    case O_JSON:
        o->is_json = true;
        return 0;
    case 'q':
        o->is_quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: files come with --real or --cover", arg);
        return 0;
    case ARGP_KEY_END:
        if (o->real.n == 0)
            argp_error(state, "--real is needed, once for each class");
        return 0;
    default:
        return parse_attack(key, arg, state);
    }
}

/* Reads one side. */
static int read_side(struct tm_table *out, const struct inputs *in,
                     const struct classify_options *o, struct tm_material_counts *counts,
                     struct tm_msg *msg)
{
    struct tm_labels labels = {0};
    struct tm_material_cfg cfg = o->read.material;
    int rc = in->labels ? tm_material_labels(&labels, in->labels, msg) : TM_OK;
    cfg.labels = in->labels ? &labels : NULL;
    cfg.split = in->split;
    if (rc == TM_OK)
        rc = tm_features_columns(out, &o->features);
    for (uint32_t i = 0; i < in->n && rc == TM_OK; i++) {
        uint32_t cls = 0;
        uint32_t first = out->n_rows;
        cfg.cls = in->v[i].cls;
        rc = tm_material_rows(out, &o->features, in->v[i].path, &cfg, counts, msg);
        if (rc != TM_OK || !in->v[i].cls)
            continue;
        rc = tm_table_name(out, in->v[i].cls, &cls);
        for (uint32_t r = first; r < out->n_rows; r++)
            out->rows[r].cls = cls;
    }
    tm_labels_deinit(&labels);
    return rc;
}

static void summarise(const char *side, const struct tm_material_counts *n)
{
    (void)fprintf(stderr,
                  "tm-audit: classify: %s: %" PRIu64 " connections from %" PRIu64
                  " files; left out: %" PRIu64 " incomplete, %" PRIu64 " of another split",
                  side, n->n_kept, n->n_captures, n->n_incomplete, n->n_other_split);
    if (n->n_unlabelled > 0)
        (void)fprintf(stderr, "; %" PRIu64 " without a label", n->n_unlabelled);
    (void)fputc('\n', stderr);
}

static enum tm_material_side usual_side(const struct tm_material_counts *n)
{
    unsigned most = TM_TAP_UNKNOWN;
    for (unsigned s = TM_TAP_CLIENT; s < TM_MATERIAL_SIDES; s++)
        if (n->n_side[s] > n->n_side[most] || most == TM_TAP_UNKNOWN)
            most = n->n_side[s] > 0 ? s : most;
    return (enum tm_material_side)most;
}

/* Features of two places on the path differ, whatever was sent. */
static void warn_of_sides(const struct tm_material_counts *real,
                          const struct tm_material_counts *cover)
{
    enum tm_material_side a = usual_side(real);
    enum tm_material_side b = usual_side(cover);
    if (a != TM_TAP_UNKNOWN && b != TM_TAP_UNKNOWN && a != b)
        (void)fprintf(
            stderr,
            "tm-audit: warning: real connections were captured %s, cover %s: what differs "
            "may be the place\n",
            tm_material_side_name(a), tm_material_side_name(b));
}

static int classify(const struct classify_options *o, tm_classify_emit_fn emit, void *ctx)
{
    struct tm_table real = {0};
    struct tm_table cover = {0};
    struct tm_material_counts counts[2] = {{0}, {0}};
    struct tm_classify_result result = {0};
    struct tm_msg msg = {""};
    int status = 0;
    int rc = read_side(&real, &o->real, o, &counts[0], &msg);
    if (rc == TM_OK)
        rc = read_side(&cover, &o->cover, o, &counts[1], &msg);
    if (rc != TM_OK)
        goto out;
    if (!o->is_quiet) {
        summarise("real", &counts[0]);
        if (o->cover.n > 0)
            summarise("cover", &counts[1]);
        warn_of_sides(&counts[0], &counts[1]);
    }
    if (o->cover.n > 0 && cover.n_rows == 0) {
        rc = tm_msg_set(&msg, TM_ERR_FORMAT,
                        "no complete connection is left of the cover (see --keep-incomplete)");
        goto out;
    }
    rc = tm_classify(&result, &real, &cover, &o->cfg, &msg);
    if (rc != TM_OK)
        goto out;
    if (emit) {
        status = emit(ctx, &result);
        goto out;
    }
    (o->is_json ? tm_classify_report_json : tm_classify_report_text)(&result, &o->cfg, stdout);
    if (fflush(stdout) != 0 || ferror(stdout))
        rc = tm_msg_set(&msg, TM_ERR_IO, "standard output: %s", strerror(errno));
out:
    tm_classify_deinit(&result);
    tm_table_deinit(&real);
    tm_table_deinit(&cover);
    if (rc == TM_OK)
        return status;
    return msg.text[0] != '\0' ? tm_audit_complain(&msg) : tm_audit_nomem();
}

static void forget(struct inputs *in)
{
    for (uint32_t i = 0; i < in->n; i++)
        free(in->v[i].cls);
}

int tm_classify_command(int argc, char **argv, tm_classify_emit_fn emit, void *ctx)
{
    static const struct argp_child CHILDREN[] = {{&tm_read_argp, 0, NULL, 0}, {0}};
    static const struct argp ARGP = {
        .options = OPTIONS,
        .parser = parse,
        .args_doc = "--real [CLASS=]FILE... [--cover CLASS[:NAME]=FILE...]",
        .doc = "Name the protocol of connections and find cover, as TrafficMimic's authors tried.",
        .children = CHILDREN};
    struct classify_options o = {.read = tm_read_options_default(),
                                 .features = {.groups = TM_GROUP_POSTER},
                                 .cfg = tm_classify_cfg_default()};
    tm_args_parse(&ARGP, argc, argv, &o);
    o.real.labels = o.read.labels;
    o.real.split = o.read.material.split;
    o.features.floor_us = o.read.floor_us;
    int status = classify(&o, emit, ctx);
    forget(&o.real);
    forget(&o.cover);
    return status;
}

int tm_cmd_classify(int argc, char **argv)
{
    return tm_classify_command(argc, argv, NULL, NULL);
}
