/* learner/shard_join.h - several shard files as one: which parts they hold of which captures. */
#ifndef TM_LEARNER_SHARD_JOIN_H
#define TM_LEARNER_SHARD_JOIN_H

#include <stddef.h>

#include "learner/shard_file.h"
#include "tm/base/err.h"

/* A block and the file that it is in. */
struct tm_shard_item {
    const struct tm_shard_block *block; /* borrowed from the file */
    const struct tm_shard_file *file;
};

/* The blocks of all files, by capture and part. */
struct tm_shard_join {
    struct tm_shard_file *file; /* owned */
    size_t n_files;
    struct tm_shard_item *item; /* owned */
    size_t n_items;
};

/* Opens the files and puts their blocks in order; the order of `path` is of no consequence.
 * TM_ERR_RANGE: they were made with different options or versions, cut a capture into different
 * numbers of parts, disagree about a capture, or hold the same part twice; and the errors of
 * tm_shard_open.  The text in msg names the files. */
TM_MUST_CHECK int tm_shard_join_open(struct tm_shard_join *j, char *const *path, size_t n,
                                     struct tm_msg *msg);
void tm_shard_join_close(struct tm_shard_join *j);

/* Where the parts of item `from`'s capture end. */
size_t tm_shard_join_end(const struct tm_shard_join *j, size_t from);

/* TM_OK when all parts of all captures are there, else TM_ERR_RANGE with the first that is not. */
TM_MUST_CHECK int tm_shard_join_complete(const struct tm_shard_join *j, struct tm_msg *msg);

#endif
