/* learner/ops/dependence.h - what sizes, pauses and counts have to do with each other inside connections: Spearman's rank correlation.
 *
 * `swing` draws each value alone, so its correlations are nothing but chance; a model of whole connections must keep those of
 * the capture (joint: within 0.03).  Think times have the connection's own round trip removed.  Pure. */
#ifndef TM_LEARNER_OPS_DEPENDENCE_H
#define TM_LEARNER_OPS_DEPENDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "learner/fit.h"
#include "tm/base/err.h"

enum tm_relation {
    TM_REL_REQ_RSP,     /* of an exchange: request and response */
    TM_REL_REQ_SERVER,  /* request and server think */
    TM_REL_SERVER_RSP,  /* server think and response */
    TM_REL_REQ_NEXT,    /* of neighbouring exchanges: request and next request */
    TM_REL_RSP_NEXT,    /* response and next response */
    TM_REL_RSP_THINK,   /* response and the request think after it */
    TM_REL_THINK_NEXT,  /* request think and the next one */
    TM_REL_THINK_REQ,   /* request think and the request */
    TM_REL_PAIRS_FIRST, /* of a connection: number of exchanges and first response */
    TM_REL_UP_DOWN,     /* bytes up and bytes down */
    TM_RELATIONS
};
const char *tm_relation_name(enum tm_relation r); /* "req_bytes ~ rsp_bytes" */

struct tm_dependence { /* empty: {0} */
    struct tm_dependence_point {
        uint64_t x, y;
    } * point[TM_RELATIONS]; /* owned */
    size_t n[TM_RELATIONS], cap[TM_RELATIONS];
};

/* Adds one capture's finished connections.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_dependence_add(struct tm_dependence *d, const struct tm_pair_pool *pool,
                                    const struct tm_record *records, size_t n);
void tm_dependence_deinit(struct tm_dependence *d);

/* Spearman's rho for all relations, ties with their mean rank; NaN with fewer than TM_DEPENDENCE_MIN points or when one side is constant.
 * TM_ERR_NOMEM. */
#define TM_DEPENDENCE_MIN 10U
TM_MUST_CHECK int tm_dependence_rho(const struct tm_dependence *d, double rho[TM_RELATIONS]);

#endif
