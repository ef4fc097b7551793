/* tm/core/pieces.h - which carrier carried how much of which stream, told to a shell that wants to know.
 *
 * For studies alone: whoever has it knows what the tunnel hides.  Nothing here changes what is sent. */
#ifndef TM_CORE_PIECES_H
#define TM_CORE_PIECES_H

#include <stdint.h>

#include "tm/core/session.h"

struct tm_piece {
    uint64_t stream;
    uint32_t carrier;
    uint32_t
        bytes; /* of user data, sent or received, also again; 0: the stream is over, and carrier means nothing */
    int64_t at_us;
};
typedef void (*tm_piece_fn)(void *user, const struct tm_piece *p);

/* Calls fn(user, ...) for every piece of user data that is composed or received, and when a stream is forgotten, from now on; from inside
 * the calls that do that, so fn must not call the session.  NULL: no more. */
void tm_session_set_pieces(struct tm_session *s, tm_piece_fn fn, void *user);

#endif
