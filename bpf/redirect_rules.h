/* bpf/redirect_rules.h - how much of a message may go across, past TCP.
 *
 * What went across lies in a queue of the receiving socket that is read before the bytes that came by TCP.  So nothing may go
 * across while bytes of TCP, sent earlier, are under way or unread.  The queue has no window of its own: it may fill half of the receive
 * buffer, which leaves the other half to TCP; a full one would make the kernel drop TCP's segments.
 * A direction in which so much had to go by TCP is a stream of bulk, which has nothing to gain by going to and fro: it is left to TCP,
 * and looked at again a long way on.
 * Pure and inline: compiled into the kernel program, and into a unit test. */
#ifndef TM_BPF_REDIRECT_RULES_H
#define TM_BPF_REDIRECT_RULES_H

#include <linux/types.h>

/* Both ends of a connection as the sender's program finds them, sequence numbers of TCP. */
struct tmb_ends {
    __u32 written;    /* sender: write_seq, the end of what the program has sent */
    __u32 acked;      /* sender: snd_una */
    __u32 received;   /* receiver: rcv_nxt */
    __u32 read;       /* receiver: copied_seq */
    __u32 held_bytes; /* receiver: sk_rmem_alloc, both queues */
    __u32 room_bytes; /* receiver: sk_rcvbuf */
};

/* Whether a message of `size` may go across: all of it or nothing, because the kernel sends the rest of a message that was cut after
 * its first part, whatever the program says of it then. */
static inline int tmb_may_cross(const struct tmb_ends *e, __u32 size)
{
    __u32 limit = e->room_bytes / 2;
    return e->written == e->acked && e->received == e->read && e->held_bytes < limit &&
           size <= limit - e->held_bytes;
}

#define TMB_BULK_BYTES  (4U << 20) /* of refused messages make it bulk */
#define TMB_LATCH_BYTES (1U << 30) /* go by TCP then, unasked */

/* A message of `size` was refused: adds it to *refused_bytes; whether the direction is bulk now (and begins anew). */
static inline int tmb_is_bulk(__u32 *refused_bytes, __u32 size)
{
    *refused_bytes += size < TMB_BULK_BYTES ? size : TMB_BULK_BYTES;
    if (*refused_bytes < TMB_BULK_BYTES)
        return 0;
    *refused_bytes = 0;
    return 1;
}

#endif
