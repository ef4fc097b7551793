/* Connections stand in the order of their openings; an open-addressing table leads from a pair of endpoints to the newest of
 * theirs. */
#include "learner/joint/collect.h"

#include <stdlib.h>
#include <string.h>

#include "learner/joint/writes.h"
#include "tm/base/time.h"

#define N_PORTS     65536U
#define NONE        UINT32_MAX
#define CONNS_START 256U
#define CONNS_MAX   (1U << 24)
#define FULL_SLOTS                                                                                 \
    9217U /* jumbo frames and smaller; larger ones were put together by the capturing machine */
#define FULL_TRUSTED 3U /* so many full segments of its own tell a connection's size of them */

struct conn {
    struct tm_flow_key key;
    struct tm_cut cut;
    uint32_t isn; /* of the client */
    uint32_t user;
    uint8_t client_side;
    uint8_t role;
};

struct tm_collect {
    struct tm_collect_cfg cfg;
    struct tm_collect_counts counts;
    struct conn *conn;
    uint32_t n_conns, cap_conns;
    uint32_t n_users; /* of all captures so far */
    uint32_t *place;  /* index into conn, or NONE; a power of two at load <= 1/2 */
    uint32_t n_places;
    bool is_port[N_PORTS];
};

int tm_collect_new(struct tm_collect **out, const struct tm_collect_cfg *cfg)
{
    *out = NULL;
    if (cfg->user_bits > 8 * TM_ADDR_LEN)
        return TM_ERR_RANGE;
    struct tm_collect *c = calloc(1, sizeof *c);
    if (!c)
        return TM_ERR_NOMEM;
    c->cfg = *cfg;
    c->cfg.ports = NULL;
    for (size_t i = 0; i < N_PORTS; i++)
        c->is_port[i] = cfg->n_ports == 0;
    for (size_t i = 0; i < cfg->n_ports; i++)
        c->is_port[cfg->ports[i]] = true;
    *out = c;
    return TM_OK;
}

static void forget(struct tm_collect *c)
{
    for (uint32_t i = 0; i < c->n_conns; i++)
        tm_cut_deinit(&c->conn[i].cut);
    c->n_conns = 0;
    for (uint32_t i = 0; i < c->n_places; i++)
        c->place[i] = NONE;
}

void tm_collect_free(struct tm_collect *c)
{
    if (!c)
        return;
    forget(c);
    free(c->conn);
    free(c->place);
    free(c);
}

/* ---- endpoints -> connection ---- */

/* FNV-1a over the endpoints, begun with the seed. */
static uint32_t hash_of(const struct tm_collect *c, const struct tm_flow_key *k)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ c->cfg.hash_seed;
    const uint8_t *p = k->addr[0];
    for (size_t i = 0; i < sizeof k->addr; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    h = (h ^ ((uint64_t)k->port[0] << 16 | k->port[1])) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 32);
}

static bool is_key(const struct tm_flow_key *a, const struct tm_flow_key *b)
{
    return memcmp(a->addr, b->addr, sizeof a->addr) == 0 && a->port[0] == b->port[0] &&
           a->port[1] == b->port[1];
}

/* Where the endpoints' newest connection stands, or would. */
static uint32_t *place_of(const struct tm_collect *c, const struct tm_flow_key *key)
{
    uint32_t at = hash_of(c, key) & (c->n_places - 1);
    while (c->place[at] != NONE && !is_key(&c->conn[c->place[at]].key, key))
        at = (at + 1) & (c->n_places - 1);
    return &c->place[at];
}

static int grow(struct tm_collect *c)
{
    uint32_t cap = c->cap_conns > 0 ? 2 * c->cap_conns : CONNS_START;
    struct conn *conn = realloc(c->conn, cap * sizeof *conn);
    if (!conn)
        return TM_ERR_NOMEM;
    c->conn = conn;
    uint32_t *place = malloc(2 * (size_t)cap * sizeof *place);
    if (!place)
        return TM_ERR_NOMEM;
    free(c->place);
    c->place = place;
    c->cap_conns = cap;
    c->n_places = 2 * cap;
    for (uint32_t i = 0; i < c->n_places; i++)
        place[i] = NONE;
    for (uint32_t i = 0; i < c->n_conns; i++)
        *place_of(c, &c->conn[i].key) = i;
    return TM_OK;
}

static int open_conn(struct tm_collect *c, const struct tm_flow_key *key, unsigned src_side,
                     uint32_t isn, uint32_t *out)
{
    *out = NONE;
    if (c->n_conns == CONNS_MAX) {
        c->counts.n_over++;
        return TM_OK;
    }
    if (c->n_conns == c->cap_conns) {
        int rc = grow(c);
        if (rc != TM_OK)
            return rc;
    }
    struct conn *n = &c->conn[c->n_conns];
    *n = (struct conn){.key = *key, .isn = isn, .client_side = (uint8_t)src_side};
    tm_cut_init(&n->cut);
    *out = c->n_conns++;
    *place_of(c, key) = *out;
    return TM_OK;
}

int tm_collect_packet(struct tm_collect *c, const struct tm_packet *p)
{
    if (!c->is_port[p->src_port] && !c->is_port[p->dst_port])
        return TM_OK;
    unsigned src_side;
    const struct tm_flow_key key = tm_flow_key_of(p, &src_side);
    uint32_t i = c->n_places > 0 ? *place_of(c, &key) : NONE;
    if ((p->flags & (TM_TCP_SYN | TM_TCP_ACK)) == TM_TCP_SYN && c->is_port[p->dst_port] &&
        (i == NONE || c->conn[i].isn != p->seq || tm_cut_is_closed(&c->conn[i].cut))) {
        int rc = open_conn(c, &key, src_side, p->seq, &i);
        if (rc != TM_OK)
            return rc;
    }
    if (i == NONE)
        return TM_OK;
    const struct tm_segment s = {
        .t_us = p->t_us,
        .seq = p->seq,
        .ack = p->ack,
        .payload_len = p->payload_len,
        .flags = p->flags,
        .dir = src_side == c->conn[i].client_side ? TM_UP : TM_DOWN,
    };
    struct tm_cut *cut = &c->conn[i].cut;
    int rc = tm_cut_feed(cut, &s);
    if (rc == TM_OK && (s.flags & (TM_TCP_FIN | TM_TCP_RST)) != 0 && tm_cut_is_closed(cut))
        tm_cut_trim(cut);
    return rc;
}

/* ---- the end of a capture ---- */

/* Whose connection it is. */
static int compare_user(const struct tm_collect *c, const struct conn *a, const struct conn *b)
{
    int order = memcmp(a->key.addr[a->client_side], b->key.addr[b->client_side], TM_ADDR_LEN);
    const uint8_t *x = a->key.addr[!a->client_side], *y = b->key.addr[!b->client_side];
    unsigned bytes = c->cfg.user_bits / 8U, bits = c->cfg.user_bits % 8U;
    if (order == 0)
        order = memcmp(x, y, bytes);
    if (order == 0 && bits > 0)
        order = (x[bytes] >> (8 - bits)) - (y[bytes] >> (8 - bits));
    return order;
}

static int by_user(const void *a, const void *b, void *ctx)
{
    const struct tm_collect *c = ctx;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    int order = compare_user(c, &c->conn[i], &c->conn[j]);
    int64_t x = c->conn[i].cut.start_us, y = c->conn[j].cut.start_us;
    if (order != 0)
        return order;
    return x != y ? (x < y ? -1 : 1) : i < j ? -1 : i > j;
}

/* ---- the round trips of paths ---- */

struct path_order {
    const struct tm_collect *c;
    enum tm_dir dir;
};

/* By the two hosts. */
static int compare_path(const struct conn *a, const struct conn *b)
{
    int order = memcmp(a->key.addr[a->client_side], b->key.addr[b->client_side], TM_ADDR_LEN);
    if (order != 0)
        return order;
    return memcmp(a->key.addr[!a->client_side], b->key.addr[!b->client_side], TM_ADDR_LEN);
}

static int by_path(const void *a, const void *b, void *ctx)
{
    const struct path_order *o = ctx;
    const struct conn *x = &o->c->conn[*(const uint32_t *)a],
                      *y = &o->c->conn[*(const uint32_t *)b];
    int order = compare_path(x, y);
    uint32_t u = tm_cut_handshake_us(&x->cut, o->dir), v = tm_cut_handshake_us(&y->cut, o->dir);
    if (order != 0)
        return order;
    return u != v ? (u < v ? -1 : 1) : x < y ? -1 : x > y;
}

/* Tells connections from..to-1 of the order, which are of one path, the median of their handshakes that are known. */
static void tell_path(struct tm_collect *c, const uint32_t *order, uint32_t from, uint32_t to,
                      enum tm_dir dir)
{
    uint32_t known = from;
    while (known < to && tm_cut_handshake_us(&c->conn[order[known]].cut, dir) == 0)
        known++;
    if (known == to)
        return;
    uint32_t low = tm_cut_handshake_us(&c->conn[order[known + (to - known - 1) / 2]].cut, dir);
    uint32_t high = tm_cut_handshake_us(&c->conn[order[known + (to - known) / 2]].cut, dir);
    for (uint32_t i = from; i < to; i++)
        c->conn[order[i]].cut.path_rtt_us[dir] = low + (high - low) / 2;
}

static void find_paths(struct tm_collect *c, uint32_t *order)
{
    for (uint32_t i = 0; i < c->n_conns; i++)
        order[i] = i;
    for (int dir = 0; dir < 2; dir++) {
        struct path_order by = {c, (enum tm_dir)dir};
        qsort_r(order, c->n_conns, sizeof *order, by_path, &by);
        for (uint32_t from = 0, to; from < c->n_conns; from = to) {
            for (to = from + 1;
                 to < c->n_conns && compare_path(&c->conn[order[from]], &c->conn[order[to]]) == 0;)
                to++;
            tell_path(c, order, from, to, by.dir);
        }
    }
}

/* The rule of learner/group.h: whether a connection begins an RRE. */
static int find_roles(struct tm_collect *c, uint32_t *order)
{
    const struct tm_group_cfg *g = &c->cfg.group;
    for (uint32_t i = 0; i < c->n_conns; i++)
        order[i] = i;
    qsort_r(order, c->n_conns, sizeof *order, by_user, c);
    int64_t rre_end_us = 0;
    uint32_t n_in_rre = 0;
    for (uint32_t i = 0; i < c->n_conns; i++) {
        struct conn *n = &c->conn[order[i]];
        const struct conn *before = i > 0 ? &c->conn[order[i - 1]] : NULL;
        bool is_same_user = before && compare_user(c, before, n) == 0;
        bool is_later =
            is_same_user && (g->rre_gap_us == 0 || n->cut.start_us - rre_end_us < g->rre_gap_us) &&
            n->cut.start_us - before->cut.start_us < g->inter_conn_us && n_in_rre < g->max_conns;
        n_in_rre = is_later ? n_in_rre + 1 : 1;
        rre_end_us = is_later ? tm_max_us(rre_end_us, n->cut.end_us) : n->cut.end_us;
        n->role = is_later ? TM_DECK_LATER : TM_DECK_FIRST;
        c->n_users += !is_same_user;
        n->user = c->n_users - 1;
    }
    return TM_OK;
}

/* The capture's most frequent segment of those that are frequent in their connection; for connections that have too few of their
 * own. */
static uint32_t full_of_capture(const struct tm_collect *c)
{
    uint32_t best = 0, best_votes = 0;
    uint32_t votes[FULL_SLOTS] = {0};
    for (uint32_t i = 0; i < c->n_conns; i++) {
        uint32_t n_segs, full = tm_cut_full(&c->conn[i].cut, &n_segs);
        if (full > 0 && full < FULL_SLOTS)
            votes[full] += n_segs < 1000 ? n_segs : 1000;
    }
    for (uint32_t b = TM_CUT_FULL_MIN; b < FULL_SLOTS; b++) {
        if (votes[b] > best_votes) {
            best_votes = votes[b];
            best = b;
        }
    }
    return best;
}

static void tell(const struct tm_collect *c, const struct conn *n)
{
    const struct tm_collect_conn conn = {
        .start_us = n->cut.start_us,
        .end_us = n->cut.end_us,
        .server = n->key.addr[!n->client_side],
        .server_port = n->key.port[!n->client_side],
    };
    if (c->cfg.taken)
        c->cfg.taken(c->cfg.taken_ctx, &conn);
}

static int take(struct tm_collect *c, struct conn *n, uint32_t capture_full, struct tm_deck *deck)
{
    uint32_t n_segs, full = tm_cut_full(&n->cut, &n_segs);
    if (n->cut.is_too_long) {
        c->counts.n_too_long++;
        return TM_OK;
    }
    if (!tm_cut_is_complete(&n->cut)) {
        c->counts.n_incomplete++;
        return TM_OK;
    }
    if (n_segs < FULL_TRUSTED && capture_full > 0)
        full = capture_full;
    int rc = tm_cut_finish(&n->cut, full, n->role, deck);
    if (rc == TM_OK) {
        deck->conn[deck->n_conns - 1].user = n->user;
        c->counts.n_conns++;
        tell(c, n);
    }
    c->counts.n_too_long += rc == TM_ERR_RANGE;
    c->counts.n_over += rc == TM_ERR_LIMIT;
    return rc == TM_ERR_NOMEM ? rc : TM_OK;
}

int tm_collect_end(struct tm_collect *c, struct tm_deck *deck)
{
    uint32_t *order = calloc((size_t)c->n_conns + 1, sizeof *order);
    int rc = order ? TM_OK : TM_ERR_NOMEM;
    if (rc == TM_OK)
        find_paths(c, order);
    if (rc == TM_OK)
        rc = find_roles(c, order);
    uint32_t full = full_of_capture(c);
    for (uint32_t i = 0; rc == TM_OK && i < c->n_conns; i++)
        rc = take(c, &c->conn[order[i]], full, deck);
    free(order);
    forget(c);
    return rc;
}

size_t tm_collect_bytes(const struct tm_collect *c)
{
    size_t bytes = c->cap_conns * sizeof *c->conn + c->n_places * sizeof *c->place;
    for (uint32_t i = 0; i < c->n_conns; i++)
        bytes += c->conn[i].cut.cap_runs * sizeof *c->conn[i].cut.run;
    return bytes;
}

const struct tm_collect_counts *tm_collect_counts(const struct tm_collect *c)
{
    return &c->counts;
}
