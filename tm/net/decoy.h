/* tm/net/decoy.h - a stranger's TCP connection relayed to the decoy, a real web server.
 *
 * The decoy is dialled when the connection is accepted, so that its timeouts run as if it were alone
 * (research: tls-shape sec. 3).  Both directions are copied with 64 KiB buffers, FIN and RST mirrored,
 * TCP_NODELAY on both sides.  A decoy that refuses means a reset for the stranger, once it is known to be
 * one. */
#ifndef TM_NET_DECOY_H
#define TM_NET_DECOY_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "tm/base/err.h"

struct tm_decoy;

enum tm_decoy_news {
    TM_DECOY_SPOKE, /* before tm_decoy_relay: the decoy sent something or closed (its own timeout): whoever is
                       there must hear it now, so the connection has to be treated as a stranger's */
    TM_DECOY_FAILED, /* a stranger's relay could not begin, the decoy does not answer; ENDED follows */
    TM_DECOY_ENDED /* the relay is over; the object frees itself after this call */
};
/* Never called after tm_decoy_drop, nor from inside tm_decoy_start. */
typedef void (*tm_decoy_fn)(void *user, enum tm_decoy_news news);

struct tm_decoy_cfg {
    uv_loop_t *loop;
    const struct sockaddr *addr; /* of the decoy; copied */
    tm_decoy_fn on_news;
    void *user;
};

/* Dials.  TM_ERR_NOMEM, TM_ERR_IO. */
TM_MUST_CHECK int tm_decoy_start(struct tm_decoy **out, const struct tm_decoy_cfg *cfg);
/* The connection is a stranger's: relays it from now on, beginning with the bytes read so far (copied).
 * take_fd is owned from now on.  read_end: the stranger's FIN has already been read. */
enum tm_decoy_end { TM_DECOY_OPEN, TM_DECOY_READ_END };
void tm_decoy_relay(struct tm_decoy *d, int take_fd, const uint8_t *first, size_t first_len,
                    enum tm_decoy_end end);
/* The connection is ours, or gone: drops the decoy without a byte; or ends a relay at once with resets. */
void tm_decoy_drop(struct tm_decoy *d);

#endif
