#include "models/store/conn_blob.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

static const struct tm_write some[] = {
    {.size = 1, .dir = TM_UP},
    {.size = TM_WRITE_SIZE_MAX, .gap_us = TM_WRITE_GAP_MAX, .dir = TM_DOWN, .ref_back = 255},
    {.size = 517, .gap_us = 63, .dir = TM_UP, .ref_back = 2},
    {.size = 31, .gap_us = 64, .dir = TM_DOWN, .ref_back = 0},
};

static const struct tm_close reset = {TM_CLOSE_RESET, 1, 3, 9000};

static struct tm_deck deck_of(const struct tm_write *w, size_t n)
{
    struct tm_deck d = {0};
    CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_OK);
    for (size_t i = 0; i < n; i++) {
        CHECK_INT(tm_deck_add_write(&d, w[i]), TM_OK);
        if (i == 2)
            tm_deck_weld_last(&d);
    }
    return d;
}

static void writes_survive(void)
{
    static uint8_t bytes[TM_CONN_BLOB_MAX];
    struct tm_deck d = deck_of(some, 4);
    size_t len = tm_conn_blob_encode(bytes, &d, 0);
    CHECK_INT(len, (1 + 1 + 1) + (2 + 4 + 8) + (1 + 2 + 1) + (1 + 1 + 2));
    struct tm_deck got = deck_of(some, 0);
    CHECK_INT(tm_conn_blob_decode(&got, bytes, len), TM_OK);
    CHECK_INT(got.n_writes, 4);
    for (size_t i = 0; i < 4 && i < got.n_writes; i++) {
        CHECK_INT(got.w[i].size, some[i].size);
        CHECK_INT(got.w[i].gap_us, some[i].gap_us);
        CHECK_INT(got.w[i].dir, some[i].dir);
        CHECK_INT(got.w[i].ref_back, some[i].ref_back);
        CHECK_INT(got.weld[i], i == 2);
    }
    tm_deck_deinit(&d);
    tm_deck_deinit(&got);
}

static void closings_survive_and_what_is_none_is_refused(void)
{
    static const struct tm_close some_closings[] = {{TM_CLOSE_FIN, 4, 0, 0},
                                                    {TM_CLOSE_FIN, 0, 1, 300},
                                                    {TM_CLOSE_RESET, 0, 0, 0},
                                                    {TM_CLOSE_RESET, 2, 3, TM_WRITE_GAP_MAX}};
    /* Behind one write of two bytes: */
    static const uint8_t bad[][7] = {
        {0, 4, 0, 0, 0, 0, 0}, /* plain */
        {0, 4, 0, 3, 1, 0, 0}, /* a weld */
        {0, 4, 0, 4, 1, 0, 0}, /* before the first write */
        {0, 4, 0, 2, 1, 2, 0}, /* so the server's */
        {0, 4, 0, 2, 1, 0, 5}, /* a gap of what only answers */
    };
    static uint8_t bytes[TM_CONN_BLOB_MAX + 1];
    for (size_t i = 0; i < sizeof some_closings / sizeof some_closings[0]; i++) {
        struct tm_deck d = deck_of(some, 4), got = deck_of(some, 0), more = deck_of(some, 0);
        tm_deck_close_last(&d, &some_closings[i]);
        size_t len = tm_conn_blob_encode(bytes, &d, 0);
        CHECK_INT(tm_conn_blob_decode(&got, bytes, len), TM_OK);
        CHECK_INT(got.n_writes, 4);
        CHECK(tm_close_is_same(&got.conn[0].close, &some_closings[i]));
        bytes[len] = 0; /* something behind it */
        CHECK_INT(tm_conn_blob_decode(&more, bytes, len + 1), TM_ERR_FORMAT);
        tm_deck_deinit(&more);
        tm_deck_deinit(&d);
        tm_deck_deinit(&got);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_deck got = deck_of(some, 0);
        CHECK_INT(tm_conn_blob_decode(&got, bad[i], sizeof bad[i]), TM_ERR_FORMAT);
        tm_deck_deinit(&got);
    }
}

static void longest_connection_fits(void)
{
    uint8_t *bytes = malloc(TM_CONN_BLOB_MAX);
    struct tm_deck d = {0};
    CHECK(bytes != NULL);
    CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_OK);
    for (uint32_t i = 0; i < TM_PLAN_WRITES_MAX; i++)
        CHECK_INT(tm_deck_add_write(&d, some[1]), TM_OK);
    tm_deck_close_last(&d, &(struct tm_close){TM_CLOSE_RESET, 255, 255, TM_WRITE_GAP_MAX});
    CHECK_INT(tm_conn_blob_encode(bytes, &d, 0), TM_CONN_BLOB_MAX);
    struct tm_deck got = deck_of(some, 0);
    CHECK_INT(tm_conn_blob_decode(&got, bytes, TM_CONN_BLOB_MAX), TM_OK);
    CHECK_INT(got.n_writes, TM_PLAN_WRITES_MAX);
    CHECK(tm_close_is_same(&got.conn[0].close, &d.conn[0].close));
    CHECK_INT(tm_conn_blob_decode(&got, bytes, 14), TM_ERR_LIMIT);
    tm_deck_deinit(&d);
    tm_deck_deinit(&got);
    free(bytes);
}

static void every_cut_is_refused_or_ends_behind_a_write(void)
{
    static uint8_t bytes[TM_CONN_BLOB_MAX];
    struct tm_deck d = deck_of(some, 4);
    tm_deck_close_last(&d, &reset);
    size_t len = tm_conn_blob_encode(bytes, &d, 0);
    size_t whole = 0;
    for (size_t cut = 0; cut <= len; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that a sanitizer sees a read beyond */
        CHECK(exact != NULL);
        memcpy(exact, bytes, cut);
        struct tm_deck got = deck_of(some, 0);
        int rc = tm_conn_blob_decode(&got, exact, cut);
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        whole += rc == TM_OK;
        tm_deck_deinit(&got);
        free(exact);
    }
    CHECK_INT(whole, 5);
    tm_deck_deinit(&d);
}

/* Any bytes: refused, or writes inside the limits that give the same writes when written and read again. */
static void mutations_keep_the_limits(void)
{
    static uint8_t bytes[TM_CONN_BLOB_MAX];
    uint8_t seed[TM_SEED_LEN] = {9};
    struct tm_rng rng;
    struct tm_deck d = deck_of(some, 4);
    tm_deck_close_last(&d, &reset);
    size_t len = tm_conn_blob_encode(bytes, &d, 0);
    size_t refused = 0;
    tm_rng_init(&rng, seed);
    for (int round = 0; round < 20000; round++) {
        uint8_t changed[64];
        uint8_t again[64 * 14];
        memcpy(changed, bytes, len);
        for (int k = 0; k < 1 + round % 3; k++)
            changed[tm_rng_below(&rng, len)] = (uint8_t)tm_rng_below(&rng, 256);
        struct tm_deck got = deck_of(some, 0);
        int rc = tm_conn_blob_decode(&got, changed, len);
        refused += rc == TM_ERR_FORMAT;
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        if (rc == TM_OK) {
            for (size_t i = 0; i < got.n_writes; i++)
                CHECK(got.w[i].size <= TM_WRITE_SIZE_MAX && got.w[i].gap_us <= TM_WRITE_GAP_MAX &&
                      got.w[i].dir <= TM_DOWN);
            struct tm_deck same = deck_of(some, 0);
            size_t n = tm_conn_blob_encode(again, &got, 0);
            CHECK_INT(tm_conn_blob_decode(&same, again, n), TM_OK);
            CHECK_INT(same.n_writes, got.n_writes);
            CHECK_MEM(same.weld, got.weld, got.n_writes);
            CHECK(tm_close_is_same(&same.conn[0].close, &got.conn[0].close));
            tm_deck_deinit(&same);
        }
        tm_deck_deinit(&got);
    }
    CHECK(refused > 100 && refused < 19900);
    tm_deck_deinit(&d);
}

static void numbers_beyond_a_plans_and_a_weld_to_nothing_are_refused(void)
{
    static const uint8_t size[] = {0, 0xa0, 0, 0, 2, 0}; /* 2^28 + 1, up */
    static const uint8_t gap[] = {0, 2, 0xc0, 0, 0, 0, 0xee, 0x6b, 0x28, 0x01};
    static const uint8_t ref_back[] = {0x42, 0, 2, 0}; /* 256 */
    static const uint8_t first[] = {1, 2, 0};          /* welded to nothing */
    struct tm_deck d = deck_of(some, 0);
    CHECK_INT(tm_conn_blob_decode(&d, size, sizeof size), TM_ERR_FORMAT);
    CHECK_INT(tm_conn_blob_decode(&d, gap, sizeof gap), TM_ERR_FORMAT);
    CHECK_INT(tm_conn_blob_decode(&d, ref_back, sizeof ref_back), TM_ERR_FORMAT);
    CHECK_INT(tm_conn_blob_decode(&d, first, sizeof first), TM_ERR_FORMAT);
    tm_deck_deinit(&d);
}

static const struct check_case cases[] = {
    {"writes_survive", writes_survive},
    {"closings_survive_and_what_is_none_is_refused", closings_survive_and_what_is_none_is_refused},
    {"longest_connection_fits", longest_connection_fits},
    {"every_cut_is_refused_or_ends_behind_a_write", every_cut_is_refused_or_ends_behind_a_write},
    {"mutations_keep_the_limits", mutations_keep_the_limits},
    {"numbers_beyond_a_plans_and_a_weld_to_nothing_are_refused",
     numbers_beyond_a_plans_and_a_weld_to_nothing_are_refused},
};
CHECK_MAIN("conn_blob", cases)
