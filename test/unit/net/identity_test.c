/* test/unit/net/identity_test.c - the server's key: stored, loaded, and bound to one connection. */
#include "tm/net/identity.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "test/support/check.h"
#include "test/unit/net/tls_pair.h"

/* The seed 1, 2, .. 32 as PKCS#8 (RFC 8410 sec. 7: 302e020100300506032b657004220420 and the seed). */
static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n"
                          "-----END PRIVATE KEY-----\n";
/* Its public key and a signature, computed with Python's cryptography package. */
static const uint8_t want_pub[32] = {
    0x79, 0xb5, 0x56, 0x2e, 0x8f, 0xe6, 0x54, 0xf9, 0x40, 0x78, 0xb1, 0x12, 0xe8, 0xa9, 0x8b, 0xa7,
    0x90, 0x1f, 0x85, 0x3a, 0xe6, 0x95, 0xbe, 0xd7, 0xe0, 0xe3, 0x91, 0x0b, 0xad, 0x04, 0x96, 0x64};
static const uint8_t want_sig[64] = {
    0x8c, 0xda, 0xa8, 0x47, 0xac, 0x89, 0xad, 0xa4, 0x00, 0x3b, 0x1a, 0xf5, 0x86, 0xd7, 0xa5, 0x8a,
    0x72, 0x0e, 0xad, 0x83, 0x32, 0xa2, 0x72, 0x0e, 0x7b, 0x3a, 0x9d, 0xcc, 0x3b, 0xf5, 0x43, 0xf1,
    0xd2, 0x51, 0x18, 0x4c, 0xa4, 0xf3, 0x3e, 0x0f, 0x0a, 0x0a, 0xd7, 0x27, 0xa4, 0x3e, 0xcb, 0x2b,
    0xa9, 0x1c, 0x58, 0x7b, 0x43, 0x63, 0x5b, 0x90, 0x47, 0x05, 0x27, 0x0b, 0x30, 0xe0, 0xe5, 0x07};

static void known_key_gives_known_public_key_and_signature(void)
{
    struct tm_identity *id = NULL;
    uint8_t pub[TM_IDENTITY_PUB_LEN];
    uint8_t sig[TM_IDENTITY_SIG_LEN];
    uint8_t exporter[TM_TLS_EXPORTER_LEN];
    memset(exporter, 0xe7, sizeof exporter);
    CHECK_INT(tm_identity_load(&id, pem, sizeof pem - 1, NULL), TM_OK);
    tm_identity_public(id, pub);
    CHECK_MEM(pub, want_pub, sizeof pub);
    CHECK_INT(tm_identity_sign(id, exporter, sig), TM_OK);
    CHECK_MEM(sig, want_sig, sizeof sig);
    CHECK_INT(tm_identity_verify(pub, exporter, sig), TM_OK);
    tm_identity_free(id);
}

static void saved_key_loads_as_the_same(void)
{
    struct tm_identity *a = NULL;
    struct tm_identity *b = NULL;
    char text[TM_IDENTITY_PEM_MAX];
    uint8_t pub_a[TM_IDENTITY_PUB_LEN];
    uint8_t pub_b[TM_IDENTITY_PUB_LEN];
    size_t len = 0;
    CHECK_INT(tm_identity_new(&a), TM_OK);
    CHECK_INT(tm_identity_save(a, text, sizeof text, &len), TM_OK);
    CHECK_INT(len, sizeof pem - 1);
    CHECK_INT(tm_identity_load(&b, text, len, NULL), TM_OK);
    tm_identity_public(a, pub_a);
    tm_identity_public(b, pub_b);
    CHECK_MEM(pub_a, pub_b, sizeof pub_a);
    CHECK_INT(tm_identity_save(a, text, len - 1, &len), TM_ERR_RANGE);
    CHECK_INT(len, 0);
    tm_identity_free(a);
    tm_identity_free(b);
    CHECK_INT(tm_identity_load(&a, pem, sizeof pem - 1, NULL), TM_OK);
    CHECK_INT(tm_identity_save(a, text, sizeof text, &len), TM_OK);
    CHECK_INT(len, sizeof pem - 1);
    CHECK_MEM(text, pem, sizeof pem - 1);
    tm_identity_free(a);
    tm_identity_free(NULL);
}

static void new_keys_differ(void)
{
    uint8_t pub[2][TM_IDENTITY_PUB_LEN];
    for (int i = 0; i < 2; i++) {
        struct tm_identity *id = NULL;
        CHECK_INT(tm_identity_new(&id), TM_OK);
        tm_identity_public(id, pub[i]);
        tm_identity_free(id);
    }
    CHECK(memcmp(pub[0], pub[1], sizeof pub[0]) != 0);
}

/* PEM bytes of another key; encrypted when cipher is not NULL. */
static size_t other_pem(char *text, size_t cap, EVP_PKEY *take_key, const EVP_CIPHER *cipher)
{
    char *data = NULL;
    char password[] = "secret";
    BIO *b = BIO_new(BIO_s_mem());
    CHECK_INT(PEM_write_bio_PKCS8PrivateKey(b, take_key, cipher, cipher ? password : NULL,
                                            cipher ? 6 : 0, NULL, NULL),
              1);
    size_t len = (size_t)BIO_get_mem_data(b, &data);
    if (len > cap)
        abort();
    memcpy(text, data, len);
    BIO_free(b);
    EVP_PKEY_free(take_key);
    return len;
}

static void check_refused(const char *text, size_t len, const char *says)
{
    struct tm_identity *id = NULL;
    struct tm_msg msg = {{0}};
    CHECK_INT(tm_identity_load(&id, text, len, &msg), TM_ERR_FORMAT);
    CHECK(id == NULL);
    check_true(strstr(msg.text, says) != NULL, msg.text, __FILE__, __LINE__);
    CHECK_INT(tm_identity_load(&id, text, len, NULL), TM_ERR_FORMAT);
}

static void other_files_are_refused(void)
{
    char text[2048];
    check_refused("", 0, "empty");
    check_refused("hello", 5, "no unencrypted PEM");
    check_refused(pem, sizeof pem - 30, "no unencrypted PEM");
    size_t len = other_pem(text, sizeof text, EVP_EC_gen("P-256"), NULL);
    check_refused(text, len, "not an Ed25519 key");
    len = other_pem(text, sizeof text, EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), NULL);
    check_refused(text, len, "not an Ed25519 key");
    len = other_pem(text, sizeof text, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_aes_128_cbc());
    check_refused(text, len, "no unencrypted PEM");
}

static void changed_signatures_are_refused(void)
{
    uint8_t exporter[TM_TLS_EXPORTER_LEN];
    uint8_t sig[TM_IDENTITY_SIG_LEN];
    uint8_t pub[TM_IDENTITY_PUB_LEN];
    memset(exporter, 0xe7, sizeof exporter);
    memcpy(sig, want_sig, sizeof sig);
    memcpy(pub, want_pub, sizeof pub);
    CHECK_INT(tm_identity_verify(pub, exporter, sig), TM_OK);
    for (size_t bit = 0; bit < 8 * sizeof sig; bit++) {
        sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK_INT(tm_identity_verify(pub, exporter, sig), TM_ERR_AUTH);
        sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof exporter; bit++) {
        exporter[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK_INT(tm_identity_verify(pub, exporter, sig), TM_ERR_AUTH);
        exporter[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof pub; bit++) {
        pub[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK(tm_identity_verify(pub, exporter, sig) != TM_OK);
        pub[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* What `join` does: the server signs its side of the connection, the client checks it against the pin. */
static void signature_is_bound_to_the_connection(void)
{
    struct ends e;
    struct pair p;
    struct pair q;
    struct tm_identity *id = NULL;
    uint8_t pin[TM_IDENTITY_PUB_LEN];
    uint8_t sig[TM_IDENTITY_SIG_LEN];
    uint8_t at_server[TM_TLS_EXPORTER_LEN];
    uint8_t at_client[TM_TLS_EXPORTER_LEN];
    ends_init(&e, NULL);
    CHECK_INT(tm_identity_new(&id), TM_OK);
    tm_identity_public(id, pin);
    pair_open(&p, &e);
    pair_open(&q, &e);
    CHECK_INT(tm_tls_exporter(p.s, TM_IDENTITY_LABEL, at_server), TM_OK);
    CHECK_INT(tm_identity_sign(id, at_server, sig), TM_OK);
    CHECK_INT(tm_tls_exporter(p.c, TM_IDENTITY_LABEL, at_client), TM_OK);
    CHECK_INT(tm_identity_verify(pin, at_client, sig), TM_OK);
    CHECK_INT(tm_tls_exporter(q.c, TM_IDENTITY_LABEL, at_client), TM_OK);
    CHECK_INT(tm_identity_verify(pin, at_client, sig), TM_ERR_AUTH);
    tm_identity_free(id);
    pair_deinit(&p);
    pair_deinit(&q);
    ends_deinit(&e);
}

static const struct check_case cases[] = {
    {"known_key_gives_known_public_key_and_signature",
     known_key_gives_known_public_key_and_signature},
    {"saved_key_loads_as_the_same", saved_key_loads_as_the_same},
    {"new_keys_differ", new_keys_differ},
    {"other_files_are_refused", other_files_are_refused},
    {"changed_signatures_are_refused", changed_signatures_are_refused},
    {"signature_is_bound_to_the_connection", signature_is_bound_to_the_connection},
};
CHECK_MAIN("identity", cases)
