/* tm/net/statsock.h - a unix socket that answers whoever connects with one text and closes.
 *
 * DIR/status, mode 0600 in a directory that is the owner's alone; who connects must be the same user or root
 * (SO_PEERCRED), others are closed unanswered.  It reads nothing.  An answer waits until the program has time for it
 * (at most TM_STATSOCK_WAIT_MS).  At most one every TM_STATSOCK_GAP_MS, all on
 * the loop's thread, each sent into the socket's buffer at once or not at all: nobody who asks, however often, can
 * make the program wait or remember anything. */
#ifndef TM_NET_STATSOCK_H
#define TM_NET_STATSOCK_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "tm/base/err.h"

#define TM_STATSOCK_NAME    "status"
#define TM_STATSOCK_MAX     16384U /* bytes of an answer */
#define TM_STATSOCK_GAP_MS  50U
#define TM_STATSOCK_WAIT_MS 100U

struct tm_statsock; /* opaque */

/* Writes the answer, at most cap (TM_STATSOCK_MAX) bytes, and returns its length; 0: none. */
typedef size_t (*tm_statsock_fn)(void *user, char *out, size_t cap);
/* Whether the loop can spare the time for an answer now. */
typedef bool (*tm_statsock_ready_fn)(void *user);

struct tm_statsock_cfg {
    const char *dir; /* borrowed during the call */
    tm_statsock_fn answer;
    tm_statsock_ready_fn is_ready; /* NULL: always */
    void *user;
};
/* What a former program left behind is replaced; TM_ERR_CLOSED: one that runs answers there.  TM_ERR_IO,
 * NOMEM; msg says what. */
TM_MUST_CHECK int tm_statsock_open(struct tm_statsock **out, uv_loop_t *loop,
                                   const struct tm_statsock_cfg *cfg, struct tm_msg *msg);
/* Removes the socket; the memory goes when libuv has closed the handles.  NULL is allowed. */
void tm_statsock_close(struct tm_statsock *s);

/* The other side, blocking, without a loop: the answer of the program that runs in dir, at most cap bytes, in
 * *len.  TM_ERR_CLOSED: none runs; TM_ERR_IO: it does not answer within 3 s, or not us; TM_ERR_LIMIT: more than
 * cap. */
TM_MUST_CHECK int tm_statsock_ask(const char *dir, char *out, size_t cap, size_t *len,
                                  struct tm_msg *msg);

#endif
