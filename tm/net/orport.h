/* tm/net/orport.h - a stream's way out of a server that is a pluggable transport of Tor: to the relay's ORPort, and nowhere else.
 *
 *   OPEN --TM_DEST_ORPORT--> dial --extended: tm/core/extor.h--> answered --> pipe
 *        --any other------> TM_REPLY_DENIED */
#ifndef TM_NET_ORPORT_H
#define TM_NET_ORPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tm/core/extor.h"
#include "tm/core/session.h"
#include "tm/net/front.h"

struct tm_orport_cfg {
    struct tm_dest dest; /* the ORPort, or the extended one */
    bool is_extended;
    uint8_t cookie[TM_EXTOR_COOKIE_LEN]; /* of the extended one */
    const char *transport;               /* our name */
};

/* Serves event OPEN; a failure is answered to the client.  cfg is borrowed until the stream has ended; peer: where the client's last carrier
 * came from, told to the extended ORPort.  Frees itself. */
void tm_orport_open(struct tm_front *front, const struct tm_event *ev,
                    const struct tm_orport_cfg *cfg, const struct sockaddr *peer);

#endif
