/* learner/flow.h - the table of open TCP connections: two endpoints -> the state of their
 * exchange.
 *
 * Open addressing over numbered flows, bounded.  Open flows stand in the order of their
 * last packet, so the one silent for longest is known when the table is full; closed flows linger
 * a while for their last acknowledgements and retransmissions, in the order of closing, and are
 * then the first to go.  Nothing that the table answers depends on the hash. */
#ifndef TM_LEARNER_FLOW_H
#define TM_LEARNER_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/exchange.h"
#include "learner/packet.h"
#include "learner/path.h"
#include "learner/slab.h"
#include "learner/tls.h"
#include "tm/base/err.h"

/* Both endpoints; side 0 is the one with the smaller (address, port). */
struct tm_flow_key {
    uint8_t addr[2][TM_ADDR_LEN];
    uint16_t port[2];
};

/* The key of a packet's connection, and in *src_side which side sent it. */
struct tm_flow_key tm_flow_key_of(const struct tm_packet *p, unsigned *src_side);

/* What stands beside a connection's exchanges, from its first payload byte on: a flood of openings does
 * without. */
struct tm_watch {
    struct tm_tls tls;
    struct tm_path path;
};

/* What a packet needs of its connection stands in the first TM_FLOW_HOT bytes. */
#define TM_FLOW_HOT (64U + TM_EXCHANGE_HOT)
struct tm_flow {
    struct tm_flow_key key;
    uint8_t client_side; /* 0 or 1 */
    bool is_foreign;   /* its server is not on a port that we learn: tracked only to be left out */
    uint16_t mss[2];   /* options of client's and server's SYN; 0: not seen */
    uint32_t watch;    /* number; TM_SLAB_NONE: none yet */
    int64_t closed_us; /* TM_NEVER while open */
    uint64_t used;     /* number of the use of the table that was its last; 0: no flow */
    struct tm_exchange exchange;
    uint32_t ticket; /* of its fitter (learner/fitter.h), if it has one */
    uint32_t hash;
    uint32_t slot;       /* its own number */
    uint32_t prev, next; /* neighbours among the closed */
};

struct tm_flow_cfg {
    uint32_t max_flows; /* 1..2^30 */
    int64_t linger_us;  /* closed flows are kept this long */
    uint64_t hash_seed; /* any; makes collisions unpredictable for who writes a capture */
};

struct tm_flow_table; /* opaque; owns the flows */

/* TM_ERR_RANGE, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_flow_table_new(struct tm_flow_table **out, const struct tm_flow_cfg *cfg);
void tm_flow_table_free(struct tm_flow_table *t);

/* The key's hash in this table. */
uint32_t tm_flow_hash(const struct tm_flow_table *t, const struct tm_flow_key *key);
/* NULL when there is none; else it counts as just used.  A flow is borrowed until it is
 * removed, and stays where it is. */
struct tm_flow *tm_flow_find(struct tm_flow_table *t, const struct tm_flow_key *key, uint32_t hash);
/* A new open flow with a fresh exchange; the key must not be there, nor the table full (ask
 * tm_flow_victim first). TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_flow_add(struct tm_flow_table *t, const struct tm_flow_key *key, uint32_t hash,
                              struct tm_flow **out);

/* With many flows none is in the processor's cache when its packet comes.  This asks for what will be needed soon, so that the
 * waits for several packets pass together: for their places in the index, then for the flows there, then for what hangs on these.
 * Nothing changes but the time that it takes. */
enum tm_flow_part { TM_FLOW_PLACE, TM_FLOW_ITSELF, TM_FLOW_WATCH };
void tm_flow_expect(const struct tm_flow_table *t, uint32_t hash, enum tm_flow_part part);
/* What stands beside the flow's exchanges; NULL: nothing yet. */
struct tm_watch *tm_flow_watch(const struct tm_flow_table *t, const struct tm_flow *f);
/* The flow gets one, whose content is unspecified; it had none.  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_flow_add_watch(struct tm_flow_table *t, struct tm_flow *f,
                                    struct tm_watch **out);

/* A flow that should leave before another is added: one that lingered long enough at `now_us`, or
 * when the table is full the flow closed first, else the open one silent for longest.  NULL:
 * none. */
struct tm_flow *tm_flow_victim(struct tm_flow_table *t, int64_t now_us);
/* Any flow, in a fixed order, until the table is empty: NULL. */
struct tm_flow *tm_flow_any(struct tm_flow_table *t);
/* From now on it lingers; nothing if it does already. */
void tm_flow_close(struct tm_flow_table *t, struct tm_flow *f, int64_t now_us);
void tm_flow_remove(struct tm_flow_table *t, struct tm_flow *f);
/* Bytes of the flows there were at a time, with what stands beside them and the index. */
size_t tm_flow_bytes(const struct tm_flow_table *t);
uint32_t tm_flow_count(const struct tm_flow_table *t);

#endif
