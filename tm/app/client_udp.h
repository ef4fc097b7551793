/* tm/app/client_udp.h - what of tm-client listens for datagrams: the name server of --dns and the forwards -L PORT/udp:HOST:HOSTPORT. */
#ifndef TM_APP_CLIENT_UDP_H
#define TM_APP_CLIENT_UDP_H

#include "tm/app/options.h"
#include "tm/core/dest.h"
#include "tm/net/tunnel.h"

struct tm_client_udp; /* opaque */

/* The resolver that --resolver names, or the server's own.  TM_ERR_FORMAT, TM_ERR_RANGE. */
TM_MUST_CHECK int tm_client_udp_resolver(struct tm_dest *dest, const struct tm_options *o,
                                         struct tm_msg *msg);

/* Opens all that the options say; close it before the tunnel stops. */
TM_MUST_CHECK int tm_client_udp_open(struct tm_client_udp **out, const struct tm_options *o,
                                     struct tm_tunnel_client *tunnel, struct tm_msg *msg);
/* Ends the line "ready" with what is open: ", names at 127.0.0.1:53, 2 UDP forwards". */
void tm_client_udp_say(const struct tm_client_udp *u, FILE *out);
void tm_client_udp_close(struct tm_client_udp *u); /* NULL is allowed */

#endif
