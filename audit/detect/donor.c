#include "audit/detect/donor.h"

#include <math.h>
#include <stdlib.h>

#include "audit/detect/draw.h"
#include "tm/base/time.h"

/* Differences of logarithms that count as much as each other: a third, a tenth, a tenth, a twentieth.  By trial on bulk
 * transfers; half or twice as much changes little. */
#define SEGMENTS_SCALE 3.0F
#define RTT_SCALE      10.0F
#define BEFORE_SCALE   10.0F
#define FLIGHT_SCALE   20.0F
#define BEFORE_BYTES   14600.0 /* an initial window: less than that makes no difference */

static int by_sent(const void *a, const void *b)
{
    const struct tm_donor *x = a, *y = b;
    if (x->dir != y->dir)
        return x->dir < y->dir ? -1 : 1;
    if (x->log_before < y->log_before || x->log_before > y->log_before)
        return x->log_before < y->log_before ? -1 : 1;
    if (x->n_segments != y->n_segments)
        return x->n_segments < y->n_segments ? -1 : 1;
    return x->write < y->write ? -1 : x->write > y->write;
}

/* Of the handshake; 0: not seen. */
static int64_t round_trip_us(const struct tm_trace *t)
{
    int64_t up = t->rtt_us[TM_UP], down = t->rtt_us[TM_DOWN];
    return up == TM_NEVER || down == TM_NEVER ? 0 : up + down;
}

/* One direction of a connection, up to some packet. */
struct sent {
    double bytes;
    uint32_t flight; /* segments since the last pause of half a round trip or more */
    int64_t last_us;
};

static void send_on(struct sent *s, const struct tm_trace_packet *p, int64_t rtt_us)
{
    s->flight = p->t_us - s->last_us >= (rtt_us + 1) / 2 ? 1 : s->flight + 1;
    s->bytes += p->bytes;
    s->last_us = p->t_us;
}

static void collect(struct tm_donors *d, const struct tm_writes *w, const struct tm_trace_set *set,
                    size_t trace)
{
    struct sent sent[2] = {{.bytes = 0}, {.bytes = 0}};
    int64_t rtt_us = round_trip_us(&set->v[trace]);
    for (size_t i = w->start[trace]; i < w->start[trace + 1]; i++) {
        const struct tm_write_cut *c = &w->v[i];
        const struct tm_trace_packet *p = set->packets + c->first;
        struct sent *s = &sent[c->dir];
        double bytes = s->bytes;
        d->place[i] = UINT32_MAX;
        send_on(s, p, rtt_us);
        if (c->n_segments > 1) {
            d->place[i] = (uint32_t)d->n;
            d->v[d->n++] = (struct tm_donor){.write = i,
                                             .trace = c->trace,
                                             .n_segments = c->n_segments,
                                             .dir = c->dir,
                                             .log_segments = logf((float)c->n_segments),
                                             .log_rtt = logf((float)rtt_us + 1),
                                             .log_before = (float)log(BEFORE_BYTES + bytes),
                                             .log_flight = logf((float)s->flight)};
        }
        for (uint32_t k = 1; k < c->n_segments; k++)
            send_on(s, &p[k], rtt_us);
    }
}

int tm_donors_init(struct tm_donors *d, const struct tm_writes *w, const struct tm_trace_set *set)
{
    *d = (struct tm_donors){.v = calloc(w->n + 1, sizeof *d->v),
                            .place = calloc(w->n + 1, sizeof *d->place)};
    if (!d->v || !d->place) {
        tm_donors_deinit(d);
        return TM_ERR_NOMEM;
    }
    for (size_t t = 0; t < set->n; t++)
        collect(d, w, set, t);
    qsort(d->v, d->n, sizeof *d->v, by_sent);
    for (size_t i = 0; i < d->n; i++)
        d->place[d->v[i].write] = (uint32_t)i;
    return TM_OK;
}

void tm_donors_deinit(struct tm_donors *d)
{
    free(d->v);
    free(d->place);
    *d = (struct tm_donors){0};
}

static float square(float x)
{
    return x * x;
}

static float distance(const struct tm_donor *a, const struct tm_donor *b)
{
    return square(SEGMENTS_SCALE * (a->log_segments - b->log_segments)) +
           square(RTT_SCALE * (a->log_rtt - b->log_rtt)) +
           square(BEFORE_SCALE * (a->log_before - b->log_before)) +
           square(FLIGHT_SCALE * (a->log_flight - b->log_flight));
}

/* The nearest so far, nearest first. */
struct nearest {
    const struct tm_donor *v[TM_DONORS];
    float distance[TM_DONORS];
    uint32_t n;
};

static void consider(struct nearest *near, const struct tm_donor *of, const struct tm_donor *other)
{
    if (other->trace == of->trace || other->dir != of->dir)
        return;
    float far = distance(of, other);
    uint32_t at = near->n;
    if (at == TM_DONORS && far >= near->distance[at - 1])
        return;
    at -= at == TM_DONORS;
    for (; at > 0 && near->distance[at - 1] > far; at--) {
        near->v[at] = near->v[at - 1];
        near->distance[at] = near->distance[at - 1];
    }
    near->v[at] = other;
    near->distance[at] = far;
    near->n += near->n < TM_DONORS;
}

size_t tm_donors_pick(const struct tm_donors *d, size_t write, struct tm_rng *rng)
{
    struct nearest near = {.n = 0};
    size_t at = d->place[write];
    size_t from = at > TM_DONORS_WINDOW ? at - TM_DONORS_WINDOW : 0;
    size_t to = d->n - at > TM_DONORS_WINDOW ? at + TM_DONORS_WINDOW : d->n;
    for (size_t i = from; i < to; i++)
        consider(&near, &d->v[at], &d->v[i]);
    return near.n > 0 ? near.v[tm_draw_below(rng, near.n)]->write : write;
}
