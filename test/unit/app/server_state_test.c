/* test/unit/app/server_state_test.c - the server's directory: setup, invitations used once, clients. */
#include "tm/app/server_state.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

static char top[64], dir[80];
static struct tm_server_state s;
static struct tm_msg msg;

static void begin(void)
{
    temp_dir_make(top);
    snprintf(dir, sizeof dir, "%s/server", top);
    CHECK_INT(tm_server_state_create(&s, dir, "listen = 127.0.0.1:443\n", &msg), TM_OK);
}

static void end(void)
{
    tm_server_state_deinit(&s);
    temp_dir_remove(top);
}

static void created_state_is_loaded_with_the_same_keys(void)
{
    begin();
    struct tm_server_state again;
    uint8_t pub[TM_IDENTITY_PUB_LEN], pub2[TM_IDENTITY_PUB_LEN];
    CHECK_INT(tm_server_state_load(&again, dir, &msg), TM_OK);
    tm_identity_public(s.identity, pub);
    tm_identity_public(again.identity, pub2);
    CHECK_MEM(pub2, pub, sizeof pub);
    CHECK_MEM(&again.token, &s.token, sizeof s.token);
    tm_server_state_deinit(&again);
    end();
}

static void setup_never_overwrites(void)
{
    begin();
    struct tm_server_state other;
    CHECK_INT(tm_server_state_create(&other, dir, "listen = 127.0.0.1:1\n", &msg), TM_ERR_CLOSED);
    CHECK(strstr(msg.text, "already holds a server") != NULL);
    CHECK_INT(tm_server_state_load(&other, dir, &msg), TM_OK);
    CHECK_MEM(&other.token, &s.token, sizeof s.token);
    tm_server_state_deinit(&other);
    end();
}

static void everything_is_private(void)
{
    begin();
    static const char *const dirs[] = {"", "/invites", "/clients"};
    static const char *const files[] = {"/config", "/identity.pem", "/token"};
    struct stat st;
    char path[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", dir, dirs[i]);
        CHECK_INT(stat(path, &st), 0);
        CHECK_INT(st.st_mode & 07777, 0700);
        snprintf(path, sizeof path, "%s%s", dir, files[i]);
        CHECK_INT(stat(path, &st), 0);
        CHECK_INT(st.st_mode & 07777, 0600);
    }
    end();
}

static void state_open_to_others_or_damaged_is_refused(void)
{
    begin();
    struct tm_server_state other;
    char path[128];
    CHECK_INT(chmod(dir, 0755), 0);
    CHECK_INT(tm_server_state_load(&other, dir, &msg), TM_ERR_AUTH);
    CHECK_INT(chmod(dir, 0700), 0);
    snprintf(path, sizeof path, "%s/identity.pem", dir);
    CHECK_INT(chmod(path, 0644), 0);
    CHECK_INT(tm_server_state_load(&other, dir, &msg), TM_ERR_AUTH);
    CHECK_INT(chmod(path, 0600), 0);
    CHECK_INT(truncate(path, 40), 0);
    CHECK_INT(tm_server_state_load(&other, dir, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "identity.pem") != NULL);
    end();
}

static void missing_state_says_how_to_make_one(void)
{
    struct tm_server_state other;
    CHECK_INT(tm_server_state_load(&other, "/nonexistent/tm", &msg), TM_ERR_CLOSED);
    CHECK(strstr(msg.text, "tm-server setup --state") != NULL);
}

static void invitation_makes_one_client_only(void)
{
    begin();
    struct tm_invite invite, found;
    struct tm_client_entry c;
    uint8_t secret[TM_SECRET_LEN], client[TM_CLIENT_ID_LEN], other[TM_CLIENT_ID_LEN];
    memset(secret, 0x77, sizeof secret);
    CHECK_INT(tm_server_state_invite(&s, 1000, NULL, &invite, &msg), TM_OK);
    CHECK_INT(tm_server_state_find_invite(&s, invite.id, &found, &msg), TM_OK);
    CHECK_INT(found.used, 0);
    CHECK_INT(found.expires_s, 1000);
    CHECK_MEM(found.secret, invite.secret, sizeof invite.secret);

    CHECK_INT(tm_server_state_redeem(&s, invite.id, secret, 900, client, &msg), TM_OK);
    CHECK_INT(tm_server_state_redeem(&s, invite.id, secret, 900, other, &msg), TM_ERR_CLOSED);

    struct tm_server_state restarted;
    CHECK_INT(tm_server_state_load(&restarted, dir, &msg), TM_OK);
    CHECK_INT(tm_server_state_redeem(&restarted, invite.id, secret, 900, other, &msg),
              TM_ERR_CLOSED);
    CHECK_INT(tm_server_state_find_invite(&restarted, invite.id, &found, &msg), TM_OK);
    CHECK_INT(found.used, 1);
    CHECK_MEM(found.secret, invite.secret, sizeof invite.secret);
    CHECK_INT(tm_server_state_find_client(&restarted, client, &c, &msg), TM_OK);
    CHECK_MEM(c.secret, secret, sizeof secret);
    CHECK_INT(c.joined_s, 900);
    tm_server_state_deinit(&restarted);
    end();
}

static void failed_redemption_leaves_the_invitation(void)
{
    begin();
    struct tm_invite invite, found;
    uint8_t secret[TM_SECRET_LEN] = {1}, client[TM_CLIENT_ID_LEN];
    char path[128], away[128];
    snprintf(path, sizeof path, "%s/clients", dir);
    snprintf(away, sizeof away, "%s/away", dir);
    CHECK_INT(tm_server_state_invite(&s, 1000, NULL, &invite, &msg), TM_OK);
    CHECK_INT(rename(path, away), 0);
    CHECK_INT(tm_server_state_redeem(&s, invite.id, secret, 1, client, &msg), TM_ERR_IO);
    CHECK_INT(tm_server_state_find_invite(&s, invite.id, &found, &msg), TM_OK);
    CHECK_INT(found.used, 0);
    CHECK_INT(rename(away, path), 0);
    CHECK_INT(tm_server_state_redeem(&s, invite.id, secret, 1, client, &msg), TM_OK);
    end();
}

static void unknown_ids_are_not_found(void)
{
    begin();
    static const uint8_t nobody[TM_CLIENT_ID_LEN] = {9};
    struct tm_invite invite;
    struct tm_client_entry c;
    uint8_t secret[TM_SECRET_LEN] = {1}, client[TM_CLIENT_ID_LEN];
    CHECK_INT(tm_server_state_find_invite(&s, nobody, &invite, &msg), TM_ERR_CLOSED);
    CHECK_INT(tm_server_state_find_client(&s, nobody, &c, &msg), TM_ERR_CLOSED);
    CHECK_INT(tm_server_state_redeem(&s, nobody, secret, 1, client, &msg), TM_ERR_CLOSED);
    CHECK_INT(tm_server_state_revoke(&s, nobody, &msg), TM_ERR_CLOSED);
    end();
}

struct seen {
    size_t n;
    uint8_t id[8][TM_CLIENT_ID_LEN];
};

static void note(void *user, const struct tm_client_entry *c)
{
    struct seen *seen = user;
    memcpy(seen->id[seen->n++], c->id, TM_CLIENT_ID_LEN);
}

static void clients_are_listed_until_revoked(void)
{
    begin();
    struct tm_invite invite;
    uint8_t secret[TM_SECRET_LEN] = {1}, client[3][TM_CLIENT_ID_LEN];
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(tm_server_state_invite(&s, 1000, NULL, &invite, &msg), TM_OK);
        CHECK_INT(tm_server_state_redeem(&s, invite.id, secret, 1, client[i], &msg), TM_OK);
    }
    struct seen seen = {0};
    CHECK_INT(tm_server_state_each_client(&s, note, &seen, &msg), TM_OK);
    CHECK_INT(seen.n, 3);
    CHECK(memcmp(seen.id[0], seen.id[1], TM_CLIENT_ID_LEN) < 0);
    CHECK(memcmp(seen.id[1], seen.id[2], TM_CLIENT_ID_LEN) < 0);
    CHECK_INT(tm_server_state_revoke(&s, client[1], &msg), TM_OK);
    seen.n = 0;
    CHECK_INT(tm_server_state_each_client(&s, note, &seen, &msg), TM_OK);
    CHECK_INT(seen.n, 2);
    for (size_t i = 0; i < seen.n; i++)
        CHECK(memcmp(seen.id[i], client[1], TM_CLIENT_ID_LEN) != 0);
    end();
}

static struct tm_invite waiting[4];
static size_t n_waiting;
static void note_invite(void *user, const struct tm_invite *i)
{
    (void)user;
    waiting[n_waiting++] = *i;
}

static void label_goes_from_the_invitation_to_the_client(void)
{
    begin();
    struct tm_invite invite;
    struct tm_client_entry c;
    uint8_t secret[TM_SECRET_LEN] = {1}, client[TM_CLIENT_ID_LEN];
    CHECK_INT(tm_server_state_invite(&s, 1000, "anna@home", &invite, &msg), TM_OK);
    CHECK_INT(tm_server_state_redeem(&s, invite.id, secret, 1, client, &msg), TM_OK);
    CHECK_INT(tm_server_state_find_client(&s, client, &c, &msg), TM_OK);
    CHECK_STR(c.label, "anna@home");
    end();
}

static void labels_that_a_file_or_a_line_cannot_hold_are_refused(void)
{
    begin();
    struct tm_invite invite;
    CHECK_INT(tm_server_state_invite(&s, 1000, "two words", &invite, &msg), TM_ERR_FORMAT);
    CHECK_INT(tm_server_state_invite(&s, 1000, "a\nb", &invite, &msg), TM_ERR_FORMAT);
    CHECK(tm_server_label_ok("laptop-2"));
    CHECK(!tm_server_label_ok(""));
    CHECK(!tm_server_label_ok("00112233445566ff")); /* an identifier */
    CHECK(!tm_server_label_ok("12345678901234567890123456789012345678901"));
    end();
}

static void invitations_wait_until_used_or_withdrawn(void)
{
    begin();
    struct tm_invite invite[3];
    uint8_t secret[TM_SECRET_LEN] = {1}, client[TM_CLIENT_ID_LEN];
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(tm_server_state_invite(&s, 1000, NULL, &invite[i], &msg), TM_OK);
    CHECK_INT(tm_server_state_redeem(&s, invite[0].id, secret, 1, client, &msg), TM_OK);
    CHECK_INT(tm_server_state_withdraw(&s, invite[1].id, &msg), TM_OK);
    CHECK_INT(tm_server_state_withdraw(&s, invite[1].id, &msg), TM_ERR_CLOSED);
    CHECK_INT(tm_server_state_redeem(&s, invite[1].id, secret, 1, client, &msg), TM_ERR_CLOSED);
    n_waiting = 0;
    CHECK_INT(tm_server_state_each_invite(&s, note_invite, NULL, &msg), TM_OK);
    CHECK_INT(n_waiting, 1);
    CHECK_MEM(waiting[0].id, invite[2].id, TM_CLIENT_ID_LEN);
    end();
}

static void ids_are_sixteen_digits(void)
{
    uint8_t id[TM_CLIENT_ID_LEN];
    char text[TM_SERVER_ID_TEXT];
    CHECK_INT(tm_server_id_parse(id, "00112233445566ff"), TM_OK);
    tm_server_id_print(text, id);
    CHECK_STR(text, "00112233445566ff");
    CHECK_INT(tm_server_id_parse(id, "../../etc/passwd"), TM_ERR_FORMAT);
    CHECK_INT(tm_server_id_parse(id, "00112233445566f"), TM_ERR_FORMAT);
}

static void renewed_keys_stand_beside_those_before(void)
{
    begin();
    struct tm_server_state again;
    const int64_t now_s = (int64_t)time(NULL);
    uint8_t old[TM_IDENTITY_PUB_LEN], pub[TM_IDENTITY_PUB_LEN];
    struct tm_ticket_key before = s.token;
    tm_identity_public(s.identity, old);
    CHECK_INT(tm_server_state_renew(&s, 3600, now_s, &msg), TM_OK);
    CHECK_INT(tm_server_state_load(&again, dir, &msg), TM_OK);
    tm_identity_public(again.identity, pub);
    CHECK(memcmp(pub, old, sizeof pub) != 0);
    CHECK(memcmp(&again.token, &before, sizeof before) != 0);
    CHECK(again.identity_old != NULL);
    tm_identity_public(again.identity_old, pub);
    CHECK_MEM(pub, old, sizeof pub);
    CHECK_MEM(&again.token_old, &before, sizeof before);
    CHECK_INT(again.old_until_s, now_s + 3600);
    CHECK_INT(again.made_s, now_s);
    /* Another one would shut out those who have not seen the first. */
    CHECK_INT(tm_server_state_renew(&again, 3600, now_s, &msg), TM_ERR_CLOSED);
    CHECK(strstr(msg.text, "--overlap 0") != NULL);
    CHECK_INT(tm_server_state_renew(&again, 0, now_s, &msg), TM_OK);
    tm_server_state_deinit(&again);
    CHECK_INT(tm_server_state_load(&again, dir, &msg), TM_OK);
    CHECK(again.identity_old == NULL);
    CHECK_INT(again.old_until_s, 0);
    tm_server_state_deinit(&again);
    end();
}

static void expired_keys_are_not_loaded(void)
{
    begin();
    struct tm_server_state again;
    CHECK_INT(tm_server_state_renew(&s, 3600, (int64_t)time(NULL) - 3601, &msg), TM_OK);
    CHECK_INT(tm_server_state_load(&again, dir, &msg), TM_OK);
    CHECK(again.identity_old == NULL);
    CHECK_INT(tm_server_state_renew(&again, 3600, (int64_t)time(NULL), &msg), TM_OK);
    tm_server_state_deinit(&again);
    end();
}

static const struct check_case cases[] = {
    {"created_state_is_loaded_with_the_same_keys", created_state_is_loaded_with_the_same_keys},
    {"setup_never_overwrites", setup_never_overwrites},
    {"everything_is_private", everything_is_private},
    {"state_open_to_others_or_damaged_is_refused", state_open_to_others_or_damaged_is_refused},
    {"missing_state_says_how_to_make_one", missing_state_says_how_to_make_one},
    {"invitation_makes_one_client_only", invitation_makes_one_client_only},
    {"failed_redemption_leaves_the_invitation", failed_redemption_leaves_the_invitation},
    {"unknown_ids_are_not_found", unknown_ids_are_not_found},
    {"clients_are_listed_until_revoked", clients_are_listed_until_revoked},
    {"label_goes_from_the_invitation_to_the_client", label_goes_from_the_invitation_to_the_client},
    {"labels_that_a_file_or_a_line_cannot_hold_are_refused",
     labels_that_a_file_or_a_line_cannot_hold_are_refused},
    {"invitations_wait_until_used_or_withdrawn", invitations_wait_until_used_or_withdrawn},
    {"renewed_keys_stand_beside_those_before", renewed_keys_stand_beside_those_before},
    {"expired_keys_are_not_loaded", expired_keys_are_not_loaded},
    {"ids_are_sixteen_digits", ids_are_sixteen_digits},
};
CHECK_MAIN("server_state", cases)
