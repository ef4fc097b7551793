/* tm/net/dnsdoor.h - the client's name server (--dns): UDP and TCP on one port, answered by a resolver behind the tunnel.
 *
 * Queries go to it as they are, and its answers come back as they are, of any type; only what does not fit into the asker's datagram is
 * cut (TC), and comes again over TCP.  A connection may ask many things at once (RFC 7766 sec. 6.2.1.1); one that asks nothing for
 * TM_DNSDOOR_IDLE_MS is closed. */
#ifndef TM_NET_DNSDOOR_H
#define TM_NET_DNSDOOR_H

#include <stdint.h>
#include <sys/socket.h>

#include "tm/core/dest.h"
#include "tm/net/front.h"

#define TM_DNSDOOR_CONNS   64U
#define TM_DNSDOOR_IDLE_MS 30000U

struct tm_dnsdoor; /* opaque */

/* Listens on addr, a port of 0: any.  dest: the resolver, as the server is to reach it.  TM_ERR_IO with msg ("cannot listen on 127.0.0.1:53, UDP:
 * permission denied"), TM_ERR_NOMEM.  front is borrowed. */
TM_MUST_CHECK int tm_dnsdoor_open(struct tm_dnsdoor **out, struct tm_front *front,
                                  const struct sockaddr *addr, const struct tm_dest *dest,
                                  struct tm_msg *msg);
uint16_t tm_dnsdoor_port(const struct tm_dnsdoor *door);
/* Before the front goes.  NULL is allowed; frees itself when libuv is done. */
void tm_dnsdoor_close(struct tm_dnsdoor *door);

#endif
