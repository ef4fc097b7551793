/* test/unit/app/pt_env_test.c - the environment of a pluggable transport, and the lines that answer it. */
#include "tm/app/pt_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/app/pt_line.h"

#define VER   "TOR_PT_MANAGED_TRANSPORT_VER=1"
#define STATE "TOR_PT_STATE_LOCATION=/var/lib/tor/pt_state/"
#define C_TR  "TOR_PT_CLIENT_TRANSPORTS=trafficmimic"
#define S_TR  "TOR_PT_SERVER_TRANSPORTS=obfs4,trafficmimic"
#define OR    "TOR_PT_ORPORT=127.0.0.1:5001"
#define EXTOR "TOR_PT_EXTENDED_SERVER_PORT=127.0.0.1:5002"
#define AUTH  "TOR_PT_AUTH_COOKIE_FILE=/var/lib/tor/cookie"

static struct tm_pt_env e;
static struct tm_msg msg;

#define READ(program, ...) tm_pt_env_read(&e, program, (char *[]){__VA_ARGS__, NULL}, &msg)
#define CLIENT(...)        READ(TM_PROGRAM_CLIENT, __VA_ARGS__)
#define SERVER(...)        READ(TM_PROGRAM_SERVER, __VA_ARGS__)

static void a_client_is_told_little(void)
{
    CHECK_INT(CLIENT("PATH=/bin", VER, STATE, C_TR), TM_PT_OK);
    CHECK_STR(e.state, "/var/lib/tor/pt_state/");
    CHECK(e.is_wanted && !e.has_unknown && !e.ends_with_stdin && !e.has_outbound);
    CHECK_INT(CLIENT(VER ",2", STATE, "TOR_PT_CLIENT_TRANSPORTS=a,trafficmimic,b", "TOR_PT_PROXY=",
                     "TOR_PT_EXIT_ON_STDIN_CLOSE=1", "TOR_PT_OUTBOUND_BIND_ADDRESS_V4=192.0.2.1"),
              TM_PT_OK);
    CHECK(e.is_wanted && e.has_unknown && e.ends_with_stdin && e.has_outbound);
    CHECK_INT(CLIENT(VER, STATE, "TOR_PT_CLIENT_TRANSPORTS=trafficmimi,trafficmimicc"), TM_PT_OK);
    CHECK(!e.is_wanted && e.has_unknown);
    CHECK_INT(CLIENT(VER, STATE, C_TR, "TOR_PT_EXIT_ON_STDIN_CLOSE=0"), TM_PT_OK);
    CHECK(!e.ends_with_stdin);
}

static void a_server_is_told_where_it_listens_and_where_connections_go(void)
{
    CHECK_INT(
        SERVER(VER, STATE, S_TR, OR, EXTOR, AUTH,
               "TOR_PT_SERVER_BINDADDR=obfs4-192.0.2.1:1,trafficmimic-[2001:db8::1]:443",
               "TOR_PT_SERVER_TRANSPORT_OPTIONS=obfs4:x=1;trafficmimic:decoy=127.0.0.1\\:8443"),
        TM_PT_OK);
    CHECK(e.is_wanted && e.has_unknown && e.is_extended);
    CHECK_STR(e.bind.host, "2001:db8::1");
    CHECK_INT(e.bind.port, 443);
    CHECK_INT(e.orport.port, 5002);
    CHECK_STR(e.cookie_file, "/var/lib/tor/cookie");
    CHECK_INT(e.options.n, 1);
    CHECK_STR(tm_ptargs_get(&e.options, "decoy"), "127.0.0.1:8443");
    CHECK_INT(SERVER(VER, STATE, S_TR, OR, "TOR_PT_EXTENDED_SERVER_PORT=", AUTH), TM_PT_OK);
    CHECK(!e.is_extended);
    CHECK_INT(e.orport.port, 5001);
    CHECK_STR(e.bind.host, "127.0.0.1");
    CHECK_INT(e.bind.port, 0);
    CHECK_INT(SERVER(VER, STATE, S_TR, OR, "TOR_PT_SERVER_BINDADDR=trafficmimic-0.0.0.0:0"),
              TM_PT_OK);
    CHECK_STR(e.bind.host, "0.0.0.0");
}

static void what_is_missing_or_wrong_has_its_own_line(void)
{
    CHECK_INT(CLIENT("TOR_PT_MANAGED_TRANSPORT_VERS=1", STATE, C_TR), TM_PT_NOT_MANAGED);
    CHECK_INT(CLIENT("TOR_PT_MANAGED_TRANSPORT_VER=2,11", STATE, C_TR), TM_PT_VERSION);
    CHECK_STR(msg.text, "no-version");
    CHECK_INT(CLIENT(VER, C_TR), TM_PT_ENV);
    CHECK_INT(CLIENT(VER, "TOR_PT_STATE_LOCATION=pt", C_TR), TM_PT_ENV);
    CHECK_INT(CLIENT(VER, STATE), TM_PT_ENV);
    CHECK_INT(CLIENT(VER, STATE, "TOR_PT_SERVER_TRANSPORTS=trafficmimic"), TM_PT_ENV);
    CHECK_INT(CLIENT(VER, STATE, C_TR, "TOR_PT_PROXY=http://127.0.0.1:3128"), TM_PT_PROXY);
    CHECK_INT(SERVER(VER, STATE, S_TR), TM_PT_ENV);
    CHECK_INT(SERVER(VER, STATE, S_TR, "TOR_PT_ORPORT=127.0.0.1:0"), TM_PT_ENV);
    CHECK_INT(SERVER(VER, STATE, S_TR, "TOR_PT_ORPORT=:5001"), TM_PT_ENV);
    CHECK_INT(SERVER(VER, STATE, S_TR, OR, EXTOR), TM_PT_ENV);
    CHECK_INT(SERVER(VER, STATE, S_TR, OR, EXTOR, "TOR_PT_AUTH_COOKIE_FILE=cookie"), TM_PT_ENV);
    CHECK_INT(SERVER(VER, STATE, S_TR, OR, "TOR_PT_SERVER_BINDADDR=trafficmimic-192.0.2.1"),
              TM_PT_METHOD);
    CHECK_INT(SERVER(VER, STATE, S_TR, OR, "TOR_PT_SERVER_TRANSPORT_OPTIONS=trafficmimic:decoy"),
              TM_PT_METHOD);
    /* not ours: not our business */
    CHECK_INT(SERVER(VER, STATE, "TOR_PT_SERVER_TRANSPORTS=obfs4", OR,
                     "TOR_PT_SERVER_BINDADDR=trafficmimic-x"),
              TM_PT_OK);
}

static void paths_and_lists_of_any_length_are_read_or_refused(void)
{
    static char path[4 * TM_FILE_PATH_MAX], bind[8192];
    (void)snprintf(path, sizeof path, "TOR_PT_STATE_LOCATION=/%0*d", 3000, 0);
    CHECK_INT(CLIENT(VER, path, C_TR), TM_PT_ENV);
    (void)snprintf(bind, sizeof bind, "TOR_PT_SERVER_BINDADDR=trafficmimic-%0*d:1", 5000, 0);
    CHECK_INT(SERVER(VER, STATE, S_TR, OR, bind), TM_PT_METHOD);
}

/* Each byte of each variable becomes each other one: a verdict, with text where it is none, and nothing read too far. */
static void every_mutation_has_a_verdict(void)
{
    static const char *const valid[] = {VER,
                                        STATE,
                                        S_TR,
                                        EXTOR,
                                        AUTH,
                                        "TOR_PT_SERVER_BINDADDR=trafficmimic-192.0.2.1:443",
                                        "TOR_PT_SERVER_TRANSPORT_OPTIONS=trafficmimic:a=b;c:d=e"};
    enum { N = sizeof valid / sizeof *valid };
    char *env[N + 1] = {NULL};
    unsigned n_of[TM_PT_METHOD + 1] = {0};
    for (size_t i = 0; i < N; i++)
        env[i] = strdup(valid[i]);
    for (size_t i = 0; i < N; i++) {
        for (size_t at = 0; valid[i][at] != '\0'; at++) {
            for (unsigned v = 0; v < 256; v++) {
                env[i][at] = (char)v;
                msg.text[0] = '\0';
                enum tm_pt_verdict verdict = tm_pt_env_read(&e, TM_PROGRAM_SERVER, env, &msg);
                CHECK((verdict == TM_PT_OK) == (msg.text[0] == '\0'));
                n_of[verdict]++;
                env[i][at] = valid[i][at];
            }
        }
    }
    CHECK(n_of[TM_PT_OK] > 0 && n_of[TM_PT_NOT_MANAGED] > 0 && n_of[TM_PT_VERSION] > 0 &&
          n_of[TM_PT_ENV] > 0 && n_of[TM_PT_METHOD] > 0);
    for (size_t i = 0; i < N; i++)
        free(env[i]);
}

static void a_line_is_one_line_of_plain_characters(void)
{
    char out[TM_PT_LINE_MAX], big[3 * TM_PT_LINE_MAX];
    const char text[] = "CMETHOD-ERROR a\nb\tc\xc3\xa9";
    size_t n = tm_pt_line(out, text, sizeof text - 1);
    CHECK_INT(n, sizeof text);
    CHECK_MEM(out, "CMETHOD-ERROR a?b?c??\n", n);
    memset(big, 'x', sizeof big);
    n = tm_pt_line(out, big, sizeof big);
    CHECK_INT(n, TM_PT_LINE_MAX);
    CHECK(out[n - 1] == '\n' && memchr(out, '\n', n - 1) == NULL);
}

static void a_quoted_string_ends_where_it_should(void)
{
    char out[16];
    tm_pt_quote(out, sizeof out, "a \"b\" \\");
    CHECK_STR(out, "\"a \\\"b\\\" \\\\\"");
    tm_pt_quote(out, sizeof out, "\\\\\\\\\\\\\\\\\\\\");
    CHECK(strlen(out) < sizeof out && out[strlen(out) - 1] == '"' && strlen(out) % 2 == 0);
    tm_pt_quote(out, 3, "abc");
    CHECK_STR(out, "\"\"");
}

static const struct check_case cases[] = {
    {"a_client_is_told_little", a_client_is_told_little},
    {"a_server_is_told_where_it_listens_and_where_connections_go",
     a_server_is_told_where_it_listens_and_where_connections_go},
    {"what_is_missing_or_wrong_has_its_own_line", what_is_missing_or_wrong_has_its_own_line},
    {"paths_and_lists_of_any_length_are_read_or_refused",
     paths_and_lists_of_any_length_are_read_or_refused},
    {"every_mutation_has_a_verdict", every_mutation_has_a_verdict},
    {"a_line_is_one_line_of_plain_characters", a_line_is_one_line_of_plain_characters},
    {"a_quoted_string_ends_where_it_should", a_quoted_string_ends_where_it_should},
};
CHECK_MAIN("pt_env", cases)
