#include "tm/net/repad.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { HEADER_LEN = 5, TAG_LEN = 16, KEY_LEN = 16, IV_LEN = 12, INNER_MAX = 16384 };

struct keys {
    uint8_t key[KEY_LEN];
    uint8_t iv[IV_LEN]; /* the nonce of sequence number 0 */
};

static bool derive(struct keys *k, const uint8_t secret[TM_HKDF_LEN])
{
    return tm_hkdf_label(k->key, KEY_LEN, secret, "key", (struct tm_view){0}) &&
           tm_hkdf_label(k->iv, IV_LEN, secret, "iv", (struct tm_view){0});
}

/* Decrypts the record's inner plaintext (content, type, padding) to `inner`. */
static bool open_record(uint8_t *inner, size_t inner_len, const uint8_t *rec, const struct keys *k)
{
    uint8_t tag[TAG_LEN];
    int n = 0;
    memcpy(tag, rec + HEADER_LEN + inner_len, sizeof tag);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && EVP_DecryptInit_ex2(c, EVP_aes_128_gcm(), k->key, k->iv, NULL) == 1 &&
              EVP_DecryptUpdate(c, NULL, &n, rec, HEADER_LEN) == 1 &&
              EVP_DecryptUpdate(c, inner, &n, rec + HEADER_LEN, (int)inner_len) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1 &&
              EVP_DecryptFinal_ex(c, inner + inner_len, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

/* Encrypts the inner plaintext that lies at rec + HEADER_LEN in place. */
static bool seal_record(uint8_t *rec, size_t inner_len, const struct keys *k)
{
    uint8_t *inner = rec + HEADER_LEN;
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && EVP_EncryptInit_ex2(c, EVP_aes_128_gcm(), k->key, k->iv, NULL) == 1 &&
              EVP_EncryptUpdate(c, NULL, &n, rec, HEADER_LEN) == 1 &&
              EVP_EncryptUpdate(c, inner, &n, inner, (int)inner_len) == 1 &&
              EVP_EncryptFinal_ex(c, inner + inner_len, &n) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, inner + inner_len) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

bool tm_repad(uint8_t *out, size_t out_len, struct tm_view rec,
              const uint8_t traffic_secret[TM_HKDF_LEN])
{
    struct keys k;
    if (rec.len <= HEADER_LEN + TAG_LEN || out_len < rec.len ||
        out_len > HEADER_LEN + INNER_MAX + TAG_LEN)
        return false;
    size_t inner_len = rec.len - HEADER_LEN - TAG_LEN;
    size_t padded_len = out_len - HEADER_LEN - TAG_LEN;
    bool ok = derive(&k, traffic_secret) && open_record(out + HEADER_LEN, inner_len, rec.p, &k);
    if (ok) {
        struct tm_wr w = tm_wr_init(out, HEADER_LEN);
        tm_wr_bytes(&w, rec.p, 3);
        tm_wr_u16(&w, (uint16_t)(padded_len + TAG_LEN));
        memset(out + HEADER_LEN + inner_len, 0, padded_len - inner_len);
        ok = seal_record(out, padded_len, &k);
    }
    if (!ok)
        OPENSSL_cleanse(out, out_len);
    OPENSSL_cleanse(&k, sizeof k);
    return ok;
}
