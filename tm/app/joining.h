/* tm/app/joining.h - a link becomes a client: the conversation of a join, on a loop that may have other things to do.
 *
 *   JOIN session up ──> ask ──> answer ──> signature good? ──> status OK? ──> what the client keeps
 *
 * On the wire a join is a session under the built-in join model (tm/net/tunnel.h), so its sizes and times do
 * not depend on what is said in it. */
#ifndef TM_APP_JOINING_H
#define TM_APP_JOINING_H

#include <sys/socket.h>

#include <uv.h>

#include "tm/app/client_state.h"
#include "tm/base/err.h"
#include "tm/core/link.h"

struct tm_joining;

/* The end, once: TM_OK and what to keep (valid during the call), or an error and one line that says what happened. */
typedef void (*tm_joining_done_fn)(void *user, int rc, const struct tm_client_state *s,
                                   const char *why);

struct tm_joining_cfg {
    uv_loop_t *loop;            /* borrowed */
    const struct tm_link *link; /* copied */
    const struct sockaddr *
        server; /* in place of the link's host and port, which may then be missing; copied; NULL: the link's */
    tm_joining_done_fn done; /* from the loop, when nothing of the join is left */
    void *user;
};

/* Starts; frees itself before done.  TM_ERR_IO, TLS, NOMEM with msg: done is not called. */
TM_MUST_CHECK int tm_joining_start(struct tm_joining **out, const struct tm_joining_cfg *cfg,
                                   struct tm_msg *msg);
/* Ends it; done comes with this text. */
void tm_joining_cancel(struct tm_joining *j, const char *why);

#endif
