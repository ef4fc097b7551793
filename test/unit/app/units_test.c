/* test/unit/app/units_test.c - durations and counts as people write them. */
#include "tm/app/units.h"

#include "test/support/check.h"

static void every_unit_is_read(void)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {{"500us", 500},
                {"250ms", 250000},
                {"10s", 10000000},
                {"5m", 300000000},
                {"24h", INT64_C(86400000000)},
                {"30d", INT64_C(2592000000000)},
                {"0", 0},
                {"0s", 0},
                {"9223372036854775807us", INT64_MAX}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t us = -1;
        CHECK_INT(tm_units_duration(good[i].text, &us), TM_OK);
        CHECK_INT(us, good[i].us);
    }
}

static void a_number_without_unit_is_no_duration(void)
{
    static const char *const bad[] = {"",     "10",  "s",     "10 s", "-1s",  "+1s",
                                      "1.5s", "10S", "10sec", "ms",   "0x1s", "1s "};
    int64_t us;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(tm_units_duration(bad[i], &us), TM_ERR_FORMAT);
}

static void too_much_is_out_of_range(void)
{
    int64_t v;
    CHECK_INT(tm_units_duration("9223372036854775808us", &v), TM_ERR_RANGE);
    CHECK_INT(tm_units_duration("9223372036854775807ms", &v), TM_ERR_RANGE);
    CHECK_INT(tm_units_duration("106751992d", &v), TM_ERR_RANGE);
    CHECK_INT(tm_units_count("9223372036854775808", &v), TM_ERR_RANGE);
}

static void counts_are_plain_numbers(void)
{
    int64_t v = -1;
    CHECK_INT(tm_units_count("1080", &v), TM_OK);
    CHECK_INT(v, 1080);
    CHECK_INT(tm_units_count("9223372036854775807", &v), TM_OK);
    CHECK_INT(v, INT64_MAX);
    CHECK_INT(tm_units_count("", &v), TM_ERR_FORMAT);
    CHECK_INT(tm_units_count("-1", &v), TM_ERR_FORMAT);
    CHECK_INT(tm_units_count("1k", &v), TM_ERR_FORMAT);
}

static void what_is_printed_is_read_back(void)
{
    static const struct {
        int64_t us;
        const char *text;
    } all[] = {{0, "0"},
               {1, "1us"},
               {1500, "1500us"},
               {2000000, "2s"},
               {90000000, "90s"},
               {INT64_C(86400000000), "1d"},
               {INT64_C(90000000000), "25h"},
               {INT64_MAX, "9223372036854775807us"}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char text[TM_UNITS_TEXT_MAX];
        int64_t us = -1;
        tm_units_print_duration(text, all[i].us);
        CHECK_STR(text, all[i].text);
        CHECK_INT(tm_units_duration(text, &us), TM_OK);
        CHECK_INT(us, all[i].us);
    }
}

static void fractions_lie_between_0_and_1(void)
{
    static const struct {
        const char *text;
        int rc;
        int64_t ppm;
    } all[] = {{"0", TM_OK, 0},
               {"1", TM_OK, 1000000},
               {"0.25", TM_OK, 250000},
               {"0.000001", TM_OK, 1},
               {"1.000000", TM_OK, 1000000},
               {"1.000001", TM_ERR_RANGE, 0},
               {"2", TM_ERR_RANGE, 0},
               {"0.0000001", TM_ERR_FORMAT, 0},
               {"", TM_ERR_FORMAT, 0},
               {".5", TM_ERR_FORMAT, 0},
               {"0.", TM_ERR_FORMAT, 0},
               {"-0.5", TM_ERR_FORMAT, 0},
               {"0.5 ", TM_ERR_FORMAT, 0},
               {"1e-3", TM_ERR_FORMAT, 0},
               {"nan", TM_ERR_FORMAT, 0},
               {"99999999999999999999", TM_ERR_RANGE, 0}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int64_t ppm = 0;
        CHECK_INT(tm_units_fraction(all[i].text, &ppm), all[i].rc);
        CHECK_INT(ppm, all[i].ppm);
    }
}

static const struct check_case cases[] = {
    {"fractions_lie_between_0_and_1", fractions_lie_between_0_and_1},
    {"every_unit_is_read", every_unit_is_read},
    {"a_number_without_unit_is_no_duration", a_number_without_unit_is_no_duration},
    {"too_much_is_out_of_range", too_much_is_out_of_range},
    {"counts_are_plain_numbers", counts_are_plain_numbers},
    {"what_is_printed_is_read_back", what_is_printed_is_read_back},
};
CHECK_MAIN("units", cases)
