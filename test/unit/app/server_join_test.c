/* test/unit/app/server_join_test.c - a join without a network: what the client reads is what the server stored. */
#include "tm/app/server_join.h"

#include <string.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

static const uint8_t exporter[TM_TLS_EXPORTER_LEN] = {4, 5, 6};

struct fixture {
    char top[64], dir[80];
    struct tm_server_state s;
    struct tm_models models;
    struct tm_invite invite;
    uint8_t request[TM_JOIN_REQUEST_LEN];
    uint8_t pin[TM_IDENTITY_PUB_LEN];
    struct tm_enrol e;
    struct tm_server_joined said; /* by the server */
    struct tm_join_reply got;     /* read by the client */
    struct tm_msg msg;
};
static struct fixture f;

static void begin(int64_t expires_s)
{
    memset(&f, 0, sizeof f);
    temp_dir_make(f.top);
    snprintf(f.dir, sizeof f.dir, "%s/server", f.top);
    CHECK_INT(tm_server_state_create(&f.s, f.dir, "", &f.msg), TM_OK);
    CHECK_INT(tm_models_load(&f.models, NULL, &f.msg), TM_OK);
    CHECK_INT(tm_server_state_invite(&f.s, expires_s, NULL, &f.invite, &f.msg), TM_OK);
    tm_identity_public(f.s.identity, f.pin);
    tm_join_request_encode(f.request);
    f.e = (struct tm_enrol){f.invite.id, exporter, {f.request, sizeof f.request}};
}

static void end(void)
{
    tm_models_deinit(&f.models);
    tm_server_state_deinit(&f.s);
    temp_dir_remove(f.top);
}

/* The server answers at now_s, the client checks and reads. */
static enum tm_join_status join_at(int64_t now_s)
{
    CHECK_INT(tm_server_join(&f.said, &f.s, &f.models, &f.e, now_s), TM_OK);
    CHECK_INT(
        tm_enrol_check(f.pin, &f.e, (struct tm_view){f.said.reply, sizeof f.said.reply}, &f.got),
        TM_OK);
    CHECK_INT(f.got.status, f.said.said.status);
    return f.got.status;
}

static unsigned n_clients;
static void count(void *user, const struct tm_client_entry *c)
{
    (void)user;
    (void)c;
    n_clients++;
}

static unsigned stored_clients(void)
{
    n_clients = 0;
    CHECK_INT(tm_server_state_each_client(&f.s, count, NULL, &f.msg), TM_OK);
    return n_clients;
}

static void joined_client_is_stored_with_the_secret_that_it_derives(void)
{
    begin(1000);
    struct tm_client_entry c;
    uint8_t secret[TM_SECRET_LEN];
    CHECK_INT(join_at(999), TM_JOIN_OK);
    CHECK_INT(tm_enrol_secret(secret, &f.e), TM_OK);
    CHECK_INT(tm_server_state_find_client(&f.s, f.got.client_id, &c, &f.msg), TM_OK);
    CHECK_MEM(c.secret, secret, sizeof secret);
    CHECK_INT(c.joined_s, 999);
    end();
}

static void client_learns_the_servers_models(void)
{
    begin(1000);
    struct tm_model constant;
    uint8_t digest[TM_DIGEST_LEN];
    tm_model_constant_default(&constant);
    tm_model_digest(&constant, digest);
    CHECK_INT(join_at(1), TM_JOIN_OK);
    CHECK_INT(f.got.n_models, 1);
    CHECK_STR(f.got.models[0].name, "constant");
    CHECK_MEM(f.got.models[0].digest, digest, TM_TOKEN_DIGEST_LEN);
    CHECK(tm_models_find(&f.models, digest, TM_TOKEN_DIGEST_LEN) != NULL);
    digest[0] ^= 1;
    CHECK(tm_models_find(&f.models, digest, TM_TOKEN_DIGEST_LEN) == NULL);
    end();
}

static void second_use_is_refused_and_stores_nobody(void)
{
    begin(1000);
    CHECK_INT(join_at(1), TM_JOIN_OK);
    CHECK_INT(join_at(2), TM_JOIN_USED);
    CHECK_INT(f.got.n_models, 0);
    CHECK_INT(stored_clients(), 1);
    end();
}

static void expired_invitation_is_refused_and_stays(void)
{
    begin(1000);
    CHECK_INT(join_at(1000), TM_JOIN_EXPIRED);
    CHECK_INT(stored_clients(), 0);
    CHECK_INT(join_at(999), TM_JOIN_OK);
    end();
}

static void what_cannot_be_stored_is_said(void)
{
    begin(1000);
    char path[128], away[128];
    snprintf(path, sizeof path, "%s/clients", f.dir);
    snprintf(away, sizeof away, "%s/away", f.dir);
    CHECK_INT(rename(path, away), 0);
    CHECK_INT(join_at(1), TM_JOIN_FAILED);
    CHECK(strstr(f.said.why.text, "cannot write") != NULL);
    CHECK_INT(rename(away, path), 0);
    CHECK_INT(join_at(1), TM_JOIN_OK);
    end();
}

static void other_requests_are_errors(void)
{
    begin(1000);
    f.request[0] = 2;
    CHECK_INT(tm_server_join(&f.said, &f.s, &f.models, &f.e, 1), TM_ERR_UNSUPPORTED);
    f.request[0] = 1;
    f.e.request.len--;
    CHECK_INT(tm_server_join(&f.said, &f.s, &f.models, &f.e, 1), TM_ERR_FORMAT);
    CHECK_INT(stored_clients(), 0);
    end();
}

static const struct check_case cases[] = {
    {"joined_client_is_stored_with_the_secret_that_it_derives",
     joined_client_is_stored_with_the_secret_that_it_derives},
    {"client_learns_the_servers_models", client_learns_the_servers_models},
    {"second_use_is_refused_and_stores_nobody", second_use_is_refused_and_stores_nobody},
    {"expired_invitation_is_refused_and_stays", expired_invitation_is_refused_and_stays},
    {"what_cannot_be_stored_is_said", what_cannot_be_stored_is_said},
    {"other_requests_are_errors", other_requests_are_errors},
};
CHECK_MAIN("server_join", cases)
