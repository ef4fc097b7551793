/* tm-audit interference: options and files around audit/interference/study.h. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/commands.h"
#include "audit/interference/interference.h"
#include "audit/interference/interference_command.h"
#include "tm/cli/args.h"

#define RUNS_MAX      1024U
#define SERVERS_MAX   16U
#define WORKLOADS_MAX 16U

struct interference_options {
    struct tm_run *runs; /* owned, RUNS_MAX */
    size_t n_runs;
    char *workloads[WORKLOADS_MAX]; /* owned, in the order given */
    size_t n_workloads;
    struct tm_endpoint servers[SERVERS_MAX];
    size_t n_servers;
    struct tm_study_cfg cfg;
    int is_json;
};

enum { O_RUN = 256, O_LOG, O_SERVER, O_JSON, O_SEED, O_LATE };

static const struct argp_option OPTIONS[] = {
    {"run", O_RUN, "NAME=FILE", 0,
     "capture of a run under the workload NAME; the first NAME is the one that others are compared "
     "with",
     0},
    {"log", O_LOG, "FILE", 0,
     "schedule log of the --run before it: the client's, and the server's if wanted", 0},
    {"server", O_SERVER, "ADDR:PORT", 0, "the server's end of the carriers (from the logs)", 0},
    {"seed", O_SEED, "N", 0, "of folds, learners and controls (1)", 0},
    {"control-us", O_LATE, "N", 0, "how much later the control's late writes are (3000)", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {0}};

static void add_run(struct interference_options *o, char *arg, struct argp_state *state)
{
    const char *eq = strchr(arg, '=');
    if (!eq || eq == arg || eq[1] == '\0')
        argp_error(state, "--run %s: NAME=FILE is wanted", arg);
    if (o->n_runs == RUNS_MAX)
        argp_error(state, "at most %u --run", RUNS_MAX);
    struct tm_run *r = &o->runs[o->n_runs];
    size_t len = (size_t)(eq - arg);
    size_t i = 0;
    while (i < o->n_workloads && (strncmp(o->workloads[i], arg, len) != 0 || o->workloads[i][len]))
        i++;
    if (i == WORKLOADS_MAX)
        argp_error(state, "at most %u workloads", WORKLOADS_MAX);
    if (i == o->n_workloads && !(o->workloads[o->n_workloads++] = strndup(arg, len)))
        argp_failure(state, 1, 0, "out of memory");
    r->workload = o->workloads[i];
    r->capture = eq + 1;
    o->n_runs++;
}

static void add_log(struct interference_options *o, const char *arg, struct argp_state *state)
{
    if (o->n_runs == 0)
        argp_error(state, "--log %s: it belongs to the --run before it", arg);
    struct tm_run *r = &o->runs[o->n_runs - 1];
    if (r->n_logs == TM_RUN_LOGS_MAX)
        argp_error(state, "--log %s: at most two for a run, the client's and the server's", arg);
    r->logs[r->n_logs++] = arg;
}

static size_t n_of(const struct interference_options *o, const char *workload)
{
    size_t n = 0;
    for (size_t i = 0; i < o->n_runs; i++)
        n += o->runs[i].workload == workload;
    return n;
}

static void check_usage(const struct interference_options *o, struct argp_state *state)
{
    size_t n_logged = 0;
    for (size_t i = 0; i < o->n_runs; i++)
        n_logged += o->runs[i].n_logs > 0;
    if (o->n_workloads < 2)
        argp_error(state, "--run of at least two workloads is needed: --run idle=A --run bulk=B");
    for (size_t i = 1; i < o->n_workloads; i++) {
        if (n_of(o, o->workloads[i]) != n_of(o, o->workloads[0]))
            argp_error(state, "as many --run of %s as of %s are needed: they are paired in order",
                       o->workloads[i], o->workloads[0]);
    }
    if (n_logged != 0 && n_logged != o->n_runs)
        argp_error(state, "--log for every --run, or for none");
    if (n_logged == 0 && o->n_servers == 0)
        argp_error(state, "--server, or a --log for every --run, is needed");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct interference_options *o = state->input;
    switch (key) {
    case O_RUN:
        add_run(o, arg, state);
        return 0;
    case O_LOG:
        add_log(o, arg, state);
        return 0;
    case O_SERVER:
        if (o->n_servers == SERVERS_MAX || !tm_endpoint_parse(&o->servers[o->n_servers++], arg))
            argp_error(state, "--server %s: ADDR:PORT is wanted, at most %u of them", arg,
                       SERVERS_MAX);
        return 0;
    case O_JSON:
        o->is_json = 1;
        return 0;
    case O_SEED:
        o->cfg.seed = (uint64_t)tm_audit_number(state, "seed", arg, 0, INT64_MAX);
        return 0;
    case O_LATE:
        o->cfg.late_us = tm_audit_number(state, "control-us", arg, 0, 1000000);
        return 0;
    case ARGP_KEY_END:
        check_usage(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- Work ---- */

struct progress {
    const char *workload;
};

static void show_progress(void *user, unsigned done, unsigned of)
{
    const struct progress *p = user;
    (void)fprintf(stderr, "\r%s: %u of %u attacks%s", p->workload, done, of,
                  done == of ? "\n" : "");
}

static int read_runs(struct interference_options *o, struct tm_msg *msg)
{
    int rc = TM_OK;
    for (size_t i = 0; rc == TM_OK && i < o->n_runs; i++)
        rc = tm_run_read(&o->runs[i], o->servers, o->n_servers, msg);
    return rc;
}

/* The runs of one workload, in the order given. */
static uint32_t runs_of(const struct interference_options *o, const char *workload,
                        const struct tm_run *out[RUNS_MAX])
{
    uint32_t n = 0;
    for (size_t i = 0; i < o->n_runs; i++) {
        if (o->runs[i].workload == workload)
            out[n++] = &o->runs[i];
    }
    return n;
}

static int study_all(struct interference_options *o, struct tm_interference_entry *entries,
                     struct tm_msg *msg)
{
    const struct tm_run *idle[RUNS_MAX];
    const struct tm_run *loaded[RUNS_MAX];
    uint32_t n = runs_of(o, o->workloads[0], idle);
    struct progress p;
    int rc = TM_OK;
    for (size_t i = 1; rc == TM_OK && i < o->n_workloads; i++) {
        struct tm_interference_entry *e = &entries[i - 1];
        e->workload = p.workload = o->workloads[i];
        (void)runs_of(o, e->workload, loaded);
        o->cfg.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
        o->cfg.user = &p;
        rc = tm_study_run(&e->study, &o->cfg, idle, loaded, n, msg);
        if (rc != TM_OK && !msg->text[0])
            (void)tm_msg_set(msg, rc, "%s: %s", e->workload, tm_strerror(rc));
    }
    return rc;
}

static bool is_sound(const struct tm_interference_entry *entries, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok &= entries[i].study.verdict != TM_VERDICT_OFFSETS &&
              entries[i].study.verdict != TM_VERDICT_CONTROL;
    return ok;
}

static int interference(struct interference_options *o, tm_interference_emit_fn emit, void *ctx)
{
    struct tm_interference_entry entries[WORKLOADS_MAX] = {0};
    struct tm_msg msg = {""};
    if (read_runs(o, &msg) != TM_OK || study_all(o, entries, &msg) != TM_OK)
        return tm_audit_complain(&msg);
    struct tm_interference_report report = {.idle = o->workloads[0],
                                            .by_log = o->runs[0].n_logs > 0,
                                            .seed = o->cfg.seed,
                                            .entries = entries,
                                            .n_entries = o->n_workloads - 1};
    int status = emit ? emit(ctx, &report) : 0;
    if (status != 0)
        return status;
    if (!emit &&
        (o->is_json ? tm_interference_json : tm_interference_text)(&report, stdout) != TM_OK)
        return 1;
    return is_sound(entries, report.n_entries) ? 0 : 1;
}

int tm_interference_command(int argc, char **argv, tm_interference_emit_fn emit, void *ctx)
{
    static const struct argp ARGP = {
        OPTIONS,
        parse,
        "--run NAME=FILE [--log FILE...] --run NAME=FILE...",
        "Compare captures of one schedule under different workloads: payload offsets exactly, and "
        "whether a forest and a small network tell loaded connections from idle ones.",
        NULL,
        NULL,
        NULL};
    struct interference_options o = {.runs = calloc(RUNS_MAX, sizeof *o.runs),
                                     .cfg = {.seed = 1, .late_us = 3000}};
    if (!o.runs)
        return tm_audit_nomem();
    tm_args_parse(&ARGP, argc, argv, &o);
    int status = interference(&o, emit, ctx);
    for (size_t i = 0; i < o.n_runs; i++)
        tm_run_deinit(&o.runs[i]);
    for (size_t i = 0; i < o.n_workloads; i++)
        free(o.workloads[i]);
    free(o.runs);
    return status;
}

int tm_cmd_interference(int argc, char **argv)
{
    return tm_interference_command(argc, argv, NULL, NULL);
}
