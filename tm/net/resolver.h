/* tm/net/resolver.h - answers DNS queries by asking a resolver behind the tunnel: those that come as datagrams itself, others for whoever has them
 * (tm/net/dnsdoor.h).
 *
 * All queries share one stream to the resolver, DNS over TCP (RFC 7766), opened when it is needed; a stream that ends with
 * queries unanswered is tried once more.  Nothing is cached.  At most TM_RESOLVER_MAX queries wait at once, each for
 * TM_RESOLVER_WAIT_MS; what cannot be answered is answered with SERVFAIL, what is no good query with FORMERR or NOTIMP
 * (RFC 1035 sec. 4.1.1), and what is no query with nothing. */
#ifndef TM_NET_RESOLVER_H
#define TM_NET_RESOLVER_H

#include <stdbool.h>

#include "tm/base/buf.h"
#include "tm/core/dest.h"
#include "tm/net/front.h"

#define TM_RESOLVER_MAX     256U
#define TM_RESOLVER_WAIT_MS 10000U
#define TM_RESOLVER_IDLE_MS                                                                        \
    5000U /* then the stream is given up: an open one counts as demand (--idle-stop) */
#define TM_RESOLVER_V4_MS 600000U /* IPv6 is not heard of for so long */

struct tm_resolver; /* opaque */

/* take_fds[0..2): bound UDP sockets, -1: none; owned, also on error.  front is borrowed.  TM_ERR_NOMEM, TM_ERR_IO. */
TM_MUST_CHECK int tm_resolver_open(struct tm_resolver **out, struct tm_front *front,
                                   const struct tm_dest *dest, const int take_fds[2]);
/* The server has no way to IPv6 addresses: for TM_RESOLVER_V4_MS questions for them (AAAA) are answered here, with none, because
 * a program that got one would not try the IPv4 address when the connection fails.  Whether that is news. */
bool tm_resolver_no_ipv6(struct tm_resolver *r);
/* The answer to a query of tm_resolver_ask; borrowed. */
typedef void (*tm_resolver_answer_fn)(void *user, struct tm_view message);
/* Asks for somebody else: answer is called once, perhaps at once, unless nothing is to be said or `user` is forgotten meanwhile.  query is overwritten, no
 * answer is cut.  False: there will be none. */
bool tm_resolver_ask(struct tm_resolver *r, uint8_t *query, size_t len,
                     tm_resolver_answer_fn answer, void *user);
/* Nothing is answered to this user any more. */
void tm_resolver_forget(struct tm_resolver *r, const void *user);
/* Before the front goes.  NULL is allowed; the memory goes when libuv has closed the handles. */
void tm_resolver_close(struct tm_resolver *r);

#endif
