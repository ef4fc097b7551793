/* test/unit/core/http_ask_test.c - heads of requests to this machine's own pages: what is asked for, what is refused. */
#include "tm/core/http.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

/* Views in *ask lead into `head`. */
static enum tm_http_status read_ask(struct tm_http_ask *ask, const char *head)
{
    return tm_http_ask(ask, (const uint8_t *)head, strlen(head));
}

static bool is(struct tm_view v, const char *want)
{
    return v.len == strlen(want) && memcmp(v.p, want, v.len) == 0;
}

static void a_path_and_its_query_are_told_apart(void)
{
    struct tm_http_ask ask;
    CHECK_INT(read_ask(&ask, "GET /a/b?since=3&x=?y HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              TM_HTTP_OK);
    CHECK(is(ask.path, "/a/b"));
    CHECK(is(ask.query, "since=3&x=?y"));
    CHECK(!ask.is_head);
    CHECK_INT(read_ask(&ask, "HEAD / HTTP/1.0\r\n\r\n"), TM_HTTP_OK);
    CHECK(is(ask.path, "/"));
    CHECK_INT(ask.query.len, 0);
    CHECK(ask.is_head && !ask.has_host && !ask.is_host_local);
}

static void only_loopback_is_a_local_host(void)
{
    static const struct {
        const char *host;
        bool is_local;
    } row[] = {
        {"localhost", true},
        {"LocalHost:80", true},
        {"127.0.0.1:9101", true},
        {"127.9.9.9", true},
        {"[::1]:9101", true},
        {"[::1]", true},
        {"www.example.org", false},
        {"127.0.0.1.example.org:9101", false},
        {"localhost.", false},
        {"localhost.example.org", false},
        {"10.0.0.1", false},
        {"[::ffff:127.0.0.1]", false},
        {"0.0.0.0", false},
        {"[::]", false},
        {"", false},
        {"127.0.0.1:0", false},
        {"2130706433", false},
        {"localhost:99999", false},
        {"localhost, localhost", false},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char head[200] = "GET / HTTP/1.1\r\nHost: ";
        struct tm_http_ask ask;
        strcat(strcat(head, row[i].host), "\r\n\r\n");
        CHECK_INT(read_ask(&ask, head), TM_HTTP_OK);
        CHECK(ask.has_host);
        CHECK_INT(ask.is_host_local, row[i].is_local);
    }
}

static void the_form_wanted_most_is_the_one(void)
{
    static const struct {
        const char *accept;
        bool openmetrics;
    } row[] = {
        {"application/openmetrics-text;version=1.0.0,application/"
         "openmetrics-text;version=0.0.1;q=0.75,"
         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         true}, /* as Prometheus 2.42 asks */
        {"application/openmetrics-text", true},
        {"text/plain, Application/OpenMetrics-Text", true},
        {"*/*", false},
        {"", false},
        {"text/plain", false},
        {"application/openmetrics-text;q=0.4, text/plain;q=0.5", false},
        {"application/openmetrics-text;q=0.500, text/plain;q=0.5", true},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-text;q=2", false},
        {"application/openmetrics-text;q=0.5x", false},
        {"application/openmetrics-text;q=0.12345", false},
        {"application/openmetrics-text ; Q=1.000 ; x", true},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char head[400] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: ";
        struct tm_http_ask ask;
        strcat(strcat(head, row[i].accept), "\r\n\r\n");
        CHECK_INT(read_ask(&ask, head), TM_HTTP_OK);
        CHECK_INT(ask.wants_openmetrics, row[i].openmetrics);
    }
}

static void what_is_no_plain_question_is_refused(void)
{
    static const struct {
        const char *head;
        enum tm_http_status status;
    } row[] = {
        {"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", TM_HTTP_METHOD},
        {"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", TM_HTTP_METHOD},
        {"GETS / HTTP/1.1\r\nHost: localhost\r\n\r\n", TM_HTTP_METHOD},
        {"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", TM_HTTP_METHOD},
        {"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", TM_HTTP_BAD_REQUEST},
        {"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", TM_HTTP_BAD_REQUEST},
        {"GET / HTTP/1.1\r\n\r\n", TM_HTTP_BAD_REQUEST},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", TM_HTTP_BAD_REQUEST},
        {"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", TM_HTTP_BAD_REQUEST},
        {"GET / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n", TM_HTTP_BAD_REQUEST},
        {"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", TM_HTTP_VERSION},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n", TM_HTTP_CONTENT},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
         TM_HTTP_CONTENT},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", TM_HTTP_OK},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct tm_http_ask ask;
        CHECK_INT(read_ask(&ask, row[i].head), row[i].status);
    }
}

/* What is taken for a question has a path, inside the head. */
static void check_sane(const char *p, size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    struct tm_http_ask ask;
    memcpy(copy, p, len);
    if (tm_http_ask(&ask, copy, len) == TM_HTTP_OK) {
        CHECK(ask.path.len > 0 && ask.path.p[0] == '/');
        CHECK(ask.path.p >= copy && ask.query.p + ask.query.len <= copy + len);
        CHECK(ask.has_host || !ask.is_host_local);
    }
    free(copy);
}

static void mutated_heads_are_read_safely(void)
{
    static const char good[] =
        "GET /x?y HTTP/1.1\r\nHost: [::1]:81\r\nAccept: text/plain;q=0.5,a\r\n\r\n";
    const size_t len = sizeof good - 1;
    char head[sizeof good];
    for (size_t n = 0; n <= len; n++)
        check_sane(good, n);
    for (size_t i = 0; i < 8 * len; i++) {
        memcpy(head, good, len);
        head[i / 8] = (char)(head[i / 8] ^ (1 << i % 8));
        check_sane(head, len);
        for (size_t j = i + 1; j < 8 * len; j++) {
            head[j / 8] = (char)(head[j / 8] ^ (1 << j % 8));
            check_sane(head, len);
            head[j / 8] = (char)(head[j / 8] ^ (1 << j % 8));
        }
    }
}

static const struct check_case cases[] = {
    {"a_path_and_its_query_are_told_apart", a_path_and_its_query_are_told_apart},
    {"only_loopback_is_a_local_host", only_loopback_is_a_local_host},
    {"the_form_wanted_most_is_the_one", the_form_wanted_most_is_the_one},
    {"what_is_no_plain_question_is_refused", what_is_no_plain_question_is_refused},
    {"mutated_heads_are_read_safely", mutated_heads_are_read_safely},
};
CHECK_MAIN("http_ask", cases)
