/* learner/shard_index.h - what a shard file says of the captures' parts in it.  Pure. */
#ifndef TM_LEARNER_SHARD_INDEX_H
#define TM_LEARNER_SHARD_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/reading.h"
#include "learner/world.h"
#include "models/canon.h"
#include "models/model.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"

#define TM_SHARD_BLOCKS_MAX (1U << 20)

/* Of one capture, all its clients counted, whatever the part: nothing but uint64_t members. */
struct tm_shard_counts {
    struct tm_reading_counts reading;
    struct tm_world_counts world;
};

/* later - earlier, member by member; sum += more. */
void tm_shard_counts_sub(struct tm_shard_counts *later, const struct tm_shard_counts *earlier);
void tm_shard_counts_add(struct tm_shard_counts *sum, const struct tm_shard_counts *more);

/* A capture's mark: the world's over its packets, and its counts, so that captures without TCP differ
 * too when they can. */
uint64_t tm_shard_mark(uint64_t world_mark, const struct tm_shard_counts *c);

/* One part of one capture: the connections of some of its clients. */
struct tm_shard_block {
    uint64_t mark;       /* the capture's, tm_shard_mark */
    uint32_t occurrence; /* 0, or how many times the same capture was given before this */
    uint32_t n_parts;    /* that the capture was cut into, 1..TM_SHARD_PARTS_MAX */
    uint32_t part;       /* 1..n_parts */
    uint64_t n_records;
    uint64_t offset;               /* of its records and samples in the file */
    uint64_t len;                  /* bytes of these */
    uint8_t digest[TM_DIGEST_LEN]; /* SHA-256 of those bytes */
    struct tm_shard_counts counts;
};

/* By capture, then part; < 0, 0, > 0.  0: the same part of the same capture. */
int tm_shard_block_order(const struct tm_shard_block *a, const struct tm_shard_block *b);
/* Whether two blocks are of the same capture. */
bool tm_shard_block_same(const struct tm_shard_block *a, const struct tm_shard_block *b);

/* Bytes of one block in the index. */
size_t tm_shard_block_len(void);
/* `w` has room for tm_shard_block_len. */
void tm_shard_encode_block(struct tm_wr *w, const struct tm_shard_block *b);
/* The records and samples lie in bytes from..to-1 of the file.  TM_ERR_FORMAT. */
TM_MUST_CHECK int tm_shard_decode_block(struct tm_rd *rd, uint64_t from, uint64_t to,
                                        struct tm_shard_block *b);

/* SHA-256 of n bytes behind a text that tells it from other uses; and the same for bytes that come
 * one after the other, by tm_canon_bytes and tm_canon_final. */
void tm_shard_digest(const void *p, size_t n, uint8_t out[TM_DIGEST_LEN]);
void tm_shard_digest_init(struct tm_canon *c);

#endif
