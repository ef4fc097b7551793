/* Blocks by their hashes, and rows of them. */
#include <stdlib.h>
#include <string.h>

#include "learner/joint/weld_impl.h"

#define BASE       UINT64_C(0x9e3779b97f4a7c15)
#define KIND_STEP  UINT64_C(0xd6e8feb86659fd93)
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
    for (size_t i = 0; i < s->deck->n_writes; i++) {
        uint64_t x = (s->symbol[i] + UINT64_C(1)) * KIND_STEP;
        s->sum[i + 1] = s->sum[i] * BASE + (x ^ x >> 32);
    }
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

static enum tm_block_kind kind_of(const struct tm_block *b)
{
    bool is_head = b->from == b->conn_from, is_tail = b->upto == b->conn_upto;
    return (enum tm_block_kind)((is_head ? TM_BLOCK_HEAD : 0) | (is_tail ? TM_BLOCK_TAIL : 0));
}

static uint64_t key_of(uint64_t hash, enum tm_block_kind kind, uint32_t length)
{
    uint64_t x = (hash ^ (kind + UINT64_C(1)) * KIND_STEP) + length * BASE;
    x = (x ^ x >> 29) * KIND_STEP;
    x ^= x >> 32;
    return x != 0 ? x : 1;
}

static size_t slot_of(const struct tm_welder *w, uint64_t key)
{
    size_t at = key & w->mask;
    while (w->slot[at] != 0 && w->slot[at] != key)
        at = (at + 1) & w->mask;
    return at;
}

static uint64_t key_of_block(const struct tm_welder *w, const struct tm_block *b)
{
    return key_of(tm_weld_hash(w, &w->own, b->from, b->upto), kind_of(b), b->upto - b->from);
}

static void put(struct tm_welder *w, const struct tm_block *b)
{
    uint64_t key = key_of_block(w, b);
    uint32_t length = b->upto - b->from;
    size_t at = slot_of(w, key);
    w->slot[at] = key;
    w->count[at]++;
    if (!w->is_length[length])
        w->length[w->n_lengths++] = length;
    w->is_length[length] = 1;
}

static void take(struct tm_welder *w, const struct tm_block *b)
{
    size_t at = slot_of(w, key_of_block(w, b));
    TM_ASSERT(w->count[at] > 0);
    w->count[at]--;
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

static void put_all(struct tm_welder *w)
{
    struct tm_block b;
    for (uint32_t at = 0; at < w->deck->n_writes; at = b.upto) {
        b = tm_weld_block(w, at);
        put(w, &b);
    }
}

/* ---- rows ---- */

static bool has_block(const struct tm_welder *w, uint64_t hash, enum tm_block_kind kind,
                      uint32_t length)
{
    return w->count[slot_of(w, key_of(hash, kind, length))] > 0;
}

/* Whether writes from..upto-1 of the captured connection are a block that may stand there. */
static bool is_step(const struct tm_welder *w, const struct tm_deck_conn *c, uint32_t from,
                    uint32_t upto)
{
    bool is_head = from == 0, is_tail = upto == c->n_writes;
    uint64_t hash = tm_weld_hash(w, &w->captured, c->first + from, c->first + upto);
    if (is_head && is_tail)
        return false;
    return has_block(
        w, hash,
        (enum tm_block_kind)((is_head ? TM_BLOCK_HEAD : 0) | (is_tail ? TM_BLOCK_TAIL : 0)),
        upto - from);
}

bool tm_weld_is_open(struct tm_welder *w, uint32_t i)
{
    const struct tm_deck_conn *c = &w->captured.deck->conn[i];
    uint32_t n = c->n_writes;
    memset(w->ahead, 0, n + 1);
    w->ahead[0] = 1;
    for (uint32_t at = 0; at < n; at++) {
        for (uint32_t k = 0; w->ahead[at] && k < w->n_lengths; k++) {
            uint32_t upto = at + w->length[k];
            if (upto <= n && !w->ahead[upto] && is_step(w, c, at, upto))
                w->ahead[upto] = 1;
        }
    }
    if (!w->ahead[n])
        return false;
    memset(w->back, 0, n + 1);
    w->back[n] = 1;
    for (uint32_t at = n; at-- > 0;) {
        for (uint32_t k = 0; w->ahead[at] && !w->back[at] && k < w->n_lengths; k++) {
            uint32_t upto = at + w->length[k];
            w->back[at] = upto <= n && w->back[upto] && is_step(w, c, at, upto);
        }
    }
    return true;
}

/* ---- the whole ---- */

/* A power of two that two blocks a write fill to a half. */
static size_t slots_for(size_t n_writes)
{
    size_t n = 64;
    while (n < 4 * n_writes)
        n *= 2;
    return n;
}

static int allocate(struct tm_welder *w)
{
    size_t n = w->own.deck->n_writes, n_slots = slots_for(n);
    w->mask = n_slots - 1;
    w->place = calloc(n + 1, sizeof *w->place);
    w->first = calloc((size_t)w->n_symbols + 2, sizeof *w->first);
    w->conn_of = calloc(n + 1, sizeof *w->conn_of);
    w->power = calloc(TM_PLAN_WRITES_MAX + 1, sizeof *w->power);
    w->slot = calloc(n_slots, sizeof *w->slot);
    w->count = calloc(n_slots, sizeof *w->count);
    w->length = calloc(TM_PLAN_WRITES_MAX + 1, sizeof *w->length);
    w->is_length = calloc(TM_PLAN_WRITES_MAX + 1, 1);
    w->ahead = calloc(TM_PLAN_WRITES_MAX + 1, 1);
    w->back = calloc(TM_PLAN_WRITES_MAX + 1, 1);
    return w->place && w->first && w->conn_of && w->power && w->slot && w->count && w->length &&
                   w->is_length && w->ahead && w->back
               ? TM_OK
               : TM_ERR_NOMEM;
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
    w->power[0] = 1;
    for (uint32_t k = 1; k <= TM_PLAN_WRITES_MAX; k++)
        w->power[k] = w->power[k - 1] * BASE;
    for (uint32_t i = 0; i < deck->n_conns; i++) {
        for (uint32_t k = 0; k < deck->conn[i].n_writes; k++)
            w->conn_of[deck->conn[i].first + k] = i;
    }
    put_all(w);
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
    free(w->power);
    free(w->slot);
    free(w->count);
    free(w->length);
    free(w->is_length);
    free(w->ahead);
    free(w->back);
}
