/* tm/app/main.c - see main.h. */
#include "tm/app/main.h"

#include <stdio.h>

#include "tm/app/config.h"
#include "tm/app/options_config.h"
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

/* What a run of the command needs before it, but the command itself: its options, and a process that is ready. */
static enum tm_exit prepare(struct tm_options *o, struct tm_config *config, struct tm_msg *msg)
{
    enum tm_config_fault fault = tm_config_read(config, o, msg);
    if (fault != TM_CONFIG_GOOD)
        return fault == TM_CONFIG_WRONG_USAGE ? TM_EXIT_USAGE : TM_EXIT_FAILED;
    if (o->v[TM_OPT_PRINT_CONFIG].given)
        return TM_EXIT_DONE;
    tm_log_set_level(o->v[TM_OPT_VERBOSE].given ? TM_LOG_DEBUG : TM_LOG_INFO);
    if (o->command != TM_CMD_EXEC) /* whose process becomes somebody else's program */
        tm_process_prepare(o->v[TM_OPT_DEBUG_CORE].given ? TM_PROCESS_CORE : TM_PROCESS_NO_CORE);
    return o->command == TM_CMD_CLIENT_RUN || o->command == TM_CMD_SERVER_RUN ||
                   tm_process_become_owner(o->v[TM_OPT_STATE].text, msg) == TM_OK
               ? TM_EXIT_DONE
               : TM_EXIT_FAILED;
}

static int finish(const struct tm_options *o, enum tm_exit status, const struct tm_msg *msg)
{
    const char *name = tm_options_program_name(o->program);
    if (status == TM_EXIT_USAGE)
        return usage(o->program, o->command, msg);
    if (status == TM_EXIT_FAILED)
        fprintf(stderr, "%s: %s\n", name, msg->text);
    if (fflush(stdout) != 0 && status == TM_EXIT_DONE) {
        fprintf(stderr, "%s: cannot write to standard output\n", name);
        status = TM_EXIT_FAILED;
    }
    return (int)status;
}

int tm_main(enum tm_program program, int argc, char *argv[], const tm_command_fn handlers[TM_CMD_N])
{
    struct tm_options o;
    struct tm_config config = {.text = NULL};
    struct tm_msg msg = {""};
    if (tm_options_parse(&o, program, argc, argv, &msg) != TM_OK)
        return usage(program, o.command, &msg);
    if (o.v[TM_OPT_HELP].given) {
        tm_options_help(stdout, program, o.command);
        return TM_EXIT_DONE;
    }
    if (o.v[TM_OPT_VERSION].given) {
        printf("%s %s\n", tm_options_program_name(program), TM_VERSION);
        return TM_EXIT_DONE;
    }
    enum tm_exit status = prepare(&o, &config, &msg);
    if (status == TM_EXIT_DONE && o.v[TM_OPT_PRINT_CONFIG].given)
        tm_options_print(stdout, &o);
    else if (status == TM_EXIT_DONE)
        status = handlers[o.command](&o, &msg);
    status = (enum tm_exit)finish(&o, status, &msg);
    tm_config_free(&config);
    return (int)status;
}
