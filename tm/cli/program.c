#include "tm/cli/program.h"

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void print_help(const struct tm_program *p, FILE *out)
{
    (void)fprintf(out, "Usage: %s COMMAND [OPTION...]\n%s\n\n", p->name, p->purpose);
    for (size_t i = 0; i < p->n_commands; i++)
        (void)fprintf(out, "  %-12s %s\n", p->commands[i].name, p->commands[i].help);
    (void)fprintf(out, "\n  %s COMMAND --help   what a command takes\n", p->name);
    (void)fprintf(out, "  %s --version        the version\n", p->name);
    if (p->first_steps)
        (void)fprintf(out, "\nFirst steps:\n%s", p->first_steps);
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

int tm_program_main(const struct tm_program *p, int argc, char **argv)
{
    char title[64]; /* lives as long as the command runs */
    argp_program_version = p->version;
    argp_err_exit_status = 2;
    if (argc < 2) {
        print_help(p, stderr);
        return 2;
    }
    if (is_one_of(argv[1], "--version", "-V", "version")) {
        (void)puts(p->version);
        return 0;
    }
    if (is_one_of(argv[1], "--help", "-h", "help")) {
        print_help(p, stdout);
        return 0;
    }
    for (size_t i = 0; i < p->n_commands; i++) {
        if (strcmp(p->commands[i].name, argv[1]) != 0)
            continue;
        (void)snprintf(title, sizeof title, "%s %s", p->name, p->commands[i].name);
        argv[1] = title;
        return p->commands[i].run(argc - 1, argv + 1);
    }
    (void)fprintf(stderr, "%s: %s: no such command; see %s --help\n", p->name, argv[1], p->name);
    return 2;
}
