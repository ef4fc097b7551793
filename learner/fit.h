/* learner/fit.h - the finished connections of one capture -> samples; samples -> a model.
 *
 * Every capture is a world of its own: users, sessions and round trips do not span files, so the
 * model does not depend on the order of the files.  Source: Swing (ToN 2009) Table I and sec. III;
 * server think and close think are our extensions (models/model.h). */
#ifndef TM_LEARNER_FIT_H
#define TM_LEARNER_FIT_H

#include <stddef.h>
#include <stdint.h>

#include "learner/exchange.h"
#include "learner/group.h"
#include "learner/packet.h"
#include "learner/samples.h"
#include "models/model.h"
#include "tm/base/err.h"

/* A connection and who had it. */
struct tm_record {
    uint8_t client[TM_ADDR_LEN];
    uint8_t server[TM_ADDR_LEN];
    uint16_t client_port;
    uint16_t server_port;
    struct tm_conn conn;
};

/* Whose connections form sessions. */
enum tm_user_key {
    TM_USER_CLIENT, /* one client address is one user (Swing's paper) */
    TM_USER_PAIR,   /* a client address with one server address (the code released with it) */
    TM_USER_NET,    /* a client address with one network of servers, `server_bits` long */
};

struct tm_fit_cfg {
    struct tm_group_cfg group;
    enum tm_user_key key;
    uint8_t
        server_bits;   /* TM_USER_NET, 1..32: of an IPv4 server's address; IPv6 ones count whole */
    size_t max_points; /* of each distribution, as tm_dist_fit_coarse */
};

/* Adds one capture's samples; adds to *counts.  `pool` holds the records' pairs.  The order of the
 * records is of no consequence.  TM_ERR_NOMEM, TM_ERR_LIMIT (2^32 records). */
TM_MUST_CHECK int tm_fit_records(const struct tm_fit_cfg *cfg, const struct tm_pair_pool *pool,
                                 const struct tm_record *records, size_t n_records,
                                 struct tm_samples *samples, struct tm_group_counts *counts);

/* The swing model called `name` (allowed by tm_model_name_ok) of all samples, which are sorted in
 * place, each distribution with at most `max_points`; the caller deinits *out.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_fit_model(struct tm_samples *samples, const char *name, size_t max_points,
                               struct tm_model *out);

#endif
