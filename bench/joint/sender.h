/* bench/joint/sender.h - one direction of a connection without a network: when do the segments leave, and when are they there?
 *
 * A TCP sender with BBR's pacing (Cardwell et al., "BBR: Congestion-Based Congestion Control", ACM Queue 14(5), 2016; draft-cardwell-iccrg-bbr-congestion-control-00; what
 * Linux's tcp_bbr does), for so are the recordings that scripts/record makes where that is the system's congestion control, and the
 * difference is seen in every download: a window of 10 segments, 2.89 times the rate that was delivered until it grows no more, then
 * a window of two round trips' worth.  The first ten segments are not paced.  No probing for the round trip, no losses.
 *
 * The link is that of tm-linkem (test/net/linkem.c): one packet after the other at its rate, then the delay and a jitter of each
 * packet's own, order kept, and some microseconds from one packet to the next; its queue is long enough.  Acknowledgements come back in the same way.  Pure. */
#ifndef TM_BENCH_JOINT_SENDER_H
#define TM_BENCH_JOINT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/base/err.h"
#include "tm/base/rng.h"

#define TM_SENDER_ROUNDS 10U /* that the largest rate is remembered for */

struct tm_render_path {
    uint32_t delay_us, jitter_us; /* one way; jitter: up to so much more */
    uint32_t rate_kbps;
    uint32_t mss;
};

/* A segment that is not acknowledged, and what was known when it left. */
struct tm_sender_flight {
    int64_t acked_us; /* when its acknowledgement comes */
    int64_t sent_us, first_sent_us, delivered_us;
    uint64_t delivered;
    uint32_t len;
    bool is_app_limited;
};

enum tm_sender_mode { TM_SENDER_STARTUP, TM_SENDER_DRAIN, TM_SENDER_STEADY };

struct tm_sender {
    const struct tm_render_path *path; /* borrowed */
    struct tm_sender_flight *f;        /* owned; ring */
    uint32_t head, n, cap;
    uint64_t in_flight; /* bytes */
    uint32_t
        cwnd; /* segments, large or small, as Linux counts: small ones that came before open it, too */
    uint32_t n_acked; /* segments */
    double next_us,
        credit_us;       /* pacing: not before then; how much later than it might the burst left */
    uint32_t burst_left; /* bytes that may leave with the last one */
    int64_t link_us, arrived_us, ack_us;       /* when the link is free; the last arrivals */
    int64_t delivered_us, first_sent_us;       /* of the last acknowledged segment */
    uint64_t delivered, app_limited;           /* bytes; the latter: up to there, 0: none */
    uint64_t round_end;                        /* the round ends when so much was delivered */
    uint32_t round, n_sent;                    /* rounds; segments */
    double bw[TM_SENDER_ROUNDS], pacing, full; /* bytes per us */
    unsigned n_full;                           /* rounds without growth */
    int64_t rtt_us;                            /* the smallest */
    enum tm_sender_mode mode;
};

/* rtt_us: the handshake's. */
void tm_sender_init(struct tm_sender *s, const struct tm_render_path *path, int64_t rtt_us);
void tm_sender_deinit(struct tm_sender *s);
/* The program has something new for it at t_us. */
void tm_sender_write(struct tm_sender *s, int64_t t_us);
/* A segment of len bytes that is ready at *t_us: when it left, has left the link, is there.  TM_ERR_NOMEM. */
struct tm_sent {
    int64_t left_us, link_us, arrived_us;
};
TM_MUST_CHECK int tm_sender_send(struct tm_sender *s, uint32_t len, int64_t t_us,
                                 struct tm_rng *rng, struct tm_sent *out);

#endif
