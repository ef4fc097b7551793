/* learner/fit.h - the finished connections of one capture -> samples; samples -> a model.
 *
 * Every capture is a world of its own: users, sessions and round trips do not span files, so the
 * model does not depend on the order of the files.  Source: Swing (ToN 2009) Table I and sec. III;
 * server think and close think are our extensions (models/model.h). */
#ifndef TM_LEARNER_FIT_H
#define TM_LEARNER_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/exchange.h"
#include "learner/group.h"
#include "learner/packet.h"
#include "learner/path.h"
#include "learner/samples.h"
#include "learner/tls.h"
#include "models/model.h"
#include "tm/base/err.h"

/* A connection and who had it. */
struct tm_record {
    uint8_t client[TM_ADDR_LEN];
    uint8_t server[TM_ADDR_LEN];
    uint16_t client_port;
    uint16_t server_port;
    struct tm_conn conn;
    struct tm_path_conn path; /* both all zero in a part of a cut connection but the last, */
    struct tm_tls_conn tls;   /* which has them of the whole */
};

/* Whose connections form sessions. */
enum tm_user_key {
    TM_USER_CLIENT, /* one client address is one user (Swing's paper) */
    TM_USER_PAIR,   /* a client address with one server address (the code released with it) */
    TM_USER_NET,    /* a client address with one network of servers, `server_bits` long */
};

/* When a connection is over for the grouping into RREs and sessions. */
enum tm_conn_end {
    TM_END_PAYLOAD, /* with its last payload byte (the code released with Swing) */
    TM_END_CLOSE,   /* with its last FIN or RST (Swing's paper) */
};

struct tm_fit_cfg {
    struct tm_group_cfg group; /* its trace's start and length are not read */
    enum tm_user_key key;
    enum tm_conn_end end;
    uint32_t min_rtts; /* measurements that make a host's round trip; Swing: 5, its code 2 */
    bool is_server_think_zero; /* leave it to the network, as Swing's code does */
    uint8_t
        server_bits;   /* TM_USER_NET, 1..32: of an IPv4 server's address; IPv6 ones count whole */
    size_t max_points; /* of each distribution, as tm_dist_fit_coarse */
};

/* Adds one capture's samples; adds to *counts.  `pool` holds the records' pairs.  The order of the
 * records is of no consequence.  TM_ERR_NOMEM, TM_ERR_LIMIT (2^32 records). */
TM_MUST_CHECK int tm_fit_records(const struct tm_fit_cfg *cfg, const struct tm_pair_pool *pool,
                                 const struct tm_record *records, size_t n_records,
                                 struct tm_samples *samples, struct tm_group_counts *counts);

/* The swing model called `name` (allowed by tm_model_name_ok) of all samples, which are settled in
 * place, each distribution with at most `max_points`; the caller deinits *out.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_fit_model(struct tm_samples *samples, const char *name, size_t max_points,
                               struct tm_model *out);
/* Marks in the model where the rules cut its distributions (struct tm_bound); empty ones are not marked. */
void tm_fit_bounds(const struct tm_fit_cfg *cfg, const struct tm_exchange_cfg *exchange,
                   struct tm_model *m);

#endif
