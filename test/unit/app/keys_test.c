/* test/unit/app/keys_test.c - renewed keys: who takes them, from whom, and what a change of the answer does. */
#include "tm/app/keys.h"

#include <string.h>
#include <time.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

struct fixture {
    char top[64], dir[80];
    struct tm_server_state s;
    struct tm_client_state c; /* one that joined before any renewal */
    uint8_t answer[TM_SUPPLY_KEYS_LEN];
    struct tm_msg msg;
};
static struct fixture f;

static void begin(void)
{
    memset(&f, 0, sizeof f);
    temp_dir_make(f.top);
    snprintf(f.dir, sizeof f.dir, "%s/server", f.top);
    CHECK_INT(tm_server_state_create(&f.s, f.dir, "", &f.msg), TM_OK);
    memset(f.c.client_id, 0x33, sizeof f.c.client_id);
    tm_identity_public(f.s.identity, f.c.pin);
    f.c.token = f.s.token;
}

static void end(void)
{
    tm_server_state_deinit(&f.s);
    temp_dir_remove(f.top);
}

/* The server answers this client's request. */
static int ask(void)
{
    uint8_t request[TM_SUPPLY_REQUEST_LEN];
    struct tm_supply_answer a;
    CHECK_INT(tm_keys_request(request, &f.c), TM_OK);
    CHECK_INT(tm_keys_answer_to(&a, &f.s, f.c.client_id, (struct tm_view){request, sizeof request}),
              TM_OK);
    CHECK_INT(a.bytes.len, sizeof f.answer);
    memcpy(f.answer, a.bytes.p, sizeof f.answer);
    a.release(&a);
    return tm_keys_take(&f.c, (struct tm_view){f.answer, sizeof f.answer});
}

static void renew(int64_t overlap_s)
{
    CHECK_INT(tm_server_state_renew(&f.s, overlap_s, (int64_t)time(NULL), &f.msg), TM_OK);
}

static void client_learns_new_keys_once(void)
{
    begin();
    uint8_t pin[TM_IDENTITY_PUB_LEN];
    CHECK_INT(ask(), 0);
    renew(3600);
    CHECK_INT(ask(), 1);
    tm_identity_public(f.s.identity, pin);
    CHECK_MEM(f.c.pin, pin, sizeof pin);
    CHECK_MEM(&f.c.token, &f.s.token, sizeof f.s.token);
    CHECK_INT(ask(), 0);
    end();
}

static void keys_that_the_known_server_did_not_sign_are_refused(void)
{
    begin();
    struct tm_client_state before = f.c;
    renew(3600);
    f.c.pin[0] ^= 1;
    before = f.c;
    CHECK(ask() < 0);
    CHECK_MEM(&f.c, &before, sizeof before);
    end();
}

/* Two renewals behind: nobody whom it knows is left to sign. */
static void client_that_missed_two_renewals_is_told_nothing_that_it_takes(void)
{
    begin();
    renew(3600);
    renew(0);
    CHECK_INT(ask(), TM_ERR_AUTH);
    end();
}

static void answers_are_for_one_client_and_whole(void)
{
    begin();
    renew(3600);
    struct tm_client_state first = f.c;
    CHECK_INT(ask(), 1);
    struct tm_client_state c = first;
    c.client_id[0] ^= 1;
    CHECK(tm_keys_take(&c, (struct tm_view){f.answer, sizeof f.answer}) < 0);
    for (size_t i = 0; i < TM_SUPPLY_KEYS_SIGNED; i++) {
        f.answer[i] ^= 4;
        c = first;
        CHECK(tm_keys_take(&c, (struct tm_view){f.answer, sizeof f.answer}) < 0);
        CHECK_MEM(&c, &first, sizeof c);
        f.answer[i] ^= 4;
    }
    CHECK_INT(tm_keys_take(&c, (struct tm_view){f.answer, sizeof f.answer - 1}), TM_ERR_FORMAT);
    end();
}

static void other_requests_are_not_answered_with_keys(void)
{
    begin();
    const struct tm_supply_request r = {.kind = TM_SUPPLY_LIST};
    uint8_t request[TM_SUPPLY_REQUEST_LEN];
    struct tm_supply_answer a;
    tm_supply_request_encode(&r, request);
    CHECK_INT(tm_keys_answer_to(&a, &f.s, f.c.client_id, (struct tm_view){request, sizeof request}),
              TM_ERR_UNSUPPORTED);
    CHECK(a.release == NULL);
    end();
}

static const struct check_case cases[] = {
    {"client_learns_new_keys_once", client_learns_new_keys_once},
    {"keys_that_the_known_server_did_not_sign_are_refused",
     keys_that_the_known_server_did_not_sign_are_refused},
    {"client_that_missed_two_renewals_is_told_nothing_that_it_takes",
     client_that_missed_two_renewals_is_told_nothing_that_it_takes},
    {"answers_are_for_one_client_and_whole", answers_are_for_one_client_and_whole},
    {"other_requests_are_not_answered_with_keys", other_requests_are_not_answered_with_keys},
};
CHECK_MAIN("keys", cases)
