/* tm/app/client_fetch.h - a session in which a client asks its server which models there are, and for models.
 *
 * On the wire: a session like any other of this client, under the built-in schedule of tm/app/supply.h, for as long as the answers
 * take. */
#ifndef TM_APP_CLIENT_FETCH_H
#define TM_APP_CLIENT_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "tm/app/client_state.h"
#include "tm/base/err.h"

/* What is known when somebody answers at the server's address and does not take us; stands behind the address. */
#define TM_CLIENT_NOT_TAKEN                                                                        \
    "answers but not as our server: this client was revoked or is unknown there, another one is "  \
    "behind that address, it was set up anew"

/* Which of the server's models are wanted, asked when the list is there. */
typedef bool (*tm_client_wants_fn)(void *user, const struct tm_join_model *m);

/* Puts the server's list into s->models, and into dir/server when it is another one than before; then fetches every model that is wanted
 * into dir/models.  TM_ERR_AUTH: who answers does not take us; IO: nobody answers; CLOSED: the server has no such answers; others:
 * a model that is not what it should be, or cannot be written.  msg says what, with the server's address. */
TM_MUST_CHECK int tm_client_fetch(struct tm_client_state *s, const char *dir,
                                  tm_client_wants_fn wants, void *user, struct tm_msg *msg);

#endif
