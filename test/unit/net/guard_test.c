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

static void without_rules_what_is_public_is_allowed(void)
{
    static const char *const public[] = {
        "8.8.8.8",        "9.255.255.255", "11.0.0.0",         "100.63.255.255",  "100.128.0.0",
        "172.15.255.255", "172.32.0.0",    "192.167.1.1",      "223.255.255.255", "::ffff:8.8.8.8",
        "2600::1",        "2001:200::1",   "64:ff9b::8.8.8.8", "2002:808:808::1"};
    struct tm_guard g = {0};
    for (size_t i = 0; i < sizeof public / sizeof *public; i++)
        CHECK_STR(allows(&g, public[i], 443) ? "" : public[i], "");
}

/* In each form in which an address can be written or led to. */
static void without_rules_what_is_not_public_is_denied(void)
{
    static const char *const inside[] = {"0.0.0.0",
                                         "0.1.2.3",
                                         "10.0.0.0",
                                         "10.255.255.255",
                                         "100.64.0.1",
                                         "100.127.255.255",
                                         "127.0.0.1",
                                         "127.255.255.255",
                                         "169.254.169.254",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.0.0.192",
                                         "192.0.2.1",
                                         "192.88.99.1",
                                         "192.168.255.255",
                                         "198.18.0.1",
                                         "198.19.255.255",
                                         "198.51.100.1",
                                         "203.0.113.1",
                                         "224.0.0.1",
                                         "239.255.255.250",
                                         "240.0.0.1",
                                         "255.255.255.255",
                                         "::",
                                         "::1",
                                         "::10.0.0.1",
                                         "::ffff:127.0.0.1",
                                         "::ffff:169.254.169.254",
                                         "::ffff:0:0",
                                         "::ffff:0:127.0.0.1",
                                         "64:ff9b::7f00:1",
                                         "64:ff9b::169.254.169.254",
                                         "64:ff9b:1::1",
                                         "100::1",
                                         "2001::1",
                                         "2001:1ff::1",
                                         "2001:db8::1",
                                         "2002:7f00:1::1",
                                         "2002:a9fe:a9fe::",
                                         "2002:c0a8:101::1",
                                         "3fff::1",
                                         "5f00::1",
                                         "fc00::1",
                                         "fd00:ec2::254",
                                         "fe80::1",
                                         "febf::1",
                                         "fec0::1",
                                         "ff02::1"};
    struct tm_guard g = {0};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        CHECK_STR(!allows(&g, inside[i], 443) ? "" : inside[i], "");
        CHECK_STR(!allows(&g, inside[i], 0) ? "" : inside[i], "");
    }
}

/* An allowance counts where it is at least as long as what denies by itself. */
static void the_most_specific_rule_decides(void)
{
    static struct tm_guard g;
    add(&g, TM_GUARD_ALLOW, "*");
    CHECK(!allows(&g, "10.1.2.3", 80));
    add(&g, TM_GUARD_ALLOW, "10.0.0.0/8");
    CHECK(allows(&g, "10.1.2.3", 80));
    CHECK(allows(&g, "::ffff:10.1.2.3", 80));
    CHECK(!allows(&g, "192.168.1.1", 80));
    add(&g, TM_GUARD_DENY, "10.1.0.0/16");
    add(&g, TM_GUARD_ALLOW, "10.1.2.3:443");
    CHECK(!allows(&g, "10.1.2.3", 80));
    CHECK(allows(&g, "10.1.2.3", 443));
    add(&g, TM_GUARD_DENY, "*:25");
    CHECK(allows(&g, "10.2.0.1", 25)); /* the prefix comes before the port */
    CHECK(!allows(&g, "8.8.8.8", 25));
    add(&g, TM_GUARD_DENY, "10.0.0.0/8:25");
    CHECK(!allows(&g, "10.2.0.1", 25)); /* fewer ports */
    CHECK(allows(&g, "10.2.0.1", 26));
    add(&g, TM_GUARD_DENY, "10.0.0.0/8");
    CHECK(!allows(&g, "10.2.0.1", 26)); /* of equal ones a denial */
    add(&g, TM_GUARD_ALLOW, "169.254.169.0/24:80");
    CHECK(allows(&g, "169.254.169.254", 80));
    CHECK(!allows(&g, "169.254.169.254", 81));
}

static void only_what_is_allowed_with_a_denial_of_all(void)
{
    static struct tm_guard g;
    add(&g, TM_GUARD_DENY, "*");
    add(&g, TM_GUARD_ALLOW, "8.8.8.0/24");
    add(&g, TM_GUARD_ALLOW, "[2600::1]:443");
    CHECK(allows(&g, "8.8.8.127", 80));
    CHECK(!allows(&g, "8.8.9.1", 80));
    CHECK(allows(&g, "2600::1", 443));
    CHECK(!allows(&g, "2600::1", 444));
    CHECK(!allows(&g, "10.0.0.1", 80));
}

static void ports_are_one_or_a_range(void)
{
    static struct tm_guard g;
    add(&g, TM_GUARD_ALLOW, "[fd00::/8]:8000-8099");
    CHECK(!allows(&g, "fd00::1", 7999));
    CHECK(allows(&g, "fd00::1", 8000));
    CHECK(allows(&g, "fd00::1", 8099));
    CHECK(!allows(&g, "fd00::1", 8100));
    CHECK(allows(&g, "fd00::1", 0)); /* a lookup: some port is */
    add(&g, TM_GUARD_DENY, "8.8.8.8:53");
    CHECK(allows(&g, "8.8.8.8", 0));
}

/* The way through a translator is open only where both ends of it are. */
static void what_leads_to_an_ipv4_address_needs_both(void)
{
    static struct tm_guard g;
    add(&g, TM_GUARD_DENY, "8.8.8.8");
    CHECK(!allows(&g, "64:ff9b::808:808", 80));
    CHECK(!allows(&g, "2002:808:808::1", 80));
    CHECK(allows(&g, "64:ff9b::808:809", 80));
    add(&g, TM_GUARD_DENY, "64:ff9b::/96");
    CHECK(!allows(&g, "64:ff9b::808:809", 80));
    add(&g, TM_GUARD_ALLOW, "10.0.0.0/8");
    CHECK(allows(&g, "2002:a01:203::1", 80));
}

/* What the administrator chose, as the name server, is held to the given rules alone. */
static void own_addresses_may_be_inside(void)
{
    static struct tm_guard g;
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(tm_guard_allows_own(&g, (struct sockaddr *)&in));
    CHECK(!tm_guard_allows(&g, (struct sockaddr *)&in));
    add(&g, TM_GUARD_DENY, "127.0.0.1:53");
    CHECK(!tm_guard_allows_own(&g, (struct sockaddr *)&in));
}

static void unix_sockets_are_those_named(void)
{
    static struct tm_guard g;
    char long_path[120] = "/";
    memset(long_path + 1, 'x', 107);
    CHECK(!tm_guard_allows_unix(&g, "/run/app"));
    CHECK_INT(tm_guard_add_unix(&g, "/run/app", NULL), TM_OK);
    CHECK(tm_guard_allows_unix(&g, "/run/app"));
    CHECK(!tm_guard_allows_unix(&g, "/run/app/"));
    CHECK(!tm_guard_allows_unix(&g, "/run/ap"));
    CHECK(!tm_guard_allows_unix(&g, "/run/../run/app"));
    CHECK_INT(tm_guard_add_unix(&g, "run/app", NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_guard_add_unix(&g, "", NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_guard_add_unix(&g, long_path, NULL), TM_ERR_FORMAT);
    while (g.n_unix < TM_GUARD_UNIX_MAX)
        CHECK_INT(tm_guard_add_unix(&g, "/run/other", NULL), TM_OK);
    CHECK_INT(tm_guard_add_unix(&g, "/run/other", NULL), TM_ERR_LIMIT);
}

static void deny_rules_match_net_and_port(void)
{
    static struct tm_guard g;
    add(&g, TM_GUARD_DENY, "20.0.0.0/9");
    add(&g, TM_GUARD_DENY, "8.8.4.1:25");
    add(&g, TM_GUARD_DENY, "[2600::/8]:443");
    add(&g, TM_GUARD_DENY, "*:111");
    CHECK(!allows(&g, "20.127.255.255", 80));
    CHECK(allows(&g, "20.128.0.0", 80));
    CHECK(!allows(&g, "::ffff:20.1.2.3", 80));
    CHECK(!allows(&g, "8.8.4.1", 25));
    CHECK(allows(&g, "8.8.4.1", 26));
    CHECK(allows(&g, "8.8.4.2", 25));
    CHECK(!allows(&g, "26ff::1", 443));
    CHECK(allows(&g, "26ff::1", 80));
    CHECK(!allows(&g, "8.8.4.7", 111));
    CHECK(!allows(&g, "2600::1", 111));
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
        "",          "10.0.0.0/33", "10.0.0.0/",     "10.0.0.0/-1", "10.0.0/8",   "::/129",
        "1.2.3.4:0", "1.2.3.4:",    "1.2.3.4:65536", "1.2.3.4:x",   "[::1",       "[::1]x",
        "[::1]443",  "example.org", "*/8",           "1.2.3.4/8/8", "1.2.3.4 ",   "*:1:2",
        "[::1]:",    "1.2.3.4/+8",  "1.2.3.4:9-8",   "1.2.3.4:8-",  "1.2.3.4:-8", "1.2.3.4:0-9"};
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
    {"without_rules_what_is_public_is_allowed", without_rules_what_is_public_is_allowed},
    {"without_rules_what_is_not_public_is_denied", without_rules_what_is_not_public_is_denied},
    {"the_most_specific_rule_decides", the_most_specific_rule_decides},
    {"only_what_is_allowed_with_a_denial_of_all", only_what_is_allowed_with_a_denial_of_all},
    {"ports_are_one_or_a_range", ports_are_one_or_a_range},
    {"what_leads_to_an_ipv4_address_needs_both", what_leads_to_an_ipv4_address_needs_both},
    {"own_addresses_may_be_inside", own_addresses_may_be_inside},
    {"unix_sockets_are_those_named", unix_sockets_are_those_named},
    {"deny_rules_match_net_and_port", deny_rules_match_net_and_port},
    {"other_families_are_denied", other_families_are_denied},
    {"text_that_is_no_rule_is_refused", text_that_is_no_rule_is_refused},
    {"a_full_table_says_so", a_full_table_says_so},
};
CHECK_MAIN("guard", cases)
