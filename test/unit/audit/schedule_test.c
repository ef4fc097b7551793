#include "audit/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/story.h"

#define SESSION(side)                                                                              \
    "{\"t\":\"session\",\"v\":1,\"side\":\"" side                                                  \
    "\",\"master\":\"client\",\"plan\":\"seeded\",\"model\":\"m\",\"digest\":"                     \
    "\"0000000000000000\","                                                                        \
    "\"seed\":\"00000000000000000000000000000000\",\"users\":1,\"pace_ms\":0,\"prep_us\":2000,"    \
    "\"wall_minus_mono_us\":7}\n"
#define WRITE(i, dir, size)                                                                        \
    "{\"t\":\"write\",\"c\":0,\"i\":" i ",\"dir\":\"" dir "\",\"size\":" size                      \
    ",\"ref\":-1,\"gap\":5,\"event\":1,\"due\":6,\"first\":6,\"last\":6,\"unsent\":0}\n"
#define RECV(i, dir, size)                                                                         \
    "{\"t\":\"recv\",\"c\":0,\"i\":" i ",\"dir\":\"" dir "\",\"size\":" size                       \
    ",\"ref\":-1,\"gap\":5,\"at\":9}\n"

/* Adds the text; the result, with the message for the caller to look at. */
static int add(struct tm_schedule *s, const char *text, struct tm_msg *msg)
{
    return tm_schedule_add(s, text, strlen(text), "x.jsonl", msg);
}

static void both_logs_of_a_run_come_together(void)
{
    struct story story = story_new();
    struct tm_schedule s = {0};
    struct tm_msg msg = {""};
    char text[8192];
    for (int side = 0; side < 2; side++) {
        story_log(&story, (enum tm_side)side, text, sizeof text);
        CHECK_INT(add(&s, text, &msg), TM_OK);
    }
    CHECK_INT(s.n_carriers, 1);
    CHECK_INT(s.n_lines, 10 + 8);
    const struct tm_sched_carrier *c = &s.carriers[0];
    CHECK_INT(tm_sched_carrier_prefix(c), STORY_WRITES);
    CHECK(tm_sched_carrier_is_planned(c));
    CHECK(!tm_sched_carrier_is_dead(c));
    CHECK(c->has_open && c->has_close[TM_UP] && c->has_up[TM_SERVER] &&
          c->has_endpoints[TM_SERVER]);
    CHECK(tm_endpoint_is_equal(&c->client[TM_CLIENT], &c->client[TM_SERVER]));
    CHECK(tm_endpoint_is_equal(&c->server[TM_CLIENT], &c->server[TM_SERVER]));
    CHECK_INT(c->client[TM_SERVER].port, 40000);
    CHECK(c->writes[1].is_sent && c->writes[1].is_received);
    CHECK_INT(c->writes[1].due_us, 1806);
    CHECK_INT(c->writes[1].at_us, 1915);
    CHECK_INT(s.last_us[TM_CLIENT], 55540);
    tm_schedule_deinit(&s);
}

static void bad_logs_get_one_line_that_says_why(void)
{
    static const struct {
        const char *text, *why;
    } BAD[] = {
        {"", "x.jsonl: is empty"},
        {"hello\n", "x.jsonl:1: not a line of a schedule log"},
        {"hello", "x.jsonl:1: not a line of a schedule log"},
        {"{\"t\":\"dropped\",\"n\":1}\n",
         "x.jsonl: does not begin with a session line: not a schedule log"},
        {SESSION("client") "what\n", "x.jsonl:2: not a line of a schedule log"},
        {SESSION("client") SESSION("client"),
         "x.jsonl:2: a second session: split the log, one session a file"},
        {SESSION("client") WRITE("0", "up", "5") WRITE("0", "up", "5"),
         "x.jsonl:3: carrier 0: this line is doubled or of the wrong side"},
        {SESSION("client") WRITE("0", "down", "5"),
         "x.jsonl:2: carrier 0: this line is doubled or of the wrong side"},
        {SESSION("server") RECV("0", "down", "5"),
         "x.jsonl:2: carrier 0: this line is doubled or of the wrong side"},
        {SESSION("client") WRITE("70000", "up", "5"),
         "x.jsonl:2: carrier 0 write 70000 is beyond the limits"},
        {SESSION("client") "{\"t\":\"up\",\"c\":4194304,\"at\":1}\n",
         "x.jsonl:2: carrier 4194304 write 0 is beyond the limits"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct tm_schedule s = {0};
        struct tm_msg msg = {""};
        CHECK(add(&s, BAD[i].text, &msg) != TM_OK);
        CHECK_STR(msg.text, BAD[i].why);
        tm_schedule_deinit(&s);
    }
}

static void logs_that_disagree_are_refused(void)
{
    struct tm_schedule s = {0};
    struct tm_msg msg = {""};
    CHECK_INT(add(&s, SESSION("client") WRITE("0", "up", "517"), &msg), TM_OK);
    CHECK_INT(add(&s, SESSION("server") RECV("0", "up", "518"), &msg), TM_ERR_FORMAT);
    CHECK_STR(
        msg.text,
        "x.jsonl:2: carrier 0 write 0 differs from the other log: not two logs of the same run?");
    tm_schedule_deinit(&s);
    CHECK_INT(add(&s, SESSION("client"), &msg), TM_OK);
    CHECK_INT(add(&s, SESSION("client"), &msg), TM_ERR_FORMAT);
    CHECK_STR(msg.text, "x.jsonl: a second log of the client: give one of each side");
    tm_schedule_deinit(&s);
}

/* A server that has a plan's beginning from its token alone does not know the pause before the ClientHello. */
static void a_server_may_not_know_the_pause_before_the_hello(void)
{
    static const char CLIENT[] =
        SESSION("client") "{\"t\":\"write\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":500,\"ref\":-1,"
                          "\"gap\":7,"
                          "\"event\":1,\"due\":8,\"first\":8,\"last\":8,\"unsent\":0}\n";
    static const char SERVER[] = SESSION("server") "{\"t\":\"recv\",\"c\":0,\"i\":0,\"dir\":\"up\","
                                                   "\"size\":500,\"ref\":-1,\"gap\":-1,\"at\":9}\n";
    for (int first = 0; first < 2; first++) {
        struct tm_schedule s = {0};
        struct tm_msg msg;
        CHECK_INT(add(&s, first ? SERVER : CLIENT, &msg), TM_OK);
        CHECK_INT(add(&s, first ? CLIENT : SERVER, &msg), TM_OK);
        CHECK_INT(s.carriers[0].writes[0].w.gap_us, 7);
        CHECK(s.carriers[0].writes[0].is_sent && s.carriers[0].writes[0].is_received);
        tm_schedule_deinit(&s);
    }
}

static void last_line_may_be_cut(void)
{
    static const char TEXT[] = SESSION("client") WRITE("0", "up", "517");
    size_t session_len = sizeof SESSION("client") - 1;
    for (size_t len = session_len + 1; len < sizeof TEXT - 2; len++) {
        struct tm_schedule s = {0};
        struct tm_msg msg = {""};
        CHECK_INT(tm_schedule_add(&s, TEXT, len, "x", &msg), TM_OK);
        CHECK(s.is_cut);
        CHECK_INT(s.n_carriers, 0);
        tm_schedule_deinit(&s);
    }
}

static void prefix_stops_at_the_first_missing_write(void)
{
    struct tm_schedule s = {0};
    struct tm_msg msg = {""};
    CHECK_INT(add(&s, SESSION("client") WRITE("0", "up", "5") WRITE("2", "up", "5"), &msg), TM_OK);
    CHECK_INT(s.carriers[0].n_writes, 3);
    CHECK_INT(tm_sched_carrier_prefix(&s.carriers[0]), 1);
    CHECK(!tm_sched_carrier_is_planned(&s.carriers[0]));
    CHECK(!tm_sched_carrier_is_dead(&s.carriers[0]));
    tm_schedule_deinit(&s);
}

#define OPEN                                                                                       \
    "{\"t\":\"open\",\"c\":0,\"user\":0,\"index\":0,\"src\":0,\"ref\":\"origin\",\"gap\":0,"       \
    "\"event\":0,\"due\":0,\"prep\":0}\n"
#define END(how) "{\"t\":\"end\",\"c\":0,\"at\":9,\"how\":\"" how "\",\"writes\":1,\"why\":\"\"}\n"

static void client_decides_how_a_carrier_ended(void)
{
    static const char *const CLIENT[] = {SESSION("client"), SESSION("client") END("planned"),
                                         SESSION("client") END("died")};
    static const char *const SERVER[] = {SESSION("server"), SESSION("server") END("planned"),
                                         SESSION("server") END("died")};
    static const char WANT[3][4] = {"?pd", "ppp", "ddd"}; /* by client, server */
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++) {
            struct tm_schedule s = {0};
            struct tm_msg msg = {""};
            CHECK_INT(add(&s, CLIENT[i], &msg), TM_OK);
            CHECK_INT(add(&s, SERVER[k], &msg), TM_OK);
            if (s.n_carriers > 0) {
                CHECK_INT(tm_sched_carrier_is_planned(&s.carriers[0]), WANT[i][k] == 'p');
                CHECK_INT(tm_sched_carrier_is_dead(&s.carriers[0]), WANT[i][k] == 'd');
            }
            tm_schedule_deinit(&s);
        }
    }
}

static void a_client_that_tells_no_end_was_stopped_before_it(void)
{
    struct tm_schedule s = {0};
    struct tm_msg msg = {""};
    CHECK_INT(add(&s, SESSION("client") OPEN, &msg), TM_OK);
    CHECK_INT(add(&s, SESSION("server") END("planned"), &msg), TM_OK);
    CHECK(!tm_sched_carrier_is_planned(&s.carriers[0]));
    CHECK(!tm_sched_carrier_is_dead(&s.carriers[0]));
    tm_schedule_deinit(&s);
}

static void endpoints_read_and_print(void)
{
    static const char *const GOOD[] = {"10.9.0.1:443", "[::1]:65535", "[2001:db8::5]:0"};
    static const char *const BAD[] = {"",           "10.9.0.1",       "10.9.0.1:", "10.9.0.1:65536",
                                      "10.9.0.1:x", "::1:443",        "[::1:443",  ":443",
                                      "10.9.0:443", "[10.9.0.1]:443", "host:443",  "10.9.0.1:-1",
                                      "[]:443",     "10.9.0.1:443x"};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        struct tm_endpoint e;
        char text[TM_ENDPOINT_TEXT_LEN];
        CHECK(tm_endpoint_parse(&e, GOOD[i]));
        tm_endpoint_text(&e, text);
        CHECK_STR(text, GOOD[i]);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct tm_endpoint e;
        CHECK(!tm_endpoint_parse(&e, BAD[i]));
    }
}

static const struct check_case CASES[] = {
    {"both_logs_of_a_run_come_together", both_logs_of_a_run_come_together},
    {"bad_logs_get_one_line_that_says_why", bad_logs_get_one_line_that_says_why},
    {"logs_that_disagree_are_refused", logs_that_disagree_are_refused},
    {"a_server_may_not_know_the_pause_before_the_hello",
     a_server_may_not_know_the_pause_before_the_hello},
    {"last_line_may_be_cut", last_line_may_be_cut},
    {"prefix_stops_at_the_first_missing_write", prefix_stops_at_the_first_missing_write},
    {"client_decides_how_a_carrier_ended", client_decides_how_a_carrier_ended},
    {"a_client_that_tells_no_end_was_stopped_before_it",
     a_client_that_tells_no_end_was_stopped_before_it},
    {"endpoints_read_and_print", endpoints_read_and_print},
};
CHECK_MAIN("schedule", CASES)
