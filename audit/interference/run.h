/* audit/interference/run.h - one run of a schedule under one workload: its capture, its logs, its connections.
 *
 * A connection's place is what makes it the same one in another run of the same schedule: source, user and index of the plan when the
 * client's log tells them, its rank by time of opening otherwise (then several users' connections may change places for
 * reasons of the network, and a single user is wanted). */
#ifndef TM_AUDIT_INTERFERENCE_RUN_H
#define TM_AUDIT_INTERFERENCE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/features/trace.h"
#include "audit/schedule.h"
#include "audit/wire_view.h"
#include "tm/base/err.h"

#define TM_RUN_LOGS_MAX 2U

struct tm_run_conn {
    uint32_t src, user; /* by rank: 0 */
    uint64_t index;     /* by rank: the rank */
    uint32_t carrier;   /* number in the schedule; UINT32_MAX: by rank */
    uint32_t conn;      /* in the view; TM_WIRE_NONE: not in the capture */
    uint32_t trace;     /* in the traces; UINT32_MAX: not in the capture */
};

struct tm_run {
    const char *workload; /* borrowed: "idle" */
    const char *capture;  /* borrowed: path */
    const char *logs[TM_RUN_LOGS_MAX];
    size_t n_logs;
    struct tm_schedule schedule; /* of the logs */
    struct tm_wire_view view;
    struct tm_trace_set traces;
    struct tm_run_conn *conns; /* owned; ascending by place */
    uint32_t n_conns;
    bool is_cut; /* the capture ends inside a packet; used up to there */
};

/* Reads capture and logs of a run whose names are set, and finds its connections.  Wanted are those to `servers` and to the servers that
 * the logs name.  Errors, one line in msg: those of the captures and logs; TM_ERR_FORMAT: logs without the client's, no
 * connection to the servers, logs of another run; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_run_read(struct tm_run *r, const struct tm_endpoint *servers, size_t n_servers,
                              struct tm_msg *msg);
/* Fills conns from schedule, view and traces (pure).  Errors as above. */
TM_MUST_CHECK int tm_run_join(struct tm_run *r, struct tm_msg *msg);
void tm_run_deinit(struct tm_run *r);

static inline bool tm_run_has_log(const struct tm_run *r)
{
    return r->schedule.has_side[TM_CLIENT];
}
/* < 0, 0, > 0: a's place before, equal to, behind b's. */
int tm_run_conn_order(const struct tm_run_conn *a, const struct tm_run_conn *b);

/* Connections of two runs at the same place. */
struct tm_run_pair {
    uint32_t at[2]; /* in the conns of either */
};
/* The pairs of a and b in order of place; *pairs is for the caller to free.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_run_pairs(const struct tm_run *a, const struct tm_run *b,
                               struct tm_run_pair **pairs, uint32_t *n);

#endif
