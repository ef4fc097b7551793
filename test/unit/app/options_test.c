/* test/unit/app/options_test.c - command lines against the table. */
#include "tm/app/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/app/udpforward.h"

static struct tm_options o;
static struct tm_msg msg;

/* Parses a NULL-terminated list of words behind the program's name. */
#define PARSE(program, ...) parse(program, (char *[]){"prog", __VA_ARGS__, NULL})

static int parse(enum tm_program program, char *argv[])
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    msg.text[0] = '\0';
    int rc = tm_options_parse(&o, program, argc, argv, &msg);
    return rc == TM_OK ? tm_options_complete(&o, &msg) : rc;
}

static void client_run_has_its_defaults(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state", "d", "--model", "https"), TM_OK);
    CHECK_INT(o.command, TM_CMD_CLIENT_RUN);
    CHECK_STR(o.v[TM_OPT_STATE].text, "d");
    CHECK_STR(o.v[TM_OPT_MODEL].text, "https");
    CHECK_STR(o.v[TM_OPT_SOCKS].text, "127.0.0.1:1080");
    CHECK_INT(o.v[TM_OPT_SOCKS].given, 0);
    CHECK_INT(o.v[TM_OPT_SOCKS_REPLY].num, 1);
    CHECK_INT(o.v[TM_OPT_USERS].num, 4);
    CHECK_INT(o.v[TM_OPT_PACE].num, 0);
    CHECK_INT(o.v[TM_OPT_MASTER].num, 0);
    CHECK_INT(o.v[TM_OPT_PLAN].num, 0);
    CHECK_INT(o.v[TM_OPT_GRACE].num, 10000000);
    CHECK(o.v[TM_OPT_SEED].text == NULL);
    CHECK_INT(o.n_list, 0);
}

static void models_needs_no_state(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "models"), TM_OK);
    CHECK_INT(o.command, TM_CMD_MODELS);
    CHECK_INT(o.v[TM_OPT_USERS].num, 4);
    CHECK_INT(o.v[TM_OPT_JSON].given, 0);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "models", "--json", "--models", "m.db", "--users", "9",
                    "--pace", "2s"),
              TM_OK);
    CHECK_INT(o.v[TM_OPT_JSON].given, 1);
    CHECK_INT(o.v[TM_OPT_PACE].num, 2000000);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "models", "--socks", "127.0.0.1:1"), TM_ERR_FORMAT);
    CHECK_STR(msg.text, "unknown option --socks");
}

static void values_come_in_every_usual_form(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "m", "-L", "1:h:2", "-L3:h:4",
                    "--forward=5:h:6", "-v", "--pace=250ms", "--master", "server", "--seed", "7"),
              TM_OK);
    CHECK_INT(o.n_list, 3);
    CHECK_STR(o.list[0].text, "1:h:2");
    CHECK_STR(o.list[1].text, "3:h:4");
    CHECK_STR(o.list[2].text, "5:h:6");
    CHECK_INT(o.list[2].opt, TM_OPT_FORWARD);
    CHECK_INT(o.v[TM_OPT_VERBOSE].num, 1);
    CHECK_INT(o.v[TM_OPT_PACE].num, 250000);
    CHECK_INT(o.v[TM_OPT_MASTER].num, 1);
    CHECK_INT(o.v[TM_OPT_SEED].num, 7);
}

static void operands_stand_anywhere(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "join", "tm://x", "--state", "d"), TM_OK);
    CHECK_STR(o.operand, "tm://x");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "join", "--state", "d", "tm://x"), TM_OK);
    CHECK_STR(o.operand, "tm://x");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "join", "--state", "d", "--", "-odd"), TM_OK);
    CHECK_STR(o.operand, "-odd");
}

static const struct {
    enum tm_program program;
    char *argv[8];
    const char *why;
} wrong[] = {
    {TM_PROGRAM_CLIENT, {"p"}, "no command given"},
    {TM_PROGRAM_CLIENT, {"p", "fly"}, "unknown command 'fly'"},
    {TM_PROGRAM_CLIENT, {"p", "setup"}, "unknown command 'setup'"},
    {TM_PROGRAM_CLIENT,
     {"p", "run", "--users", "5"},
     "--users needs a --model: the default preset says itself how many"},
    {TM_PROGRAM_CLIENT, {"p", "staus"}, "unknown command 'staus' (did you mean 'status'?)"},
    {TM_PROGRAM_CLIENT,
     {"p", "run", "--modle=x"},
     "unknown option --modle=x (did you mean '--model'?)"},
    {TM_PROGRAM_SERVER, {"p", "run", "--alow"}, "unknown option --alow (did you mean '--allow'?)"},
    {TM_PROGRAM_CLIENT,
     {"p", "join", "tm://x", "--link-file", "f"},
     "--link-file beside a link: give one of them"},
    {TM_PROGRAM_CLIENT, {"p", "run", "--state"}, "--state needs a value: DIR"},
    {TM_PROGRAM_CLIENT, {"p", "run", "--state", ""}, "--state needs a value"},
    {TM_PROGRAM_CLIENT, {"p", "run", "--bogus"}, "unknown option --bogus"},
    {TM_PROGRAM_CLIENT, {"p", "run", "--listen", "a:1"}, "unknown option --listen"},
    {TM_PROGRAM_CLIENT, {"p", "run", "-x"}, "unknown option -x"},
    {TM_PROGRAM_CLIENT, {"p", "run", "--verbose=1"}, "--verbose takes no value"},
    {TM_PROGRAM_CLIENT, {"p", "run", "extra"}, "unexpected argument 'extra'"},
    {TM_PROGRAM_CLIENT, {"p", "join", "--state", "d"}, "LINK is required"},
    {TM_PROGRAM_CLIENT, {"p", "join", "a", "b"}, "unexpected argument 'b'"},
    {TM_PROGRAM_CLIENT, {"p", "run", "--users", "0"}, "--users must be from 1 to 1024"},
    {TM_PROGRAM_CLIENT, {"p", "run", "--users", "x"}, "--users: 'x' is no number from 1 to 1024"},
    {TM_PROGRAM_CLIENT,
     {"p", "run", "--master", "both"},
     "--master: 'both' is none of client|server"},
    {TM_PROGRAM_CLIENT,
     {"p", "run", "--master", "client|server"},
     "--master: 'client|server' is none of client|server"},
    {TM_PROGRAM_CLIENT,
     {"p", "run", "--pace", "10"},
     "--pace: '10' is no time; write a number and a unit, as 250ms, 10s, 5m, 24h"},
    {TM_PROGRAM_CLIENT, {"p", "run", "--grace", "50ms"}, "--grace must be from 100ms to 1h"},
    {TM_PROGRAM_CLIENT,
     {"p", "run", "--grace", "9223372036854775807d"},
     "--grace must be from 100ms to 1h"},
    {TM_PROGRAM_CLIENT,
     {"p", "run", "--socks", "1080"},
     "--socks '1080' has no port; write HOST:PORT"},
    {TM_PROGRAM_CLIENT,
     {"p", "run", "-L", "80:h"},
     "-L '80:h': write [BIND:]PORT:HOST:HOSTPORT, IPv6 addresses in brackets, /PATH for "
     "[BIND:]PORT, or unix:/PATH for HOST:HOSTPORT"},
    {TM_PROGRAM_SERVER, {"p", "setup", "--state", "d"}, "--listen ADDR:PORT is required"},
    {TM_PROGRAM_SERVER,
     {"p", "invite", "--state", "d", "--expires", "1s"},
     "--expires must be from 1m to 30d"},
};

static void wrong_usage_is_said_exactly(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *argv[8];
        memcpy(argv, wrong[i].argv, sizeof argv);
        CHECK_INT(parse(wrong[i].program, argv), TM_ERR_FORMAT);
        CHECK_STR(msg.text, wrong[i].why);
    }
}

static void what_a_schedule_file_decides_is_decided(void)
{
    static const struct {
        char *argv[8];
        const char *why;
    } bad[] = {
        {{"p", "run", "--state=d", "--schedule=f", "--model=m"},
         "--model has nothing to decide: the schedule file says everything"},
        {{"p", "run", "--state=d", "--schedule=f", "--users=1"},
         "--users has nothing to decide: the schedule file says everything"},
        {{"p", "run", "--state=d", "--schedule=f", "--master=server"},
         "--master server: the client has the schedule file, so it is the master"},
        {{"p", "run", "--state=d", "--model=m", "--strict"}, "--strict goes with --schedule"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *argv[8];
        memcpy(argv, bad[i].argv, sizeof argv);
        CHECK_INT(parse(TM_PROGRAM_CLIENT, argv), TM_ERR_FORMAT);
        CHECK_STR(msg.text, bad[i].why);
    }
}

static void a_schedule_file_takes_the_place_of_a_model(void)
{
    CHECK_INT(
        PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--schedule", "f", "--strict", "--repeat"),
        TM_OK);
    CHECK_STR(o.v[TM_OPT_SCHEDULE].text, "f");
    CHECK(o.v[TM_OPT_STRICT].given && o.v[TM_OPT_REPEAT].given && !o.v[TM_OPT_PLAN].given);
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "run", "--state=d", "--schedule=f"), TM_OK);
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "run", "--state=d", "--strict"), TM_ERR_FORMAT);
}

static void exec_takes_the_whole_rest_of_the_line(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "exec", "--", "ls", "-l", "--", "--help"), TM_OK);
    CHECK_INT(o.command, TM_CMD_EXEC);
    CHECK_STR(o.rest[0], "ls");
    CHECK_STR(o.rest[3], "--help");
    CHECK_STR(o.v[TM_OPT_EXEC_SOCKET].text, "/run/tm-client/exec");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "exec", "--exec-socket", "s", "ls", "--exec-socket"), TM_OK);
    CHECK_STR(o.v[TM_OPT_EXEC_SOCKET].text, "s");
    CHECK_STR(o.rest[1], "--exec-socket");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "exec"), TM_ERR_FORMAT);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "exec", "--"), TM_ERR_FORMAT);
}

static void transports_need_nothing_and_take_no_files(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "pt"), TM_OK);
    CHECK_INT(o.command, TM_CMD_CLIENT_PT);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "pt", "--model", "shuffle:4"), TM_OK);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "pt", "--model", "maybenot"), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "maybenot") != NULL);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "pt", "--preset", "light"), TM_OK);
    CHECK_STR(o.v[TM_OPT_MODEL].text, "https-chat-joint");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "pt", "--state", "d"), TM_ERR_FORMAT);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "pt", "--schedule", "f"), TM_ERR_FORMAT);
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "pt"), TM_OK);
    CHECK_INT(o.command, TM_CMD_SERVER_PT);
    CHECK_INT(o.v[TM_OPT_BRIDGE_USERS].num, 10000);
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "pt", "--decoy=h:1", "--bridge-users", "3"), TM_OK);
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "pt", "--bridge-users", "0"), TM_ERR_FORMAT);
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "pt", "--listen", "h:1"), TM_ERR_FORMAT);
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "run", "--state=d", "--bridge-users", "3"), TM_ERR_FORMAT);
}

static void ebpf_options_need_ebpf(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=m", "--ebpf=connect",
                    "--cgroup=/c", "--on-exit=direct", "--ebpf-let=udp", "--resolver=h:53"),
              TM_OK);
    CHECK_INT(o.v[TM_OPT_EBPF].num, 1);
    CHECK_INT(o.v[TM_OPT_ON_EXIT].num, 1);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=m"), TM_OK);
    CHECK_INT(o.v[TM_OPT_EBPF].num, 0);
    CHECK_INT(o.v[TM_OPT_ON_EXIT].num, 0);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=m", "--cgroup=/c"),
              TM_ERR_FORMAT);
    CHECK_STR(msg.text, "--cgroup has nothing to decide without --ebpf connect");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=m", "--resolver=h:53"),
              TM_ERR_FORMAT);
    CHECK_STR(msg.text, "--resolver has nothing to decide without --dns or --ebpf connect");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=m", "--resolver=h:53",
                    "--dns=127.0.0.1:53"),
              TM_OK);
    CHECK_INT(
        PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=m", "--ebpf=redirect", "--cgroup=/c"),
        TM_OK);
    CHECK_INT(o.v[TM_OPT_EBPF].num, 2);
}

static void forwards_may_be_of_datagrams(void)
{
    struct tm_forward f;
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=m", "-L", "53/udp:h:54"),
              TM_OK);
    CHECK(tm_udpforward_is(o.list[0].text));
    CHECK(!tm_udpforward_is("53:h:54"));
    CHECK_INT(tm_udpforward_parse(&f, "53/udp:h:54", &msg), TM_OK);
    CHECK_STR(f.bind.at.host, "127.0.0.1");
    CHECK_INT(f.bind.at.port, 53);
    CHECK_INT(f.dest.kind, TM_ADDR_NAME);
    CHECK_INT(f.dest.port, 54);
    CHECK_INT(tm_udpforward_parse(&f, "[::1]:53/udp:[fd00::1]:54", &msg), TM_OK);
    CHECK_STR(f.bind.at.host, "::1");
    CHECK_INT(f.dest.kind, TM_ADDR_IPV6);
    static char *bad[] = {"53/udp:h",    "/udp:h:54",        "53/udp:h:0",
                          "x/udp:h:54",  "53/udp:h:54/udp:", "53/tcp:h:54",
                          "/p/udp:h:54", "53/udp:unix:/p",   "53/udp:/udp:h:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=m", "-L", bad[i]),
                  TM_ERR_FORMAT);
    CHECK_STR(msg.text, "-L '53/udp:/udp:h:1': write [BIND:]PORT/udp:HOST:HOSTPORT, IPv6 addresses "
                        "in brackets");
}

static void help_and_version_need_nothing_else(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "--help"), TM_OK);
    CHECK_INT(o.command, TM_CMD_N);
    CHECK(o.v[TM_OPT_HELP].given);
    CHECK_INT(PARSE(TM_PROGRAM_SERVER, "run", "-h"), TM_OK);
    CHECK_INT(o.command, TM_CMD_SERVER_RUN);
    CHECK(o.v[TM_OPT_HELP].given);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "--version"), TM_OK);
    CHECK(o.v[TM_OPT_VERSION].given);
}

static void more_list_values_than_fit_are_refused(void)
{
    char *argv[2 * TM_OPTIONS_LIST_MAX + 8] = {"p", "run", "--state", "d"};
    int argc = 4;
    for (unsigned i = 0; i <= TM_OPTIONS_LIST_MAX; i++) {
        argv[argc++] = "--deny";
        argv[argc++] = "10.0.0.0/8";
    }
    CHECK_INT(tm_options_parse(&o, TM_PROGRAM_SERVER, argc, argv, &msg), TM_ERR_LIMIT);
    CHECK_STR(msg.text, "--deny: more than 320 values");
}

static void help_shows_every_option_of_the_command(void)
{
    for (unsigned c = 0; c < TM_CMD_N; c++) {
        char *text = NULL;
        size_t len;
        FILE *f = open_memstream(&text, &len);
        tm_options_help(f, tm_options_command((enum tm_command)c)->program, (enum tm_command)c);
        fclose(f);
        for (unsigned i = 0; i < TM_OPT_N; i++) {
            const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
            char want[128];
            snprintf(want, sizeof want, "--%s%s%s", info->name, info->arg != NULL ? " " : "",
                     info->arg != NULL ? info->arg : "");
            const char *at = strstr(text, want);
            while (at != NULL && strchr(" \n", at[strlen(want)]) == NULL)
                at = strstr(at + 1, want);
            CHECK_INT(at != NULL, (info->commands & 1U << c) != 0);
        }
        for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
            CHECK(strchr(line, '\n') - line <= 100);
        free(text);
    }
}

static void a_mix_counts_its_users_itself(void)
{
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "a:5+b"), TM_OK);
    CHECK_STR(o.v[TM_OPT_MODEL].text, "a:5+b");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "a:5+b:0"), TM_ERR_FORMAT);
    CHECK_STR(msg.text, "--model: \"b:0\": users are a number from 1 to 1024");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "models", "--model", "a:5+a"), TM_ERR_FORMAT);
    CHECK_STR(msg.text, "--model: a stands twice in the mix; add its users up");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "a:5+b", "--users", "3"),
              TM_ERR_FORMAT);
    CHECK_STR(msg.text, "--users beside --model a:5+b: the model says how many users there are; "
                        "write the numbers there");
}

static void shuffling_takes_nothing_of_schedules(void)
{
    static char *const pair[][2] = {
        {"--users", "3"},      {"--pace", "1s"},       {"--seed", "1"},
        {"--on-demand", NULL}, {"--idle-stop", "9s"},  {"--prep", "3ms"},
        {"--preset", "light"}, {"--master", "server"}, {"--plan", "embedded"}};
    CHECK_INT(
        PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "shuffle", "--log-schedule", "f"),
        TM_OK);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "shuffle"), TM_OK);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "shuffle:8"), TM_OK);
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "shuffle:33"), TM_ERR_FORMAT);
    CHECK_STR(msg.text, "--model shuffle:33: carriers are a number from 1 to 32");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "models", "--model", "shuffle"), TM_ERR_FORMAT);
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "shuffle", pair[i][0],
                        pair[i][1]),
                  TM_ERR_FORMAT);
        CHECK(strstr(msg.text, "--model shuffle") != NULL);
    }
}

static void machines_take_nothing_of_schedules_and_give_nothing_to_others(void)
{
    static char *const alone[][2] = {{"--machines-client", "f"},
                                     {"--machines-server", "f"},
                                     {"--max-padding-frac", "0.5"},
                                     {"--max-blocking-frac", "0.5"},
                                     {"--cell", "1000"}};
    static char *const pair[][2] = {{"--users", "3"}, {"--pace", "1s"}, {"--master", "server"}};
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "maybenot",
                    "--machines-client", "a", "--machines-server=b", "--max-padding-frac=0.25"),
              TM_OK);
    CHECK_STR(o.v[TM_OPT_MACHINES_CLIENT].text, "a");
    CHECK_STR(o.v[TM_OPT_MACHINES_SERVER].text, "b");
    CHECK_INT(o.v[TM_OPT_MAX_PADDING_FRAC].num, 250000);
    CHECK_INT(o.v[TM_OPT_MAX_BLOCKING_FRAC].num, 0);
    CHECK_INT(o.v[TM_OPT_CELL].num, 1448);
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", alone[i][0], alone[i][1]),
                  TM_ERR_FORMAT);
        CHECK(strstr(msg.text, "goes with --model maybenot") != NULL);
    }
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model", "maybenot", pair[i][0],
                        pair[i][1]),
                  TM_ERR_FORMAT);
        CHECK(strstr(msg.text, "--model maybenot") != NULL);
    }
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=maybenot", "--cell=100"),
              TM_ERR_FORMAT);
    CHECK_INT(
        PARSE(TM_PROGRAM_CLIENT, "run", "--state=d", "--model=maybenot", "--max-blocking-frac=1.5"),
        TM_ERR_FORMAT);
    CHECK_STR(msg.text, "--max-blocking-frac 1.5: a number from 0 to 1 is wanted");
    CHECK_INT(PARSE(TM_PROGRAM_CLIENT, "models", "--model", "maybenot"), TM_ERR_FORMAT);
}

static const struct check_case cases[] = {
    {"machines_take_nothing_of_schedules_and_give_nothing_to_others",
     machines_take_nothing_of_schedules_and_give_nothing_to_others},
    {"shuffling_takes_nothing_of_schedules", shuffling_takes_nothing_of_schedules},
    {"client_run_has_its_defaults", client_run_has_its_defaults},
    {"models_needs_no_state", models_needs_no_state},
    {"values_come_in_every_usual_form", values_come_in_every_usual_form},
    {"operands_stand_anywhere", operands_stand_anywhere},
    {"wrong_usage_is_said_exactly", wrong_usage_is_said_exactly},
    {"what_a_schedule_file_decides_is_decided", what_a_schedule_file_decides_is_decided},
    {"a_schedule_file_takes_the_place_of_a_model", a_schedule_file_takes_the_place_of_a_model},
    {"exec_takes_the_whole_rest_of_the_line", exec_takes_the_whole_rest_of_the_line},
    {"transports_need_nothing_and_take_no_files", transports_need_nothing_and_take_no_files},
    {"ebpf_options_need_ebpf", ebpf_options_need_ebpf},
    {"forwards_may_be_of_datagrams", forwards_may_be_of_datagrams},
    {"help_and_version_need_nothing_else", help_and_version_need_nothing_else},
    {"more_list_values_than_fit_are_refused", more_list_values_than_fit_are_refused},
    {"help_shows_every_option_of_the_command", help_shows_every_option_of_the_command},
    {"a_mix_counts_its_users_itself", a_mix_counts_its_users_itself},
};
CHECK_MAIN("options", cases)
