/* tm/net/testload.h - a destination inside the server that a client may load its own tunnel with: `tm-client prove`.
 *
 * The name TM_DEST_TEST, with two ports: 9 takes what comes and forgets it (discard, RFC 863); 19 sends TM_TEST_BYTES zeros for each
 * byte that comes, so that who asks decides the rate (a character generator, RFC 864, would fill any line).  Nothing is dialled, so nothing
 * beyond the server is needed, and the bytes travel as those of any other stream: when the schedule says, within credit. */
#ifndef TM_NET_TESTLOAD_H
#define TM_NET_TESTLOAD_H

#include <stdbool.h>

#include "tm/core/session.h"
#include "tm/net/front.h"

bool tm_testload_is_meant(const struct tm_dest *d);
/* Serves event OPEN; another port is answered as refused.  It frees itself with the stream. */
void tm_testload_open(struct tm_front *front, const struct tm_event *ev);

#endif
