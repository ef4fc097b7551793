/* tm/net/finder.h - the server's answer to a stream with port 0: the address of a name, or the name of an address (tm/core/lookup.h).
 *
 * The system's resolver is asked, as for a connection.  An address that may not be connected to is not told; of several
 * the first IPv4 one is, because most askers cannot take another, else the first. */
#ifndef TM_NET_FINDER_H
#define TM_NET_FINDER_H

#include "tm/core/session.h"
#include "tm/net/front.h"
#include "tm/net/guard.h"

/* Serves event OPEN; a failure is answered to the client.  The finder frees itself.  guard is borrowed until then. */
void tm_finder_open(struct tm_front *front, const struct tm_event *ev,
                    const struct tm_guard *guard);

#endif
