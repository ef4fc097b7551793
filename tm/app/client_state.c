/* tm/app/client_state.c - see client_state.h. */
#include "tm/app/client_state.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tm/app/file.h"
#include "tm/app/kv.h"

#define KIND      "trafficmimic-client"
#define FILE_NAME "server"

enum { N_FIELDS = 8 };

static void list_fields(struct tm_kv_field f[N_FIELDS], struct tm_client_state *s)
{
    const struct tm_kv_field all[N_FIELDS] = {
        {"host", TM_KV_TEXT, s->host, sizeof s->host, false},
        {"port", TM_KV_NUMBER, &s->port, 0, false},
        {"name", TM_KV_TEXT, s->name, sizeof s->name, true},
        {"pin", TM_KV_HEX, s->pin, sizeof s->pin, false},
        {"client", TM_KV_HEX, s->client_id, sizeof s->client_id, false},
        {"secret", TM_KV_HEX, s->secret, sizeof s->secret, false},
        {"token-prefix", TM_KV_HEX, s->token.prefix, sizeof s->token.prefix, false},
        {"token-key", TM_KV_HEX, s->token.key, sizeof s->token.key, false},
    };
    memcpy(f, all, sizeof all);
}

void tm_client_state_encode(const struct tm_client_state *s, struct tm_wr *w)
{
    struct tm_client_state copy = *s;
    struct tm_kv_field f[N_FIELDS];
    list_fields(f, &copy);
    tm_kv_write(&(struct tm_kv){.kind = KIND, .fields = f, .n_fields = N_FIELDS}, w);
    for (size_t i = 0; i < s->n_models; i++) {
        char value[TM_MODEL_NAME_MAX + 2 * TM_TOKEN_DIGEST_LEN + 2];
        size_t n = strlen(s->models[i].name);
        memcpy(value, s->models[i].name, n);
        value[n] = ' ';
        tm_hex_encode(value + n + 1, s->models[i].digest, TM_TOKEN_DIGEST_LEN);
        tm_kv_line(w, "model", value);
    }
    OPENSSL_cleanse(&copy, sizeof copy);
}

/* "model NAME DIGEST" */
static int take_model(void *user, const char *key, const char *value)
{
    struct tm_client_state *s = user;
    const char *space = strchr(value, ' ');
    if (strcmp(key, "model") != 0 || space == NULL || s->n_models == TM_JOIN_MODELS_MAX)
        return TM_ERR_FORMAT;
    struct tm_join_model *m = &s->models[s->n_models];
    size_t n = (size_t)(space - value);
    if (n >= sizeof m->name)
        return TM_ERR_FORMAT;
    memcpy(m->name, value, n);
    m->name[n] = '\0';
    if (!tm_model_name_ok(m->name) ||
        tm_hex_decode(m->digest, sizeof m->digest, space + 1) != TM_OK)
        return TM_ERR_FORMAT;
    s->n_models++;
    return TM_OK;
}

int tm_client_state_decode(struct tm_client_state *s, const char *text, size_t len,
                           struct tm_msg *msg)
{
    struct tm_kv_field f[N_FIELDS];
    memset(s, 0, sizeof *s);
    list_fields(f, s);
    const struct tm_kv kv = {KIND, f, N_FIELDS, take_model, s};
    int rc = tm_kv_read(&kv, text, len, msg);
    if (rc == TM_OK && (s->port < 1 || s->port > UINT16_MAX))
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "the port is out of range");
    if (rc != TM_OK)
        OPENSSL_cleanse(s, sizeof *s);
    return rc;
}

/* How tm/app/file.h writes it. */
typedef int (*write_fn)(const char *path, const void *data, size_t len, struct tm_msg *msg);

static int write_state(const struct tm_client_state *s, const char *dir, write_fn write,
                       struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    char text[TM_CLIENT_STATE_TEXT_MAX];
    struct tm_wr w = tm_wr_init(text, sizeof text);
    int rc = tm_file_path(path, dir, FILE_NAME, NULL, msg);
    if (rc != TM_OK)
        return rc;
    tm_client_state_encode(s, &w);
    TM_ASSERT(tm_wr_ok(&w));
    rc = write(path, text, w.len, msg);
    OPENSSL_cleanse(text, sizeof text);
    return rc;
}

/* The same file as systemd hands it over (LoadCredential=server:..., LoadCredentialEncrypted=).  TM_ERR_CLOSED: it does not. */
static int load_credential(char **text, size_t *len, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    if (dir == NULL || tm_file_path(path, dir, FILE_NAME, NULL, msg) != TM_OK)
        return TM_ERR_CLOSED;
    return tm_file_load_public(path, text, len, msg);
}

int tm_client_state_create(const struct tm_client_state *s, const char *dir, struct tm_msg *msg)
{
    return write_state(s, dir, tm_file_create, msg);
}

int tm_client_state_replace(const struct tm_client_state *s, const char *dir, struct tm_msg *msg)
{
    return write_state(s, dir, tm_file_replace, msg);
}

int tm_client_state_load(struct tm_client_state *s, const char *dir, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    char *text = NULL;
    size_t len;
    struct tm_msg why;
    int rc = tm_file_path(path, dir, FILE_NAME, NULL, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_file_load(path, &text, &len, msg);
    if (rc == TM_ERR_CLOSED)
        rc = load_credential(&text, &len, msg);
    if (rc == TM_ERR_CLOSED)
        return tm_msg_set(msg, TM_ERR_CLOSED,
                          "%s is not there; enrol first: tm-client join LINK --state %s", path,
                          dir);
    if (rc != TM_OK)
        return rc;
    if (tm_file_check_dir(dir, msg) != TM_OK) {
        tm_file_free(text, len);
        return TM_ERR_AUTH;
    }
    rc = tm_client_state_decode(s, text, len, &why);
    if (rc != TM_OK)
        tm_msg_set(msg, rc, "%.200s: %.100s; move it away and join again with a new link", path,
                   why.text);
    tm_file_free(text, len);
    return rc;
}
