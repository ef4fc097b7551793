/* tm-audit features: options and files around audit/features/material.h, csv.h and npz.h. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/commands.h"
#include "audit/features/csv.h"
#include "audit/features/features_report.h"
#include "audit/features/material.h"
#include "audit/features/npz.h"
#include "audit/features/read_options.h"
#include "tm/cli/args.h"

struct features_options {
    const char *output; /* NULL: standard output */
    struct tm_read_options read;
    struct tm_features_cfg features;
    uint32_t max_len;
    bool is_npz, is_json, is_quiet;
    char **inputs;
    size_t n_inputs;
};

enum { O_CLASS = 256, O_GROUPS, O_NPZ, O_MAX_LEN, O_JSON };

static const struct argp_option OPTIONS[] = {
    {"output", 'o', "FILE", 0, "write here, not to standard output; NAME.npz makes an NPZ", 0},
    {"class", O_CLASS, "NAME", 0,
     "class of connections without a label (the capture's name up to its first dot)", 0},
    {"groups", O_GROUPS, "NAME[,NAME]...", 0,
     "poster, sizes, times, cumul, all or tam (all, which is without tam)", 0},
    {"npz", O_NPZ, NULL, 0,
     "write an NPZ in WFlib's layout: sequences, or with --groups tam matrices", 0},
    {"max-len", O_MAX_LEN, "N", 0, "packets of a sequence in an NPZ (5000)", 0},
    {"json", O_JSON, NULL, 0, "print the summary as one JSON object; needs --output", 0},
    {"quiet", 'q', NULL, 0, "no summary on standard error", 0},
    {0}};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

static void check(struct features_options *o, struct argp_state *state)
{
    if (o->n_inputs == 0)
        argp_error(state, "name at least one capture");
    if (o->is_json && !o->output)
        argp_error(state, "--json prints a summary on standard output: name the table's file with "
                          "--output");
    o->is_npz |= o->output && ends_with(o->output, ".npz");
    if (!o->is_npz)
        return;
    if (!o->output)
        argp_error(state, "an NPZ cannot be written to standard output: name it with --output");
    if (o->features.groups != 0 && o->features.groups != TM_GROUP_TAM)
        argp_error(state, "an NPZ holds sequences, or matrices with --groups tam; write CSV for "
                          "the other groups");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct features_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->read;
        return 0;
    case 'o':
        o->output = arg;
        return 0;
    case O_CLASS:
        o->read.material.cls = arg;
        return 0;
    case O_GROUPS:
        o->features.groups |= tm_read_groups(state, arg);
        return 0;
    case O_NPZ:
        o->is_npz = true;
        return 0;
    case O_MAX_LEN:
        o->max_len = (uint32_t)tm_audit_number(state, "max-len", arg, 1, 1 << 24);
        return 0;
    case O_JSON:
        o->is_json = true;
        return 0;
    case 'q':
        o->is_quiet = true;
        return 0;
    case ARGP_KEY_ARGS:
        o->inputs = state->argv + state->next;
        o->n_inputs = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        check(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- output: a file appears only when it is whole ---- */

struct output {
    FILE *f;
    char *part;
    const char *path;
};

static int output_open(struct output *out, const char *path, struct tm_msg *msg)
{
    *out = (struct output){.f = stdout, .path = path};
    if (!path)
        return TM_OK;
    if (asprintf(&out->part, "%s.part", path) < 0) {
        out->part = NULL;
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    }
    out->f = fopen(out->part, "wb");
    return out->f ? TM_OK
                  : tm_msg_set(msg, TM_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
}

static int output_close(struct output *out, int rc, struct tm_msg *msg)
{
    const char *name = out->path ? out->path : "standard output";
    if (rc == TM_ERR_IO && msg->text[0] == '\0')
        (void)tm_msg_set(msg, rc, "%s: %s", name, strerror(errno));
    if (out->path && out->f) {
        bool is_closed = fclose(out->f) == 0;
        if (rc == TM_OK && (!is_closed || rename(out->part, out->path) != 0))
            rc = tm_msg_set(msg, TM_ERR_IO, "%s: %s", name, strerror(errno));
        if (rc != TM_OK)
            (void)remove(out->part);
    }
    free(out->part);
    return rc;
}

/* ---- work ---- */

/* The report on the rows, as text that waits until the file is whole. */
static int describe(const struct features_options *o, struct tm_features_report *r, char **text)
{
    size_t len = 0;
    FILE *f = open_memstream(text, &len);
    if (!f)
        return TM_ERR_NOMEM;
    r->output = o->output;
    r->format = o->is_npz ? "npz" : "csv";
    r->floor_us = o->features.floor_us;
    int rc = (o->is_json ? tm_features_report_json : tm_features_report_text)(r, f);
    return fclose(f) == 0 ? rc : TM_ERR_NOMEM;
}

static int check_kept(const struct tm_material_counts *n, struct tm_msg *msg)
{
    if (n->n_kept > 0)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_FORMAT,
                      "no connection is left of %" PRIu64 ": %" PRIu64
                      " are incomplete (no opening, no end, or no payload one way; see "
                      "--keep-incomplete), %" PRIu64 " of another split",
                      n->n_conns, n->n_incomplete, n->n_other_split);
}

static int describe_table(const struct features_options *o, const struct tm_table *t,
                          const struct tm_material_counts *counts, char **text)
{
    struct tm_features_member *v = calloc((size_t)t->n_rows + 1, sizeof *v);
    struct tm_features_report r = {.n_cols = t->n_cols,
                                   .counts = counts,
                                   .names = t->names,
                                   .n_names = t->n_names,
                                   .v = v,
                                   .n = t->n_rows};
    for (uint32_t i = 0; v && i < t->n_rows; i++)
        v[i] = (struct tm_features_member){t->rows[i].cls, t->rows[i].session};
    int rc = v ? describe(o, &r, text) : TM_ERR_NOMEM;
    free(v);
    return rc;
}

static int run_csv(const struct features_options *o, FILE *out, char **text, struct tm_msg *msg)
{
    struct tm_table t = {0};
    struct tm_material_counts counts = {0};
    int rc = tm_features_columns(&t, &o->features);
    for (size_t i = 0; i < o->n_inputs && rc == TM_OK; i++)
        rc = tm_material_rows(&t, &o->features, o->inputs[i], &o->read.material, &counts, msg);
    if (rc == TM_OK)
        rc = check_kept(&counts, msg);
    if (rc == TM_OK)
        rc = tm_csv_write(&t, out);
    if (rc == TM_OK)
        rc = describe_table(o, &t, &counts, text);
    tm_table_deinit(&t);
    return rc;
}

static int describe_set(const struct features_options *o, const struct tm_trace_set *set,
                        const struct tm_material_counts *counts, char **text)
{
    struct tm_features_member *v = calloc(set->n + 1, sizeof *v);
    struct tm_features_report r = {.n_cols = o->features.groups ? 2 * TM_TAM_SLOTS : o->max_len,
                                   .counts = counts,
                                   .names = set->names,
                                   .n_names = set->n_names,
                                   .v = v,
                                   .n = set->n};
    for (size_t i = 0; v && i < set->n; i++)
        v[i] = (struct tm_features_member){set->v[i].cls, set->v[i].session};
    int rc = v ? describe(o, &r, text) : TM_ERR_NOMEM;
    free(v);
    return rc;
}

static int run_npz(const struct features_options *o, FILE *out, char **text, struct tm_msg *msg)
{
    struct tm_trace_set set = {0};
    struct tm_material_counts counts = {0};
    const struct tm_npz_cfg cfg = {.kind = o->features.groups ? TM_NPZ_TAM : TM_NPZ_SEQUENCES,
                                   .max_len = o->max_len,
                                   .floor_us = o->features.floor_us};
    int rc = TM_OK;
    for (size_t i = 0; i < o->n_inputs && rc == TM_OK; i++)
        rc = tm_material_read(&set, o->inputs[i], &o->read.material, &counts, msg);
    if (rc == TM_OK)
        rc = check_kept(&counts, msg);
    if (rc == TM_OK)
        rc = tm_npz_write(&set, &cfg, out);
    if (rc == TM_ERR_LIMIT && msg->text[0] == '\0')
        (void)tm_msg_set(msg, rc, "%s: would exceed 4 GiB; take a smaller --max-len", o->output);
    if (rc == TM_OK)
        rc = describe_set(o, &set, &counts, text);
    tm_trace_set_deinit(&set);
    return rc;
}

int tm_cmd_features(int argc, char **argv)
{
    static const struct argp_child CHILDREN[] = {{&tm_read_argp, 0, NULL, 0}, {0}};
    static const struct argp ARGP = {.options = OPTIONS,
                                     .parser = parse,
                                     .args_doc = "CAPTURE...",
                                     .doc =
                                         "Turn the connections of captures into rows of features.",
                                     .children = CHILDREN};
    struct features_options o = {.read = tm_read_options_default(), .max_len = 5000};
    struct tm_labels labels = {0};
    struct output out = {0};
    struct tm_msg msg = {""};
    char *text = NULL;
    tm_args_parse(&ARGP, argc, argv, &o);
    o.features.floor_us = o.read.floor_us;
    int rc = o.read.labels ? tm_material_labels(&labels, o.read.labels, &msg) : TM_OK;
    o.read.material.labels = o.read.labels ? &labels : NULL;
    if (rc == TM_OK) {
        rc = output_open(&out, o.output, &msg);
        if (rc == TM_OK)
            rc = (o.is_npz ? run_npz : run_csv)(&o, out.f, &text, &msg);
        rc = output_close(&out, rc, &msg);
    }
    if (rc == TM_OK && text && (o.is_json || !o.is_quiet))
        (void)fputs(text, o.is_json ? stdout : stderr);
    if (rc == TM_OK && fflush(stdout) != 0)
        rc = tm_msg_set(&msg, TM_ERR_IO, "standard output: %s", strerror(errno));
    free(text);
    tm_labels_deinit(&labels);
    if (rc == TM_OK)
        return 0;
    return msg.text[0] != '\0' ? tm_audit_complain(&msg) : tm_audit_nomem();
}
