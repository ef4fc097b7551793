#include "tm/core/rate.h"

#define HALF_US (TM_RATE_WINDOW_US / 2)

/* The halves as of now_us. */
static struct tm_rate turned(struct tm_rate r, int64_t now_us)
{
    int64_t past_us = now_us - r.half_us;
    if (past_us < HALF_US)
        return r;
    r.before = past_us < 2 * HALF_US ? r.now : 0;
    r.now = 0;
    r.half_us = past_us < 2 * HALF_US ? r.half_us + HALF_US : now_us;
    return r;
}

void tm_rate_add(struct tm_rate *r, uint64_t bytes, int64_t now_us)
{
    *r = turned(*r, now_us);
    r->now += bytes;
}

uint64_t tm_rate_bytes_per_s(const struct tm_rate *r, int64_t now_us)
{
    struct tm_rate t = turned(*r, now_us);
    int64_t into_us = now_us - t.half_us;
    uint64_t us = (uint64_t)(HALF_US + (into_us > 0 ? into_us : 0));
    return (t.before + t.now) * 1000000 / us;
}
