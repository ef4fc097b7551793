/* learner/ops/timeline.h - a model played in virtual time: which connections open when, and when each write passes the tap.
 *
 * The tap stands beside the client, and its clock is the client's: a client's write passes it when it is sent, a server's
 * one TM_TAP_CLIENT_US before the client has it.  The path is the same for every connection, but that sessions may have round trips
 * of their own, and each connection has it alone: half of rtt_us each way, packets one after the other at rate_bps, no loss, no congestion control.  So times are those of
 * the schedule and of nothing else.
 *
 *   client ---- tap ------------------------------ server
 *          1 us             rtt_us there and back
 *
 * A write starts `gap` after its event: the last byte of the write that it refers to, received or sent by its sender, or the connection's
 * being established; and never before the sender's previous write has left (doc/DESIGN.md sec. 2).  The client sends its FIN close_gap_us
 * after the last byte of all writes, the server answers at once with its own; or as struct tm_close says.  Openings as in models/gen.h.  Pure. */
#ifndef TM_LEARNER_OPS_TIMELINE_H
#define TM_LEARNER_OPS_TIMELINE_H

#include <stdint.h>

#include "models/dist.h"
#include "models/gen.h"
#include "models/plan.h"
#include "models/schedfile.h"
#include "tm/base/err.h"

#define TM_TAP_CLIENT_US  1 /* tap to client and back */
#define TM_TAP_RTT_MIN_US 1 /* the learner takes none for not measured */
#define TM_TAP_RTT_MAX_US INT64_C(10000000)
#define TM_TAP_RTT_NEAR   2
#define TM_TAP_RATE_MIN   UINT64_C(1000) /* bits a second */
#define TM_TAP_RATE_MAX   UINT64_C(1000000000000)
#define TM_TAP_MSS_MIN    64U
#define TM_TAP_MSS_MAX    16384U
#define TM_TAP_HEADER_LEN 40U /* IPv4 and TCP, which the rate counts with each segment */

struct tm_tap_path {
    int64_t rtt_us; /* tap to server and back, TM_TAP_RTT_MIN_US..TM_TAP_RTT_MAX_US */
    /* Borrowed.  NULL, or empty: it is rtt_us.  Else each session draws one of these, and each of its connections one of those next to it:
     * TM_TAP_RTT_NEAR per cent of them, each way. */
    const struct tm_dist *rtts;
    uint64_t rate_bps; /* of each direction, TM_TAP_RATE_MIN..TM_TAP_RATE_MAX */
    uint32_t mss;      /* payload of a full segment, TM_TAP_MSS_MIN..TM_TAP_MSS_MAX */
};

/* When a write's first and last segment pass the tap. */
struct tm_write_time {
    int64_t first_us, last_us;
};

/* One connection.  Times at the tap, from the start of the timeline on. */
struct tm_timed_conn {
    uint64_t number; /* 0, 1, 2, ... in the order of opening */
    uint32_t user;
    struct tm_open open;
    struct tm_plan plan;        /* owned */
    struct tm_tap_path path;    /* its own */
    struct tm_write_time *time; /* owned, plan.n_writes of them */
    int64_t open_us;            /* SYN */
    int64_t close_us;           /* the client's FIN or RST */
    int64_t fin_us;             /* the server's FIN; TM_NEVER: it has none, the client resets */
    int64_t end_us; /* the client has that; an opening from TM_OPEN_ENDED counts from here */
    int64_t
        over_us; /* the client has sent or received the last byte; so does one from TM_OPEN_OVER */
};
/* An all-zero connection is empty. */
void tm_timed_conn_deinit(struct tm_timed_conn *c);

/* How long the first `offset` bytes of a write take at the path's rate, headers included; offset <= TM_WRITE_SIZE_MAX. */
int64_t tm_tap_path_span_us(const struct tm_tap_path *path, uint64_t offset);

/* Fills time, close_us, fin_us, end_us and over_us of a connection with a plan (tm_plan_check holds) and open_us.  TM_ERR_NOMEM, TM_ERR_RANGE
 * (times beyond TM_TIMELINE_END_US). */
TM_MUST_CHECK int tm_timed_conn_fill(struct tm_timed_conn *c, const struct tm_tap_path *path);

#define TM_TIMELINE_END_US (INT64_C(1) << 60)

struct tm_timeline; /* opaque */

/* Connections of the model, the first `n_conns` to open.  Borrows cfg->model.  Errors of tm_gen_new; TM_ERR_RANGE also for a path outside
 * its limits. */
TM_MUST_CHECK int tm_timeline_new(struct tm_timeline **out, const struct tm_gen_cfg *cfg,
                                  const struct tm_tap_path *path, uint64_t n_conns);
/* Those of a schedule file, which must outlive it, the first `n_conns` to open.  TM_ERR_RANGE a path outside its limits, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_timeline_new_schedule(struct tm_timeline **out, const struct tm_schedfile *f,
                                           const struct tm_tap_path *path, uint64_t n_conns);
void tm_timeline_free(struct tm_timeline *t);
/* 1: *c (empty; owned by the caller then) is the next connection, no earlier than the one before; 0: there are no more.
 * TM_ERR_NOMEM, TM_ERR_LIMIT (a plan too long), TM_ERR_RANGE as above. */
TM_MUST_CHECK int tm_timeline_next(struct tm_timeline *t, struct tm_timed_conn *c);
/* When the next connection opens; TM_NEVER when there are no more. */
int64_t tm_timeline_next_us(const struct tm_timeline *t);

#endif
