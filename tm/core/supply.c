/* tm/core/supply.c - see supply.h. */
#include "tm/core/supply.h"

#include <assert.h>
#include <string.h>

static const char magic[8] = {'T', 'M', 'M', 'O', 'D', 'E', 'L', '1'};

static_assert(sizeof magic + 1 + TM_MODEL_NAME_MAX + TM_DIGEST_LEN + 4 == TM_SUPPLY_HEAD_LEN,
              "the head's layout");

static bool is_zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != 0)
            return false;
    return true;
}

void tm_supply_request_encode(const struct tm_supply_request *r, uint8_t out[TM_SUPPLY_REQUEST_LEN])
{
    struct tm_wr w = tm_wr_init(out, TM_SUPPLY_REQUEST_LEN);
    tm_wr_u8(&w, TM_SUPPLY_VERSION);
    tm_wr_u8(&w, (uint8_t)r->kind);
    if (r->kind != TM_SUPPLY_LIST)
        tm_wr_bytes(&w, r->digest, sizeof r->digest);
    tm_wr_zeros(&w, tm_wr_room(&w));
    TM_ASSERT(tm_wr_ok(&w));
}

int tm_supply_request_decode(struct tm_supply_request *r, const uint8_t *p, size_t len)
{
    memset(r, 0, sizeof *r);
    if (len != TM_SUPPLY_REQUEST_LEN)
        return TM_ERR_FORMAT;
    if (p[0] != TM_SUPPLY_VERSION || p[1] < TM_SUPPLY_LIST || p[1] > TM_SUPPLY_KEYS)
        return TM_ERR_UNSUPPORTED;
    size_t used = 2 + (p[1] != TM_SUPPLY_LIST ? sizeof r->digest : 0);
    if (!is_zero(p + used, len - used))
        return TM_ERR_FORMAT;
    r->kind = (enum tm_supply_kind)p[1];
    if (r->kind != TM_SUPPLY_LIST)
        memcpy(r->digest, p + 2, sizeof r->digest);
    return TM_OK;
}

void tm_supply_keys_encode(const struct tm_supply_keys *k, uint8_t out[TM_SUPPLY_KEYS_LEN])
{
    struct tm_wr w = tm_wr_init(out, TM_SUPPLY_KEYS_LEN);
    tm_wr_u8(&w, TM_SUPPLY_VERSION);
    tm_wr_u8(&w, k->is_new);
    if (k->is_new) {
        tm_wr_bytes(&w, k->pin, sizeof k->pin);
        tm_wr_bytes(&w, k->token_prefix, sizeof k->token_prefix);
        tm_wr_bytes(&w, k->token_key, sizeof k->token_key);
    }
    tm_wr_zeros(&w, tm_wr_room(&w));
    TM_ASSERT(tm_wr_ok(&w));
}

int tm_supply_keys_decode(struct tm_supply_keys *k, const uint8_t *p, size_t len)
{
    struct tm_rd r = tm_rd_init(p, TM_SUPPLY_KEYS_SIGNED);
    memset(k, 0, sizeof *k);
    if (len != TM_SUPPLY_KEYS_LEN)
        return TM_ERR_FORMAT;
    if (tm_rd_u8(&r) != TM_SUPPLY_VERSION)
        return TM_ERR_UNSUPPORTED;
    uint8_t is_new = tm_rd_u8(&r);
    if (is_new > 1)
        return TM_ERR_FORMAT;
    if (is_new == 1) {
        tm_rd_copy(&r, k->pin, sizeof k->pin);
        tm_rd_copy(&r, k->token_prefix, sizeof k->token_prefix);
        tm_rd_copy(&r, k->token_key, sizeof k->token_key);
    }
    k->is_new = is_new == 1;
    if (is_zero(r.p, r.len))
        return TM_OK;
    memset(k, 0, sizeof *k);
    return TM_ERR_FORMAT;
}

void tm_supply_head_encode(const struct tm_supply_model *m, uint8_t out[TM_SUPPLY_HEAD_LEN])
{
    struct tm_wr w = tm_wr_init(out, TM_SUPPLY_HEAD_LEN);
    size_t n = strlen(m->name);
    TM_ASSERT_LE(n, TM_MODEL_NAME_MAX);
    TM_ASSERT_LE(m->image.len, TM_SUPPLY_IMAGE_MAX);
    tm_wr_bytes(&w, magic, sizeof magic);
    tm_wr_u8(&w, (uint8_t)n);
    tm_wr_bytes(&w, m->name, n);
    tm_wr_zeros(&w, TM_MODEL_NAME_MAX - n);
    tm_wr_bytes(&w, m->digest, sizeof m->digest);
    tm_wr_u32(&w, (uint32_t)m->image.len);
    TM_ASSERT(tm_wr_ok(&w));
}

int tm_supply_model_decode(struct tm_supply_model *m, const uint8_t *p, size_t len)
{
    char read_magic[sizeof magic];
    struct tm_rd r = tm_rd_init(p, len);
    memset(m, 0, sizeof *m);
    if (len > TM_SUPPLY_MAX)
        return TM_ERR_FORMAT;
    tm_rd_copy(&r, read_magic, sizeof read_magic);
    size_t n = tm_rd_u8(&r);
    struct tm_view name = tm_rd_bytes(&r, TM_MODEL_NAME_MAX);
    struct tm_view digest = tm_rd_bytes(&r, TM_DIGEST_LEN);
    struct tm_view image = tm_rd_bytes(&r, tm_rd_u32(&r));
    struct tm_view signature = tm_rd_bytes(&r, TM_SUPPLY_SIG_LEN);
    char text[TM_MODEL_NAME_MAX + 1] = "";
    if (!tm_rd_ok(&r) || r.len > 0 || image.len == 0 || n > TM_MODEL_NAME_MAX ||
        memcmp(read_magic, magic, sizeof magic) != 0 || !is_zero(name.p + n, name.len - n))
        return TM_ERR_FORMAT;
    memcpy(text, name.p, n);
    if (strlen(text) != n || !tm_model_name_ok(text))
        return TM_ERR_FORMAT;
    memcpy(m->name, text, sizeof text);
    memcpy(m->digest, digest.p, sizeof m->digest);
    m->image = image;
    m->signature = signature.p;
    return TM_OK;
}
