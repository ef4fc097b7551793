#include "learner/world.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"
#include "tm/base/time.h"

#define N_PORTS 65536U
#define LOOK    64U         /* packets whose connections are looked for in one go */
#define AHEAD   ((size_t)8) /* packets from one step of the fetching to the next */

struct tm_world {
    struct tm_world_cfg cfg;
    struct tm_world_counts counts;
    struct tm_flow_table *flows;
    struct tm_pair_pool pool;
    struct tm_samples samples;
    struct tm_record *record;
    size_t n_records;
    size_t cap_records;
    uint64_t mark;
    bool is_port[N_PORTS];
    uint64_t n_syns[N_PORTS];  /* openings seen to other ports */
    uint64_t n_other[N_PORTS]; /* packets of other connections, by the smaller port */
};

/* A packet of our ports, and where its connection is looked for. */
struct look {
    const struct tm_packet *p;
    struct tm_flow_key key;
    uint32_t hash;
    unsigned src_side;
};

int tm_world_new(struct tm_world **out, const struct tm_world_cfg *cfg)
{
    *out = NULL;
    if ((cfg->n_ports == 0 && !cfg->is_any_port) || cfg->exchange.max_pairs == 0)
        return TM_ERR_RANGE;
    struct tm_world *w = calloc(1, sizeof *w);
    if (!w)
        return TM_ERR_NOMEM;
    w->cfg = *cfg;
    w->cfg.ports = NULL;
    for (size_t i = 0; i < N_PORTS; i++)
        w->is_port[i] = cfg->is_any_port;
    for (size_t i = 0; i < cfg->n_ports; i++)
        w->is_port[cfg->ports[i]] = true;
    tm_pair_pool_init(&w->pool);
    int rc = tm_flow_table_new(&w->flows, &cfg->flow);
    if (rc != TM_OK) {
        tm_world_free(w);
        return rc;
    }
    *out = w;
    return TM_OK;
}

void tm_world_free(struct tm_world *w)
{
    if (!w)
        return;
    tm_flow_table_free(w->flows);
    tm_pair_pool_deinit(&w->pool);
    tm_samples_deinit(&w->samples);
    free(w->record);
    free(w);
}

static void count_tls(struct tm_world_counts *n, enum tm_tls_state state)
{
    n->n_tls += state != TM_TLS_NONE;
    n->n_tls_followed += state == TM_TLS_FOLLOWED;
    n->n_tls_cut += state == TM_TLS_CUT;
    n->n_tls_lost += state == TM_TLS_LOST || state == TM_TLS_BROKEN;
}

static void count_kept(struct tm_world_counts *n, const struct tm_conn *c)
{
    n->n_conns++;
    n->n_pseudo += c->is_pseudo;
    n->n_no_syn += !c->has_syn;
    n->n_no_end += !c->has_end;
    n->n_retrans += c->n_retrans;
    for (int d = 0; d < 2; d++) {
        n->bytes[d] += c->bytes[d];
        n->inferred += c->inferred[d];
        n->uncounted += c->uncounted[d];
    }
}

static int keep_record(struct tm_world *w, const struct tm_record *r)
{
    int rc = tm_grow(&w->record, &w->cap_records, w->n_records, sizeof *w->record);
    if (rc == TM_OK)
        w->record[w->n_records++] = *r;
    return rc;
}

/* A finished connection with its TLS and path, which are its last part's alone (NULL: another), is
 * kept, or dropped and counted. */
static int emit(struct tm_world *w, const struct tm_flow *f, const struct tm_conn *c,
                const struct tm_tls_conn *tls)
{
    unsigned client = f->client_side;
    struct tm_record r = {
        .client_port = f->key.port[client], .server_port = f->key.port[!client], .conn = *c};
    bool is_short = c->n_packets < w->cfg.min_packets;
    bool is_kept = !is_short && c->n_pairs > 0;
    int rc = TM_OK;
    memcpy(r.client, f->key.addr[client], TM_ADDR_LEN);
    memcpy(r.server, f->key.addr[!client], TM_ADDR_LEN);
    if (tls) {
        const struct tm_watch *watch = tm_flow_watch(w->flows, f);
        struct tm_path none = {0};
        r.tls = *tls;
        r.path = tm_path_finish(watch ? &watch->path : &none, f->mss);
    }
    if (is_kept) {
        count_kept(&w->counts, c);
        count_tls(&w->counts, (enum tm_tls_state)r.tls.state);
    } else {
        w->counts.n_short += is_short;
        w->counts.n_empty += !is_short;
    }
    if (w->cfg.fitter)
        rc = tm_fitter_close(w->cfg.fitter, f->ticket, is_kept ? &r : NULL, &w->pool);
    else if (is_kept && tm_shard_has(w->cfg.shard, r.client))
        return keep_record(w, &r);
    tm_pair_pool_release(&w->pool, c->first_pair);
    return rc;
}

static int finish(struct tm_world *w, struct tm_flow *f)
{
    struct tm_conn c;
    struct tm_tls_conn tls = {0};
    if (f->is_foreign) {
        w->counts.n_foreign++;
        return TM_OK;
    }
    struct tm_watch *watch = tm_flow_watch(w->flows, f);
    tm_exchange_finish(&f->exchange, &w->cfg.exchange, &w->pool, &c);
    int rc = watch ? tm_tls_finish(&watch->tls, &w->samples, &tls) : TM_OK;
    return rc == TM_OK ? emit(w, f, &c, &tls) : rc;
}

/* Tells the fitter that the flow's connection, or its next part, began. */
static int announce(struct tm_world *w, struct tm_flow *f, int64_t start_us)
{
    unsigned client = f->client_side;
    if (f->is_foreign || !w->cfg.fitter)
        return TM_OK;
    return tm_fitter_open(w->cfg.fitter, f->key.addr[client], f->key.addr[!client], start_us,
                          &f->ticket);
}

static bool is_opening(const struct tm_packet *p)
{
    return (p->flags & (TM_TCP_SYN | TM_TCP_ACK)) == TM_TCP_SYN;
}

/* The side that opened is the client.  When the opening was not captured, the server is who has a
 * port to learn from; if both have one, the smaller port; if they are equal, the receiver of the
 * first packet. */
static bool src_is_client(const struct tm_world *w, const struct tm_packet *p)
{
    if (p->flags & TM_TCP_SYN)
        return is_opening(p);
    bool src_known = w->is_port[p->src_port];
    if (src_known != w->is_port[p->dst_port])
        return !src_known;
    return p->src_port >= p->dst_port;
}

static void orient(struct tm_world *w, struct tm_flow *f, const struct tm_packet *p,
                   unsigned src_side)
{
    bool src_opened = src_is_client(w, p);
    f->client_side = (uint8_t)(src_opened ? src_side : !src_side);
    f->is_foreign = !w->is_port[src_opened ? p->dst_port : p->src_port];
}

static int add_flow(struct tm_world *w, const struct look *l, struct tm_flow **out)
{
    const struct tm_packet *p = l->p;
    struct tm_flow *old;
    while ((old = tm_flow_victim(w->flows, p->t_us))) {
        w->counts.n_evicted += old->closed_us == TM_NEVER;
        int rc = finish(w, old);
        tm_flow_remove(w->flows, old);
        if (rc != TM_OK)
            return rc;
    }
    int rc = tm_flow_add(w->flows, &l->key, l->hash, out);
    if (rc != TM_OK)
        return rc;
    orient(w, *out, p, l->src_side);
    return announce(w, *out, p->t_us);
}

/* The flow's endpoints open another connection. */
static int reopen(struct tm_world *w, const struct look *l, struct tm_flow **f)
{
    int rc = finish(w, *f);
    tm_flow_remove(w->flows, *f);
    return rc == TM_OK ? add_flow(w, l, f) : rc;
}

static struct tm_segment segment_of(const struct look *l, const struct tm_flow *f)
{
    const struct tm_packet *p = l->p;
    return (struct tm_segment){
        .t_us = p->t_us,
        .seq = p->seq,
        .ack = p->ack,
        .payload_len = p->payload_len,
        .flags = p->flags,
        .dir = l->src_side == f->client_side ? TM_UP : TM_DOWN,
    };
}

/* The exchange machine has seen the packet: it knows where both directions begin. */
static int start_watch(struct tm_world *w, struct tm_flow *f, struct tm_watch **out)
{
    const struct tm_exchange *x = &f->exchange;
    int rc = tm_flow_add_watch(w->flows, f, out);
    if (rc != TM_OK)
        return rc;
    struct tm_watch *watch = *out;
    watch->path = (struct tm_path){0};
    tm_tls_init(&watch->tls);
    for (int d = 0; d < 2; d++) {
        if (!x->half[d].is_valid)
            continue;
        tm_path_start(&watch->path, (enum tm_dir)d, x->half[d].base);
        tm_tls_start(&watch->tls, (enum tm_dir)d, x->half[d].base);
    }
    return TM_OK;
}

/* The network's and TLS's view of a packet that belongs to the connection. */
static int observe(struct tm_world *w, const struct tm_packet *p, const struct tm_segment *s,
                   struct tm_flow *f)
{
    struct tm_view payload = {p->payload, p->payload_cap_len};
    if (s->flags & TM_TCP_SYN)
        f->mss[s->dir] = p->mss;
    if (s->payload_len == 0)
        return TM_OK;
    struct tm_watch *watch = tm_flow_watch(w->flows, f);
    int rc = watch ? TM_OK : start_watch(w, f, &watch);
    if (rc != TM_OK)
        return rc;
    tm_path_feed(&watch->path, s, f->exchange.conn.rtt_us[s->dir]);
    return tm_tls_feed(&watch->tls, s, payload, &w->samples);
}

static int feed(struct tm_world *w, const struct look *l, struct tm_flow *f)
{
    struct tm_conn cut;
    struct tm_segment s = segment_of(l, f);
    int rc = tm_exchange_feed(&f->exchange, &w->cfg.exchange, &w->pool, &s, &cut);
    if (rc == TM_EXCHANGE_NEW) {
        rc = reopen(w, l, &f);
        if (rc != TM_OK)
            return rc;
        s = segment_of(l, f);
        rc = tm_exchange_feed(&f->exchange, &w->cfg.exchange, &w->pool, &s, &cut);
    }
    if (rc == TM_EXCHANGE_CUT) {
        rc = emit(w, f, &cut, NULL);
        if (rc == TM_OK)
            rc = announce(w, f, f->exchange.conn.start_us);
    }
    if (rc == TM_OK)
        rc = observe(w, l->p, &s, f);
    if (rc == TM_OK && tm_exchange_is_closed(&f->exchange))
        tm_flow_close(w->flows, f, l->p->t_us);
    return rc;
}

static void count_other(struct tm_world *w, const struct tm_packet *p)
{
    w->counts.n_other_packets++;
    if (is_opening(p))
        w->n_syns[p->dst_port]++;
    w->n_other[p->src_port < p->dst_port ? p->src_port : p->dst_port]++;
}

static int take(struct tm_world *w, const struct look *l)
{
    const struct tm_packet *p = l->p;
    struct tm_flow *f = tm_flow_find(w->flows, &l->key, l->hash);
    int rc = TM_OK;
    if (!f)
        rc = add_flow(w, l, &f);
    else if (is_opening(p) && (f->is_foreign || tm_exchange_is_closed(&f->exchange)))
        rc = reopen(w, l, &f);
    if (rc != TM_OK)
        return rc;
    if (!f->is_foreign)
        return feed(w, l, f);
    if (p->flags & (TM_TCP_FIN | TM_TCP_RST))
        tm_flow_close(w->flows, f, p->t_us);
    return TM_OK;
}

/* Those of the n <= LOOK packets that are of our ports. */
static size_t choose(struct tm_world *w, const struct tm_packet *p, size_t n, struct look *look)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        w->mark = tm_mix(w->mark ^ (uint64_t)p[i].t_us ^ ((uint64_t)p[i].seq << 32 | p[i].ack));
        if (!w->is_port[p[i].src_port] && !w->is_port[p[i].dst_port]) {
            count_other(w, &p[i]);
            continue;
        }
        struct look *l = &look[kept++];
        l->p = &p[i];
        l->key = tm_flow_key_of(&p[i], &l->src_side);
        l->hash = tm_flow_hash(w->flows, &l->key);
    }
    return kept;
}

/* Asks for what packet `i`, and those behind it, will need when it is their turn. */
static void look_ahead(const struct tm_world *w, const struct look *look, size_t kept, size_t i)
{
    if (i < kept)
        tm_flow_expect(w->flows, look[i].hash, TM_FLOW_PLACE);
    if (i >= AHEAD && i - AHEAD < kept)
        tm_flow_expect(w->flows, look[i - AHEAD].hash, TM_FLOW_ITSELF);
    if (i >= 2 * AHEAD && i - 2 * AHEAD < kept && look[i - 2 * AHEAD].p->payload_len > 0)
        tm_flow_expect(w->flows, look[i - 2 * AHEAD].hash, TM_FLOW_WATCH);
}

int tm_world_packets(struct tm_world *w, const struct tm_packet *p, size_t n)
{
    struct look look[LOOK];
    int rc = TM_OK;
    for (size_t at = 0; at < n && rc == TM_OK; at += LOOK) {
        size_t kept = choose(w, p + at, n - at < LOOK ? n - at : LOOK, look);
        w->counts.n_packets += kept;
        for (size_t i = 0; i < kept + 3 * AHEAD && rc == TM_OK; i++) {
            look_ahead(w, look, kept, i);
            if (i >= 3 * AHEAD)
                rc = take(w, &look[i - 3 * AHEAD]);
        }
    }
    return rc;
}

int tm_world_packet(struct tm_world *w, const struct tm_packet *p)
{
    return tm_world_packets(w, p, 1);
}

int tm_world_end(struct tm_world *w)
{
    struct tm_flow *f;
    int rc = TM_OK;
    while (rc == TM_OK && (f = tm_flow_any(w->flows))) {
        rc = finish(w, f);
        tm_flow_remove(w->flows, f);
    }
    return rc;
}

void tm_world_clear(struct tm_world *w)
{
    struct tm_flow *f;
    while ((f = tm_flow_any(w->flows)))
        tm_flow_remove(w->flows, f);
    tm_pair_pool_clear(&w->pool);
    tm_samples_deinit(&w->samples);
    w->n_records = 0;
    w->mark = 0;
}

const struct tm_record *tm_world_records(const struct tm_world *w, size_t *n)
{
    *n = w->n_records;
    return w->record;
}

const struct tm_pair_pool *tm_world_pairs(const struct tm_world *w)
{
    return &w->pool;
}

const struct tm_world_counts *tm_world_counts(const struct tm_world *w)
{
    return &w->counts;
}

void tm_world_memory(const struct tm_world *w, struct tm_memory *m)
{
    m->open_bytes += tm_flow_bytes(w->flows) + w->pool.cap_pairs * sizeof *w->pool.pair +
                     w->cap_records * sizeof *w->record;
    m->learned_bytes += tm_samples_bytes(&w->samples);
}

uint64_t tm_world_mark(const struct tm_world *w)
{
    return w->mark;
}

const struct tm_samples *tm_world_samples(const struct tm_world *w)
{
    return &w->samples;
}

static bool is_listed(const uint16_t *ports, size_t n, size_t port)
{
    for (size_t i = 0; i < n; i++) {
        if (ports[i] == port)
            return true;
    }
    return false;
}

size_t tm_world_busiest(const struct tm_world *w, uint16_t *ports, size_t n)
{
    const uint64_t *score = w->n_other;
    for (size_t p = 0; p < N_PORTS; p++) {
        if (w->n_syns[p] > 0)
            score = w->n_syns;
    }
    size_t found = 0;
    while (found < n) {
        size_t best = N_PORTS;
        for (size_t p = 0; p < N_PORTS; p++) {
            if (score[p] > 0 && !is_listed(ports, found, p) &&
                (best == N_PORTS || score[p] > score[best]))
                best = p;
        }
        if (best == N_PORTS)
            break;
        ports[found++] = (uint16_t)best;
    }
    return found;
}
