/* tm/cli/program.h - a program of several commands: `tm-audit conform --capture FILE`. */
#ifndef TM_CLI_PROGRAM_H
#define TM_CLI_PROGRAM_H

#include <stddef.h>

struct tm_command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is what messages call it: "tm-audit conform"; its
                                          result is the exit status */
    const char *help;                  /* one line */
};

struct tm_program {
    const char *name;
    const char *version; /* "tm-audit 0.1.0"; the commands' --version says it too */
    const char *purpose; /* one line */
    const struct tm_command *commands;
    size_t n_commands;
    const char *first_steps; /* indented lines of examples; NULL: none */
};

/* Runs the command that argv[1] names and returns the program's exit status: the command's; 0 after --help, -h, help,
 * --version or -V; 2 when no command is named or there is no such. */
int tm_program_main(const struct tm_program *p, int argc, char **argv);

#endif
