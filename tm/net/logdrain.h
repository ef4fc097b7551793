/* tm/net/logdrain.h - the schedule log's way to its file, off the data path.
 *
 * The engine formats lines into a bounded buffer; four times a second what has gathered is copied and
 * written by a thread of libuv's pool, so that a slow disk never delays a carrier. */
#ifndef TM_NET_LOGDRAIN_H
#define TM_NET_LOGDRAIN_H

#include <stdio.h>

#include <uv.h>

#include "tm/base/err.h"

struct tm_schedlog;
struct tm_logdrain;

enum tm_logdrain_file { TM_LOGDRAIN_BORROW, TM_LOGDRAIN_CLOSE };

/* Owns take_log, and the file with TM_LOGDRAIN_CLOSE (both also on error).  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_logdrain_new(struct tm_logdrain **out, uv_loop_t *loop,
                                  struct tm_schedlog *take_log, FILE *file,
                                  enum tm_logdrain_file how);
/* There may be text: to be called after the engine worked. */
void tm_logdrain_poke(struct tm_logdrain *d);
/* Writes the rest, frees the log and, when libuv is done, itself; `closed` (may be NULL) is called then. */
void tm_logdrain_close(struct tm_logdrain *d, void (*closed)(void *user), void *user);

#endif
