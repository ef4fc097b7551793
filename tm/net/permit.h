/* tm/net/permit.h - where a server listens for its clients (their -R): rules "[ADDR:]PORT".
 *
 * Without a rule: the loopback addresses, ports from 1024 on or one that the server chooses.  With rules: what one of them names, and
 * nothing else, as sshd's PermitListen.  Pure. */
#ifndef TM_NET_PERMIT_H
#define TM_NET_PERMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tm/base/err.h"

#define TM_PERMIT_RULES_MAX 64U

enum tm_permit_where { TM_PERMIT_LOOPBACK, TM_PERMIT_ANYWHERE, TM_PERMIT_ADDRESS };

struct tm_permit_rule {
    enum tm_permit_where where;
    uint8_t addr[16]; /* of ADDRESS: IPv6, or IPv4 as ::ffff:a.b.c.d */
    uint16_t port;    /* 0: any, also one that the server chooses */
};

struct tm_permit { /* {0}: the default */
    bool is_given; /* rules were added, "none" among them */
    size_t n;
    struct tm_permit_rule rule[TM_PERMIT_RULES_MAX];
};

/* Adds "8080" (on loopback), "localhost:8080", "*:8080" (any address), "192.0.2.1:8080", "[2001:db8::1]:8080", each with "*" for any port,
 * or "none".  TM_ERR_FORMAT with msg, TM_ERR_LIMIT when full. */
TM_MUST_CHECK int tm_permit_add(struct tm_permit *p, const char *text, struct tm_msg *msg);
/* sa: AF_INET or AF_INET6; any other family is not permitted. */
bool tm_permit_allows(const struct tm_permit *p, const struct sockaddr *sa);

#endif
