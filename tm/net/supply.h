/* tm/net/supply.h - one request of an enrolled client to the server itself, and the answer, over a stream of an ordinary session.
 *
 *   client: request (tm/core/supply.h), end of stream        server: answer, end of stream
 *
 * Its bytes fill buffers of the schedule like those of any stream.  A server that has no answer resets; one of an older release says
 * that the destination TM_DEST_SERVER cannot be reached.  All on the front thread. */
#ifndef TM_NET_SUPPLY_H
#define TM_NET_SUPPLY_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/session.h"
#include "tm/net/front.h"

/* ---- Client ---- */

/* err: TM_OK; CLOSED: the server declined, or the session ended; LIMIT: the answer is longer than allowed; NOMEM.  answer is valid
 * during the call, empty on error. */
typedef void (*tm_supply_done_fn)(void *user, int err, struct tm_view answer);
/* request: TM_SUPPLY_REQUEST_LEN bytes, copied.  done is called once, not from inside this call, unless the front ends before: then
 * with CLOSED.  TM_ERR_NOMEM, LIMIT, CLOSED. */
TM_MUST_CHECK int tm_supply_ask(struct tm_front *front, const uint8_t *request, size_t answer_max,
                                tm_supply_done_fn done, void *user);

/* ---- Server ---- */

/* An answer that stays where it is while it is sent. */
struct tm_supply_answer {
    struct tm_view bytes;
    void (*release)(
        struct tm_supply_answer *a); /* when it was sent, or is not wanted any more; not NULL */
};
/* TM_OK and *out, or why there is no answer. */
typedef int (*tm_supply_answer_fn)(void *user, const uint8_t client_id[TM_CLIENT_ID_LEN],
                                   struct tm_view request, struct tm_supply_answer *out);
struct tm_supply_server {
    tm_supply_answer_fn answer;
    void *user;
    uint8_t client_id[TM_CLIENT_ID_LEN];
};

/* Whether event OPEN asks for the server itself. */
bool tm_supply_is_meant(const struct tm_event *ev);
/* Serves it. */
void tm_supply_serve(struct tm_front *front, const struct tm_event *ev,
                     const struct tm_supply_server *srv);

#endif
