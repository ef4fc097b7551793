/* tm/app/options_help.c - the table of options as help text. */
#include <string.h>

#include "tm/app/options.h"

#define COLUMN 34 /* where the explanations begin */

static void print_program(FILE *out, enum tm_program program)
{
    const char *name = tm_options_program_name(program);
    fprintf(out, "usage: %s COMMAND [OPTION...]\n\ncommands:\n", name);
    for (unsigned i = 0; i < TM_CMD_N; i++) {
        const struct tm_command_info *c = tm_options_command((enum tm_command)i);
        if (c->program == program)
            fprintf(out, "  %-11s %s\n", c->name, c->help);
    }
    fprintf(out, "\n%s COMMAND --help explains a command, man %s everything.\n", name, name);
}

static void print_option(FILE *out, const struct tm_opt_info *info, enum tm_program program,
                         unsigned command_bit)
{
    int n = info->letter != '\0' ? fprintf(out, "  -%c, --%s", info->letter, info->name)
                                 : fprintf(out, "      --%s", info->name);
    if (info->arg != NULL)
        n += fprintf(out, " %s", info->arg);
    if (n + 1 > COLUMN) {
        fprintf(out, "\n");
        n = 0;
    }
    fprintf(out, "%*s%s", COLUMN - n, "", info->help);
    if ((info->required & command_bit) != 0)
        fprintf(out, " (required)");
    else if (info->kind == TM_OPT_LIST)
        fprintf(out, " (may be repeated)");
    else if (info->def != NULL)
        fprintf(out, " (default: %s)", info->def);
    else if (info->shown_def[program] != NULL)
        fprintf(out, " (default: %s)", info->shown_def[program]);
    fprintf(out, "\n");
}

/* How the config file belongs to it, and what a SIGHUP changes. */
static void print_config_help(FILE *out, const struct tm_command_info *c, unsigned command_bit)
{
    const char *before = "";
    fprintf(out,
            "\nA config file sets the same options, one 'name = value' a line: --config, "
            "DIR/config%s.\n"
            "Read again on SIGHUP: ",
            c->program == TM_PROGRAM_CLIENT
                ? ",\n~/.config/trafficmimic/client.conf or /etc/trafficmimic/client.conf"
                : "");
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
        if (!info->live || (info->commands & command_bit) == 0)
            continue;
        fprintf(out, "%s%s", before, info->name);
        before = ", ";
    }
    fprintf(out, ".\n");
}

void tm_options_help(FILE *out, enum tm_program program, enum tm_command command)
{
    if (command == TM_CMD_N) {
        print_program(out, program);
        return;
    }
    const struct tm_command_info *c = tm_options_command(command);
    fprintf(out, "usage: %s %s%s%s [OPTION...]\n\n%s\n\noptions:\n",
            tm_options_program_name(program), c->name, c->operand != NULL ? " " : "",
            c->operand != NULL ? c->operand : "", c->help);
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
        if ((info->commands & 1U << command) != 0)
            print_option(out, info, program, 1U << command);
    }
    if (command == TM_CMD_SERVER_RUN || command == TM_CMD_CLIENT_RUN)
        print_config_help(out, c, 1U << command);
}
