/* tm/core/join.c - see join.h. */
#include "tm/core/join.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "tm/base/buf.h"

/* TM_JOIN_MODELS_MAX models whose names have 13 characters: the promise of the header. */
static_assert(2 + TM_CLIENT_ID_LEN + 1 + TM_JOIN_MODELS_MAX * (1 + 13 + TM_TOKEN_DIGEST_LEN) <=
                  TM_JOIN_SIGNED_LEN,
              "models do not fit");

static bool rest_is_zero(struct tm_rd *rd)
{
    uint8_t any = 0;
    while (tm_rd_ok(rd) && rd->len > 0)
        any |= tm_rd_u8(rd);
    return any == 0;
}

void tm_join_request_encode(uint8_t out[TM_JOIN_REQUEST_LEN])
{
    memset(out, 0, TM_JOIN_REQUEST_LEN);
    out[0] = TM_JOIN_VERSION;
}

int tm_join_request_check(const uint8_t *p, size_t len)
{
    struct tm_rd rd = tm_rd_init(p, len);
    uint8_t version = tm_rd_u8(&rd);
    if (len >= 1 && version != TM_JOIN_VERSION)
        return TM_ERR_UNSUPPORTED;
    return len == TM_JOIN_REQUEST_LEN && rest_is_zero(&rd) ? TM_OK : TM_ERR_FORMAT;
}

int tm_join_reply_encode(const struct tm_join_reply *r, uint8_t out[TM_JOIN_REPLY_LEN])
{
    TM_ASSERT_LE(r->n_models, TM_JOIN_MODELS_MAX);
    memset(out, 0, TM_JOIN_REPLY_LEN);
    struct tm_wr w = tm_wr_init(out, TM_JOIN_SIGNED_LEN);
    tm_wr_u8(&w, TM_JOIN_VERSION);
    tm_wr_u8(&w, (uint8_t)r->status);
    tm_wr_bytes(&w, r->client_id, sizeof r->client_id);
    tm_wr_u8(&w, (uint8_t)r->n_models);
    for (size_t i = 0; i < r->n_models; i++) {
        size_t name_len = strlen(r->models[i].name);
        tm_wr_u8(&w, (uint8_t)name_len);
        tm_wr_bytes(&w, r->models[i].name, name_len);
        tm_wr_bytes(&w, r->models[i].digest, sizeof r->models[i].digest);
    }
    return tm_wr_ok(&w) ? TM_OK : TM_ERR_LIMIT;
}

static int decode_model(struct tm_join_model *m, struct tm_rd *rd)
{
    size_t name_len = tm_rd_u8(rd);
    if (name_len == 0 || name_len > TM_MODEL_NAME_MAX)
        return TM_ERR_FORMAT;
    tm_rd_copy(rd, m->name, name_len);
    m->name[name_len] = '\0';
    tm_rd_copy(rd, m->digest, sizeof m->digest);
    if (!tm_rd_ok(rd) || strlen(m->name) != name_len || !tm_model_name_ok(m->name))
        return TM_ERR_FORMAT;
    return TM_OK;
}

int tm_join_reply_decode(struct tm_join_reply *r, const uint8_t *p, size_t len)
{
    memset(r, 0, sizeof *r);
    if (len >= 1 && p[0] != TM_JOIN_VERSION)
        return TM_ERR_UNSUPPORTED;
    if (len != TM_JOIN_REPLY_LEN)
        return TM_ERR_FORMAT;
    struct tm_rd rd = tm_rd_init(p + 1, TM_JOIN_SIGNED_LEN - 1);
    uint8_t status = tm_rd_u8(&rd);
    if (status > TM_JOIN_FAILED)
        return TM_ERR_FORMAT;
    r->status = (enum tm_join_status)status;
    tm_rd_copy(&rd, r->client_id, sizeof r->client_id);
    r->n_models = tm_rd_u8(&rd);
    if (r->n_models > TM_JOIN_MODELS_MAX)
        return TM_ERR_FORMAT;
    for (size_t i = 0; i < r->n_models; i++) {
        int rc = decode_model(&r->models[i], &rd);
        if (rc != TM_OK)
            return rc;
    }
    return rest_is_zero(&rd) ? TM_OK : TM_ERR_FORMAT;
}
