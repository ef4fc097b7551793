/* tm/app/udpforward.h - "[BIND:]PORT/udp:HOST:HOSTPORT", a -L of datagrams.  Pure. */
#ifndef TM_APP_UDPFORWARD_H
#define TM_APP_UDPFORWARD_H

#include "tm/app/forward.h"

/* Whether the value of a -L means UDP. */
bool tm_udpforward_is(const char *text);
/* text is one that does; as tm_forward_parse, but between hosts: no unix sockets. */
TM_MUST_CHECK int tm_udpforward_parse(struct tm_forward *f, const char *text, struct tm_msg *msg);

#endif
