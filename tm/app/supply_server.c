/* tm/app/supply_server.c - see supply.h: the server's files, and its answers. */
#include "tm/app/supply.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tm/app/file.h"
#include "tm/app/kv.h"

/* Whether the file is there and signed by us. */
static bool is_kept(const char *path, const uint8_t *pin, const uint8_t *digest)
{
    struct tm_supply_model m;
    char *bytes = NULL;
    size_t len = 0;
    if (tm_file_load_bytes(path, TM_SUPPLY_MAX, &bytes, &len, NULL) != TM_OK)
        return false;
    int rc = tm_supply_check(&m, (struct tm_view){(const uint8_t *)bytes, len}, pin, digest);
    tm_file_free(bytes, len);
    return rc == TM_OK;
}

static int keep(const char *dir, const struct tm_model *m, const uint8_t *digest,
                const struct tm_identity *id, struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    uint8_t pin[TM_IDENTITY_PUB_LEN];
    uint8_t *bytes = NULL;
    size_t len = 0;
    int rc = tm_supply_path(path, dir, digest, msg);
    if (rc != TM_OK)
        return rc;
    tm_identity_public(id, pin);
    if (is_kept(path, pin, digest))
        return TM_OK;
    rc = tm_supply_make(m, id, &bytes, &len, msg);
    if (rc == TM_OK)
        rc = tm_file_replace(path, bytes, len, msg);
    free(bytes);
    return rc;
}

/* Files of models that are played no more; others are left alone. */
static void remove_others(const char *folder, const struct tm_models *models)
{
    DIR *d = opendir(folder);
    if (d == NULL)
        return;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        uint8_t digest[TM_TOKEN_DIGEST_LEN];
        if (tm_hex_decode(digest, sizeof digest, e->d_name) == TM_OK &&
            tm_models_find(models, digest, sizeof digest) == NULL)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    (void)closedir(d);
}

int tm_supply_prepare(const char *dir, const struct tm_models *models, const struct tm_identity *id,
                      struct tm_msg *msg)
{
    char folder[TM_FILE_PATH_MAX];
    int rc = tm_file_path(folder, dir, "models", NULL, msg);
    if (rc == TM_OK)
        rc = tm_file_make_dir(folder, msg);
    if (rc != TM_OK)
        return rc;
    remove_others(folder, models);
    for (size_t i = 0; i < models->n; i++) {
        int one = keep(dir, models->model[i], models->list[i].digest, id, rc == TM_OK ? msg : NULL);
        rc = rc == TM_OK ? one : rc;
    }
    return rc;
}

static int sign_one(const char *dir, const uint8_t *digest, const uint8_t *pin,
                    const struct tm_identity *id, struct tm_msg *msg)
{
    struct tm_supply_model m;
    char path[TM_FILE_PATH_MAX];
    char *bytes = NULL;
    size_t len = 0;
    int rc = tm_supply_path(path, dir, digest, msg);
    if (rc == TM_OK)
        rc = tm_file_load_bytes(path, TM_SUPPLY_MAX, &bytes, &len, msg);
    if (rc != TM_OK)
        return rc;
    if (tm_supply_check(&m, (struct tm_view){(const uint8_t *)bytes, len}, pin, digest) == TM_OK) {
        rc = tm_supply_sign((uint8_t *)bytes, len, id);
        if (rc == TM_OK)
            rc = tm_file_replace(path, bytes, len, msg);
    }
    tm_file_free(bytes, len);
    return rc;
}

int tm_supply_sign_again(const char *dir, const uint8_t pin[TM_IDENTITY_PUB_LEN],
                         const struct tm_identity *id, struct tm_msg *msg)
{
    char folder[TM_FILE_PATH_MAX];
    int rc = tm_file_path(folder, dir, "models", NULL, msg);
    DIR *d = rc == TM_OK ? opendir(folder) : NULL;
    if (d == NULL) /* it has not run yet */
        return rc;
    for (const struct dirent *e = readdir(d); e != NULL && rc == TM_OK; e = readdir(d)) {
        uint8_t digest[TM_TOKEN_DIGEST_LEN];
        if (tm_hex_decode(digest, sizeof digest, e->d_name) == TM_OK)
            rc = sign_one(dir, digest, pin, id, msg);
    }
    (void)closedir(d);
    return rc;
}

/* ---- answers ---- */

static void free_copy(struct tm_supply_answer *a)
{
    uint8_t *p;
    memcpy(&p, &a->bytes.p, sizeof p); /* ours, and only the view is const */
    OPENSSL_cleanse(p, a->bytes.len);  /* it may hold keys */
    free(p);
}

static void unmap(struct tm_supply_answer *a)
{
    uint8_t *p;
    memcpy(&p, &a->bytes.p, sizeof p);
    (void)munmap(p, a->bytes.len);
}

int tm_supply_answer_copy(struct tm_supply_answer *out, const uint8_t *bytes, size_t len)
{
    uint8_t *p = malloc(len);
    if (p == NULL)
        return TM_ERR_NOMEM;
    memcpy(p, bytes, len);
    *out = (struct tm_supply_answer){.bytes = {p, len}, .release = free_copy};
    return TM_OK;
}

static int answer_list(struct tm_supply_answer *out, const struct tm_models *models)
{
    struct tm_join_reply r = {.status = TM_JOIN_OK, .n_models = models->n};
    uint8_t bytes[TM_JOIN_REPLY_LEN];
    memcpy(r.models, models->list, sizeof r.models);
    int rc = tm_join_reply_encode(&r, bytes);
    return rc == TM_OK ? tm_supply_answer_copy(out, bytes, sizeof bytes) : rc;
}

static int answer_model(struct tm_supply_answer *out, const char *dir,
                        const uint8_t digest[TM_TOKEN_DIGEST_LEN], struct tm_msg *msg)
{
    char path[TM_FILE_PATH_MAX];
    struct stat st;
    int rc = tm_supply_path(path, dir, digest, msg);
    if (rc != TM_OK)
        return rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return tm_msg_set(msg, errno == ENOENT ? TM_ERR_CLOSED : TM_ERR_IO, "%s: %s", path,
                          strerror(errno));
    void *p = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= TM_SUPPLY_MAX)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (p == MAP_FAILED)
        return tm_msg_set(msg, TM_ERR_IO, "%s: %s", path, strerror(errno));
    *out = (struct tm_supply_answer){.bytes = {p, (size_t)st.st_size}, .release = unmap};
    return TM_OK;
}

int tm_supply_answer_to(struct tm_supply_answer *out, const char *dir,
                        const struct tm_models *models, struct tm_view request, struct tm_msg *msg)
{
    struct tm_supply_request r;
    *out = (struct tm_supply_answer){0};
    int rc = tm_supply_request_decode(&r, request.p, request.len);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "no request that this version knows");
    if (r.kind == TM_SUPPLY_LIST)
        return answer_list(out, models);
    if (r.kind != TM_SUPPLY_MODEL)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED, "no list and no model");
    return answer_model(out, dir, r.digest, msg);
}
