#include "page/scale.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "test/support/check.h"

static void check_quantity(double v, enum tm_unit unit, const char *want)
{
    char text[TM_QUANTITY_LEN];
    CHECK_STR(tm_quantity(text, v, unit), want);
}

static void quantities_read_as_people_write_them(void)
{
    check_quantity(0, TM_UNIT_NONE, "0");
    check_quantity(0.25, TM_UNIT_NONE, "0.25");
    check_quantity(0.30000000000000004, TM_UNIT_NONE, "0.3");
    check_quantity(1448.2, TM_UNIT_NONE, "1448");
    check_quantity(12345, TM_UNIT_NONE, "12.3k");
    check_quantity(3.4e6, TM_UNIT_NONE, "3.4M");
    check_quantity(-7, TM_UNIT_NONE,
                   "\xe2\x88\x92"
                   "7");
    check_quantity(0.00002, TM_UNIT_NONE, "0.00002");
    check_quantity(517, TM_UNIT_BYTES, "517 B");
    check_quantity(1500, TM_UNIT_BYTES, "1.5 kB");
    check_quantity(6.02e6, TM_UNIT_BYTES, "6.02 MB");
    check_quantity(0.042, TM_UNIT_SECONDS, "42 ms");
    check_quantity(0.000003, TM_UNIT_SECONDS, "3 \xc2\xb5s");
    check_quantity(90, TM_UNIT_SECONDS, "90 s");
    check_quantity(0.5, TM_UNIT_MS, "500 \xc2\xb5s");
    check_quantity(41.7, TM_UNIT_MS, "41.7 ms");
    check_quantity(12000, TM_UNIT_MS, "12 s");
    check_quantity(0.125, TM_UNIT_SHARE, "12.5 %");
    check_quantity(1, TM_UNIT_SHARE, "100 %");
}

static void rounding_up_does_not_leave_a_thousand_of_a_unit(void)
{
    check_quantity(999.4, TM_UNIT_BYTES, "999 B");
    check_quantity(999.9, TM_UNIT_BYTES, "1 kB");
    check_quantity(999.9, TM_UNIT_MS, "1 s");
    check_quantity(0.9999, TM_UNIT_MS, "1 ms");
    check_quantity(0.99999, TM_UNIT_SECONDS, "1 s");
    check_quantity(999900, TM_UNIT_NONE, "1M");
}

static void what_is_no_number_is_named(void)
{
    check_quantity(NAN, TM_UNIT_NONE, "n/a");
    check_quantity(INFINITY, TM_UNIT_SECONDS, "\xe2\x88\x9e");
    check_quantity(-INFINITY, TM_UNIT_BYTES, "\xe2\x88\x92\xe2\x88\x9e");
    check_quantity(1e300, TM_UNIT_NONE, "1.00e+291G");
}

static void counts_are_grouped_by_three(void)
{
    char text[TM_QUANTITY_LEN];
    CHECK_STR(tm_count(text, 0), "0");
    CHECK_STR(tm_count(text, 999), "999");
    CHECK_STR(tm_count(text, 1000), "1,000");
    CHECK_STR(tm_count(text, 1234567), "1,234,567");
    CHECK_STR(tm_count(text, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void check_ticks(const struct tm_scale *s, uint32_t wanted, const double *want,
                        uint32_t n_want)
{
    double ticks[TM_TICKS_MAX];
    uint32_t n = tm_scale_ticks(s, wanted, ticks);
    CHECK_INT(n, n_want);
    for (uint32_t i = 0; i < n && i < n_want; i++)
        CHECK(fabs(ticks[i] - want[i]) <= 1e-9 * fabs(want[i]));
}

static void a_linear_axis_ends_and_ticks_at_round_numbers(void)
{
    struct tm_scale s = tm_scale_fit(0.13, 0.94, false, false);
    CHECK(s.low == 0 && fabs(s.high - 1) < 1e-12);
    check_ticks(&s, 5, (const double[]){0, 0.2, 0.4, 0.6, 0.8, 1}, 6);
    s = tm_scale_fit(0.4, 1, false, true);
    check_ticks(&s, 6, (const double[]){0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}, 7);
    s = tm_scale_fit(-1448, 1448, false, false);
    CHECK(s.low == -2000 && s.high == 2000);
}

static void a_logarithmic_axis_ticks_at_decades_or_1_2_5(void)
{
    struct tm_scale s = tm_scale_fit(3, 250000, true, false);
    CHECK(s.low == 1 && fabs(s.high - 1e6) < 1e-3);
    check_ticks(&s, 4, (const double[]){1, 100, 10000, 1000000}, 4);
    s = tm_scale_fit(3, 45, true, false);
    CHECK(fabs(s.low - 2) < 1e-12 && fabs(s.high - 50) < 1e-9);
    check_ticks(&s, 6, (const double[]){2, 5, 10, 20, 50}, 5);
}

static void positions_follow_the_values_and_stay_inside(void)
{
    struct tm_scale s = tm_scale_fit(0, 10, false, true);
    s.px_low = 100;
    s.px_high = 0; /* upwards on paper */
    CHECK(tm_scale_px(&s, 0) == 100 && tm_scale_px(&s, 2.5) == 75 && tm_scale_px(&s, 10) == 0);
    CHECK(tm_scale_px(&s, -1e300) == 100 && tm_scale_px(&s, INFINITY) == 0 &&
          tm_scale_px(&s, NAN) == 100);
    s = tm_scale_fit(1, 10000, true, true);
    s.px_low = 0;
    s.px_high = 400;
    CHECK(fabs(tm_scale_px(&s, 100) - 200) < 1e-9);
    CHECK(tm_scale_px(&s, 0) == 0 && tm_scale_px(&s, -5) == 0);
}

/* All pairs of awkward ends: the axis is finite, rises, its ticks rise inside it, and every position is finite. */
static void no_pair_of_ends_breaks_an_axis(void)
{
    static const double V[] = {0,         -0.0,    1,       -1,        0.1,      5e-324,
                               -5e-324,   DBL_MIN, DBL_MAX, -DBL_MAX,  NAN,      INFINITY,
                               -INFINITY, 1e-300,  1e100,   1 + 1e-16, 1 + 1e-8, 123456789};
    int n_bad = 0;
    for (size_t i = 0; i < sizeof V / sizeof *V; i++) {
        for (size_t j = 0; j < sizeof V / sizeof *V; j++) {
            for (unsigned k = 0; k < 4; k++) {
                struct tm_scale s = tm_scale_fit(V[i], V[j], k & 1, k & 2);
                double ticks[TM_TICKS_MAX];
                s.px_low = 10;
                s.px_high = 500;
                n_bad += !(isfinite(s.low) && isfinite(s.high) && s.low < s.high &&
                           (!s.is_log || s.low > 0));
                uint32_t n = tm_scale_ticks(&s, 5, ticks);
                n_bad += n > TM_TICKS_MAX;
                for (uint32_t t = 0; t < n; t++) {
                    double px = tm_scale_px(&s, ticks[t]);
                    n_bad += !(px >= 9.999 && px <= 500.001) || (t > 0 && ticks[t] <= ticks[t - 1]);
                }
                for (size_t v = 0; v < sizeof V / sizeof *V; v++) {
                    double px = tm_scale_px(&s, V[v]);
                    n_bad += !(px >= 9.999 && px <= 500.001);
                }
            }
        }
    }
    CHECK_INT(n_bad, 0);
}

static const struct check_case CASES[] = {
    {"quantities_read_as_people_write_them", quantities_read_as_people_write_them},
    {"rounding_up_does_not_leave_a_thousand_of_a_unit",
     rounding_up_does_not_leave_a_thousand_of_a_unit},
    {"what_is_no_number_is_named", what_is_no_number_is_named},
    {"counts_are_grouped_by_three", counts_are_grouped_by_three},
    {"a_linear_axis_ends_and_ticks_at_round_numbers",
     a_linear_axis_ends_and_ticks_at_round_numbers},
    {"a_logarithmic_axis_ticks_at_decades_or_1_2_5", a_logarithmic_axis_ticks_at_decades_or_1_2_5},
    {"positions_follow_the_values_and_stay_inside", positions_follow_the_values_and_stay_inside},
    {"no_pair_of_ends_breaks_an_axis", no_pair_of_ends_breaks_an_axis},
};
CHECK_MAIN("report/scale", CASES)
