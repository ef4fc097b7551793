/* tm-audit probe: options and files around audit/active/probe.h. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/active/active_report.h"
#include "audit/active/probe.h"
#include "audit/commands.h"

enum { WIRE, CONTROL, SETS };

struct run_files { /* borrowed from argv */
    const char *probes, *pattern;
};

struct probe_options {
    struct run_files file[SETS][TM_PROBE_RUNS_MAX];
    uint32_t n[SETS];
    struct run_files *last;
    uint64_t seed;
    int is_json;
};

enum { O_PROBES = 256, O_CONTROL, O_PATTERN, O_SEED, O_JSON };

static const struct argp_option OPTIONS[] = {
    {"probes", O_PROBES, "FILE", 0,
     "latencies through the node in one run; can be given again, each with its --pattern", 0},
    {"control", O_CONTROL, "FILE", 0, "the same of an undefended node", 0},
    {"pattern", O_PATTERN, "FILE", 0, "when the server was sending, in the same run", 0},
    {"seed", O_SEED, "N", 0, "of the bootstrap (1)", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {0}};

static void add_run(struct probe_options *o, const char *path, int set, struct argp_state *state)
{
    if (o->n[set] == TM_PROBE_RUNS_MAX)
        argp_error(state, "at most %u runs", TM_PROBE_RUNS_MAX);
    o->last = &o->file[set][o->n[set]++];
    *o->last = (struct run_files){.probes = path};
}

static void check_usage(const struct probe_options *o, struct argp_state *state)
{
    for (int set = 0; set < SETS; set++) {
        for (uint32_t i = 0; i < o->n[set]; i++) {
            if (!o->file[set][i].pattern)
                argp_error(state, "%s needs its --pattern", o->file[set][i].probes);
        }
    }
    if (o->n[WIRE] == 0)
        argp_error(state, "--probes FILE --pattern FILE are needed");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct probe_options *o = state->input;
    switch (key) {
    case O_PROBES:
        add_run(o, arg, WIRE, state);
        return 0;
    case O_CONTROL:
        add_run(o, arg, CONTROL, state);
        return 0;
    case O_PATTERN:
        if (o->last && !o->last->pattern)
            o->last->pattern = arg;
        else
            argp_error(state, "--pattern %s: it belongs to the --probes or --control before it",
                       arg);
        return 0;
    case O_SEED:
        o->seed = (uint64_t)tm_audit_number(state, "seed", arg, 0, INT64_MAX - 1);
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

static int read_run(struct tm_probe_run *r, const struct run_files *f, struct tm_msg *msg)
{
    size_t len = 0;
    char *text = tm_audit_read_file(f->probes, &len, msg);
    if (!text)
        return TM_ERR_IO;
    int rc = tm_probe_samples_parse(r, text, len, f->probes, msg);
    free(text);
    if (rc != TM_OK)
        return rc;
    text = tm_audit_read_file(f->pattern, &len, msg);
    if (!text)
        return TM_ERR_IO;
    rc = tm_probe_spans_parse(r, text, len, f->pattern, msg);
    free(text);
    return rc;
}

static int rank_set(struct tm_ranking found[TM_PROBE_ATTACKS], const struct run_files *f,
                    uint32_t n, uint64_t seed_number, struct tm_msg *msg)
{
    struct tm_trial_scores score[TM_PROBE_ATTACKS] = {{0}, {0}};
    struct tm_probe_run *run = calloc((size_t)n + 1, sizeof *run);
    uint8_t *used = calloc((size_t)n + 1, 1);
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    int rc = run && used ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; i < n && rc == TM_OK; i++)
        rc = read_run(&run[i], &f[i], msg);
    if (rc == TM_OK)
        rc = tm_probe_rank(score, run, n, used);
    for (uint32_t i = 0; i < n && rc == TM_OK; i++) {
        if (!used[i])
            (void)fprintf(stderr,
                          "tm-audit: %s is left out: too few samples, too many probes without an "
                          "answer, or no other run to compare with\n",
                          f[i].probes);
    }
    tm_seed_from_u64(seed, seed_number);
    tm_rng_init(&rng, seed);
    for (int a = 0; a < TM_PROBE_ATTACKS && rc == TM_OK; a++)
        rc = tm_ranking_of(&found[a], &score[a], &rng);
    for (int a = 0; a < TM_PROBE_ATTACKS; a++)
        tm_trial_scores_deinit(&score[a]);
    for (uint32_t i = 0; run && i < n; i++)
        tm_probe_run_deinit(&run[i]);
    free(used);
    free(run);
    return rc;
}

static int tell(const struct probe_options *o, struct tm_ranking found[SETS][TM_PROBE_ATTACKS])
{
    const struct tm_ranking *control = o->n[CONTROL] > 0 ? found[CONTROL] : NULL;
    const struct tm_active_said said = {
        .what = "load of a victim's stream, in the latency through its node",
        .attack = tm_probe_attack_key,
        .n_attacks = TM_PROBE_ATTACKS,
        .wire = found[WIRE],
        .control = control,
        .verdict = tm_active_judge(found[WIRE], control, TM_PROBE_ATTACKS, 0)};
    struct tm_json_out j = {.f = stdout};
    if (o->is_json) {
        tm_json_out_begin(&j, NULL, '{');
        tm_json_out_count(&j, "schema_version", 1);
        tm_active_json(&said, &j);
        tm_json_out_end(&j, '}');
        (void)putchar('\n');
    } else {
        tm_active_print(&said, stdout);
    }
    bool is_said = said.verdict != TM_ACTIVE_CONTROL_MISSED && said.verdict != TM_ACTIVE_TOO_FEW;
    return is_said && fflush(stdout) == 0 ? 0 : 1;
}

int tm_cmd_probe(int argc, char **argv)
{
    static const struct argp ARGP = {
        OPTIONS,
        parse,
        "--probes FILE --pattern FILE... [--control FILE --pattern FILE...]",
        "Murdoch and Danezis's attack: does the latency of probes through a node tell that "
        "somebody's stream through it is loaded?",
        NULL,
        NULL,
        NULL};
    struct probe_options *o = calloc(1, sizeof *o);
    struct tm_ranking found[SETS][TM_PROBE_ATTACKS];
    struct tm_msg msg = {""};
    int rc = o ? TM_OK : TM_ERR_NOMEM;
    int status = 1;
    if (rc == TM_OK) {
        o->seed = 1;
        (void)argp_parse(&ARGP, argc, argv, 0, NULL, o);
    }
    for (int set = 0; set < SETS && rc == TM_OK; set++)
        rc = rank_set(found[set], o->file[set], o->n[set], o->seed, &msg);
    if (rc == TM_OK)
        status = tell(o, found);
    else
        status = msg.text[0] ? tm_audit_complain(&msg) : tm_audit_nomem();
    free(o);
    return status;
}
