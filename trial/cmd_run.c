/* tm-sim run - plays Maybenot machines over traces. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tm/base/time.h"
#include "tm/cli/args.h"
#include "trial/commands.h"
#include "trial/print.h"

enum {
    OPT_MODE = 0x100,
    OPT_READY,
    OPT_CLIENT,
    OPT_SERVER,
    OPT_PADDING,
    OPT_BLOCKING,
    OPT_DELAY,
    OPT_TRIP,
    OPT_JITTER,
    OPT_RATE,
    OPT_QUEUE,
    OPT_LOSS,
    OPT_WINDOW,
    OPT_WAKE,
    OPT_PPS,
    OPT_SIZE,
    OPT_TAIL,
    OPT_IP,
    OPT_SEED,
    OPT_STEPS,
    OPT_JOBS,
    OPT_JSON
};

#define TIME_MAX_US (TM_MBSIM_DELAY_MAX_NS / 1000)
#define RATE_MAX    UINT64_C(1000000000000)
#define NS_PER_US   1000

struct options {
    struct tm_trial_cfg cfg;
    const char *client, *server; /* paths */
    const char *output;          /* directory, or "-"; NULL: none */
    char **traces;
    size_t n_traces;
    unsigned n_jobs;
    bool is_json;
    bool has_path; /* an option of mode network alone was given */
};

static const struct argp_option option_table[] = {
    {"mode", OPT_MODE, "network|v2", 0,
     "a path with rate, queue, jitter and loss, on which packets wait for what they answer; or as "
     "the Maybenot simulator 2.2.1 (network)",
     1},
    {"ready", OPT_READY, "NAME", 0,
     "machines of a known defence at both ends, built anew for each trace: front, tamaraw, "
     "regulator, interspace, break-pad",
     1},
    {"machines-client", OPT_CLIENT, "FILE", 0, "machine strings, one a line", 1},
    {"machines-server", OPT_SERVER, "FILE", 0, "those of the server", 1},
    {"max-padding-frac", OPT_PADDING, "X", 0, "limit over all machines of an end; 0: none (0)", 1},
    {"max-blocking-frac", OPT_BLOCKING, "X", 0, "of the time; 0: none (0)", 1},
    {"delay", OPT_DELAY, "TIME", 0, "of the path, one way (network: as the trace's; v2: 10ms)", 2},
    {"trip", OPT_TRIP, "TIME", 0,
     "one way, of the path that a trace is from (half the time to its first answer)", 2},
    {"jitter", OPT_JITTER, "TIME", 0, "at most so much more (0)", 2},
    {"rate", OPT_RATE, "BITS/S", 0, "of the bottleneck, each way; 0: none (0)", 2},
    {"queue", OPT_QUEUE, "BYTES", 0, "waiting at the bottleneck at most; 0: an hour's worth (0)",
     2},
    {"loss", OPT_LOSS, "X", 0, "probability that a packet is lost, 0 to 0.9 (0)", 2},
    {"window", OPT_WINDOW, NULL, 0,
     "both ends send by TCP's slow start, so that padding takes its part of the window", 2},
    {"wake", OPT_WAKE, "TIME", 0,
     "what an end needs until it hears of a packet, and of all that come meanwhile (0)", 2},
    {"pps", OPT_PPS, "N", 0, "mode v2: packets a second, each way; 0: the trace's own (0)", 2},
    {"size", OPT_SIZE, "BYTES", 0,
     "of padding, and of packets for which a trace says none (as its largest, or 1500)", 2},
    {"ip", OPT_IP, NULL, 0,
     "of captures, all IP packets of TCP (those with payload, by the payload's size)", 3},
    {"tail", OPT_TAIL, "TIME", 0, "go on for so long after the last packet (0)", 3},
    {"output", 'o', "DIR", 0,
     "write what the client sees to DIR/NAME.log, a file for each trace; -: print it", 3},
    {"seed", OPT_SEED, "N", 0, "of the first trace (0)", 3},
    {"max-steps", OPT_STEPS, "N", 0, "of a run: machines may go on for ever (20000000)", 3},
    {"jobs", OPT_JOBS, "N", 0, "traces at the same time (one for each processor)", 3},
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 4},
    {0},
};

static double fraction(const char *arg, const char *option, double max, const struct argp_state *st)
{
    char *end;
    const double x = strtod(arg, &end);
    if (end == arg || *end != '\0' || !(x >= 0 && x <= max))
        argp_error(st, "--%s %s: not a number from 0 to %g", option, arg, max);
    return x;
}

static int64_t time_ns(const char *arg, const char *option, const struct argp_state *st)
{
    return tm_args_duration(arg, option, 0, TIME_MAX_US, st) * NS_PER_US;
}

static error_t parse_path(struct options *o, int key, char *arg, const struct argp_state *st)
{
    struct tm_trial_cfg *cfg = &o->cfg;
    switch (key) {
    case OPT_TRIP:
        cfg->trip_ns = time_ns(arg, "trip", st);
        cfg->has_trip = true;
        break;
    case OPT_JITTER:
        cfg->line.jitter_ns = time_ns(arg, "jitter", st);
        break;
    case OPT_RATE:
        cfg->line.rate_bps =
            strcmp(arg, "0") == 0 ? 0 : tm_args_rate(arg, "rate", TM_MBSIM_RATE_MIN, RATE_MAX, st);
        break;
    case OPT_QUEUE:
        cfg->line.queue_bytes = tm_args_number(arg, "queue", 0, INT64_MAX, st);
        break;
    case OPT_LOSS:
        cfg->line.p_loss = fraction(arg, "loss", 0.9, st);
        break;
    case OPT_WINDOW:
        cfg->has_window = true;
        break;
    case OPT_WAKE:
        cfg->wake_ns = time_ns(arg, "wake", st);
        break;
    case OPT_TAIL:
        cfg->tail_ns = time_ns(arg, "tail", st);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    o->has_path = true;
    return 0;
}

static error_t parse_machines(struct options *o, int key, char *arg, const struct argp_state *st)
{
    struct tm_trial_cfg *cfg = &o->cfg;
    switch (key) {
    case OPT_READY:
        cfg->ready = tm_defence_named(arg);
        if (!cfg->ready)
            argp_error(st, "--ready %s: no such defence", arg);
        return 0;
    case OPT_CLIENT:
        o->client = arg;
        return 0;
    case OPT_SERVER:
        o->server = arg;
        return 0;
    case OPT_PADDING:
        cfg->limits.max_padding_frac = fraction(arg, "max-padding-frac", 1, st);
        return 0;
    case OPT_BLOCKING:
        cfg->limits.max_blocking_frac = fraction(arg, "max-blocking-frac", 1, st);
        return 0;
    default:
        return parse_path(o, key, arg, st);
    }
}

static void check(const struct options *o, const struct argp_state *st)
{
    if (o->n_traces == 0)
        argp_error(st, "no trace; name one, e.g. capture.pcap");
    if (o->cfg.ready && (o->client || o->server))
        argp_error(st, "--ready beside files of machines: one or the other");
    if (o->cfg.mode == TM_TRIAL_V2 && o->has_path)
        argp_error(st, "mode v2 knows no --trip, --jitter, --rate, --queue, --loss, --window, "
                       "--wake and --tail");
    if (o->cfg.mode == TM_TRIAL_NETWORK && o->cfg.pps > 0)
        argp_error(st, "--pps is of mode v2; mode network has --rate");
    if (o->output && strcmp(o->output, "-") == 0 && (o->n_traces > 1 || o->is_json))
        argp_error(st, "-o -: of one trace, and without --json");
}

static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    struct tm_trial_cfg *cfg = &o->cfg;
    switch (key) {
    case OPT_MODE:
        if (strcmp(arg, "v2") != 0 && strcmp(arg, "network") != 0)
            argp_error(st, "--mode %s: network or v2", arg);
        cfg->mode = strcmp(arg, "v2") == 0 ? TM_TRIAL_V2 : TM_TRIAL_NETWORK;
        return 0;
    case OPT_DELAY:
        cfg->line.delay_ns = time_ns(arg, "delay", st);
        cfg->has_delay = true;
        return 0;
    case OPT_PPS:
        cfg->pps = tm_args_number(arg, "pps", 0, UINT32_MAX, st);
        return 0;
    case OPT_SIZE:
        cfg->size_bytes = (uint32_t)tm_args_number(arg, "size", 1, TM_MBSIM_SIZE_MAX, st);
        return 0;
    case OPT_SEED:
        cfg->seed = tm_args_number(arg, "seed", 0, INT64_MAX, st);
        return 0;
    case OPT_STEPS:
        cfg->max_steps = tm_args_number(arg, "max-steps", 1, INT64_MAX, st);
        return 0;
    case OPT_JOBS:
        o->n_jobs = (unsigned)tm_args_number(arg, "jobs", 1, 256, st);
        return 0;
    case OPT_IP:
        cfg->take = TM_TRIAL_IP;
        return 0;
    case OPT_JSON:
        o->is_json = true;
        return 0;
    case 'o':
        o->output = arg;
        return 0;
    case ARGP_KEY_ARGS:
        o->traces = st->argv + st->next;
        o->n_traces = (size_t)(st->argc - st->next);
        return 0;
    case ARGP_KEY_END:
        check(o, st);
        return 0;
    default:
        return parse_machines(o, key, arg, st);
    }
}

/* "DIR/NAME.log" for "PATH/NAME.EXTENSION"; NULL: out of memory. */
static char *output_path(const char *directory, const char *trace)
{
    const char *slash = strrchr(trace, '/');
    const char *name = slash ? slash + 1 : trace;
    const char *dot = strrchr(name, '.');
    const size_t len = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    char *path = NULL;
    if (asprintf(&path, "%s/%.*s.log", directory, (int)len, name) < 0)
        return NULL;
    return path;
}

static int compare_outputs(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Two traces that would be written to one file are an error, before anything is written. */
static int check_outputs(const struct tm_trial_job *jobs, size_t n)
{
    const char **names = calloc(n + 1, sizeof *names);
    int status = names ? 0 : 1;
    for (size_t i = 0; i < n && names; i++)
        names[i] = jobs[i].output;
    if (names)
        qsort(names, n, sizeof *names, compare_outputs);
    for (size_t i = 1; i < n && status == 0; i++)
        if (strcmp(names[i - 1], names[i]) == 0) {
            (void)fprintf(stderr, "tm-sim run: %s would be written twice; rename a trace\n",
                          names[i]);
            status = 2;
        }
    free(names);
    return status;
}

static int make_jobs(struct tm_trial_job *jobs, const struct options *o)
{
    for (size_t i = 0; i < o->n_traces; i++) {
        jobs[i].path = o->traces[i];
        if (!o->output)
            continue;
        jobs[i].output =
            strcmp(o->output, "-") == 0 ? strdup("-") : output_path(o->output, o->traces[i]);
        if (!jobs[i].output)
            return 1;
    }
    return o->output ? check_outputs(jobs, o->n_traces) : 0;
}

static int load(struct tm_trial_machines *out, const char *path)
{
    struct tm_msg msg = {""};
    int rc = path ? tm_trial_load_machines(out, path, &msg) : TM_OK;
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-sim run: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    return rc == TM_OK ? 0 : 1;
}

static int finish(const struct tm_trial_job *jobs, const struct options *o)
{
    int status = 0;
    for (size_t i = 0; i < o->n_traces; i++)
        if (jobs[i].rc != TM_OK) {
            (void)fprintf(stderr, "tm-sim run: %s\n",
                          jobs[i].msg.text[0] != '\0' ? jobs[i].msg.text : tm_strerror(jobs[i].rc));
            status = 1;
        }
    if (o->is_json)
        tm_trial_print_json(stdout, jobs, o->n_traces, &o->cfg);
    else if (!o->output || strcmp(o->output, "-") != 0)
        tm_trial_print_table(stdout, jobs, o->n_traces, &o->cfg);
    return fflush(stdout) == 0 && !ferror(stdout) ? status : 1;
}

static int run(struct options *o)
{
    struct tm_trial_job *jobs = calloc(o->n_traces + 1, sizeof *jobs);
    int status = jobs ? 0 : 1;
    if (status == 0)
        status = load(&o->cfg.client, o->client);
    if (status == 0)
        status = load(&o->cfg.server, o->server);
    if (status == 0)
        status = make_jobs(jobs, o);
    if (status == 0 && tm_trial_batch(jobs, o->n_traces, &o->cfg, o->n_jobs) != TM_OK)
        status = 1;
    if (status == 0)
        status = finish(jobs, o);
    for (size_t i = 0; i < o->n_traces && jobs; i++)
        free(jobs[i].output);
    free(jobs);
    tm_trial_machines_deinit(&o->cfg.client);
    tm_trial_machines_deinit(&o->cfg.server);
    return status;
}

int tm_cmd_run(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse,
        .args_doc = "TRACE...",
        .doc = "Play Maybenot machines over traces and print what they cost against runs without "
               "machines.\v"
               "A TRACE is a text (\"NANOSECONDS,s|r[,BYTES]\" a line) or a capture; "
               "-: a text on standard input.  TIME is like 20ms or 1s."};
    const long n_processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct options o = {.n_jobs = n_processors > 0 ? (unsigned)n_processors : 1};
    o.cfg.max_steps = 20000000;
    tm_args_parse(&argp, argc, argv, &o);
    return run(&o);
}
