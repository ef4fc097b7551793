/* Flows are numbered and never move (learner/slab.h).  The index is a power-of-two array of slot numbers with linear probing at load <= 1/2;
 * removal shifts back what follows, so there are no tombstones.
 *
 * A packet touches its own flow alone: no list is kept of who was silent for how long.  When that is asked, all open flows are
 * ranked by their last use, and as the first of them leave, those used since are passed over: they are younger than all that are
 * left.  The next ranking comes after as many uses as there are flows. */
#include "learner/flow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"
#include "tm/base/time.h"

#define NIL           UINT32_MAX
#define SLOTS_START   512U /* that the index has room for */
#define CACHE_LINE    64U
#define WATCH_SIZE    ((sizeof(struct tm_watch) + CACHE_LINE - 1) / CACHE_LINE * (size_t)CACHE_LINE)
#define WATCH_HOT     64U /* where that part of a watch begins that most packets with payload touch, */
#define WATCH_HOT_LEN 192U /* and how long it is */

struct list {
    uint32_t first; /* longest there */
    uint32_t last;
};

struct cell {
    uint32_t slot; /* NIL: empty */
    uint32_t hash;
};

/* An open flow when they were ranked. */
struct rank {
    uint64_t used;
    uint32_t slot;
};

struct tm_flow_table {
    struct tm_flow_cfg cfg;
    struct tm_slab flows;
    struct tm_slab watches;
    uint32_t cap_slots; /* flows that index and ranks have room for */
    uint32_t n_flows;
    struct cell *cell;
    uint32_t mask; /* cells - 1 */
    struct list closed;
    uint64_t n_uses;
    struct rank *rank; /* room for each slot; the longest silent first */
    uint32_t n_ranked;
    uint32_t at_rank; /* before it all have left or were used since */
};

static_assert(sizeof(struct tm_flow) % CACHE_LINE == 0, "flows share lines of the cache");
static_assert(offsetof(struct tm_flow, exchange) + TM_EXCHANGE_HOT == TM_FLOW_HOT, "what is hot");
static_assert(offsetof(struct tm_exchange, conn.n_retrans) == TM_EXCHANGE_HOT, "what is hot");
static_assert(offsetof(struct tm_watch, tls.conn.n_records) == WATCH_HOT, "what is hot");
static_assert(offsetof(struct tm_watch, path.half) == WATCH_HOT + CACHE_LINE, "what is hot");
static_assert(offsetof(struct tm_watch, path.kbps) + CACHE_LINE == WATCH_HOT + WATCH_HOT_LEN,
              "what is hot");

static struct tm_flow *flow_at(const struct tm_flow_table *t, uint32_t slot)
{
    return tm_slab_at(&t->flows, slot);
}

struct tm_watch *tm_flow_watch(const struct tm_flow_table *t, const struct tm_flow *f)
{
    return f->watch == TM_SLAB_NONE ? NULL : tm_slab_at(&t->watches, f->watch);
}

int tm_flow_add_watch(struct tm_flow_table *t, struct tm_flow *f, struct tm_watch **out)
{
    TM_ASSERT(f->watch == TM_SLAB_NONE);
    int rc = tm_slab_take(&t->watches, &f->watch);
    if (rc == TM_OK)
        *out = tm_flow_watch(t, f);
    return rc;
}

static void fetch(const void *object, size_t len)
{
    const char *p = object;
    for (size_t at = 0; at < len; at += CACHE_LINE)
        __builtin_prefetch(p + at, 1);
}

struct tm_flow_key tm_flow_key_of(const struct tm_packet *p, unsigned *src_side)
{
    int order = memcmp(p->src, p->dst, TM_ADDR_LEN);
    if (order == 0)
        order = p->src_port < p->dst_port ? -1 : p->src_port > p->dst_port;
    unsigned src = order <= 0 ? 0 : 1;
    struct tm_flow_key k;
    memcpy(k.addr[src], p->src, TM_ADDR_LEN);
    memcpy(k.addr[!src], p->dst, TM_ADDR_LEN);
    k.port[src] = p->src_port;
    k.port[!src] = p->dst_port;
    *src_side = src;
    return k;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 u128;
    u128 m = (u128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* A multiply-fold hash; its constants are arbitrary odd numbers with about half their bits set. */
uint32_t tm_flow_hash(const struct tm_flow_table *t, const struct tm_flow_key *key)
{
    uint64_t w[4];
    memcpy(w, key->addr, sizeof w);
    uint64_t ports = (uint64_t)key->port[0] << 16 | key->port[1];
    uint64_t h = t->cfg.hash_seed ^ UINT64_C(0x9e3779b97f4a7c15);
    h = mix(h ^ w[0] ^ ports << 32, w[1] ^ UINT64_C(0xd6e8feb86659fd93));
    h = mix(h ^ w[2] ^ ports, w[3] ^ UINT64_C(0xa0761d6478bd642f));
    h = mix(h ^ ports, t->cfg.hash_seed ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint32_t)(h ^ h >> 32);
}

static bool key_equal(const struct tm_flow_key *a, const struct tm_flow_key *b)
{
    return memcmp(a->addr, b->addr, sizeof a->addr) == 0 && a->port[0] == b->port[0] &&
           a->port[1] == b->port[1];
}

static void list_remove(struct tm_flow_table *t, struct tm_flow *f)
{
    struct list *l = &t->closed;
    if (f->prev == NIL)
        l->first = f->next;
    else
        flow_at(t, f->prev)->next = f->next;
    if (f->next == NIL)
        l->last = f->prev;
    else
        flow_at(t, f->next)->prev = f->prev;
}

static void list_append(struct tm_flow_table *t, struct tm_flow *f)
{
    struct list *l = &t->closed;
    f->prev = l->last;
    f->next = NIL;
    if (l->last == NIL)
        l->first = f->slot;
    else
        flow_at(t, l->last)->next = f->slot;
    l->last = f->slot;
}

static int by_use(const void *a, const void *b)
{
    const struct rank *x = a;
    const struct rank *y = b;
    return (x->used > y->used) - (x->used < y->used);
}

static void rank_open(struct tm_flow_table *t)
{
    t->n_ranked = t->at_rank = 0;
    for (uint32_t i = 0; i < t->flows.n_used; i++) {
        const struct tm_flow *f = flow_at(t, i);
        if (f->used > 0 && f->closed_us == TM_NEVER)
            t->rank[t->n_ranked++] = (struct rank){f->used, i};
    }
    if (t->n_ranked > 0)
        qsort(t->rank, t->n_ranked, sizeof *t->rank, by_use);
}

/* Of those that were ranked, the first that was not used since; NULL: none is left. */
static struct tm_flow *next_ranked(struct tm_flow_table *t)
{
    for (; t->at_rank < t->n_ranked; t->at_rank++) {
        const struct rank *r = &t->rank[t->at_rank];
        struct tm_flow *f = flow_at(t, r->slot);
        if (f->used == r->used && f->closed_us == TM_NEVER)
            return f;
    }
    return NULL;
}

/* The open flow that was silent for longest; NULL: none is open. */
static struct tm_flow *oldest_open(struct tm_flow_table *t)
{
    struct tm_flow *f = next_ranked(t);
    if (f)
        return f;
    rank_open(t);
    return next_ranked(t);
}

static void index_put(struct cell *cell, uint32_t mask, struct cell c)
{
    uint32_t i = c.hash & mask;
    while (cell[i].slot != NIL)
        i = (i + 1) & mask;
    cell[i] = c;
}

/* Ranks and index grow together; the index has at least two cells a flow. */
static int grow(struct tm_flow_table *t)
{
    uint32_t cap = t->cap_slots > 0 ? t->cap_slots * 2 : SLOTS_START;
    size_t rank_len;
    size_t cell_len;
    if (!tm_mul_ok(cap, sizeof *t->rank, &rank_len) ||
        !tm_mul_ok((size_t)cap * 2, sizeof *t->cell, &cell_len))
        return TM_ERR_NOMEM;
    struct rank *rank = realloc(t->rank, rank_len);
    if (!rank)
        return TM_ERR_NOMEM;
    t->rank = rank;
    struct cell *cell = tm_slab_alloc(cell_len);
    if (!cell)
        return TM_ERR_NOMEM;
    memset(cell, 0xff, cell_len);
    for (uint32_t i = 0; t->cell && i <= t->mask; i++) {
        if (t->cell[i].slot != NIL)
            index_put(cell, cap * 2 - 1, t->cell[i]);
    }
    free(t->cell);
    t->cell = cell;
    t->mask = cap * 2 - 1;
    t->cap_slots = cap;
    return TM_OK;
}

int tm_flow_table_new(struct tm_flow_table **out, const struct tm_flow_cfg *cfg)
{
    *out = NULL;
    if (cfg->max_flows < 1 || cfg->max_flows > 1U << 30)
        return TM_ERR_RANGE;
    struct tm_flow_table *t = calloc(1, sizeof *t);
    if (!t)
        return TM_ERR_NOMEM;
    t->cfg = *cfg;
    tm_slab_init(&t->flows, sizeof(struct tm_flow));
    tm_slab_init(&t->watches, WATCH_SIZE);
    t->closed = (struct list){NIL, NIL};
    if (grow(t) != TM_OK) {
        tm_flow_table_free(t);
        return TM_ERR_NOMEM;
    }
    *out = t;
    return TM_OK;
}

void tm_flow_table_free(struct tm_flow_table *t)
{
    if (!t)
        return;
    tm_slab_deinit(&t->flows);
    tm_slab_deinit(&t->watches);
    free(t->rank);
    free(t->cell);
    free(t);
}

void tm_flow_expect(const struct tm_flow_table *t, uint32_t hash, enum tm_flow_part part)
{
    uint32_t i = hash & t->mask;
    if (part == TM_FLOW_PLACE) {
        __builtin_prefetch(&t->cell[i]);
        return;
    }
    while (t->cell[i].slot != NIL && t->cell[i].hash != hash)
        i = (i + 1) & t->mask;
    if (t->cell[i].slot == NIL)
        return;
    const struct tm_flow *f = flow_at(t, t->cell[i].slot);
    if (part == TM_FLOW_ITSELF)
        fetch(f, TM_FLOW_HOT);
    else if (f->watch != TM_SLAB_NONE)
        fetch((const char *)tm_flow_watch(t, f) + WATCH_HOT, WATCH_HOT_LEN);
}

struct tm_flow *tm_flow_find(struct tm_flow_table *t, const struct tm_flow_key *key, uint32_t hash)
{
    for (uint32_t i = hash & t->mask; t->cell[i].slot != NIL; i = (i + 1) & t->mask) {
        if (t->cell[i].hash != hash)
            continue;
        struct tm_flow *f = flow_at(t, t->cell[i].slot);
        if (!key_equal(&f->key, key))
            continue;
        f->used = ++t->n_uses;
        return f;
    }
    return NULL;
}

int tm_flow_add(struct tm_flow_table *t, const struct tm_flow_key *key, uint32_t hash,
                struct tm_flow **out)
{
    TM_ASSERT(t->n_flows < t->cfg.max_flows);
    uint32_t slot;
    int rc = t->n_flows == t->cap_slots ? grow(t) : TM_OK;
    if (rc == TM_OK)
        rc = tm_slab_take(&t->flows, &slot);
    if (rc != TM_OK)
        return rc;
    struct tm_flow *f = flow_at(t, slot);
    *f = (struct tm_flow){.key = *key,
                          .watch = TM_SLAB_NONE,
                          .closed_us = TM_NEVER,
                          .used = ++t->n_uses,
                          .hash = hash,
                          .slot = slot};
    tm_exchange_init(&f->exchange);
    index_put(t->cell, t->mask, (struct cell){slot, hash});
    t->n_flows++;
    *out = f;
    return TM_OK;
}

/* There is one.  The next two will be asked for soon. */
static struct tm_flow *oldest_closed(const struct tm_flow_table *t)
{
    struct tm_flow *f = flow_at(t, t->closed.first);
    const struct tm_flow *next = f->next != NIL ? flow_at(t, f->next) : NULL;
    if (next && next->watch != TM_SLAB_NONE)
        fetch(tm_flow_watch(t, next), sizeof(struct tm_watch));
    if (next && next->next != NIL)
        fetch(flow_at(t, next->next), sizeof *next);
    return f;
}

struct tm_flow *tm_flow_victim(struct tm_flow_table *t, int64_t now_us)
{
    bool is_full = t->n_flows >= t->cfg.max_flows;
    if (t->closed.first != NIL) {
        int64_t closed_us = flow_at(t, t->closed.first)->closed_us;
        if (is_full || now_us - closed_us >= t->cfg.linger_us)
            return oldest_closed(t);
    }
    return is_full ? oldest_open(t) : NULL;
}

struct tm_flow *tm_flow_any(struct tm_flow_table *t)
{
    return t->closed.first != NIL ? oldest_closed(t) : oldest_open(t);
}

void tm_flow_close(struct tm_flow_table *t, struct tm_flow *f, int64_t now_us)
{
    if (f->closed_us != TM_NEVER)
        return;
    f->closed_us = now_us;
    list_append(t, f);
}

/* Whether a cell that belongs at `home` and stands at `at` may move back to the hole. */
static bool may_move(uint32_t home, uint32_t at, uint32_t hole, uint32_t mask)
{
    return ((at - home) & mask) >= ((at - hole) & mask);
}

static void index_remove(struct tm_flow_table *t, uint32_t slot, uint32_t hash)
{
    uint32_t hole = hash & t->mask;
    while (t->cell[hole].slot != slot)
        hole = (hole + 1) & t->mask;
    for (uint32_t i = (hole + 1) & t->mask; t->cell[i].slot != NIL; i = (i + 1) & t->mask) {
        if (may_move(t->cell[i].hash & t->mask, i, hole, t->mask)) {
            t->cell[hole] = t->cell[i];
            hole = i;
        }
    }
    t->cell[hole].slot = NIL;
}

void tm_flow_remove(struct tm_flow_table *t, struct tm_flow *f)
{
    index_remove(t, f->slot, f->hash);
    if (f->closed_us != TM_NEVER)
        list_remove(t, f);
    if (f->watch != TM_SLAB_NONE)
        tm_slab_give(&t->watches, f->watch);
    f->used = 0;
    tm_slab_give(&t->flows, f->slot);
    t->n_flows--;
}

uint32_t tm_flow_count(const struct tm_flow_table *t)
{
    return t->n_flows;
}

size_t tm_flow_bytes(const struct tm_flow_table *t)
{
    return t->flows.n_used * t->flows.size + t->watches.n_used * t->watches.size +
           t->cap_slots * (sizeof *t->rank + 2 * sizeof *t->cell);
}
