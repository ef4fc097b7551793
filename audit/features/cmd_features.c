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
#include "audit/features/material.h"
#include "audit/features/npz.h"
#include "audit/features/read_options.h"

struct features_options {
    const char *output; /* NULL: standard output */
    struct tm_read_options read;
    struct tm_features_cfg features;
    uint32_t max_len;
    bool is_npz, is_quiet;
    char **inputs;
    size_t n_inputs;
};

enum { O_CLASS = 256, O_GROUPS, O_NPZ, O_MAX_LEN };

static const struct argp_option OPTIONS[] = {
    {"output", 'o', "FILE", 0, "write here, not to standard output; NAME.npz makes an NPZ", 0},
    {"class", O_CLASS, "NAME", 0,
     "class of connections without a label (the capture's name up to its first dot)", 0},
    {"groups", O_GROUPS, "NAME[,NAME]...", 0,
     "poster, sizes, times, cumul, all or tam (all, which is without tam)", 0},
    {"npz", O_NPZ, NULL, 0,
     "write an NPZ in WFlib's layout: sequences, or with --groups tam matrices", 0},
    {"max-len", O_MAX_LEN, "N", 0, "packets of a sequence in an NPZ (5000)", 0},
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

static uint32_t count_used(const uint32_t *used, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += used[i];
    return sum;
}

static void summarise(const struct tm_material_counts *n, uint32_t n_classes, uint32_t n_sessions)
{
    (void)fprintf(stderr,
                  "tm-audit: features: %" PRIu64 " connections of %" PRIu32 " sessions in %" PRIu32
                  " classes from %" PRIu64 " files; left out: %" PRIu64 " incomplete, %" PRIu64
                  " of another split",
                  n->n_kept, n_sessions, n_classes, n->n_captures, n->n_incomplete,
                  n->n_other_split);
    if (n->n_unlabelled > 0)
        (void)fprintf(stderr, "; %" PRIu64 " without a label", n->n_unlabelled);
    for (unsigned side = TM_TAP_CLIENT; side < TM_MATERIAL_SIDES; side++) {
        if (n->n_side[side] > 0)
            (void)fprintf(stderr, "; %" PRIu64 " captured %s", n->n_side[side],
                          tm_material_side_name((enum tm_material_side)side));
    }
    (void)fputc('\n', stderr);
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

static int run_csv(const struct features_options *o, FILE *out, struct tm_msg *msg)
{
    struct tm_table t = {0};
    struct tm_material_counts counts = {0};
    uint32_t *used = NULL;
    int rc = tm_features_columns(&t, &o->features);
    for (size_t i = 0; i < o->n_inputs && rc == TM_OK; i++)
        rc = tm_material_rows(&t, &o->features, o->inputs[i], &o->read.material, &counts, msg);
    if (rc == TM_OK)
        rc = check_kept(&counts, msg);
    if (rc == TM_OK)
        rc = tm_csv_write(&t, out);
    used = rc == TM_OK ? calloc((size_t)t.n_names + 1, 2 * sizeof *used) : NULL;
    if (used && !o->is_quiet) {
        for (uint32_t r = 0; r < t.n_rows; r++) {
            used[t.rows[r].cls] = 1;
            used[t.n_names + t.rows[r].session] = 1;
        }
        summarise(&counts, count_used(used, t.n_names), count_used(used + t.n_names, t.n_names));
    }
    free(used);
    tm_table_deinit(&t);
    return rc;
}

static int run_npz(const struct features_options *o, FILE *out, struct tm_msg *msg)
{
    struct tm_trace_set set = {0};
    struct tm_material_counts counts = {0};
    const struct tm_npz_cfg cfg = {.kind = o->features.groups ? TM_NPZ_TAM : TM_NPZ_SEQUENCES,
                                   .max_len = o->max_len,
                                   .floor_us = o->features.floor_us};
    int rc = TM_OK;
    uint32_t *used = NULL;
    for (size_t i = 0; i < o->n_inputs && rc == TM_OK; i++)
        rc = tm_material_read(&set, o->inputs[i], &o->read.material, &counts, msg);
    if (rc == TM_OK)
        rc = check_kept(&counts, msg);
    if (rc == TM_OK)
        rc = tm_npz_write(&set, &cfg, out);
    if (rc == TM_ERR_LIMIT && msg->text[0] == '\0')
        (void)tm_msg_set(msg, rc, "%s: would exceed 4 GiB; take a smaller --max-len", o->output);
    used = rc == TM_OK ? calloc((size_t)set.n_names + 1, 2 * sizeof *used) : NULL;
    if (used && !o->is_quiet) {
        for (size_t r = 0; r < set.n; r++) {
            used[set.v[r].cls] = 1;
            used[set.n_names + set.v[r].session] = 1;
        }
        summarise(&counts, count_used(used, set.n_names),
                  count_used(used + set.n_names, set.n_names));
    }
    free(used);
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
    (void)argp_parse(&ARGP, argc, argv, 0, NULL, &o);
    o.features.floor_us = o.read.floor_us;
    int rc = o.read.labels ? tm_material_labels(&labels, o.read.labels, &msg) : TM_OK;
    o.read.material.labels = o.read.labels ? &labels : NULL;
    if (rc == TM_OK) {
        rc = output_open(&out, o.output, &msg);
        if (rc == TM_OK)
            rc = (o.is_npz ? run_npz : run_csv)(&o, out.f, &msg);
        rc = output_close(&out, rc, &msg);
    }
    tm_labels_deinit(&labels);
    if (rc == TM_OK)
        return 0;
    return msg.text[0] != '\0' ? tm_audit_complain(&msg) : tm_audit_nomem();
}
