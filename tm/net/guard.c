/* tm/net/guard.c - destination rules. */
#include "tm/net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define TEXT_MAX 80

#define DENY_V4(a, b, c, d, len)                                                                   \
    {                                                                                              \
        .verdict = TM_GUARD_DENY,                                                                  \
        .addr = {[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c), [15] = (d)},        \
        .bits = 96 + (len)                                                                         \
    }
#define DENY_V6(len, ...)                                                                          \
    {                                                                                              \
        .verdict = TM_GUARD_DENY, .addr = {__VA_ARGS__}, .bits = (len)                             \
    }

/* What is not of the public network. */
static const struct tm_guard_rule special[] = {
    DENY_V4(0, 0, 0, 0, 8),                    /* "this network" */
    DENY_V4(10, 0, 0, 0, 8),                   /* private */
    DENY_V4(100, 64, 0, 0, 10),                /* behind a provider's NAT */
    DENY_V4(127, 0, 0, 0, 8),                  /* loopback */
    DENY_V4(169, 254, 0, 0, 16),               /* link-local, the metadata service's among them */
    DENY_V4(172, 16, 0, 0, 12),                /* private */
    DENY_V4(192, 0, 0, 0, 24),                 /* protocol assignments */
    DENY_V4(192, 0, 2, 0, 24),                 /* documentation */
    DENY_V4(192, 88, 99, 0, 24),               /* 6to4 relays */
    DENY_V4(192, 168, 0, 0, 16),               /* private */
    DENY_V4(198, 18, 0, 0, 15),                /* benchmarks */
    DENY_V4(198, 51, 100, 0, 24),              /* documentation */
    DENY_V4(203, 0, 113, 0, 24),               /* documentation */
    DENY_V4(224, 0, 0, 0, 4),                  /* multicast */
    DENY_V4(240, 0, 0, 0, 4),                  /* reserved, broadcast */
    DENY_V6(96, 0),                            /* unspecified, loopback, IPv4-compatible */
    DENY_V6(96, [8] = 0xff, [9] = 0xff),       /* IPv4-translated, ::ffff:0:0:0/96 */
    DENY_V6(48, 0x00, 0x64, 0xff, 0x9b, 0, 1), /* NAT64 of a local prefix */
    DENY_V6(64, 0x01, 0x00),                   /* discard */
    DENY_V6(23, 0x20, 0x01),                   /* protocol assignments, Teredo */
    DENY_V6(32, 0x20, 0x01, 0x0d, 0xb8),       /* documentation */
    DENY_V6(20, 0x3f, 0xff),                   /* documentation */
    DENY_V6(16, 0x5f, 0x00),                   /* segment routing */
    DENY_V6(7, 0xfc),                          /* unique local */
    DENY_V6(10, 0xfe, 0x80),                   /* link-local */
    DENY_V6(10, 0xfe, 0xc0),                   /* site-local */
    DENY_V6(8, 0xff),                          /* multicast */
};

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* A number of digits alone, 0..max; -1 when it is not. */
static long number(const char *s, long max)
{
    if (*s == '\0' || strspn(s, "0123456789") != strlen(s) || strlen(s) > 6)
        return -1;
    long v = strtol(s, NULL, 10);
    return v <= max ? v : -1;
}

/* "ADDR" or "ADDR/BITS" or "*" into the rule. */
static int parse_net(struct tm_guard_rule *rule, char *text)
{
    if (strcmp(text, "*") == 0)
        return TM_OK; /* ::/0 covers the mapped form of IPv4 too */
    char *bits = strchr(text, '/');
    if (bits != NULL)
        *bits++ = '\0';
    long max;
    if (inet_pton(AF_INET, text, rule->addr + 12) == 1) {
        memcpy(rule->addr, mapped_prefix, sizeof mapped_prefix);
        max = 32;
    } else if (inet_pton(AF_INET6, text, rule->addr) == 1) {
        max = 128;
    } else {
        return TM_ERR_FORMAT;
    }
    long n = bits == NULL ? max : number(bits, max);
    if (n < 0)
        return TM_ERR_FORMAT;
    rule->bits = (uint8_t)(n + (128 - max));
    return TM_OK;
}

/* Cuts ":PORT" from the end of text, if there is one, and brackets around the address. */
static int parse_port(struct tm_guard_rule *rule, char **text)
{
    char *s = *text;
    char *colon = NULL;
    if (*s == '[') {
        char *close = strchr(s, ']');
        if (close == NULL)
            return TM_ERR_FORMAT;
        *close = '\0';
        *text = s + 1;
        if (close[1] == '\0')
            return TM_OK;
        colon = close + 1;
        if (*colon != ':')
            return TM_ERR_FORMAT;
    } else {
        colon = strchr(s, ':');
        if (colon == NULL || strchr(colon + 1, ':') != NULL)
            return TM_OK; /* no port, or a bare IPv6 address */
    }
    *colon = '\0';
    char *first = colon + 1, *dash = strchr(first, '-');
    if (dash != NULL)
        *dash = '\0';
    long low = number(first, UINT16_MAX), high = dash == NULL ? low : number(dash + 1, UINT16_MAX);
    if (low < 1 || high < low)
        return TM_ERR_FORMAT;
    rule->port_first = (uint16_t)low;
    rule->port_last = (uint16_t)high;
    return TM_OK;
}

int tm_guard_add(struct tm_guard *g, enum tm_guard_verdict verdict, const char *text,
                 struct tm_msg *msg)
{
    struct tm_guard_rule rule = {.verdict = verdict};
    char buf[TEXT_MAX];
    char *net = buf;
    if (g->n == TM_GUARD_RULES_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "more than %u rules for destinations",
                          TM_GUARD_RULES_MAX);
    size_t len = strlen(text);
    if (len < sizeof buf) {
        memcpy(buf, text, len + 1);
        if (parse_port(&rule, &net) == TM_OK && parse_net(&rule, net) == TM_OK) {
            g->rule[g->n++] = rule;
            return TM_OK;
        }
    }
    return tm_msg_set(msg, TM_ERR_FORMAT,
                      "'%.80s' is no rule for destinations: ADDR[/LEN][:PORT[-PORT]], "
                      "[ADDR6[/LEN]]:PORT or *:PORT",
                      text);
}

/* Which address and port are judged. */
struct place {
    uint8_t addr[16];
    uint16_t port;
};

/* For a lookup an allowance of some ports is enough, and a denial of some is none. */
static bool matches_port(const struct tm_guard_rule *rule, uint16_t port)
{
    if (rule->port_first == 0)
        return true;
    if (port == 0)
        return rule->verdict == TM_GUARD_ALLOW;
    return rule->port_first <= port && port <= rule->port_last;
}

static bool matches(const struct tm_guard_rule *rule, const struct place *at)
{
    size_t whole = rule->bits / 8;
    unsigned rest = rule->bits % 8;
    if (!matches_port(rule, at->port) || memcmp(rule->addr, at->addr, whole) != 0)
        return false;
    return rest == 0 || ((rule->addr[whole] ^ at->addr[whole]) >> (8 - rest)) == 0;
}

static uint32_t n_ports(const struct tm_guard_rule *rule)
{
    return rule->port_first == 0 ? UINT16_MAX + 1U
                                 : (uint32_t)rule->port_last - rule->port_first + 1U;
}

/* Whether `rule` counts rather than `than`, which was found before; both match. */
static bool is_nearer(const struct tm_guard_rule *rule, const struct tm_guard_rule *than)
{
    if (rule->bits != than->bits)
        return rule->bits > than->bits;
    if (n_ports(rule) != n_ports(than))
        return n_ports(rule) < n_ports(than);
    return rule->verdict == TM_GUARD_DENY;
}

static const struct tm_guard_rule *nearest(const struct tm_guard_rule *rules, size_t n,
                                           const struct place *at)
{
    const struct tm_guard_rule *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (matches(&rules[i], at) && (best == NULL || is_nearer(&rules[i], best)))
            best = &rules[i];
    return best;
}

static bool judge(const struct tm_guard *g, const struct place *at, bool is_own)
{
    const struct tm_guard_rule *given = nearest(g->rule, g->n, at);
    const struct tm_guard_rule *own =
        is_own ? NULL : nearest(special, sizeof special / sizeof *special, at);
    if (own != NULL && (given == NULL || given->bits < own->bits))
        return false;
    return given == NULL || given->verdict == TM_GUARD_ALLOW;
}

/* Where, in an IPv6 address that leads to an IPv4 one, that stands; NULL: it does not. */
static const uint8_t *embedded(const uint8_t addr[16])
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}, six_to_four[2] = {0x20, 0x02};
    if (memcmp(addr, nat64, sizeof nat64) == 0)
        return addr + 12;
    return memcmp(addr, six_to_four, sizeof six_to_four) == 0 ? addr + 2 : NULL;
}

static void set_v4(struct place *at, const void *addr)
{
    memcpy(at->addr, mapped_prefix, sizeof mapped_prefix);
    memcpy(at->addr + 12, addr, 4);
}

static bool allows(const struct tm_guard *g, const struct sockaddr *sa, bool is_own)
{
    struct place at, behind;
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        set_v4(&at, &in.sin_addr);
        at.port = ntohs(in.sin_port);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        memcpy(at.addr, &in6.sin6_addr, 16);
        at.port = ntohs(in6.sin6_port);
    } else {
        return false;
    }
    const uint8_t *v4 = embedded(at.addr);
    if (v4 != NULL) {
        behind.port = at.port;
        set_v4(&behind, v4);
        if (!judge(g, &behind, is_own))
            return false;
    }
    return judge(g, &at, is_own);
}

bool tm_guard_allows(const struct tm_guard *g, const struct sockaddr *sa)
{
    return allows(g, sa, false);
}

bool tm_guard_allows_own(const struct tm_guard *g, const struct sockaddr *sa)
{
    return allows(g, sa, true);
}

int tm_guard_add_unix(struct tm_guard *g, const char *path, struct tm_msg *msg)
{
    if (g->n_unix == TM_GUARD_UNIX_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "more than %u unix sockets", TM_GUARD_UNIX_MAX);
    if (path[0] != '/' || strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "'%.120s' is no path of a unix socket: it begins with / and has less "
                          "than 108 bytes",
                          path);
    g->unix_path[g->n_unix++] = path;
    return TM_OK;
}

bool tm_guard_allows_unix(const struct tm_guard *g, const char *path)
{
    for (size_t i = 0; i < g->n_unix; i++)
        if (strcmp(g->unix_path[i], path) == 0)
            return true;
    return false;
}
