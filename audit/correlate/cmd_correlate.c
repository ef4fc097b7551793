/* tm-audit correlate: options and files around audit/correlate/correlate.h. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/commands.h"
#include "audit/correlate/correlate_command.h"
#include "audit/correlate/correlate_report.h"
#include "audit/features/material.h"
#include "tm/cli/args.h"

#define SCENES_MAX 1024U

/* The files of one scene; borrowed from argv. */
struct scene_files {
    const char *entry, *exit, *labels;
    enum tm_correlate_set set;
};

struct correlate_options {
    struct scene_files *files; /* owned, SCENES_MAX */
    uint32_t n_files;
    int64_t delay_us;
    struct tm_correlate_cfg cfg;
    int is_json;
};

enum {
    O_ENTRY = 256,
    O_CONTROL,
    O_EXIT,
    O_LABELS,
    O_DELAY,
    O_OTHERS,
    O_NO_NETWORK,
    O_SEED,
    O_JSON
};

static const struct argp_option OPTIONS[] = {
    {"entry", O_ENTRY, "FILE", 0,
     "capture of the carriers of a defended scene; can be given again, each with its --exit and "
     "--labels",
     0},
    {"control", O_CONTROL, "FILE", 0,
     "the same of an undefended scene: each flow on a carrier of its own", 0},
    {"exit", O_EXIT, "FILE", 0,
     "capture of the flows behind the server, of the --entry or --control before it", 0},
    {"labels", O_LABELS, "FILE", 0, "which flow went over which carriers, of the same scene", 0},
    {"delay-us", O_DELAY, "N", 0,
     "how much later data up is seen at the exit than at the entry, and data down earlier (0)", 0},
    {"others", O_OTHERS, "N", 0, "other pairs for each true one, at most (20)", 0},
    {"no-network", O_NO_NETWORK, NULL, 0, "leave the networks out, which take minutes", 0},
    {"seed", O_SEED, "N", 0, "of the pairs drawn, folds and networks (1)", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {0}};

static void add_scene(struct correlate_options *o, const char *path, enum tm_correlate_set set,
                      struct argp_state *state)
{
    if (o->n_files == SCENES_MAX)
        argp_error(state, "at most %u scenes", SCENES_MAX);
    o->files[o->n_files++] = (struct scene_files){.entry = path, .set = set};
}

static void add_file(struct correlate_options *o, const char *option, const char *path,
                     struct argp_state *state)
{
    if (o->n_files == 0)
        argp_error(state, "--%s %s: it belongs to the --entry or --control before it", option,
                   path);
    struct scene_files *s = &o->files[o->n_files - 1];
    const char **file = option[0] == 'e' ? &s->exit : &s->labels;
    if (*file)
        argp_error(state, "--%s %s: %s has one already", option, path, s->entry);
    *file = path;
}

static void check_usage(const struct correlate_options *o, struct argp_state *state)
{
    uint32_t n_defended = 0;
    for (uint32_t i = 0; i < o->n_files; i++) {
        if (!o->files[i].exit || !o->files[i].labels)
            argp_error(state, "%s needs its --exit and its --labels", o->files[i].entry);
        n_defended += o->files[i].set == TM_SET_DEFENDED;
    }
    if (n_defended == 0)
        argp_error(state, "--entry FILE --exit FILE --labels FILE are needed");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct correlate_options *o = state->input;
    switch (key) {
    case O_ENTRY:
        add_scene(o, arg, TM_SET_DEFENDED, state);
        return 0;
    case O_CONTROL:
        add_scene(o, arg, TM_SET_CONTROL, state);
        return 0;
    case O_EXIT:
        add_file(o, "exit", arg, state);
        return 0;
    case O_LABELS:
        add_file(o, "labels", arg, state);
        return 0;
    case O_DELAY:
        o->delay_us = tm_audit_number(state, "delay-us", arg, -60000000, 60000000);
        return 0;
    case O_OTHERS:
        o->cfg.n_false = (uint32_t)tm_audit_number(state, "others", arg, 1, 100000);
        return 0;
    case O_NO_NETWORK:
        o->cfg.has_net = false;
        return 0;
    case O_SEED:
        o->cfg.seed = (uint64_t)tm_audit_number(state, "seed", arg, 0, INT64_MAX - 1);
        return 0;
    case O_JSON:
        o->is_json = 1;
        return 0;
    case ARGP_KEY_END:
        check_usage(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- Reading ---- */

/* The ports of the servers that the labels name, so that connections whose opening was not captured are read too; none when there
 * are too many of them. */
static void ports_of(const struct tm_truth *t, bool is_entry, struct tm_material_cfg *cfg)
{
    cfg->n_ports = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct tm_truth_line *l = &t->v[i];
        uint16_t port = is_entry ? l->carrier.server.port : l->flow.server.port;
        size_t k = 0;
        if (!is_entry && !l->has_flow)
            continue;
        while (k < cfg->n_ports && cfg->ports[k] != port)
            k++;
        if (k < cfg->n_ports)
            continue;
        if (cfg->n_ports == TM_MATERIAL_PORTS_MAX) {
            cfg->n_ports = 0;
            return;
        }
        cfg->ports[cfg->n_ports++] = port;
    }
}

static int read_truth(struct tm_truth *t, const char *path, struct tm_msg *msg)
{
    size_t len = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    if (!text)
        return TM_ERR_IO;
    int rc = tm_truth_parse(t, text, len, path, msg);
    free(text);
    return rc;
}

static void warn_about(const struct scene_files *f, const struct tm_scene_counts *c)
{
    if (c->n_no_flow > 0)
        (void)fprintf(
            stderr, "tm-audit: %s: %" PRIu32 " lines name a flow that is not in %s with payload\n",
            f->labels, c->n_no_flow, f->exit);
    if (c->n_no_carrier > 0)
        (void)fprintf(stderr,
                      "tm-audit: %s: %" PRIu32
                      " lines name a carrier that is not in %s with payload\n",
                      f->labels, c->n_no_carrier, f->entry);
}

static int read_scene(const struct correlate_options *o, const struct scene_files *f,
                      struct tm_scene *scene, struct tm_msg *msg)
{
    struct tm_truth truth = {0};
    struct tm_trace_set side[2] = {{0}, {0}}; /* entry, exit */
    const char *path[2] = {f->entry, f->exit};
    struct tm_scene_counts counts;
    int rc = read_truth(&truth, f->labels, msg);
    for (int k = 0; k < 2 && rc == TM_OK; k++) {
        struct tm_material_cfg cfg = {.keep_incomplete = true, .ports_by = f->labels};
        struct tm_material_counts seen = {0};
        ports_of(&truth, k == 0, &cfg);
        rc = tm_material_read(&side[k], path[k], &cfg, &seen, msg);
    }
    const struct tm_scene_view view = {&truth, &side[0], &side[1], o->delay_us, f->labels};
    if (rc == TM_OK)
        rc = tm_scene_join(scene, &view, &counts, msg);
    if (rc == TM_OK)
        warn_about(f, &counts);
    tm_trace_set_deinit(&side[0]);
    tm_trace_set_deinit(&side[1]);
    tm_truth_deinit(&truth);
    return rc;
}

/* Both sets, each in the order given: the control first. */
static int read_all(const struct correlate_options *o, struct tm_scene *scenes, uint32_t *n_control,
                    struct tm_msg *msg)
{
    uint32_t n = 0;
    int rc = TM_OK;
    for (int set = 0; set < TM_CORRELATE_SETS; set++) {
        for (uint32_t i = 0; i < o->n_files && rc == TM_OK; i++) {
            if (o->files[i].set == (enum tm_correlate_set)set)
                rc = read_scene(o, &o->files[i], &scenes[n++], msg);
        }
        if (set == TM_SET_CONTROL)
            *n_control = n;
    }
    return rc;
}

/* ---- Work ---- */

static void show_progress(void *user, unsigned done, unsigned of)
{
    (void)user;
    (void)fprintf(stderr, "\r%u of %u attacks%s", done, of, done == of ? "\n" : "");
}

static int correlate(struct correlate_options *o, struct tm_scene *scenes,
                     tm_correlate_emit_fn emit, void *ctx)
{
    struct tm_correlate result;
    struct tm_msg msg = {""};
    uint32_t n_control = 0;
    int rc = read_all(o, scenes, &n_control, &msg);
    if (rc == TM_OK) {
        o->cfg.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
        const struct tm_correlate_scenes sets[] = {{scenes, n_control},
                                                   {scenes + n_control, o->n_files - n_control}};
        rc = tm_correlate_run(&result, &o->cfg, sets);
    }
    if (rc != TM_OK) {
        if (!msg.text[0])
            (void)tm_msg_set(&msg, rc, "correlate: %s", tm_strerror(rc));
        return tm_audit_complain(&msg);
    }
    int status = emit ? emit(ctx, &result) : 0;
    if (status != 0)
        return status;
    if (!emit && (o->is_json ? tm_correlate_json : tm_correlate_print)(&result, stdout) != TM_OK)
        return 1;
    return result.verdict == TM_CORRELATE_NOTHING || result.verdict == TM_CORRELATE_TEST ? 1 : 0;
}

int tm_correlate_command(int argc, char **argv, tm_correlate_emit_fn emit, void *ctx)
{
    static const struct argp ARGP = {
        OPTIONS,
        parse,
        "--entry FILE --exit FILE --labels FILE... [--control FILE --exit FILE --labels FILE...]",
        "Flow correlation: does an observer of the carriers and of the flows behind the server "
        "find "
        "out which belong together?",
        NULL,
        NULL,
        NULL};
    struct correlate_options o = {.files = calloc(SCENES_MAX, sizeof *o.files),
                                  .cfg = tm_correlate_cfg_default()};
    struct tm_scene *scenes = calloc(SCENES_MAX, sizeof *scenes);
    int status = 1;
    if (!o.files || !scenes) {
        status = tm_audit_nomem();
        goto out;
    }
    tm_args_parse(&ARGP, argc, argv, &o);
    status = correlate(&o, scenes, emit, ctx);
out:
    for (uint32_t i = 0; scenes && i < SCENES_MAX; i++)
        tm_scene_deinit(&scenes[i]);
    free(scenes);
    free(o.files);
    return status;
}

int tm_cmd_correlate(int argc, char **argv)
{
    return tm_correlate_command(argc, argv, NULL, NULL);
}
