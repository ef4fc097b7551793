/* tm-audit wf: options and files around audit/wf/wf.h. */
#include <argp.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/commands.h"
#include "audit/wf/wf_input.h"
#include "audit/wf/wf_report.h"
#include "tm/cli/args.h"

#define FILES_MAX 1024U

/* A capture and its visits; borrowed from argv. */
struct wf_file {
    const char *capture, *labels;
    bool is_control;
};

struct wf_options {
    struct wf_file *files; /* owned, FILES_MAX */
    uint32_t n_files, n_control;
    int64_t window_us;
    const char *export_to;
    uint32_t max_len;
    struct tm_wf_cfg cfg;
    bool is_json;
};

enum {
    O_CAPTURE = 256,
    O_CONTROL,
    O_LABELS,
    O_WINDOW,
    O_FOLDS,
    O_BASE_RATE,
    O_NO_NETWORK,
    O_EXPORT,
    O_MAX_LEN,
    O_SEED,
    O_JSON
};

static const struct argp_option OPTIONS[] = {
    {"capture", O_CAPTURE, "FILE", 0,
     "capture beside the clients, of visits to pages; can be given again, each with its --labels",
     0},
    {"control", O_CONTROL, "FILE", 0, "the same of a wire without defence", 0},
    {"labels", O_LABELS, "FILE", 0, "the visits of the --capture or --control before it", 0},
    {"window-s", O_WINDOW, "S", 0,
     "every visit is S seconds from its beginning; else as long as its label says", 0},
    {"folds", O_FOLDS, "N", 0, "of the cross-validation by visit (5)", 0},
    {"base-rate", O_BASE_RATE, "X", 0,
     "open world: share of visits that are to watched pages (0.05)", 0},
    {"no-network", O_NO_NETWORK, NULL, 0, "leave the network out, which takes longest", 0},
    {"export", O_EXPORT, "FILE", 0, "write the visits in WFlib's layout (NPZ), and attack nothing",
     0},
    {"max-len", O_MAX_LEN, "N", 0, "packets of a visit in that file, at most (5000)", 0},
    {"seed", O_SEED, "N", 0, "same seed, same output (1)", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {0}};

static double number(struct argp_state *state, const char *name, const char *text, double least,
                     double most)
{
    char *end = NULL;
    double v = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(v) || v < least || v > most)
        argp_error(state, "--%s %s: a number from %g to %g is wanted", name, text, least, most);
    return v;
}

static void add_capture(struct wf_options *o, const char *path, bool is_control,
                        struct argp_state *state)
{
    if (o->n_files == FILES_MAX)
        argp_error(state, "at most %u captures", FILES_MAX);
    o->files[o->n_files++] = (struct wf_file){.capture = path, .is_control = is_control};
    o->n_control += is_control;
}

static void add_labels(struct wf_options *o, const char *path, struct argp_state *state)
{
    if (o->n_files == 0)
        argp_error(state, "--labels %s: it belongs to the --capture or --control before it", path);
    struct wf_file *f = &o->files[o->n_files - 1];
    if (f->labels)
        argp_error(state, "--labels %s: %s has one already", path, f->capture);
    f->labels = path;
}

static void check_usage(const struct wf_options *o, struct argp_state *state)
{
    for (uint32_t i = 0; i < o->n_files; i++)
        if (!o->files[i].labels)
            argp_error(state, "%s needs its --labels", o->files[i].capture);
    if (o->n_files == o->n_control)
        argp_error(state, "--capture FILE --labels FILE are needed");
}

static error_t parse_attack(int key, char *arg, struct argp_state *state)
{
    struct wf_options *o = state->input;
    switch (key) {
    case O_FOLDS:
        o->cfg.folds = (uint32_t)tm_audit_number(state, "folds", arg, 2, 255);
        return 0;
    case O_BASE_RATE:
        o->cfg.base_rate = number(state, "base-rate", arg, 1e-6, 1 - 1e-6);
        return 0;
    case O_NO_NETWORK:
        o->cfg.has[TM_WF_NETWORK] = false;
        return 0;
    case O_SEED:
        o->cfg.seed = (uint64_t)tm_audit_number(state, "seed", arg, 0, INT64_C(1) << 50);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct wf_options *o = state->input;
    switch (key) {
    case O_CAPTURE:
        add_capture(o, arg, false, state);
        return 0;
    case O_CONTROL:
        add_capture(o, arg, true, state);
        return 0;
    case O_LABELS:
        add_labels(o, arg, state);
        return 0;
    case O_WINDOW:
        o->window_us = llround(1e6 * number(state, "window-s", arg, 0.001, 86400));
        return 0;
    case O_EXPORT:
        o->export_to = arg;
        return 0;
    case O_MAX_LEN:
        o->max_len = (uint32_t)tm_audit_number(state, "max-len", arg, 1, 1 << 24);
        return 0;
    case O_JSON:
        o->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: captures come with --capture or --control", arg);
        return 0;
    case ARGP_KEY_END:
        check_usage(o, state);
        return 0;
    default:
        return parse_attack(key, arg, state);
    }
}

/* ---- Work ---- */

static void show_progress(const char *name, unsigned done, unsigned of)
{
    (void)fprintf(stderr, "\r%s: %u of %u attacks%s", name, done, of, done == of ? "\n" : "");
}

static int read_side(struct tm_trace_set *out, const struct wf_options *o, bool is_control,
                     struct tm_msg *msg)
{
    int rc = TM_OK;
    for (uint32_t i = 0; i < o->n_files && rc == TM_OK; i++)
        if (o->files[i].is_control == is_control)
            rc = tm_wf_read(out, o->files[i].capture, o->files[i].labels, o->window_us, msg);
    return rc;
}

static int attack_side(struct tm_wf_found *found, struct wf_options *o, bool is_control,
                       struct tm_msg *msg)
{
    const char *name = is_control ? "control" : "wire";
    struct tm_trace_set set = {0};
    struct tm_wf_sample sample = {0};
    int rc = read_side(&set, o, is_control, msg);
    if (rc == TM_OK)
        rc = tm_wf_sample_of(&sample, &set);
    if (rc == TM_ERR_LIMIT)
        (void)tm_msg_set(msg, rc, "%s: more than %u watched pages", name, TM_WF_PAGES_MAX);
    o->cfg.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
    if (rc == TM_OK)
        rc = tm_wf_run(found, &o->cfg, &sample, name, msg);
    tm_wf_sample_deinit(&sample);
    tm_trace_set_deinit(&set);
    return rc;
}

static int complain(int rc, struct tm_msg *msg)
{
    if (!msg->text[0])
        (void)tm_msg_set(msg, rc, "wf: %s", tm_strerror(rc));
    return tm_audit_complain(msg);
}

static int export_visits(const struct wf_options *o)
{
    struct tm_trace_set set = {0};
    struct tm_msg msg = {""};
    int rc = read_side(&set, o, false, &msg);
    if (rc == TM_OK)
        rc = tm_wf_export(&set, o->export_to, o->max_len, &msg);
    tm_trace_set_deinit(&set);
    return rc == TM_OK ? 0 : complain(rc, &msg);
}

static int attack(struct wf_options *o)
{
    struct tm_wf_found found[2];
    struct tm_msg msg = {""};
    int rc = TM_OK;
    if (o->n_control > 0)
        rc = attack_side(&found[1], o, true, &msg);
    if (rc == TM_OK)
        rc = attack_side(&found[0], o, false, &msg);
    if (rc != TM_OK)
        return complain(rc, &msg);
    struct tm_wf_said said = {.cfg = &o->cfg,
                              .wire = &found[0],
                              .control = o->n_control > 0 ? &found[1] : NULL,
                              .window_us = o->window_us};
    said.verdict = tm_wf_judge(&o->cfg, said.wire, said.control);
    if ((o->is_json ? tm_wf_json : tm_wf_print)(&said, stdout) != TM_OK || fflush(stdout) != 0)
        return 1;
    return said.verdict == TM_WF_CONTROL_MISS ? 1 : 0;
}

int tm_cmd_wf(int argc, char **argv)
{
    static const struct argp ARGP = {
        OPTIONS,
        parse,
        "--capture FILE --labels FILE... [--control FILE --labels FILE...]",
        "Website fingerprinting: does what a client sends and receives tell which page it visits?",
        NULL,
        NULL,
        NULL};
    struct wf_options o = {
        .files = calloc(FILES_MAX, sizeof *o.files), .max_len = 5000, .cfg = tm_wf_cfg_default()};
    if (!o.files)
        return tm_audit_nomem();
    tm_args_parse(&ARGP, argc, argv, &o);
    int status = o.export_to ? export_visits(&o) : attack(&o);
    free(o.files);
    return status;
}
