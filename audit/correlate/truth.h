/* audit/correlate/truth.h - which flows behind the server travelled over which carriers of a tunnel.
 *
 * The ground truth that attacks are judged by; they do not see it.  A line for each flow and each carrier that carried a part of it:
 *
 *   # comment
 *   at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes
 *   1763710000000000,192.0.2.1:40112,198.51.100.7:443,10.0.0.2:51000,192.0.2.1:443,alice,18233
 *
 * Endpoints are ADDR:PORT ([ADDR]:PORT for IPv6), as the captures have them; at_us is a time (since 1970) at which both
 * connections were open, because ports are used again: meant is the newest connection with these endpoints that began at or before
 * it; 0: the first in the capture.  tunnel names the client whose tunnel it was; a flow and a carrier belong to one.  bytes: payload of the
 * flow, both directions, that this carrier carried; 0: not known.  A line with - for both ends of the flow names a carrier that
 * carried none.  Empty lines and those that begin with # say nothing; the first other line is the head above.  Pure. */
#ifndef TM_AUDIT_CORRELATE_TRUTH_H
#define TM_AUDIT_CORRELATE_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/features/names.h"
#include "audit/schedule.h" /* struct tm_endpoint */
#include "tm/base/err.h"

struct tm_truth_link { /* two ends of one TCP connection */
    struct tm_endpoint client, server;
};

struct tm_truth_line {
    int64_t at_us;
    bool has_flow;
    struct tm_truth_link flow, carrier;
    uint32_t tunnel; /* index into tm_truth.names */
    uint64_t bytes;  /* 0: not known */
    uint32_t line;   /* where it stands in its file */
};

struct tm_truth {            /* empty: {0} */
    struct tm_truth_line *v; /* owned; in the order of the file */
    size_t n, cap;
    char **names; /* owned: tunnels */
    uint32_t n_names, cap_names;
    struct tm_names index;
};

/* Reads the lines of `text` (len bytes) into *t, empty before; `name` is for messages, which name the line and say what is wrong with it.
 * After an error only deinit may follow.  TM_ERR_FORMAT, also for a file without a line; TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_truth_parse(struct tm_truth *t, const char *text, size_t len, const char *name,
                                 struct tm_msg *msg);
void tm_truth_deinit(struct tm_truth *t);

bool tm_truth_link_is_equal(const struct tm_truth_link *a, const struct tm_truth_link *b);

#endif
