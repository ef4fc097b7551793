/* tm/net/permit.c - see permit.h. */
#include "tm/net/permit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX      64
#define PORT_ORDINARY 1024U

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool read_port(uint16_t *port, const char *text)
{
    if (strcmp(text, "*") == 0) {
        *port = 0;
        return true;
    }
    size_t len = strlen(text);
    if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
        return false;
    long v = strtol(text, NULL, 10);
    *port = (uint16_t)v;
    return v >= 1 && v <= UINT16_MAX;
}

/* Without brackets. */
static bool read_address(struct tm_permit_rule *rule, const char *text)
{
    if (strcmp(text, "localhost") == 0) {
        rule->where = TM_PERMIT_LOOPBACK;
        return true;
    }
    if (strcmp(text, "*") == 0) {
        rule->where = TM_PERMIT_ANYWHERE;
        return true;
    }
    rule->where = TM_PERMIT_ADDRESS;
    memcpy(rule->addr, mapped_prefix, sizeof mapped_prefix);
    return inet_pton(AF_INET, text, rule->addr + 12) == 1 ||
           inet_pton(AF_INET6, text, rule->addr) == 1;
}

static bool parse(struct tm_permit_rule *rule, char *text)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL)
        return read_port(&rule->port, text);
    *colon = '\0';
    size_t len = strlen(text);
    bool has_brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (has_brackets) {
        text[len - 1] = '\0';
        text++;
    }
    if (has_brackets != (strchr(text, ':') != NULL))
        return false;
    return read_address(rule, text) && read_port(&rule->port, colon + 1);
}

int tm_permit_add(struct tm_permit *p, const char *text, struct tm_msg *msg)
{
    struct tm_permit_rule rule = {.where = TM_PERMIT_LOOPBACK};
    char buf[TEXT_MAX];
    size_t len = strlen(text);
    if (p->n == TM_PERMIT_RULES_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "more than %u rules for listeners",
                          TM_PERMIT_RULES_MAX);
    if (strcmp(text, "none") == 0) {
        p->is_given = true;
        return TM_OK;
    }
    if (len < sizeof buf) {
        memcpy(buf, text, len + 1);
        if (parse(&rule, buf)) {
            p->is_given = true;
            p->rule[p->n++] = rule;
            return TM_OK;
        }
    }
    return tm_msg_set(
        msg, TM_ERR_FORMAT,
        "'%.80s' is no rule for listeners: [ADDR:]PORT, where ADDR is an address (IPv6 "
        "in brackets), localhost or *, and PORT a number or *; or none",
        text);
}

static bool is_loopback(const uint8_t addr[16])
{
    static const uint8_t v6[16] = {[15] = 1};
    bool is_v4 = memcmp(addr, mapped_prefix, sizeof mapped_prefix) == 0;
    return is_v4 ? addr[12] == 127 : memcmp(addr, v6, sizeof v6) == 0;
}

static bool matches(const struct tm_permit_rule *rule, const uint8_t addr[16], uint16_t port)
{
    if (rule->port != 0 && rule->port != port)
        return false;
    switch (rule->where) {
    case TM_PERMIT_LOOPBACK:
        return is_loopback(addr);
    case TM_PERMIT_ANYWHERE:
        return true;
    case TM_PERMIT_ADDRESS:
        return memcmp(rule->addr, addr, 16) == 0;
    }
    return false;
}

bool tm_permit_allows(const struct tm_permit *p, const struct sockaddr *sa)
{
    uint8_t addr[16];
    uint16_t port;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (sa->sa_family == AF_INET) {
        memcpy(&in, sa, sizeof in);
        memcpy(addr, mapped_prefix, sizeof mapped_prefix);
        memcpy(addr + 12, &in.sin_addr, 4);
        port = ntohs(in.sin_port);
    } else if (sa->sa_family == AF_INET6) {
        memcpy(&in6, sa, sizeof in6);
        memcpy(addr, &in6.sin6_addr, sizeof addr);
        port = ntohs(in6.sin6_port);
    } else {
        return false;
    }
    if (!p->is_given)
        return is_loopback(addr) && (port == 0 || port >= PORT_ORDINARY);
    for (size_t i = 0; i < p->n; i++)
        if (matches(&p->rule[i], addr, port))
            return true;
    return false;
}
