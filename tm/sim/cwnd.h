/* tm/sim/cwnd.h - TCP's congestion window, as far as a path without loss shows it: slow start, and again after a pause.
 *
 * A sender begins with ten segments (RFC 6928) and may have twice as much under way for every round trip in which it used what it had; it does not
 * leave slow start, for nothing is lost.  After a pause longer than the retransmission timeout the window is halved
 * for every such timeout, down to the first one (RFC 2861, Linux's tcp_slow_start_after_idle).  In bytes: small segments count as what they
 * are.  Pure. */
#ifndef TM_SIM_CWND_H
#define TM_SIM_CWND_H

#include <stdbool.h>
#include <stdint.h>

#define TM_CWND_FIRST_BYTES 14480U /* ten segments of 1448 */
#define TM_CWND_FLIGHTS     16U    /* told apart; what is more counts with the last */

/* {0}: nothing was sent. */
struct tm_cwnd {
    uint64_t size_bytes; /* 0: the first */
    uint64_t in_flight_bytes;
    int64_t sent_us; /* when something left last */
    unsigned n;
    struct {
        int64_t acked_us;
        uint32_t n_bytes;
        bool is_full; /* the window was used, and grows with its acknowledgement */
    } flight[TM_CWND_FLIGHTS];
};

/* Bytes that may leave now, on a path with that round trip; now_us never goes back. */
uint64_t tm_cwnd_room(struct tm_cwnd *c, int64_t now_us, int64_t rtt_us);
/* So many of them left now and will be known to have arrived at acked_us, which is not before that of any sent earlier. */
void tm_cwnd_sent(struct tm_cwnd *c, int64_t now_us, uint32_t n_bytes, int64_t acked_us);
/* When there will be more room; TM_NEVER: there is all that there can be. */
int64_t tm_cwnd_next_us(const struct tm_cwnd *c);
/* How long it takes until all of n_bytes, sent as soon as may be on a new connection of that rate (> 0), have left. */
int64_t tm_cwnd_span_us(uint64_t n_bytes, int64_t rtt_us, uint64_t rate_bps);

#endif
