/* test/unit/core/http_test.c - heads of requests to a proxy: what goes on, what is refused, and how far a body reaches. */
#include "tm/core/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static char went_on[TM_HTTP_HEAD_MAX + TM_HTTP_GROWTH + 1];

/* Reads a head, on a heap copy of exactly its bytes; what goes on is in went_on. */
static enum tm_http_status parse(struct tm_http_request *req, const char *p, size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    struct tm_wr out = tm_wr_init(went_on, sizeof went_on - 1);
    memset(req, 0, sizeof *req);
    enum tm_http_status status = tm_http_request(req, &out, copy, len);
    went_on[out.len] = '\0';
    free(copy);
    return status;
}

static enum tm_http_status status_of(const char *head)
{
    struct tm_http_request req;
    return parse(&req, head, strlen(head));
}

static void the_head_ends_with_the_empty_line_however_it_is_cut(void)
{
    static const char head[] = "GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
    const uint8_t *p = (const uint8_t *)head;
    for (size_t from = 0; from < 24; from++)
        CHECK_INT(tm_http_head(p, 24 - 1, from), 0);
    for (size_t from = 0; from < 24; from++)
        CHECK_INT(tm_http_head(p, sizeof head - 1, from), 24);
    CHECK_INT(tm_http_head((const uint8_t *)"A\n\n", 3, 0), 3);
    CHECK_INT(tm_http_head((const uint8_t *)"A\r\n\n", 4, 0), 4);
    CHECK_INT(tm_http_head((const uint8_t *)"A\n\r\n", 4, 0), 4);
    static uint8_t longest[TM_HTTP_HEAD_MAX + 1];
    memset(longest, 'a', sizeof longest);
    CHECK_INT(tm_http_head(longest, sizeof longest - 2, 0), 0);
    CHECK_INT(tm_http_head(longest, sizeof longest - 1, 0), TM_ERR_LIMIT);
    memcpy(longest + TM_HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
    CHECK_INT(tm_http_head(longest, sizeof longest, 0), TM_HTTP_HEAD_MAX);
}

static void connect_names_host_and_port(void)
{
    static const struct {
        const char *target;
        enum tm_addr_kind kind;
        uint8_t len;
        const char *addr;
        uint16_t port;
    } good[] = {
        {"example.org:443", TM_ADDR_NAME, 11, "example.org", 443},
        {"192.0.2.7:1", TM_ADDR_IPV4, 4, "\300\0\2\7", 1},
        {"[2001:db8::1]:65535", TM_ADDR_IPV6, 16, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1", 65535},
    };
    char head[300];
    struct tm_http_request req;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(head, sizeof head, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", good[i].target);
        CHECK_INT(parse(&req, head, strlen(head)), TM_HTTP_OK);
        CHECK_INT(req.form, TM_HTTP_CONNECT);
        CHECK_INT(req.dest.kind, good[i].kind);
        CHECK_INT(req.dest.len, good[i].len);
        CHECK_MEM(req.dest.addr, good[i].addr, good[i].len);
        CHECK_INT(req.dest.port, good[i].port);
        CHECK_STR(went_on, "");
    }
    CHECK_INT(status_of("connect a:1 HTTP/1.0\n\n"), TM_HTTP_OK);
}

static void bad_targets_of_connect_are_refused(void)
{
    static const char *const bad[] = {
        "example.org",     "example.org:", ":443",  "a:0",        "a:65536", "a:-1",
        "a:99999999999",   "a:1:2",        "[::1]", "[::1",       "[::g]:1", "[::1]1",
        "[fe80::1%25x]:1", "user@host:1",  "a/b:1", "\xc3\xa4:1", "a\"b:1",  "[]:1",
    };
    char head[700], name[300];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(head, sizeof head, "CONNECT %s HTTP/1.1\r\n\r\n", bad[i]);
        CHECK_INT(status_of(head), TM_HTTP_BAD_REQUEST);
    }
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    (void)snprintf(head, sizeof head, "CONNECT %s:1 HTTP/1.1\r\n\r\n", name);
    CHECK_INT(status_of(head), TM_HTTP_BAD_REQUEST);
    (void)snprintf(head, sizeof head, "CONNECT %s:1 HTTP/1.1\r\n\r\n", name + 1);
    CHECK_INT(status_of(head), TM_HTTP_OK);
}

static void a_whole_address_becomes_a_request_to_its_server(void)
{
    static const struct {
        const char *target, *first, *host;
        uint16_t port;
    } good[] = {
        {"http://example.org/a?b=c", "GET /a?b=c HTTP/1.1", "example.org", 80},
        {"HTTP://example.org", "GET / HTTP/1.1", "example.org", 80},
        {"http://example.org?q", "GET /?q HTTP/1.1", "example.org", 80},
        {"http://example.org:8080/#x", "GET / HTTP/1.1", "example.org:8080", 8080},
        {"http://[::1]:81/x", "GET /x HTTP/1.1", "[::1]:81", 81},
        {"http://example.org:/", "GET / HTTP/1.1", "example.org:", 80},
    };
    char head[300], want[300];
    struct tm_http_request req;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: other\r\nA: b\r\n\r\n",
                       good[i].target);
        (void)snprintf(want, sizeof want, "%s\r\nHost: %s\r\nA: b\r\nConnection: close\r\n\r\n",
                       good[i].first, good[i].host);
        CHECK_INT(parse(&req, head, strlen(head)), TM_HTTP_OK);
        CHECK_INT(req.form, TM_HTTP_ABSOLUTE);
        CHECK_INT(req.dest.port, good[i].port);
        CHECK_STR(went_on, want);
    }
    CHECK_INT(status_of("OPTIONS http://a HTTP/1.0\r\n\r\n"), TM_HTTP_OK);
    CHECK_STR(went_on, "OPTIONS * HTTP/1.0\r\nHost: a\r\nConnection: close\r\n\r\n");
}

static void what_is_for_the_proxy_or_this_connection_does_not_go_on(void)
{
    CHECK_INT(status_of("GET http://a/ HTTP/1.1\r\nproxy-AUTHORIZATION: Basic eA==\r\n"
                        "Proxy-Connection: keep-alive\r\nConnection: X-Mine , keep-alive\r\n"
                        "Keep-Alive: 5\r\nTE: trailers\r\nUpgrade: x\r\nx-mine: 1\r\n"
                        "Connection: content-length\r\nAuthorization: theirs\n"
                        "Content-Length: 4\r\n\r\n"),
              TM_HTTP_OK);
    CHECK_STR(went_on, "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: theirs\r\nContent-Length: 4\r\n"
                       "Connection: close\r\n\r\n");
}

static void what_could_be_two_requests_or_none_is_refused(void)
{
    static const struct {
        const char *rest;
        enum tm_http_status status;
    } bad[] = {
        {"Content-Length: 4\r\nContent-Length: 4\r\n", TM_HTTP_BAD_REQUEST},
        {"Content-Length: 4, 5\r\n", TM_HTTP_BAD_REQUEST},
        {"Content-Length: +4\r\n", TM_HTTP_BAD_REQUEST},
        {"Content-Length:\r\n", TM_HTTP_BAD_REQUEST},
        {"Content-Length: 9999999999999999999\r\n", TM_HTTP_BAD_REQUEST},
        {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", TM_HTTP_BAD_REQUEST},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", TM_HTTP_BAD_REQUEST},
        {"Transfer-Encoding: gzip, chunked\r\n", TM_HTTP_NOT_IMPLEMENTED},
        {"Content-Length : 4\r\n", TM_HTTP_BAD_REQUEST},
        {"A: b\r\n folded\r\n", TM_HTTP_BAD_REQUEST},
        {"no colon\r\n", TM_HTTP_BAD_REQUEST},
        {": no name\r\n", TM_HTTP_BAD_REQUEST},
        {"A: b\rContent-Length: 4\r\n", TM_HTTP_BAD_REQUEST},
    };
    char head[300];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(head, sizeof head, "GET http://a/ HTTP/1.1\r\n%s\r\n", bad[i].rest);
        CHECK_INT(status_of(head), bad[i].status);
    }
    static const char zero[] = "GET http://a/\0b HTTP/1.1\r\n\r\n";
    struct tm_http_request req;
    CHECK_INT(parse(&req, zero, sizeof zero - 1), TM_HTTP_BAD_REQUEST);
    CHECK_INT(status_of("GET / HTTP/1.1\r\n\r\n"), TM_HTTP_BAD_REQUEST); /* as to a server */
    CHECK_INT(status_of("GET https://a/ HTTP/1.1\r\n\r\n"), TM_HTTP_NOT_IMPLEMENTED);
    CHECK_INT(status_of("GET http://u@a/ HTTP/1.1\r\n\r\n"), TM_HTTP_BAD_REQUEST);
    CHECK_INT(status_of("GET http://a/ HTTP/2.0\r\n\r\n"), TM_HTTP_VERSION);
    CHECK_INT(status_of("GET http://a/\r\n\r\n"), TM_HTTP_BAD_REQUEST);
    CHECK_INT(status_of("GET  http://a/ HTTP/1.1\r\n\r\n"), TM_HTTP_BAD_REQUEST);
}

static void more_fields_than_allowed_are_too_large(void)
{
    char head[4096];
    int n = snprintf(head, sizeof head, "CONNECT a:1 HTTP/1.1\r\n");
    for (unsigned i = 0; i < TM_HTTP_FIELDS_MAX; i++)
        n += snprintf(head + n, sizeof head - (size_t)n, "A: b\r\n");
    (void)snprintf(head + n, sizeof head - (size_t)n, "\r\n");
    CHECK_INT(status_of(head), TM_HTTP_OK);
    (void)snprintf(head + n, sizeof head - (size_t)n, "A: b\r\n\r\n");
    CHECK_INT(status_of(head), TM_HTTP_TOO_LARGE);
}

static void an_answer_says_what_happened(void)
{
    char out[TM_HTTP_ANSWER_MAX + 1];
    size_t n = tm_http_answer((uint8_t *)out, TM_HTTP_OK, "");
    out[n] = '\0';
    CHECK_STR(out, "HTTP/1.1 200 Connection established\r\n\r\n");
    n = tm_http_answer((uint8_t *)out, tm_http_status_of(TM_REPLY_TTL_EXPIRED),
                       tm_http_why(TM_REPLY_TTL_EXPIRED));
    out[n] = '\0';
    CHECK_STR(out, "HTTP/1.1 504 Gateway Timeout (the destination did not answer in time)\r\n"
                   "Content-Type: text/plain\r\nConnection: close\r\nContent-Length: 39\r\n\r\n"
                   "the destination did not answer in time\n");
    CHECK_INT(tm_http_status_of(TM_REPLY_REFUSED), TM_HTTP_BAD_GATEWAY);
    CHECK_INT(tm_http_status_of(TM_REPLY_NAME_UNKNOWN), TM_HTTP_BAD_GATEWAY);
    CHECK_INT(tm_http_status_of(TM_REPLY_DENIED), TM_HTTP_FORBIDDEN);
}

/* ---- Bodies ---- */

/* Takes a text in pieces of `step` bytes: how many belonged, or the error. */
static ssize_t take(struct tm_http_body b, const char *text, size_t step)
{
    ssize_t total = 0;
    for (size_t at = 0, len = strlen(text); at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        ssize_t took = tm_http_body_take(&b, (const uint8_t *)text + at, n);
        if (took < 0)
            return took;
        total += took;
    }
    return total;
}

static void a_body_reaches_as_far_as_it_says_however_it_is_cut(void)
{
    const struct tm_http_body chunked = {.kind = TM_HTTP_BODY_CHUNKED};
    const struct tm_http_body four = {.kind = TM_HTTP_BODY_COUNTED, .left = 4};
    static const char whole[] = "5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n"
                                "T: u\r\n\r\n";
    for (size_t step = 1; step < sizeof whole; step++) {
        CHECK_INT(take(chunked, whole, step), sizeof whole - 1);
        CHECK_INT(take(chunked, "0\r\n\r\n\r\n", step), 5);
        CHECK_INT(take(chunked, "0\n\n", step), 3);
        CHECK_INT(take(chunked, "0\r\n\r\nGET", step), TM_ERR_PROTO);
        CHECK_INT(take(chunked, "\r\n", step), TM_ERR_PROTO);
        CHECK_INT(take(chunked, "5x\r\n", step), TM_ERR_PROTO);
        CHECK_INT(take(chunked, "1\r\nab\r\n", step), TM_ERR_PROTO);
        CHECK_INT(take(chunked, "1234567890abcdef\r\n", step), TM_ERR_PROTO);
        CHECK_INT(take(four, "abcd\r\n", step), 4);
        CHECK_INT(take(four, "abcdG", step), TM_ERR_PROTO);
        CHECK_INT(take((struct tm_http_body){0}, "anything", step), 8);
    }
}

/* ---- Any bytes ---- */

/* What went on has one line for each field, each ended by CR LF, and asks for the end. */
static void check_sane(const char *p, size_t len)
{
    struct tm_http_request req;
    if (parse(&req, p, len) != TM_HTTP_OK)
        return;
    CHECK(req.dest.len > 0 && req.dest.port > 0);
    if (req.form == TM_HTTP_CONNECT)
        return;
    size_t n = strlen(went_on);
    CHECK(n > 23 && n <= len + TM_HTTP_GROWTH);
    CHECK_STR(went_on + n - 23, "\r\nConnection: close\r\n\r\n");
    CHECK(strstr(went_on, "\r\n\r\n") == went_on + n - 4);
    for (const char *c = went_on; *c != '\0'; c++)
        CHECK((*c != '\r' || c[1] == '\n') && (*c != '\n' || c[-1] == '\r'));
}

static void mutated_heads_are_read_safely(void)
{
    static const char *const good[] = {
        "GET http://[::1]:81/x?y#z HTTP/1.1\r\nConnection: A\r\nA: b\r\nContent-Length: 4\r\n\r\n",
        "CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    static const char hard[] = "\0\t\n\r ,:/@[]%~\x7f\x80\xff"
                               "0Aa";
    char head[200];
    for (size_t k = 0; k < 2; k++) {
        size_t len = strlen(good[k]);
        for (size_t n = 0; n <= len; n++)
            check_sane(good[k], n);
        for (size_t i = 0; i < len; i++)
            for (size_t v = 0; v < sizeof hard; v++)
                for (size_t j = i; j < len; j += 7) {
                    memcpy(head, good[k], len);
                    head[i] = hard[v];
                    head[j] = (char)(head[j] ^ (int)(1U << (v % 8)));
                    check_sane(head, len);
                }
    }
}

static const struct check_case cases[] = {
    {"the_head_ends_with_the_empty_line_however_it_is_cut",
     the_head_ends_with_the_empty_line_however_it_is_cut},
    {"connect_names_host_and_port", connect_names_host_and_port},
    {"bad_targets_of_connect_are_refused", bad_targets_of_connect_are_refused},
    {"a_whole_address_becomes_a_request_to_its_server",
     a_whole_address_becomes_a_request_to_its_server},
    {"what_is_for_the_proxy_or_this_connection_does_not_go_on",
     what_is_for_the_proxy_or_this_connection_does_not_go_on},
    {"what_could_be_two_requests_or_none_is_refused",
     what_could_be_two_requests_or_none_is_refused},
    {"more_fields_than_allowed_are_too_large", more_fields_than_allowed_are_too_large},
    {"an_answer_says_what_happened", an_answer_says_what_happened},
    {"a_body_reaches_as_far_as_it_says_however_it_is_cut",
     a_body_reaches_as_far_as_it_says_however_it_is_cut},
    {"mutated_heads_are_read_safely", mutated_heads_are_read_safely},
};
CHECK_MAIN("http", cases)
