#include "learner/held.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "learner/slab.h"
#include "tm/base/buf.h"

#define CELLS_START 1024U
#define CELLS_SMALL (UINT32_C(1) << 15)
#define CELLS_ROOM  (UINT32_C(1) << 20) /* when a small table is full: enough for most captures */
#define CELLS_EVEN  (UINT32_C(1) << 17) /* up to here a table doubles, then it grows by a quarter */
#define BITS_FIRST  40U

static_assert(sizeof(struct tm_held_row) == 16, "most of a learner's memory");

void tm_held_deinit(struct tm_held *h)
{
    free(h->row);
    *h = (struct tm_held){0};
}

uint64_t tm_held_rounded(uint64_t value, unsigned bits)
{
    unsigned len = value > 0 ? 64 - (unsigned)__builtin_clzll(value) : 0;
    return bits == 0 || len <= bits ? value : value >> (len - bits) << (len - bits);
}

uint64_t tm_held_value(const struct tm_held *h, const struct tm_held_row *r, uint64_t k)
{
    unsigned len = r->value > 0 ? 64 - (unsigned)__builtin_clzll(r->value) : 0;
    if (h->bits == 0 || h->bits >= TM_HELD_BITS_FINE || len <= h->bits)
        return r->value;
    double width = (double)(UINT64_C(1) << (len - h->bits));
    return r->value + (uint64_t)(width * ((double)k + 0.5) / (double)r->count);
}

/* Multiplies by odd numbers and folds; nobody gains by collisions in his own table.  The highest bits tell the cell, so that a table
 * grows from its front to its end. */
static size_t cell_of(const struct tm_held *h, const struct tm_held_row *r)
{
    __extension__ typedef unsigned __int128 u128;
    uint64_t x = (uint64_t)r->value * UINT64_C(0x9e3779b97f4a7c15);
    x ^= ((uint64_t)r->host << 8 | (uint64_t)r->kind) * UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 29;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    return (size_t)((u128)x * h->n_cells >> 64);
}

static size_t after(const struct tm_held *h, size_t i)
{
    return i + 1 < h->n_cells ? i + 1 : 0;
}

/* Whether the rows can be one. */
static bool is_same(const struct tm_held_row *a, const struct tm_held_row *b)
{
    return a->value == b->value && a->host == b->host && a->kind == b->kind &&
           a->count <= UINT32_MAX - b->count;
}

/* There is room. */
static void put(struct tm_held *h, const struct tm_held_row *r)
{
    size_t i = cell_of(h, r);
    while (h->row[i].count > 0 && !is_same(&h->row[i], r))
        i = after(h, i);
    if (h->row[i].count == 0) {
        h->row[i] = *r;
        h->n_rows++;
    } else {
        h->row[i].count += r->count;
    }
}

/* The row to its cell; one in the way that has not been placed yet goes on instead of it. */
static void place(struct tm_held *h, struct tm_held_row r)
{
    size_t i = cell_of(h, &r);
    for (;;) {
        struct tm_held_row there = h->row[i];
        if (there.count == 0 || !there.is_placed) {
            h->row[i] = r;
            h->row[i].is_placed = 1;
            h->n_rows++;
            if (there.count == 0)
                return;
            r = there;
            i = cell_of(h, &r);
        } else if (is_same(&there, &r)) {
            h->row[i].count += r.count;
            return;
        } else {
            i = after(h, i);
        }
    }
}

/* Rows that stand anywhere in the table go to their cells: a second table would be the most memory that a long capture takes. */
static void put_in_order(struct tm_held *h)
{
    h->n_rows = 0;
    for (size_t i = 0; i < h->n_cells; i++) {
        struct tm_held_row r = h->row[i];
        if (r.count == 0 || r.is_placed)
            continue;
        h->row[i].count = 0;
        place(h, r);
    }
    for (size_t i = 0; i < h->n_cells; i++)
        h->row[i].is_placed = 0;
}

static void round_all(struct tm_held *h)
{
    for (size_t i = 0; i < h->n_cells; i++)
        h->row[i].value = tm_held_rounded(h->row[i].value, h->bits) & TM_HELD_VALUE_MAX;
    put_in_order(h);
}

/* Room for so many cells, those there are at its front. */
static int make_room(struct tm_held *h, size_t n_cells)
{
    size_t len;
    size_t cap = n_cells <= CELLS_START   ? CELLS_START
                 : n_cells <= CELLS_SMALL ? CELLS_SMALL
                 : n_cells <= CELLS_ROOM  ? CELLS_ROOM
                                          : 2 * n_cells;
    if (n_cells <= h->cap_cells)
        return TM_OK;
    struct tm_held_row *row = tm_mul_ok(cap, sizeof *row, &len) ? tm_slab_alloc(len) : NULL;
    if (!row)
        return TM_ERR_NOMEM;
    if (h->n_cells > 0)
        memcpy(row, h->row, h->n_cells * sizeof *row);
    free(h->row);
    h->row = row;
    h->cap_cells = cap;
    return TM_OK;
}

static int grow(struct tm_held *h)
{
    size_t n = h->n_cells == 0           ? CELLS_START
               : h->n_cells < CELLS_EVEN ? 2 * h->n_cells
                                         : h->n_cells + h->n_cells / 4;
    int rc = make_room(h, n);
    if (rc != TM_OK)
        return rc;
    memset(h->row + h->n_cells, 0, (n - h->n_cells) * sizeof *h->row);
    h->n_cells = n;
    put_in_order(h);
    return TM_OK;
}

/* The first rounding that changes a value, unless it is below the least. */
static unsigned first_bits(const struct tm_held *h)
{
    uint64_t all = 0;
    for (size_t i = 0; i < h->n_cells; i++)
        all |= h->row[i].count > 0 ? h->row[i].value : 0;
    unsigned len = all > 0 ? 64 - (unsigned)__builtin_clzll(all) : 0;
    unsigned bits = len > BITS_FIRST ? BITS_FIRST : len > 0 ? len - 1 : 0;
    return bits > TM_HELD_BITS_MIN ? bits : TM_HELD_BITS_MIN;
}

/* What waits goes to its cells, which are fetched together: each is somewhere else. */
static int settle(struct tm_held *h)
{
    int rc = TM_OK;
    while (rc == TM_OK && (h->n_rows + h->n_waiting) * 4 >= h->n_cells * 3)
        rc = grow(h);
    if (rc != TM_OK)
        return rc;
    for (size_t i = 0; i < h->n_waiting; i++) {
        h->waiting[i].value = tm_held_rounded(h->waiting[i].value, h->bits) & TM_HELD_VALUE_MAX;
        __builtin_prefetch(&h->row[cell_of(h, &h->waiting[i])], 1);
    }
    for (size_t i = 0; i < h->n_waiting; i++)
        put(h, &h->waiting[i]);
    h->n_waiting = 0;
    while (h->n_rows > TM_HELD_ROWS_MAX && h->bits != TM_HELD_BITS_MIN) {
        h->bits = h->bits == 0 ? first_bits(h) : h->bits - 1;
        round_all(h);
    }
    return TM_OK;
}

int tm_held_add(struct tm_held *h, uint32_t host, uint32_t kind, uint64_t value)
{
    TM_ASSERT(kind < TM_HELD_KINDS);
    h->waiting[h->n_waiting++] = (struct tm_held_row){
        .value = value < TM_HELD_VALUE_MAX ? value & TM_HELD_VALUE_MAX : TM_HELD_VALUE_MAX,
        .kind = kind & (TM_HELD_KINDS - 1),
        .host = host,
        .count = 1,
    };
    return h->n_waiting == TM_HELD_WAITING_MAX ? settle(h) : TM_OK;
}

/* Of one kind. */
static int by_row(const void *a, const void *b)
{
    const struct tm_held_row *x = a;
    const struct tm_held_row *y = b;
    if (x->host != y->host)
        return x->host < y->host ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

int tm_held_sort(struct tm_held *h, uint32_t kind, size_t *out)
{
    size_t n = 0;
    size_t n_kind = 0;
    int rc = settle(h);
    if (rc != TM_OK)
        return rc;
    for (size_t i = 0; i < h->n_cells; i++) {
        struct tm_held_row r = h->row[i];
        if (r.count == 0)
            continue;
        h->row[n++] = r;
        if (r.kind == kind) {
            h->row[n - 1] = h->row[n_kind];
            h->row[n_kind++] = r;
        }
    }
    for (size_t i = n; i < h->n_cells; i++)
        h->row[i].count = 0;
    if (n_kind > 0)
        qsort(h->row, n_kind, sizeof *h->row, by_row);
    *out = n_kind;
    return TM_OK;
}
