/* tm/app/enrol.c - see enrol.h. */
#include "tm/app/enrol.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "tm/net/hkdf.h"

#define DIGEST_LEN 32

static const char join_label[] = "trafficmimic join v1"; /* with its NUL */
static const char info_label[] = "trafficmimic client secret v1";

static struct tm_view view(const void *p, size_t len)
{
    return (struct tm_view){p, len};
}

static int hash(uint8_t out[DIGEST_LEN], const struct tm_view *parts, size_t n)
{
    int rc = TM_ERR_TLS;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        goto out;
    for (size_t i = 0; i < n; i++)
        if (EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) != 1)
            goto out;
    if (EVP_DigestFinal_ex(ctx, out, NULL) == 1)
        rc = TM_OK;
out:
    EVP_MD_CTX_free(ctx);
    return rc;
}

static int join_digest(uint8_t out[DIGEST_LEN], const struct tm_enrol *e, const uint8_t *reply)
{
    const struct tm_view parts[] = {
        view(join_label, sizeof join_label), view(e->invite_id, TM_CLIENT_ID_LEN),
        view(e->exporter, TM_TLS_EXPORTER_LEN), e->request, view(reply, TM_JOIN_SIGNED_LEN)};
    return hash(out, parts, sizeof parts / sizeof parts[0]);
}

int tm_enrol_secret(uint8_t secret[TM_SECRET_LEN], const struct tm_enrol *e)
{
    uint8_t prk[TM_HKDF_LEN];
    bool ok = tm_hkdf_extract(prk, view(e->invite_id, TM_CLIENT_ID_LEN),
                              view(e->exporter, TM_TLS_EXPORTER_LEN)) &&
              tm_hkdf_expand(secret, TM_SECRET_LEN, prk, view(info_label, sizeof info_label - 1));
    OPENSSL_cleanse(prk, sizeof prk);
    return ok ? TM_OK : TM_ERR_TLS;
}

int tm_enrol_sign(const struct tm_identity *id, const struct tm_enrol *e,
                  uint8_t reply[TM_JOIN_REPLY_LEN])
{
    uint8_t digest[DIGEST_LEN];
    int rc = join_digest(digest, e, reply);
    if (rc == TM_OK)
        rc = tm_identity_sign(id, digest, reply + TM_JOIN_SIGNED_LEN);
    return rc;
}

int tm_enrol_check(const uint8_t pin[TM_IDENTITY_PUB_LEN], const struct tm_enrol *e,
                   struct tm_view reply, struct tm_join_reply *out)
{
    uint8_t digest[DIGEST_LEN];
    int rc = tm_join_reply_decode(out, reply.p, reply.len);
    if (rc == TM_OK)
        rc = join_digest(digest, e, reply.p);
    if (rc == TM_OK)
        rc = tm_identity_verify(pin, digest, reply.p + TM_JOIN_SIGNED_LEN);
    return rc;
}
