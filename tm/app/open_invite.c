/* tm/app/open_invite.c - see open_invite.h. */
#include "tm/app/open_invite.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tm/app/kv.h"

#define KIND      "trafficmimic-bridge"
#define FILE_NAME "bridge"
#define TEXT_MAX  512U

enum { N_FIELDS = 3 };

static void list_fields(struct tm_kv_field f[N_FIELDS], struct tm_open_invite *i)
{
    f[0] = (struct tm_kv_field){"id", TM_KV_HEX, i->id, sizeof i->id, false};
    f[1] = (struct tm_kv_field){"secret", TM_KV_HEX, i->secret, sizeof i->secret, false};
    f[2] = (struct tm_kv_field){"left", TM_KV_NUMBER, &i->left, 0, false};
}

int tm_open_invite_load(const struct tm_server_state *s, struct tm_open_invite *out,
                        struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    char *text = NULL;
    size_t len;
    struct tm_kv_field f[N_FIELDS];
    struct tm_msg why;
    memset(out, 0, sizeof *out);
    list_fields(f, out);
    int rc = tm_file_path(path, s->dir, FILE_NAME, NULL, msg);
    if (rc == TM_OK)
        rc = tm_file_load(path, &text, &len, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_kv_read(&(struct tm_kv){.kind = KIND, .fields = f, .n_fields = N_FIELDS}, text, len,
                    &why);
    if (rc != TM_OK)
        tm_msg_set(msg, rc, "%.200s: %.200s; remove it, and a new bridge line is made", path,
                   why.text);
    tm_file_free(text, len);
    return rc;
}

static int save(const struct tm_server_state *s, struct tm_open_invite *i, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX], text[TEXT_MAX];
    struct tm_wr w = tm_wr_init(text, sizeof text);
    struct tm_kv_field f[N_FIELDS];
    list_fields(f, i);
    tm_kv_write(&(struct tm_kv){.kind = KIND, .fields = f, .n_fields = N_FIELDS}, &w);
    TM_ASSERT(tm_wr_ok(&w));
    int rc = tm_file_path(path, s->dir, FILE_NAME, NULL, msg);
    if (rc == TM_OK)
        rc = tm_file_replace(path, text, w.len, msg);
    OPENSSL_cleanse(text, sizeof text);
    return rc;
}

int tm_open_invite_make(const struct tm_server_state *s, int64_t n, struct tm_open_invite *out,
                        struct tm_msg *msg)
{
    *out = (struct tm_open_invite){.left = n};
    if (RAND_bytes(out->id, sizeof out->id) != 1 ||
        RAND_bytes(out->secret, sizeof out->secret) != 1)
        return tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
    return save(s, out, msg);
}

static int find(const struct tm_server_state *s, const uint8_t *id, struct tm_open_invite *out,
                struct tm_msg *msg)
{
    int rc = tm_open_invite_load(s, out, msg);
    bool is_it = rc == TM_OK && CRYPTO_memcmp(out->id, id, sizeof out->id) == 0;
    return rc == TM_ERR_CLOSED || (rc == TM_OK && !is_it)
               ? tm_msg_set(msg, TM_ERR_AUTH, "there is no such invitation")
               : rc;
}

int tm_open_invite_secret(const struct tm_server_state *s, const uint8_t id[TM_CLIENT_ID_LEN],
                          uint8_t secret[TM_SECRET_LEN], struct tm_msg *msg)
{
    struct tm_open_invite i;
    int rc = find(s, id, &i, msg);
    if (rc == TM_OK)
        memcpy(secret, i.secret, sizeof i.secret);
    OPENSSL_cleanse(&i, sizeof i);
    return rc;
}

int tm_open_invite_check(const struct tm_server_state *s, const uint8_t id[TM_CLIENT_ID_LEN],
                         struct tm_msg *msg)
{
    struct tm_open_invite i;
    int rc = find(s, id, &i, msg);
    if (rc == TM_OK && i.left <= 0)
        rc = tm_msg_set(msg, TM_ERR_CLOSED, "as many clients have joined as may");
    OPENSSL_cleanse(&i, sizeof i);
    return rc;
}

int tm_open_invite_redeem(const struct tm_server_state *s, const uint8_t id[TM_CLIENT_ID_LEN],
                          const uint8_t secret[TM_SECRET_LEN], int64_t now_s,
                          uint8_t client_id[TM_CLIENT_ID_LEN], struct tm_msg *msg)
{
    struct tm_open_invite i;
    int rc = tm_open_invite_check(s, id, msg);
    if (rc == TM_OK)
        rc = find(s, id, &i, msg);
    if (rc != TM_OK)
        return rc;
    i.left--; /* first: a crash costs a use, and makes none */
    rc = save(s, &i, msg);
    if (rc == TM_OK)
        rc = tm_server_state_add_client(s, secret, now_s, client_id, msg);
    OPENSSL_cleanse(&i, sizeof i);
    return rc;
}
