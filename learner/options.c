#include "learner/options.h"

#include <stdlib.h>
#include <string.h>

#include "learner/options_model.h"
#include "models/model.h"
#include "tm/base/time.h"
#include "tm/cli/args.h"

enum {
    OPT_RRE_GAP = 0x100,
    OPT_INTER_CONN,
    OPT_SESSION_GAP,
    OPT_SESSION_LENGTH,
    OPT_AWAY,
    OPT_MAX_CONNS,
    OPT_MAX_RRES,
    OPT_MIN_PACKETS,
    OPT_GAP_CREDIT,
    OPT_MAX_PAIRS,
    OPT_MAX_FLOWS,
    OPT_KEY,
    OPT_JOIN,
    OPT_JSON,
    OPT_CLASS,
    OPT_OTHER,
    OPT_RULES,
    OPT_KIND,
    OPT_CONN_END,
    OPT_MIN_RTTS,
    OPT_TAILS,
    OPT_NO_SERVER_THINK,
    OPT_SHARD,
    OPT_PACE,
};

#define MAX_FLOWS_DEFAULT 1000000U
#define MIN_RTTS_DEFAULT  5U /* Swing's paper */
#define TIME_MAX_US       ((int64_t)TM_MODEL_TIME_MAX_US)
#define LINGER_US         (60 * TM_US_PER_S) /* half of TIME_WAIT, RFC 9293: 2 minutes at most */

static const struct argp_option read_options[] = {
    {"port", 'p', "PORT[,PORT...]", 0, "the servers' TCP ports to learn from", 2},
    {"min-packets", OPT_MIN_PACKETS, "N", 0, "leave out connections with fewer packets (6)", 3},
    {"max-pairs", OPT_MAX_PAIRS, "N", 0, "cut connections after N exchanges (200)", 3},
    {"gap-credit", OPT_GAP_CREDIT, "BYTES", 0,
     "count a hole in the capture as data when it is smaller (15000)", 3},
    {"tails", OPT_TAILS, NULL, 0,
     "an answer whose request was not captured is an exchange with an empty one", 3},
    {"max-flows", OPT_MAX_FLOWS, "N", 0, "connections followed at a time (1000000)", 3},
    {"join", OPT_JOIN, "following|all|none", 0,
     "captures that are one recording: those that follow each other in time, all of them merged by "
     "time, or none (following)",
     3},
    {0},
};

static const struct argp_option learn_options[] = {
    {"kind", OPT_KIND, "swing|joint", 0,
     "distributions, each drawn by itself, or connections kept whole, put together of several "
     "(swing)",
     1},
    {"shard", OPT_SHARD, "I/N", 0,
     "write what was measured on the clients of part I of N into FILE, for merge and finish; no "
     "model",
     1},
    {"class", OPT_CLASS, "NAME=FILTER", 0,
     "learn a model NAME of what a pcap-filter(7) matches; may be given 16 times", 2},
    {"other", OPT_OTHER, "NAME", 0, "learn a model NAME of all other TCP traffic", 2},
    {"rules", OPT_RULES, "default|paper|code", 0,
     "set the options below to those of Swing's paper or of the code released with it; later "
     "options override",
     4},
    {"conn-end", OPT_CONN_END, "close|payload", 0,
     "for RREs and sessions a connection ends with FIN or RST, or with its last payload byte "
     "(close)",
     4},
    {"rre-gap", OPT_RRE_GAP, "TIME", 0,
     "a connection that starts later after the last one's end opens a new RRE (2s; 0: no limit)",
     4},
    {"inter-conn", OPT_INTER_CONN, "TIME", 0,
     "... also one that starts later after the last one's start (30s)", 4},
    {"session-gap", OPT_SESSION_GAP, "TIME", 0,
     "a longer pause between RREs ends the session (300s)", 4},
    {"session-length", OPT_SESSION_LENGTH, "TIME", 0,
     "a session takes RREs for this long (0: no limit)", 4},
    {"away", OPT_AWAY, "TIME", 0, "longer pauses between sessions are not learned (24h)", 4},
    {"max-conns", OPT_MAX_CONNS, "N", 0, "connections in an RRE (100)", 4},
    {"max-rres", OPT_MAX_RRES, "N", 0, "RREs in a session (100)", 4},
    {"key", OPT_KEY, "client|pair|pair/BITS", 0,
     "a user is a client address, or one with one server's, or with one network of servers "
     "(client)",
     4},
    {"min-rtts", OPT_MIN_RTTS, "N", 0,
     "round trips that must be measured with a host before its median counts (5)", 4},
    {"no-server-think", OPT_NO_SERVER_THINK, NULL, 0, "learn no server think times", 4},
    {0},
};

static const struct argp_option connections_options[] = {
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 1},
    {0},
};

static const struct argp_option replay_options[] = {
    {"key", OPT_KEY, "client|pair|pair/BITS", 0,
     "a user is a client address, or one with one server's, or with one network of servers "
     "(client)",
     1},
    {"pace", OPT_PACE, "TIME", 0, "cap of a user's pauses between connections (0: none)", 1},
    {0},
};

static void parse_ports(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    o->ports_text = arg;
    o->world.n_ports = 0;
    for (const char *p = arg;;) {
        char *end;
        unsigned long v = strtoul(p, &end, 10);
        if (*p < '0' || *p > '9' || v < 1 || v > 65535 || (*end != ',' && *end != '\0'))
            argp_error(st, "--port %s: give port numbers from 1 to 65535, like 443 or 443,8443",
                       arg);
        if (o->world.n_ports == TM_OPTIONS_PORTS_MAX)
            argp_error(st, "--port: at most %u ports", TM_OPTIONS_PORTS_MAX);
        o->ports[o->world.n_ports++] = (uint16_t)v;
        if (*end == '\0')
            return;
        p = end + 1;
    }
}

static void check_names(const struct tm_options *o, const struct argp_state *st)
{
    const char *names[TM_OPTIONS_CLASSES_MAX + 2];
    size_t n = 0;
    if (o->name)
        names[n++] = o->name;
    if (o->other)
        names[n++] = o->other;
    for (size_t i = 0; i < o->n_classes; i++)
        names[n++] = o->classes[i].name;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(names[i], names[k]) == 0)
                argp_error(st, "two models of one name, %s", names[i]);
        }
    }
}

static void check_learn(struct tm_options *o, const struct argp_state *st)
{
    bool has_class = o->n_classes > 0 || o->other;
    if (!o->output)
        argp_error(st, "no database; say where the model goes, e.g. -o models.db");
    if (!o->name && (o->world.n_ports > 0 || !has_class))
        argp_error(st, "the model has no name; give one, e.g. --name https");
    if (o->name)
        tm_options_check_name("name", o->name, st);
    if (o->world.n_ports == 0 && (o->name || !has_class))
        argp_error(st, "no port; say which service to learn, e.g. --port 443");
    check_names(o, st);
}

static void check_shard(const struct tm_options *o, const struct argp_state *st)
{
    if (!o->output)
        argp_error(st, "no file; say where the shard goes, e.g. -o part1.shard");
    if (o->name)
        argp_error(st, "--name: a shard has no name; give it to tm-learn finish");
    if (o->kind != TM_MODEL_SWING)
        argp_error(st, "--shard: a joint model is learned in one go, without shards");
    if (o->n_classes > 0 || o->other)
        argp_error(st, "--shard: a shard is of one class, that of --port; not of --class or "
                       "--other");
    if (o->world.n_ports == 0)
        argp_error(st, "no port; say which service to learn, e.g. --port 443");
}

static void check_usage(struct tm_options *o, struct argp_state *st)
{
    if (o->is_learn && o->is_shard)
        check_shard(o, st);
    else if (o->is_learn)
        check_learn(o, st);
    else if (o->world.n_ports == 0)
        argp_error(st, "no port; say which service to learn, e.g. --port 443");
    if (o->n_traces == 0)
        argp_error(st,
                   "no capture; name pcap or pcapng files, directories, or - for standard input");
    size_t n_stdin = 0;
    for (size_t i = 0; i < o->n_traces; i++)
        n_stdin += strcmp(o->traces[i], "-") == 0;
    if (n_stdin > 1)
        argp_error(st, "standard input (-) can be read only once");
}

static void parse_class(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    const char *filter = strchr(arg, '=');
    if (!filter || filter[1] == '\0')
        argp_error(st, "--class %s: write NAME=FILTER, e.g. web='tcp port 443'", arg);
    if (o->n_classes == TM_OPTIONS_CLASSES_MAX)
        argp_error(st, "--class: at most %u classes", TM_OPTIONS_CLASSES_MAX);
    struct tm_options_class *c = &o->classes[o->n_classes++];
    size_t len = (size_t)(filter - arg);
    *c = (struct tm_options_class){.filter = filter + 1};
    if (len > TM_MODEL_NAME_MAX)
        argp_error(st, "--class %s: a name is at most %d letters", arg, TM_MODEL_NAME_MAX);
    memcpy(c->name, arg, len);
    tm_options_check_name("class", c->name, st);
}

/* Swing's paper knows starts within 30 s and pauses of 300 s, no caps; the code released with it also
 * an end within 2 s, caps, and sessions of 300 s (doc/PAPER.md). */
static void parse_rules(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    bool is_paper = strcmp(arg, "paper") == 0;
    bool is_code = strcmp(arg, "code") == 0;
    if (!is_paper && !is_code && strcmp(arg, "default") != 0)
        argp_error(st, "--rules %s: is default, paper or code", arg);
    o->fit.group = tm_group_cfg_default();
    o->fit.key = is_code ? TM_USER_PAIR : TM_USER_CLIENT;
    o->fit.server_bits = 0;
    o->fit.end = is_code ? TM_END_PAYLOAD : TM_END_CLOSE;
    o->fit.min_rtts = is_code ? 2 : MIN_RTTS_DEFAULT;
    o->fit.is_server_think_zero = is_code;
    o->world.exchange.is_tail_pair = is_code;
    if (is_paper) {
        o->fit.group.rre_gap_us = 0;
        o->fit.group.max_conns = TM_MODEL_COUNT_MAX;
        o->fit.group.max_rres = TM_MODEL_COUNT_MAX;
    }
    if (is_code)
        o->fit.group.session_length_us = 300 * TM_US_PER_S;
}

static void parse_kind(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    bool is_joint = strcmp(arg, "joint") == 0;
    if (!is_joint && strcmp(arg, "swing") != 0)
        argp_error(st, "--kind %s: is swing or joint", arg);
    o->kind = is_joint ? TM_MODEL_JOINT : TM_MODEL_SWING;
}

static void parse_conn_end(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    bool is_close = strcmp(arg, "close") == 0;
    if (!is_close && strcmp(arg, "payload") != 0)
        argp_error(st, "--conn-end %s: is close or payload", arg);
    o->fit.end = is_close ? TM_END_CLOSE : TM_END_PAYLOAD;
}

/* "client", "pair" or "pair/27". */
static void parse_key(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    static const char net[] = "pair/";
    char *end;
    o->fit.server_bits = 0;
    if (strcmp(arg, "client") == 0) {
        o->fit.key = TM_USER_CLIENT;
    } else if (strcmp(arg, "pair") == 0) {
        o->fit.key = TM_USER_PAIR;
    } else {
        bool is_net = strncmp(arg, net, sizeof net - 1) == 0;
        const char *bits = is_net ? arg + sizeof net - 1 : arg;
        unsigned long v = strtoul(bits, &end, 10);
        if (!is_net || bits[0] < '0' || bits[0] > '9' || *end != '\0' || v < 1 || v > 32)
            argp_error(st, "--key %s: is client, pair, or pair/BITS with 1 to 32 bits", arg);
        o->fit.key = TM_USER_NET;
        o->fit.server_bits = (uint8_t)v;
    }
}

static void parse_join(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    if (strcmp(arg, "following") == 0)
        o->join = TM_JOIN_FOLLOWING;
    else if (strcmp(arg, "all") == 0)
        o->join = TM_JOIN_ALL;
    else if (strcmp(arg, "none") == 0)
        o->join = TM_JOIN_NONE;
    else
        argp_error(st, "--join %s: is following, all or none", arg);
}

/* Options of grouping; ARGP_ERR_UNKNOWN for others. */
static error_t parse_group(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    struct tm_group_cfg *g = &o->fit.group;
    switch (key) {
    case OPT_RRE_GAP:
        g->rre_gap_us = tm_args_duration(arg, "rre-gap", 0, TIME_MAX_US, st);
        return 0;
    case OPT_INTER_CONN:
        g->inter_conn_us = tm_args_duration(arg, "inter-conn", 0, TIME_MAX_US, st);
        return 0;
    case OPT_SESSION_GAP:
        g->session_gap_us = tm_args_duration(arg, "session-gap", 0, TIME_MAX_US, st);
        return 0;
    case OPT_SESSION_LENGTH:
        g->session_length_us = tm_args_duration(arg, "session-length", 0, TIME_MAX_US, st);
        return 0;
    case OPT_AWAY:
        g->away_us = tm_args_duration(arg, "away", 0, TIME_MAX_US, st);
        return 0;
    case OPT_MAX_CONNS:
        g->max_conns = (uint32_t)tm_args_number(arg, "max-conns", 1, 1000000, st);
        return 0;
    case OPT_MAX_RRES:
        g->max_rres = (uint32_t)tm_args_number(arg, "max-rres", 1, 1000000, st);
        return 0;
    case OPT_RULES:
        parse_rules(o, arg, st);
        return 0;
    case OPT_CONN_END:
        parse_conn_end(o, arg, st);
        return 0;
    case OPT_MIN_RTTS:
        o->fit.min_rtts = (uint32_t)tm_args_number(arg, "min-rtts", 1, 1000000, st);
        return 0;
    case OPT_NO_SERVER_THINK:
        o->fit.is_server_think_zero = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_learn(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    switch (key) {
    case ARGP_KEY_INIT:
        st->child_inputs[0] = o;
        st->child_inputs[1] = o;
        return 0;
    case OPT_SHARD:
        tm_options_parse_shard(o, arg, st);
        return 0;
    case OPT_CLASS:
        parse_class(o, arg, st);
        return 0;
    case OPT_OTHER:
        o->other = arg;
        tm_options_check_name("other", arg, st);
        return 0;
    case OPT_KEY:
        parse_key(o, arg, st);
        return 0;
    case OPT_KIND:
        parse_kind(o, arg, st);
        return 0;
    default:
        return parse_group(key, arg, st);
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse_connections(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        st->child_inputs[0] = o;
        return 0;
    case OPT_JSON:
        o->is_json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_replay(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    switch (key) {
    case ARGP_KEY_INIT:
        st->child_inputs[0] = o;
        return 0;
    case OPT_KEY:
        parse_key(o, arg, st);
        return 0;
    case OPT_PACE:
        o->pace_us = tm_args_duration(arg, "pace", 0, TIME_MAX_US, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What all of them understand. */
static error_t parse_read(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    switch (key) {
    case 'p':
        parse_ports(o, arg, st);
        return 0;
    case OPT_MIN_PACKETS:
        o->world.min_packets = (uint32_t)tm_args_number(arg, "min-packets", 1, 1000000, st);
        return 0;
    case OPT_MAX_PAIRS:
        o->world.exchange.max_pairs = (uint32_t)tm_args_number(arg, "max-pairs", 1, 30000, st);
        return 0;
    case OPT_GAP_CREDIT:
        o->world.exchange.gap_credit_bytes =
            (uint32_t)tm_args_number(arg, "gap-credit", 0, 1U << 30, st);
        return 0;
    case OPT_TAILS:
        o->world.exchange.is_tail_pair = true;
        return 0;
    case OPT_MAX_FLOWS:
        o->world.flow.max_flows = (uint32_t)tm_args_number(arg, "max-flows", 1, 1U << 28, st);
        return 0;
    case OPT_JOIN:
        parse_join(o, arg, st);
        return 0;
    case ARGP_KEY_ARGS:
        o->traces = st->argv + st->next;
        o->n_traces = (size_t)(st->argc - st->next);
        return 0;
    case ARGP_KEY_END:
        check_usage(o, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void tm_options_init(struct tm_options *o)
{
    *o = (struct tm_options){
        .world = {.min_packets = 6,
                  .exchange = tm_exchange_cfg_default(),
                  .flow = {.max_flows = MAX_FLOWS_DEFAULT, .linger_us = LINGER_US}},
        .fit = {.group = tm_group_cfg_default(),
                .key = TM_USER_CLIENT,
                .min_rtts = MIN_RTTS_DEFAULT,
                .max_points = TM_DIST_POINTS_MAX},
        .kind = TM_MODEL_SWING,
        .pool = {.k = TM_POOL_K_DEFAULT},
    };
}

static void parse(struct tm_options *o, bool is_learn, const struct argp *argp, int argc,
                  char **argv)
{
    tm_options_init(o);
    o->is_learn = is_learn;
    o->world.ports = o->ports;
    tm_args_parse(argp, argc, argv, o);
}

static const struct argp read_argp = {.options = read_options, .parser = parse_read};

void tm_options_learn(struct tm_options *o, int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&read_argp, 0, NULL, 0}, {&tm_options_model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = learn_options,
        .parser = parse_learn,
        .args_doc = "TRACE...",
        .doc = "Learn a model of a service's traffic from captures and put it into a database, "
               "or one of each class."
               "\vTRACE is a pcap or pcapng file, packed with gzip or zstd or not, a directory of "
               "them, or - for standard input.  "
               "Headers are enough; nothing but sizes, times and counts goes into the database.",
        .children = children,
    };
    parse(o, true, &argp, argc, argv);
}

void tm_options_connections(struct tm_options *o, int argc, char **argv)
{
    static const struct argp_child children[] = {{&read_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = connections_options,
        .parser = parse_connections,
        .args_doc = "TRACE...",
        .doc = "Print the connections that `tm-learn learn' would learn from, one a line."
               "\vUnlike a model, this output holds addresses.",
        .children = children,
    };
    parse(o, false, &argp, argc, argv);
}

void tm_options_replay(struct tm_options *o, int argc, char **argv)
{
    static const struct argp_child children[] = {{&read_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = replay_options,
        .parser = parse_replay,
        .args_doc = "TRACE...",
        .doc = "Print the complete connections of captures as a schedule file: write by write as "
               "they were captured."
               "\vUnlike a model, this output is the recording itself, addresses included.",
        .children = children,
    };
    parse(o, false, &argp, argc, argv);
}
