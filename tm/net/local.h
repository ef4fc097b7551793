/* tm/net/local.h - the client's doors: a SOCKS listener, -L listeners with a fixed destination, and the one that diverted
 * programs reach. */
#ifndef TM_NET_LOCAL_H
#define TM_NET_LOCAL_H

#include <stdint.h>
#include <sys/socket.h>

#include "tm/core/proxy.h"
#include "tm/core/session.h"
#include "tm/net/tunnel.h"

enum tm_local_kind {
    TM_LOCAL_SOCKS,   /* a proxy: SOCKS 4, 4a and 5, and HTTP (tm/core/proxy.h) */
    TM_LOCAL_FORWARD, /* every connection goes to cfg.dest */
    TM_LOCAL_DIVERTED /* ... to where its program wanted to go, as cfg.find says */
};
/* When a SOCKS client is told that it is connected. */
enum tm_socks_reply {
    TM_SOCKS_REPLY_EARLY, /* at once: saves one round trip of the schedule; a failure becomes a reset */
    TM_SOCKS_REPLY_EXACT /* with the server's outcome */
};

struct tm_local;

/* Where the connection accepted as fd is to go.  TM_OK, or an error: it is reset. */
typedef int (*tm_local_find_fn)(void *user, int fd, struct tm_dest *dest);

/* SOCKS: which tunnel carries a connection that has said what it wants (p), and to where (*dest).  TM_OK; TM_ERR_LIMIT: it must wait, and is asked
 * again and again; other errors: it is refused, with *reply.  A tunnel must not be stopped from inside. */
typedef int (*tm_local_route_fn)(void *user, const struct tm_proxy *p,
                                 struct tm_tunnel_client **tunnel, struct tm_dest *dest,
                                 enum tm_reply *reply);

/* A destination that was found could not be reached from the server. */
typedef void (*tm_local_refused_fn)(void *user, enum tm_addr_kind kind, enum tm_reply reply);

struct tm_local_cfg {
    struct tm_tunnel_client *tunnel; /* borrowed; close the listener before stopping it */
    enum tm_local_kind kind;
    const struct sockaddr *addr; /* to listen on; copied.  Port 0: any, see tm_local_port */
    const char *path; /* in place of addr: of a unix socket (tm/net/unixsock.h); copied */
    int take_fd; /* addr and path NULL: in their place a socket that listens; owned, also on error */
    enum tm_socks_reply reply;
    struct tm_dest dest;         /* FORWARD */
    tm_local_find_fn find;       /* DIVERTED */
    tm_local_refused_fn refused; /* DIVERTED; may be NULL */
    void *user;
    uint32_t n_max; /* connections at once; 0: TM_STREAMS_MAX */

    /* In place of `tunnel`, which is then NULL: who finds it for each connection, and the loop to listen on. */
    tm_local_route_fn route;
    uv_loop_t *loop;
    uint32_t wait_ms; /* how long a connection waits for room or for its route; 0: 15 s */
};

/* Listens.  TM_ERR_IO with msg ("cannot listen on 127.0.0.1:1080: address already in use"), TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_local_open(struct tm_local **out, const struct tm_local_cfg *cfg,
                                struct tm_msg *msg);
/* The port listened on; 0: a unix socket. */
uint16_t tm_local_port(const struct tm_local *l);
/* FORWARD: where connections that are accepted from now on go. */
void tm_local_set_dest(struct tm_local *l, const struct tm_dest *dest);
/* Stops listening and resets connections that have no stream yet; frees itself when libuv is done.
 * Connections that already are pipes live on with the tunnel. */
void tm_local_close(struct tm_local *l);

#endif
