/* tm/net/assoc.h - the client's end of a stream of datagrams, for whoever has a UDP socket for programs: a SOCKS association
 * (tm/net/associate.h) or one peer of a forwarded port (tm/net/udpdoor.h).
 *
 * The stream is opened by the first datagram, given up when none has gone either way for TM_ASSOC_IDLE_MS (an open stream counts as
 * demand, --idle-stop), and opened again by the next one, which then leaves the server from another port: as behind a NAT (RFC 4787 sec. 4.3).
 * Embedded in its owner. */
#ifndef TM_NET_ASSOC_H
#define TM_NET_ASSOC_H

#include "tm/core/session_datagram.h"
#include "tm/net/front.h"

#define TM_ASSOC_IDLE_MS  120000U
#define TM_ASSOC_RETRY_MS 1000U /* after the server would not have a stream */

struct tm_assoc;
/* A datagram came back; d is borrowed for the call. */
typedef void (*tm_assoc_give_fn)(struct tm_assoc *a, const struct tm_datagram *d);
/* The tunnel is over: the last call.  The owner may free a. */
typedef void (*tm_assoc_over_fn)(struct tm_assoc *a);

struct tm_assoc {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    tm_assoc_give_fn give;
    tm_assoc_over_fn over;
    bool has_stream;
    uint64_t stream;
    uint64_t used_ms;  /* when the last datagram went either way */
    uint64_t retry_ms; /* no stream before */
};

void tm_assoc_init(struct tm_assoc *a, struct tm_front *front, tm_assoc_give_fn give,
                   tm_assoc_over_fn over);
/* Takes over a stream that was opened for it.  TM_ERR_LIMIT: it stays the caller's. */
TM_MUST_CHECK int tm_assoc_adopt(struct tm_assoc *a, uint64_t stream);
/* Sends, or loses it.  Ends with a pump. */
void tm_assoc_send(struct tm_assoc *a, const struct tm_datagram *d);
/* To be called now and then: gives up a stream that is idle. */
void tm_assoc_mind(struct tm_assoc *a);
/* Gives up the stream, if there is one.  Not to be called after over. */
void tm_assoc_end(struct tm_assoc *a);

#endif
