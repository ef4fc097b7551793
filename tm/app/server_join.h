/* tm/app/server_join.h - the server's answer to a join: the invitation is used up, the client is stored, the
 * reply is signed.  No sockets: the tunnel carries request and reply. */
#ifndef TM_APP_SERVER_JOIN_H
#define TM_APP_SERVER_JOIN_H

#include <stdint.h>

#include "tm/app/enrol.h"
#include "tm/app/models.h"
#include "tm/app/server_state.h"

struct tm_server_joined {
    struct tm_join_reply said;        /* what the reply holds; said.status says how it went */
    uint8_t reply[TM_JOIN_REPLY_LEN]; /* signed */
    struct tm_msg why;                /* the reason of status TM_JOIN_FAILED, for the log */
};

/* Answers the conversation e at wall clock now_s: TM_OK and a whole reply.  TM_ERR_FORMAT, TM_ERR_UNSUPPORTED:
 * not a request; TM_ERR_TLS: no reply could be signed. */
TM_MUST_CHECK int tm_server_join(struct tm_server_joined *out, const struct tm_server_state *s,
                                 const struct tm_models *models, const struct tm_enrol *e,
                                 int64_t now_s);

#endif
