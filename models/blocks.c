#include "models/blocks.h"

#include <stdlib.h>
#include <string.h>

#define STEP UINT64_C(0xd6e8feb86659fd93)

static uint64_t key_of(uint64_t hash, enum tm_block_kind kind, uint32_t length)
{
    uint64_t x = (hash ^ (kind + UINT64_C(1)) * STEP) + length * TM_BLOCKS_BASE;
    x = (x ^ x >> 29) * STEP;
    x ^= x >> 32;
    return x != 0 ? x : 1;
}

#define SIEVE_BITS 16U /* of a slot */

static uint64_t sieve_bit(const struct tm_blocks *b, uint64_t key)
{
    return (key >> 20) & (b->mask * SIEVE_BITS + (SIEVE_BITS - 1));
}

static size_t slot_of(const struct tm_blocks *b, uint64_t key)
{
    size_t at = key & b->mask;
    while (b->slot[at] != 0 && b->slot[at] != key)
        at = (at + 1) & b->mask;
    return at;
}

void tm_blocks_put(struct tm_blocks *b, uint64_t hash, enum tm_block_kind kind, uint32_t length)
{
    uint64_t key = key_of(hash, kind, length);
    size_t at = slot_of(b, key);
    b->slot[at] = key;
    b->count[at]++;
    b->sieve[sieve_bit(b, key) / 64] |= UINT64_C(1) << sieve_bit(b, key) % 64;
    if (!b->is_length[length])
        b->length[b->n_lengths++] = length;
    b->is_length[length] = 1;
    b->longest = length > b->longest ? length : b->longest;
}

void tm_blocks_take(struct tm_blocks *b, uint64_t hash, enum tm_block_kind kind, uint32_t length)
{
    size_t at = slot_of(b, key_of(hash, kind, length));
    TM_ASSERT(b->count[at] > 0);
    b->count[at]--;
}

bool tm_blocks_has(const struct tm_blocks *b, uint64_t hash, enum tm_block_kind kind,
                   uint32_t length)
{
    if (!b->is_length[length])
        return false;
    uint64_t key = key_of(hash, kind, length);
    uint64_t bit = sieve_bit(b, key);
    return b->sieve[bit / 64] >> bit % 64 & 1 && b->count[slot_of(b, key)] > 0;
}

/* A power of two that two blocks a write fill to a half. */
static size_t slots_for(size_t n_writes)
{
    size_t n = 64;
    while (n < 4 * n_writes)
        n *= 2;
    return n;
}

int tm_blocks_init(struct tm_blocks *b, size_t n_writes)
{
    size_t n_slots = slots_for(n_writes);
    *b = (struct tm_blocks){.mask = n_slots - 1,
                            .power = calloc(TM_PLAN_WRITES_MAX + 1, sizeof *b->power),
                            .slot = calloc(n_slots, sizeof *b->slot),
                            .count = calloc(n_slots, sizeof *b->count),
                            .sieve = calloc(n_slots * SIEVE_BITS / 64, sizeof *b->sieve),
                            .length = calloc(TM_PLAN_WRITES_MAX + 1, sizeof *b->length),
                            .is_length = calloc(TM_PLAN_WRITES_MAX + 1, 1)};
    if (!b->power || !b->slot || !b->count || !b->sieve || !b->length || !b->is_length)
        return TM_ERR_NOMEM;
    b->power[0] = 1;
    for (uint32_t k = 1; k <= TM_PLAN_WRITES_MAX; k++)
        b->power[k] = b->power[k - 1] * TM_BLOCKS_BASE;
    return TM_OK;
}

void tm_blocks_deinit(struct tm_blocks *b)
{
    free(b->power);
    free(b->slot);
    free(b->count);
    free(b->sieve);
    free(b->length);
    free(b->is_length);
    *b = (struct tm_blocks){0};
}

void tm_blocks_put_deck(struct tm_blocks *b, const struct tm_deck *d)
{
    for (size_t i = 0; i < d->n_conns; i++) {
        uint32_t n = d->conn[i].n_writes;
        const struct tm_write *w = d->w + d->conn[i].first;
        const uint8_t *weld = d->weld + d->conn[i].first;
        for (uint32_t from = 0, upto; from < n; from = upto) {
            uint64_t hash = tm_blocks_term(&w[from]);
            for (upto = from + 1; upto < n && weld[upto]; upto++)
                hash = hash * TM_BLOCKS_BASE + tm_blocks_term(&w[upto]);
            tm_blocks_put(b, hash, tm_block_kind(from == 0, upto == n), upto - from);
        }
    }
}

/* Whether writes from..upto-1 are a block that may stand there, and not all of the row. */
static bool is_step(const struct tm_blocks *b, const struct tm_row *r, uint32_t from, uint32_t upto)
{
    enum tm_block_kind kind = tm_block_kind(from == 0, upto == r->n);
    return kind != TM_BLOCK_WHOLE &&
           tm_blocks_has(b, tm_row_hash(b, r, from, upto), kind, upto - from);
}

/* Whether a block that may stand there ends at `upto`, where blocks in a row can be all before it. */
static bool is_ahead(const struct tm_blocks *b, const struct tm_row *r, uint32_t longest,
                     const uint8_t *place, uint32_t upto)
{
    for (uint32_t k = 0; k < b->n_lengths; k++) {
        uint32_t n = b->length[k];
        if (n <= longest && n <= upto && place[upto - n] & TM_ROW_AHEAD &&
            is_step(b, r, upto - n, upto))
            return true;
    }
    return false;
}

/* The same to the other side. */
static bool is_back(const struct tm_blocks *b, const struct tm_row *r, uint32_t longest,
                    const uint8_t *place, uint32_t from)
{
    for (uint32_t k = 0; k < b->n_lengths; k++) {
        uint32_t n = b->length[k];
        if (n <= longest && n <= r->n - from && place[from + n] & TM_ROW_BACK &&
            is_step(b, r, from, from + n))
            return true;
    }
    return false;
}

bool tm_row_fill(const struct tm_blocks *b, const struct tm_row *r, uint32_t longest,
                 uint8_t *place)
{
    memset(place, 0, r->n + (size_t)1);
    place[0] = TM_ROW_AHEAD;
    for (uint32_t upto = 1; upto <= r->n; upto++)
        place[upto] = is_ahead(b, r, longest, place, upto) ? TM_ROW_AHEAD : 0;
    place[r->n] |= TM_ROW_BACK;
    for (uint32_t from = r->n; from-- > 0;)
        place[from] |= is_back(b, r, longest, place, from) ? TM_ROW_BACK : 0;
    return place[r->n] & TM_ROW_AHEAD;
}
