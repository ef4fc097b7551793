/* tm/net/guard.h - which destinations a server connects to for its clients: rules "ADDR[/LEN][:PORTS]", and unix sockets by name.
 *
 * Of all rules that match, the most specific decides: the longest prefix; of equal ones the one with fewer ports; of equal ones a denial.
 * Addresses that are not of the public network (private, loopback, link-local with the metadata service's, multicast and the like) are
 * denied by rules of their own, as if they had been given first: an equally long or longer rule overrules one.  What no rule matches is
 * allowed.  Rules are looked at after name resolution, on the address that is dialled, so a name cannot lead around them.  An
 * IPv4-mapped IPv6 address is judged as the IPv4 address; where an IPv6 address leads to an IPv4 one (NAT64, 6to4) both must be allowed.
 * Source: IANA's registries of special-purpose addresses (RFC 6890); RFC 6052 sec. 2.1, RFC 3056 sec. 2.  Pure: no sockets. */
#ifndef TM_NET_GUARD_H
#define TM_NET_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tm/base/err.h"

#define TM_GUARD_RULES_MAX 256U
#define TM_GUARD_UNIX_MAX  64U

enum tm_guard_verdict { TM_GUARD_ALLOW, TM_GUARD_DENY };

struct tm_guard_rule {
    enum tm_guard_verdict verdict;
    uint8_t addr[16];               /* IPv6, or IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;                   /* 0..128, counted in that form */
    uint16_t port_first, port_last; /* 0, 0: any */
};

/* Plain memory; {0}: what is public is allowed, and no unix socket. */
struct tm_guard {
    size_t n;
    struct tm_guard_rule rule[TM_GUARD_RULES_MAX];
    size_t n_unix;
    const char *unix_path[TM_GUARD_UNIX_MAX]; /* borrowed */
};

/* Adds one rule: "10.0.0.0/8", "192.0.2.1:25", "[fd00::/8]:8000-8099", "fd00::/8", "*:25".  TM_ERR_FORMAT with
 * msg saying what is wrong, TM_ERR_LIMIT when full. */
TM_MUST_CHECK int tm_guard_add(struct tm_guard *g, enum tm_guard_verdict verdict, const char *text,
                               struct tm_msg *msg);
/* sa is AF_INET or AF_INET6; any other family is denied.  Port 0, for a lookup: allowed where any port is. */
bool tm_guard_allows(const struct tm_guard *g, const struct sockaddr *sa);
/* The same of an address that this machine's administrator has chosen, not a client: by the given rules alone. */
bool tm_guard_allows_own(const struct tm_guard *g, const struct sockaddr *sa);

/* Allows the unix socket of exactly this path.  TM_ERR_FORMAT: it does not begin with "/" or is too long for a socket; TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_guard_add_unix(struct tm_guard *g, const char *path, struct tm_msg *msg);
bool tm_guard_allows_unix(const struct tm_guard *g, const char *path);

#endif
