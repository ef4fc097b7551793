/* tm/net/outlet.h - a stream's way out of the server: dial its destination, answer, become a pipe. */
#ifndef TM_NET_OUTLET_H
#define TM_NET_OUTLET_H

#include "tm/core/session.h"
#include "tm/net/front.h"
#include "tm/net/guard.h"

/* Serves event OPEN of a session; a failure is answered to the client.  The outlet frees itself. */
void tm_outlet_open(struct tm_front *front, const struct tm_event *ev,
                    const struct tm_guard *guard);

#endif
