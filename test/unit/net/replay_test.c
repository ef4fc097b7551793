/* test/unit/net/replay_test.c */
#include "tm/net/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

#define HOUR_MS UINT64_C(3600000)
#define NOW_MS  UINT64_C(1800000000000)

static const uint8_t client_a[TM_CLIENT_ID_LEN] = "client-a";
static const uint8_t client_b[TM_CLIENT_ID_LEN] = "client-b";

struct nonce {
    uint8_t b[TM_REPLAY_NONCE_LEN];
};

static struct nonce nonce_of(uint32_t n)
{
    struct nonce v = {{0}};
    memcpy(v.b + 3, &n, sizeof n);
    return v;
}

static struct tm_replay *make(const char *path, size_t cap)
{
    struct tm_replay *r = NULL;
    const struct tm_replay_cfg cfg = {.path = path, .cap = cap};
    struct tm_msg msg = {{0}};
    CHECK_INT(tm_replay_new(&r, &cfg, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    return r;
}

static int check(const struct tm_replay *r, const uint8_t *id, uint32_t n, uint64_t t_ms)
{
    return tm_replay_check(r, id, nonce_of(n).b, t_ms, NOW_MS);
}

static int use(struct tm_replay *r, const uint8_t *id, uint32_t n, uint64_t t_ms)
{
    return tm_replay_use(r, id, nonce_of(n).b, t_ms);
}

static void a_used_token_is_refused_and_another_is_not(void)
{
    struct tm_replay *r = make(NULL, 0);
    CHECK_INT(check(r, client_a, 1, NOW_MS), TM_OK);
    CHECK_INT(check(r, client_a, 1, NOW_MS), TM_OK); /* asking is not using */
    CHECK_INT(use(r, client_a, 1, NOW_MS), TM_OK);
    CHECK_INT(check(r, client_a, 1, NOW_MS), TM_ERR_AUTH);
    CHECK_INT(check(r, client_a, 2, NOW_MS), TM_OK);
    CHECK_INT(check(r, client_a, 3, NOW_MS - HOUR_MS),
              TM_OK); /* order does not matter while we run */
    tm_replay_free(r);
}

static void a_token_outside_the_window_is_refused(void)
{
    struct tm_replay *r = make(NULL, 0);
    CHECK_INT(check(r, client_a, 1, NOW_MS - 2 * HOUR_MS), TM_OK);
    CHECK_INT(check(r, client_a, 1, NOW_MS - 2 * HOUR_MS - 1), TM_ERR_RANGE);
    CHECK_INT(check(r, client_a, 1, NOW_MS + 2 * HOUR_MS), TM_OK);
    CHECK_INT(check(r, client_a, 1, NOW_MS + 2 * HOUR_MS + 1), TM_ERR_RANGE);
    CHECK_INT(check(r, client_a, 1, 0), TM_ERR_RANGE);
    CHECK_INT(check(r, client_a, 1, UINT64_MAX), TM_ERR_RANGE);
    tm_replay_free(r);
}

static void a_full_table_forgets_the_oldest_and_refuses_what_is_older(void)
{
    struct tm_replay *r = make(NULL, 4);
    const uint64_t t_ms[5] = {NOW_MS + 50, NOW_MS + 10, NOW_MS + 40, NOW_MS + 20, NOW_MS + 30};
    for (uint32_t i = 0; i < 5; i++)
        CHECK_INT(use(r, client_a, i, t_ms[i]), TM_OK);
    CHECK_INT(check(r, client_a, 1, t_ms[1]), TM_ERR_AUTH); /* forgotten, below the floor */
    CHECK_INT(check(r, client_b, 9, NOW_MS + 10), TM_ERR_AUTH);
    CHECK_INT(check(r, client_b, 9, NOW_MS + 11), TM_OK);
    for (uint32_t i = 0; i < 5; i++)
        CHECK_INT(check(r, client_a, i, t_ms[i]), TM_ERR_AUTH);
    tm_replay_free(r);
}

/* A clock that goes ahead makes nobody forget: when it is set back, what was used is still refused. */
static void a_clock_that_is_set_forgets_nothing(void)
{
    static const uint64_t SET_MS[] = {1000, HOUR_MS, 24 * HOUR_MS, 87660 * HOUR_MS};
    struct tm_replay *r = make(NULL, 64);
    for (uint32_t i = 0; i < 4; i++)
        CHECK_INT(use(r, client_a, i, NOW_MS + i), TM_OK);
    for (uint32_t i = 0; i < 8; i++) {
        uint64_t wrong_ms = i % 2 == 0 ? NOW_MS + SET_MS[i / 2] : NOW_MS - SET_MS[i / 2];
        CHECK_INT(tm_replay_check(r, client_b, nonce_of(10 + i).b, wrong_ms, wrong_ms), TM_OK);
        CHECK_INT(tm_replay_use(r, client_b, nonce_of(10 + i).b, wrong_ms), TM_OK);
    }
    for (uint32_t i = 0; i < 8; i++) {
        uint64_t wrong_ms = i % 2 == 0 ? NOW_MS + SET_MS[i / 2] : NOW_MS - SET_MS[i / 2];
        CHECK_INT(tm_replay_check(r, client_b, nonce_of(10 + i).b, wrong_ms, wrong_ms),
                  TM_ERR_AUTH);
        CHECK_INT(check(r, client_a, i % 4, NOW_MS + i % 4), TM_ERR_AUTH);
    }
    CHECK_INT(check(r, client_a, 99, NOW_MS + 1), TM_OK);
    CHECK_INT(tm_replay_floor_ms(r, client_a), 0);
    tm_replay_free(r);
}

/* Against a plain list, with many evictions: what was used is never taken again. */
static void many_tokens_are_never_taken_twice(void)
{
    enum { N = 4000, CAP = 97 };
    static uint64_t t_ms[N];
    struct tm_replay *r = make(NULL, CAP);
    struct tm_rng rng;
    tm_rng_init(&rng, (const uint8_t[TM_SEED_LEN]){7});
    uint32_t n_used = 0;
    for (uint32_t i = 0; i < N; i++) {
        uint64_t now_ms = NOW_MS + i * 1000;
        t_ms[i] = now_ms - 5000 + tm_rng_below(&rng, 10000);
        if (tm_replay_check(r, client_a, nonce_of(i).b, t_ms[i], now_ms) == TM_OK) {
            CHECK_INT(tm_replay_use(r, client_a, nonce_of(i).b, t_ms[i]), TM_OK);
            n_used++;
        }
        uint32_t old = (uint32_t)tm_rng_below(&rng, i + 1);
        CHECK_INT(tm_replay_check(r, client_a, nonce_of(old).b, t_ms[old], now_ms), TM_ERR_AUTH);
    }
    CHECK_INT(n_used, N); /* nobody was refused either: the table holds more than 10 s */
    tm_replay_free(r);
}

static char *temp_path(void)
{
    static char path[] = "/tmp/tm-replay-test-XXXXXX";
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
    return path;
}

static void after_a_restart_each_client_needs_newer_tokens_than_its_own(void)
{
    char *path = temp_path();
    struct tm_replay *r = make(path, 0);
    CHECK_INT(use(r, client_a, 1, NOW_MS), TM_OK);
    CHECK_INT(use(r, client_a, 2, NOW_MS - 5), TM_OK);
    CHECK_INT(use(r, client_b, 3, NOW_MS - HOUR_MS), TM_OK);
    tm_replay_free(r);
    r = make(path, 0);
    CHECK_INT(check(r, client_a, 1, NOW_MS), TM_ERR_AUTH);
    CHECK_INT(check(r, client_a, 7, NOW_MS - 1), TM_ERR_AUTH);
    CHECK_INT(check(r, client_a, 7, NOW_MS + 1), TM_OK);
    CHECK_INT(check(r, client_b, 3, NOW_MS - HOUR_MS), TM_ERR_AUTH);
    CHECK_INT(check(r, client_b, 7, NOW_MS - HOUR_MS + 1), TM_OK);
    CHECK_INT(use(r, client_b, 7, NOW_MS - HOUR_MS + 9), TM_OK);
    CHECK_INT(check(r, client_b, 8, NOW_MS - HOUR_MS + 5),
              TM_OK); /* only the restart sets the floor */
    tm_replay_free(r);
    r = make(path, 0);
    CHECK_INT(check(r, client_b, 8, NOW_MS - HOUR_MS + 9), TM_ERR_AUTH);
    tm_replay_free(r);
    (void)unlink(path);
}

static void after_a_restart_a_clock_that_was_ahead_is_known_by_its_floor(void)
{
    char *path = temp_path();
    struct tm_replay *r = make(path, 0);
    const uint64_t ahead_ms = NOW_MS + 24 * HOUR_MS;
    CHECK_INT(use(r, client_a, 1, ahead_ms), TM_OK);
    CHECK_INT(check(r, client_a, 2, NOW_MS), TM_OK); /* while it runs, the nonces tell */
    tm_replay_free(r);
    r = make(path, 0);
    CHECK_INT(check(r, client_a, 2, NOW_MS), TM_ERR_AUTH);
    CHECK_INT(tm_replay_floor_ms(r, client_a), ahead_ms);
    CHECK_INT(tm_replay_floor_ms(r, client_b), 0);
    CHECK_INT(check(r, client_b, 2, NOW_MS), TM_OK);
    CHECK_INT(tm_replay_check(r, client_a, nonce_of(3).b, ahead_ms + 1, ahead_ms), TM_OK);
    tm_replay_free(r);
    (void)unlink(path);
}

static void a_torn_record_at_the_end_is_written_again(void)
{
    char *path = temp_path();
    struct tm_replay *r = make(path, 0);
    CHECK_INT(use(r, client_a, 1, NOW_MS), TM_OK);
    CHECK_INT(use(r, client_b, 2, NOW_MS), TM_OK);
    tm_replay_free(r);
    CHECK_INT(truncate(path, 16 + 16 + 5), 0);
    r = make(path, 0);
    CHECK_INT(check(r, client_a, 1, NOW_MS), TM_ERR_AUTH);
    CHECK_INT(use(r, client_b, 3, NOW_MS), TM_OK);
    tm_replay_free(r);
    r = make(path, 0);
    CHECK_INT(check(r, client_b, 3, NOW_MS), TM_ERR_AUTH);
    tm_replay_free(r);
    (void)unlink(path);
}

static void another_file_is_refused_and_left_alone(void)
{
    char *path = temp_path();
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    (void)fputs("something else entirely\n", f);
    (void)fclose(f);
    struct tm_replay *r = NULL;
    const struct tm_replay_cfg cfg = {.path = path};
    struct tm_msg msg = {{0}};
    CHECK_INT(tm_replay_new(&r, &cfg, &msg), TM_ERR_FORMAT);
    CHECK(r == NULL);
    CHECK(strstr(msg.text, path) != NULL);
    const struct tm_replay_cfg nowhere = {.path = "/nonexistent/dir/replay"};
    CHECK_INT(tm_replay_new(&r, &nowhere, &msg), TM_ERR_IO);
    (void)unlink(path);
}

static const struct check_case cases[] = {
    {"a_used_token_is_refused_and_another_is_not", a_used_token_is_refused_and_another_is_not},
    {"a_token_outside_the_window_is_refused", a_token_outside_the_window_is_refused},
    {"a_full_table_forgets_the_oldest_and_refuses_what_is_older",
     a_full_table_forgets_the_oldest_and_refuses_what_is_older},
    {"a_clock_that_is_set_forgets_nothing", a_clock_that_is_set_forgets_nothing},
    {"after_a_restart_a_clock_that_was_ahead_is_known_by_its_floor",
     after_a_restart_a_clock_that_was_ahead_is_known_by_its_floor},
    {"many_tokens_are_never_taken_twice", many_tokens_are_never_taken_twice},
    {"after_a_restart_each_client_needs_newer_tokens_than_its_own",
     after_a_restart_each_client_needs_newer_tokens_than_its_own},
    {"a_torn_record_at_the_end_is_written_again", a_torn_record_at_the_end_is_written_again},
    {"another_file_is_refused_and_left_alone", another_file_is_refused_and_left_alone},
};
CHECK_MAIN("replay", cases)
