/* tm-learn simulate - a model's card, and what a workload would meet: the tunnel's engines in virtual time.
 *
 * The one command that knows the tunnel, and so in a folder of its own. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "learner/commands.h"
#include "learner/ops/args.h"
#include "models/gen.h"
#include "models/store/mix.h"
#include "tm/base/time.h"
#include "tm/sim/card_print.h"

enum {
    OPT_MODEL = 0x100,
    OPT_USERS,
    OPT_PACE,
    OPT_MASTER,
    OPT_REPLY,
    OPT_RTT,
    OPT_RATE,
    OPT_WORKLOAD,
    OPT_FOR,
    OPT_SESSIONS,
    OPT_SEED,
    OPT_JSON
};

#define SESSIONS_MAX     100000U
#define RTT_MAX_US       (10 * TM_US_PER_S)
#define RATE_MIN         UINT64_C(1000)
#define RATE_MAX         UINT64_C(1000000000000)
#define WORKLOAD_LEN_MAX ((size_t)256 << 20)

struct options {
    const char *database;
    const char *model;    /* name or mix; NULL: the only one of the database */
    bool has_users;       /* --users was given */
    const char *workload; /* path; NULL: objects */
    uint32_t n_sessions;
    bool is_json;
    struct tm_card_cfg cfg;
};

static const struct argp_option option_table[] = {
    {"model", OPT_MODEL, "NAME[:N][+...]", 0,
     "the model (the only one of the database), or several with their users: A:5+B:2", 1},
    {"users", OPT_USERS, "N", 0, "modelled users at the same time (4)", 1},
    {"pace", OPT_PACE, "TIME", 0, "longest pause of a modelled user; 0: as learned (0)", 1},
    {"master", OPT_MASTER, "client|server", 0, "which end draws the schedule (client)", 1},
    {"socks-reply", OPT_REPLY, "early|exact", 0,
     "applications are answered at once, or when the server has connected (exact)", 1},
    {"rtt", OPT_RTT, "TIME", 0, "round trip of the path (40ms)", 2},
    {"rate", OPT_RATE, "BITS/S", 0, "rate of the path, each way, all connections together (100M)",
     2},
    {"workload", OPT_WORKLOAD, "FILE", 0,
     "what the users of the tunnel do, JSON lines (doc/WORKLOAD.md); -: standard input", 3},
    {"for", OPT_FOR, "TIME", 0, "virtual time of each part of a session (10m)", 3},
    {"sessions", OPT_SESSIONS, "N", 0, "play so many sessions, with seeds one after another (1)",
     3},
    {"seed", OPT_SEED, "N", 0, "of the first session (0)", 3},
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 4},
    {0},
};

static void check_model(const struct options *o, const struct argp_state *st)
{
    struct tm_mix_text mix;
    struct tm_msg why;
    if (!o->model)
        return;
    if (tm_mix_parse(&mix, o->model, &why) != TM_OK)
        argp_error(st, "--model: %s", why.text);
    if (o->has_users && tm_mix_is_counted(o->model))
        argp_error(st, "--users beside --model %s: the model says how many users there are",
                   o->model);
}

static int word_of(const char *arg, const char *option, const char *first, const char *second,
                   const struct argp_state *st)
{
    if (strcmp(arg, first) != 0 && strcmp(arg, second) != 0)
        argp_error(st, "--%s %s: %s or %s", option, arg, first, second);
    return strcmp(arg, second) == 0;
}

static error_t parse_played(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    struct tm_card_cfg *cfg = &o->cfg;
    switch (key) {
    case OPT_USERS:
        cfg->n_users = (uint32_t)tm_args_number(arg, "users", 1, TM_GEN_USERS_MAX, st);
        o->has_users = true;
        return 0;
    case OPT_PACE:
        cfg->pace_ms = (uint32_t)((tm_args_duration(arg, "pace", 0, 86400 * TM_US_PER_S, st) +
                                   TM_US_PER_MS - 1) /
                                  TM_US_PER_MS);
        return 0;
    case OPT_MASTER:
        cfg->master = word_of(arg, "master", "client", "server", st) ? TM_SERVER : TM_CLIENT;
        return 0;
    case OPT_REPLY:
        cfg->reply =
            word_of(arg, "socks-reply", "early", "exact", st) ? TM_LOAD_EXACT : TM_LOAD_EARLY;
        return 0;
    case OPT_RTT:
        cfg->rtt_us = tm_args_duration(arg, "rtt", 0, RTT_MAX_US, st);
        return 0;
    case OPT_RATE:
        cfg->line_bps = tm_args_rate(arg, "rate", RATE_MIN, RATE_MAX, st);
        return 0;
    case OPT_FOR:
        cfg->for_us = tm_args_duration(arg, "for", TM_US_PER_S, TM_CARD_FOR_MAX_US, st);
        return 0;
    case OPT_SESSIONS:
        o->n_sessions = (uint32_t)tm_args_number(arg, "sessions", 1, SESSIONS_MAX, st);
        return 0;
    case OPT_SEED:
        cfg->seed = tm_args_number(arg, "seed", 0, INT64_MAX, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    switch (key) {
    case OPT_MODEL:
        o->model = arg;
        return 0;
    case OPT_WORKLOAD:
        o->workload = arg;
        return 0;
    case OPT_JSON:
        o->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->database)
            argp_error(st, "%s: one argument too many; the model is named by --model", arg);
        o->database = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->database)
            argp_error(st, "no database; name one, e.g. models.db");
        check_model(o, st);
        return 0;
    default:
        return parse_played(key, arg, st);
    }
}

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Long work says how far it is, to people alone. */
static void say_progress(const struct options *o, uint32_t n_done)
{
    if (o->n_sessions > 1 && isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\r%" PRIu32 " of %" PRIu32 " sessions%s", n_done, o->n_sessions,
                      n_done == o->n_sessions ? "\n" : "");
}

static void say_speed(const struct tm_card *card, double took)
{
    double virtual_s = (double)card->virtual_us / 1e6;
    (void)fprintf(stderr,
                  "tm-learn: %.0f s of sessions in %.2f s: %.0f times as fast as life, %.2f us an "
                  "event\n",
                  virtual_s, took, virtual_s / took, took * 1e6 / (double)card->n_events);
}

static int play(struct options *o, struct tm_card *card, struct tm_msg *msg)
{
    double from = seconds();
    int rc = TM_OK;
    for (uint32_t i = 0; i < o->n_sessions && rc == TM_OK; i++) {
        rc = tm_card_play(card, &o->cfg);
        say_progress(o, i + 1);
    }
    if (rc == TM_OK)
        say_speed(card, seconds() - from);
    else if (rc == TM_ERR_CLOSED || rc == TM_ERR_PROTO)
        tm_msg_set(msg, rc, "%s: the simulated tunnel broke down in session %" PRIu32,
                   o->cfg.model->name, card->n_sessions);
    return rc;
}

static void print(const struct options *o, const struct tm_card *card)
{
    if (!o->is_json) {
        tm_card_print(stdout, card, &o->cfg);
        return;
    }
    (void)printf("{\"schema_version\": 1, ");
    tm_card_print_json(stdout, card, &o->cfg);
    (void)printf("}\n");
}

static int read_workload(const struct options *o, struct tm_workload *w, struct tm_msg *msg)
{
    char *text = NULL;
    size_t len = 0;
    int rc = tm_args_slurp(o->workload, WORKLOAD_LEN_MAX, &text, &len, msg);
    if (rc == TM_OK)
        rc = tm_workload_read(w, text, len, o->workload, msg);
    free(text);
    return rc;
}

/* The model or mix that --model names, or the only one of the database; one of *m and *e has it. */
static int load_model(struct options *o, struct tm_store_mix *m, struct tm_store_entry **e,
                      struct tm_msg *msg)
{
    if (!o->model) {
        int rc = tm_args_load(o->database, NULL, e, msg);
        o->cfg.model = rc == TM_OK ? &(*e)->model : NULL;
        return rc;
    }
    int rc = tm_store_mix_load(m, o->database, o->model, msg);
    o->cfg.model = tm_store_mix_model(m);
    if (rc == TM_OK && tm_mix_is_counted(o->model))
        o->cfg.n_users = m->n_users;
    return rc;
}

int tm_cmd_simulate(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse,
        .args_doc = "models.db",
        .doc = "Play the tunnel with a model in virtual time, and print what it carries, costs and "
               "takes."
               "\vThe same model, seed and options give the same card.",
    };
    struct options o = {.n_sessions = 1,
                        .cfg = {.n_users = 4,
                                .rtt_us = 40 * TM_US_PER_MS,
                                .line_bps = 100000000,
                                .reply = TM_LOAD_EXACT,
                                .for_us = 600 * TM_US_PER_S}};
    struct tm_msg msg = {""};
    struct tm_workload workload = {0};
    struct tm_store_entry *e = NULL;
    struct tm_store_mix models = {0};
    struct tm_card *card = NULL;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    int rc = load_model(&o, &models, &e, &msg);
    if (rc == TM_OK && o.workload)
        rc = read_workload(&o, &workload, &msg);
    if (rc == TM_OK) {
        card = calloc(1, sizeof *card);
        rc = card ? TM_OK : TM_ERR_NOMEM;
    }
    if (rc == TM_OK) {
        o.cfg.workload = o.workload ? &workload : NULL;
        rc = play(&o, card, &msg);
    }
    if (rc == TM_OK)
        print(&o, card);
    free(card);
    tm_workload_deinit(&workload);
    tm_store_entries_free(e, 1);
    tm_store_mix_deinit(&models);
    return tm_args_report(rc, &msg);
}
