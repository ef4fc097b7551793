/* tm/core/session_compose.h - compose.c, for the engine's files alone: what is put into a record's plaintext. */
#ifndef TM_CORE_SESSION_COMPOSE_H
#define TM_CORE_SESSION_COMPOSE_H

#include <stdint.h>

#include "tm/base/buf.h"

struct tm_carrier;
struct tm_session;
struct tm_stream;

/* All acknowledgements that are due into w. */
void tm_session_put_acks(struct tm_session *s, struct tm_carrier *here, struct tm_wr *w);
/* Frames of one stream into w, sent on c, until it has nothing or nothing more fits. */
void tm_session_put_stream(struct tm_session *s, struct tm_carrier *c, struct tm_stream *st,
                           struct tm_wr *w, int64_t now_us);
/* Control, then all other streams in turn. */
void tm_session_put_streams(struct tm_session *s, struct tm_carrier *c, struct tm_wr *w,
                            int64_t now_us);

#endif
