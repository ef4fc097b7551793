#include "learner/rtt.h"

#include <stdlib.h>

/* Known ones first, by their round trip. */
static int by_rtt(const void *a, const void *b)
{
    const struct tm_rtt_host *x = a;
    const struct tm_rtt_host *y = b;
    if ((x->rtt.origin == TM_RTT_HOST) != (y->rtt.origin == TM_RTT_HOST))
        return x->rtt.origin == TM_RTT_HOST ? -1 : 1;
    return (x->rtt.us > y->rtt.us) - (x->rtt.us < y->rtt.us);
}

struct tm_rtt tm_rtt_side(struct tm_rtt_host *hosts, size_t n)
{
    uint64_t total = 0;
    uint64_t seen = 0;
    if (n > 0)
        qsort(hosts, n, sizeof *hosts, by_rtt);
    for (size_t i = 0; i < n && hosts[i].rtt.origin == TM_RTT_HOST; i++)
        total += hosts[i].bytes;
    for (size_t i = 0; i < n && hosts[i].rtt.origin == TM_RTT_HOST; i++) {
        seen += hosts[i].bytes;
        if (seen >= total - total / 2)
            return (struct tm_rtt){hosts[i].rtt.us, TM_RTT_SIDE};
    }
    return (struct tm_rtt){0, TM_RTT_UNKNOWN};
}

uint64_t tm_rtt_remove(struct tm_rtt rtt, uint64_t gap_us)
{
    switch (rtt.origin) {
    case TM_RTT_HOST:
        return gap_us > rtt.us ? gap_us - rtt.us : 0;
    case TM_RTT_SIDE:
        return gap_us >= rtt.us ? gap_us - rtt.us : gap_us;
    case TM_RTT_UNKNOWN:
        break;
    }
    return gap_us;
}
