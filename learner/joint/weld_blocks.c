/* Symbols, and the blocks of a deck while it is welded. */
#include <stdlib.h>
#include <string.h>

#include "learner/joint/weld_impl.h"

#define INDEX_BITS 25U /* of a write, of both decks */
_Static_assert(2 * (uint64_t)TM_DECK_WRITES_MAX <= UINT64_C(1) << INDEX_BITS, "indices of writes");

/* ---- symbols ---- */

static uint64_t spelled(const struct tm_write *w)
{
    return (uint64_t)w->size << 1 | w->dir;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int spell(struct tm_spelling *s, const struct tm_deck *d)
{
    s->deck = d;
    s->symbol = calloc(d->n_writes + 1, sizeof *s->symbol);
    s->sum = calloc(d->n_writes + 1, sizeof *s->sum);
    return s->symbol && s->sum ? TM_OK : TM_ERR_NOMEM;
}

/* The writes of both decks, sorted by what they are, numbered. */
static int number(struct tm_welder *w)
{
    size_t n_own = w->own.deck->n_writes, n = n_own + w->captured.deck->n_writes;
    uint64_t *v = malloc((n + 1) * sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct tm_write *x = i < n_own ? &w->own.deck->w[i] : &w->captured.deck->w[i - n_own];
        v[i] = spelled(x) << INDEX_BITS | i;
    }
    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++) {
        size_t at = v[i] & ((UINT64_C(1) << INDEX_BITS) - 1);
        w->n_symbols += i > 0 && v[i] >> INDEX_BITS != v[i - 1] >> INDEX_BITS;
        if (at < n_own)
            w->own.symbol[at] = w->n_symbols;
        else
            w->captured.symbol[at - n_own] = w->n_symbols;
    }
    w->n_symbols++;
    free(v);
    return TM_OK;
}

static void sum_up(struct tm_spelling *s)
{
    for (size_t i = 0; i < s->deck->n_writes; i++)
        s->sum[i + 1] = s->sum[i] * TM_BLOCKS_BASE + tm_blocks_term(&s->deck->w[i]);
}

/* The deck's writes by symbol, in their order. */
static void list_places(struct tm_welder *w)
{
    uint32_t n = (uint32_t)w->own.deck->n_writes;
    for (uint32_t i = 0; i < n; i++)
        w->first[w->own.symbol[i] + 1]++;
    for (uint32_t s = 0; s < w->n_symbols; s++)
        w->first[s + 1] += w->first[s];
    for (uint32_t i = n; i-- > 0;)
        w->place[--w->first[w->own.symbol[i] + 1]] = i;
    /* Now first[s + 1] is where symbol s begins. */
    memmove(w->first, w->first + 1, w->n_symbols * sizeof *w->first);
    w->first[w->n_symbols] = n;
}

/* ---- blocks ---- */

static void put(struct tm_welder *w, const struct tm_block *b)
{
    tm_blocks_put(&w->blocks, tm_weld_hash(w, &w->own, b->from, b->upto),
                  tm_block_kind(b->from == b->conn_from, b->upto == b->conn_upto),
                  b->upto - b->from);
}

static void take(struct tm_welder *w, const struct tm_block *b)
{
    tm_blocks_take(&w->blocks, tm_weld_hash(w, &w->own, b->from, b->upto),
                   tm_block_kind(b->from == b->conn_from, b->upto == b->conn_upto),
                   b->upto - b->from);
}

struct tm_block tm_weld_block(const struct tm_welder *w, uint32_t write)
{
    const struct tm_deck_conn *c = &w->deck->conn[w->conn_of[write]];
    struct tm_block b = {write, write + 1, c->first, c->first + c->n_writes};
    while (w->weld[b.from])
        b.from--;
    while (b.upto < b.conn_upto && w->weld[b.upto])
        b.upto++;
    return b;
}

uint32_t tm_weld_join(struct tm_welder *w, uint32_t from, uint32_t upto)
{
    uint32_t n = 0;
    for (uint32_t at = from + 1; at < upto; at++) {
        if (w->weld[at])
            continue;
        struct tm_block a = tm_weld_block(w, at - 1), b = tm_weld_block(w, at);
        take(w, &a);
        take(w, &b);
        w->weld[at] = 1;
        a.upto = b.upto;
        put(w, &a);
        n++;
    }
    return n;
}

bool tm_weld_is_open(struct tm_welder *w, uint32_t i)
{
    const struct tm_deck_conn *c = &w->captured.deck->conn[i];
    const struct tm_row row = {.sum = w->captured.sum + c->first, .n = c->n_writes};
    return tm_row_fill(&w->blocks, &row, TM_PLAN_WRITES_MAX, w->row);
}

/* ---- the whole ---- */

static int allocate(struct tm_welder *w)
{
    size_t n = w->own.deck->n_writes;
    w->place = calloc(n + 1, sizeof *w->place);
    w->first = calloc((size_t)w->n_symbols + 2, sizeof *w->first);
    w->conn_of = calloc(n + 1, sizeof *w->conn_of);
    w->row = calloc(TM_PLAN_WRITES_MAX + 1, 1);
    int rc = tm_blocks_init(&w->blocks, n);
    return w->place && w->first && w->conn_of && w->row ? rc : TM_ERR_NOMEM;
}

int tm_weld_init(struct tm_welder *w, const struct tm_deck *deck, const struct tm_deck *captured)
{
    *w = (struct tm_welder){.deck = deck, .weld = deck->weld};
    int rc = spell(&w->own, deck);
    if (rc == TM_OK)
        rc = spell(&w->captured, captured);
    if (rc == TM_OK)
        rc = number(w);
    if (rc == TM_OK)
        rc = allocate(w);
    if (rc != TM_OK)
        return rc;
    sum_up(&w->own);
    sum_up(&w->captured);
    list_places(w);
    for (uint32_t i = 0; i < deck->n_conns; i++) {
        for (uint32_t k = 0; k < deck->conn[i].n_writes; k++)
            w->conn_of[deck->conn[i].first + k] = i;
    }
    tm_blocks_put_deck(&w->blocks, deck);
    return TM_OK;
}

static void unspell(struct tm_spelling *s)
{
    free(s->symbol);
    free(s->sum);
}

void tm_weld_deinit(struct tm_welder *w)
{
    unspell(&w->own);
    unspell(&w->captured);
    free(w->place);
    free(w->first);
    free(w->conn_of);
    free(w->row);
    tm_blocks_deinit(&w->blocks);
}
