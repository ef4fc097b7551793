#include "learner/joint/swapped.h"

#include <stdlib.h>

#include "models/blocks.h"

/* Sorted hashes of a deck's connections. */
struct hashes {
    uint64_t *v; /* owned */
    size_t n;
};

static uint64_t hash_of(const struct tm_write *w, uint32_t n)
{
    uint64_t h = n;
    for (uint32_t i = 0; i < n; i++)
        h = h * TM_BLOCKS_BASE + tm_blocks_term(&w[i]);
    return h;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int hash_all(struct hashes *h, const struct tm_deck *d)
{
    *h = (struct hashes){.v = calloc(d->n_conns + 1, sizeof *h->v), .n = d->n_conns};
    if (!h->v)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < d->n_conns; i++)
        h->v[i] = hash_of(d->w + d->conn[i].first, d->conn[i].n_writes);
    qsort(h->v, h->n, sizeof *h->v, by_value);
    return TM_OK;
}

/* How many have this hash; 2: two or more. */
static unsigned count(const struct hashes *h, uint64_t hash)
{
    size_t low = 0, high = h->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->v[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    unsigned n = 0;
    while (n < 2 && low + n < h->n && h->v[low + n] == hash)
        n++;
    return n;
}

int tm_append_conn(struct tm_deck *to, const struct tm_deck *from, size_t i)
{
    const struct tm_deck_conn *c = &from->conn[i];
    int rc = tm_deck_add_conn(to, (enum tm_deck_role)c->role, c->close_gap_us);
    if (rc == TM_OK)
        tm_deck_close_last(to, &c->close);
    if (rc == TM_OK)
        to->conn[to->n_conns - 1].user = c->user;
    for (uint32_t k = 0; rc == TM_OK && k < c->n_writes; k++) {
        rc = tm_deck_add_write(to, from->w[c->first + k]);
        if (rc == TM_OK && from->weld[c->first + k])
            tm_deck_weld_last(to);
    }
    return rc;
}

/* Writes k and k + 1 of the last connection change places; what they refer to means nothing any more. */
static void swap(struct tm_deck *d, uint32_t k)
{
    struct tm_write *w = d->w + d->conn[d->n_conns - 1].first + k;
    struct tm_write first = w[0];
    w[0] = w[1];
    w[1] = first;
    w[0].ref_back = k > 0;
    w[1].ref_back = 1;
}

static void forget_last(struct tm_deck *d)
{
    d->n_conns--;
    d->n_writes = d->conn[d->n_conns].first;
}

/* The connection with writes k and k + 1 changed, unless a captured one is that. */
static int add_swapped(struct tm_deck *out, const struct tm_deck *captured,
                       const struct hashes *known, size_t i, uint32_t k)
{
    uint32_t n = captured->conn[i].n_writes;
    if (out->n_conns == TM_DECK_CONNS_MAX || n > TM_DECK_WRITES_MAX - out->n_writes)
        return TM_OK;
    int rc = tm_append_conn(out, captured, i);
    if (rc != TM_OK)
        return rc;
    swap(out, k);
    if (count(known, hash_of(out->w + out->conn[out->n_conns - 1].first, n)) > 0)
        forget_last(out);
    return TM_OK;
}

static int add_all_swapped(struct tm_deck *out, const struct tm_deck *captured,
                           const struct hashes *known, size_t i)
{
    const struct tm_deck_conn *c = &captured->conn[i];
    const struct tm_write *w = captured->w + c->first;
    uint32_t n_swapped = 0;
    int rc = TM_OK;
    for (uint32_t k = c->n_writes - 1; rc == TM_OK && n_swapped < TM_SWAPPED_MAX && k-- > 0;) {
        bool is_free = w[k + 1].ref_back != 1 || k + 2 == c->n_writes;
        if (w[k].dir == w[k + 1].dir || !is_free)
            continue;
        rc = add_swapped(out, captured, known, i, k);
        n_swapped++;
    }
    return rc;
}

int tm_swapped(struct tm_deck *out, const struct tm_deck *captured)
{
    struct hashes known;
    int rc = hash_all(&known, captured);
    for (size_t i = 0; rc == TM_OK && i < captured->n_conns; i++) {
        const struct tm_deck_conn *c = &captured->conn[i];
        if (count(&known, hash_of(captured->w + c->first, c->n_writes)) == 1)
            rc = add_all_swapped(out, captured, &known, i);
    }
    free(known.v);
    return rc;
}

int tm_without(struct tm_deck *out, const struct tm_deck *deck, const struct tm_deck *other,
               bool is_own)
{
    struct hashes known;
    int rc = hash_all(&known, other);
    for (size_t i = 0; rc == TM_OK && i < deck->n_conns; i++) {
        const struct tm_deck_conn *c = &deck->conn[i];
        unsigned n = count(&known, hash_of(deck->w + c->first, c->n_writes));
        if (n == 0 || (is_own && n > 1))
            rc = tm_append_conn(out, deck, i);
    }
    free(known.v);
    return rc;
}
