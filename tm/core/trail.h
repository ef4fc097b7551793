/* tm/core/trail.h - where the streams stood last on one carrier, in one direction: it makes the headers of DATA frames short.
 *
 * Both ends know the same of it, because the records of a carrier come in order: for each of the last TM_TRAIL_LEN streams of
 * which a DATA frame went by, the offset behind that frame's bytes.  A frame may name the stream by its place here and its offset
 * by the distance from there: two or three bytes, where stream and offset take five to ten.  What is sent again on another carrier
 * stands in that one's trail or is written out, so no frame can be understood as another's. */
#ifndef TM_CORE_TRAIL_H
#define TM_CORE_TRAIL_H

#include "tm/core/frame.h"

#define TM_TRAIL_LEN 8U /* places; as many as the type of a frame can name */

struct tm_trail {
    uint32_t
        n_entered; /* streams that were entered; the place of the next is n_entered % TM_TRAIL_LEN */
    struct {
        uint64_t stream;
        uint64_t end; /* offset behind the last frame's bytes */
    } at[TM_TRAIL_LEN];
};

/* The sender: bytes from `offset` on of the stream can be named by *place and *distance.  False: not near enough, or unknown. */
bool tm_trail_is_near(const struct tm_trail *t, uint64_t stream, uint64_t offset, unsigned *place,
                      int *distance);
/* Both: a DATA frame of the stream whose bytes end at `end` went by. */
void tm_trail_note(struct tm_trail *t, uint64_t stream, uint64_t end);
/* The receiver: fills in stream and offset of a DATA frame that says them by the trail, and notes it.  TM_ERR_FORMAT: nothing stood at
 * that place, or the offset would be negative or above TM_FRAME_OFFSET_MAX. */
TM_MUST_CHECK int tm_trail_follow(struct tm_trail *t, struct tm_frame *f);

#endif
