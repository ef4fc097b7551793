#include "tm/app/again.h"

#include <string.h>

#include "test/support/check.h"

static void a_server_that_starts_again_and_again_is_asked_ever_less_often(void)
{
    static const unsigned want[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 64000, 64000};
    struct tm_again a = {.begun_ms = 5};
    uint64_t now_ms = 5;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        now_ms += 59999; /* the session's life */
        CHECK_INT(tm_again_wait_ms(&a, now_ms), want[i]);
        now_ms += want[i];
        CHECK_INT(a.begun_ms, now_ms);
        CHECK_INT(a.n, i + 1);
    }
    CHECK_INT(tm_again_wait_ms(&a, now_ms + 60000), 1000);
}

static void a_number_gives_each_session_its_own_seed_again(void)
{
    const struct tm_opt_value number = {.text = "7", .num = 7, .given = true};
    uint8_t first[TM_TOKEN_SEED_LEN], again[TM_TOKEN_SEED_LEN], next[TM_TOKEN_SEED_LEN];
    struct tm_again a = {0};
    CHECK_INT(tm_again_seed(&a, &number, first, NULL), TM_OK);
    CHECK_INT(tm_again_seed(&a, &number, again, NULL), TM_OK);
    CHECK_MEM(first, again, sizeof first);
    (void)tm_again_wait_ms(&a, 0);
    CHECK_INT(tm_again_seed(&a, &number, next, NULL), TM_OK);
    CHECK(memcmp(first, next, sizeof first) != 0);
}

static void without_a_number_no_two_seeds_are_equal(void)
{
    const struct tm_opt_value none = {.text = NULL};
    uint8_t first[TM_TOKEN_SEED_LEN], next[TM_TOKEN_SEED_LEN];
    struct tm_again a = {0};
    CHECK_INT(tm_again_seed(&a, &none, first, NULL), TM_OK);
    CHECK_INT(tm_again_seed(&a, &none, next, NULL), TM_OK);
    CHECK(memcmp(first, next, sizeof first) != 0);
}

static const struct check_case cases[] = {
    {"a_server_that_starts_again_and_again_is_asked_ever_less_often",
     a_server_that_starts_again_and_again_is_asked_ever_less_often},
    {"a_number_gives_each_session_its_own_seed_again",
     a_number_gives_each_session_its_own_seed_again},
    {"without_a_number_no_two_seeds_are_equal", without_a_number_no_two_seeds_are_equal},
};
CHECK_MAIN("again", cases)
