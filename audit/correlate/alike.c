#include "audit/correlate/alike.h"

#include <math.h>
#include <stdbool.h>

/* Mean size and mean logarithm of the gaps of the packets from *at on that lie before end_us; *at moves behind them. */
static bool measure(const struct tm_scene_line *l, uint32_t *at, int64_t end_us, double out[2])
{
    uint32_t first = *at;
    out[0] = out[1] = 0;
    for (; *at < l->n && l->v[*at].t_us < end_us; (*at)++) {
        int64_t gap_us = *at > 0 ? l->v[*at].t_us - l->v[*at - 1].t_us : 0;
        out[0] += l->v[*at].bytes / 1460.0;
        out[1] += log1p((double)gap_us) / 16;
    }
    if (*at == first)
        return false;
    out[0] /= *at - first;
    out[1] /= *at - first;
    return true;
}

double tm_alike_distance(const struct tm_scene_line *flow, const struct tm_scene_line *carrier)
{
    double sum = 0;
    uint32_t n = 0;
    uint32_t at_flow = 0;
    while (at_flow < flow->n) {
        /* The window that holds the flow's next packet. */
        int64_t k = (flow->v[at_flow].t_us - tm_scene_first_us(flow)) / TM_ALIKE_WINDOW_US;
        int64_t from_us = tm_scene_first_us(flow) + k * TM_ALIKE_WINDOW_US;
        uint32_t at_carrier = tm_scene_at(carrier, from_us);
        double a[2];
        double b[2];
        (void)measure(flow, &at_flow, from_us + TM_ALIKE_WINDOW_US, a);
        sum += measure(carrier, &at_carrier, from_us + TM_ALIKE_WINDOW_US, b)
                   ? hypot(a[0] - b[0], a[1] - b[1])
                   : TM_ALIKE_FAR;
        n++;
    }
    return sum / n;
}
