/* learner/ops/replay.h - captured connections as a schedule file (doc/SCHEDULE.md): TrafficMimic's replay.
 *
 * Each connection's writes, references, gaps and close are those that a joint model is learned from (learner/joint/writes.h).  Openings:
 * a user's first runs from the origin, as long after it as after the capture's first packet; one that began when all of the user's
 * connections before it had ended runs from their end ("ended"), any other from the opening before ("prev").  Pure. */
#ifndef TM_LEARNER_OPS_REPLAY_H
#define TM_LEARNER_OPS_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "learner/ops/text.h"
#include "learner/packet.h"
#include "models/deck.h"
#include "models/plan.h"

/* When and with whom, beside what a deck has of a connection. */
struct tm_replay_conn {
    int64_t start_us, end_us;
    uint8_t server[TM_ADDR_LEN];
    uint16_t server_port;
};

/* Captured connections; users are numbered from 0 and stand together, each user's in the order of their openings. */
struct tm_replay_source {
    const struct tm_deck *deck;        /* borrowed */
    const struct tm_replay_conn *conn; /* borrowed; of each connection of the deck */
    int64_t origin_us;                 /* when the capture began */
    int64_t pace_us;                   /* cap of gaps from "ended"; 0: none */
};

/* Where the walk over a user's connections stands; {0} before the first of all. */
struct tm_replay_place {
    size_t next;          /* connection */
    int64_t all_ended_us; /* of the user's so far */
};

/* How the next connection opens; session and rre are 0.  There must be one. */
struct tm_open tm_replay_open(const struct tm_replay_source *s, struct tm_replay_place *at);

void tm_replay_add_head(struct tm_text *t, const struct tm_replay_source *s);
/* The lines of connection i, which opens so.  "at" says when it began and ended in the capture, "server" and "port" with whom it was. */
void tm_replay_add_conn(struct tm_text *t, const struct tm_replay_source *s, size_t i,
                        const struct tm_open *open);

#endif
