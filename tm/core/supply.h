/* tm/core/supply.h - what a client asks its server for, over a stream of its own: which models there are, and a model whole.
 *
 *   request, 64 bytes:   version(1) = 1 | kind(1) | digest(16), zeros when the list is asked for | zeros
 *   LIST's answer:       a join's reply (tm/core/join.h) without client and signature: zeros
 *   KEYS' answer, 256:   version(1) = 1 | is_new(1) | pin(32) | token prefix(16) | token key(32) | zeros(46) | signature(64) | signature(64)
 *   MODEL's answer:      "TMMODEL1" | name_len(1) | name, zeros(63) | digest(32) | image_len(4) | image | signature(64)
 *
 * The last one is also the file in which either end keeps a model.  The image is a database of that model alone
 * (models/store/store.h); what is signed, and by whom, is in tm/app/supply.h.  Pure: layouts only. */
#ifndef TM_CORE_SUPPLY_H
#define TM_CORE_SUPPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/core/token.h"

#define TM_SUPPLY_VERSION     1
#define TM_SUPPLY_REQUEST_LEN 64U
#define TM_SUPPLY_HEAD_LEN    108U
#define TM_SUPPLY_SIG_LEN     64U
#define TM_SUPPLY_IMAGE_MAX   (16U << 20)
#define TM_SUPPLY_MAX         (TM_SUPPLY_HEAD_LEN + TM_SUPPLY_IMAGE_MAX + TM_SUPPLY_SIG_LEN)

#define TM_SUPPLY_KEYS_LEN    256U
#define TM_SUPPLY_KEYS_SIGNED (TM_SUPPLY_KEYS_LEN - 2 * TM_SUPPLY_SIG_LEN)

enum tm_supply_kind { TM_SUPPLY_LIST = 1, TM_SUPPLY_MODEL = 2, TM_SUPPLY_KEYS = 3 };

struct tm_supply_request {
    enum tm_supply_kind kind;
    uint8_t digest
        [TM_TOKEN_DIGEST_LEN]; /* MODEL: the first bytes of its; KEYS: of those that the client has (tm/app/keys.h) */
};
void tm_supply_request_encode(const struct tm_supply_request *r,
                              uint8_t out[TM_SUPPLY_REQUEST_LEN]);
/* TM_ERR_UNSUPPORTED: another version or kind; TM_ERR_FORMAT: no request. */
TM_MUST_CHECK int tm_supply_request_decode(struct tm_supply_request *r, const uint8_t *p,
                                           size_t len);

/* The server's keys as its clients know them. */
struct tm_supply_keys {
    bool is_new; /* others than the client has; else the fields below are zero */
    uint8_t pin[32];
    uint8_t token_prefix[16];
    uint8_t token_key[32];
};
/* Everything but the signatures, whose bytes are set to zero. */
void tm_supply_keys_encode(const struct tm_supply_keys *k, uint8_t out[TM_SUPPLY_KEYS_LEN]);
/* Reads everything but the signatures.  TM_ERR_UNSUPPORTED: another version; TM_ERR_FORMAT. */
TM_MUST_CHECK int tm_supply_keys_decode(struct tm_supply_keys *k, const uint8_t *p, size_t len);

struct tm_supply_model {
    char name[TM_MODEL_NAME_MAX + 1]; /* passes tm_model_name_ok */
    uint8_t digest[TM_DIGEST_LEN];
    struct tm_view image;     /* borrowed */
    const uint8_t *signature; /* borrowed; TM_SUPPLY_SIG_LEN bytes */
};
/* What stands before the image.  image.len: 1..TM_SUPPLY_IMAGE_MAX. */
void tm_supply_head_encode(const struct tm_supply_model *m, uint8_t out[TM_SUPPLY_HEAD_LEN]);
/* Reads an answer or a file; nothing of it has been proved yet.  TM_ERR_FORMAT. */
TM_MUST_CHECK int tm_supply_model_decode(struct tm_supply_model *m, const uint8_t *p, size_t len);

#endif
