#include "models/maybenot/limiter.h"

#define NS_PER_S INT64_C(1000000000)

void tm_mb_limiter_init(struct tm_mb_limiter *l, uint64_t max_per_s, int64_t now_ns)
{
    *l = (struct tm_mb_limiter){.max_per_s = max_per_s, .window_ns = now_ns};
}

size_t tm_mb_limiter_pass(struct tm_mb_limiter *l, size_t n, int64_t now_ns)
{
    int64_t gap_ns;
    if (now_ns <= l->window_ns)
        gap_ns = 0;
    else if (__builtin_sub_overflow(now_ns, l->window_ns, &gap_ns))
        gap_ns = INT64_MAX;
    if (gap_ns < NS_PER_S) {
        const double left = 1.0 - (double)gap_ns / (double)NS_PER_S;
        if ((double)l->before * left + (double)l->current >= (double)l->max_per_s) {
            l->n_dropped += n;
            return 0;
        }
    } else {
        l->before = gap_ns < 2 * NS_PER_S ? l->current : 0;
        l->window_ns = now_ns;
        l->current = 0;
    }
    l->current += n;
    return n;
}
