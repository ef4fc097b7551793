/* tm/app/main.c - see main.h. */
#include "tm/app/main.h"

#include <stdio.h>

#include "tm/app/process.h"
#include "tm/base/log.h"

static int usage(enum tm_program program, enum tm_command command, const struct tm_msg *msg)
{
    const char *name = tm_options_program_name(program);
    fprintf(stderr, "%s: %s; try: %s %s%s--help\n", name, msg->text, name,
            command < TM_CMD_N ? tm_options_command(command)->name : "",
            command < TM_CMD_N ? " " : "");
    return TM_EXIT_USAGE;
}

int tm_main(enum tm_program program, int argc, char *argv[], const tm_command_fn handlers[TM_CMD_N])
{
    struct tm_options o;
    struct tm_msg msg = {""};
    if (tm_options_parse(&o, program, argc, argv, &msg) != TM_OK ||
        tm_options_complete(&o, &msg) != TM_OK)
        return usage(program, o.command, &msg);
    if (o.v[TM_OPT_HELP].given) {
        tm_options_help(stdout, program, o.command);
        return TM_EXIT_DONE;
    }
    if (o.v[TM_OPT_VERSION].given) {
        printf("%s %s\n", tm_options_program_name(program), TM_VERSION);
        return TM_EXIT_DONE;
    }
    tm_log_set_level(o.v[TM_OPT_VERBOSE].given ? TM_LOG_DEBUG : TM_LOG_INFO);
    if (o.command != TM_CMD_EXEC) /* whose process becomes somebody else's program */
        tm_process_prepare(o.v[TM_OPT_DEBUG_CORE].given ? TM_PROCESS_CORE : TM_PROCESS_NO_CORE);
    enum tm_exit status = handlers[o.command](&o, &msg);
    if (status == TM_EXIT_USAGE)
        return usage(program, o.command, &msg);
    if (status == TM_EXIT_FAILED)
        fprintf(stderr, "%s: %s\n", tm_options_program_name(program), msg.text);
    if (fflush(stdout) != 0 && status == TM_EXIT_DONE) {
        fprintf(stderr, "%s: cannot write to standard output\n", tm_options_program_name(program));
        status = TM_EXIT_FAILED;
    }
    return (int)status;
}
