/* tm/app/open_invite.h - the invitation that many clients may join with: what a bridge line of Tor holds, which is as public as its bridge.
 *
 *   DIR/bridge    id, secret, how many may still join
 *
 * Each client gets an identity and a secret of its own, as with an invitation for one (tm/app/enrol.h): what they share ends with the join.
 * The number bounds what a stranger who has the line can make the server store.  To take the invitation back, remove the file:
 * it is read for every join, so that works at once, and who has joined stays.  One process serves a directory; of two, both could count the same use. */
#ifndef TM_APP_OPEN_INVITE_H
#define TM_APP_OPEN_INVITE_H

#include <stdint.h>

#include "tm/app/server_state.h"

struct tm_open_invite {
    uint8_t id[TM_CLIENT_ID_LEN];
    uint8_t secret[TM_SECRET_LEN];
    int64_t left; /* so many more clients */
};

/* Reads it.  TM_ERR_CLOSED: there is none. */
TM_MUST_CHECK int tm_open_invite_load(const struct tm_server_state *s, struct tm_open_invite *out,
                                      struct tm_msg *msg);
/* Makes a new one for n clients in place of any that is there. */
TM_MUST_CHECK int tm_open_invite_make(const struct tm_server_state *s, int64_t n,
                                      struct tm_open_invite *out, struct tm_msg *msg);

/* Of the invitation with this id: its secret; whether a client may join; one joins, and is stored with `secret`.  TM_ERR_AUTH: the open invitation is
 * another one, or there is none; TM_ERR_CLOSED: all have joined that may; others: it cannot be read or stored. */
TM_MUST_CHECK int tm_open_invite_secret(const struct tm_server_state *s,
                                        const uint8_t id[TM_CLIENT_ID_LEN],
                                        uint8_t secret[TM_SECRET_LEN], struct tm_msg *msg);
TM_MUST_CHECK int tm_open_invite_check(const struct tm_server_state *s,
                                       const uint8_t id[TM_CLIENT_ID_LEN], struct tm_msg *msg);
TM_MUST_CHECK int tm_open_invite_redeem(const struct tm_server_state *s,
                                        const uint8_t id[TM_CLIENT_ID_LEN],
                                        const uint8_t secret[TM_SECRET_LEN], int64_t now_s,
                                        uint8_t client_id[TM_CLIENT_ID_LEN], struct tm_msg *msg);

#endif
