/* tm/core/join.h - the two messages by which an invitation becomes an enrolled client.
 *
 *   request, 64 bytes:    version(1) = 1 | zeros
 *   reply, 3900 bytes:    version(1) = 1 | status(1) | client_id(8)
 *                         | n_models(1) | n_models x { name_len(1) name digest(16) } | zeros | signature(64)
 *
 * They travel inside a JOIN session (tm/net/tunnel.h), which the invitation's secret protects; both have one
 * length, whatever they say.  What the signature covers and where the client's secret comes from is in
 * tm/app/enrol.h.  Pure: layouts only. */
#ifndef TM_CORE_JOIN_H
#define TM_CORE_JOIN_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/base/err.h"
#include "tm/core/token.h"

#define TM_JOIN_VERSION     1
#define TM_JOIN_REQUEST_LEN 64U
#define TM_JOIN_REPLY_LEN   3900U
#define TM_JOIN_SIG_LEN     64U /* Ed25519 signature */
/* What the signature covers of a reply: all bytes before it. */
#define TM_JOIN_SIGNED_LEN (TM_JOIN_REPLY_LEN - TM_JOIN_SIG_LEN)
#define TM_JOIN_MODELS_MAX 120U

enum tm_join_status {
    TM_JOIN_OK = 0,
    TM_JOIN_USED = 1,    /* the invitation made a client before */
    TM_JOIN_EXPIRED = 2, /* it is too old */
    TM_JOIN_FAILED = 3   /* the server could not store the client; its log says why */
};

/* One model that the server can play. */
struct tm_join_model {
    char name[TM_MODEL_NAME_MAX + 1];
    uint8_t digest[TM_TOKEN_DIGEST_LEN]; /* the first bytes of the model's digest */
};

struct tm_join_reply {
    enum tm_join_status status; /* other than OK: the fields below are zero */
    uint8_t client_id[TM_CLIENT_ID_LEN];
    size_t n_models; /* 0..TM_JOIN_MODELS_MAX */
    struct tm_join_model models[TM_JOIN_MODELS_MAX];
};

void tm_join_request_encode(uint8_t out[TM_JOIN_REQUEST_LEN]);
/* TM_OK; TM_ERR_UNSUPPORTED: another version; TM_ERR_FORMAT: anything else that is not a request. */
TM_MUST_CHECK int tm_join_request_check(const uint8_t *p, size_t len);

/* Everything but the signature, whose bytes are set to zero.  TM_ERR_LIMIT: the models' names do not fit
 * (TM_JOIN_MODELS_MAX models with names of 13 characters do). */
TM_MUST_CHECK int tm_join_reply_encode(const struct tm_join_reply *r,
                                       uint8_t out[TM_JOIN_REPLY_LEN]);
/* Reads everything but the signature, which the caller checks.  TM_ERR_UNSUPPORTED, TM_ERR_FORMAT as above;
 * every model name passes tm_model_name_ok. */
TM_MUST_CHECK int tm_join_reply_decode(struct tm_join_reply *r, const uint8_t *p, size_t len);

#endif
