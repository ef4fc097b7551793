/* tm/core/slip.h - why a write left late or in part: a cause by rule, from what was noted while it left.
 *
 *   due ............ first ................ last
 *        ready: its ciphertext was there     tail_ready: the end of it too
 *        free:  the socket stopped being full
 *
 * A write is late when first - due, and short when last - first, is more than TM_SLIP_US.  What it waited for
 * between two of these points is known; the rest of the wait is the machine's own.  The rules, in this order:
 *
 *   late   first - max(due, ready, free) is at least half of it     MACHINE
 *          free is the latest of them: the socket was full          NETWORK
 *          its plan had come later than prep before due             PEER
 *          else it was composed too late                            COMPOSE
 *   short  the socket was full in between                           NETWORK
 *          its end was composed late                                COMPOSE
 *          else                                                     MACHINE
 *   in time, but TCP had not sent all of it when it had been handed over (congestion window): WINDOW
 *
 * The session adds one in front: the program stood still for at least half of what the write was late or short
 * (tm/core/standstill.h): MACHINE.
 * Source: TrafficMimic's and Swing's schedules say when; DESIGN.md sec. 3 (reference events).  Pure. */
#ifndef TM_CORE_SLIP_H
#define TM_CORE_SLIP_H

#include <stdint.h>

#define TM_SLIP_US 1000 /* a write this much behind its time is a slip */

enum tm_slip {
    TM_SLIP_NONE,
    TM_SLIP_MACHINE, /* ready in time, and our timer or thread came late */
    TM_SLIP_COMPOSE, /* the ciphertext was not ready */
    TM_SLIP_NETWORK, /* the kernel's buffer was full */
    TM_SLIP_WINDOW,  /* handed over in time; TCP held a part of it back */
    TM_SLIP_PEER,    /* what the other end had to say first came late */
    TM_SLIP_N
};
/* "none", "machine", "compose", "network", "window", "peer", then NULL: as logs and reports write them. */
extern const char *const TM_SLIP_NAMES[TM_SLIP_N + 1];

#define TM_SLIP_OFFSET_UNKNOWN UINT64_MAX

/* How a write left, by the wire thread; points in time of one clock, INT64_MIN: never, or not known. */
struct tm_departure {
    int64_t first_us, last_us; /* before its first byte was handed to the kernel, after its last */
    int64_t ready_us, tail_us; /* its first and its last part were given to the wire thread */
    int64_t free_us;           /* the socket was last found writable again after it had been full */
    uint64_t offset; /* bytes handed over on the connection until then; TM_SLIP_OFFSET_UNKNOWN */
    uint32_t unsent; /* bytes before it that the other TCP had not acknowledged (SIOCOUTQ) */
    uint32_t held;   /* bytes that our TCP had not sent at last_us (SIOCOUTQNSD) */
};

/* The cause; TM_SLIP_NONE for a write in time.  asked_us: when the engine had all that the other end has to say
 * before it (INT64_MIN: always); prep_us: how long composing is given. */
enum tm_slip tm_slip_of(const struct tm_departure *d, int64_t due_us, int64_t asked_us,
                        uint32_t prep_us);

#endif
