/* tm/core/stream.h - one application connection inside the session: both directions, by offset.
 *
 * A stream does not belong to a carrier.  Its bytes travel in whatever record leaves next; what was lost with a
 * carrier is sent again on another.  Ids: even from the client, odd from the server, ascending by 2 from 2 (3);
 * 0 is control.  Credit: the peer may send up to rx.base + rx.window.cap; memory for that is reserved. */
#ifndef TM_CORE_STREAM_H
#define TM_CORE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/core/datagram.h"
#include "tm/core/deal.h"
#include "tm/core/flight.h"
#include "tm/core/rate.h"
#include "tm/core/reasm.h"
#include "tm/core/sendbuf.h"
#include "tm/core/session.h"
#include "tm/core/trail.h"
#include "tm/core/waits.h"

#define TM_STREAM_WINDOW_MIN                                                                       \
    131072U /* bytes; the credit of a stream at its start (protocol constant) */
#define TM_STREAM_WINDOW_MAX (8U << 20)
#define TM_WINDOW_POOL       (64U << 20) /* bytes a session lends to growing windows, each direction */
#define TM_CONTROL_WINDOW    (256U << 10) /* of stream 0, fixed */

enum tm_stream_flag {
    TM_STREAM_EV_OPEN = 1,
    TM_STREAM_EV_REPLY = 2,
    TM_STREAM_EV_READABLE = 4,
    TM_STREAM_EV_WRITABLE = 8,
    TM_STREAM_EV_RESET = 16,
    TM_STREAM_EV_ENDED = 32
};

struct tm_stream {
    uint64_t id;
    bool live;
    bool announced;  /* its OPEN has been sent or processed */
    bool refused;    /* ended by reply or reset: only its last event is left */
    bool wants_room; /* _send took less than given */
    bool fin_queued, fin_sent, fin_acked;
    unsigned events;     /* enum tm_stream_flag, pending */
    enum tm_reply reply; /* for REPLY and RESET */
    struct tm_dest dest; /* for OPEN */
    uint8_t listener;    /* for OPEN at a client: where it came from */
    struct tm_sendbuf tx;
    struct tm_reasm rx;
    uint64_t tx_limit;   /* the peer's credit: offsets below */
    uint64_t rx_granted; /* ours, as last said to the peer */
    uint64_t rx_grew_at; /* rx.base when the window last grew */
    struct tm_item_list lost;
    struct tm_rate tx_rate; /* of new bytes, where a driver asks for it; ... */
    struct tm_deal deal;    /* ... and how much each carrier had of it, both directions */
    struct tm_datagram_queue
        *queue;            /* owned; NULL: a stream of bytes (tm/core/session_datagram.h) */
    struct tm_waits waits; /* since when [tx.next, tx.end) waits */
};

/* A live stream with windows of `window` bytes; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_stream_init(struct tm_stream *st, uint64_t id, uint32_t window);
/* Frees memory and lost items; the struct can be used again. */
void tm_stream_deinit(struct tm_stream *st, struct tm_flight *f);

/* Something to send now: lost ranges, new bytes within credit, a datagram that can become such, or an end that was not sent. */
bool tm_stream_has_data(const struct tm_stream *st);
/* Whether the oldest datagram that waits fits into the send buffer and the peer's credit. */
bool tm_stream_can_feed(const struct tm_stream *st);
/* New bytes that may be sent now, and about as many as its datagrams can become. */
size_t tm_stream_fresh(const struct tm_stream *st);
/* The record of a carrier that frames go into. */
struct tm_outgoing {
    struct tm_item_list *sent; /* what was sent on the carrier */
    struct tm_trail *trail;    /* the carrier's, of this direction */
    uint64_t record;           /* its number */
};

/* Composes one DATA frame of this stream into w, as large as fits (lost ranges first), and notes it in what was sent and in the
 * trail.  Returns the bytes of user data in it, or -1 when nothing fits or the item pool is empty.  *again is set when the bytes
 * had been sent before. */
ssize_t tm_stream_compose(struct tm_stream *st, struct tm_wr *w, struct tm_flight *f,
                          const struct tm_outgoing *to, bool *again);
/* An item was acknowledged. */
void tm_stream_acked(struct tm_stream *st, const struct tm_item *item);

#endif
