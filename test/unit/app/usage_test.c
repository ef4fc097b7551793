/* test/unit/app/usage_test.c - bytes of the month, and what a damaged file does. */
#include "tm/app/usage.h"

#include <string.h>

#include "test/support/check.h"
#include "test/unit/app/temp_dir.h"

/* 2026-01-31T23:59:59Z and the second after. */
#define JANUARY_S  INT64_C(1769903999)
#define FEBRUARY_S (JANUARY_S + 1)

static const uint8_t id[TM_CLIENT_ID_LEN] = {0xab, 1};

static void months_begin_anew(void)
{
    struct tm_usage u = {0};
    CHECK_INT(tm_usage_month(JANUARY_S), 202601);
    CHECK_INT(tm_usage_month(FEBRUARY_S), 202602);
    tm_usage_add(&u, 100, JANUARY_S);
    tm_usage_add(&u, 50, JANUARY_S);
    CHECK_INT(tm_usage_bytes(&u, JANUARY_S), 150);
    CHECK_INT(tm_usage_bytes(&u, FEBRUARY_S), 0);
    tm_usage_add(&u, 7, FEBRUARY_S);
    CHECK_INT(tm_usage_bytes(&u, FEBRUARY_S), 7);
    CHECK_INT(u.seen_s, FEBRUARY_S);
}

static void clock_set_back_loses_nothing(void)
{
    struct tm_usage u = {0};
    tm_usage_add(&u, 7, FEBRUARY_S);
    tm_usage_add(&u, 8, JANUARY_S);
    CHECK_INT(tm_usage_bytes(&u, FEBRUARY_S), 15);
    CHECK_INT(u.seen_s, FEBRUARY_S);
}

static void sums_stop_at_the_largest_number(void)
{
    struct tm_usage u = {0};
    tm_usage_add(&u, UINT64_MAX, JANUARY_S);
    tm_usage_add(&u, 1, JANUARY_S);
    CHECK_INT(u.bytes, INT64_MAX);
}

static void saved_usage_is_read_back_and_replaced(void)
{
    char dir[64];
    struct tm_usage u = {.seen_s = 5, .month = 202601, .bytes = 3}, got;
    struct tm_msg msg;
    temp_dir_make(dir);
    CHECK_INT(tm_usage_make_dir(dir, &msg), TM_OK);
    CHECK_INT(tm_usage_load(&got, dir, id, &msg), TM_OK);
    CHECK_INT(got.seen_s, 0);
    CHECK_INT(tm_usage_save(&u, dir, id, &msg), TM_OK);
    u.bytes = 4;
    CHECK_INT(tm_usage_save(&u, dir, id, &msg), TM_OK);
    CHECK_INT(tm_usage_load(&got, dir, id, &msg), TM_OK);
    CHECK_INT(got.seen_s, 5);
    CHECK_INT(got.month, 202601);
    CHECK_INT(got.bytes, 4);
    tm_usage_forget(dir, id);
    CHECK_INT(tm_usage_load(&got, dir, id, &msg), TM_OK);
    CHECK_INT(got.bytes, 0);
    temp_dir_remove(dir);
}

static void damaged_file_is_named(void)
{
    char dir[64], path[TM_FILE_PATH_MAX];
    struct tm_usage got;
    struct tm_msg msg;
    temp_dir_make(dir);
    CHECK_INT(tm_usage_make_dir(dir, &msg), TM_OK);
    snprintf(path, sizeof path, "%s/usage/ab01000000000000", dir);
    CHECK_INT(tm_file_create(path, "trafficmimic-usage 1\nseen x\n", 28, &msg), TM_OK);
    CHECK_INT(tm_usage_load(&got, dir, id, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "remove it") != NULL);
    CHECK_INT(got.seen_s, 0);
    temp_dir_remove(dir);
}

static const struct check_case cases[] = {
    {"months_begin_anew", months_begin_anew},
    {"clock_set_back_loses_nothing", clock_set_back_loses_nothing},
    {"sums_stop_at_the_largest_number", sums_stop_at_the_largest_number},
    {"saved_usage_is_read_back_and_replaced", saved_usage_is_read_back_and_replaced},
    {"damaged_file_is_named", damaged_file_is_named},
};
CHECK_MAIN("usage", cases)
