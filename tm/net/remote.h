/* tm/net/remote.h - a listener of the server for a client: what connects there becomes a stream towards the client (ssh's -R). */
#ifndef TM_NET_REMOTE_H
#define TM_NET_REMOTE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tm/net/front.h"

struct tm_remote;

struct tm_remote_cfg {
    struct tm_front *front;           /* borrowed: close the listener before it ends */
    uint32_t listener;                /* of its session */
    bool (*is_reachable)(void *user); /* the client may be there: else who connects is reset */
    void *user;
};

/* Listens at sa (port 0: any); *port is the port.  The wildcard address of IPv6 is that of
 * IPv4 too, and that alone where there is no IPv6.  0, or libuv's error: there is no listener then. */
TM_MUST_CHECK int tm_remote_open(struct tm_remote **out, const struct tm_remote_cfg *cfg,
                                 const struct sockaddr *sa, uint16_t *port);
/* Whether it was opened at this address, port 0 never. */
bool tm_remote_is_at(const struct tm_remote *r, const struct sockaddr *sa);
/* Stops listening; frees itself.  Connections that came live on.  NULL does nothing. */
void tm_remote_close(struct tm_remote *r);

#endif
