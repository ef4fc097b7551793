/* tm/net/kernel.c - TCP_INFO of one socket, and the sums.  <linux/tcp.h> has the fields that libc's header lacks, and
 * cannot stand beside it: hence a file of its own. */
#include "tm/net/kernel.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "tm/base/time.h"

#define EVERY_US     TM_US_PER_S
#define IPV4_HEADER  20U
#define IPV6_HEADER  40U
#define TCP_HEADER   20U
#define TCP_TIMES    12U
#define NEEDED_BYTES (offsetof(struct tcp_info, tcpi_bytes_retrans) + 8) /* Linux 4.19 and later */

static bool is_ipv4(int fd)
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof ss;
    if (getpeername(fd, (struct sockaddr *)&ss, &len) != 0 || ss.ss_family != AF_INET6)
        return true;
    return IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)&ss)->sin6_addr);
}

void tm_kernel_take(struct tm_kernel_seen *seen, struct tm_kernel_counters *sum, int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || len < NEEDED_BYTES)
        return;
    uint64_t header = TCP_HEADER + (is_ipv4(fd) ? IPV4_HEADER : IPV6_HEADER) +
                      ((info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0 ? TCP_TIMES : 0);
    const uint64_t now[TM_KERNEL_N] = {
        [TM_KERNEL_SEGS_TX] = info.tcpi_segs_out,
        [TM_KERNEL_SEGS_RX] = info.tcpi_segs_in,
        [TM_KERNEL_BYTES_TX] = info.tcpi_bytes_sent,
        [TM_KERNEL_BYTES_RX] = info.tcpi_bytes_received,
        [TM_KERNEL_HEADER_TX] = info.tcpi_segs_out * header,
        [TM_KERNEL_HEADER_RX] = info.tcpi_segs_in * header,
        [TM_KERNEL_RETRANS_SEGS] = info.tcpi_total_retrans,
        [TM_KERNEL_RETRANS_BYTES] = info.tcpi_bytes_retrans,
    };
    for (unsigned i = 0; i < TM_KERNEL_N; i++) {
        /* After its end a connection may not be what it was (its timestamps, its peer): nothing goes down. */
        uint64_t more = now[i] > seen->n[i] ? now[i] - seen->n[i] : 0;
        seen->n[i] += more;
        atomic_fetch_add_explicit(&sum->n[i], more, memory_order_relaxed);
    }
    if (info.tcpi_rtt > 0)
        atomic_store_explicit(&sum->rtt_us, info.tcpi_rtt, memory_order_relaxed);
}

void tm_kernel_sample(struct tm_kernel_seen *seen, struct tm_kernel_counters *sum, int fd,
                      int64_t now_us)
{
    if (now_us - seen->at_us < EVERY_US)
        return;
    seen->at_us = now_us;
    tm_kernel_take(seen, sum, fd);
}

void tm_kernel_counters_get(const struct tm_kernel_counters *sum, struct tm_kernel_totals *out)
{
    for (unsigned i = 0; i < TM_KERNEL_N; i++)
        out->n[i] = atomic_load_explicit(&sum->n[i], memory_order_relaxed);
    out->rtt_us = (uint32_t)atomic_load_explicit(&sum->rtt_us, memory_order_relaxed);
}
