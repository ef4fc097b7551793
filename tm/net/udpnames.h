/* tm/net/udpnames.h - names that datagrams go to, as addresses: asked of the system's resolver, remembered for a while.
 *
 * For one stream of datagrams (tm/net/udpoutlet.h).  At most so many names as it is made for; the one that was not used longest makes room. */
#ifndef TM_NET_UDPNAMES_H
#define TM_NET_UDPNAMES_H

#include <stddef.h>
#include <sys/socket.h>

#include <uv.h>

#include "tm/core/dest.h"

#define TM_UDPNAMES_MS      60000U /* an answer is good for */
#define TM_UDPNAMES_NONE_MS 5000U  /* that there is no address */
#define TM_UDPNAMES_ADDRS   4U     /* of a name, the resolver's first */

struct tm_udpnames; /* opaque */

/* A name that was asked for is known now, or known not to have an address. */
typedef void (*tm_udpnames_fn)(void *user);

enum tm_udpnames_state {
    TM_UDPNAMES_NONE,   /* no address, or too many names are being asked for */
    TM_UDPNAMES_ASKING, /* fn will be called */
    TM_UDPNAMES_KNOWN   /* addr[0..*n) */
};

/* NULL without memory.  loop is borrowed. */
struct tm_udpnames *tm_udpnames_new(uv_loop_t *loop, size_t n_max, tm_udpnames_fn fn, void *user);
/* fn is not called any more; the memory goes when libuv has given its requests back.  NULL is allowed. */
void tm_udpnames_free(struct tm_udpnames *names);

/* dest is a NAME.  Asks if need be.  The addresses have no port; borrowed until the next call. */
enum tm_udpnames_state tm_udpnames_get(struct tm_udpnames *names, const struct tm_dest *dest,
                                       const struct sockaddr_storage **addr, size_t *n);

#endif
