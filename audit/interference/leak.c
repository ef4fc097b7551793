#include "audit/interference/leak.h"

#include <stdlib.h>

static bool begins_write(const struct tm_trace_packet *p, uint32_t i)
{
    return i == 0 || p[i].dir != p[i - 1].dir || p[i].t_us - p[i - 1].t_us > TM_LEAK_BURST_US;
}

int tm_leak_add(struct tm_trace_set *to, const struct tm_leak *leak,
                const struct tm_trace_set *from, const struct tm_trace *t, struct tm_rng *rng)
{
    const struct tm_trace_packet *p = tm_trace_packets(from, t);
    struct tm_trace_packet *out = malloc((2 * (size_t)t->n_packets + 1) * sizeof *out);
    struct tm_trace copy = *t;
    int64_t late_us = 0;
    uint32_t n = 0;
    if (!out)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < t->n_packets; i++) {
        bool is_last = i + 1 == t->n_packets || begins_write(p, i + 1);
        if (leak->kind == TM_LEAK_LATE && begins_write(p, i) && tm_rng_below(rng, 2) != 0)
            late_us += leak->late_us;
        out[n] = p[i];
        out[n++].t_us += late_us;
        if (leak->kind != TM_LEAK_RECORD || p[i].dir != TM_DOWN || !is_last ||
            tm_rng_below(rng, 2) == 0)
            continue;
        out[n++] = (struct tm_trace_packet){
            .t_us = p[i].t_us, .bytes = TM_LEAK_RECORD_BYTES, .dir = TM_UP, .is_new = true};
        copy.new_bytes[TM_UP] += TM_LEAK_RECORD_BYTES;
    }
    copy.duration_us += late_us;
    int rc = tm_trace_set_add(to, &copy, out, n);
    free(out);
    return rc;
}
