#include "tm/sim/cwnd.h"

#include <string.h>

#include "tm/base/time.h"

#define RTO_MIN_US (200 * TM_US_PER_MS) /* Linux, above the round trip */

static void acknowledge_first(struct tm_cwnd *c)
{
    c->size_bytes += c->flight[0].is_full ? c->flight[0].n_bytes : 0;
    c->in_flight_bytes -= c->flight[0].n_bytes;
    c->n--;
    memmove(&c->flight[0], &c->flight[1], c->n * sizeof c->flight[0]);
}

/* What a pause leaves of the window. */
static void shrink(struct tm_cwnd *c, int64_t paused_us, int64_t rto_us)
{
    for (; paused_us > rto_us && c->size_bytes > TM_CWND_FIRST_BYTES; paused_us -= rto_us)
        c->size_bytes /= 2;
    if (c->size_bytes < TM_CWND_FIRST_BYTES)
        c->size_bytes = TM_CWND_FIRST_BYTES;
}

uint64_t tm_cwnd_room(struct tm_cwnd *c, int64_t now_us, int64_t rtt_us)
{
    while (c->n > 0 && c->flight[0].acked_us <= now_us)
        acknowledge_first(c);
    if (c->n == 0)
        shrink(c, now_us - c->sent_us, rtt_us + RTO_MIN_US);
    return c->size_bytes > c->in_flight_bytes ? c->size_bytes - c->in_flight_bytes : 0;
}

void tm_cwnd_sent(struct tm_cwnd *c, int64_t now_us, uint32_t n_bytes, int64_t acked_us)
{
    if (c->n < TM_CWND_FLIGHTS)
        c->flight[c->n++].n_bytes = 0;
    unsigned last = c->n - 1;
    c->sent_us = now_us;
    c->in_flight_bytes += n_bytes;
    c->flight[last].n_bytes += n_bytes;
    c->flight[last].acked_us = acked_us;
    /* Half of it: Linux lets a window grow in slow start of which that much was used. */
    c->flight[last].is_full = 2 * c->in_flight_bytes > c->size_bytes;
}

int64_t tm_cwnd_next_us(const struct tm_cwnd *c)
{
    return c->n > 0 ? c->flight[0].acked_us : TM_NEVER;
}

static int64_t span_us(uint64_t n_bytes, uint64_t rate_bps)
{
    return (int64_t)((double)n_bytes * 8e6 / (double)rate_bps);
}

int64_t tm_cwnd_span_us(uint64_t n_bytes, int64_t rtt_us, uint64_t rate_bps)
{
    int64_t us = 0;
    for (uint64_t size = TM_CWND_FIRST_BYTES; n_bytes > size && span_us(size, rate_bps) < rtt_us;
         size *= 2) {
        n_bytes -= size;
        us += rtt_us;
    }
    return us + span_us(n_bytes, rate_bps);
}
