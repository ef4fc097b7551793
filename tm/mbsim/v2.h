/* tm/mbsim/v2.h - the simulator of the Maybenot tools, event by event: what machines do to a trace, crudely and fast.
 *
 * Two ends with a fixed delay between them.  The client's sent packets are the trace's; the server's are its received ones, earlier by the delay.
 * No packet waits for another one, but for the lag that blocks put on all later packets of both ends (path.h).
 * Source: Maybenot sec. 5; the Rust crate maybenot-simulator 2.2.1, whose results these are to the last bit, quirks included (marked "quirk"; also in
 * queue.h, path.h and heap.h).  Not here: its integration delays, which it draws from a source that cannot be repeated.  Pure. */
#ifndef TM_MBSIM_V2_H
#define TM_MBSIM_V2_H

#include "tm/mbsim/event.h"
#include "tm/mbsim/trace.h"

enum tm_mbsim_keep {
    TM_MBSIM_KEEP_ALL,
    TM_MBSIM_KEEP_PACKETS, /* what is sent and received over the network */
    TM_MBSIM_KEEP_CLIENT,  /* of the packets, those at the client */
};

struct tm_mbsim_v2_cfg {
    struct tm_mbsim_end_cfg client, server;
    int64_t delay_ns; /* one way, 0..TM_MBSIM_DELAY_MAX_NS */
    uint64_t
        pps; /* packets a second and direction, at most UINT32_MAX; 0: ten times the most in 100 ms of the trace */
    uint64_t seed;     /* of the client's machines; the server's: one more */
    size_t max_events; /* kept; 0: any number */
    size_t max_steps;  /* 0: any number; machines can keep a run going for ever */
    bool has_to_go_on; /* also after the last of the application's packets */
    enum tm_mbsim_keep keep;
};

#define TM_MBSIM_DELAY_MAX_NS INT64_C(1000000000000)

/* The trace is in any order.  Adds what happened to *out; times count from the trace's zero and can be negative at the server.
 * TM_ERR_RANGE: an empty trace, or a cfg out of range; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_v2(struct tm_mbsim_log *out, const struct tm_mbsim_trace *trace,
                              const struct tm_mbsim_v2_cfg *cfg, struct tm_msg *msg);
/* Ten times the most packets of a direction in 100 ms: the limit when none is given.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_v2_pps(const struct tm_mbsim_trace *trace, uint64_t *pps);

#endif
