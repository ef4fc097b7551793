/* tm/net/kernel.h - what TCP says about the carriers (TCP_INFO), added up for everybody to read.
 *
 * Reading TCP_INFO takes the socket's lock, which a write to that socket waits for.  So nobody but the wire thread
 * does it: after a write of its own, at most once a second for a connection, and when it closes one.  Whether
 * somebody wants to know makes no difference; who does reads the sums, which are atomic counters. */
#ifndef TM_NET_KERNEL_H
#define TM_NET_KERNEL_H

#include <stdatomic.h>
#include <stdint.h>

/* The kernel's counters, of one connection or added up.  tx: sent by this end; bytes are TCP payload, those sent
 * include what was sent again.  header: an estimate by rule, for every segment 20 bytes of IPv4 or 40 of IPv6, 20 of
 * TCP, 12 more when TCP timestamps are on; options of single segments (SYN, SACK) and the link layer are not in it. */
enum tm_kernel_what {
    TM_KERNEL_SEGS_TX,
    TM_KERNEL_SEGS_RX,
    TM_KERNEL_BYTES_TX,
    TM_KERNEL_BYTES_RX,
    TM_KERNEL_HEADER_TX,
    TM_KERNEL_HEADER_RX,
    TM_KERNEL_RETRANS_SEGS,
    TM_KERNEL_RETRANS_BYTES,
    TM_KERNEL_N
};
struct tm_kernel_totals {
    uint64_t n[TM_KERNEL_N];
    uint32_t rtt_us; /* smoothed, of the connection that was read last; 0: none was */
};
struct tm_kernel_counters { /* empty: {0} */
    atomic_uint_fast64_t n[TM_KERNEL_N];
    atomic_uint_fast32_t rtt_us;
};
/* How far a connection has been added.  Empty: {0}. */
struct tm_kernel_seen {
    uint64_t n[TM_KERNEL_N];
    int64_t at_us;
};

/* Adds what is new of the connected socket fd; _sample only when the last time was a second before now_us. */
void tm_kernel_take(struct tm_kernel_seen *seen, struct tm_kernel_counters *sum, int fd);
void tm_kernel_sample(struct tm_kernel_seen *seen, struct tm_kernel_counters *sum, int fd,
                      int64_t now_us);
/* From any thread. */
void tm_kernel_counters_get(const struct tm_kernel_counters *sum, struct tm_kernel_totals *out);

#endif
