/* tm/core/socks4.h - SOCKS version 4, and 4a with names.
 *
 *   client: 4 CMD PORT(2) ADDRESS(4) USER 0          server: 0 CODE PORT(2) ADDRESS(4)
 *   4a:     4 CMD PORT(2) 0 0 0 x    USER 0 NAME 0
 *
 * The user is not looked at.  Stateless over (p, len) as tm/core/socks5.h: > 0 consumed, 0 more, < 0 not SOCKS 4.  Pure.
 * Source: "SOCKS: a protocol for TCP proxy across firewalls" and its extension 4a (Y.-D. Lee); Tor, socks-extensions sec. 2. */
#ifndef TM_CORE_SOCKS4_H
#define TM_CORE_SOCKS4_H

#include "tm/core/socks5.h"

#define TM_SOCKS4_REPLY_LEN   8U
#define TM_SOCKS4_USER_MAX    255U
#define TM_SOCKS4_REQUEST_MAX (8U + TM_SOCKS4_USER_MAX + 1U + TM_DEST_HOST_MAX + 1U)

/* The client's request; decides with TM_SOCKS4_REQUEST_MAX bytes at most.  The replies of *req: COMMAND_UNSUPPORTED (BIND and others), FAILURE (a name that no
 * host has, a user or a name that is too long; what was consumed is then everything).  TM_ERR_PROTO: another version. */
TM_MUST_CHECK ssize_t tm_socks4_request(const uint8_t *p, size_t len, struct tm_socks_request *req);

/* The answer: granted (90), or rejected or failed (91).  `found` is the address that RESOLVE asked for, NULL: none; there is no way to
 * say one that is not IPv4, so that is a failure. */
void tm_socks4_reply(uint8_t out[TM_SOCKS4_REPLY_LEN], enum tm_reply reply,
                     const struct tm_dest *found);

#endif
