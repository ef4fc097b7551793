/* tm-sim: what Maybenot machines do to recorded traffic (tm-sim.1). */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "trial/commands.h"

struct command {
    const char *name;
    char *title; /* what messages call it */
    int (*run)(int argc, char **argv);
    const char *help;
};

static char run_title[] = "tm-sim run";
static char machine_title[] = "tm-sim machine";

static const struct command commands[] = {
    {"run", run_title, tm_cmd_run, "play machines over traces: what they cost, what is seen"},
    {"machine", machine_title, tm_cmd_machine, "print the machines of a known defence"},
};

static void print_help(FILE *out)
{
    (void)fputs("Usage: tm-sim COMMAND [OPTION...]\n"
                "Try Maybenot machines on recorded traffic.\n\n",
                out);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        (void)fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    (void)fputs("\n  tm-sim COMMAND --help   what a command takes\n"
                "  tm-sim --version        the version\n"
                "\nFirst steps:\n"
                "  tm-sim run --ready front capture.pcap\n",
                out);
}

int main(int argc, char **argv)
{
    argp_program_version = "tm-sim " TM_VERSION;
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
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            argv[1] = commands[i].title;
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (*name)
        (void)fprintf(stderr, "tm-sim: %s: no such command; see tm-sim --help\n", name);
    else
        print_help(stderr);
    return 2;
}
