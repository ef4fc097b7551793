/* tm/net/udpdoor.h - the client's UDP listener with a fixed destination (-L PORT/udp:HOST:HOSTPORT).
 *
 * Each address that sends here is a peer with a stream of its own (tm/net/assoc.h), so the server sends for each from a port of its own,
 * and an answer from whatever address goes back to the peer.  At most TM_UDPDOOR_PEERS; the one that was silent longest makes room. */
#ifndef TM_NET_UDPDOOR_H
#define TM_NET_UDPDOOR_H

#include <stdint.h>
#include <sys/socket.h>

#include "tm/core/dest.h"
#include "tm/net/front.h"

#define TM_UDPDOOR_PEERS 64U

struct tm_udpdoor; /* opaque */

/* TM_ERR_IO with msg ("cannot listen on 127.0.0.1:53, UDP: permission denied"), TM_ERR_NOMEM.  front is borrowed; addr and dest are copied. */
TM_MUST_CHECK int tm_udpdoor_open(struct tm_udpdoor **out, struct tm_front *front,
                                  const struct sockaddr *addr, const struct tm_dest *dest,
                                  struct tm_msg *msg);
/* The port listened on. */
uint16_t tm_udpdoor_port(const struct tm_udpdoor *door);
/* Before the front goes.  NULL is allowed; frees itself when libuv is done. */
void tm_udpdoor_close(struct tm_udpdoor *door);

#endif
