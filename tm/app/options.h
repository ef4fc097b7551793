/* tm/app/options.h - every option of tm-client and tm-server, in one table.
 *
 * The table (options.c) has the name, the argument, how it is read, default, range and help of each option
 * and says which commands take it.  It drives the parser of the command line, the reader of config
 * files (the same names, "name = value"), --help, and scripts/check/options.sh, which compares it with
 * the man pages.  Pure. */
#ifndef TM_APP_OPTIONS_H
#define TM_APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tm/app/options_info.h"
#include "tm/base/err.h"

enum tm_program { TM_PROGRAM_CLIENT, TM_PROGRAM_SERVER };

enum tm_command {
    TM_CMD_JOIN,
    TM_CMD_CLIENT_RUN,
    TM_CMD_MODELS,
    TM_CMD_CLIENT_STATUS,
    TM_CMD_CONNECT,
    TM_CMD_EXEC,
    TM_CMD_EBPF_CHECK,
    TM_CMD_CLIENT_PT,
    TM_CMD_PROVE,
    TM_CMD_SETUP,
    TM_CMD_SERVER_RUN,
    TM_CMD_SERVER_STATUS,
    TM_CMD_INVITE,
    TM_CMD_CLIENTS,
    TM_CMD_REVOKE,
    TM_CMD_SERVER_PT,
    TM_CMD_RENEW,
    TM_CMD_N
};

struct tm_command_info {
    enum tm_program program;
    const char *name;
    const char *
        operand; /* "LINK": the one operand, required; NULL: none; "CMD...": it and all that follows it */
    const char *help;
};

enum tm_opt {
    TM_OPT_STATE,
    TM_OPT_LISTEN,
    TM_OPT_PUBLIC,
    TM_OPT_NAME,
    TM_OPT_DECOY,
    TM_OPT_MODELS,
    TM_OPT_EXPIRES,
    TM_OPT_BRIDGE_USERS,
    TM_OPT_LABEL,
    TM_OPT_QR,
    TM_OPT_PENDING,
    TM_OPT_OVERLAP,
    TM_OPT_PRESET,
    TM_OPT_MODEL,
    TM_OPT_MACHINES_CLIENT,
    TM_OPT_MACHINES_SERVER,
    TM_OPT_MAX_PADDING_FRAC,
    TM_OPT_MAX_BLOCKING_FRAC,
    TM_OPT_CELL,
    TM_OPT_SCHEDULE,
    TM_OPT_STRICT,
    TM_OPT_REPEAT,
    TM_OPT_USERS,
    TM_OPT_PACE,
    TM_OPT_ON_DEMAND,
    TM_OPT_IDLE_STOP,
    TM_OPT_MASTER,
    TM_OPT_PLAN,
    TM_OPT_PREP,
    TM_OPT_SEED,
    TM_OPT_SOCKS,
    TM_OPT_SOCKS_REPLY,
    TM_OPT_FORWARD,
    TM_OPT_DYNAMIC,
    TM_OPT_REMOTE,
    TM_OPT_EBPF,
    TM_OPT_CGROUP,
    TM_OPT_ON_EXIT,
    TM_OPT_EBPF_LET,
    TM_OPT_DNS,
    TM_OPT_EXEC_SOCKET,
    TM_OPT_RESOLVER,
    TM_OPT_CLEAN,
    TM_OPT_ALLOW,
    TM_OPT_DENY,
    TM_OPT_ALLOW_UNIX,
    TM_OPT_PERMIT_LISTEN,
    TM_OPT_GRACE,
    TM_OPT_CC,
    TM_OPT_LOG_SCHEDULE,
    TM_OPT_LOG_STREAMS,
    TM_OPT_SUMMARY_JSON,
    TM_OPT_JSON,
    TM_OPT_WATCH,
    TM_OPT_METRICS,
    TM_OPT_METRICS_CLIENTS,
    TM_OPT_UI,
    TM_OPT_SECONDS,
    TM_OPT_OUTPUT,
    TM_OPT_INTERFACE,
    TM_OPT_KEEP,
    TM_OPT_LINK_FILE,
    TM_OPT_DRAIN,
    TM_OPT_CONFIG,
    TM_OPT_CHECK_CONFIG,
    TM_OPT_PRINT_CONFIG,
    TM_OPT_DEBUG_CORE,
    TM_OPT_NO_SANDBOX,
    TM_OPT_VERBOSE,
    TM_OPT_HELP,
    TM_OPT_VERSION,
    TM_OPT_N
};

#define TM_OPTIONS_LIST_MAX 320U

/* Who said it, in the order of who wins. */
enum tm_opt_source {
    TM_OPT_FROM_NOTHING,
    TM_OPT_FROM_DEFAULT,
    TM_OPT_FROM_PRESET,
    TM_OPT_FROM_FILE,
    TM_OPT_FROM_LINE
};

struct tm_opt_value {
    const char
        *text; /* as given or the default; NULL: neither.  Borrowed from argv or the config text */
    int64_t num; /* DURATION, COUNT, CHOICE; FLAG: 1 when given */
    bool given;
    enum tm_opt_source source;
    unsigned line; /* of the config file */
};
struct tm_opt_item {
    enum tm_opt opt;
    const char *text;
    enum tm_opt_source source;
};

struct tm_options {
    enum tm_program program;
    enum tm_command command; /* TM_CMD_N: none given (only with help or version) */
    struct tm_opt_value v[TM_OPT_N];
    struct tm_opt_item list[TM_OPTIONS_LIST_MAX]; /* the values of LIST options, in order */
    size_t n_list;
    const char *operand;
    char *const *rest; /* of a command with the operand "CMD...": it and what follows, to NULL */
    enum tm_opt_source from; /* of what is being read */
    unsigned from_line;
    const char *config_path; /* of the file that was read; NULL: none */
    int argc;                /* as tm_options_parse got them; borrowed */
    char *const *argv;
};

const struct tm_opt_info *tm_options_info(enum tm_opt opt); /* tm/app/options_info.h */
const struct tm_command_info *tm_options_command(enum tm_command command);
const char *tm_options_program_name(enum tm_program p); /* "tm-client", "tm-server" */

/* The option with this name, as any of the commands (bits as in struct tm_opt_info) takes it; TM_OPT_N: none. */
enum tm_opt tm_options_find(unsigned commands, const char *name, size_t len);

/* Reads a whole command line; argv[0] is skipped.  Options may stand before and behind the operand, "--name
 * VALUE", "--name=VALUE", "-L VALUE" or "-LVALUE"; "--" ends them.
 * TM_ERR_FORMAT: wrong usage, msg says what; TM_ERR_LIMIT: more than TM_OPTIONS_LIST_MAX. */
TM_MUST_CHECK int tm_options_parse(struct tm_options *o, enum tm_program program, int argc,
                                   char *const argv[], struct tm_msg *msg);

/* When all has been read: a preset sets what it stands for, and the options are checked against each other, as that what
 * the command requires is there, and that nothing was given that has nothing to decide.  With --help or --version the
 * options need not be complete.  TM_ERR_FORMAT. */
TM_MUST_CHECK int tm_options_complete(struct tm_options *o, struct tm_msg *msg);

/* Whether --model says that Maybenot machines drive the wire; NULL: it does not. */
bool tm_options_means_machines(const char *model);
/* Checks one value by itself, as tm_options_parse does. */
TM_MUST_CHECK int tm_options_set(struct tm_options *o, enum tm_opt opt, const char *value,
                                 struct tm_msg *msg);

/* The help of a command, or of the program when command is TM_CMD_N. */
void tm_options_help(FILE *out, enum tm_program program, enum tm_command command);

#endif
