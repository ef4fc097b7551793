/* tm/net/guard.h - which destinations a server may connect to: rules "ADDR[/BITS][:PORT]".
 *
 * A destination is allowed when no deny rule matches it and, if there are allow rules at all, one of them
 * does.  Rules are looked at after name resolution, so a name cannot lead around them; an IPv4-mapped IPv6
 * address is judged as the IPv4 address.  Pure: no sockets. */
#ifndef TM_NET_GUARD_H
#define TM_NET_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tm/base/err.h"

#define TM_GUARD_RULES_MAX 256U

enum tm_guard_verdict { TM_GUARD_ALLOW, TM_GUARD_DENY };

struct tm_guard_rule {
    enum tm_guard_verdict verdict;
    uint8_t addr[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;     /* 0..128, counted in that form */
    uint16_t port;    /* 0: any */
};

/* Plain memory; {0} allows everything. */
struct tm_guard {
    size_t n;
    struct tm_guard_rule rule[TM_GUARD_RULES_MAX];
};

/* Adds one rule: "10.0.0.0/8", "192.0.2.1:25", "[fd00::/8]:443", "fd00::/8", "*:25".  TM_ERR_FORMAT with
 * msg saying what is wrong, TM_ERR_LIMIT when full. */
TM_MUST_CHECK int tm_guard_add(struct tm_guard *g, enum tm_guard_verdict verdict, const char *text,
                               struct tm_msg *msg);
/* sa is AF_INET or AF_INET6; any other family is denied. */
bool tm_guard_allows(const struct tm_guard *g, const struct sockaddr *sa);

#endif
