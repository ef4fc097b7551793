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

#include "learner/packet.h"

/* One connection's view of one host. */
struct tm_rtt_sample {
    uint8_t host[TM_ADDR_LEN];
    uint32_t rtt_us; /* TM_PAIR_NONE: not measured on this connection */
    uint32_t index;  /* of the connection: where its answer goes */
    uint16_t count;  /* measurements behind it */
    uint64_t bytes;  /* the connection's payload, the weight of its host in the side's median */
};

enum tm_rtt_origin {
    TM_RTT_UNKNOWN, /* no host of this side was measured */
    TM_RTT_HOST,    /* the host's own median */
    TM_RTT_SIDE,    /* the side's median */
};

struct tm_rtt {
    uint32_t us;
    enum tm_rtt_origin origin;
};

/* For each of the n samples of one side, its host's round trip in out[sample.index]; sorts
 * `samples`.  A host with fewer than `min_count` measurements counts as not measured.  The lower median where n is even.  The answer does not depend on the order of the
 * samples. */
void tm_rtt_of_hosts(struct tm_rtt_sample *samples, size_t n, uint32_t min_count,
                     struct tm_rtt *out);

/* The gap without the round trip: never below 0; a side's median is taken off only from gaps that
 * exceed it. */
uint64_t tm_rtt_remove(struct tm_rtt rtt, uint64_t gap_us);

#endif
