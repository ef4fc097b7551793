/* tm/net/linger.h - the end of a connection whose last words must arrive.
 *
 * Closing a socket with unread input resets it, and a reset can overtake an answer that was just sent: so the sending side is closed,
 * what still comes is thrown away until the other side closes too, and after TM_LINGER_MS or TM_LINGER_BYTES the connection is cut.
 * Source: RFC 9112 sec. 9.6. */
#ifndef TM_NET_LINGER_H
#define TM_NET_LINGER_H

#include "tm/net/sock.h"

#define TM_LINGER_MS    1000U
#define TM_LINGER_BYTES 262144U

/* Called once, when the connection is over. */
typedef void (*tm_linger_done_fn)(void *user);

/* Takes the socket over, which nobody reads; frees itself.  Without memory it is closed at once. */
void tm_linger(union tm_sock *take_sock, tm_linger_done_fn done, void *user);

#endif
