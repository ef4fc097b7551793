#include "audit/correlate/pair_input.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static_assert(TM_NET_CHANNELS == 7, "what a step is made of");

struct side {
    const struct tm_scene_line *l;
    uint32_t at;
};

static int64_t next_us(const struct side *s)
{
    return s->at < s->l->n ? s->l->v[s->at].t_us : INT64_MAX;
}

/* Takes the packets before end_us; x: up, down. */
static void take(struct side *s, int64_t end_us, float x[2])
{
    double bytes[2] = {0, 0};
    for (; next_us(s) < end_us; s->at++)
        bytes[s->l->v[s->at].dir] += s->l->v[s->at].bytes;
    x[0] = (float)(log1p(bytes[0]) / 12);
    x[1] = (float)(log1p(bytes[1]) / 12);
}

void tm_pair_encode(float *x, const struct tm_scene_line *flow, const struct tm_scene_line *carrier)
{
    int64_t from_us = tm_scene_first_us(flow) - TM_PAIR_MARGIN_US;
    int64_t end_us = tm_scene_last_us(flow) + TM_PAIR_MARGIN_US;
    struct side a = {flow, 0};
    struct side b = {carrier, tm_scene_at(carrier, from_us)};
    int64_t was_us = from_us;
    memset(x, 0, sizeof(float[TM_NET_INPUT]));
    for (uint32_t i = 0; i < TM_NET_STEPS; i++, x += TM_NET_CHANNELS) {
        int64_t first[2] = {next_us(&a), next_us(&b)};
        int64_t t_us = first[0] < first[1] ? first[0] : first[1];
        if (t_us > end_us)
            break;
        int64_t stop_us = t_us + TM_PAIR_STEP_US;
        x[0] = 1;
        take(&a, stop_us, x + 1);
        take(&b, stop_us, x + 3);
        x[5] = (float)(log1p((double)(t_us - was_us)) / 16);
        if (first[0] < stop_us && first[1] < stop_us)
            x[6] = (float)(first[1] - first[0]) / TM_PAIR_STEP_US;
        was_us = t_us;
    }
}
