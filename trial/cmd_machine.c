/* tm-sim machine - prints the strings of a ready defence's machines. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/json.h"
#include "tm/cli/args.h"
#include "trial/commands.h"
#include "trial/defence.h"

enum { OPT_SIDE = 0x100, OPT_SEED, OPT_JSON, OPT_NUMBERS /* and one more for each name */ };

struct options {
    const struct tm_defence *defence;
    enum tm_defence_side side;
    uint64_t seed;
    bool is_json;
    const char *given[32]; /* by number */
};

#define N_NUMBERS_MAX (sizeof((struct options *)0)->given / sizeof(char *))

static const struct argp_option option_table[] = {
    {"side", OPT_SIDE, "client|server", 0, "for which end (client)", 1},
    {"seed", OPT_SEED, "N", 0, "of what the defence draws for each connection (0)", 1},
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 1},
    {"budget", OPT_NUMBERS, "N", 0, "front, regulator: packets of padding at most (1700; 3550)", 2},
    {"window-min", OPT_NUMBERS + 1, "S", 0, "front: least width of the density, seconds (1)", 2},
    {"window-max", OPT_NUMBERS + 2, "S", 0, "front: largest width (14)", 2},
    {"states", OPT_NUMBERS + 3, "N", 0, "front, regulator: steps of the density or rate (20; 40)",
     2},
    {"interval", OPT_NUMBERS + 4, "S", 0,
     "tamaraw: seconds from packet to packet (client 0.04, server 0.012)", 2},
    {"chunk", OPT_NUMBERS + 5, "N", 0, "tamaraw: a multiple of so many packets is sent (100)", 2},
    {"rate", OPT_NUMBERS + 6, "X", 0, "regulator: packets a second after a surge (277)", 2},
    {"decay", OPT_NUMBERS + 7, "X", 0, "regulator: of the rate, each second (0.94)", 2},
    {"threshold", OPT_NUMBERS + 8, "X", 0,
     "regulator: a surge when more than X times the rate wait (3.55)", 2},
    {"upload-ratio", OPT_NUMBERS + 9, "X", 0, "regulator: packets received for one sent (3.95)", 2},
    {"delay-cap", OPT_NUMBERS + 10, "S", 0, "regulator: longest wait at the client, seconds (1.77)",
     2},
    {0},
};

static const char *option_name(int key)
{
    for (const struct argp_option *o = option_table; o->name; o++)
        if (o->key == key)
            return o->name;
    return "";
}

/* Numbers are put in when the side is known. */
static error_t keep_number(struct options *o, int key, const char *arg, struct argp_state *st)
{
    if (key < OPT_NUMBERS || (size_t)(key - OPT_NUMBERS) >= N_NUMBERS_MAX)
        return ARGP_ERR_UNKNOWN;
    char *end;
    (void)strtod(arg, &end);
    if (end == arg || *end != '\0')
        argp_error(st, "--%s %s: not a number", option_name(key), arg);
    o->given[key - OPT_NUMBERS] = arg;
    return 0;
}

static void take_defence(struct options *o, const char *arg, struct argp_state *st)
{
    if (o->defence)
        argp_error(st, "%s: one argument too many", arg);
    o->defence = tm_defence_named(arg);
    if (!o->defence)
        argp_error(st, "%s: no such defence; see tm-sim machine --help", arg);
}

static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    switch (key) {
    case OPT_SIDE:
        if (strcmp(arg, "client") != 0 && strcmp(arg, "server") != 0)
            argp_error(st, "--side %s: client or server", arg);
        o->side = strcmp(arg, "client") == 0 ? TM_DEFENCE_CLIENT : TM_DEFENCE_SERVER;
        return 0;
    case OPT_SEED:
        o->seed = tm_args_number(arg, "seed", 0, INT64_MAX, st);
        return 0;
    case OPT_JSON:
        o->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        take_defence(o, arg, st);
        return 0;
    case ARGP_KEY_END:
        if (!o->defence)
            argp_error(st, "name a defence: front, tamaraw, regulator, interspace or break-pad");
        return 0;
    default:
        return keep_number(o, key, arg, st);
    }
}

static const struct tm_defence_number *number_of(const char *defence, const char *name)
{
    for (size_t i = 0; i < tm_defence_number_count(); i++) {
        const struct tm_defence_number *n = tm_defence_number_at(i);
        if (strcmp(n->defence, defence) == 0 && strcmp(n->name, name) == 0)
            return n;
    }
    return NULL;
}

/* The defence's own numbers with those of the command line; 2 when it has not all of these. */
static int numbers_of(struct tm_defence_numbers *out, const struct options *o)
{
    *out = o->defence->numbers;
    for (size_t i = 0; i < N_NUMBERS_MAX; i++) {
        if (!o->given[i])
            continue;
        const char *name = option_name(OPT_NUMBERS + (int)i);
        const struct tm_defence_number *n = number_of(o->defence->name, name);
        const double x = strtod(o->given[i], NULL);
        if (!n) {
            (void)fprintf(stderr, "tm-sim machine: %s has no --%s\n", o->defence->name, name);
            return 2;
        }
        if (n->is_whole && x != (double)(uint32_t)x) {
            (void)fprintf(stderr, "tm-sim machine: --%s %s: not a whole number\n", name,
                          o->given[i]);
            return 2;
        }
        n->set(out, o->side, x);
    }
    return 0;
}

static int print(const struct tm_mb_ready *r, const struct options *o)
{
    struct tm_json_out j = {.f = stdout};
    if (o->is_json) {
        tm_json_out_begin(&j, NULL, '{');
        tm_json_out_count(&j, "schema_version", 1);
        tm_json_out_text(&j, "defence", o->defence->name);
        tm_json_out_text(&j, "side", o->side == TM_DEFENCE_CLIENT ? "client" : "server");
        tm_json_out_count(&j, "seed", o->seed);
        tm_json_out_begin(&j, "machines", '[');
    }
    for (size_t i = 0; i < r->n; i++) {
        char *text = NULL;
        int rc = tm_mb_machine_text(&text, r->machines[i]);
        if (rc != TM_OK) {
            (void)fprintf(stderr, "tm-sim machine: %s\n", tm_strerror(rc));
            return 1;
        }
        if (o->is_json)
            tm_json_out_text(&j, NULL, text);
        else
            (void)puts(text);
        free(text);
    }
    if (o->is_json) {
        tm_json_out_end(&j, ']');
        tm_json_out_end(&j, '}');
        (void)putchar('\n');
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

int tm_cmd_machine(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse,
        .args_doc = "front|tamaraw|regulator|interspace|break-pad",
        .doc = "Print the Maybenot machines of a known defence, one string a line.\v"
               "Without numbers, those of the papers.  The server's machines are others than the "
               "client's: --side server.  front and interspace draw some numbers for each "
               "connection: give each its own --seed."};
    struct options o = {.side = TM_DEFENCE_CLIENT};
    struct tm_defence_numbers numbers;
    struct tm_mb_ready ready = {.n = 0};
    struct tm_msg msg = {""};
    tm_args_parse(&argp, argc, argv, &o);
    int status = numbers_of(&numbers, &o);
    if (status != 0)
        return status;
    int rc = o.defence->build(&ready, o.side, &numbers, o.seed, &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-sim machine: %s: %s\n", o.defence->name,
                      msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    status = rc == TM_OK ? print(&ready, &o) : rc == TM_ERR_RANGE ? 2 : 1;
    tm_mb_ready_free(&ready);
    return status;
}
