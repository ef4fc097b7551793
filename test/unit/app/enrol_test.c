/* test/unit/app/enrol_test.c - joining: both ends derive one secret, and only with the right server. */
#include "tm/app/enrol.h"

#include <string.h>

#include "test/support/check.h"

static const uint8_t invite_id[TM_CLIENT_ID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
static uint8_t exporter[TM_TLS_EXPORTER_LEN] = {0x10, 0x20, 0x30};
static uint8_t request[TM_JOIN_REQUEST_LEN];

struct fixture {
    struct tm_identity *id;
    struct tm_enrol e;
    uint8_t pin[TM_IDENTITY_PUB_LEN];
    uint8_t reply[TM_JOIN_REPLY_LEN];
    struct tm_join_reply got;
};
static struct fixture f;

/* A conversation with the reply that a server with this identity gives. */
static void begin(enum tm_join_status status)
{
    static struct tm_join_reply r;
    memset(&r, 0, sizeof r);
    memset(&f, 0, sizeof f);
    r.status = status;
    r.client_id[0] = 7;
    tm_join_request_encode(request);
    f.e = (struct tm_enrol){invite_id, exporter, {request, sizeof request}};
    CHECK_INT(tm_identity_new(&f.id), TM_OK);
    tm_identity_public(f.id, f.pin);
    CHECK_INT(tm_join_reply_encode(&r, f.reply), TM_OK);
    CHECK_INT(tm_enrol_sign(f.id, &f.e, f.reply), TM_OK);
}

static int check_reply(const struct tm_enrol *e)
{
    return tm_enrol_check(f.pin, e, (struct tm_view){f.reply, sizeof f.reply}, &f.got);
}

static void end(void)
{
    tm_identity_free(f.id);
}

static void signed_reply_is_accepted_whatever_its_status(void)
{
    for (unsigned status = TM_JOIN_OK; status <= TM_JOIN_FAILED; status++) {
        begin((enum tm_join_status)status);
        CHECK_INT(check_reply(&f.e), TM_OK);
        CHECK_INT(f.got.status, status);
        CHECK_INT(f.got.client_id[0], 7);
        end();
    }
}

static void another_server_is_recognised(void)
{
    begin(TM_JOIN_OK);
    struct tm_identity *other = NULL;
    CHECK_INT(tm_identity_new(&other), TM_OK);
    CHECK_INT(tm_enrol_sign(other, &f.e, f.reply), TM_OK);
    CHECK_INT(check_reply(&f.e), TM_ERR_AUTH);
    tm_identity_free(other);
    end();
}

/* Somebody with the link between client and server has two connections: the values differ. */
static void signature_of_another_connection_is_refused(void)
{
    static const uint8_t other_id[TM_CLIENT_ID_LEN] = {9};
    uint8_t other_exporter[TM_TLS_EXPORTER_LEN];
    begin(TM_JOIN_OK);
    memcpy(other_exporter, exporter, sizeof exporter);
    other_exporter[31] ^= 1;
    CHECK_INT(check_reply(&(struct tm_enrol){invite_id, other_exporter, f.e.request}), TM_ERR_AUTH);
    CHECK_INT(check_reply(&(struct tm_enrol){other_id, exporter, f.e.request}), TM_ERR_AUTH);
    CHECK_INT(check_reply(&(struct tm_enrol){invite_id, exporter, {request, 1}}), TM_ERR_AUTH);
    end();
}

static void any_changed_byte_is_noticed(void)
{
    begin(TM_JOIN_OK);
    for (size_t i = 0; i < TM_JOIN_REPLY_LEN; i += i < 50 || i >= TM_JOIN_SIGNED_LEN ? 1 : 97) {
        f.reply[i] ^= 0x01;
        CHECK(check_reply(&f.e) != TM_OK);
        f.reply[i] ^= 0x01;
    }
    CHECK_INT(check_reply(&f.e), TM_OK);
    end();
}

static void secret_depends_on_connection_and_invitation(void)
{
    static const uint8_t other_id[TM_CLIENT_ID_LEN] = {9};
    static const uint8_t other_exporter[TM_TLS_EXPORTER_LEN] = {1};
    uint8_t a[TM_SECRET_LEN], b[TM_SECRET_LEN];
    begin(TM_JOIN_OK);
    CHECK_INT(tm_enrol_secret(a, &f.e), TM_OK);
    CHECK_INT(tm_enrol_secret(b, &f.e), TM_OK);
    CHECK_MEM(a, b, sizeof a);
    CHECK_INT(tm_enrol_secret(b, &(struct tm_enrol){other_id, exporter, f.e.request}), TM_OK);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK_INT(tm_enrol_secret(b, &(struct tm_enrol){invite_id, other_exporter, f.e.request}),
              TM_OK);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK(memcmp(a, exporter, sizeof a) != 0);
    end();
}

/* RFC 5869 with SHA-256, computed with Python's hmac module. */
static void secret_is_the_documented_derivation(void)
{
    static const uint8_t want[TM_SECRET_LEN] = {0x2e, 0x68, 0xe8, 0x18, 0xeb, 0xd3, 0xd2, 0x6d,
                                                0x24, 0xe8, 0x3e, 0x9c, 0xc5, 0x25, 0xca, 0xc3,
                                                0xe8, 0x7f, 0xd4, 0xfa, 0xa2, 0xbc, 0x15, 0x26,
                                                0xbc, 0x98, 0x85, 0xb2, 0x09, 0xf4, 0xfb, 0xec};
    uint8_t got[TM_SECRET_LEN];
    begin(TM_JOIN_OK);
    CHECK_INT(tm_enrol_secret(got, &f.e), TM_OK);
    CHECK_MEM(got, want, sizeof want);
    end();
}

static const struct check_case cases[] = {
    {"signed_reply_is_accepted_whatever_its_status", signed_reply_is_accepted_whatever_its_status},
    {"another_server_is_recognised", another_server_is_recognised},
    {"signature_of_another_connection_is_refused", signature_of_another_connection_is_refused},
    {"any_changed_byte_is_noticed", any_changed_byte_is_noticed},
    {"secret_depends_on_connection_and_invitation", secret_depends_on_connection_and_invitation},
    {"secret_is_the_documented_derivation", secret_is_the_documented_derivation},
};
CHECK_MAIN("enrol", cases)
