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

struct features_options {
    const char *output; /* NULL: standard output */
    const char *labels;
    struct tm_material_cfg material;
    struct tm_features_cfg features;
    uint32_t max_len;
    bool is_npz, is_quiet;
    char **inputs;
    size_t n_inputs;
};

enum {
    O_LABELS = 256,
    O_SPLIT,
    O_CLASS,
    O_GROUPS,
    O_FLOOR,
    O_NPZ,
    O_MAX_LEN,
    O_BLOCK,
    O_INCOMPLETE,
    O_QUIET
};

static const struct argp_option OPTIONS[] = {
    {"output", 'o', "FILE", 0, "write here, not to standard output; NAME.npz makes an NPZ", 0},
    {"labels", O_LABELS, "FILE", 0, "labels.csv of the recording: classes, sessions, page loads",
     0},
    {"split", O_SPLIT, "NAME", 0, "only connections of this split of the labels: train, heldout",
     0},
    {"class", O_CLASS, "NAME", 0,
     "class of connections without a label (the capture's name up to its first dot)", 0},
    {"port", 'p', "N[,N]...", 0,
     "servers' ports (every connection whose opening was captured); can be given again", 0},
    {"groups", O_GROUPS, "NAME[,NAME]...", 0,
     "poster, sizes, times, cumul, all or tam (all, which is without tam)", 0},
    {"floor-us", O_FLOOR, "N", 0, "round times down to multiples of N us (1000); 0: as captured",
     0},
    {"npz", O_NPZ, NULL, 0,
     "write an NPZ in WFlib's layout: sequences, or with --groups tam matrices", 0},
    {"max-len", O_MAX_LEN, "N", 0, "packets of a sequence in an NPZ (5000)", 0},
    {"block-s", O_BLOCK, "N", 0,
     "connections without a label: what begins within N s is one session (0: each its own)", 0},
    {"keep-incomplete", O_INCOMPLETE, NULL, 0,
     "keep connections without opening, end, or payload both ways", 0},
    {"quiet", 'q', NULL, 0, "no summary on standard error", 0},
    {0}};

static unsigned groups(struct argp_state *state, const char *text)
{
    unsigned mask = 0;
    for (const char *p = text; p;) {
        char name[16] = "";
        size_t len = strcspn(p, ",");
        unsigned bit = 0;
        if (len < sizeof name) {
            memcpy(name, p, len);
            bit = tm_feature_group_of(name);
        }
        if (bit == 0)
            argp_error(state, "--groups %s: poster, sizes, times, cumul, all or tam are wanted",
                       text);
        mask |= bit;
        p = p[len] == ',' ? p + len + 1 : NULL;
    }
    return mask;
}

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
    if (o->material.split && !o->labels)
        argp_error(state, "--split needs --labels, which say what belongs to a split");
    o->is_npz |= o->output && ends_with(o->output, ".npz");
    if (!o->is_npz)
        return;
    if (!o->output)
        argp_error(state, "an NPZ cannot be written to standard output: name it with --output");
    if (o->features.groups != 0 && o->features.groups != TM_GROUP_TAM)
        argp_error(state, "an NPZ holds sequences, or matrices with --groups tam; write CSV for "
                          "the other groups");
}

/* Options that fill what the attack commands share. */
static error_t parse_material(int key, char *arg, struct argp_state *state)
{
    struct features_options *o = state->input;
    struct tm_msg msg = {""};
    switch (key) {
    case O_LABELS:
        o->labels = arg;
        return 0;
    case O_SPLIT:
        o->material.split = arg;
        return 0;
    case O_CLASS:
        o->material.cls = arg;
        return 0;
    case 'p':
        if (tm_material_ports(&o->material, arg, &msg) != TM_OK)
            argp_error(state, "--port %s", msg.text);
        return 0;
    case O_BLOCK:
        o->material.block_us = tm_audit_number(state, "block-s", arg, 0, 1 << 30) * 1000000;
        return 0;
    case O_INCOMPLETE:
        o->material.keep_incomplete = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct features_options *o = state->input;
    switch (key) {
    case 'o':
        o->output = arg;
        return 0;
    case O_GROUPS:
        o->features.groups |= groups(state, arg);
        return 0;
    case O_FLOOR:
        o->features.floor_us = tm_audit_number(state, "floor-us", arg, 0, INT64_C(1) << 40);
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
        return parse_material(key, arg, state);
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
        rc = tm_material_rows(&t, &o->features, o->inputs[i], &o->material, &counts, msg);
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
        rc = tm_material_read(&set, o->inputs[i], &o->material, &counts, msg);
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
    static const struct argp ARGP = {
        OPTIONS, parse, "CAPTURE...", "Turn the connections of captures into rows of features.",
        NULL,    NULL,  NULL};
    struct features_options o = {.features = {.floor_us = 1000}, .max_len = 5000};
    struct tm_labels labels = {0};
    struct output out = {0};
    struct tm_msg msg = {""};
    (void)argp_parse(&ARGP, argc, argv, 0, NULL, &o);
    int rc = o.labels ? tm_material_labels(&labels, o.labels, &msg) : TM_OK;
    o.material.labels = o.labels ? &labels : NULL;
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
