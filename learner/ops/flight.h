/* learner/ops/flight.h - internal: one connection's packets, made one after the other. */
#ifndef TM_LEARNER_OPS_FLIGHT_H
#define TM_LEARNER_OPS_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/ops/tap.h"
#include "learner/ops/timeline.h"

/* Walks the segments of one direction. */
struct tm_in_flight_cursor {
    uint32_t write;  /* index in the plan of the write at hand; n_writes: the end */
    uint32_t offset; /* of the next segment in it */
    uint64_t bytes;  /* of the direction before that segment */
};

struct tm_in_flight {
    struct tm_timed_conn conn; /* owned */
    struct tm_tap_conn_id id;
    struct tm_in_flight_cursor sent[2]; /* what has passed the tap */
    struct tm_in_flight_cursor
        received[2];       /* what has reached the other end, in the time of its answers */
    int64_t ack_due_us[2]; /* the receiver of this direction must acknowledge by then; TM_NEVER */
    uint32_t n_unacked[2]; /* segments received and not acknowledged */
    uint32_t isn[2];
    uint8_t stage;   /* control packets done */
    bool has_fin[2]; /* has passed the tap, by direction */
};

/* Takes the connection. */
void tm_in_flight_init(struct tm_in_flight *f, struct tm_timed_conn *take_conn,
                       struct tm_tap_conn_id id);
void tm_in_flight_deinit(struct tm_in_flight *f);
/* When its next packet passes the tap, or something happens that may lead to one; TM_NEVER: it is over. */
int64_t tm_in_flight_next_us(const struct tm_in_flight *f);
/* Does what is due then; 1 when *p is a packet, 0 when there was none to be seen. */
int tm_in_flight_step(struct tm_in_flight *f, struct tm_tap_packet *p);

#endif
