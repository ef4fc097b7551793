#include "tm/net/identity.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

struct tm_identity {
    EVP_PKEY *key;
    uint8_t pub[TM_IDENTITY_PUB_LEN];
};

static const char context[] =
    "trafficmimic server identity v1"; /* signed with its final zero byte */

enum { SIGNED_LEN = sizeof context + TM_TLS_EXPORTER_LEN };

static void what_is_signed(uint8_t out[SIGNED_LEN], const uint8_t exporter[TM_TLS_EXPORTER_LEN])
{
    memcpy(out, context, sizeof context);
    memcpy(out + sizeof context, exporter, TM_TLS_EXPORTER_LEN);
}

/* Takes the key, also on failure. */
static int wrap(struct tm_identity **out, EVP_PKEY *take_key)
{
    struct tm_identity *id = calloc(1, sizeof *id);
    size_t len = TM_IDENTITY_PUB_LEN;
    if (!id) {
        EVP_PKEY_free(take_key);
        return TM_ERR_NOMEM;
    }
    id->key = take_key;
    if (EVP_PKEY_get_raw_public_key(take_key, id->pub, &len) != 1 || len != TM_IDENTITY_PUB_LEN) {
        tm_identity_free(id);
        return TM_ERR_TLS;
    }
    *out = id;
    return TM_OK;
}

int tm_identity_new(struct tm_identity **out)
{
    *out = NULL;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return key ? wrap(out, key) : TM_ERR_TLS;
}

/* No password is ever asked for: an encrypted file is an error. */
/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's type */
static int no_password(char *buf, int size, int rw, void *arg)
{
    (void)buf;
    (void)size;
    (void)rw;
    (void)arg;
    return -1;
}

int tm_identity_load(struct tm_identity **out, const void *pem, size_t len, struct tm_msg *msg)
{
    *out = NULL;
    if (len == 0 || len > INT32_MAX)
        return tm_msg_set(msg, TM_ERR_FORMAT, "server key: the file is empty or far too long");
    ERR_clear_error();
    BIO *b = BIO_new_mem_buf(pem, (int)len);
    if (!b)
        return TM_ERR_NOMEM;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
    BIO_free(b);
    ERR_clear_error();
    if (!key)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "server key: no unencrypted PEM private key in the file");
    if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        return tm_msg_set(msg, TM_ERR_FORMAT, "server key: not an Ed25519 key");
    }
    return wrap(out, key);
}

int tm_identity_save(const struct tm_identity *id, char *pem, size_t cap, size_t *len)
{
    char *data = NULL;
    int rc = TM_ERR_TLS;
    *len = 0;
    BIO *b = BIO_new(BIO_s_secmem()); /* cleared when freed */
    if (!b || PEM_write_bio_PrivateKey(b, id->key, NULL, NULL, 0, NULL, NULL) != 1)
        goto out;
    long n = BIO_get_mem_data(b, &data);
    rc = TM_ERR_RANGE;
    if (n <= 0 || (size_t)n > cap)
        goto out;
    memcpy(pem, data, (size_t)n);
    *len = (size_t)n;
    rc = TM_OK;
out:
    BIO_free(b);
    return rc;
}

void tm_identity_free(struct tm_identity *id)
{
    if (!id)
        return;
    EVP_PKEY_free(id->key);
    free(id);
}

void tm_identity_public(const struct tm_identity *id, uint8_t pub[TM_IDENTITY_PUB_LEN])
{
    memcpy(pub, id->pub, TM_IDENTITY_PUB_LEN);
}

int tm_identity_sign(const struct tm_identity *id, const uint8_t exporter[TM_TLS_EXPORTER_LEN],
                     uint8_t sig[TM_IDENTITY_SIG_LEN])
{
    uint8_t data[SIGNED_LEN];
    size_t len = TM_IDENTITY_SIG_LEN;
    what_is_signed(data, exporter);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestSignInit(c, NULL, NULL, NULL, id->key) == 1 &&
              EVP_DigestSign(c, sig, &len, data, sizeof data) == 1 && len == TM_IDENTITY_SIG_LEN;
    EVP_MD_CTX_free(c);
    return ok ? TM_OK : TM_ERR_TLS;
}

int tm_identity_verify(const uint8_t pub[TM_IDENTITY_PUB_LEN],
                       const uint8_t exporter[TM_TLS_EXPORTER_LEN],
                       const uint8_t sig[TM_IDENTITY_SIG_LEN])
{
    uint8_t data[SIGNED_LEN];
    int rc = TM_ERR_TLS;
    what_is_signed(data, exporter);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, TM_IDENTITY_PUB_LEN);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (key && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1)
        rc = EVP_DigestVerify(c, sig, TM_IDENTITY_SIG_LEN, data, sizeof data) == 1 ? TM_OK
                                                                                   : TM_ERR_AUTH;
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return rc;
}
