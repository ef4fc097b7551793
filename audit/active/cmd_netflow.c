/* tm-audit netflow: options and files around audit/active/netflow.h. */
#include <argp.h>
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/active/active_report.h"
#include "audit/active/netflow.h"
#include "audit/commands.h"

#define SCENES_MAX    1024U
#define CONTROL_RANK1 0.8 /* what the control must reach */

enum { WIRE, CONTROL, SETS };

struct scene_files { /* borrowed from argv */
    const char *entry, *exit, *trials;
    int set;
};

struct netflow_options {
    struct scene_files file[SCENES_MAX];
    uint32_t n_files;
    struct tm_netflow_cfg cfg;
    const char *node;
    uint64_t seed;
    int is_json;
};

enum { O_ENTRY = 256, O_CONTROL, O_EXIT, O_TRIALS, O_NODE, O_STEP, O_LAGS, O_SEED, O_JSON };

static const struct argp_option OPTIONS[] = {
    {"entry", O_ENTRY, "FILE", 0,
     "flow records from between the entry and its clients, as nfdump -o csv prints them; can be "
     "given again, each with its --exit and --trials",
     0},
    {"control", O_CONTROL, "FILE", 0, "the same of an undefended scene", 0},
    {"exit", O_EXIT, "FILE", 0, "flow records from beside the server, of the same scene", 0},
    {"trials", O_TRIALS, "FILE", 0, "which client the server's flow was for, and when", 0},
    {"node", O_NODE, "ADDR", 0, "address of the entry: its records go to clients", 0},
    {"step-ms", O_STEP, "N", 0, "steps at which records are compared (1000)", 0},
    {"lags", O_LAGS, "N", 0, "so many steps later a client is looked at too, by one attack (5)", 0},
    {"seed", O_SEED, "N", 0, "of the bootstrap (1)", 0},
    {"json", O_JSON, NULL, 0, "print one JSON object", 0},
    {0}};

static void add_scene(struct netflow_options *o, const char *path, int set,
                      struct argp_state *state)
{
    if (o->n_files == SCENES_MAX)
        argp_error(state, "at most %u scenes", SCENES_MAX);
    o->file[o->n_files++] = (struct scene_files){.entry = path, .set = set};
}

static void add_file(struct netflow_options *o, const char *option, const char *path,
                     struct argp_state *state)
{
    if (o->n_files == 0)
        argp_error(state, "--%s %s: it belongs to the --entry or --control before it", option,
                   path);
    struct scene_files *s = &o->file[o->n_files - 1];
    const char **file = option[0] == 'e' ? &s->exit : &s->trials;
    if (*file)
        argp_error(state, "--%s %s: %s has one already", option, path, s->entry);
    *file = path;
}

static void check_usage(struct netflow_options *o, struct argp_state *state)
{
    static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    uint32_t n_wire = 0;
    for (uint32_t i = 0; i < o->n_files; i++) {
        if (!o->file[i].exit || !o->file[i].trials)
            argp_error(state, "%s needs its --exit and its --trials", o->file[i].entry);
        n_wire += o->file[i].set == WIRE;
    }
    if (n_wire == 0 || !o->node)
        argp_error(state, "--node ADDR --entry FILE --exit FILE --trials FILE are needed");
    memcpy(o->cfg.node, MAPPED, sizeof MAPPED);
    if (inet_pton(AF_INET, o->node, o->cfg.node + sizeof MAPPED) != 1 &&
        inet_pton(AF_INET6, o->node, o->cfg.node) != 1)
        argp_error(state, "--node %s: an address is wanted", o->node);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct netflow_options *o = state->input;
    switch (key) {
    case O_ENTRY:
        add_scene(o, arg, WIRE, state);
        return 0;
    case O_CONTROL:
        add_scene(o, arg, CONTROL, state);
        return 0;
    case O_EXIT:
        add_file(o, "exit", arg, state);
        return 0;
    case O_TRIALS:
        add_file(o, "trials", arg, state);
        return 0;
    case O_NODE:
        o->node = arg;
        return 0;
    case O_STEP:
        o->cfg.step_us = 1000 * tm_audit_number(state, "step-ms", arg, 1, 3600000);
        return 0;
    case O_LAGS:
        o->cfg.lags = (uint32_t)tm_audit_number(state, "lags", arg, 0, 1000);
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

/* ---- Reading ---- */

static int read_flows(struct tm_flows *f, const char *path, struct tm_msg *msg)
{
    size_t len = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    if (!text)
        return TM_ERR_IO;
    int rc = tm_flows_parse(f, text, len, path, msg);
    free(text);
    return rc;
}

static int read_trials(struct tm_netflow_trials *t, const char *path, struct tm_msg *msg)
{
    size_t len = 0;
    char *text = tm_audit_read_file(path, &len, msg);
    if (!text)
        return TM_ERR_IO;
    int rc = tm_netflow_trials_parse(t, text, len, path, msg);
    free(text);
    return rc;
}

static void warn_about(const struct scene_files *f, const struct tm_netflow_counts *c)
{
    if (c->n_no_flow > 0)
        (void)fprintf(stderr,
                      "tm-audit: %s: %" PRIu32
                      " trials are left out: %s has no record of the server's flow meanwhile\n",
                      f->trials, c->n_no_flow, f->exit);
    if (c->n_no_client + c->n_thin > 0)
        (void)fprintf(stderr,
                      "tm-audit: %s: of %" PRIu32
                      " trials' clients there are no records in %s, of %" PRIu32
                      " too few to compare: these count as not found\n",
                      f->trials, c->n_no_client, f->entry, c->n_thin - c->n_no_client);
}

typedef struct tm_trial_scores tm_scores[TM_NETFLOW_ATTACKS];

static int add_files(const struct netflow_options *o, const struct scene_files *f,
                     struct tm_trial_scores *score, struct tm_msg *msg)
{
    struct tm_flows entry = {0};
    struct tm_flows server = {0};
    struct tm_netflow_trials trials = {0};
    const struct tm_netflow_scene scene = {&entry, &server, &trials, f->entry};
    struct tm_netflow_counts counts;
    int rc = read_flows(&entry, f->entry, msg);
    if (rc == TM_OK)
        rc = read_flows(&server, f->exit, msg);
    if (rc == TM_OK)
        rc = read_trials(&trials, f->trials, msg);
    if (rc == TM_OK)
        rc = tm_netflow_add(score, &o->cfg, &scene, &counts, msg);
    if (rc == TM_OK)
        warn_about(f, &counts);
    tm_flows_deinit(&entry);
    tm_flows_deinit(&server);
    tm_netflow_trials_deinit(&trials);
    return rc;
}

/* ---- Work ---- */

static int rank(const struct netflow_options *o, tm_scores *score,
                struct tm_ranking found[SETS][TM_NETFLOW_ATTACKS])
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    int rc = TM_OK;
    tm_seed_from_u64(seed, o->seed);
    tm_rng_init(&rng, seed);
    for (int set = 0; set < SETS; set++) {
        for (int k = 0; k < TM_NETFLOW_ATTACKS && rc == TM_OK; k++)
            rc = tm_ranking_of(&found[set][k], &score[set][k], &rng);
    }
    return rc;
}

static int tell(const struct netflow_options *o, struct tm_ranking found[SETS][TM_NETFLOW_ATTACKS])
{
    bool has_control = false;
    for (uint32_t i = 0; i < o->n_files; i++)
        has_control = has_control || o->file[i].set == CONTROL;
    const struct tm_ranking *control = has_control ? found[CONTROL] : NULL;
    const struct tm_active_said said = {
        .what = "client of a shaped flow",
        .attack = tm_netflow_attack_key,
        .n_attacks = TM_NETFLOW_ATTACKS,
        .wire = found[WIRE],
        .control = control,
        .verdict = tm_active_judge(found[WIRE], control, TM_NETFLOW_ATTACKS, CONTROL_RANK1)};
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

int tm_cmd_netflow(int argc, char **argv)
{
    static const struct argp ARGP = {
        OPTIONS,
        parse,
        "--node ADDR --entry FILE --exit FILE --trials FILE... [--control FILE...]",
        "The NetFlow attack: a server shapes what it sends; is the client found by flow records?",
        NULL,
        NULL,
        NULL};
    struct netflow_options *o = calloc(1, sizeof *o);
    tm_scores *score = calloc(SETS, sizeof *score);
    struct tm_ranking found[SETS][TM_NETFLOW_ATTACKS];
    struct tm_msg msg = {""};
    int rc = o && score ? TM_OK : TM_ERR_NOMEM;
    int status = 1;
    if (rc == TM_OK) {
        o->cfg = (struct tm_netflow_cfg){.step_us = 1000000, .lags = 5};
        o->seed = 1;
        (void)argp_parse(&ARGP, argc, argv, 0, NULL, o);
    }
    for (uint32_t i = 0; rc == TM_OK && i < o->n_files; i++)
        rc = add_files(o, &o->file[i], score[o->file[i].set], &msg);
    if (rc == TM_OK)
        rc = rank(o, score, found);
    if (rc == TM_OK)
        status = tell(o, found);
    else
        status = msg.text[0] ? tm_audit_complain(&msg) : tm_audit_nomem();
    for (int set = 0; score && set < SETS; set++) {
        for (int k = 0; k < TM_NETFLOW_ATTACKS; k++)
            tm_trial_scores_deinit(&score[set][k]);
    }
    free(score);
    free(o);
    return status;
}
