#include "learner/figure.h"

#include <string.h>

#include "test/support/check.h"

static void numbers_have_three_digits_and_a_unit(void)
{
    static const struct {
        uint64_t value;
        const char *unit;
        const char *want;
    } c[] = {
        {0, "us", "0 us"},
        {999, "us", "999 us"},
        {1000, "us", "1.00 ms"},
        {12345, "us", "12.3 ms"},
        {999400, "us", "999 ms"},
        {999600, "us", "1.00 s"},
        {99900000, "us", "99.9 s"},
        {100000000, "us", "1.67 min"},
        {7200000000, "us", "2.00 h"},
        {259200000000, "us", "3.00 d"},
        {0, "bytes", "0 B"},
        {999, "bytes", "999 B"},
        {1448, "bytes", "1.45 kB"},
        {999600, "bytes", "1.00 MB"},
        {20971520, "bytes", "21.0 MB"},
        {1500000000, "bytes", "1.50 GB"},
        {1234567, "count", "1234567"},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        char text[TM_FIGURE_LEN];
        tm_figure_number(text, c[i].value, c[i].unit);
        CHECK_STR(text, c[i].want);
    }
}

static void mean_weighs_values_by_their_counts(void)
{
    struct tm_dist d;
    uint64_t v[] = {10, 10, 10, 50};
    CHECK_INT(tm_dist_fit(&d, v, 4), TM_OK);
    CHECK_INT(tm_figure_mean(&d) * 10, 200);
    char text[TM_FIGURE_LEN];
    tm_figure_mean_number(text, 2.74, "count");
    CHECK_STR(text, "2.7");
    tm_figure_mean_number(text, 1447.9, "bytes");
    CHECK_STR(text, "1.45 kB");
    tm_dist_deinit(&d);
    CHECK_INT(tm_dist_fit(&d, v, 0), TM_OK);
    CHECK_INT(tm_figure_mean(&d), 0);
    tm_dist_deinit(&d);
}

static void curve_is_highest_where_most_samples_are(void)
{
    struct tm_dist d;
    char curve[TM_FIGURE_CURVE_LEN];
    uint64_t v[100];
    for (size_t i = 0; i < 100; i++)
        v[i] = i < 8 ? 1 : i < 9 ? 300 : 65535;
    CHECK_INT(tm_dist_fit(&d, v, 100), TM_OK);
    tm_figure_curve(curve, &d, false);
    CHECK_STR(curve, ".      .       #");
    tm_figure_curve(curve, &d, true);
    CHECK_INT(strlen(curve), 13 + 3 * 3);
    tm_dist_deinit(&d);
}

static void curve_of_one_value_is_one_bar(void)
{
    struct tm_dist d;
    char curve[TM_FIGURE_CURVE_LEN];
    uint64_t v[] = {7, 7};
    CHECK_INT(tm_dist_fit(&d, v, 2), TM_OK);
    tm_figure_curve(curve, &d, false);
    CHECK_STR(curve, "#               ");
    tm_dist_deinit(&d);
    CHECK_INT(tm_dist_fit(&d, v, 0), TM_OK);
    tm_figure_curve(curve, &d, false);
    CHECK_STR(curve, "");
    tm_dist_deinit(&d);
}

static const struct check_case cases[] = {
    {"numbers_have_three_digits_and_a_unit", numbers_have_three_digits_and_a_unit},
    {"mean_weighs_values_by_their_counts", mean_weighs_values_by_their_counts},
    {"curve_is_highest_where_most_samples_are", curve_is_highest_where_most_samples_are},
    {"curve_of_one_value_is_one_bar", curve_of_one_value_is_one_bar},
};
CHECK_MAIN("figure", cases)
