/* tm/net/associate.h - SOCKS 5 UDP ASSOCIATE at the client: a UDP port that lives as long as the TCP connection that asked for it.
 *
 *   program --datagrams--> port --tm_assoc--> server        the port is on the address at which the program reached the proxy
 *
 * Only the host that has the TCP connection may use the port, and of it the first socket that does (the one that it named, if it did).
 * Fragments, and what has no header, are dropped.  Source: RFC 1928 sec. 6, 7. */
#ifndef TM_NET_ASSOCIATE_H
#define TM_NET_ASSOCIATE_H

#include <stdint.h>

#include "tm/core/dest.h"
#include "tm/net/front.h"
#include "tm/net/sock.h"

struct tm_associate; /* opaque */

typedef void (*tm_associate_done_fn)(void *user);

struct tm_associate_cfg {
    struct tm_front *front;     /* borrowed */
    const union tm_sock *sock;  /* the connection; borrowed until tm_associate_start */
    uint16_t port;              /* from which its program will send; 0: it did not say */
    struct tm_associate **list; /* it stands there as long as it is open */
    tm_associate_done_fn
        done; /* once, when it has ended by itself or was closed, if it was started */
    void *user;
};

/* Opens the port; *bound says where.  TM_ERR_NOMEM, TM_ERR_IO. */
TM_MUST_CHECK int tm_associate_open(struct tm_associate **out, struct tm_dest *bound,
                                    const struct tm_associate_cfg *cfg);
/* Begins: the connection is its own now, and so is the stream.  It ends, and frees itself, with the connection, with the tunnel, or
 * when it is closed. */
void tm_associate_start(struct tm_associate *a, union tm_sock *take_sock, uint64_t stream);
/* The connection ends; without a start, the port alone goes. */
void tm_associate_close(struct tm_associate *a);

#endif
