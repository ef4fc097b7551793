#include "tm/net/ticket.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "tm/net/hkdf.h"

enum { NONCE_AT = TM_TICKET_PREFIX_LEN, BODY_AT = NONCE_AT + TM_TICKET_NONCE_LEN };

static_assert(TM_PSK_LEN == TM_HKDF_LEN && TM_HELLO_BINDER_LEN == TM_HKDF_LEN,
              "SHA-256 throughout");

int tm_ticket_seal(const struct tm_ticket_key *key, const struct tm_token *t, uint8_t *identity,
                   size_t len)
{
    if (len < TM_TICKET_OVERHEAD + tm_token_len(t) || len > TM_TICKET_LEN_MAX)
        return TM_ERR_RANGE;
    size_t body_len = len - TM_TICKET_OVERHEAD;
    uint8_t *body = identity + BODY_AT;
    int n = 0;
    int rc = TM_ERR_TLS;
    struct tm_wr w = tm_wr_init(body, body_len);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

    tm_token_encode(t, &w);
    tm_wr_zeros(&w, tm_wr_room(&w));
    TM_ASSERT(tm_wr_ok(&w));
    memcpy(identity, key->prefix, sizeof key->prefix);
    if (c && RAND_bytes(identity + NONCE_AT, TM_TICKET_NONCE_LEN) == 1 &&
        EVP_EncryptInit_ex2(c, EVP_aes_256_gcm(), key->key, identity + NONCE_AT, NULL) == 1 &&
        EVP_EncryptUpdate(c, NULL, &n, identity, TM_TICKET_PREFIX_LEN) == 1 &&
        EVP_EncryptUpdate(c, body, &n, body, (int)body_len) == 1 && (size_t)n == body_len &&
        EVP_EncryptFinal_ex(c, body + body_len, &n) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TM_TICKET_TAG_LEN, body + body_len) == 1)
        rc = TM_OK;
    else
        OPENSSL_cleanse(identity, len);
    EVP_CIPHER_CTX_free(c);
    return rc;
}

/* Decrypts the body of an identity of at least TM_TICKET_LEN_MIN(0) bytes to `plain`. */
static int decrypt(const struct tm_ticket_key *key, struct tm_view identity, uint8_t *plain)
{
    size_t body_len = identity.len - TM_TICKET_OVERHEAD;
    const uint8_t *body = identity.p + BODY_AT;
    uint8_t tag[TM_TICKET_TAG_LEN];
    int n = 0;
    int rc = TM_ERR_TLS;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    memcpy(tag, body + body_len, sizeof tag);
    if (c &&
        EVP_DecryptInit_ex2(c, EVP_aes_256_gcm(), key->key, identity.p + NONCE_AT, NULL) == 1 &&
        EVP_DecryptUpdate(c, NULL, &n, identity.p, TM_TICKET_PREFIX_LEN) == 1 &&
        EVP_DecryptUpdate(c, plain, &n, body, (int)body_len) == 1 && (size_t)n == body_len &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1)
        rc = EVP_DecryptFinal_ex(c, plain + body_len, &n) == 1 ? TM_OK : TM_ERR_AUTH;
    EVP_CIPHER_CTX_free(c);
    return rc;
}

int tm_ticket_open(const struct tm_ticket_key *key, struct tm_view identity, struct tm_token *t)
{
    uint8_t plain[TM_TICKET_LEN_MAX];
    *t = (struct tm_token){0};
    if (identity.len < TM_TICKET_LEN_MIN(0) || identity.len > TM_TICKET_LEN_MAX ||
        memcmp(identity.p, key->prefix, sizeof key->prefix) != 0)
        return TM_ERR_AUTH;
    size_t body_len = identity.len - TM_TICKET_OVERHEAD;
    int rc = decrypt(key, identity, plain);
    if (rc == TM_OK)
        rc = tm_token_decode(t, plain, body_len);
    OPENSSL_cleanse(plain, body_len);
    return rc;
}

struct tm_view tm_ticket_nonce(struct tm_view identity)
{
    TM_ASSERT_LE(TM_TICKET_LEN_MIN(0), identity.len);
    return (struct tm_view){identity.p + NONCE_AT, TM_TICKET_NONCE_LEN};
}

int tm_ticket_psk(uint8_t psk[TM_PSK_LEN], const uint8_t secret[TM_SECRET_LEN],
                  struct tm_view identity)
{
    static const char info[] = "trafficmimic psk v1";
    uint8_t prk[TM_HKDF_LEN];
    bool ok = tm_hkdf_extract(prk, identity, (struct tm_view){secret, TM_SECRET_LEN}) &&
              tm_hkdf_expand(psk, TM_PSK_LEN, prk,
                             (struct tm_view){(const uint8_t *)info, sizeof info - 1});
    OPENSSL_cleanse(prk, sizeof prk);
    if (!ok)
        memset(psk, 0, TM_PSK_LEN);
    return ok ? TM_OK : TM_ERR_TLS;
}

/* SHA-256 of `bound` with the age as four zeros. */
static bool hash_bound(uint8_t out[TM_HKDF_LEN], const struct tm_hello *h, const uint8_t *raw)
{
    static const uint8_t zero_age[TM_HELLO_AGE_LEN];
    const uint8_t *age = raw + h->age_off;
    const uint8_t *rest = age + TM_HELLO_AGE_LEN;
    size_t before = (size_t)(age - h->bound.p);
    size_t after = (size_t)(h->bound.p + h->bound.len - rest);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestInit_ex2(c, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(c, h->bound.p, before) == 1 &&
              EVP_DigestUpdate(c, zero_age, sizeof zero_age) == 1 &&
              EVP_DigestUpdate(c, rest, after) == 1 && EVP_DigestFinal_ex(c, out, NULL) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

int tm_ticket_check_binder(const uint8_t psk[TM_PSK_LEN], const struct tm_hello *h,
                           const uint8_t *raw)
{
    static const uint8_t zeros[TM_HKDF_LEN];
    struct {
        uint8_t early[TM_HKDF_LEN]; /* key schedule of RFC 8446 sec. 7.1 */
        uint8_t empty_hash[TM_HKDF_LEN];
        uint8_t binder_key[TM_HKDF_LEN];
        uint8_t finished_key[TM_HKDF_LEN];
        uint8_t hash[TM_HKDF_LEN];
        uint8_t binder[TM_HKDF_LEN];
    } k;
    int rc = TM_ERR_TLS;
    if (EVP_Digest("", 0, k.empty_hash, NULL, EVP_sha256(), NULL) == 1 &&
        tm_hkdf_extract(k.early, (struct tm_view){zeros, sizeof zeros},
                        (struct tm_view){psk, TM_PSK_LEN}) &&
        tm_hkdf_label(k.binder_key, TM_HKDF_LEN, k.early, "ext binder",
                      (struct tm_view){k.empty_hash, sizeof k.empty_hash}) &&
        tm_hkdf_label(k.finished_key, TM_HKDF_LEN, k.binder_key, "finished", (struct tm_view){0}) &&
        hash_bound(k.hash, h, raw) &&
        tm_hmac(k.binder, (struct tm_view){k.finished_key, TM_HKDF_LEN},
                (struct tm_view){k.hash, TM_HKDF_LEN}))
        rc = CRYPTO_memcmp(k.binder, h->binder.p, sizeof k.binder) == 0 ? TM_OK : TM_ERR_AUTH;
    OPENSSL_cleanse(&k, sizeof k);
    return rc;
}

int tm_ticket_mask_age(uint8_t *raw, const struct tm_hello *h)
{
    return RAND_bytes(raw + h->age_off, TM_HELLO_AGE_LEN) == 1 ? TM_OK : TM_ERR_TLS;
}

void tm_ticket_clear_age(uint8_t *copy, const struct tm_hello *h)
{
    memset(copy + h->age_off, 0, TM_HELLO_AGE_LEN);
}
