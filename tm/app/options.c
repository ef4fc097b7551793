/* tm/app/options.c - the table of options and commands. */
#include "tm/app/options.h"

#include <assert.h>

#include "models/gen.h"
#include "tm/base/time.h"

#define JOIN       (1U << TM_CMD_JOIN)
#define CLIENT_RUN (1U << TM_CMD_CLIENT_RUN)
#define MODELS     (1U << TM_CMD_MODELS)
#define SETUP      (1U << TM_CMD_SETUP)
#define SERVER_RUN (1U << TM_CMD_SERVER_RUN)
#define INVITE     (1U << TM_CMD_INVITE)
#define CLIENTS    (1U << TM_CMD_CLIENTS)
#define REVOKE     (1U << TM_CMD_REVOKE)
#define RUN        (CLIENT_RUN | SERVER_RUN)
#define ALL        ((1U << TM_CMD_N) - 1)
#define STATEFUL   (ALL & ~MODELS)

#define SECOND TM_US_PER_S
#define DAY    (SECOND * 24 * 3600)

static const struct tm_command_info commands[] = {
    [TM_CMD_JOIN] = {TM_PROGRAM_CLIENT, "join", "LINK", "enrol at a server with a link from it"},
    [TM_CMD_CLIENT_RUN] = {TM_PROGRAM_CLIENT, "run", NULL, "carry connections to the server"},
    [TM_CMD_MODELS] = {TM_PROGRAM_CLIENT, "models", NULL,
                       "list the models and presets: what each carries, costs and takes"},
    [TM_CMD_SETUP] = {TM_PROGRAM_SERVER, "setup", NULL,
                      "make keys and state, print the first enrolment link"},
    [TM_CMD_SERVER_RUN] = {TM_PROGRAM_SERVER, "run", NULL, "serve the enrolled clients"},
    [TM_CMD_INVITE] = {TM_PROGRAM_SERVER, "invite", NULL, "print another enrolment link"},
    [TM_CMD_CLIENTS] = {TM_PROGRAM_SERVER, "clients", NULL, "list the enrolled clients"},
    [TM_CMD_REVOKE] = {TM_PROGRAM_SERVER, "revoke", "CLIENT", "remove an enrolled client"},
};
static_assert(sizeof commands / sizeof commands[0] == TM_CMD_N, "a command without entry");

static const struct tm_opt_info table[] = {
    [TM_OPT_STATE] = {.name = "state",
                      .arg = "DIR",
                      .kind = TM_OPT_TEXT,
                      .commands = STATEFUL,
                      .required = STATEFUL,
                      .help = "directory of keys and state"},
    [TM_OPT_LISTEN] = {.name = "listen",
                       .arg = "ADDR:PORT",
                       .kind = TM_OPT_ADDRESS,
                       .commands = SETUP | SERVER_RUN,
                       .required = SETUP,
                       .in_config = true,
                       .help = "where carriers are accepted; *:PORT: every address"},
    [TM_OPT_PUBLIC] = {.name = "public",
                       .arg = "HOST:PORT",
                       .kind = TM_OPT_ADDRESS,
                       .commands = SETUP | INVITE,
                       .in_config = true,
                       .help = "address in links, when it is not that of --listen"},
    [TM_OPT_NAME] = {.name = "name",
                     .arg = "HOST",
                     .kind = TM_OPT_TEXT,
                     .commands = SETUP | INVITE,
                     .in_config = true,
                     .help = "host name that clients show in the TLS hello (SNI)"},
    [TM_OPT_DECOY] = {.name = "decoy",
                      .arg = "HOST:PORT",
                      .kind = TM_OPT_ADDRESS,
                      .commands = SETUP | SERVER_RUN,
                      .in_config = true,
                      .help = "web server that strangers are passed on to"},
    [TM_OPT_MODELS] = {.name = "models",
                       .arg = "FILE",
                       .kind = TM_OPT_TEXT,
                       .commands = SETUP | RUN | MODELS,
                       .in_config = true,
                       .help = "model database made by tm-learn; else the shipped one"},
    [TM_OPT_EXPIRES] = {.name = "expires",
                        .arg = "TIME",
                        .kind = TM_OPT_DURATION,
                        .commands = SETUP | INVITE,
                        .def = "24h",
                        .min = 60 * SECOND,
                        .max = 30 * DAY,
                        .help = "how long the link can be used"},
    [TM_OPT_PRESET] = {.name = "preset",
                       .arg = "light|default|strong",
                       .kind = TM_OPT_CHOICE,
                       .commands = CLIENT_RUN,
                       .help = "model, users and pace in one; tm-client models lists them"},
    [TM_OPT_MODEL] = {.name = "model",
                      .arg = "NAME",
                      .kind = TM_OPT_TEXT,
                      .commands = CLIENT_RUN,
                      .required = CLIENT_RUN,
                      .help = "decides sizes and times; constant is built in"},
    [TM_OPT_USERS] = {.name = "users",
                      .arg = "N",
                      .kind = TM_OPT_COUNT,
                      .commands = CLIENT_RUN | MODELS,
                      .def = "4",
                      .min = 1,
                      .max = TM_GEN_USERS_MAX,
                      .help = "modelled users at the same time"},
    [TM_OPT_PACE] = {.name = "pace",
                     .arg = "TIME",
                     .kind = TM_OPT_DURATION,
                     .commands = CLIENT_RUN | MODELS,
                     .def = "0",
                     .max = DAY,
                     .help = "longest pause of a modelled user; 0: as learned"},
    [TM_OPT_MASTER] = {.name = "master",
                       .arg = "client|server",
                       .kind = TM_OPT_CHOICE,
                       .commands = CLIENT_RUN,
                       .def = "client",
                       .help = "which end draws the schedule"},
    [TM_OPT_PLAN] = {.name = "plan",
                     .arg = "seeded|embedded",
                     .kind = TM_OPT_CHOICE,
                     .commands = CLIENT_RUN,
                     .def = "seeded",
                     .help = "how the schedule reaches the other end"},
    [TM_OPT_SEED] = {.name = "seed",
                     .arg = "N",
                     .kind = TM_OPT_COUNT,
                     .commands = RUN,
                     .max = INT64_MAX,
                     .help = "fixed schedule, for experiments only; default: random"},
    [TM_OPT_SOCKS] = {.name = "socks",
                      .arg = "ADDR:PORT",
                      .kind = TM_OPT_ADDRESS,
                      .commands = CLIENT_RUN,
                      .def = "127.0.0.1:1080",
                      .help = "where the SOCKS 5 proxy listens"},
    [TM_OPT_SOCKS_REPLY] = {.name = "socks-reply",
                            .arg = "early|exact",
                            .kind = TM_OPT_CHOICE,
                            .commands = CLIENT_RUN,
                            .def = "exact",
                            .help = "answer at once, or when the server has connected"},
    [TM_OPT_FORWARD] = {.name = "forward",
                        .letter = 'L',
                        .arg = "[BIND:]PORT:HOST:HOSTPORT",
                        .kind = TM_OPT_LIST,
                        .commands = CLIENT_RUN,
                        .help = "listen and carry to one destination, as ssh -L"},
    [TM_OPT_ALLOW] = {.name = "allow",
                      .arg = "CIDR[:PORT]",
                      .kind = TM_OPT_LIST,
                      .commands = SERVER_RUN,
                      .in_config = true,
                      .help = "connect only to these destinations"},
    [TM_OPT_DENY] = {.name = "deny",
                     .arg = "CIDR[:PORT]",
                     .kind = TM_OPT_LIST,
                     .commands = SERVER_RUN,
                     .in_config = true,
                     .help = "never connect to these destinations"},
    [TM_OPT_GRACE] = {.name = "grace",
                      .arg = "TIME",
                      .kind = TM_OPT_DURATION,
                      .commands = RUN,
                      .in_config = true,
                      .def = "10s",
                      .min = SECOND / 10,
                      .max = 3600 * SECOND,
                      .help = "a carrier this much behind its plan is dead"},
    [TM_OPT_CC] = {.name = "cc",
                   .arg = "NAME",
                   .kind = TM_OPT_TEXT,
                   .commands = RUN,
                   .in_config = true,
                   .help = "TCP congestion control; default: the system's"},
    [TM_OPT_LOG_SCHEDULE] = {.name = "log-schedule",
                             .arg = "FILE",
                             .kind = TM_OPT_TEXT,
                             .commands = RUN,
                             .help = "write planned and actual times as JSON lines"},
    [TM_OPT_SUMMARY_JSON] = {.name = "summary-json",
                             .arg = "FILE",
                             .kind = TM_OPT_TEXT,
                             .commands = RUN,
                             .help = "write the closing statistics as JSON"},
    [TM_OPT_JSON] = {.name = "json",
                     .kind = TM_OPT_FLAG,
                     .commands = MODELS,
                     .help = "print one JSON object"},
    [TM_OPT_DEBUG_CORE] = {.name = "debug-core",
                           .kind = TM_OPT_FLAG,
                           .commands = RUN,
                           .help = "allow core dumps, which hold keys"},
    [TM_OPT_VERBOSE] = {.name = "verbose",
                        .letter = 'v',
                        .kind = TM_OPT_FLAG,
                        .commands = ALL,
                        .help = "log more, addresses included"},
    [TM_OPT_HELP] = {.name = "help",
                     .letter = 'h',
                     .kind = TM_OPT_FLAG,
                     .commands = ALL,
                     .help = "print this help"},
    [TM_OPT_VERSION] = {.name = "version",
                        .kind = TM_OPT_FLAG,
                        .commands = ALL,
                        .help = "print the version"},
};
static_assert(sizeof table / sizeof table[0] == TM_OPT_N, "an option without entry");

const struct tm_opt_info *tm_options_info(enum tm_opt opt)
{
    return &table[opt];
}

const struct tm_command_info *tm_options_command(enum tm_command command)
{
    return &commands[command];
}

const char *tm_options_program_name(enum tm_program p)
{
    return p == TM_PROGRAM_CLIENT ? "tm-client" : "tm-server";
}
