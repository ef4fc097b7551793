/* tm/mbsim/net.h - what machines do to a connection over a modelled path: mode network.
 *
 * Better than mode v2 (v2.h) where that is crude: packets wait for what they answer (script.h), so that blocking is felt where it
 * would be; the path has a rate, a queue, jitter and losses (line.h).  Equal times are ordered by rule: the end of a block, arrivals, packets sent
 * again, the application's packets, internal timers, actions; of each the client's first.
 *
 * At an end, a packet of the application is queued, NormalSent is told, and without a block it leaves at once, TunnelSent; what arrives is
 * TunnelRecv, then NormalRecv or PaddingRecv.  Padding that waits behind a block, passes it, or is replaced: by the table of the
 * framework's contract; a packet that waits may be anything queued.  Packets that are lost are sent again one round trip later, padding is not.
 * Source: Maybenot sec. 3, 4.3; the documentation of the Rust crate 2.2.2.  Pure. */
#ifndef TM_MBSIM_NET_H
#define TM_MBSIM_NET_H

#include "tm/mbsim/event.h"
#include "tm/mbsim/line.h"
#include "tm/mbsim/trace.h"

struct tm_mbsim_net_cfg {
    struct tm_mbsim_end_cfg client, server;
    struct tm_mbsim_line_cfg up, down; /* delays up to TM_MBSIM_DELAY_MAX_NS (v2.h) */
    int64_t wake_ns;                   /* an end that slept hears that much later; >= 0 */
    bool has_window;                   /* TCP's slow start at both ends (sender.h) */
    int64_t trip_ns;                   /* one way, of the path that the trace is from */
    uint32_t size_bytes;               /* of padding, and of packets whose size is not known; > 0 */
    uint64_t seed;    /* client's machines; server's: + 1; path: + 2 up, + 3 down */
    size_t max_steps; /* 0: any number; machines can keep a run going for ever */
    int64_t tail_ns;  /* how long to go on when all packets have arrived; >= 0 */
};

struct tm_mbsim_net_counts {
    uint64_t n_lost[2], n_dropped[2]; /* [0] up, [1] down; on the path, by a full queue */
    uint64_t n_replaced;              /* padding whose place a packet took */
};

/* The trace is sorted.  Adds the packets that leave and arrive to *out (TUNNEL_SENT, TUNNEL_RECV), times from the trace's first packet on,
 * negative where the server began before.  TM_ERR_RANGE: an empty trace, a cfg out of range; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_net(struct tm_mbsim_log *out, struct tm_mbsim_net_counts *counts,
                               const struct tm_mbsim_trace *trace,
                               const struct tm_mbsim_net_cfg *cfg, struct tm_msg *msg);

#endif
