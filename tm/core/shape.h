/* tm/core/shape.h - what TLS 1.3 costs, and the projection of learned writes to playable ones.
 *
 * Source: DESIGN.md sec. 3 (record rule) and sec. 4 (handshake in the plan).  Pure. */
#ifndef TM_CORE_SHAPE_H
#define TM_CORE_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "models/plan.h"
#include "tm/core/token.h"

#define TM_RECORD_OVERHEAD  22U                      /* 5 header, 1 content type, 16 tag */
#define TM_RECORD_MIN       (TM_RECORD_OVERHEAD + 1) /* a record cannot be empty */
#define TM_RECORD_PLAIN_MAX 16384U
#define TM_RECORD_MAX       (TM_RECORD_PLAIN_MAX + TM_RECORD_OVERHEAD)
#define TM_HELLO_MAX        4096U /* largest ClientHello that we play */

/* Handshake sizes in bytes of TCP payload, from a dry handshake in memory at start-up.  Both ends of a
 * session use the client's (they travel in the token), so that both project alike. */
struct tm_shape {
    uint32_t
        hello_min; /* ClientHello with a token without head; made larger for a mix by tm_session_new */
    uint32_t flight_min; /* ServerHello .. Finished */
    uint32_t fin_min;    /* CCS + the client's Finished */
};

/* The size of the next record when `rem` bytes of a write are left to fill: 0 when rem is 0; otherwise
 * rem >= TM_RECORD_MIN is required, and what remains after it is again 0 or >= TM_RECORD_MIN. */
uint32_t tm_shape_next_record(uint32_t rem);

/* The part of a write of `size` bytes that the handshake takes when it must be at least `hs_min`: all of
 * it while the rest could not be a record (padding inside the Finished record), else hs_min. */
uint32_t tm_shape_handshake_part(uint32_t size, uint32_t hs_min);

/* What projection changed, for the model's card. */
struct tm_distortion {
    uint64_t n_writes;  /* writes after projection */
    uint64_t n_resized; /* of these, with another size than learned */
    uint64_t n_delayed; /* of these, with a gap or an event changed by rules 5 and 6 */
    uint64_t bytes;     /* sum over writes after projection */
    uint64_t bytes_added;
};

/* The handshake is part of the plan.  Of a model of TLS traffic the learned handshake is ours, write for write: the
 * first up write is the ClientHello, the first down write holds the server's flight (what is larger is filled
 * with 0.5-RTT records), further down writes before the client speaks are 0.5-RTT records, the first up
 * write after that holds the client's Finished, and everything behind it is records.  A joint model's
 * connections come in that form as they were captured; a swing model's first exchange is ClientHello and flight, its
 * second request holds the Finished.  A ClientHello that was captured in two writes leaves in one. */

/* Rewrites a learned plan in place into a playable one, by these rules, in this order:
 *  1. leading up writes become one ClientHello (sizes added); a server that speaks first gets a ClientHello
 *     of hello_min in front;
 *  2. without any down write, one of flight_min is appended;
 *  3. ClientHello in hello_min..TM_HELLO_MAX (what is over goes to the next up write, if there is one);
 *     first down write >= flight_min; first up write after it >= fin_min; every other write >= 23 bytes;
 *  4. what rules 1 and 3 add to a direction is taken from the first later write of it that can spare all of it, so that the
 *     bytes of each direction stay those of the plan (what no write can spare stays added);
 *  5. a write after the first that runs from the connection's start runs from write 0; the Finished write
 *     runs from the flight or later, since TLS cannot produce it before;
 *  6. the gap after a received write is at least prep_us.
 * What the closing runs from stays the same write, or write 0 where that took it.
 * d may be NULL; it is added to.  The plan must pass tm_plan_check.  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_shape_project(struct tm_plan *p, const struct tm_shape *shape,
                                   uint32_t prep_us, struct tm_distortion *d);

/* Whether the known writes from index `from` on are as a projection makes them (sizes, order, references):
 * what a slave demands of explicit plans.  At least the ClientHello must be known.  TM_ERR_RANGE. */
TM_MUST_CHECK int tm_shape_check(const struct tm_plan *p, const struct tm_shape *shape,
                                 size_t from);

/* Index of the first down write (the server flight) and of the first up write after it (Finished) of a
 * projected plan; n_writes when there is none. */
size_t tm_shape_flight_index(const struct tm_plan *p);
size_t tm_shape_fin_index(const struct tm_plan *p);

#endif
