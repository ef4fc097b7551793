/* tm/app/supply.h - models that a server hands to its clients: signed, kept as files, checked whenever they are read.
 *
 *   signature = the server's identity key over SHA-256("trafficmimic model v1" 0 | head | image), by tm_identity_sign
 *
 * (the answer's form: tm/core/supply.h).  Both ends keep a model as DIR/models/DIGEST, the first 16 bytes of its digest in hexadecimal:
 * the server, so that answering is sending a file, the client, so that it asks once.  A model that is read is a peer's: its signature
 * is checked before anything else looks at it, then it passes the database's loader and must have the digest that was asked for. */
#ifndef TM_APP_SUPPLY_H
#define TM_APP_SUPPLY_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/app/file.h"
#include "tm/app/models.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/supply.h"
#include "tm/net/identity.h"
#include "tm/net/supply.h"

/* The schedule under which a client fetches: built in on both sides, so that it is there when no model is.  Constant: 8192 bytes each way
 * every 50 ms, 100 exchanges a connection. */
void tm_supply_schedule(struct tm_model *m);

/* DIR/models/DIGEST.  TM_ERR_RANGE with msg: too long. */
TM_MUST_CHECK int tm_supply_path(char out[TM_FILE_PATH_MAX], const char *dir,
                                 const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg);

/* A model as an answer: made, signed; the caller frees it.  TM_ERR_LIMIT: its image is over TM_SUPPLY_IMAGE_MAX; TM_ERR_TLS, NOMEM, DB. */
TM_MUST_CHECK int tm_supply_make(const struct tm_model *m, const struct tm_identity *id,
                                 uint8_t **out, size_t *len, struct tm_msg *msg);
/* Puts the signature of a whole answer where it belongs.  TM_ERR_TLS. */
TM_MUST_CHECK int tm_supply_sign(uint8_t *bytes, size_t len, const struct tm_identity *id);
/* Whether these bytes are a model with this digest, signed by the owner of pin.  TM_ERR_FORMAT, AUTH, TLS. */
TM_MUST_CHECK int tm_supply_check(struct tm_supply_model *out, struct tm_view bytes,
                                  const uint8_t pin[TM_IDENTITY_PUB_LEN],
                                  const uint8_t digest[TM_TOKEN_DIGEST_LEN]);
/* The same, and the model itself (the caller deinits it); errors also of tm_store_load_memory, and TM_ERR_AUTH when the statistics have
 * another digest.  msg says what, without a file's name. */
TM_MUST_CHECK int tm_supply_open(struct tm_model *out, struct tm_view bytes,
                                 const uint8_t pin[TM_IDENTITY_PUB_LEN],
                                 const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg);

/* Client: DIR/models/DIGEST, read and checked.  TM_ERR_CLOSED: it is not there. */
TM_MUST_CHECK int tm_supply_load(struct tm_model *out, const char *dir,
                                 const uint8_t pin[TM_IDENTITY_PUB_LEN],
                                 const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg);
/* Client: keeps an answer when tm_supply_open takes it, else says why. */
TM_MUST_CHECK int tm_supply_store(const char *dir, struct tm_view bytes,
                                  const uint8_t pin[TM_IDENTITY_PUB_LEN],
                                  const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg);

/* Server: writes DIR/models/ anew where models are missing or signed by another key, and removes what it does not play any more. */
TM_MUST_CHECK int tm_supply_prepare(const char *dir, const struct tm_models *models,
                                    const struct tm_identity *id, struct tm_msg *msg);
/* Server: signs what is in DIR/models/ with another key; files that are not signed by the owner of pin stay as they are. */
TM_MUST_CHECK int tm_supply_sign_again(const char *dir, const uint8_t pin[TM_IDENTITY_PUB_LEN],
                                       const struct tm_identity *id, struct tm_msg *msg);
/* Server: answers a request for the list or a model.  TM_ERR_FORMAT, UNSUPPORTED; CLOSED: it has no such model; IO, NOMEM. */
TM_MUST_CHECK int tm_supply_answer_to(struct tm_supply_answer *out, const char *dir,
                                      const struct tm_models *models, struct tm_view request,
                                      struct tm_msg *msg);
/* Server: an answer that is a copy of these bytes.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_supply_answer_copy(struct tm_supply_answer *out, const uint8_t *bytes,
                                        size_t len);

#endif
