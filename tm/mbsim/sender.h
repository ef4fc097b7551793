/* tm/mbsim/sender.h - TCP at one end of a path in mode network: a socket that takes only so much, and slow start.
 *
 *   push -> ready, the kinds in turns -- take: the socket has room --> unsent -- next: the window lets it go --> sent
 *
 * A sender begins with ten segments (RFC 6928) and may have as many bytes more under way as are acknowledged, in rounds in which it used half of
 * what it had (Linux's tcp_is_cwnd_limited); it does not leave slow start.  After a pause longer than the retransmission timeout the window is
 * halved for every such timeout, down to the first one (RFC 2861).  The socket holds two windows (tcp_sndbuf_expand), UNSENT_MAX of it unsent.
 * What was lost counts as under way until it would have been acknowledged, and changes nothing.  Pure. */
#ifndef TM_MBSIM_SENDER_H
#define TM_MBSIM_SENDER_H

#include "tm/mbsim/line.h"

#define TM_MBSIM_WINDOW_BYTES 14480U       /* the first: ten segments of 1448 */
#define TM_MBSIM_UNSENT_MAX   (128U << 10) /* as the tunnel's TCP_NOTSENT_LOWAT */

struct tm_mbsim_sender {           /* {0}: nothing was sent */
    struct tm_mbsim_fifo ready[2]; /* [0] packets, [1] padding */
    struct tm_mbsim_fifo unsent;   /* in the socket */
    struct tm_mbsim_fifo
        under_way; /* when they are acknowledged; index: whether the window grows with it */
    uint64_t unsent_bytes, under_way_bytes, window_bytes;
    uint64_t most_bytes;               /* under way, in this round */
    uint64_t n_sent, n_acked, n_round; /* the round is over when so many are acknowledged */
    int64_t sent_ns;                   /* when something left last */
    bool was_padding;
};

void tm_mbsim_sender_deinit(struct tm_mbsim_sender *s);
/* It may leave.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_sender_push(struct tm_mbsim_sender *s, const struct tm_mbsim_item *i);
/* What is acknowledged by now_ns, on a path with that round trip; to be called before take and next, with times that never go back. */
void tm_mbsim_sender_run(struct tm_mbsim_sender *s, int64_t now_ns, int64_t rtt_ns);
/* 1: the socket takes *out, which has left for the program; 0: nothing more now; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_sender_take(struct tm_mbsim_sender *s, struct tm_mbsim_item *out);
/* True: *out leaves for the path.  Say `sent` before the next one. */
bool tm_mbsim_sender_next(struct tm_mbsim_sender *s, struct tm_mbsim_item *out);
/* It left at now_ns and is acknowledged at acked_ns, not before any other.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mbsim_sender_sent(struct tm_mbsim_sender *s, uint32_t size_bytes,
                                       int64_t now_ns, int64_t acked_ns);
/* Whether something waits for room in the socket. */
bool tm_mbsim_sender_waits(const struct tm_mbsim_sender *s);
/* When more may leave; TM_NEVER: nothing waits. */
int64_t tm_mbsim_sender_next_ns(const struct tm_mbsim_sender *s);

#endif
