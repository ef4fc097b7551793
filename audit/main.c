/* tm-audit: does the wire show the schedule, and nothing else (tm-audit.1). */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "audit/commands.h"

struct command {
    const char *name;
    char *title; /* what messages call it */
    int (*run)(int argc, char **argv);
    const char *help;
};

static char conform_title[] = "tm-audit conform";
static char invariant_title[] = "tm-audit invariant";
static char interference_title[] = "tm-audit interference";
static char features_title[] = "tm-audit features";
static char classify_title[] = "tm-audit classify";
static char detect_title[] = "tm-audit detect";
static char correlate_title[] = "tm-audit correlate";
static char report_title[] = "tm-audit report";

static const struct command COMMANDS[] = {
    {"conform", conform_title, tm_cmd_conform,
     "compare a capture of the carriers with the schedule log"},
    {"invariant", invariant_title, tm_cmd_invariant, "print or compare what a schedule fixes"},
    {"interference", interference_title, tm_cmd_interference,
     "tell loaded from idle runs of one schedule"},
    {"features", features_title, tm_cmd_features, "captures to rows of features (CSV, NPZ)"},
    {"classify", classify_title, tm_cmd_classify,
     "name protocols and find cover, as TrafficMimic's authors tried"},
    {"detect", detect_title, tm_cmd_detect, "train an observer to tell cover from real"},
    {"correlate", correlate_title, tm_cmd_correlate,
     "match flows behind the server with carriers of the tunnel"},
    {"report", report_title, tm_cmd_report, "write one page about what the attacks find"},
};

static void print_help(FILE *out)
{
    (void)fputs("Usage: tm-audit COMMAND [OPTION...]\n"
                "Judge what an observer of the wire sees.\n\n",
                out);
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        (void)fprintf(out, "  %-12s %s\n", COMMANDS[i].name, COMMANDS[i].help);
    (void)fputs("\n  tm-audit COMMAND --help   what a command takes\n"
                "  tm-audit --version        the version\n",
                out);
}

int main(int argc, char **argv)
{
    argp_program_version = "tm-audit " TM_VERSION;
    argp_err_exit_status = 2;
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        (void)puts(argp_program_version);
        return 0;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (strcmp(COMMANDS[i].name, name) == 0) {
            argv[1] = COMMANDS[i].title;
            return COMMANDS[i].run(argc - 1, argv + 1);
        }
    }
    if (*name)
        (void)fprintf(stderr, "tm-audit: %s: no such command; see tm-audit --help\n", name);
    else
        print_help(stderr);
    return 2;
}
