/* tm/core/session_end.h - before the program ends: the other end is told, in buffers that leave anyway.  Pure. */
#ifndef TM_CORE_SESSION_END_H
#define TM_CORE_SESSION_END_H

#include <stdbool.h>

#include "tm/core/session.h"

/* Gives up all streams at once, as before the end of the program. */
void tm_session_reset_streams(struct tm_session *s, enum tm_reply code);
/* Whether the peer has acknowledged all control, and so knows of every stream that was given up. */
bool tm_session_is_heard(const struct tm_session *s);

#endif
