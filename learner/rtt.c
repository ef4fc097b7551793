#include "learner/rtt.h"

#include <stdlib.h>
#include <string.h>

#include "learner/pair.h"

/* By host, then measured values first in ascending order. */
static int by_host(const void *a, const void *b)
{
    const struct tm_rtt_sample *x = a;
    const struct tm_rtt_sample *y = b;
    int order = memcmp(x->host, y->host, TM_ADDR_LEN);
    if (order != 0)
        return order;
    return (x->rtt_us > y->rtt_us) - (x->rtt_us < y->rtt_us);
}

static size_t end_of_host(const struct tm_rtt_sample *s, size_t from, size_t n)
{
    size_t i = from + 1;
    while (i < n && memcmp(s[i].host, s[from].host, TM_ADDR_LEN) == 0)
        i++;
    return i;
}

/* The median of samples from..to-1 of one host (sorted), or TM_PAIR_NONE. */
static uint32_t host_median(const struct tm_rtt_sample *s, size_t from, size_t to,
                            uint32_t min_count)
{
    size_t n = 0;
    uint64_t count = 0;
    for (; from + n < to && s[from + n].rtt_us != TM_PAIR_NONE; n++)
        count += s[from + n].count;
    return n > 0 && count >= min_count ? s[from + (n - 1) / 2].rtt_us : TM_PAIR_NONE;
}

static int by_rtt(const void *a, const void *b)
{
    const struct tm_rtt_sample *x = a;
    const struct tm_rtt_sample *y = b;
    return (x->rtt_us > y->rtt_us) - (x->rtt_us < y->rtt_us);
}

/* Every sample carries its host's median now; the value at half of all bytes.  Samples instead of
 * hosts: the weights of a host's samples add up to the host's. */
static struct tm_rtt side_median(struct tm_rtt_sample *s, size_t n)
{
    uint64_t total = 0;
    uint64_t seen = 0;
    qsort(s, n, sizeof *s, by_rtt);
    for (size_t i = 0; i < n && s[i].rtt_us != TM_PAIR_NONE; i++)
        total += s[i].bytes;
    for (size_t i = 0; i < n && s[i].rtt_us != TM_PAIR_NONE; i++) {
        seen += s[i].bytes;
        if (seen >= total - total / 2)
            return (struct tm_rtt){s[i].rtt_us, TM_RTT_SIDE};
    }
    return (struct tm_rtt){0, TM_RTT_UNKNOWN};
}

void tm_rtt_of_hosts(struct tm_rtt_sample *samples, size_t n, uint32_t min_count,
                     struct tm_rtt *out)
{
    if (n == 0)
        return;
    qsort(samples, n, sizeof *samples, by_host);
    for (size_t from = 0, to; from < n; from = to) {
        to = end_of_host(samples, from, n);
        uint32_t median = host_median(samples, from, to, min_count);
        for (size_t i = from; i < to; i++)
            samples[i].rtt_us = median;
    }
    struct tm_rtt side = side_median(samples, n);
    for (size_t i = 0; i < n; i++) {
        bool is_known = samples[i].rtt_us != TM_PAIR_NONE;
        out[samples[i].index] = is_known ? (struct tm_rtt){samples[i].rtt_us, TM_RTT_HOST} : side;
    }
}

uint64_t tm_rtt_remove(struct tm_rtt rtt, uint64_t gap_us)
{
    switch (rtt.origin) {
    case TM_RTT_HOST:
        return gap_us > rtt.us ? gap_us - rtt.us : 0;
    case TM_RTT_SIDE:
        return gap_us > rtt.us ? gap_us - rtt.us : gap_us;
    case TM_RTT_UNKNOWN:
        break;
    }
    return gap_us;
}
