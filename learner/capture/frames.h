/* learner/capture/frames.h - a stream of bytes -> the frames of the capture in it: unpacked, parsed,
 * held in a window of bounded size.  Pure: the bytes come from a callback. */
#ifndef TM_LEARNER_CAPTURE_FRAMES_H
#define TM_LEARNER_CAPTURE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learner/capture/format.h"
#include "learner/capture/unpack.h"
#include "tm/base/err.h"

struct tm_frames; /* opaque */

/* Reads nothing yet; `read` and `ctx` are used until the free.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_frames_new(struct tm_frames **out, tm_read_fn read, void *ctx);
void tm_frames_free(struct tm_frames *s);

/* The next frame; its bytes live until the next call.  Returns 1, 0 at the end, or an error with a
 * text in msg that does not name the file: TM_ERR_FORMAT no capture, cut or damaged from here on;
 * TM_ERR_NOMEM; those of the callback.  After an error every call gives it again. */
TM_MUST_CHECK int tm_frames_next(struct tm_frames *s, struct tm_frame *frame, struct tm_msg *msg);

/* 1 and the next frame when nothing needs to be read for it, so that the bytes of the frames before it since the last tm_frames_next live
 * on, until the next call of that; 0: tm_frames_next says what comes. */
int tm_frames_next_held(struct tm_frames *s, struct tm_frame *frame);

/* Whether the file's header was read; without it an error means "no capture", or one cut inside its
 * header if tm_frames_is_cut says so: the stream ended too early. */
bool tm_frames_is_open(const struct tm_frames *s);
bool tm_frames_is_cut(const struct tm_frames *s);
/* As tm_format_link. */
bool tm_frames_link(const struct tm_frames *s, size_t i, uint32_t *link_type);

#endif
