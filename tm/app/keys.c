/* tm/app/keys.c - see keys.h. */
#include "tm/app/keys.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define DIGEST_LEN 32

static const char label[] = "trafficmimic keys v1"; /* with its NUL */

static int hash(uint8_t out[DIGEST_LEN], const struct tm_view *parts, size_t n)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(c, label, sizeof label) == 1;
    for (size_t i = 0; i < n && ok; i++)
        ok = EVP_DigestUpdate(c, parts[i].p, parts[i].len) == 1;
    ok = ok && EVP_DigestFinal_ex(c, out, NULL) == 1;
    EVP_MD_CTX_free(c);
    return ok ? TM_OK : TM_ERR_TLS;
}

int tm_keys_known(uint8_t known[TM_TOKEN_DIGEST_LEN], const uint8_t pin[TM_IDENTITY_PUB_LEN],
                  const struct tm_ticket_key *token)
{
    uint8_t digest[DIGEST_LEN] = {0};
    const struct tm_view parts[] = {{pin, TM_IDENTITY_PUB_LEN},
                                    {token->prefix, sizeof token->prefix},
                                    {token->key, sizeof token->key}};
    int rc = hash(digest, parts, sizeof parts / sizeof parts[0]);
    memcpy(known, digest, TM_TOKEN_DIGEST_LEN);
    return rc;
}

static int signed_digest(uint8_t out[DIGEST_LEN], const uint8_t *client_id, const uint8_t *answer)
{
    const struct tm_view parts[] = {{client_id, TM_CLIENT_ID_LEN}, {answer, TM_SUPPLY_KEYS_SIGNED}};
    return hash(out, parts, sizeof parts / sizeof parts[0]);
}

int tm_keys_answer(uint8_t out[TM_SUPPLY_KEYS_LEN], const struct tm_server_state *s,
                   const uint8_t client_id[TM_CLIENT_ID_LEN],
                   const uint8_t known[TM_TOKEN_DIGEST_LEN])
{
    struct tm_supply_keys k = {0};
    uint8_t present[TM_TOKEN_DIGEST_LEN], digest[DIGEST_LEN], pin[TM_IDENTITY_PUB_LEN];
    tm_identity_public(s->identity, pin);
    int rc = tm_keys_known(present, pin, &s->token);
    k.is_new = memcmp(present, known, sizeof present) != 0;
    if (k.is_new) {
        memcpy(k.pin, pin, sizeof k.pin);
        memcpy(k.token_prefix, s->token.prefix, sizeof k.token_prefix);
        memcpy(k.token_key, s->token.key, sizeof k.token_key);
    }
    tm_supply_keys_encode(&k, out);
    OPENSSL_cleanse(&k, sizeof k);
    if (rc == TM_OK)
        rc = signed_digest(digest, client_id, out);
    if (rc == TM_OK && s->identity_old != NULL)
        rc = tm_identity_sign(s->identity_old, digest, out + TM_SUPPLY_KEYS_SIGNED);
    if (rc == TM_OK)
        rc = tm_identity_sign(s->identity, digest, out + TM_SUPPLY_KEYS_SIGNED + TM_SUPPLY_SIG_LEN);
    return rc;
}

int tm_keys_answer_to(struct tm_supply_answer *out, const struct tm_server_state *s,
                      const uint8_t client_id[TM_CLIENT_ID_LEN], struct tm_view request)
{
    struct tm_supply_request r;
    uint8_t bytes[TM_SUPPLY_KEYS_LEN];
    *out = (struct tm_supply_answer){0};
    int rc = tm_supply_request_decode(&r, request.p, request.len);
    if (rc == TM_OK && r.kind != TM_SUPPLY_KEYS)
        rc = TM_ERR_UNSUPPORTED;
    if (rc == TM_OK)
        rc = tm_keys_answer(bytes, s, client_id, r.digest);
    if (rc == TM_OK)
        rc = tm_supply_answer_copy(out, bytes, sizeof bytes);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return rc;
}

int tm_keys_request(uint8_t out[TM_SUPPLY_REQUEST_LEN], const struct tm_client_state *s)
{
    struct tm_supply_request r = {.kind = TM_SUPPLY_KEYS};
    int rc = tm_keys_known(r.digest, s->pin, &s->token);
    tm_supply_request_encode(&r, out);
    return rc;
}

int tm_keys_take(struct tm_client_state *s, struct tm_view answer)
{
    struct tm_supply_keys k;
    uint8_t digest[DIGEST_LEN];
    int rc = tm_supply_keys_decode(&k, answer.p, answer.len);
    if (rc == TM_OK)
        rc = signed_digest(digest, s->client_id, answer.p);
    const uint8_t *signature = answer.p + TM_SUPPLY_KEYS_SIGNED;
    if (rc == TM_OK && tm_identity_verify(s->pin, digest, signature) != TM_OK)
        rc = tm_identity_verify(s->pin, digest, signature + TM_SUPPLY_SIG_LEN);
    if (rc == TM_OK && k.is_new) {
        memcpy(s->pin, k.pin, sizeof s->pin);
        memcpy(s->token.prefix, k.token_prefix, sizeof s->token.prefix);
        memcpy(s->token.key, k.token_key, sizeof s->token.key);
        rc = 1;
    }
    OPENSSL_cleanse(&k, sizeof k);
    return rc;
}
