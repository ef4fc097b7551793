/* tm/app/server_state.c - see server_state.h. */
#include "tm/app/server_state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "tm/app/kv.h"

#define KIND_TOKEN  "trafficmimic-token"
#define KIND_INVITE "trafficmimic-invite"
#define KIND_CLIENT "trafficmimic-client-entry"
#define USED        ".used"
#define TEXT_MAX    1024U

enum { INVITE_FIELDS = 4, CLIENT_FIELDS = 3 };

void tm_server_id_print(char out[TM_SERVER_ID_TEXT], const uint8_t id[TM_CLIENT_ID_LEN])
{
    tm_hex_encode(out, id, TM_CLIENT_ID_LEN);
}

int tm_server_id_parse(uint8_t id[TM_CLIENT_ID_LEN], const char *text)
{
    return tm_hex_decode(id, TM_CLIENT_ID_LEN, text);
}

/* DIR/folder/ID + suffix. */
static int id_path(char out[TM_FILE_PATH_MAX], const struct tm_server_state *s, const char *folder,
                   const uint8_t *id, const char *suffix, struct tm_msg *msg)
{
    char text[TM_SERVER_ID_TEXT], name[TM_SERVER_ID_TEXT + sizeof USED];
    tm_server_id_print(text, id);
    snprintf(name, sizeof name, "%s%s", text, suffix);
    return tm_file_path(out, s->dir, folder, name, msg);
}

/* How tm/app/file.h writes it: a new file, or in place of one. */
typedef int (*write_fn)(const char *path, const void *data, size_t len, struct tm_msg *msg);

static int write_fields(const char *path, const struct tm_kv *kv, write_fn write,
                        struct tm_msg *msg)
{
    char text[TEXT_MAX];
    struct tm_wr w = tm_wr_init(text, sizeof text);
    tm_kv_write(kv, &w);
    TM_ASSERT(tm_wr_ok(&w));
    int rc = write(path, text, w.len, msg);
    OPENSSL_cleanse(text, sizeof text);
    return rc;
}

static int save_fields(const char *path, const struct tm_kv *kv, struct tm_msg *msg)
{
    return write_fields(path, kv, tm_file_create, msg);
}

static int load_fields(const char *path, const struct tm_kv *kv, struct tm_msg *msg)
{
    char *text = NULL;
    size_t len;
    struct tm_msg why;
    int rc = tm_file_load(path, &text, &len, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_kv_read(kv, text, len, &why);
    if (rc != TM_OK)
        tm_msg_set(msg, rc, "%.200s: %.200s; restore it from a backup, or set up a new server",
                   path, why.text);
    tm_file_free(text, len);
    return rc;
}

static int random_bytes(void *p, size_t len, struct tm_msg *msg)
{
    return RAND_bytes(p, (int)len) == 1
               ? TM_OK
               : tm_msg_set(msg, TM_ERR_TLS, "no random bytes from OpenSSL");
}

/* ---- keys ---- */

static int save_identity(const struct tm_server_state *s, const char *name,
                         const struct tm_identity *id, write_fn write, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX], pem[TM_IDENTITY_PEM_MAX];
    size_t len;
    int rc = tm_file_path(path, s->dir, name, NULL, msg);
    if (rc == TM_OK)
        rc = tm_identity_save(id, pem, sizeof pem, &len);
    if (rc == TM_OK)
        rc = write(path, pem, len, msg);
    OPENSSL_cleanse(pem, sizeof pem);
    return rc;
}

static int load_identity(const struct tm_server_state *s, const char *name, struct tm_identity **id,
                         struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    char *pem = NULL;
    size_t len;
    struct tm_msg why;
    int rc = tm_file_path(path, s->dir, name, NULL, msg);
    if (rc == TM_OK)
        rc = tm_file_load(path, &pem, &len, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_identity_load(id, pem, len, &why);
    if (rc != TM_OK)
        tm_msg_set(msg, rc, "%.200s: %.200s", path, why.text);
    tm_file_free(pem, len);
    return rc;
}

enum { TOKEN_FIELDS = 3 };

/* time: when it was made, of an old one until when it counts. */
static void token_fields(struct tm_kv_field f[TOKEN_FIELDS], struct tm_ticket_key *t,
                         const char *time_name,
                         int64_t *time_s) /* NOLINT(readability-non-const-parameter): read into */
{
    f[0] = (struct tm_kv_field){"prefix", TM_KV_HEX, t->prefix, sizeof t->prefix, false};
    f[1] = (struct tm_kv_field){"key", TM_KV_HEX, t->key, sizeof t->key, false};
    f[2] = (struct tm_kv_field){time_name, TM_KV_NUMBER, time_s, 0, true};
}

static int save_token(const struct tm_server_state *s, const char *name,
                      const struct tm_kv_field f[TOKEN_FIELDS], write_fn write, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    int rc = tm_file_path(path, s->dir, name, NULL, msg);
    const struct tm_kv kv = {.kind = KIND_TOKEN, .fields = f, .n_fields = TOKEN_FIELDS};
    return rc == TM_OK ? write_fields(path, &kv, write, msg) : rc;
}

static int load_token(const struct tm_server_state *s, const char *name,
                      const struct tm_kv_field f[TOKEN_FIELDS], struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    int rc = tm_file_path(path, s->dir, name, NULL, msg);
    const struct tm_kv kv = {.kind = KIND_TOKEN, .fields = f, .n_fields = TOKEN_FIELDS};
    return rc == TM_OK ? load_fields(path, &kv, msg) : rc;
}

/* A new identity and a new token key in *s. */
static int draw_keys(struct tm_server_state *s, struct tm_msg *msg)
{
    int rc = tm_identity_new(&s->identity);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "cannot make a key: %s", tm_strerror(rc));
    return random_bytes(&s->token, sizeof s->token, msg);
}

/* The token comes last: a running server looks again when it changes. */
static int save_keys(struct tm_server_state *s, write_fn write, struct tm_msg *msg)
{
    struct tm_kv_field f[TOKEN_FIELDS];
    token_fields(f, &s->token, "made", &s->made_s);
    int rc = save_identity(s, "identity.pem", s->identity, write, msg);
    return rc == TM_OK ? save_token(s, "token", f, write, msg) : rc;
}

static int make_keys(struct tm_server_state *s, struct tm_msg *msg)
{
    int rc = draw_keys(s, msg);
    return rc == TM_OK ? save_keys(s, tm_file_create, msg) : rc;
}

/* The keys before the last renewal, while they count. */
static int load_old_keys(struct tm_server_state *s, int64_t now_s, struct tm_msg *msg)
{
    struct tm_kv_field f[TOKEN_FIELDS];
    token_fields(f, &s->token_old, "until", &s->old_until_s);
    int rc = load_token(s, "token-old", f, msg);
    if (rc == TM_OK && now_s < s->old_until_s)
        rc = load_identity(s, "identity-old.pem", &s->identity_old, msg);
    if (rc == TM_ERR_CLOSED || now_s >= s->old_until_s) {
        OPENSSL_cleanse(&s->token_old, sizeof s->token_old);
        s->old_until_s = 0;
    }
    return rc == TM_ERR_CLOSED ? TM_OK : rc;
}

static int make_folder(const struct tm_server_state *s, const char *name, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    int rc = tm_file_path(path, s->dir, name, NULL, msg);
    return rc == TM_OK ? tm_file_make_dir(path, msg) : rc;
}

int tm_server_state_create(struct tm_server_state *s, const char *dir, const char *config,
                           struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    memset(s, 0, sizeof *s);
    int rc = tm_file_path(path, dir, "config", NULL, msg);
    if (rc != TM_OK)
        return rc;
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    rc = tm_file_make_dir(dir, msg);
    /* The config comes first: of two setups at the same time, one stops here. */
    if (rc == TM_OK)
        rc = tm_file_create(path, config, strlen(config), msg);
    if (rc == TM_ERR_CLOSED)
        tm_msg_set(
            msg, rc,
            "%s already holds a server, which stays as it is; choose another --state, or print a "
            "link for it: tm-server invite --state %s",
            dir, dir);
    if (rc == TM_OK)
        rc = make_folder(s, "invites", msg);
    if (rc == TM_OK)
        rc = make_folder(s, "clients", msg);
    if (rc == TM_OK)
        rc = make_keys(s, msg);
    if (rc != TM_OK)
        tm_server_state_deinit(s);
    return rc;
}

int tm_server_state_load(struct tm_server_state *s, const char *dir, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_kv_field f[TOKEN_FIELDS];
    memset(s, 0, sizeof *s);
    int rc = tm_file_path(path, dir, "config", NULL, msg);
    if (rc != TM_OK)
        return rc;
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return tm_msg_set(
            msg, TM_ERR_CLOSED,
            "%s holds no server; make one: tm-server setup --state %s --listen ADDR:PORT", dir,
            dir);
    rc = tm_file_check_dir(dir, msg);
    if (rc != TM_OK)
        return rc;
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    rc = load_identity(s, "identity.pem", &s->identity, msg);
    token_fields(f, &s->token, "made", &s->made_s);
    if (rc == TM_OK)
        rc = load_token(s, "token", f, msg);
    if (rc == TM_OK)
        rc = load_old_keys(s, (int64_t)time(NULL), msg);
    if (rc != TM_OK)
        tm_server_state_deinit(s);
    return rc;
}

void tm_server_state_deinit(struct tm_server_state *s)
{
    tm_identity_free(s->identity);
    tm_identity_free(s->identity_old);
    OPENSSL_cleanse(s, sizeof *s);
}

int tm_server_state_renew(struct tm_server_state *s, int64_t overlap_s, int64_t now_s,
                          struct tm_msg *msg)
{
    struct tm_kv_field f[TOKEN_FIELDS];
    if (s->identity_old != NULL && overlap_s > 0)
        return tm_msg_set(
            msg, TM_ERR_CLOSED,
            "a renewal is under way: clients that were not here since still have the keys "
            "before it, and would be shut out; wait until it has ended, or, to shut out "
            "all clients now, --overlap 0");
    tm_identity_free(s->identity_old);
    s->identity_old = s->identity;
    s->token_old = s->token;
    s->old_until_s = now_s + overlap_s;
    s->made_s = now_s;
    s->identity = NULL;
    int rc = draw_keys(s, msg);
    token_fields(f, &s->token_old, "until", &s->old_until_s);
    if (rc == TM_OK)
        rc = save_identity(s, "identity-old.pem", s->identity_old, tm_file_replace, msg);
    if (rc == TM_OK)
        rc = save_token(s, "token-old", f, tm_file_replace, msg);
    return rc == TM_OK ? save_keys(s, tm_file_replace, msg) : rc;
}

/* ---- invitations ---- */

bool tm_server_label_ok(const char *label)
{
    uint8_t id[TM_CLIENT_ID_LEN];
    size_t n = strlen(label);
    return n > 0 && n <= TM_SERVER_LABEL_MAX &&
           strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+-") ==
               n &&
           tm_server_id_parse(id, label) != TM_OK;
}

static void invite_fields(struct tm_kv_field f[INVITE_FIELDS], struct tm_invite *i)
{
    f[0] = (struct tm_kv_field){"secret", TM_KV_HEX, i->secret, sizeof i->secret, false};
    f[1] = (struct tm_kv_field){"expires", TM_KV_NUMBER, &i->expires_s, 0, false};
    f[2] = (struct tm_kv_field){"label", TM_KV_TEXT, i->label, sizeof i->label, true};
    f[3] = (struct tm_kv_field){"made", TM_KV_NUMBER, &i->made_s, 0, true};
}

int tm_server_state_invite(const struct tm_server_state *s, int64_t expires_s, const char *label,
                           struct tm_invite *out, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_kv_field f[INVITE_FIELDS];
    *out = (struct tm_invite){.expires_s = expires_s, .made_s = (int64_t)time(NULL)};
    if (label != NULL && label[0] != '\0' && !tm_server_label_ok(label))
        return tm_msg_set(
            msg, TM_ERR_FORMAT,
            "a label is 1 to %d letters, digits and any of . _ @ + -, and no identifier",
            TM_SERVER_LABEL_MAX);
    snprintf(out->label, sizeof out->label, "%s", label != NULL ? label : "");
    int rc = random_bytes(out->id, sizeof out->id, msg);
    if (rc == TM_OK)
        rc = random_bytes(out->secret, sizeof out->secret, msg);
    if (rc == TM_OK)
        rc = id_path(path, s, "invites", out->id, "", msg);
    invite_fields(f, out);
    return rc == TM_OK
               ? save_fields(
                     path,
                     &(struct tm_kv){.kind = KIND_INVITE, .fields = f, .n_fields = INVITE_FIELDS},
                     msg)
               : rc;
}

int tm_server_state_find_invite(const struct tm_server_state *s, const uint8_t id[TM_CLIENT_ID_LEN],
                                struct tm_invite *out, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_kv_field f[INVITE_FIELDS];
    memset(out, 0, sizeof *out);
    invite_fields(f, out);
    int rc = id_path(path, s, "invites", id, "", msg);
    if (rc == TM_OK)
        rc = load_fields(
            path, &(struct tm_kv){.kind = KIND_INVITE, .fields = f, .n_fields = INVITE_FIELDS},
            msg);
    if (rc == TM_ERR_CLOSED) {
        rc = id_path(path, s, "invites", id, USED, msg);
        if (rc == TM_OK)
            rc = load_fields(
                path, &(struct tm_kv){.kind = KIND_INVITE, .fields = f, .n_fields = INVITE_FIELDS},
                msg);
        out->used = true;
    }
    memcpy(out->id, id, sizeof out->id);
    return rc;
}

static void client_fields(struct tm_kv_field f[CLIENT_FIELDS], struct tm_client_entry *c)
{
    f[0] = (struct tm_kv_field){"secret", TM_KV_HEX, c->secret, sizeof c->secret, false};
    f[1] = (struct tm_kv_field){"joined", TM_KV_NUMBER, &c->joined_s, 0, false};
    f[2] = (struct tm_kv_field){"label", TM_KV_TEXT, c->label, sizeof c->label, true};
}

static int save_client(const struct tm_server_state *s, struct tm_client_entry *c,
                       struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_kv_field f[CLIENT_FIELDS];
    client_fields(f, c);
    int rc = id_path(path, s, "clients", c->id, "", msg);
    return rc == TM_OK
               ? save_fields(
                     path,
                     &(struct tm_kv){.kind = KIND_CLIENT, .fields = f, .n_fields = CLIENT_FIELDS},
                     msg)
               : rc;
}

int tm_server_state_add_client(const struct tm_server_state *s, const uint8_t secret[TM_SECRET_LEN],
                               int64_t now_s, uint8_t client_id[TM_CLIENT_ID_LEN],
                               struct tm_msg *msg)
{
    struct tm_client_entry c = {.joined_s = now_s};
    int rc = random_bytes(c.id, sizeof c.id, msg);
    memcpy(c.secret, secret, sizeof c.secret);
    if (rc == TM_OK)
        rc = save_client(s, &c, msg);
    if (rc == TM_OK)
        memcpy(client_id, c.id, sizeof c.id);
    OPENSSL_cleanse(&c, sizeof c);
    return rc;
}

int tm_server_state_redeem(const struct tm_server_state *s,
                           const uint8_t invite_id[TM_CLIENT_ID_LEN],
                           const uint8_t secret[TM_SECRET_LEN], int64_t now_s,
                           uint8_t client_id[TM_CLIENT_ID_LEN], struct tm_msg *msg)
{
    char fresh[TM_FILE_PATH_MAX], used[TM_FILE_PATH_MAX];
    struct tm_client_entry c = {.joined_s = now_s};
    struct tm_invite invite;
    int rc = random_bytes(c.id, sizeof c.id, msg);
    if (rc == TM_OK)
        rc = id_path(fresh, s, "invites", invite_id, "", msg);
    if (rc == TM_OK)
        rc = id_path(used, s, "invites", invite_id, USED, msg);
    if (rc != TM_OK)
        return rc;
    /* Whoever renames it has it. */
    if (rename(fresh, used) != 0)
        return tm_msg_set(msg, errno == ENOENT ? TM_ERR_CLOSED : TM_ERR_IO, "%s: %s", fresh,
                          strerror(errno));
    memcpy(c.secret, secret, sizeof c.secret);
    rc = tm_server_state_find_invite(s, invite_id, &invite, msg);
    memcpy(c.label, invite.label, sizeof c.label);
    OPENSSL_cleanse(&invite, sizeof invite);
    if (rc == TM_OK)
        rc = save_client(s, &c, msg);
    if (rc == TM_OK)
        memcpy(client_id, c.id, sizeof c.id);
    else if (rename(used, fresh) != 0)
        rc = tm_msg_set(msg, TM_ERR_IO, "%s: %s", used, strerror(errno));
    OPENSSL_cleanse(&c, sizeof c);
    return rc;
}

/* ---- clients ---- */

int tm_server_state_find_client(const struct tm_server_state *s, const uint8_t id[TM_CLIENT_ID_LEN],
                                struct tm_client_entry *out, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct tm_kv_field f[CLIENT_FIELDS];
    memset(out, 0, sizeof *out);
    client_fields(f, out);
    int rc = id_path(path, s, "clients", id, "", msg);
    if (rc == TM_OK)
        rc = load_fields(
            path, &(struct tm_kv){.kind = KIND_CLIENT, .fields = f, .n_fields = CLIENT_FIELDS},
            msg);
    memcpy(out->id, id, sizeof out->id);
    return rc;
}

static int remove_id(const struct tm_server_state *s, const char *folder, const uint8_t *id,
                     struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    int rc = id_path(path, s, folder, id, "", msg);
    if (rc != TM_OK || unlink(path) == 0)
        return rc;
    return tm_msg_set(msg, errno == ENOENT ? TM_ERR_CLOSED : TM_ERR_IO, "%s: %s", path,
                      strerror(errno));
}

int tm_server_state_revoke(const struct tm_server_state *s, const uint8_t id[TM_CLIENT_ID_LEN],
                           struct tm_msg *msg)
{
    return remove_id(s, "clients", id, msg);
}

int tm_server_state_withdraw(const struct tm_server_state *s, const uint8_t id[TM_CLIENT_ID_LEN],
                             struct tm_msg *msg)
{
    return remove_id(s, "invites", id, msg);
}

/* ---- lists ---- */

static int is_id(const struct dirent *d)
{
    uint8_t id[TM_CLIENT_ID_LEN];
    return tm_server_id_parse(id, d->d_name) == TM_OK;
}

/* What is done with each id of a folder. */
struct visit {
    const struct tm_server_state *s;
    int (*one)(const struct visit *v, const uint8_t *id, struct tm_msg *msg);
    tm_server_client_fn client; /* one of the two */
    tm_server_invite_fn invite;
    void *user;
};

static int visit_client(const struct visit *v, const uint8_t *id, struct tm_msg *msg)
{
    struct tm_client_entry c;
    int rc = tm_server_state_find_client(v->s, id, &c, msg);
    if (rc == TM_OK)
        v->client(v->user, &c);
    OPENSSL_cleanse(&c, sizeof c);
    return rc == TM_ERR_CLOSED ? TM_OK : rc; /* revoked meanwhile */
}

static int visit_invite(const struct visit *v, const uint8_t *id, struct tm_msg *msg)
{
    struct tm_invite i;
    int rc = tm_server_state_find_invite(v->s, id, &i, msg);
    if (rc == TM_OK && !i.used)
        v->invite(v->user, &i);
    OPENSSL_cleanse(&i, sizeof i);
    return rc == TM_ERR_CLOSED ? TM_OK : rc;
}

static int each(const struct visit *v, const char *folder, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct dirent **names = NULL;
    int rc = tm_file_path(path, v->s->dir, folder, NULL, msg);
    if (rc != TM_OK)
        return rc;
    int n = scandir(path, &names, is_id, alphasort);
    if (n < 0)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        uint8_t id[TM_CLIENT_ID_LEN];
        if (rc == TM_OK)
            rc = tm_server_id_parse(id, names[i]->d_name);
        if (rc == TM_OK)
            rc = v->one(v, id, msg);
        free(names[i]);
    }
    free(names);
    return rc;
}

int tm_server_state_each_client(const struct tm_server_state *s, tm_server_client_fn fn, void *user,
                                struct tm_msg *msg)
{
    const struct visit v = {.s = s, .one = visit_client, .client = fn, .user = user};
    return each(&v, "clients", msg);
}

int tm_server_state_each_invite(const struct tm_server_state *s, tm_server_invite_fn fn, void *user,
                                struct tm_msg *msg)
{
    const struct visit v = {.s = s, .one = visit_invite, .invite = fn, .user = user};
    return each(&v, "invites", msg);
}
