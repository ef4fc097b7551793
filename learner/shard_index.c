#include "learner/shard_index.h"

#include <assert.h>
#include <string.h>

#include "learner/shard.h"

#define N_COUNTS (sizeof(struct tm_shard_counts) / sizeof(uint64_t))
#define RECORD_LEAST                                                                               \
    88U /* bytes: addresses, ports, three times, two shorts, one byte for each other field */

static_assert(sizeof(struct tm_shard_counts) % sizeof(uint64_t) == 0, "members are uint64_t");

/* The counts as the array that they are; no member is anything but uint64_t. */
static void to_array(const struct tm_shard_counts *c, uint64_t v[N_COUNTS])
{
    memcpy(v, c, sizeof *c);
}

void tm_shard_counts_sub(struct tm_shard_counts *later, const struct tm_shard_counts *earlier)
{
    uint64_t a[N_COUNTS];
    uint64_t b[N_COUNTS];
    to_array(later, a);
    to_array(earlier, b);
    for (size_t i = 0; i < N_COUNTS; i++)
        a[i] -= b[i];
    memcpy(later, a, sizeof *later);
}

void tm_shard_counts_add(struct tm_shard_counts *sum, const struct tm_shard_counts *more)
{
    uint64_t a[N_COUNTS];
    uint64_t b[N_COUNTS];
    to_array(sum, a);
    to_array(more, b);
    for (size_t i = 0; i < N_COUNTS; i++)
        a[i] += b[i];
    memcpy(sum, a, sizeof *sum);
}

uint64_t tm_shard_mark(uint64_t world_mark, const struct tm_shard_counts *c)
{
    uint64_t v[N_COUNTS];
    to_array(c, v);
    for (size_t i = 0; i < N_COUNTS; i++)
        world_mark = tm_mix(world_mark ^ v[i]);
    return world_mark;
}

static int order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

bool tm_shard_block_same(const struct tm_shard_block *a, const struct tm_shard_block *b)
{
    return a->mark == b->mark && a->occurrence == b->occurrence;
}

int tm_shard_block_order(const struct tm_shard_block *a, const struct tm_shard_block *b)
{
    if (a->mark != b->mark)
        return order(a->mark, b->mark);
    if (a->occurrence != b->occurrence)
        return order(a->occurrence, b->occurrence);
    return order(a->part, b->part);
}

size_t tm_shard_block_len(void)
{
    return 4 * sizeof(uint64_t) + 3 * sizeof(uint32_t) + TM_DIGEST_LEN +
           N_COUNTS * sizeof(uint64_t);
}

void tm_shard_encode_block(struct tm_wr *w, const struct tm_shard_block *b)
{
    uint64_t count[N_COUNTS];
    tm_wr_u64(w, b->mark);
    tm_wr_u32(w, b->occurrence);
    tm_wr_u32(w, b->n_parts);
    tm_wr_u32(w, b->part);
    tm_wr_u64(w, b->n_records);
    tm_wr_u64(w, b->offset);
    tm_wr_u64(w, b->len);
    tm_wr_bytes(w, b->digest, TM_DIGEST_LEN);
    to_array(&b->counts, count);
    for (size_t i = 0; i < N_COUNTS; i++)
        tm_wr_u64(w, count[i]);
}

static bool block_ok(const struct tm_shard_block *b, uint64_t from, uint64_t to)
{
    return b->n_parts >= 1 && b->n_parts <= TM_SHARD_PARTS_MAX && b->part >= 1 &&
           b->part <= b->n_parts && b->offset >= from && b->offset <= to &&
           b->len <= to - b->offset && b->n_records <= b->len / RECORD_LEAST &&
           b->n_records < UINT32_MAX;
}

int tm_shard_decode_block(struct tm_rd *rd, uint64_t from, uint64_t to, struct tm_shard_block *b)
{
    uint64_t count[N_COUNTS];
    b->mark = tm_rd_u64(rd);
    b->occurrence = tm_rd_u32(rd);
    b->n_parts = tm_rd_u32(rd);
    b->part = tm_rd_u32(rd);
    b->n_records = tm_rd_u64(rd);
    b->offset = tm_rd_u64(rd);
    b->len = tm_rd_u64(rd);
    tm_rd_copy(rd, b->digest, TM_DIGEST_LEN);
    for (size_t i = 0; i < N_COUNTS; i++)
        count[i] = tm_rd_u64(rd);
    memcpy(&b->counts, count, sizeof b->counts);
    return tm_rd_ok(rd) && block_ok(b, from, to) ? TM_OK : TM_ERR_FORMAT;
}

void tm_shard_digest_init(struct tm_canon *c)
{
    tm_canon_init(c, "trafficmimic shard 1");
}

void tm_shard_digest(const void *p, size_t n, uint8_t out[TM_DIGEST_LEN])
{
    struct tm_canon c;
    tm_shard_digest_init(&c);
    tm_canon_bytes(&c, p, n);
    tm_canon_final(&c, out);
}
