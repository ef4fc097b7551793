#include "tm/base/hist.h"

static unsigned bin_of(uint64_t v)
{
    if (v < 32)
        return (unsigned)v;
    unsigned e = 63U - (unsigned)__builtin_clzll(v); /* >= 5 */
    return 32 + (e - 5) * 16 + (unsigned)(v >> (e - 4) & 15);
}

uint64_t tm_hist_upper(unsigned bin)
{
    if (bin < 32)
        return bin;
    unsigned e = (bin - 32) / 16 + 5;
    uint64_t step = UINT64_C(1) << (e - 4);
    return (UINT64_C(1) << e) + step * ((bin - 32) % 16) + (step - 1);
}

void tm_hist_add_many(struct tm_hist *h, uint64_t value, uint64_t times)
{
    if (times == 0)
        return;
    h->bins[bin_of(value)] += times;
    h->n += times;
    if (value > h->max)
        h->max = value;
}

void tm_hist_add(struct tm_hist *h, uint64_t value)
{
    tm_hist_add_many(h, value, 1);
}

void tm_hist_merge(struct tm_hist *h, const struct tm_hist *other)
{
    for (unsigned i = 0; i < TM_HIST_BINS; i++)
        h->bins[i] += other->bins[i];
    h->n += other->n;
    if (other->max > h->max)
        h->max = other->max;
}

uint64_t tm_hist_quantile(const struct tm_hist *h, unsigned permille)
{
    if (h->n == 0)
        return 0;
    uint64_t want = (h->n * permille + 999) / 1000;
    uint64_t seen = 0;
    for (unsigned i = 0; i < TM_HIST_BINS; i++) {
        seen += h->bins[i];
        if (seen >= want && seen > 0)
            return tm_hist_upper(i) < h->max ? tm_hist_upper(i) : h->max;
    }
    return h->max;
}
