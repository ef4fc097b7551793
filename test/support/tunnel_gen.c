#include "test/support/tunnel_gen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/rng.h"

#define SEGMENT  1448U
#define OVERHEAD 30U

struct piece {
    int64_t t_us;
    uint32_t flow, bytes;
    uint8_t dir;
};

struct gen {
    const struct tunnel_gen_cfg *cfg;
    struct tm_rng rng;
    struct piece *v;
    size_t n, cap;
};

static void *must(void *p)
{
    if (!p) {
        (void)fputs("tunnel_gen: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

/* Between low and high, the logarithm uniform. */
static int64_t about(struct gen *g, double low, double high)
{
    double u = (double)(tm_rng_u64(&g->rng) >> 11) / 9007199254740992.0;
    return (int64_t)(low * pow(high / low, u));
}

static void put(struct gen *g, int64_t t_us, uint32_t flow, uint8_t dir, uint32_t bytes)
{
    if (g->n == g->cap) {
        g->cap = g->cap > 0 ? 2 * g->cap : 1024;
        g->v = must(realloc(g->v, g->cap * sizeof *g->v));
    }
    g->v[g->n++] = (struct piece){t_us, flow, bytes, dir};
}

/* One flow's requests and answers. */
static void browse(struct gen *g, uint32_t flow)
{
    int64_t t_us = (int64_t)tm_rng_below(&g->rng, (uint64_t)g->cfg->span_us);
    uint32_t n = 2 + (uint32_t)tm_rng_below(&g->rng, 5);
    for (uint32_t i = 0; i < n; i++) {
        put(g, t_us, flow, TM_UP, (uint32_t)about(g, 200, 1200));
        t_us += about(g, 3000, 40000);
        for (int64_t left = about(g, 1000, 60000); left > 0; left -= SEGMENT) {
            put(g, t_us, flow, TM_DOWN, left < SEGMENT ? (uint32_t)left : SEGMENT);
            t_us += about(g, 20, 400);
        }
        t_us += about(g, 50000, 1500000);
    }
}

static int by_time(const void *x, const void *y)
{
    const struct piece *a = x;
    const struct piece *b = y;
    if (a->t_us != b->t_us)
        return a->t_us < b->t_us ? -1 : 1;
    return a->flow < b->flow ? -1 : a->flow > b->flow;
}

/* The tunnel's carrier with the lowest rate, a second's memory. */
static uint32_t slowest(double *rate, int64_t *seen_us, uint32_t first, uint32_t n, int64_t t_us)
{
    uint32_t best = first;
    for (uint32_t c = first; c < first + n; c++) {
        rate[c] *= exp(-(double)(t_us - seen_us[c]) / 1e6);
        seen_us[c] = t_us;
        if (rate[c] < rate[best])
            best = c;
    }
    return best;
}

/* carrier[i]: of each piece. */
static void assign(const struct gen *g, uint32_t *carrier)
{
    const struct tunnel_gen_cfg *cfg = g->cfg;
    size_t n = (size_t)cfg->n_tunnels * cfg->n_carriers + 1;
    double *rate = must(calloc(n, sizeof *rate));
    int64_t *seen_us = must(calloc(n, sizeof *seen_us));
    for (size_t i = 0; i < g->n; i++) {
        uint32_t tunnel = g->v[i].flow % cfg->n_tunnels;
        uint32_t first = tunnel * cfg->n_carriers;
        carrier[i] = cfg->kind == TUNNEL_ONE_TO_ONE
                         ? g->v[i].flow
                         : slowest(rate, seen_us, first, cfg->n_carriers, g->v[i].t_us);
        if (cfg->kind != TUNNEL_ONE_TO_ONE)
            rate[carrier[i]] += g->v[i].bytes;
    }
    free(rate);
    free(seen_us);
}

/* The pieces whose key[i] is k, as a line of the scene. */
static void add_line(struct tm_scene *s, struct gen *g, enum tm_scene_side side, uint32_t tunnel,
                     const uint32_t *key, uint32_t k)
{
    struct tm_scene_packet *v = must(malloc((g->n + 1) * sizeof *v));
    uint32_t n = 0;
    uint32_t number = 0;
    for (size_t i = 0; i < g->n; i++) {
        const struct piece *p = &g->v[i];
        bool is_flow = side == TM_SCENE_FLOW;
        int64_t late_us = is_flow || g->cfg->jitter_us == 0
                              ? 0
                              : (int64_t)tm_rng_below(&g->rng, (uint64_t)g->cfg->jitter_us);
        if ((is_flow ? p->flow : key[i]) == k)
            v[n++] = (struct tm_scene_packet){p->t_us + late_us,
                                              p->bytes + (is_flow ? 0 : OVERHEAD), p->dir};
    }
    if (n == 0) /* a carrier that carried nothing says so */
        v[n++] = (struct tm_scene_packet){0, OVERHEAD, TM_UP};
    if (tm_scene_add(s, side, tunnel, v, n, &number) != TM_OK)
        must(NULL);
    free(v);
}

static void browse_all(struct gen *g)
{
    g->n = 0;
    for (uint32_t i = 0; i < g->cfg->n_flows; i++)
        browse(g, i);
    qsort(g->v, g->n, sizeof *g->v, by_time);
}

static void gen_init(struct gen *g, const struct tunnel_gen_cfg *cfg, uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    *g = (struct gen){.cfg = cfg};
    tm_seed_from_u64(key, seed);
    tm_rng_init(&g->rng, key);
}

/* The pieces of the flows that there are. */
static void gather(struct gen *g, const struct tm_scene *s)
{
    for (uint32_t f = 0; f < s->n_flows; f++) {
        for (uint32_t i = 0; i < s->flows[f].n; i++)
            put(g, s->flows[f].v[i].t_us, f, s->flows[f].v[i].dir, s->flows[f].v[i].bytes);
    }
    qsort(g->v, g->n, sizeof *g->v, by_time);
}

static void share(struct tm_scene *s, uint32_t flow, uint32_t carrier, uint64_t bytes)
{
    if (tm_scene_share(s, flow, carrier, bytes) != TM_OK)
        must(NULL);
}

void tunnel_gen_carry(struct tm_scene *s, const struct tunnel_gen_cfg *cfg)
{
    struct gen real; /* what the flows send */
    struct gen wire; /* what the carriers send */
    bool is_own = cfg->kind == TUNNEL_ONE_TO_ONE;
    uint32_t n_carriers = is_own ? cfg->n_flows : cfg->n_tunnels * cfg->n_carriers;
    gen_init(&real, cfg, cfg->seed + (UINT64_C(1) << 32));
    gen_init(&wire, cfg, cfg->seed + (UINT64_C(2) << 32));
    gather(&real, s);
    if (cfg->kind == TUNNEL_SCHEDULED)
        browse_all(&wire);
    else
        gather(&wire, s);
    uint32_t *carrier = must(malloc((wire.n + 1) * sizeof *carrier));
    assign(&wire, carrier);
    for (uint32_t c = 0; c < n_carriers; c++)
        add_line(s, &wire, TM_SCENE_CARRIER, is_own ? c % cfg->n_tunnels : c / cfg->n_carriers,
                 carrier, c);
    for (size_t i = 0; i < real.n; i++) {
        /* A schedule's next write of the tunnel takes it. */
        uint32_t first = real.v[i].flow % cfg->n_tunnels * cfg->n_carriers;
        uint32_t to =
            cfg->kind == TUNNEL_SCHEDULED ? first + (uint32_t)(i % cfg->n_carriers) : carrier[i];
        share(s, real.v[i].flow, to, real.v[i].bytes);
    }
    if (tm_scene_finish(s) != TM_OK)
        must(NULL);
    free(carrier);
    free(wire.v);
    free(real.v);
}

void tunnel_gen_scene(struct tm_scene *out, const struct tunnel_gen_cfg *cfg)
{
    struct gen g;
    *out = (struct tm_scene){0};
    gen_init(&g, cfg, cfg->seed);
    browse_all(&g);
    for (uint32_t f = 0; f < cfg->n_flows; f++)
        add_line(out, &g, TM_SCENE_FLOW, f % cfg->n_tunnels, NULL, f);
    free(g.v);
    tunnel_gen_carry(out, cfg);
}

/* ---- captures ---- */

#define BASE_US INT64_C(1763710000000000)
#define RAW_IP  101U

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffffU);
}

/* Ends of connection `number`: flows 10.1.0.1 -> 10.2.0.1:80, carriers 10.3.0.1 -> 10.1.0.1:443; client's port 10000 + number. */
static void frame(FILE *f, enum tm_scene_side side, uint32_t number, int64_t t_us, uint8_t dir,
                  uint8_t flags, uint32_t seq, uint32_t payload)
{
    uint8_t b[40] = {0x45};
    uint32_t client[2] = {side == TM_SCENE_FLOW ? 0x0a010001U : 0x0a030001U, 10000 + number};
    uint32_t server[2] = {side == TM_SCENE_FLOW ? 0x0a020001U : 0x0a010001U,
                          side == TM_SCENE_FLOW ? 80U : 443U};
    const uint32_t *from = dir == TM_UP ? client : server;
    const uint32_t *to = dir == TM_UP ? server : client;
    put16(b + 2, 40 + payload);
    b[8] = 64;
    b[9] = 6;
    put32(b + 12, from[0]);
    put32(b + 16, to[0]);
    put16(b + 20, from[1]);
    put16(b + 22, to[1]);
    put32(b + 24, seq);
    b[32] = 0x50;
    b[33] = flags;
    put16(b + 34, 65535);
    uint32_t head[4] = {(uint32_t)((BASE_US + t_us) / 1000000),
                        (uint32_t)((BASE_US + t_us) % 1000000), 40, 40 + payload};
    (void)fwrite(head, sizeof head, 1, f);
    (void)fwrite(b, sizeof b, 1, f);
}

struct frame_at {
    int64_t t_us;
    uint32_t number, seq, bytes;
    uint8_t dir, flags;
};

static int by_frame_time(const void *x, const void *y)
{
    const struct frame_at *a = x;
    const struct frame_at *b = y;
    if (a->t_us != b->t_us)
        return a->t_us < b->t_us ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static int write_capture(const struct tm_scene_line *lines, uint32_t n, enum tm_scene_side side,
                         const char *path)
{
    const uint32_t head[6] = {0xa1b2c3d4U, 2U | 4U << 16, 0, 0, 96, RAW_IP};
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += lines[i].n + 2;
    struct frame_at *v = must(malloc((total + 1) * sizeof *v));
    size_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t seq[2] = {1, 1};
        v[m++] = (struct frame_at){lines[i].v[0].t_us - 200, i, 0, 0, TM_UP, 0x02};
        v[m++] = (struct frame_at){lines[i].v[0].t_us - 100, i, 0, 0, TM_DOWN, 0x12};
        for (uint32_t k = 0; k < lines[i].n; k++) {
            const struct tm_scene_packet *p = &lines[i].v[k];
            v[m++] = (struct frame_at){p->t_us, i, seq[p->dir], p->bytes, p->dir, 0x10};
            seq[p->dir] += p->bytes;
        }
    }
    qsort(v, m, sizeof *v, by_frame_time);
    FILE *f = fopen(path, "wb");
    if (f) {
        (void)fwrite(head, sizeof head, 1, f);
        for (size_t i = 0; i < m; i++)
            frame(f, side, v[i].number, v[i].t_us, v[i].dir, v[i].flags, v[i].seq, v[i].bytes);
    }
    free(v);
    return f && fclose(f) == 0 ? 0 : -1;
}

int tunnel_gen_write(const struct tm_scene *s, const char *dir)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/entry.pcap", dir);
    if (write_capture(s->carriers, s->n_carriers, TM_SCENE_CARRIER, path) != 0)
        return -1;
    (void)snprintf(path, sizeof path, "%s/exit.pcap", dir);
    if (write_capture(s->flows, s->n_flows, TM_SCENE_FLOW, path) != 0)
        return -1;
    (void)snprintf(path, sizeof path, "%s/labels.csv", dir);
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    (void)fputs("# made by test/support/tunnel_gen\n"
                "at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes\n",
                f);
    for (uint32_t i = 0; i < s->n_shares; i++) {
        const struct tm_scene_share *h = &s->shares[i];
        (void)fprintf(f, "0,10.1.0.1:%u,10.2.0.1:80,10.3.0.1:%u,10.1.0.1:443,tunnel-%u,%llu\n",
                      10000 + h->flow, 10000 + h->carrier, s->flows[h->flow].tunnel,
                      (unsigned long long)h->bytes);
    }
    return fclose(f) == 0 ? 0 : -1;
}
