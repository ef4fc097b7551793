/* tm/app/supply.c - see supply.h: making, checking and keeping. */
#include "tm/app/supply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "models/store/store.h"
#include "tm/app/file.h"
#include "tm/app/kv.h"

#define DIGEST_LEN 32

static const char label[] = "trafficmimic model v1"; /* with its NUL */

void tm_supply_schedule(struct tm_model *m)
{
    tm_model_constant_default(m);
    m->u.constant =
        (struct tm_constant){.size_bytes = 8192, .interval_us = 50000, .n_exchanges = 100};
    memcpy(m->name, "supply", sizeof "supply");
}

int tm_supply_path(char out[TM_FILE_PATH_MAX], const char *dir,
                   const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg)
{
    char text[2 * TM_TOKEN_DIGEST_LEN + 1];
    tm_hex_encode(text, digest, TM_TOKEN_DIGEST_LEN);
    return tm_file_path(out, dir, "models", text, msg);
}

/* Over everything before the signature. */
static int hash(uint8_t out[DIGEST_LEN], const uint8_t *bytes, size_t len)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(c, label, sizeof label) == 1 &&
              EVP_DigestUpdate(c, bytes, len) == 1 && EVP_DigestFinal_ex(c, out, NULL) == 1;
    EVP_MD_CTX_free(c);
    return ok ? TM_OK : TM_ERR_TLS;
}

int tm_supply_sign(uint8_t *bytes, size_t len, const struct tm_identity *id)
{
    uint8_t digest[DIGEST_LEN];
    int rc = hash(digest, bytes, len - TM_SUPPLY_SIG_LEN);
    return rc == TM_OK ? tm_identity_sign(id, digest, bytes + len - TM_SUPPLY_SIG_LEN) : rc;
}

/* Puts head, image and signature together. */
static int assemble(const struct tm_supply_model *m, const struct tm_identity *id, uint8_t **out,
                    size_t *len)
{
    size_t all = TM_SUPPLY_HEAD_LEN + m->image.len + TM_SUPPLY_SIG_LEN;
    uint8_t *p = malloc(all);
    if (p == NULL)
        return TM_ERR_NOMEM;
    tm_supply_head_encode(m, p);
    memcpy(p + TM_SUPPLY_HEAD_LEN, m->image.p, m->image.len);
    int rc = tm_supply_sign(p, all, id);
    if (rc != TM_OK) {
        free(p);
        return rc;
    }
    *out = p;
    *len = all;
    return TM_OK;
}

int tm_supply_make(const struct tm_model *m, const struct tm_identity *id, uint8_t **out,
                   size_t *len, struct tm_msg *msg)
{
    struct tm_supply_model s = {0};
    uint8_t *image = NULL;
    const struct tm_store_item item = {.model = m};
    int rc = tm_store_image(&item, &image, &s.image.len, msg);
    if (rc == TM_OK && s.image.len > TM_SUPPLY_IMAGE_MAX)
        rc = tm_msg_set(msg, TM_ERR_LIMIT, "model %s is too large to be handed out", m->name);
    if (rc == TM_OK) {
        s.image.p = image;
        (void)snprintf(s.name, sizeof s.name, "%.*s", TM_MODEL_NAME_MAX, m->name);
        tm_model_digest(m, s.digest);
        rc = assemble(&s, id, out, len);
        if (rc != TM_OK)
            (void)tm_msg_set(msg, rc, "model %s: %s", m->name, tm_strerror(rc));
    }
    free(image);
    return rc;
}

int tm_supply_check(struct tm_supply_model *out, struct tm_view bytes,
                    const uint8_t pin[TM_IDENTITY_PUB_LEN],
                    const uint8_t digest[TM_TOKEN_DIGEST_LEN])
{
    uint8_t hashed[DIGEST_LEN];
    int rc = tm_supply_model_decode(out, bytes.p, bytes.len);
    if (rc == TM_OK)
        rc = hash(hashed, bytes.p, bytes.len - TM_SUPPLY_SIG_LEN);
    if (rc == TM_OK)
        rc = tm_identity_verify(pin, hashed, out->signature);
    if (rc == TM_OK && memcmp(out->digest, digest, TM_TOKEN_DIGEST_LEN) != 0)
        rc = TM_ERR_AUTH;
    return rc;
}

int tm_supply_open(struct tm_model *out, struct tm_view bytes,
                   const uint8_t pin[TM_IDENTITY_PUB_LEN],
                   const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg)
{
    struct tm_supply_model s;
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    int rc = tm_supply_check(&s, bytes, pin, digest);
    if (rc == TM_ERR_AUTH)
        return tm_msg_set(msg, rc, "not the model that was asked for, or not signed by the server");
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "not a model as servers hand them out");
    rc = tm_store_load_memory(s.image.p, s.image.len, s.name, &e, &n, msg);
    if (rc == TM_OK && (n != 1 || memcmp(e[0].digest, s.digest, sizeof s.digest) != 0))
        rc = tm_msg_set(msg, TM_ERR_AUTH, "its statistics are not those of its digest");
    if (rc == TM_OK) {
        *out = e[0].model;
        memset(&e[0].model, 0, sizeof e[0].model); /* moved */
    }
    tm_store_entries_free(e, n);
    return rc;
}

int tm_supply_load(struct tm_model *out, const char *dir, const uint8_t pin[TM_IDENTITY_PUB_LEN],
                   const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    char *bytes = NULL;
    size_t len = 0;
    struct tm_msg why;
    int rc = tm_supply_path(path, dir, digest, msg);
    if (rc == TM_OK)
        rc = tm_file_load_bytes(path, TM_SUPPLY_MAX, &bytes, &len, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_supply_open(out, (struct tm_view){(const uint8_t *)bytes, len}, pin, digest, &why);
    if (rc != TM_OK)
        tm_msg_set(msg, rc, "%.200s: %.200s", path, why.text);
    tm_file_free(bytes, len);
    return rc;
}

int tm_supply_store(const char *dir, struct tm_view bytes, const uint8_t pin[TM_IDENTITY_PUB_LEN],
                    const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_model m = {0};
    int rc = tm_supply_open(&m, bytes, pin, digest, msg);
    tm_model_deinit(&m);
    if (rc == TM_OK)
        rc = tm_file_path(path, dir, "models", NULL, msg);
    if (rc == TM_OK)
        rc = tm_file_make_dir(path, msg);
    if (rc == TM_OK)
        rc = tm_supply_path(path, dir, digest, msg);
    return rc == TM_OK ? tm_file_replace(path, bytes.p, bytes.len, msg) : rc;
}
