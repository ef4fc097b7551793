/* Connections stand in the order of their first packets; an open-addressing table leads from a pair of endpoints to the newest
 * of theirs.  Segments of all connections stand in one array in the order captured and are dealt out at the end. */
#include <stdlib.h>
#include <string.h>

#include "audit/features/fresh.h"
#include "audit/features/trace.h"
#include "learner/flow.h"
#include "tm/base/buf.h"
#include "tm/base/grow.h"
#include "tm/base/time.h"

#define NONE          UINT32_MAX
#define N_PORTS       65536U
#define FLOWS_DEFAULT (1U << 22)
#define FLOWS_MAX     (1U << 30)

struct half {
    struct tm_fresh fresh;
    bool is_syn_repeated;
    int64_t syn_us;
};

struct conn {
    struct tm_flow_key key;
    struct tm_trace t;
    struct half half[2];
    int64_t last_us;
    uint32_t isn; /* of the client's SYN */
    uint8_t client_side;
    bool is_foreign; /* its server is not on a wanted port */
};

struct seen {
    int64_t t_us;
    uint32_t conn;
    uint32_t bytes : 30;
    uint32_t dir : 1;
    uint32_t is_new : 1;
};

struct tm_trace_builder {
    uint32_t max_flows;
    bool has_ports;
    struct conn *conns;
    uint32_t n_conns, cap_conns;
    uint32_t *places;
    uint32_t cap_places;
    struct seen *seen;
    size_t n_seen, cap_seen;
    bool is_port[N_PORTS];
    uint64_t n_syns[N_PORTS];  /* openings to ports that are not wanted */
    uint64_t n_other[N_PORTS]; /* packets of other connections, by the smaller port */
};

int tm_trace_builder_new(struct tm_trace_builder **out, const struct tm_trace_cfg *cfg)
{
    *out = NULL;
    if (cfg->max_flows > FLOWS_MAX)
        return TM_ERR_RANGE;
    struct tm_trace_builder *b = calloc(1, sizeof *b);
    if (!b)
        return TM_ERR_NOMEM;
    b->max_flows = cfg->max_flows > 0 ? cfg->max_flows : FLOWS_DEFAULT;
    b->has_ports = cfg->n_ports > 0;
    for (size_t i = 0; i < cfg->n_ports; i++)
        b->is_port[cfg->ports[i]] = true;
    *out = b;
    return TM_OK;
}

/* ---- connections ---- */

static uint32_t hash_of(const struct tm_flow_key *k)
{
    uint64_t w[4];
    memcpy(w, k->addr, sizeof w);
    uint64_t h = (uint64_t)k->port[0] << 16 | k->port[1];
    for (int i = 0; i < 4; i++) {
        h = (h ^ w[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (uint32_t)(h ^ h >> 32);
}

static bool is_same(const struct tm_flow_key *a, const struct tm_flow_key *b)
{
    return memcmp(a->addr, b->addr, sizeof a->addr) == 0 && a->port[0] == b->port[0] &&
           a->port[1] == b->port[1];
}

static uint32_t *place_of(const struct tm_trace_builder *b, const struct tm_flow_key *key)
{
    uint32_t mask = b->cap_places - 1;
    uint32_t i = hash_of(key) & mask;
    while (b->places[i] != NONE && !is_same(&b->conns[b->places[i]].key, key))
        i = (i + 1) & mask;
    return &b->places[i];
}

static int make_room(struct tm_trace_builder *b)
{
    if (b->n_conns >= b->max_flows)
        return TM_ERR_LIMIT;
    if (b->n_conns < b->cap_conns)
        return TM_OK;
    uint32_t cap = b->cap_conns == 0 ? 256 : b->cap_conns * 2;
    struct conn *conns = realloc(b->conns, cap * sizeof *conns);
    if (!conns)
        return TM_ERR_NOMEM;
    b->conns = conns;
    uint32_t *places = malloc((size_t)cap * 2 * sizeof *places);
    if (!places)
        return TM_ERR_NOMEM;
    memset(places, 0xff, (size_t)cap * 2 * sizeof *places); /* NONE */
    free(b->places);
    b->places = places;
    b->cap_places = cap * 2;
    b->cap_conns = cap;
    for (uint32_t i = 0; i < b->n_conns; i++) /* the newest of the same endpoints comes last */
        *place_of(b, &conns[i].key) = i;
    return TM_OK;
}

static bool is_opening(const struct tm_packet *p)
{
    return (p->flags & (TM_TCP_SYN | TM_TCP_ACK)) == TM_TCP_SYN;
}

/* Who sends the SYN is the client, who answers it the server; without either the server is who has a wanted port, or the
 * smaller one. */
static bool src_is_client(const struct tm_trace_builder *b, const struct tm_packet *p)
{
    if (p->flags & TM_TCP_SYN)
        return is_opening(p);
    if (b->is_port[p->src_port] != b->is_port[p->dst_port])
        return b->is_port[p->dst_port];
    return p->src_port >= p->dst_port;
}

static struct tm_endpoint endpoint_of(const struct tm_flow_key *k, unsigned side)
{
    struct tm_endpoint e = {.port = k->port[side]};
    memcpy(e.addr, k->addr[side], sizeof e.addr);
    return e;
}

static int open_conn(struct tm_trace_builder *b, const struct tm_flow_key *key,
                     const struct tm_packet *p, unsigned src_side, uint32_t *out)
{
    int rc = make_room(b);
    if (rc != TM_OK)
        return rc;
    TM_ASSERT(b->conns);
    uint32_t *place = place_of(b, key);
    struct conn *c = &b->conns[b->n_conns];
    *c = (struct conn){.key = *key, .last_us = p->t_us};
    c->client_side = (uint8_t)(src_is_client(b, p) ? src_side : !src_side);
    c->t.client = endpoint_of(key, c->client_side);
    c->t.server = endpoint_of(key, !c->client_side);
    c->t.start_us = p->t_us;
    c->is_foreign = b->has_ports && !b->is_port[c->t.server.port];
    for (int d = 0; d < 2; d++) {
        c->t.rtt_us[d] = TM_NEVER;
        c->half[d].syn_us = TM_NEVER;
    }
    *place = b->n_conns;
    *out = b->n_conns++;
    return TM_OK;
}

static bool is_closed(const struct conn *c)
{
    return c->t.has_rst || (c->t.has_fin[TM_UP] && c->t.has_fin[TM_DOWN]);
}

/* A SYN that is no repetition of this connection's own. */
static bool opens_another(const struct conn *c, const struct tm_packet *p, enum tm_dir dir)
{
    if (!is_opening(p))
        return false;
    if (is_closed(c))
        return true;
    return dir == TM_UP && !(c->t.has_syn && c->isn == p->seq);
}

static void feed_syn(struct conn *c, const struct tm_packet *p, enum tm_dir dir)
{
    struct half *h = &c->half[dir];
    if (dir == TM_UP && is_opening(p) && !c->t.has_syn) {
        c->t.has_syn = true;
        c->isn = p->seq;
    }
    tm_fresh_base(&h->fresh, p->seq + 1);
    h->is_syn_repeated |= h->syn_us != TM_NEVER;
    h->syn_us = p->t_us;
    if (h->is_syn_repeated) {
        c->t.rtt_us[TM_UP] = TM_NEVER; /* which of them was answered? (Karn) */
        c->t.rtt_us[TM_DOWN] = TM_NEVER;
    } else if (dir == TM_DOWN && c->half[TM_UP].syn_us != TM_NEVER &&
               !c->half[TM_UP].is_syn_repeated) {
        c->t.rtt_us[TM_UP] = p->t_us - c->half[TM_UP].syn_us;
    }
}

static void feed_third(struct conn *c, const struct tm_packet *p)
{
    const struct half *down = &c->half[TM_DOWN];
    if (c->t.rtt_us[TM_DOWN] == TM_NEVER && down->syn_us != TM_NEVER && !down->is_syn_repeated &&
        (p->flags & TM_TCP_ACK) && p->ack == down->fresh.base && down->fresh.high == 0)
        c->t.rtt_us[TM_DOWN] = p->t_us - down->syn_us;
}

static int keep_segment(struct tm_trace_builder *b, const struct seen *s)
{
    if (tm_grow(&b->seen, &b->cap_seen, b->n_seen, sizeof *b->seen) != TM_OK)
        return TM_ERR_NOMEM;
    b->seen[b->n_seen++] = *s;
    return TM_OK;
}

static int feed(struct tm_trace_builder *b, uint32_t k, const struct tm_packet *p, enum tm_dir dir)
{
    struct conn *c = &b->conns[k];
    struct tm_trace *t = &c->t;
    c->last_us = tm_max_us(c->last_us, p->t_us);
    bool is_reset = (p->flags & TM_TCP_RST) != 0;
    t->has_rst |= is_reset;
    t->has_fin[dir] |= (p->flags & TM_TCP_FIN) && !is_reset;
    if (p->flags & TM_TCP_SYN)
        feed_syn(c, p, dir);
    else if (dir == TM_UP && !is_reset)
        feed_third(c, p);
    if (p->payload_len == 0 || is_reset) { /* a reset's payload is a message for people */
        t->n_bare[dir]++;
        return TM_OK;
    }
    uint32_t n_new = 0;
    uint32_t seq = p->seq + ((p->flags & TM_TCP_SYN) ? 1 : 0);
    int rc = tm_fresh_add(&c->half[dir].fresh, seq, p->payload_len, &n_new);
    if (rc != TM_OK)
        return rc;
    t->new_bytes[dir] += n_new;
    if (t->n_packets == UINT32_MAX)
        return TM_ERR_LIMIT;
    t->n_packets++;
    struct seen s = {.t_us = c->last_us - t->start_us,
                     .conn = k,
                     .bytes = p->payload_len & 0x3fffffffU,
                     .dir = dir,
                     .is_new = n_new > 0};
    return keep_segment(b, &s);
}

static void count_other(struct tm_trace_builder *b, const struct tm_packet *p)
{
    if (is_opening(p))
        b->n_syns[p->dst_port]++;
    b->n_other[p->src_port < p->dst_port ? p->src_port : p->dst_port]++;
}

int tm_trace_builder_packet(struct tm_trace_builder *b, const struct tm_packet *p)
{
    if (b->has_ports && !b->is_port[p->src_port] && !b->is_port[p->dst_port]) {
        count_other(b, p);
        return TM_OK;
    }
    unsigned src_side = 0;
    struct tm_flow_key key = tm_flow_key_of(p, &src_side);
    uint32_t k = b->cap_places > 0 ? *place_of(b, &key) : NONE;
    if (k == NONE ||
        opens_another(&b->conns[k], p, src_side == b->conns[k].client_side ? TM_UP : TM_DOWN)) {
        if (!b->has_ports && !(p->flags & TM_TCP_SYN)) {
            count_other(b, p);
            return TM_OK;
        }
        int rc = open_conn(b, &key, p, src_side, &k);
        if (rc != TM_OK)
            return rc;
    }
    if (b->conns[k].is_foreign && is_opening(p))
        count_other(b, p);
    return feed(b, k, p, src_side == b->conns[k].client_side ? TM_UP : TM_DOWN);
}

static void forget(struct tm_trace_builder *b)
{
    for (uint32_t i = 0; i < b->n_conns; i++) {
        tm_fresh_deinit(&b->conns[i].half[0].fresh);
        tm_fresh_deinit(&b->conns[i].half[1].fresh);
    }
    b->n_conns = 0;
    b->n_seen = 0;
    if (b->cap_places > 0)
        memset(b->places, 0xff, b->cap_places * sizeof *b->places); /* NONE */
}

/* Deals the segments out: those of one connection together, in order. */
static void deal(const struct tm_trace_builder *b, const size_t *first,
                 struct tm_trace_packet *packets, size_t *at)
{
    memcpy(at, first, b->n_conns * sizeof *at);
    for (size_t i = 0; i < b->n_seen; i++) {
        const struct seen *s = &b->seen[i];
        packets[at[s->conn]++] = (struct tm_trace_packet){
            .t_us = s->t_us, .bytes = s->bytes, .dir = s->dir, .is_new = s->is_new};
    }
}

int tm_trace_builder_end(struct tm_trace_builder *b, struct tm_trace_set *out, uint32_t source,
                         uint32_t cls, uint32_t session)
{
    int rc = TM_ERR_NOMEM;
    size_t *first = calloc((size_t)b->n_conns + 1, 2 * sizeof *first);
    struct tm_trace_packet *packets = malloc((b->n_seen + 1) * sizeof *packets);
    if (!first || !packets)
        goto out;
    for (uint32_t i = 0; i < b->n_conns; i++)
        first[i + 1] = first[i] + b->conns[i].t.n_packets;
    deal(b, first, packets, first + b->n_conns + 1);
    rc = TM_OK;
    for (uint32_t i = 0; i < b->n_conns && rc == TM_OK; i++) {
        struct conn *c = &b->conns[i];
        if (c->is_foreign)
            continue;
        c->t.duration_us = c->last_us - c->t.start_us;
        c->t.source = source;
        c->t.cls = cls;
        c->t.session = session;
        rc = tm_trace_set_add(out, &c->t, packets + first[i], c->t.n_packets);
    }
out:
    free(first);
    free(packets);
    forget(b);
    return rc;
}

static bool is_listed(const uint16_t *ports, size_t n, size_t port)
{
    for (size_t i = 0; i < n; i++) {
        if (ports[i] == port)
            return true;
    }
    return false;
}

size_t tm_trace_builder_busiest(const struct tm_trace_builder *b, uint16_t *ports, size_t n)
{
    const uint64_t *score = b->n_other;
    for (size_t p = 0; p < N_PORTS; p++) {
        if (b->n_syns[p] > 0)
            score = b->n_syns;
    }
    size_t found = 0;
    for (size_t best = 0; found < n && best != N_PORTS;) {
        best = N_PORTS;
        for (size_t p = 0; p < N_PORTS; p++) {
            if (score[p] > 0 && !is_listed(ports, found, p) &&
                (best == N_PORTS || score[p] > score[best]))
                best = p;
        }
        if (best != N_PORTS)
            ports[found++] = (uint16_t)best;
    }
    return found;
}

void tm_trace_builder_free(struct tm_trace_builder *b)
{
    if (!b)
        return;
    forget(b);
    free(b->conns);
    free(b->places);
    free(b->seen);
    free(b);
}
