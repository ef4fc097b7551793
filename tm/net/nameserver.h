/* tm/net/nameserver.h - the resolver of this machine, as resolv.conf(5) names it: where the server asks for clients that
 * leave the choice to it (TM_DEST_RESOLVER). */
#ifndef TM_NET_NAMESERVER_H
#define TM_NET_NAMESERVER_H

#include <stddef.h>

#include "tm/core/dest.h"

/* Pure: the first "nameserver ADDRESS" of the text, port 53; without one 127.0.0.1, as the C library has it. */
void tm_nameserver_parse(struct tm_dest *dest, const char *text, size_t len);
/* The same of /etc/resolv.conf, whose first 16 KiB are read. */
void tm_nameserver_read(struct tm_dest *dest);

#endif
