/* test/unit/net/permit_test.c */
#include "tm/net/permit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "test/support/check.h"

static bool allows(const struct tm_permit *p, const char *addr, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, addr, &in.sin_addr) == 1)
        return tm_permit_allows(p, (struct sockaddr *)&in);
    CHECK_INT(inet_pton(AF_INET6, addr, &in6.sin6_addr), 1);
    return tm_permit_allows(p, (struct sockaddr *)&in6);
}

static void add(struct tm_permit *p, const char *text)
{
    struct tm_msg msg = {{0}};
    CHECK_INT(tm_permit_add(p, text, &msg), TM_OK);
    CHECK_STR(msg.text, "");
}

static void without_rules_loopback_and_ordinary_ports(void)
{
    const struct tm_permit p = {0};
    const struct sockaddr_storage other = {.ss_family = AF_UNIX};
    CHECK(allows(&p, "127.0.0.1", 8080));
    CHECK(allows(&p, "127.9.9.9", 1024));
    CHECK(allows(&p, "::1", 8080));
    CHECK(allows(&p, "::ffff:127.0.0.1", 8080));
    CHECK(allows(&p, "127.0.0.1", 0));
    CHECK(!allows(&p, "127.0.0.1", 1023));
    CHECK(!allows(&p, "0.0.0.0", 8080));
    CHECK(!allows(&p, "::", 8080));
    CHECK(!allows(&p, "::ffff:0.0.0.0", 8080));
    CHECK(!allows(&p, "192.0.2.1", 8080));
    CHECK(!allows(&p, "2001:db8::1", 8080));
    CHECK(!tm_permit_allows(&p, (const struct sockaddr *)&other));
}

static void none_is_nowhere(void)
{
    struct tm_permit p = {0};
    add(&p, "none");
    CHECK(!allows(&p, "127.0.0.1", 8080));
}

static void rules_name_what_is_permitted_and_nothing_else(void)
{
    struct tm_permit p = {0};
    add(&p, "8080");
    add(&p, "192.0.2.1:80");
    add(&p, "[2001:db8::1]:*");
    add(&p, "*:9000");
    CHECK(allows(&p, "127.0.0.1", 8080));
    CHECK(allows(&p, "::1", 8080));
    CHECK(!allows(&p, "127.0.0.1", 8081));
    CHECK(!allows(&p, "127.0.0.1", 0));
    CHECK(!allows(&p, "192.0.2.1", 8080));
    CHECK(allows(&p, "192.0.2.1", 80));
    CHECK(allows(&p, "2001:db8::1", 1));
    CHECK(allows(&p, "2001:db8::1", 0));
    CHECK(allows(&p, "::", 9000));
    CHECK(allows(&p, "0.0.0.0", 9000));
    CHECK(!allows(&p, "::", 9001));
    add(&p, "localhost:*");
    CHECK(allows(&p, "127.0.0.1", 22));
    CHECK(!allows(&p, "0.0.0.0", 22));
}

static void text_that_is_no_rule_is_refused(void)
{
    static const char *const bad[] = {"",        "x",           "0",       "65536", "example.org:1",
                                      "1.2.3.4", "1.2.3.4:",    ":80",     "[::1]", "::1:80",
                                      "[::1]80", "[1.2.3.4]:1", "[::1]:0", "*:*:1", "none:1",
                                      "[]:1",    "1.2.3:1",     "80 "};
    struct tm_permit p = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tm_msg msg = {{0}};
        CHECK_STR(tm_permit_add(&p, bad[i], &msg) == TM_ERR_FORMAT ? "" : bad[i], "");
        CHECK(strstr(msg.text, bad[i]) != NULL);
    }
    CHECK_INT(p.n, 0);
    CHECK(!p.is_given);
    for (unsigned i = 0; i < TM_PERMIT_RULES_MAX; i++)
        add(&p, "80");
    CHECK_INT(tm_permit_add(&p, "80", NULL), TM_ERR_LIMIT);
}

static const struct check_case cases[] = {
    {"without_rules_loopback_and_ordinary_ports", without_rules_loopback_and_ordinary_ports},
    {"none_is_nowhere", none_is_nowhere},
    {"rules_name_what_is_permitted_and_nothing_else",
     rules_name_what_is_permitted_and_nothing_else},
    {"text_that_is_no_rule_is_refused", text_that_is_no_rule_is_refused},
};
CHECK_MAIN("permit", cases)
