/* tm/mbsim/trace.h - what went over a connection, as one end saw it: times, directions, sizes.
 *
 * As text, one packet a line: "NANOSECONDS,DIRECTION[,SIZE]", DIRECTION s or sn (sent), r or rn (received), sp or rp (padding: written by
 * simulations, and passed over when read, so that a simulation starts from what the application did).  Lines without a comma are
 * passed over.  Lines need not be in order.
 * Source: the traces of the Rust crate maybenot-simulator 2.2.1. */
#ifndef TM_MBSIM_TRACE_H
#define TM_MBSIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_MBSIM_T_MAX_NS INT64_C(1000000000000000000) /* of a line: 31 years */

struct tm_mbsim_packet {
    int64_t t_ns;
    uint32_t size_bytes; /* 0: not known */
    bool is_sent;        /* by the end that saw it, the client */
};

struct tm_mbsim_trace { /* {0} is an empty one */
    struct tm_mbsim_packet *packets;
    size_t n, cap;
};

/* Puts the lines' packets behind those that *t has.  TM_ERR_FORMAT or TM_ERR_RANGE with the line in msg; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_trace_parse(struct tm_mbsim_trace *t, const char *text, size_t len,
                                       struct tm_msg *msg);
/* TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_trace_add(struct tm_mbsim_trace *t, const struct tm_mbsim_packet *p);
/* By time; packets of equal time keep their order.  TM_ERR_NOMEM: all is as before. */
TM_MUST_CHECK int tm_mbsim_trace_sort(struct tm_mbsim_trace *t);
void tm_mbsim_trace_deinit(struct tm_mbsim_trace *t);

#endif
