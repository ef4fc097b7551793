/* test/unit/net/guard_test.c */
#include "tm/net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "test/support/check.h"

static bool allows(const struct tm_guard *g, const char *addr, uint16_t port)
{
    struct sockaddr_storage ss = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&ss;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
    if (inet_pton(AF_INET, addr, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
    } else {
        CHECK_INT(inet_pton(AF_INET6, addr, &in6->sin6_addr), 1);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
    }
    return tm_guard_allows(g, (struct sockaddr *)&ss);
}

static void add(struct tm_guard *g, enum tm_guard_verdict v, const char *text)
{
    struct tm_msg msg = {{0}};
    CHECK_INT(tm_guard_add(g, v, text, &msg), TM_OK);
    CHECK_STR(msg.text, "");
}

static void no_rules_allow_everything(void)
{
    struct tm_guard g = {0};
    CHECK(allows(&g, "127.0.0.1", 22));
    CHECK(allows(&g, "2001:db8::1", 443));
}

static void deny_rules_match_net_and_port(void)
{
    static struct tm_guard g;
    add(&g, TM_GUARD_DENY, "10.0.0.0/9");
    add(&g, TM_GUARD_DENY, "192.0.2.1:25");
    add(&g, TM_GUARD_DENY, "[fd00::/8]:443");
    add(&g, TM_GUARD_DENY, "fe80::/10");
    add(&g, TM_GUARD_DENY, "*:111");
    CHECK(!allows(&g, "10.127.255.255", 80));
    CHECK(allows(&g, "10.128.0.0", 80));
    CHECK(!allows(&g, "::ffff:10.1.2.3", 80));
    CHECK(!allows(&g, "192.0.2.1", 25));
    CHECK(allows(&g, "192.0.2.1", 26));
    CHECK(allows(&g, "192.0.2.2", 25));
    CHECK(!allows(&g, "fdff::1", 443));
    CHECK(allows(&g, "fdff::1", 80));
    CHECK(!allows(&g, "febf::1", 1));
    CHECK(allows(&g, "fec0::1", 1));
    CHECK(!allows(&g, "198.51.100.7", 111));
    CHECK(!allows(&g, "2001:db8::1", 111));
}

static void allow_rules_shut_out_the_rest_and_deny_wins(void)
{
    static struct tm_guard g;
    add(&g, TM_GUARD_ALLOW, "192.0.2.0/24");
    add(&g, TM_GUARD_ALLOW, "[2001:db8::1]:443");
    add(&g, TM_GUARD_DENY, "192.0.2.128/25");
    CHECK(allows(&g, "192.0.2.127", 80));
    CHECK(!allows(&g, "192.0.2.128", 80));
    CHECK(!allows(&g, "198.51.100.1", 80));
    CHECK(allows(&g, "2001:db8::1", 443));
    CHECK(!allows(&g, "2001:db8::1", 444));
}

static void other_families_are_denied(void)
{
    struct tm_guard g = {0};
    struct sockaddr_storage ss = {.ss_family = AF_UNIX};
    CHECK(!tm_guard_allows(&g, (struct sockaddr *)&ss));
}

static void text_that_is_no_rule_is_refused(void)
{
    static const char *const bad[] = {
        "",          "10.0.0.0/33", "10.0.0.0/",     "10.0.0.0/-1", "10.0.0/8", "::/129",
        "1.2.3.4:0", "1.2.3.4:",    "1.2.3.4:65536", "1.2.3.4:x",   "[::1",     "[::1]x",
        "[::1]443",  "example.org", "*/8",           "1.2.3.4/8/8", "1.2.3.4 ", "*:1:2",
        "[::1]:",    "1.2.3.4/+8"};
    struct tm_guard g = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tm_msg msg = {{0}};
        CHECK_INT(tm_guard_add(&g, TM_GUARD_DENY, bad[i], &msg), TM_ERR_FORMAT);
        CHECK(strstr(msg.text, bad[i]) != NULL);
    }
    char long_text[200];
    memset(long_text, '1', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    CHECK_INT(tm_guard_add(&g, TM_GUARD_DENY, long_text, NULL), TM_ERR_FORMAT);
    CHECK_INT(g.n, 0);
}

static void a_full_table_says_so(void)
{
    static struct tm_guard g;
    for (unsigned i = 0; i < TM_GUARD_RULES_MAX; i++)
        add(&g, TM_GUARD_DENY, "192.0.2.1");
    CHECK_INT(tm_guard_add(&g, TM_GUARD_DENY, "192.0.2.1", NULL), TM_ERR_LIMIT);
}

static const struct check_case cases[] = {
    {"no_rules_allow_everything", no_rules_allow_everything},
    {"deny_rules_match_net_and_port", deny_rules_match_net_and_port},
    {"allow_rules_shut_out_the_rest_and_deny_wins", allow_rules_shut_out_the_rest_and_deny_wins},
    {"other_families_are_denied", other_families_are_denied},
    {"text_that_is_no_rule_is_refused", text_that_is_no_rule_is_refused},
    {"a_full_table_says_so", a_full_table_says_so},
};
CHECK_MAIN("guard", cases)
