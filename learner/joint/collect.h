/* learner/joint/collect.h - the packets of one capture -> a deck of its complete connections.
 *
 * Beside learner/world.h, which makes exchanges of the same packets: a joint model takes only connections whose opening and end
 * were captured (learner/joint/writes.h), so nothing has to be guessed here: who sent the SYN is the client.
 * Memory: all writes of the capture, for the deck is made of them.  Pure. */
#ifndef TM_LEARNER_JOINT_COLLECT_H
#define TM_LEARNER_JOINT_COLLECT_H

#include <stddef.h>
#include <stdint.h>

#include "learner/flow.h"
#include "learner/group.h"
#include "learner/packet.h"
#include "models/deck.h"
#include "tm/base/err.h"

/* A connection that became one of the deck, beside what the deck has of it. */
struct tm_collect_conn {
    int64_t start_us, end_us; /* first packet, and last FIN or RST */
    const uint8_t *server;    /* TM_ADDR_LEN bytes, valid for the call */
    uint16_t server_port;
};
typedef void (*tm_collect_fn)(void *ctx, const struct tm_collect_conn *conn);

struct tm_collect_cfg {
    const uint16_t *ports; /* servers' ports to learn from; copied */
    size_t n_ports;        /* 0: any port */
    uint64_t hash_seed;    /* any; makes collisions unpredictable for who writes a capture */
    uint8_t
        user_bits; /* connections of a client belong together when so many bits of their servers' addresses (128-bit form) agree: 0 all
                          of a client's, 128 those with one server */
    struct tm_group_cfg group; /* when a connection begins an RRE */
    tm_collect_fn taken; /* called for each, in the deck's order; NULL: nobody wants to know */
    void *taken_ctx;
};

/* Sums over all captures since new. */
struct tm_collect_counts {
    uint64_t n_conns;      /* in the deck */
    uint64_t n_incomplete; /* left out: no opening, no end, or nothing sent */
    uint64_t n_too_long;   /* left out: more writes than a plan can hold */
    uint64_t n_over;       /* left out: the deck was full */
};

struct tm_collect; /* opaque */

/* TM_ERR_RANGE (user_bits), TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_collect_new(struct tm_collect **out, const struct tm_collect_cfg *cfg);
void tm_collect_free(struct tm_collect *c);
/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_collect_packet(struct tm_collect *c, const struct tm_packet *p);
/* The capture ends: its complete connections are appended to `deck`, those of one user together, in the order of their openings, and all
 * are forgotten.  A user of another capture has another number.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_collect_end(struct tm_collect *c, struct tm_deck *deck);
/* Bytes of the capture's connections so far. */
size_t tm_collect_bytes(const struct tm_collect *c);
const struct tm_collect_counts *tm_collect_counts(const struct tm_collect *c);

#endif
