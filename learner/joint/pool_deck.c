#include "learner/joint/pool_deck.h"

#include <stdbool.h>
#include <stdlib.h>

#define LATTICE_MAX 16U

/* One value of the deck. */
struct item {
    uint32_t value;
    uint32_t conn;
    uint32_t at; /* which write (or connection) it is of */
};

/* One list of values under work, sorted. */
struct list {
    struct item *v;  /* owned */
    uint32_t *drawn; /* owned; of each item, what it becomes */
    uint32_t n;
    bool is_size;
};

struct pooling {
    struct tm_rng rng;
    uint32_t k;
    uint32_t *seen, mark; /* of each connection: when it was counted last */
};

static int by_value(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Begins to count connections anew. */
static void count_anew(struct pooling *p)
{
    p->mark++;
}

/* 1 when the connection was not counted yet. */
static uint32_t counted(struct pooling *p, uint32_t conn)
{
    bool is_new = p->seen[conn] != p->mark;
    p->seen[conn] = p->mark;
    return is_new;
}

static uint32_t end_of_run(const struct list *l, uint32_t from)
{
    uint32_t to = from;
    while (to < l->n && l->v[to].value == l->v[from].value)
        to++;
    return to;
}

/* Whether items from..to-1 are of k connections. */
static bool is_common(struct pooling *p, const struct list *l, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    count_anew(p);
    for (uint32_t i = from; n < p->k && i < to; i++)
        n += counted(p, l->v[i].conn);
    return n >= p->k;
}

/* The largest power of two that all values are alike modulo. */
static uint32_t lattice_of(const struct list *l, uint32_t from, uint32_t to)
{
    uint32_t g = l->is_size ? LATTICE_MAX : 1;
    for (uint32_t i = from + 1; i < to; i++) {
        while ((l->v[i].value - l->v[from].value) % g != 0)
            g /= 2;
    }
    return g;
}

/* Rule 2 for one step. */
static void draw_step(struct pooling *p, const struct list *l, uint32_t from, uint32_t to)
{
    uint32_t g = lattice_of(l, from, to), n = to - from;
    for (uint32_t i = from; i < to; i++) {
        uint32_t k = n > 1 ? from + (uint32_t)tm_rng_below(&p->rng, n - 1) : from;
        uint32_t low = l->v[k].value, high = l->v[n > 1 ? k + 1 : k].value;
        l->drawn[i] = low + g * (uint32_t)tm_rng_below(&p->rng, (high - low) / g + UINT64_C(1));
    }
    qsort(l->drawn + from, n, sizeof *l->drawn, by_number);
}

/* Rule 3 for items from..to-1 that are no step: `lower` and `upper` are items of the common values beside them, or none. */
static void join_common(const struct list *l, uint32_t from, uint32_t to, const struct item *lower,
                        const struct item *upper)
{
    for (uint32_t i = from; i < to; i++) {
        uint32_t value = l->v[i].value;
        bool is_lower = !upper || (lower && value - lower->value <= upper->value - value);
        l->drawn[i] = is_lower ? lower->value : upper->value;
    }
}

/* Rules 2 to 4 for the uncommon values of items from..to-1, between common ones or the ends. */
static void pool_between(struct pooling *p, const struct list *l, uint32_t from, uint32_t to)
{
    uint32_t step = from, last = from, n = 0; /* as in learner/pool.c */
    count_anew(p);
    for (uint32_t i = from, end; i < to; i = end) {
        end = end_of_run(l, i);
        for (uint32_t k = i; k < end; k++)
            n += counted(p, l->v[k].conn);
        if (n < p->k)
            continue;
        if (step > last)
            draw_step(p, l, last, step);
        last = step;
        step = end;
        n = 0;
        count_anew(p);
    }
    if (last < step)
        draw_step(p, l, last, to);
    else if (from > 0 || to < l->n)
        join_common(l, from, to, from > 0 ? &l->v[from - 1] : NULL, to < l->n ? &l->v[to] : NULL);
    else if (from < to)
        draw_step(p, l, from, to);
}

/* What each item becomes; how many are pooled. */
static uint64_t pool(struct pooling *p, struct list *l)
{
    uint32_t from = 0; /* the uncommon values not yet pooled begin here */
    uint64_t n_pooled = l->n;
    qsort(l->v, l->n, sizeof *l->v, by_value);
    for (uint32_t i = 0, end; i < l->n; i = end) {
        end = end_of_run(l, i);
        if (!is_common(p, l, i, end))
            continue;
        pool_between(p, l, from, i);
        for (uint32_t k = i; k < end; k++)
            l->drawn[k] = l->v[k].value;
        n_pooled -= end - i;
        from = end;
    }
    pool_between(p, l, from, l->n);
    return n_pooled;
}

enum what { SIZE_UP, SIZE_DOWN, GAP_UP, GAP_DOWN, CLOSE, SERVER_CLOSE, LISTS };

static void put(struct list *l, uint32_t value, uint32_t conn, uint32_t at)
{
    l->v[l->n++] = (struct item){value, conn, at};
}

static void gather(const struct tm_deck *d, enum what what, struct list *l)
{
    l->n = 0;
    l->is_size = what == SIZE_UP || what == SIZE_DOWN;
    enum tm_dir dir = what == SIZE_UP || what == GAP_UP ? TM_UP : TM_DOWN;
    for (uint32_t i = 0; i < d->n_conns; i++) {
        const struct tm_deck_conn *c = &d->conn[i];
        if (what == CLOSE)
            put(l, c->close_gap_us, i, i);
        else if (what == SERVER_CLOSE && c->close.server_back > 0)
            put(l, c->close.server_gap_us, i, i);
        for (uint32_t w = c->first; what < CLOSE && w < c->first + c->n_writes; w++) {
            if (d->w[w].dir == dir)
                put(l, l->is_size ? d->w[w].size : d->w[w].gap_us, i, w);
        }
    }
}

static void hand_back(struct tm_deck *d, enum what what, const struct list *l)
{
    for (uint32_t i = 0; i < l->n; i++) {
        if (what == CLOSE)
            d->conn[l->v[i].at].close_gap_us = l->drawn[i];
        else if (what == SERVER_CLOSE)
            d->conn[l->v[i].at].close.server_gap_us = l->drawn[i];
        else if (l->is_size)
            d->w[l->v[i].at].size = l->drawn[i];
        else
            d->w[l->v[i].at].gap_us = l->drawn[i];
    }
}

#define CLOSINGS (TM_CLOSE_HOWS * 256U * 256U)

/* Which closing it is, pauses aside. */
static size_t closing_of(const struct tm_close *c)
{
    return ((size_t)c->how * 256 + c->back) * 256 + c->server_back;
}

/* Closings that fewer than k connections have become plain. */
static int pool_closings(struct tm_deck *d, uint32_t k)
{
    uint32_t *count = calloc(CLOSINGS, sizeof *count);
    if (!count)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < d->n_conns; i++)
        count[closing_of(&d->conn[i].close)]++;
    for (uint32_t i = 0; i < d->n_conns; i++) {
        if (count[closing_of(&d->conn[i].close)] < k)
            d->conn[i].close = (struct tm_close){0};
    }
    free(count);
    return TM_OK;
}

int tm_pool_deck(struct tm_deck *deck, uint32_t k, const uint8_t key[TM_SEED_LEN],
                 struct tm_pool_deck_count *count)
{
    *count = (struct tm_pool_deck_count){0};
    int rc = tm_deck_check(deck);
    if (rc != TM_OK || k <= 1)
        return rc;
    rc = pool_closings(deck, k);
    if (rc != TM_OK)
        return rc;
    size_t n = deck->n_writes > deck->n_conns ? deck->n_writes : deck->n_conns;
    struct list l = {.v = calloc(n + 1, sizeof *l.v), .drawn = calloc(n + 1, sizeof *l.drawn)};
    struct pooling p = {.k = k, .seen = calloc(deck->n_conns + 1, sizeof *p.seen)};
    rc = l.v && l.drawn && p.seen ? TM_OK : TM_ERR_NOMEM;
    tm_rng_init(&p.rng, key);
    for (int what = 0; rc == TM_OK && what < LISTS; what++) {
        gather(deck, (enum what)what, &l);
        uint64_t pooled = pool(&p, &l);
        *(l.is_size ? &count->n_sizes : &count->n_pauses) += pooled;
        hand_back(deck, (enum what)what, &l);
    }
    tm_rng_deinit(&p.rng);
    free(l.v);
    free(l.drawn);
    free(p.seen);
    return rc;
}
