#include "learner/joint/weld.h"

#include <stdlib.h>
#include <string.h>

#include "learner/joint/weld_impl.h"

#define NEVER      UINT32_MAX
#define CANDIDATES 64U /* of the writes that could be k, */
#define COMMON     4U  /* and as rare as this many times the rarest, */
#define COMMON_MIN 16U /* or rarer than this */
#define DECOYS     50U /* percent: as many runs of welds by chance as are needed */

/* One write of the captured connection at hand, and one of the deck with its symbol. */
struct match {
    const struct tm_deck_conn *conn; /* captured */
    uint32_t k;                      /* write of it */
    uint32_t write;                  /* of the deck */
};

/* How a block can be made unlike the captured connection: up to there, at so many welds (NEVER: that side cannot). */
struct stretch {
    uint32_t from, upto, cost;
};

/* Whether a block, or several beside each other, could stand in a row with the deck's write at k. */
static bool fits(const struct tm_welder *w, const struct match *m, const struct tm_block *b)
{
    int64_t shift = (int64_t)m->k - m->write, from = b->from + shift, upto = b->upto + shift;
    if (from < 0 || upto > (int64_t)m->conn->n_writes || (b->from == b->conn_from) != (from == 0) ||
        (b->upto == b->conn_upto) != (upto == (int64_t)m->conn->n_writes))
        return false;
    uint32_t at = m->conn->first + (uint32_t)from;
    return tm_weld_hash(w, &w->own, b->from, b->upto) ==
           tm_weld_hash(w, &w->captured, at, at + (b->upto - b->from));
}

/* Whether the write's block is a step of some row. */
static bool is_step(const struct tm_welder *w, const struct match *m, const struct tm_block *b)
{
    int64_t shift = (int64_t)m->k - m->write;
    return fits(w, m, b) && w->row[b->from + shift] & TM_ROW_AHEAD &&
           w->row[b->upto + shift] & TM_ROW_BACK;
}

static struct stretch stretch_down(const struct tm_welder *w, const struct match *m,
                                   struct tm_block b)
{
    struct stretch s = {b.from, b.upto, 0};
    while (fits(w, m, &b)) {
        if (b.from == b.conn_from)
            return (struct stretch){.cost = NEVER};
        b.from = tm_weld_block(w, b.from - 1).from;
        s.cost++;
    }
    s.from = b.from;
    return s;
}

static struct stretch stretch_up(const struct tm_welder *w, const struct match *m,
                                 struct tm_block b)
{
    struct stretch s = {b.from, b.upto, 0};
    while (fits(w, m, &b)) {
        if (b.upto == b.conn_upto)
            return (struct stretch){.cost = NEVER};
        b.upto = tm_weld_block(w, b.upto).upto;
        s.cost++;
    }
    s.upto = b.upto;
    return s;
}

/* The cheaper side; cost 0: nothing has to be done. */
static struct stretch stretch_of(const struct tm_welder *w, const struct match *m)
{
    struct tm_block b = tm_weld_block(w, m->write);
    if (!is_step(w, m, &b))
        return (struct stretch){.cost = 0};
    struct stretch down = stretch_down(w, m, b), up = stretch_up(w, m, b);
    return down.cost < up.cost ? down : up;
}

static uint32_t n_places(const struct tm_welder *w, uint32_t symbol)
{
    return w->first[symbol + 1] - w->first[symbol];
}

/* Welds that it takes at write k of the captured connection, as far as they are fewer than `most`. */
static uint32_t cost_at(const struct tm_welder *w, const struct tm_deck_conn *c, uint32_t k,
                        uint32_t most)
{
    uint32_t symbol = w->captured.symbol[c->first + k], sum = 0;
    for (uint32_t i = w->first[symbol]; sum < most && i < w->first[symbol + 1]; i++) {
        const struct match m = {c, k, w->place[i]};
        struct stretch s = stretch_of(w, &m);
        sum = s.cost < most - sum ? sum + s.cost : most;
    }
    return sum;
}

static uint32_t rarest(const struct tm_welder *w, const struct tm_deck_conn *c)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t k = 0; k < c->n_writes; k++) {
        uint32_t n = n_places(w, w->captured.symbol[c->first + k]);
        least = n < least ? n : least;
    }
    return least;
}

/* The k that takes fewest welds, of those looked at; NEVER: none can help. */
static uint32_t choose(const struct tm_welder *w, const struct tm_deck_conn *c)
{
    uint32_t limit = rarest(w, c), best = NEVER, best_cost = NEVER, n_seen = 0;
    limit = limit < COMMON_MIN ? COMMON_MIN : limit < UINT32_MAX / COMMON ? limit * COMMON : limit;
    for (uint32_t k = 0; n_seen < CANDIDATES && best_cost > 1 && k < c->n_writes; k++) {
        if (n_places(w, w->captured.symbol[c->first + k]) > limit)
            continue;
        uint32_t cost = cost_at(w, c, k, best_cost);
        n_seen++;
        if (cost < best_cost) {
            best_cost = cost;
            best = k;
        }
    }
    return best;
}

/* Runs of welds that were needed, by length. */
struct runs {
    uint32_t *v; /* owned */
    uint32_t n, cap;
};

static int note_run(struct runs *r, uint32_t length)
{
    if (r->n == r->cap) {
        uint32_t cap = r->cap > 0 ? 2 * r->cap : 64;
        uint32_t *v = realloc(r->v, cap * sizeof *v);
        if (!v)
            return TM_ERR_NOMEM;
        r->v = v;
        r->cap = cap;
    }
    r->v[r->n++] = length;
    return TM_OK;
}

/* Makes the captured connection no row any more. */
static int close_conn(struct tm_welder *w, const struct tm_deck_conn *c, struct runs *runs,
                      struct tm_weld_report *r)
{
    uint32_t k = choose(w, c);
    if (k == NEVER) {
        r->n_copies++;
        return TM_OK;
    }
    uint32_t symbol = w->captured.symbol[c->first + k];
    for (uint32_t i = w->first[symbol]; i < w->first[symbol + 1]; i++) {
        const struct match m = {c, k, w->place[i]};
        struct stretch s = stretch_of(w, &m);
        if (s.cost == 0)
            continue;
        TM_ASSERT(s.cost != NEVER);
        r->n_needed += tm_weld_join(w, s.from, s.upto);
        int rc = note_run(runs, s.cost);
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

/* ---- whose sizes are theirs alone ---- */

struct known {
    uint64_t hash;
    uint32_t conn, rarity;
};

static int by_hash(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->conn < y->conn ? -1 : x->conn > y->conn;
}

static int by_rarity(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    if (x->rarity != y->rarity)
        return x->rarity < y->rarity ? -1 : 1;
    return x->conn < y->conn ? -1 : x->conn > y->conn;
}

/* Those whose sequence nobody else has (or one of each sequence), they whose rarest size is rarest first; owned by the caller, NULL without memory. */
static struct known *list_own(const struct tm_welder *w, enum tm_weld_whose whose, uint32_t *n_own)
{
    const struct tm_deck *d = w->captured.deck;
    struct known *v = calloc(d->n_conns + 1, sizeof *v);
    uint32_t n = 0;
    for (uint32_t i = 0; v && i < d->n_conns; i++) {
        const struct tm_deck_conn *c = &d->conn[i];
        v[i].hash = tm_weld_hash(w, &w->captured, c->first, c->first + c->n_writes);
        v[i].conn = i;
        v[i].rarity = rarest(w, c);
    }
    if (!v)
        return NULL;
    qsort(v, d->n_conns, sizeof *v, by_hash);
    for (uint32_t from = 0, to; from < d->n_conns; from = to) {
        for (to = from; to < d->n_conns && v[to].hash == v[from].hash; to++) {
        }
        if (to - from == 1 || whose == TM_WELD_ANY)
            v[n++] = v[from];
    }
    qsort(v, n, sizeof *v, by_rarity);
    *n_own = n;
    return v;
}

/* ---- decoys ---- */

/* One of the connection's rare writes. */
static uint32_t draw_rare(const struct tm_welder *w, const struct tm_deck_conn *c,
                          struct tm_rng *rng)
{
    uint32_t least = UINT32_MAX, n_rare = 0, drawn = c->first;
    for (uint32_t at = c->first; at < c->first + c->n_writes; at++) {
        uint32_t n = n_places(w, w->own.symbol[at]);
        least = n < least ? n : least;
    }
    least = least > COMMON_MIN ? least : COMMON_MIN;
    for (uint32_t at = c->first; at < c->first + c->n_writes; at++) {
        if (n_places(w, w->own.symbol[at]) <= least && tm_rng_below(rng, ++n_rare) == 0)
            drawn = at;
    }
    return drawn;
}

/* Makes the write's block longer by so many welds, one way, as far as its connection goes; how many there were. */
static uint32_t weld_decoy(struct tm_welder *w, uint32_t write, uint32_t n_welds, bool is_down)
{
    struct tm_block b = tm_weld_block(w, write);
    for (uint32_t k = 0; k < n_welds; k++) {
        if (is_down && b.from > b.conn_from)
            b.from = tm_weld_block(w, b.from - 1).from;
        else if (!is_down && b.upto < b.conn_upto)
            b.upto = tm_weld_block(w, b.upto).upto;
    }
    return tm_weld_join(w, b.from, b.upto);
}

static void weld_decoys(struct tm_welder *w, const struct runs *runs,
                        const uint8_t key[TM_SEED_LEN], struct tm_weld_report *r)
{
    struct tm_rng rng;
    tm_rng_init(&rng, key);
    for (uint32_t i = 0; i < runs->n && w->deck->n_conns > 0; i++) {
        if (tm_rng_below(&rng, 100) >= DECOYS)
            continue;
        uint64_t conn = tm_rng_below(&rng, w->deck->n_conns);
        uint32_t write = draw_rare(w, &w->deck->conn[conn], &rng);
        r->n_decoys += weld_decoy(w, write, runs->v[i], tm_rng_below(&rng, 2) == 0);
    }
    tm_rng_deinit(&rng);
}

/* ---- the whole ---- */

static int check(const struct tm_deck *deck, const struct tm_deck *captured)
{
    int rc = tm_deck_check(deck);
    return rc == TM_OK ? tm_deck_check(captured) : rc;
}

static int close_all(struct tm_welder *w, enum tm_weld_whose whose, struct runs *runs,
                     struct tm_weld_report *r)
{
    struct known *own = list_own(w, whose, &r->n_own);
    int rc = own ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; rc == TM_OK && i < r->n_own; i++) {
        if (tm_weld_is_open(w, own[i].conn)) {
            r->n_open++;
            rc = close_conn(w, &w->captured.deck->conn[own[i].conn], runs, r);
        }
    }
    free(own);
    return rc;
}

int tm_weld(struct tm_deck *deck, const struct tm_deck *captured, enum tm_weld_whose whose,
            const uint8_t key[TM_SEED_LEN], struct tm_weld_report *report)
{
    struct tm_welder w;
    struct runs runs = {0};
    *report = (struct tm_weld_report){.n_places = (uint32_t)(deck->n_writes - deck->n_conns)};
    int rc = check(deck, captured);
    if (rc != TM_OK)
        return rc;
    rc = tm_weld_init(&w, deck, captured);
    if (rc == TM_OK)
        rc = close_all(&w, whose, &runs, report);
    if (rc == TM_OK)
        weld_decoys(&w, &runs, key, report);
    tm_weld_deinit(&w);
    free(runs.v);
    return rc;
}

int tm_weld_count_open(const struct tm_deck *deck, const struct tm_deck *captured, uint32_t *n_open)
{
    struct tm_welder w;
    struct known *own = NULL;
    uint32_t n_own = 0;
    *n_open = 0;
    int rc = check(deck, captured);
    if (rc != TM_OK)
        return rc;
    rc = tm_weld_init(&w, deck, captured);
    if (rc == TM_OK) {
        own = list_own(&w, TM_WELD_OWN, &n_own);
        rc = own ? TM_OK : TM_ERR_NOMEM;
    }
    for (uint32_t i = 0; rc == TM_OK && i < n_own; i++)
        *n_open += tm_weld_is_open(&w, own[i].conn);
    free(own);
    tm_weld_deinit(&w);
    return rc;
}
