/* learner/rtt.h - the round trip between the tap and a host, taken off what the tap saw as think
 * time.
 *
 * A think time measured at the tap contains the way to the host and back.  Each host's round trip
 * is the median over its connections; a host without enough measurements gets the byte-weighted median
 * of its side's hosts. Source: Swing (ToN 2009) sec. III.B and massage_reqthink in the code released with
 * it. */
#ifndef TM_LEARNER_RTT_H
#define TM_LEARNER_RTT_H

#include <stddef.h>
#include <stdint.h>

enum tm_rtt_origin {
    TM_RTT_UNKNOWN, /* no host of this side was measured */
    TM_RTT_HOST,    /* the host's own median */
    TM_RTT_SIDE,    /* the side's median */
};

struct tm_rtt {
    uint32_t us;
    enum tm_rtt_origin origin;
};

/* A host of one side: its median, if enough was measured, and the payload of its connections. */
struct tm_rtt_host {
    struct tm_rtt rtt; /* of origin HOST or UNKNOWN */
    uint64_t bytes;
};

/* The value at half of all bytes of those hosts that are known, of origin SIDE; UNKNOWN when none is.
 * Sorts the hosts. */
struct tm_rtt tm_rtt_side(struct tm_rtt_host *hosts, size_t n);

/* The gap without the round trip: never below 0; a side's median is taken off only from gaps that
 * hold it: of one just as long nothing is left, as of a response that came at once. */
uint64_t tm_rtt_remove(struct tm_rtt rtt, uint64_t gap_us);

#endif
