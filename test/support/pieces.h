/* test/support/pieces.h - bytes in memory as the sources that learner/capture/frames.h reads: in pieces, or in chunks that are not copied. */
#ifndef TM_TEST_SUPPORT_PIECES_H
#define TM_TEST_SUPPORT_PIECES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/err.h"

/* What is left of the bytes (borrowed); `piece` of them come at a time. */
struct pieces {
    const uint8_t *p;
    size_t len;
    size_t piece;
};

/* For tm_frames_new; ctx is a struct pieces. */
ssize_t pieces_read(void *ctx, uint8_t *buf, size_t cap, struct tm_msg *msg);

/* The same in chunks of memory that is gone with the call after the next, so that what is kept too long is seen. */
struct chunks {
    struct pieces in;
    uint8_t *held[2]; /* owned */
};

/* For tm_frames_new_chunks; ctx is a struct chunks.  Aborts without memory. */
ssize_t chunks_give(void *ctx, uint8_t **out, struct tm_msg *msg);
void chunks_deinit(struct chunks *c);

#endif
