#include "tm/net/hkdf.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { INFO_MAX = 128 };

bool tm_hmac(uint8_t out[TM_HKDF_LEN], struct tm_view key, struct tm_view data)
{
    static const uint8_t none = 0; /* the library takes a NULL key for "as before" */
    unsigned len = 0;
    if (key.len <= INT32_MAX &&
        HMAC(EVP_sha256(), key.p ? key.p : &none, (int)key.len, data.p, data.len, out, &len) &&
        len == TM_HKDF_LEN)
        return true;
    memset(out, 0, TM_HKDF_LEN);
    return false;
}

bool tm_hkdf_extract(uint8_t prk[TM_HKDF_LEN], struct tm_view salt, struct tm_view ikm)
{
    return tm_hmac(prk, salt, ikm);
}

bool tm_hkdf_expand(uint8_t *out, size_t len, const uint8_t prk[TM_HKDF_LEN], struct tm_view info)
{
    uint8_t block[TM_HKDF_LEN];
    uint8_t data[INFO_MAX + 1];
    struct tm_wr w = tm_wr_init(data, sizeof data);
    TM_ASSERT_LE(len, sizeof block);
    tm_wr_bytes(&w, info.p, info.len);
    tm_wr_u8(&w, 1);
    TM_ASSERT(tm_wr_ok(&w));
    bool ok = tm_hmac(block, (struct tm_view){prk, TM_HKDF_LEN}, (struct tm_view){data, w.len});
    memcpy(out, block, len);
    OPENSSL_cleanse(block, sizeof block);
    return ok;
}

bool tm_hkdf_label(uint8_t *out, size_t len, const uint8_t secret[TM_HKDF_LEN], const char *label,
                   struct tm_view context)
{
    static const char prefix[] = "tls13 ";
    uint8_t info[INFO_MAX];
    struct tm_wr w = tm_wr_init(info, sizeof info);
    size_t label_len = strlen(label);
    tm_wr_u16(&w, (uint16_t)len);
    tm_wr_u8(&w, (uint8_t)(sizeof prefix - 1 + label_len));
    tm_wr_bytes(&w, prefix, sizeof prefix - 1);
    tm_wr_bytes(&w, label, label_len);
    tm_wr_u8(&w, (uint8_t)context.len);
    tm_wr_bytes(&w, context.p, context.len);
    TM_ASSERT(tm_wr_ok(&w));
    return tm_hkdf_expand(out, len, secret, (struct tm_view){info, w.len});
}
