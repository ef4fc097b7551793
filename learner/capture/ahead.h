/* learner/capture/ahead.h - a regular file read ahead by a thread of its own, so that the kernel's
 * copying and the parser's work go on at the same time.
 *
 * A ring of four chunks: two may be in use by the reader, the others are being filled.  The rim. */
#ifndef TM_LEARNER_CAPTURE_AHEAD_H
#define TM_LEARNER_CAPTURE_AHEAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/err.h"

struct tm_ahead; /* opaque */

/* Starts reading fd from its position; fd is borrowed until the close.  TM_ERR_NOMEM; TM_ERR_LIMIT
 * when no thread can be had. */
TM_MUST_CHECK int tm_ahead_open(struct tm_ahead **out, int fd);
void tm_ahead_close(struct tm_ahead *a);

/* The next chunk, as tm_chunk_fn (learner/capture/frames.h) asks; `ctx` is the tm_ahead.  TM_ERR_IO
 * when the file cannot be read. */
TM_MUST_CHECK ssize_t tm_ahead_chunk(void *ctx, uint8_t **out, struct tm_msg *msg);

#endif
