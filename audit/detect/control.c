#include "audit/detect/control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/detect/draw.h"

/* Packets with the gaps before them, those of one kind together. */
struct pool {
    uint32_t *bytes; /* owned */
    int64_t *gap_us; /* owned */
    uint8_t *dir;    /* owned */
    size_t *start;   /* owned, n_kinds + 1 */
    size_t n;
    uint32_t largest; /* payload of a segment */
};

static void pool_deinit(struct pool *p)
{
    free(p->bytes);
    free(p->gap_us);
    free(p->dir);
    free(p->start);
}

static uint32_t kind_of(uint32_t cluster, uint8_t dir, uint32_t place)
{
    uint32_t last = TM_CONTROL_PLACES - 1;
    return (cluster * 2 + dir) * TM_CONTROL_PLACES + (place < last ? place : last);
}

/* cluster NULL: all packets are of kind 0. */
static uint32_t kind_in(const uint32_t *cluster, size_t trace, uint8_t dir, uint32_t place)
{
    return cluster ? kind_of(cluster[trace], dir, place) : 0;
}

static void pool_put(struct pool *p, size_t at, const struct tm_trace_packet *v, uint32_t k)
{
    p->bytes[at] = v[k].bytes;
    p->gap_us[at] = v[k].t_us - (k > 0 ? v[k - 1].t_us : 0);
    p->dir[at] = v[k].dir;
    if (v[k].bytes > p->largest)
        p->largest = v[k].bytes;
}

/* A counting sort by kind. */
static int pool_init(struct pool *p, const struct tm_trace_set *set, const uint32_t *cluster,
                     uint32_t n_kinds)
{
    size_t n = set->n_packets + 1;
    size_t *at = calloc((size_t)n_kinds + 1, sizeof *at);
    *p = (struct pool){.bytes = calloc(n, sizeof *p->bytes),
                       .gap_us = calloc(n, sizeof *p->gap_us),
                       .dir = calloc(n, 1),
                       .start = calloc((size_t)n_kinds + 1, sizeof *p->start)};
    if (!at || !p->bytes || !p->gap_us || !p->dir || !p->start) {
        free(at);
        pool_deinit(p);
        return TM_ERR_NOMEM;
    }
    for (int is_second = 0; is_second < 2; is_second++) {
        for (size_t i = 0; i < set->n; i++) {
            const struct tm_trace_packet *v = tm_trace_packets(set, &set->v[i]);
            for (uint32_t k = 0; k < set->v[i].n_packets; k++) {
                uint32_t kind = kind_in(cluster, i, v[k].dir, k);
                if (is_second)
                    pool_put(p, at[kind]++, v, k);
                else
                    p->start[kind + 1]++;
            }
        }
        for (uint32_t kind = 0; !is_second && kind < n_kinds; kind++) {
            p->start[kind + 1] += p->start[kind];
            at[kind + 1] = p->start[kind + 1];
        }
    }
    p->n = p->start[n_kinds];
    free(at);
    return TM_OK;
}

static size_t pick(const struct pool *p, uint32_t kind, struct tm_rng *rng)
{
    return p->start[kind] + tm_draw_below(rng, p->start[kind + 1] - p->start[kind]);
}

static uint32_t moved(uint32_t bytes, uint32_t largest, struct tm_rng *rng)
{
    if (bytes >= largest)
        return bytes;
    double b = (double)bytes * (0.9 + 0.2 * tm_draw_uniform(rng));
    return b < 1 ? 1 : b > largest ? largest : (uint32_t)(b + 0.5);
}

/* One connection made after `frame`, whose own end stays. */
static int add(struct tm_trace_set *out, const struct tm_trace *frame,
               const struct tm_trace_packet *old, const struct tm_trace_packet *v, uint32_t n)
{
    struct tm_trace t = *frame;
    char name[32];
    (void)snprintf(name, sizeof name, "control %zu", out->n);
    int rc = tm_trace_set_name(out, name, &t.session);
    if (rc != TM_OK)
        return rc;
    t.load = 0;
    t.duration_us = v[n - 1].t_us + (frame->duration_us - old[frame->n_packets - 1].t_us);
    return tm_trace_set_add(out, &t, v, n);
}

static int make(struct tm_trace_set *out, const struct tm_trace_set *set, const uint32_t *cluster,
                uint32_t n_kinds, uint32_t n, struct tm_rng *rng)
{
    struct pool pool;
    struct tm_trace_packet *v = calloc(TM_CONTROL_PACKETS_MAX, sizeof *v);
    int rc = v ? pool_init(&pool, set, cluster, n_kinds) : TM_ERR_NOMEM;
    if (rc != TM_OK)
        goto out;
    while (rc == TM_OK && pool.n > 0 && out->n < n) {
        size_t index = tm_draw_below(rng, set->n);
        const struct tm_trace *frame = &set->v[index];
        const struct tm_trace_packet *old = tm_trace_packets(set, frame);
        uint32_t m = frame->n_packets;
        int64_t t_us = 0;
        if (m == 0)
            continue;
        m = m < TM_CONTROL_PACKETS_MAX ? m : TM_CONTROL_PACKETS_MAX;
        for (uint32_t k = 0; k < m; k++) {
            uint32_t kind = kind_in(cluster, index, old[k].dir, k);
            size_t size = pick(&pool, kind, rng);
            uint32_t bytes = pool.bytes[size];
            t_us += pool.gap_us[pick(&pool, kind, rng)];
            v[k] =
                (struct tm_trace_packet){.t_us = t_us,
                                         .bytes = cluster ? moved(bytes, pool.largest, rng) : bytes,
                                         .dir = pool.dir[size],
                                         .is_new = true};
        }
        rc = add(out, frame, old, v, m);
    }
    pool_deinit(&pool);
out:
    free(v);
    return rc;
}

int tm_control_naive(struct tm_trace_set *out, const struct tm_trace_set *set, uint32_t n,
                     struct tm_rng *rng)
{
    return make(out, set, NULL, 1, n, rng);
}

int tm_control_subclass(struct tm_trace_set *out, const struct tm_trace_set *set,
                        const uint32_t *cluster, uint32_t n_clusters, uint32_t n,
                        struct tm_rng *rng)
{
    return make(out, set, cluster, n_clusters * 2 * TM_CONTROL_PLACES, n, rng);
}
