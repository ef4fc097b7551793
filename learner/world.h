/* learner/world.h - the packets of one capture -> the finished connections of the ports to learn.
 *
 * Tells client from server, keeps the flow table, drops what cannot be used and counts why.  Feed
 * the packets in the order of the file, end, take the records; clear and go on with the next
 * file.  Pure. */
#ifndef TM_LEARNER_WORLD_H
#define TM_LEARNER_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/exchange.h"
#include "learner/fitter.h"
#include "learner/flow.h"
#include "learner/memory.h"
#include "learner/packet.h"
#include "learner/record.h"
#include "learner/shard.h"
#include "tm/base/err.h"

struct tm_world_cfg {
    const uint16_t *ports; /* servers' ports to learn from; copied */
    size_t n_ports;        /* >= 1, unless is_any_port */
    bool is_any_port;      /* all of them */
    uint32_t min_packets;  /* connections with fewer packets (both ways) are dropped; Swing: 6 */
    struct tm_exchange_cfg exchange;
    struct tm_flow_cfg flow;
    struct tm_fitter *fitter; /* gets the connections as they end, which are then not kept as
                                 records; borrowed.  NULL: they are kept */
    struct tm_shard shard;    /* connections of other parts' clients are counted, but no records */
};

/* Sums over all captures since new. */
struct tm_world_counts {
    uint64_t n_packets;       /* TCP packets to or from the ports */
    uint64_t n_other_packets; /* TCP packets of other ports */
    uint64_t n_conns;         /* kept */
    uint64_t n_pseudo;        /* of these, later parts of connections with too many pairs */
    uint64_t n_no_syn;        /* of the kept, opening not captured */
    uint64_t n_no_end;        /* of the kept, neither FIN nor RST captured */
    uint64_t n_short;         /* dropped: fewer packets than min_packets */
    uint64_t n_empty;         /* dropped: no request and no response */
    uint64_t n_foreign;       /* dropped: the port was the client's */
    uint64_t n_evicted;       /* ended early because the flow table was full */
    uint64_t n_retrans;       /* segments without new bytes, of the kept */
    uint64_t bytes[2];        /* payload by direction, of the kept */
    uint64_t inferred;        /* of these, bytes credited before any packet showed them */
    uint64_t uncounted;       /* bytes in holes too large to be credited, and never filled */
    uint64_t n_tls;           /* of the kept, began a TLS handshake ... */
    uint64_t n_tls_followed;  /* ... and could be followed to the end, */
    uint64_t n_tls_cut;       /* ... or not: payload cut off by the snapshot length */
    uint64_t n_tls_lost;      /* ... or a record's header not captured, or broken */
};

struct tm_world; /* opaque */

/* TM_ERR_RANGE, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_world_new(struct tm_world **out, const struct tm_world_cfg *cfg);
void tm_world_free(struct tm_world *w);

/* TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_world_packet(struct tm_world *w, const struct tm_packet *p);
/* The same for n packets, which is faster than one after the other. */
TM_MUST_CHECK int tm_world_packets(struct tm_world *w, const struct tm_packet *p, size_t n);
/* The capture ends: connections still open are kept as they are.  Errors as above. */
TM_MUST_CHECK int tm_world_end(struct tm_world *w);
/* Forgets connections and flows, for the next capture; counts stay. */
void tm_world_clear(struct tm_world *w);

/* The connections finished so far, and their pairs; borrowed until the next call. */
const struct tm_record *tm_world_records(const struct tm_world *w, size_t *n);
const struct tm_pair_pool *tm_world_pairs(const struct tm_world *w);
const struct tm_world_counts *tm_world_counts(const struct tm_world *w);
/* The samples of TLS records so far, of dropped connections too; borrowed until the next call.  clear
 * forgets them. */
const struct tm_samples *tm_world_samples(const struct tm_world *w);

/* Adds what the world keeps, records and their pairs included, but not its fitter, to *m. */
void tm_world_memory(const struct tm_world *w, struct tm_memory *m);

/* Tells this capture from others: a hash over all its TCP packets so far since new or clear.  It does
 * not depend on cfg. */
uint64_t tm_world_mark(const struct tm_world *w);

/* Up to n ports that had most connections (or packets, when no opening was seen) and are not
 * learned from, the busiest first; how many were written.  For the message when nothing could be
 * learned. */
size_t tm_world_busiest(const struct tm_world *w, uint16_t *ports, size_t n);

#endif
