/* tm/net/guard.c - destination rules. */
#include "tm/net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 80

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
    long port = number(colon + 1, 65535);
    if (port < 1)
        return TM_ERR_FORMAT;
    rule->port = (uint16_t)port;
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
    return tm_msg_set(
        msg, TM_ERR_FORMAT,
        "'%.80s' is no rule for destinations: ADDR[/BITS][:PORT], [ADDR6[/BITS]]:PORT or *:PORT",
        text);
}

static bool matches(const struct tm_guard_rule *rule, const uint8_t addr[16], uint16_t port)
{
    if (rule->port != 0 && rule->port != port)
        return false;
    size_t whole = rule->bits / 8;
    unsigned rest = rule->bits % 8;
    if (memcmp(rule->addr, addr, whole) != 0)
        return false;
    return rest == 0 || ((rule->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

bool tm_guard_allows(const struct tm_guard *g, const struct sockaddr *sa)
{
    uint8_t addr[16];
    uint16_t port;
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        memcpy(addr, mapped_prefix, sizeof mapped_prefix);
        memcpy(addr + 12, &in.sin_addr, 4);
        port = ntohs(in.sin_port);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        memcpy(addr, &in6.sin6_addr, 16);
        port = ntohs(in6.sin6_port);
    } else {
        return false;
    }
    bool has_allow = false;
    bool allowed = false;
    for (size_t i = 0; i < g->n; i++) {
        bool hit = matches(&g->rule[i], addr, port);
        if (g->rule[i].verdict == TM_GUARD_DENY && hit)
            return false;
        has_allow |= g->rule[i].verdict == TM_GUARD_ALLOW;
        allowed |= g->rule[i].verdict == TM_GUARD_ALLOW && hit;
    }
    return allowed || !has_allow;
}
