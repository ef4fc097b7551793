/* tm/app/keys.h - the server's keys renewed: how clients learn the new ones in a session that they have.
 *
 *   known     = first 16 bytes of SHA-256("trafficmimic keys v1" 0 | pin | token prefix | token key), in the request
 *   signed    = SHA-256("trafficmimic keys v1" 0 | client id | answer up to the signatures), by tm_identity_sign:
 *               once with the key before the present one, zeros when there is none, and once with the present one
 *
 * (the answer: tm/core/supply.h).  The session says that the answer is from somebody who knows this client's secret; a signature by the
 * key whose pin the client has says that it is the server that it joined. */
#ifndef TM_APP_KEYS_H
#define TM_APP_KEYS_H

#include <stdint.h>

#include "tm/app/client_state.h"
#include "tm/app/server_state.h"
#include "tm/app/supply.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/supply.h"

/* Of the keys that a client has; TM_ERR_TLS. */
TM_MUST_CHECK int tm_keys_known(uint8_t known[TM_TOKEN_DIGEST_LEN],
                                const uint8_t pin[TM_IDENTITY_PUB_LEN],
                                const struct tm_ticket_key *token);
/* Server: the answer to a client that has these.  TM_ERR_TLS. */
TM_MUST_CHECK int tm_keys_answer(uint8_t out[TM_SUPPLY_KEYS_LEN], const struct tm_server_state *s,
                                 const uint8_t client_id[TM_CLIENT_ID_LEN],
                                 const uint8_t known[TM_TOKEN_DIGEST_LEN]);
/* Server: the same as the answer to a request.  TM_ERR_UNSUPPORTED: it is no such request; NOMEM, TLS. */
TM_MUST_CHECK int tm_keys_answer_to(struct tm_supply_answer *out, const struct tm_server_state *s,
                                    const uint8_t client_id[TM_CLIENT_ID_LEN],
                                    struct tm_view request);
/* Client: the request of one that has these keys.  TM_ERR_TLS. */
TM_MUST_CHECK int tm_keys_request(uint8_t out[TM_SUPPLY_REQUEST_LEN],
                                  const struct tm_client_state *s);
/* Client: puts what an answer says into *s.  1: new keys, 0: those that it has; TM_ERR_AUTH: not signed by the server that it knows;
 * TM_ERR_FORMAT, UNSUPPORTED, TLS; *s is then as before. */
TM_MUST_CHECK int tm_keys_take(struct tm_client_state *s, struct tm_view answer);

#endif
