/* tm/net/ebpf/door.h - the sockets on loopback that diverted programs reach: two listeners and two of the resolver. */
#ifndef TM_NET_DOOR_H
#define TM_NET_DOOR_H

#include "tm/base/err.h"

/* Connections that wait to be accepted, as far as the kernel lets (net.core.somaxconn).  One beyond is lost without a word: its
 * program believes that it is connected. */
#define TM_DOOR_BACKLOG 4096

struct tm_doors {
    int tcp4, tcp6; /* listening on 127.0.0.1 and [::1], ports of the kernel's choice; -1: none */
    int udp4, udp6;
};

/* Makes them, close-on-exec and non-blocking; the IPv6 ones are -1 where there is no IPv6.  The TCP sockets are made by a
 * child process that has moved into the cgroup (an open directory), because what they accept belongs to the cgroup in
 * which they were made, and so the hooks of that cgroup see both ends.  Call it before there are threads.
 * TM_ERR_IO with msg: none is open then. */
TM_MUST_CHECK int tm_doors_open(struct tm_doors *d, int cgroup_fd, struct tm_msg *msg);
/* Closes those that are not -1, and makes them so. */
void tm_doors_close(struct tm_doors *d);

#endif
