/* tm-learn: packet captures -> a model database (tm-learn.1). */
#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "learner/commands.h"

struct command {
    const char *name;
    char *title; /* what messages call it */
    int (*run)(int argc, char **argv);
    const char *help;
};

static char learn_title[] = "tm-learn learn";
static char merge_title[] = "tm-learn merge";
static char finish_title[] = "tm-learn finish";
static char audit_title[] = "tm-learn audit";
static char list_title[] = "tm-learn list";
static char show_title[] = "tm-learn show";
static char report_title[] = "tm-learn report";
static char sample_title[] = "tm-learn sample";
static char simulate_title[] = "tm-learn simulate";
static char compare_title[] = "tm-learn compare";
static char diff_title[] = "tm-learn diff";
static char export_title[] = "tm-learn export";
static char import_title[] = "tm-learn import";
static char connections_title[] = "tm-learn connections";
static char replay_title[] = "tm-learn replay";

static const struct command commands[] = {
    {"learn", learn_title, tm_cmd_learn, "learn a model from captures and put it into a database"},
    {"merge", merge_title, tm_cmd_merge, "put the shards of learn --shard together"},
    {"finish", finish_title, tm_cmd_finish, "make a model of shards"},
    {"audit", audit_title, tm_cmd_audit, "say what a model tells about the captures it is from"},
    {"list", list_title, tm_cmd_list, "list the models of a database"},
    {"show", show_title, tm_cmd_show, "show what a model holds"},
    {"report", report_title, tm_cmd_report, "write a page about a model"},
    {"sample", sample_title, tm_cmd_sample,
     "play a model in virtual time: connections, a schedule, a capture"},
    {"simulate", simulate_title, tm_cmd_simulate,
     "play the tunnel with a model in virtual time: what it carries, costs and takes"},
    {"compare", compare_title, tm_cmd_compare, "compare two models, or a model and captures"},
    {"diff", diff_title, tm_cmd_diff, "show what differs between two models"},
    {"export", export_title, tm_cmd_export, "print models as JSON"},
    {"import", import_title, tm_cmd_import, "put models from JSON into a database"},
    {"connections", connections_title, tm_cmd_connections,
     "print the connections found in captures"},
    {"replay", replay_title, tm_cmd_replay, "print captured connections as a schedule file"},
};

static void print_help(FILE *out)
{
    (void)fputs("Usage: tm-learn COMMAND [OPTION...]\n"
                "Turn packet captures into models of traffic.\n\n",
                out);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        (void)fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
    (void)fputs("\n  tm-learn COMMAND --help   what a command takes\n"
                "  tm-learn --version        the version\n"
                "\nFirst steps:\n"
                "  tm-learn learn -o models.db --name https --port 443 trace.pcap\n"
                "  tm-learn show models.db https\n",
                out);
}

int main(int argc, char **argv)
{
    argp_program_version = "tm-learn " TM_VERSION;
    argp_err_exit_status = 2;
    (void)setlocale(LC_CTYPE, "");
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        (void)puts(argp_program_version);
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            argv[1] = commands[i].title;
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    (void)fprintf(stderr, "tm-learn: %s: no such command; see tm-learn --help\n", argv[1]);
    return 2;
}
