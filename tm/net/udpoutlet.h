/* tm/net/udpoutlet.h - a stream of datagrams' way out of the server: one socket, one port for all its destinations.
 *
 * So a destination sees the same address and port whoever else is spoken to (endpoint-independent mapping), and what comes back is let
 * in from addresses that were sent to, whatever their port (address-dependent filtering; the last TM_UDPOUTLET_PEERS of them): a
 * stranger who guesses the port cannot put anything into the tunnel.  Both families share the port.  Names are asked of the system's
 * resolver and kept for a minute; what waits for one is kept in a bounded queue.  Source: RFC 4787 sec. 4.1, 5. */
#ifndef TM_NET_UDPOUTLET_H
#define TM_NET_UDPOUTLET_H

#include "tm/core/session.h"
#include "tm/net/front.h"
#include "tm/net/guard.h"

#define TM_UDPOUTLET_IDLE_MS                                                                       \
    180000U /* then the stream is given up; a client's own end does so before */
#define TM_UDPOUTLET_PEERS 256U
#define TM_UDPOUTLET_NAMES 16U /* remembered at once */

/* Serves event OPEN of a stream that tm_session_means_datagrams; a failure is answered to the client.  The outlet frees itself.  guard is borrowed until
 * the front goes. */
void tm_udpoutlet_open(struct tm_front *front, const struct tm_event *ev,
                       const struct tm_guard *guard);

#endif
