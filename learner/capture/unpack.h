/* learner/capture/unpack.h - bytes from anywhere -> the same bytes without gzip or zstd.
 *
 * Which it is is told by the first bytes, never by a name.  Several members or frames after each
 * other are one stream, as gzip, zstd and their parallel variants write them.  Memory is bounded: a
 * zstd window of more than 128 MiB is refused.  Pure: the bytes come from a callback.
 * Source: RFC 1952, RFC 8878. */
#ifndef TM_LEARNER_CAPTURE_UNPACK_H
#define TM_LEARNER_CAPTURE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tm/base/err.h"

/* Reads up to `cap` bytes into `buf`: how many, 0 at the end, or a negative enum tm_err with a line
 * in msg. */
typedef ssize_t (*tm_read_fn)(void *ctx, uint8_t *buf, size_t cap, struct tm_msg *msg);

/* Whether a stream that starts like this is packed; 4 bytes suffice. */
bool tm_unpack_is_packed(const uint8_t *p, size_t len);

struct tm_unpack; /* opaque */

/* Reads nothing yet.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_unpack_new(struct tm_unpack **out, tm_read_fn read, void *ctx);
void tm_unpack_free(struct tm_unpack *u);

/* As tm_read_fn, unpacked; cap >= 1.  TM_ERR_FORMAT: the compressed data is damaged or ends too
 * early (what came before it was returned by the calls before); TM_ERR_NOMEM; those of the
 * callback. */
TM_MUST_CHECK ssize_t tm_unpack_read(struct tm_unpack *u, uint8_t *buf, size_t cap,
                                     struct tm_msg *msg);

#endif
