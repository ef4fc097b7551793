/* test/unit/app/model_supply_test.c - models from the server: what is signed is taken, whatever was changed is not. */
#include "tm/app/supply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

struct fixture {
    char dir[64];
    struct tm_identity *id;
    uint8_t pin[TM_IDENTITY_PUB_LEN];
    struct tm_model model;
    uint8_t digest[TM_DIGEST_LEN];
    uint8_t *bytes; /* the model as an answer */
    size_t len;
    struct tm_msg msg;
};
static struct fixture f;

static void begin(void)
{
    memset(&f, 0, sizeof f);
    temp_dir_make(f.dir);
    CHECK_INT(tm_identity_new(&f.id), TM_OK);
    tm_identity_public(f.id, f.pin);
    tm_model_constant_default(&f.model);
    tm_model_digest(&f.model, f.digest);
    CHECK_INT(tm_supply_make(&f.model, f.id, &f.bytes, &f.len, &f.msg), TM_OK);
}

static void end(void)
{
    free(f.bytes);
    tm_identity_free(f.id);
    temp_dir_remove(f.dir);
}

static int open_bytes(const uint8_t *pin, const uint8_t *digest)
{
    struct tm_model m = {0};
    int rc = tm_supply_open(&m, (struct tm_view){f.bytes, f.len}, pin, digest, &f.msg);
    tm_model_deinit(&m);
    return rc;
}

static void signed_model_is_the_one_that_was_asked_for(void)
{
    begin();
    struct tm_model m = {0};
    uint8_t digest[TM_DIGEST_LEN];
    CHECK_INT(tm_supply_open(&m, (struct tm_view){f.bytes, f.len}, f.pin, f.digest, &f.msg), TM_OK);
    tm_model_digest(&m, digest);
    CHECK_MEM(digest, f.digest, sizeof digest);
    CHECK_STR(m.name, "constant");
    tm_model_deinit(&m);
    end();
}

static void another_servers_or_another_model_is_refused(void)
{
    begin();
    uint8_t other[TM_DIGEST_LEN];
    memcpy(other, f.digest, sizeof other);
    other[0] ^= 1;
    CHECK_INT(open_bytes(f.pin, other), TM_ERR_AUTH);
    f.pin[0] ^= 1;
    CHECK(open_bytes(f.pin, f.digest) != TM_OK);
    end();
}

static void every_changed_byte_is_seen(void)
{
    begin();
    for (size_t i = 0; i < f.len; i += i < 4096 ? 1 : 97) {
        f.bytes[i] ^= 0x20;
        CHECK(open_bytes(f.pin, f.digest) != TM_OK);
        f.bytes[i] ^= 0x20;
    }
    f.len--;
    CHECK_INT(open_bytes(f.pin, f.digest), TM_ERR_FORMAT);
    end();
}

/* A server that lies about the digest of what it signs. */
static void statistics_of_another_digest_are_refused(void)
{
    begin();
    struct tm_model faster = f.model;
    uint8_t *bytes = NULL;
    size_t len = 0;
    faster.u.constant.interval_us /= 2;
    CHECK_INT(tm_supply_make(&faster, f.id, &bytes, &len, &f.msg), TM_OK);
    CHECK_INT(len, f.len);
    free(f.bytes);
    f.bytes = bytes;
    CHECK_INT(open_bytes(f.pin, f.digest), TM_ERR_AUTH);
    end();
}

static void stored_model_is_checked_whenever_it_is_read(void)
{
    begin();
    struct tm_model m = {0};
    char path[TM_FILE_PATH_MAX];
    struct stat st;
    CHECK_INT(tm_supply_load(&m, f.dir, f.pin, f.digest, &f.msg), TM_ERR_CLOSED);
    CHECK_INT(tm_supply_store(f.dir, (struct tm_view){f.bytes, f.len}, f.pin, f.digest, &f.msg),
              TM_OK);
    CHECK_INT(tm_supply_path(path, f.dir, f.digest, NULL), TM_OK);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(tm_supply_load(&m, f.dir, f.pin, f.digest, &f.msg), TM_OK);
    tm_model_deinit(&m);
    FILE *file = fopen(path, "r+");
    fseek(file, 5000, SEEK_SET);
    int c = fgetc(file);
    fseek(file, 5000, SEEK_SET);
    fputc(c ^ 1, file);
    fclose(file);
    CHECK_INT(tm_supply_load(&m, f.dir, f.pin, f.digest, &f.msg), TM_ERR_AUTH);
    CHECK(strstr(f.msg.text, path) != NULL);
    end();
}

static void what_is_refused_is_not_stored(void)
{
    begin();
    char path[TM_FILE_PATH_MAX];
    CHECK_INT(tm_supply_store(f.dir, (struct tm_view){f.bytes, f.len}, f.pin, f.digest, &f.msg),
              TM_OK);
    CHECK_INT(tm_supply_path(path, f.dir, f.digest, NULL), TM_OK);
    f.bytes[300] ^= 1;
    CHECK_INT(tm_supply_store(f.dir, (struct tm_view){f.bytes, f.len}, f.pin, f.digest, &f.msg),
              TM_ERR_AUTH);
    struct tm_model m = {0};
    CHECK_INT(tm_supply_load(&m, f.dir, f.pin, f.digest, &f.msg), TM_OK); /* the former one */
    tm_model_deinit(&m);
    CHECK_INT(remove(path), 0);
    CHECK_INT(tm_supply_store(f.dir, (struct tm_view){f.bytes, f.len}, f.pin, f.digest, &f.msg),
              TM_ERR_AUTH);
    CHECK(access(path, F_OK) != 0);
    end();
}

static void answers_are_the_list_and_the_models_in_it(void)
{
    begin();
    struct tm_models models;
    struct tm_join_reply r;
    struct tm_supply_answer a;
    struct tm_supply_request q = {.kind = TM_SUPPLY_LIST};
    uint8_t request[TM_SUPPLY_REQUEST_LEN];
    const struct tm_view view = {request, sizeof request};
    CHECK_INT(tm_models_load(&models, NULL, &f.msg), TM_OK);
    CHECK_INT(tm_supply_prepare(f.dir, &models, f.id, &f.msg), TM_OK);
    tm_supply_request_encode(&q, request);
    CHECK_INT(tm_supply_answer_to(&a, f.dir, &models, view, &f.msg), TM_OK);
    CHECK_INT(tm_join_reply_decode(&r, a.bytes.p, a.bytes.len), TM_OK);
    CHECK_INT(r.n_models, 1);
    a.release(&a);
    q.kind = TM_SUPPLY_MODEL;
    memcpy(q.digest, r.models[0].digest, sizeof q.digest);
    tm_supply_request_encode(&q, request);
    CHECK_INT(tm_supply_answer_to(&a, f.dir, &models, view, &f.msg), TM_OK);
    CHECK_INT(tm_supply_store(f.dir, a.bytes, f.pin, q.digest, &f.msg), TM_OK);
    a.release(&a);
    q.digest[0] ^= 1;
    tm_supply_request_encode(&q, request);
    CHECK_INT(tm_supply_answer_to(&a, f.dir, &models, view, &f.msg), TM_ERR_CLOSED);
    request[0] = 9;
    CHECK_INT(tm_supply_answer_to(&a, f.dir, &models, view, &f.msg), TM_ERR_UNSUPPORTED);
    tm_models_deinit(&models);
    end();
}

static void new_key_signs_anew_and_old_models_go(void)
{
    begin();
    struct tm_models models;
    struct tm_identity *id2 = NULL;
    uint8_t pin2[TM_IDENTITY_PUB_LEN];
    struct tm_model m = {0};
    char stale[TM_FILE_PATH_MAX];
    const uint8_t gone[TM_TOKEN_DIGEST_LEN] = {1, 2, 3};
    CHECK_INT(tm_models_load(&models, NULL, &f.msg), TM_OK);
    CHECK_INT(tm_supply_prepare(f.dir, &models, f.id, &f.msg), TM_OK);
    CHECK_INT(tm_supply_path(stale, f.dir, gone, &f.msg), TM_OK);
    CHECK_INT(tm_file_create(stale, "x", 1, &f.msg), TM_OK);
    CHECK_INT(tm_identity_new(&id2), TM_OK);
    tm_identity_public(id2, pin2);
    CHECK_INT(tm_supply_prepare(f.dir, &models, id2, &f.msg), TM_OK);
    CHECK_INT(tm_supply_load(&m, f.dir, pin2, models.list[0].digest, &f.msg), TM_OK);
    tm_model_deinit(&m);
    CHECK(access(stale, F_OK) != 0);
    tm_identity_free(id2);
    tm_models_deinit(&models);
    end();
}

static void schedule_of_fetching_is_known_but_not_listed(void)
{
    struct tm_models models;
    struct tm_model m;
    struct tm_msg msg;
    uint8_t digest[TM_DIGEST_LEN];
    tm_supply_schedule(&m);
    CHECK_INT(tm_model_check(&m, &msg), TM_OK);
    tm_model_digest(&m, digest);
    CHECK_INT(tm_models_load(&models, NULL, &msg), TM_OK);
    const struct tm_model *found = tm_models_find(&models, digest, TM_TOKEN_DIGEST_LEN);
    CHECK(found != NULL && strcmp(found->name, "supply") == 0);
    CHECK_INT(models.n, 1);
    tm_models_deinit(&models);
}

static const struct check_case cases[] = {
    {"signed_model_is_the_one_that_was_asked_for", signed_model_is_the_one_that_was_asked_for},
    {"another_servers_or_another_model_is_refused", another_servers_or_another_model_is_refused},
    {"every_changed_byte_is_seen", every_changed_byte_is_seen},
    {"statistics_of_another_digest_are_refused", statistics_of_another_digest_are_refused},
    {"stored_model_is_checked_whenever_it_is_read", stored_model_is_checked_whenever_it_is_read},
    {"what_is_refused_is_not_stored", what_is_refused_is_not_stored},
    {"answers_are_the_list_and_the_models_in_it", answers_are_the_list_and_the_models_in_it},
    {"new_key_signs_anew_and_old_models_go", new_key_signs_anew_and_old_models_go},
    {"schedule_of_fetching_is_known_but_not_listed", schedule_of_fetching_is_known_but_not_listed},
};
CHECK_MAIN("model_supply", cases)
