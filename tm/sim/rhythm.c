#include "tm/sim/rhythm.h"

#include "tm/base/err.h"

void tm_rhythm_begin(struct tm_rhythm *r, int64_t t_us)
{
    r->last_us = t_us;
}

void tm_rhythm_event(struct tm_rhythm *r, int64_t t_us)
{
    TM_ASSERT(t_us >= r->last_us);
    uint64_t gap_us = (uint64_t)(t_us - r->last_us);
    tm_hist_add(&r->gaps, gap_us);
    r->total_us += gap_us;
    r->last_us = t_us;
}

void tm_rhythm_end(struct tm_rhythm *r, int64_t t_us)
{
    if (t_us > r->last_us)
        tm_rhythm_event(r, t_us);
}

uint64_t tm_rhythm_interval_us(const struct tm_rhythm *r, unsigned permille)
{
    return tm_hist_quantile(&r->gaps, permille);
}

/* From the longest gaps down: while x lies between two bins, the time with a longer wait than x is a straight line
 * in x, sum - n x over the bins above. */
uint64_t tm_rhythm_wait_us(const struct tm_rhythm *r, unsigned permille)
{
    uint64_t may_be_longer_us = r->total_us * (1000 - permille) / 1000;
    uint64_t n = 0, sum_us = 0;
    for (unsigned i = TM_HIST_BINS; i-- > 0;) {
        uint64_t upper = tm_hist_upper(i) < r->gaps.max ? tm_hist_upper(i) : r->gaps.max;
        if (n > 0 && sum_us - n * upper >= may_be_longer_us)
            return (sum_us - may_be_longer_us) / n + ((sum_us - may_be_longer_us) % n > 0);
        n += r->gaps.bins[i];
        sum_us += r->gaps.bins[i] * upper;
    }
    return n > 0 && sum_us > may_be_longer_us ? (sum_us - may_be_longer_us + n - 1) / n : 0;
}
