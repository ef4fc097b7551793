/* tm/mbsim/path.h - the path between the ends in mode v2: a fixed delay and a limit of packets a second.
 *
 * What is held up at one end comes late at the other, and so do the packets that answer it: the lag is put upon all later packets of
 * both ends, after a time in which it would have got there.  A crude estimate, kept as it is in the Rust simulator 2.2.1. */
#ifndef TM_MBSIM_PATH_H
#define TM_MBSIM_PATH_H

#include "tm/mbsim/queue.h"

/* Times of the last packets. */
struct tm_mbsim_window {
    int64_t *t_ns; /* a ring of `cap`, a power of two or 0 */
    size_t from, n, cap;
};

/* A lag on its way to an end. */
struct tm_mbsim_lag {
    int64_t t_ns, lag_ns;
    bool is_client;
};

struct tm_mbsim_path {
    int64_t delay_ns;
    uint64_t pps;                   /* packets a second and direction */
    int64_t excess_ns;              /* that every packet above adds */
    struct tm_mbsim_window sent[2]; /* [is_client], of the last second */
    struct tm_mbsim_lag *lags;      /* by time; [from, n) are still to come */
    size_t from, n, cap;
};

/* pps >= 1. */
void tm_mbsim_path_init(struct tm_mbsim_path *p, int64_t delay_ns, uint64_t pps);
void tm_mbsim_path_deinit(struct tm_mbsim_path *p);

/* A packet more at t_ns: how many there were in the last width_ns, into *n.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_window_add(struct tm_mbsim_window *w, int64_t t_ns, int64_t width_ns,
                                      size_t *n);
/* A packet leaves at now_ns: how much the limit adds to its delay, into *excess_ns.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_path_send(struct tm_mbsim_path *p, int64_t now_ns, bool is_client,
                                     int64_t *excess_ns);
/* A packet of that end was held up by lag_ns until now_ns: spreads to both ends.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_path_spread(struct tm_mbsim_path *p, int64_t lag_ns, int64_t now_ns,
                                       bool is_client);
/* When the next lag reaches its end; TM_NEVER. */
static inline int64_t tm_mbsim_path_next_ns(const struct tm_mbsim_path *p)
{
    return p->from < p->n ? p->lags[p->from].t_ns : INT64_MAX;
}
/* That lag, which is there. */
struct tm_mbsim_lag tm_mbsim_path_take(struct tm_mbsim_path *p);

/* The lag that follows when a block ends at t_ns: from the end of the burst that it held; 0: none. */
int64_t tm_mbsim_lag_of_block(const struct tm_mbsim_queue *q, int64_t t_ns, int64_t head_ns);
/* The lag that follows when padding lets the held packet `t_ns` (taken out of q) go at now_ns; 0: none. */
int64_t tm_mbsim_lag_of_release(const struct tm_mbsim_queue *q, int64_t now_ns, int64_t t_ns);
/* Whether packet `t_ns`, delayed by the limit, makes others late: it is the last of a burst.  Quirk: lag_ns is the client's, at either end. */
bool tm_mbsim_is_tail(const struct tm_mbsim_queue *q, int64_t t_ns, int64_t lag_ns);

#endif
