#include "learner/options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "tm/base/time.h"

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
    OPT_POINTS,
    OPT_JSON,
    OPT_SHARD,
    OPT_K,
    OPT_MIN_USERS,
};

#define MAX_FLOWS_DEFAULT 1000000U
#define LINGER_US         (60 * TM_US_PER_S) /* half of TIME_WAIT, RFC 9293: 2 minutes at most */

static const struct argp_option read_options[] = {
    {"port", 'p', "PORT[,PORT...]", 0, "the servers' TCP ports to learn from", 2},
    {"min-packets", OPT_MIN_PACKETS, "N", 0, "leave out connections with fewer packets (6)", 3},
    {"max-pairs", OPT_MAX_PAIRS, "N", 0, "cut connections after N exchanges (200)", 3},
    {"gap-credit", OPT_GAP_CREDIT, "BYTES", 0,
     "count a hole in the capture as data when it is smaller (15000)", 3},
    {"max-flows", OPT_MAX_FLOWS, "N", 0, "connections followed at a time (1000000)", 3},
    {0},
};

/* What makes a model out of what was measured. */
static const struct argp_option model_options[] = {
    {"output", 'o', "FILE", 0, "the model database; made when missing", 1},
    {"name", 'n', "NAME", 0, "the model's name; a model of that name is replaced", 1},
    {"quiet", 'q', NULL, 0, "no report when all went well", 1},
    {"k", OPT_K, "N", 0,
     "a value stands for at least N observations; 1 keeps every value, for a model that is not "
     "given "
     "away (8)",
     5},
    {"min-users", OPT_MIN_USERS, "N", 0, "... and for observations of at least N users, 1 or 2 (1)",
     5},
    {"points", OPT_POINTS, "N", 0,
     "coarsen distributions of more than N values to N quantile steps (4096)", 5},
    {0},
};

static const struct argp_option learn_options[] = {
    {"shard", OPT_SHARD, "I/N", 0,
     "write what was measured on the clients of part I of N into FILE, for merge and finish; no "
     "model",
     1},
    {"rre-gap", OPT_RRE_GAP, "TIME", 0,
     "a connection that starts later after the last one's end opens a new RRE (2s)", 4},
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
    {0},
};

static const struct argp_option merge_options[] = {
    {"output", 'o', "FILE", 0, "the shard to write", 1},
    {0},
};

static const struct argp_option connections_options[] = {
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 1},
    {0},
};

bool tm_options_duration(const char *text, int64_t *out_us)
{
    static const struct {
        const char *name;
        double us;
    } unit[] = {{"us", 1},   {"ms", 1e3},   {"s", 1e6},   {"", 1e6},
                {"m", 60e6}, {"min", 60e6}, {"h", 3600e6}};
    char *end;
    if (!(text[0] >= '0' && text[0] <= '9'))
        return false;
    errno = 0;
    double v = strtod(text, &end);
    for (size_t i = 0; i < sizeof unit / sizeof *unit; i++) {
        if (strcmp(end, unit[i].name) != 0)
            continue;
        v *= unit[i].us;
        if (errno != 0 || !(v <= (double)TM_MODEL_TIME_MAX_US))
            return false;
        *out_us = (int64_t)(v + 0.5);
        return true;
    }
    return false;
}

static int64_t duration(const char *arg, const char *option, const struct argp_state *st)
{
    int64_t us = 0;
    if (!tm_options_duration(arg, &us))
        argp_error(st, "--%s %s: not a time; write it like 2s, 500ms, 5m or 1h", option, arg);
    return us;
}

static uint32_t number(const char *arg, const char *option, uint32_t min, uint32_t max,
                       const struct argp_state *st)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(arg, &end, 10);
    bool is_digit = arg[0] >= '0' && arg[0] <= '9';
    if (!is_digit || errno != 0 || *end != '\0' || v < min || v > max)
        argp_error(st, "--%s %s: not a number from %u to %u", option, arg, min, max);
    return (uint32_t)v;
}

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

/* Where the model goes. */
static void check_model(const struct tm_options *o, const struct argp_state *st)
{
    if (!o->output)
        argp_error(st, "no database; say where the model goes, e.g. -o models.db");
    if (!o->name)
        argp_error(st, "the model has no name; give one, e.g. --name https");
    if (!tm_model_name_ok(o->name))
        argp_error(
            st,
            "--name %s: use 1 to %d letters, digits, '-', '_' and '.', the first a letter or digit",
            o->name, TM_MODEL_NAME_MAX);
}

static void check_shard(const struct tm_options *o, const struct argp_state *st)
{
    if (!o->output)
        argp_error(st, "no file; say where the shard goes, e.g. -o part1.shard");
    if (o->name)
        argp_error(st, "--name: a shard has no name; give it to tm-learn finish");
}

static void check_usage(const struct tm_options *o, const struct argp_state *st)
{
    if (o->is_learn && o->is_shard)
        check_shard(o, st);
    else if (o->is_learn)
        check_model(o, st);
    if (o->world.n_ports == 0)
        argp_error(st, "no port; say which service to learn, e.g. --port 443");
    if (o->n_traces == 0)
        argp_error(st, "no capture; name pcap or pcapng files, or - for standard input");
    size_t n_stdin = 0;
    for (size_t i = 0; i < o->n_traces; i++)
        n_stdin += strcmp(o->traces[i], "-") == 0;
    if (n_stdin > 1)
        argp_error(st, "standard input (-) can be read only once");
}

/* "3/16". */
static void parse_shard(struct tm_options *o, const char *arg, const struct argp_state *st)
{
    char *end = NULL;
    unsigned long part = arg[0] >= '0' && arg[0] <= '9' ? strtoul(arg, &end, 10) : 0;
    unsigned long n = 0;
    if (end && end[0] == '/' && end[1] >= '0' && end[1] <= '9')
        n = strtoul(end + 1, &end, 10);
    if (n < 1 || n > TM_SHARD_PARTS_MAX || part < 1 || part > n || *end != '\0')
        argp_error(st, "--shard %s: write it like 1/4, 2/4, 3/4 and 4/4; at most %u parts", arg,
                   TM_SHARD_PARTS_MAX);
    o->world.shard = (struct tm_shard){(uint32_t)part, (uint32_t)n};
    o->is_shard = true;
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

/* Options of grouping; ARGP_ERR_UNKNOWN for others. */
static error_t parse_group(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    struct tm_group_cfg *g = &o->fit.group;
    switch (key) {
    case OPT_RRE_GAP:
        g->rre_gap_us = duration(arg, "rre-gap", st);
        return 0;
    case OPT_INTER_CONN:
        g->inter_conn_us = duration(arg, "inter-conn", st);
        return 0;
    case OPT_SESSION_GAP:
        g->session_gap_us = duration(arg, "session-gap", st);
        return 0;
    case OPT_SESSION_LENGTH:
        g->session_length_us = duration(arg, "session-length", st);
        return 0;
    case OPT_AWAY:
        g->away_us = duration(arg, "away", st);
        return 0;
    case OPT_MAX_CONNS:
        g->max_conns = number(arg, "max-conns", 1, 1000000, st);
        return 0;
    case OPT_MAX_RRES:
        g->max_rres = number(arg, "max-rres", 1, 1000000, st);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The model's options, of learn and finish. */
static error_t parse_model(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    switch (key) {
    case 'o':
        o->output = arg;
        return 0;
    case 'n':
        o->name = arg;
        return 0;
    case 'q':
        o->is_quiet = true;
        return 0;
    case OPT_POINTS:
        o->fit.max_points = number(arg, "points", TM_DIST_POINTS_MIN, TM_DIST_POINTS_MAX, st);
        return 0;
    case OPT_K:
        o->pool.k = number(arg, "k", 1, TM_POOL_K_MAX, st);
        return 0;
    case OPT_MIN_USERS:
        o->pool.min_users = number(arg, "min-users", 1, TM_POOL_USERS_MAX, st);
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
    case OPT_KEY:
        parse_key(o, arg, st);
        return 0;
    case OPT_SHARD:
        parse_shard(o, arg, st);
        return 0;
    default:
        return parse_group(key, arg, st);
    }
}

static void take_shards(struct tm_options *o, const struct argp_state *st)
{
    o->traces = st->argv + st->next;
    o->n_traces = (size_t)(st->argc - st->next);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse_finish(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        st->child_inputs[0] = o;
        return 0;
    case ARGP_KEY_ARGS:
        take_shards(o, st);
        return 0;
    case ARGP_KEY_END:
        check_model(o, st);
        if (o->n_traces == 0)
            argp_error(st, "no shard; name the files that tm-learn learn --shard wrote");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse_merge(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    switch (key) {
    case 'o':
        o->output = arg;
        return 0;
    case ARGP_KEY_ARGS:
        take_shards(o, st);
        return 0;
    case ARGP_KEY_END:
        if (!o->output)
            argp_error(st, "no file; say where the shard goes, e.g. -o all.shard");
        if (o->n_traces == 0)
            argp_error(st, "no shard; name the files that tm-learn learn --shard wrote");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
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

/* What both commands understand. */
static error_t parse_read(int key, char *arg, struct argp_state *st)
{
    struct tm_options *o = st->input;
    switch (key) {
    case 'p':
        parse_ports(o, arg, st);
        return 0;
    case OPT_MIN_PACKETS:
        o->world.min_packets = number(arg, "min-packets", 1, 1000000, st);
        return 0;
    case OPT_MAX_PAIRS:
        o->world.exchange.max_pairs = number(arg, "max-pairs", 1, 30000, st);
        return 0;
    case OPT_GAP_CREDIT:
        o->world.exchange.gap_credit_bytes = number(arg, "gap-credit", 0, 1U << 30, st);
        return 0;
    case OPT_MAX_FLOWS:
        o->world.flow.max_flows = number(arg, "max-flows", 1, 1U << 28, st);
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
                .max_points = TM_DIST_POINTS_MAX},
        .pool = {.k = TM_POOL_K_DEFAULT, .min_users = 1},
    };
}

static void parse(struct tm_options *o, const struct argp *argp, int argc, char **argv)
{
    o->world.ports = o->ports;
    if (argp_parse(argp, argc, argv, 0, NULL, o) != 0)
        exit(2);
}

static const struct argp read_argp = {.options = read_options, .parser = parse_read};
static const struct argp model_argp = {.options = model_options, .parser = parse_model};

void tm_options_learn(struct tm_options *o, int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&read_argp, 0, NULL, 0}, {&model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = learn_options,
        .parser = parse_learn,
        .args_doc = "TRACE...",
        .doc = "Learn a model of a service's traffic from captures and put it into a database."
               "\vTRACE is a pcap or pcapng file, compressed with gzip or not, or - for standard "
               "input.  "
               "Headers are enough; nothing but sizes, times and counts goes into the database.",
        .children = children,
    };
    tm_options_init(o);
    o->is_learn = true;
    parse(o, &argp, argc, argv);
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
    tm_options_init(o);
    parse(o, &argp, argc, argv);
}

void tm_options_finish(struct tm_options *o, int argc, char **argv)
{
    static const struct argp_child children[] = {{&model_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse_finish,
        .args_doc = "SHARD...",
        .doc =
            "Make a model of the shards that `tm-learn learn --shard' wrote and put it into a "
            "database."
            "\vAll parts of all captures must be there, in any order, merged or not.  The model is "
            "the one that a single pass over the captures gives.",
        .children = children,
    };
    tm_options_init(o);
    o->fit.max_points = 0;
    parse(o, &argp, argc, argv);
}

void tm_options_merge(struct tm_options *o, int argc, char **argv)
{
    static const struct argp argp = {
        .options = merge_options,
        .parser = parse_merge,
        .args_doc = "SHARD...",
        .doc = "Put shards of `tm-learn learn --shard' together into one file."
               "\vA shard holds addresses and times: it is for its owner's eyes alone.  The same "
               "shards give the same file in any order.",
    };
    tm_options_init(o);
    parse(o, &argp, argc, argv);
}
