/* The file of flows and carriers: what its lines say, and what is wrong with them. */
#include "audit/correlate/truth.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define HEAD "at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes\n"

static const char *const GOOD =
    "# by hand\n\n" HEAD
    "1763710000000000,192.0.2.1:40112,198.51.100.7:443,10.0.0.2:51000,192.0.2.1:443,alice,18233\r\n"
    "0,192.0.2.1:40112,198.51.100.7:443,10.0.0.2:51002,192.0.2.1:443,alice,0\n"
    "5,[2001:db8::1]:1,[2001:db8::2]:65535,10.0.0.3:51002,192.0.2.1:443,bob,1\n"
    "0,-,-,10.0.0.3:51004,192.0.2.1:443,bob,0";

static void lines_are_read(void)
{
    struct tm_truth t = {0};
    struct tm_msg msg = {""};
    CHECK_INT(tm_truth_parse(&t, GOOD, strlen(GOOD), "labels.csv", &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(t.n, 4);
    if (t.n == 4) {
        char text[TM_ENDPOINT_TEXT_LEN];
        CHECK_INT(t.v[0].at_us, INT64_C(1763710000000000));
        CHECK_INT(t.v[0].bytes, 18233);
        CHECK_INT(t.v[0].line, 4);
        CHECK_STR(t.names[t.v[0].tunnel], "alice");
        CHECK_STR(t.names[t.v[2].tunnel], "bob");
        tm_endpoint_text(&t.v[0].flow.server, text);
        CHECK_STR(text, "198.51.100.7:443");
        tm_endpoint_text(&t.v[2].flow.client, text);
        CHECK_STR(text, "[2001:db8::1]:1");
        CHECK(t.v[2].has_flow);
        CHECK(!t.v[3].has_flow);
        CHECK(tm_truth_link_is_equal(&t.v[0].flow, &t.v[1].flow));
        CHECK(!tm_truth_link_is_equal(&t.v[0].carrier, &t.v[1].carrier));
    }
    tm_truth_deinit(&t);
}

static void check_refused(const char *text, const char *wanted)
{
    struct tm_truth t = {0};
    struct tm_msg msg = {""};
    CHECK_INT(tm_truth_parse(&t, text, strlen(text), "x.csv", &msg), TM_ERR_FORMAT);
    if (!strstr(msg.text, wanted))
        CHECK_STR(msg.text, wanted);
    tm_truth_deinit(&t);
}

static void wrong_lines_are_named(void)
{
    check_refused("", "x.csv: names no carrier");
    check_refused(HEAD, "x.csv: names no carrier");
    check_refused("at_us,flow\n", "x.csv:1: not a file of flows and carriers");
    check_refused(HEAD "1,2,3\n", "x.csv:2: 3 fields; wanted 7");
    check_refused(HEAD "1,10.0.0.1:1,10.0.0.2:2,10.0.0.3:3,10.0.0.4:4,a,1,2\n", "8 fields");
    check_refused(HEAD "1,10.0.0.1:1,10.0.0.2:2,10.0.0.3:3,10.0.0.4:4,,1\n", "tunnel is empty");
    check_refused(HEAD "-1,10.0.0.1:1,10.0.0.2:2,10.0.0.3:3,10.0.0.4:4,a,1\n",
                  "at_us \"-1\": a whole number from 0");
    check_refused(HEAD "1,10.0.0.1:1,10.0.0.2:2,10.0.0.3:3,10.0.0.4:4,a,1152921504606846977\n",
                  "bytes \"1152921504606846977\"");
    check_refused(HEAD "1,10.0.0.1,10.0.0.2:2,10.0.0.3:3,10.0.0.4:4,a,1\n",
                  "flow_client \"10.0.0.1\": ADDR:PORT is wanted");
    check_refused(HEAD "1,10.0.0.1:1,10.0.0.2:2,10.0.0.3:3,10.0.0.4:70000,a,1\n",
                  "carrier_server \"10.0.0.4:70000\"");
    check_refused(HEAD "1,-,10.0.0.2:2,10.0.0.3:3,10.0.0.4:4,a,1\n",
                  "stands for one end of a flow and not for the other");
    check_refused(HEAD "1,-,-,-,-,a,1\n", "carrier_client \"-\"");
}

static void binary_data_is_refused(void)
{
    struct tm_truth t = {0};
    struct tm_msg msg = {""};
    CHECK_INT(tm_truth_parse(&t, HEAD "\0", strlen(HEAD) + 1, "x.csv", &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "binary data") != NULL);
    tm_truth_deinit(&t);
}

/* Whatever the bytes are: a list in order, or an error with its text, and nothing is read beyond the end. */
static void check_any(const char *text, size_t len)
{
    struct tm_truth t = {0};
    struct tm_msg msg = {""};
    char *exact = malloc(len > 0 ? len : 1);
    if (!exact)
        return;
    memcpy(exact, text, len);
    int rc = tm_truth_parse(&t, exact, len, "x.csv", &msg);
    CHECK(rc == TM_OK ? t.n > 0 : rc == TM_ERR_FORMAT && msg.text[0]);
    for (size_t i = 0; rc == TM_OK && i < t.n; i++)
        CHECK(t.v[i].tunnel < t.n_names && t.v[i].at_us >= 0);
    tm_truth_deinit(&t);
    free(exact);
}

static void mutations_are_read_or_refused(void)
{
    size_t len = strlen(GOOD);
    char *text = strdup(GOOD);
    for (size_t i = 0; text && i <= len; i++)
        check_any(text, i);
    for (size_t i = 0; text && i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            check_any(text, len);
            text[i] = (char)(text[i] ^ (1 << bit));
        }
        char was = text[i];
        text[i] = (char)~was;
        check_any(text, len);
        text[i] = ',';
        check_any(text, len);
        text[i] = was;
    }
    free(text);
}

static const struct check_case CASES[] = {
    {"lines_are_read", lines_are_read},
    {"wrong_lines_are_named", wrong_lines_are_named},
    {"binary_data_is_refused", binary_data_is_refused},
    {"mutations_are_read_or_refused", mutations_are_read_or_refused},
};
CHECK_MAIN("audit/correlate/truth", CASES)
