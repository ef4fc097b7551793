/* Mean, deviation, quantiles of numbers that can be worked out by hand. */
#include "audit/features/summary.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "test/support/check.h"

static void fill(struct tm_summary *s, const double *v, uint32_t n)
{
    CHECK_INT(tm_summary_reserve(s, n), TM_OK);
    for (uint32_t i = 0; i < n; i++)
        tm_summary_put(s, v[i]);
}

static bool is_near(double got, double want)
{
    return fabs(got - want) < 1e-9;
}

static void known_numbers_have_known_summaries(void)
{
    static const double V[] = {7, 1, 4, 4, 10};
    struct tm_summary s = {0};
    fill(&s, V, 5);
    CHECK(is_near(tm_summary_mean(&s), 5.2));
    CHECK(is_near(tm_summary_sd(&s), 3.0594117081556709));
    tm_summary_sort(&s);
    CHECK(is_near(tm_summary_quantile(&s, 0), 1));
    CHECK(is_near(tm_summary_quantile(&s, 0.1), 2.2));
    CHECK(is_near(tm_summary_quantile(&s, 0.5), 4));
    CHECK(is_near(tm_summary_quantile(&s, 0.9), 8.8));
    CHECK(is_near(tm_summary_quantile(&s, 1), 10));
    tm_summary_deinit(&s);
}

static void nothing_is_nan_and_one_is_itself(void)
{
    static const double ONE[] = {3};
    struct tm_summary s = {0};
    CHECK(isnan(tm_summary_mean(&s)) && isnan(tm_summary_sd(&s)));
    CHECK(isnan(tm_summary_quantile(&s, 0.5)));
    fill(&s, ONE, 1);
    CHECK(is_near(tm_summary_quantile(&s, 0.3), 3) && is_near(tm_summary_sd(&s), 0));
    tm_summary_deinit(&s);
}

static void any_length_is_sorted_and_kept(void)
{
    struct tm_summary s = {0};
    for (uint32_t n = 0; n < 300; n++) {
        double sum = 0;
        CHECK_INT(tm_summary_reserve(&s, n), TM_OK);
        for (uint32_t i = 0; i < n; i++) {
            tm_summary_put(&s, (i * 7919) % 101);
            sum += (i * 7919) % 101;
        }
        tm_summary_sort(&s);
        for (uint32_t i = 0; i < n; i++) {
            CHECK(i == 0 || s.v[i] >= s.v[i - 1]);
            sum -= s.v[i];
        }
        CHECK(is_near(sum, 0));
    }
    tm_summary_deinit(&s);
}

static const struct check_case cases[] = {
    {"known_numbers_have_known_summaries", known_numbers_have_known_summaries},
    {"nothing_is_nan_and_one_is_itself", nothing_is_nan_and_one_is_itself},
    {"any_length_is_sorted_and_kept", any_length_is_sorted_and_kept},
};
CHECK_MAIN("audit summary", cases)
