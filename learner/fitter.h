/* learner/fitter.h - connections of one capture, as they begin and end -> samples.
 *
 * What a connection shows becomes samples when it ends; think times wait, counted, for their host's round
 * trip, which only the capture's end tells; and a user's connections wait for those that began before them,
 * so that they are grouped in the order of their beginning.  So memory is bounded by the connections that are
 * open, the hosts and the users, not by the capture's length (learner/held.h, learner/samples.h).
 * Source: Swing (ToN 2009) Table I and sec. III. */
#ifndef TM_LEARNER_FITTER_H
#define TM_LEARNER_FITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/group.h"
#include "learner/memory.h"
#include "learner/record.h"
#include "learner/samples.h"
#include "tm/base/err.h"

/* Whose connections form sessions. */
enum tm_user_key {
    TM_USER_CLIENT, /* one client address is one user (Swing's paper) */
    TM_USER_PAIR,   /* a client address with one server address (the code released with it) */
    TM_USER_NET,    /* a client address with one network of servers, `server_bits` long */
};

/* When a connection is over for the grouping into RREs and sessions. */
enum tm_conn_end {
    TM_END_CLOSE,   /* with its last FIN or RST (Swing's paper), as players count (models/gen.h) */
    TM_END_PAYLOAD, /* with its last payload byte (the code released with Swing); such models are played so (tm_swing, is_over) */
};

struct tm_fit_cfg {
    struct tm_group_cfg group;
    enum tm_user_key key;
    enum tm_conn_end end;
    uint32_t min_rtts; /* measurements that make a host's round trip; Swing: 5, its code 2 */
    bool is_server_think_zero; /* leave it to the network, as Swing's code does */
    uint8_t
        server_bits;   /* TM_USER_NET, 1..32: of an IPv4 server's address; IPv6 ones count whole */
    size_t max_points; /* of each distribution, as tm_dist_fit_coarse */
};

struct tm_fitter; /* opaque */

/* A fitter for one capture after the other.  Copies cfg; borrows samples and counts, to which it adds.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_fitter_new(struct tm_fitter **out, const struct tm_fit_cfg *cfg,
                                struct tm_samples *samples, struct tm_group_counts *counts);
void tm_fitter_free(struct tm_fitter *f);

/* A connection begins; *ticket stands for it until it is closed.  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_fitter_open(struct tm_fitter *f, const uint8_t client[TM_ADDR_LEN],
                                 const uint8_t server[TM_ADDR_LEN], int64_t start_us,
                                 uint32_t *ticket);
/* It ended, and this is its record; `pool` holds its pairs.  NULL: it is left out.  TM_ERR_NOMEM,
 * TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_fitter_close(struct tm_fitter *f, uint32_t ticket, const struct tm_record *r,
                                  const struct tm_pair_pool *pool);
/* Adds what the fitter keeps, its samples included, to *m. */
void tm_fitter_memory(const struct tm_fitter *f, struct tm_memory *m);
/* The capture ends, all connections are closed: what waits becomes samples.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_fitter_end(struct tm_fitter *f);

#endif
