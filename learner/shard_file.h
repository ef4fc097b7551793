/* learner/shard_file.h - shard files: connections as they were measured, of some clients of some
 * captures.
 *
 * Raw material and no model: a shard holds addresses and times, is made readable to its owner alone,
 * and is for nobody else's eyes.  A model of all parts of all captures is the same, byte for byte, as
 * that of one pass over the captures, because nothing is worked out before the parts are together.
 *
 *   "TMSHARD1" | u32 length, settings (learner/shard_codec.h) | records, then samples of each block |
 *   u32 n, n blocks (learner/shard_index.h) | u64 offset of n | 32 B digest of settings and blocks |
 *   "TMSHEND1"
 *
 * Integers are big-endian.  A file that a crash or a full disk cut short has no end and is refused. */
#ifndef TM_LEARNER_SHARD_FILE_H
#define TM_LEARNER_SHARD_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "learner/shard_codec.h"
#include "learner/shard_index.h"
#include "learner/shard_samples.h"
#include "tm/base/err.h"

/* A shard file that was opened: everything but the records. */
struct tm_shard_file {
    const char *path; /* borrowed */
    uint8_t settings[TM_SHARD_SETTINGS_MAX];
    size_t settings_len;
    struct tm_shard_block *block; /* owned */
    uint32_t n_blocks;
};

/* Reads settings and index.  TM_ERR_IO; TM_ERR_FORMAT not a shard, cut or damaged; TM_ERR_NOMEM; text
 * in msg.  The file is not kept open. */
TM_MUST_CHECK int tm_shard_open(struct tm_shard_file *s, const char *path, struct tm_msg *msg);
void tm_shard_close(struct tm_shard_file *s);

/* The bytes of one block's records and samples, as many as its `len`, checked against its digest; the caller
 * frees *out.  Errors as above. */
TM_MUST_CHECK int tm_shard_read(const struct tm_shard_file *s, const struct tm_shard_block *b,
                                uint8_t **out, struct tm_msg *msg);

struct tm_shard_writer; /* opaque */

/* A file beside `path` (borrowed) that takes its name when all is written.  TM_ERR_IO, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_shard_create(struct tm_shard_writer **out, const char *path,
                                  const uint8_t *settings, size_t settings_len, struct tm_msg *msg);
/* What one part of one capture gave; borrowed. */
struct tm_shard_content {
    const struct tm_record *record; /* in the world's order */
    size_t n_records;
    const struct tm_pair_pool *pool;
    struct tm_samples *samples; /* learner/shard_samples.h; settled in place */
};

/* Writes it.  Sets the block's n_records, offset, len,
 * digest and occurrence; the rest is the caller's.  TM_ERR_IO, TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_shard_add_records(struct tm_shard_writer *w, struct tm_shard_block b,
                                       const struct tm_shard_content *c, struct tm_msg *msg);
/* A block as it is in another file, whose records and samples are at `p`.  Errors as above. */
TM_MUST_CHECK int tm_shard_add_block(struct tm_shard_writer *w, struct tm_shard_block b,
                                     const uint8_t *p, struct tm_msg *msg);
/* Writes the index, brings everything to the disk and gives the file its name.  TM_ERR_IO,
 * TM_ERR_NOMEM: a file of that name is as before. */
TM_MUST_CHECK int tm_shard_commit(struct tm_shard_writer *w, struct tm_msg *msg);
/* Frees the writer; what was not committed is removed.  NULL is allowed. */
void tm_shard_writer_free(struct tm_shard_writer *w);

#endif
