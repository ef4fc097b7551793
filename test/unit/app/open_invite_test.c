/* test/unit/app/open_invite_test.c - the invitation for many: counted, taken back, and joined with as one for one is. */
#include "tm/app/open_invite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"
#include "tm/app/server_join.h"

static struct fixture {
    char top[64], dir[80], file[96];
    struct tm_server_state s;
    struct tm_open_invite invite;
    struct tm_msg msg;
} f;

static void begin(int64_t n)
{
    memset(&f, 0, sizeof f);
    temp_dir_make(f.top);
    (void)snprintf(f.dir, sizeof f.dir, "%s/server", f.top);
    (void)snprintf(f.file, sizeof f.file, "%s/bridge", f.dir);
    CHECK_INT(tm_server_state_create(&f.s, f.dir, "", &f.msg), TM_OK);
    CHECK_INT(tm_open_invite_load(&f.s, &f.invite, &f.msg), TM_ERR_CLOSED);
    CHECK_INT(tm_open_invite_make(&f.s, n, &f.invite, &f.msg), TM_OK);
}

static void end(void)
{
    tm_server_state_deinit(&f.s);
    temp_dir_remove(f.top);
}

static const uint8_t secret[TM_SECRET_LEN] = {7};

static void as_many_join_as_may_and_each_is_somebody_else(void)
{
    uint8_t id[2][TM_CLIENT_ID_LEN], more[TM_CLIENT_ID_LEN];
    struct tm_client_entry c;
    begin(2);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(tm_open_invite_check(&f.s, f.invite.id, &f.msg), TM_OK);
        CHECK_INT(tm_open_invite_redeem(&f.s, f.invite.id, secret, 5, id[i], &f.msg), TM_OK);
        CHECK_INT(tm_server_state_find_client(&f.s, id[i], &c, &f.msg), TM_OK);
        CHECK_MEM(c.secret, secret, sizeof secret);
        CHECK_INT(c.joined_s, 5);
    }
    CHECK(memcmp(id[0], id[1], sizeof id[0]) != 0);
    CHECK_INT(tm_open_invite_check(&f.s, f.invite.id, &f.msg), TM_ERR_CLOSED);
    CHECK_INT(tm_open_invite_redeem(&f.s, f.invite.id, secret, 5, more, &f.msg), TM_ERR_CLOSED);
    CHECK_INT(tm_open_invite_load(&f.s, &f.invite, &f.msg), TM_OK);
    CHECK_INT(f.invite.left, 0);
    end();
}

static void another_id_is_another_invitation(void)
{
    uint8_t id[TM_CLIENT_ID_LEN], got[TM_SECRET_LEN];
    begin(2);
    CHECK_INT(tm_open_invite_secret(&f.s, f.invite.id, got, &f.msg), TM_OK);
    CHECK_MEM(got, f.invite.secret, sizeof got);
    f.invite.id[7] ^= 1;
    CHECK_INT(tm_open_invite_secret(&f.s, f.invite.id, got, &f.msg), TM_ERR_AUTH);
    CHECK_INT(tm_open_invite_check(&f.s, f.invite.id, &f.msg), TM_ERR_AUTH);
    CHECK_INT(tm_open_invite_redeem(&f.s, f.invite.id, secret, 5, id, &f.msg), TM_ERR_AUTH);
    end();
}

static void a_removed_file_takes_it_back_at_once(void)
{
    uint8_t got[TM_SECRET_LEN];
    begin(2);
    CHECK_INT(unlink(f.file), 0);
    CHECK_INT(tm_open_invite_secret(&f.s, f.invite.id, got, &f.msg), TM_ERR_AUTH);
    CHECK_INT(tm_open_invite_check(&f.s, f.invite.id, &f.msg), TM_ERR_AUTH);
    end();
}

static void a_damaged_file_is_no_invitation(void)
{
    uint8_t got[TM_SECRET_LEN];
    begin(2);
    FILE *file = fopen(f.file, "ae");
    CHECK(file != NULL && fputs("left 3\n", file) >= 0 && fclose(file) == 0);
    CHECK_INT(tm_open_invite_secret(&f.s, f.invite.id, got, &f.msg), TM_ERR_FORMAT);
    CHECK(strstr(f.msg.text, f.file) != NULL);
    end();
}

/* The whole answer of a server, as of an invitation for one. */
static void clients_join_with_it(void)
{
    static const uint8_t exporter[TM_TLS_EXPORTER_LEN] = {4};
    static struct tm_server_joined said;
    static struct tm_models models;
    static struct tm_join_reply got;
    uint8_t request[TM_JOIN_REQUEST_LEN], pin[TM_IDENTITY_PUB_LEN], mine[TM_SECRET_LEN];
    struct tm_client_entry c;
    begin(1);
    CHECK_INT(tm_models_load(&models, NULL, &f.msg), TM_OK);
    tm_join_request_encode(request);
    tm_identity_public(f.s.identity, pin);
    const struct tm_enrol e = {f.invite.id, exporter, {request, sizeof request}};
    CHECK_INT(tm_server_join(&said, &f.s, &models, &e, 9), TM_OK);
    CHECK_INT(tm_enrol_check(pin, &e, (struct tm_view){said.reply, sizeof said.reply}, &got),
              TM_OK);
    CHECK_INT(got.status, TM_JOIN_OK);
    CHECK_INT(tm_enrol_secret(mine, &e), TM_OK);
    CHECK_INT(tm_server_state_find_client(&f.s, got.client_id, &c, &f.msg), TM_OK);
    CHECK_MEM(c.secret, mine, sizeof mine);
    CHECK_INT(tm_server_join(&said, &f.s, &models, &e, 9), TM_OK);
    CHECK_INT(said.said.status, TM_JOIN_USED);
    tm_models_deinit(&models);
    end();
}

static const struct check_case cases[] = {
    {"as_many_join_as_may_and_each_is_somebody_else",
     as_many_join_as_may_and_each_is_somebody_else},
    {"another_id_is_another_invitation", another_id_is_another_invitation},
    {"a_removed_file_takes_it_back_at_once", a_removed_file_takes_it_back_at_once},
    {"a_damaged_file_is_no_invitation", a_damaged_file_is_no_invitation},
    {"clients_join_with_it", clients_join_with_it},
};
CHECK_MAIN("open_invite", cases)
