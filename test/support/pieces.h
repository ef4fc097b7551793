/* test/support/pieces.h - bytes in memory as a source that learner/capture/frames.h reads, in pieces. */
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

#endif
