/* tm/net/local_listen.h - the listening socket of a door (tm/net/local.h): at an address, at a path, or one that was handed over. */
#ifndef TM_NET_LOCAL_LISTEN_H
#define TM_NET_LOCAL_LISTEN_H

#include "tm/net/sock.h"
#include "tm/net/unixsock.h"

struct tm_local_listen_cfg {
    const struct sockaddr *addr; /* borrowed */
    const char *path;            /* in place of addr: of a unix socket; borrowed */
    int take_fd; /* addr and path NULL: a socket that listens; owned, also on error */
    int backlog;
    uv_connection_cb on_connection;
};

/* Listens by *listener, which is initialised: a pipe for a path, else TCP; the caller closes it, also on error.  *unixsock is set for a path.
 * TM_ERR_IO, TM_ERR_RANGE with msg. */
TM_MUST_CHECK int tm_local_listen(union tm_sock *listener, struct tm_unixsock *unixsock,
                                  const struct tm_local_listen_cfg *cfg, struct tm_msg *msg);

#endif
