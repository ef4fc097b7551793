#include "tm/base/ks.h"

#include <math.h>

#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

#define NEAR(a, b, eps) CHECK(fabs((a) - (b)) <= (eps))

static void distances_are_as_counted_by_hand(void)
{
    NEAR(tm_ks_distance((float[]){1, 2, 3}, 3, (float[]){4, 5}, 2), 1, 0);
    NEAR(tm_ks_distance((float[]){3, 1, 2}, 3, (float[]){2, 3, 1}, 3), 0, 0);
    /* Below 2: 2/4 against 0; from 2 on 3/4 against 1/2. */
    NEAR(tm_ks_distance((float[]){1, 1, 2, 5}, 4, (float[]){2, 5}, 2), 0.5, 1e-12);
    NEAR(tm_ks_distance((float[]){NAN, 1, NAN, 2}, 4, (float[]){NAN, 2, 1}, 3), 0, 0);
    NEAR(tm_ks_distance((float[]){NAN}, 1, (float[]){1}, 1), 0, 0);
}

static void p_values_are_those_of_the_tables(void)
{
    /* Critical values of the Kolmogorov distribution (Smirnov 1948): 1.2238 10 %, 1.3581 5 %, 1.6276 1 %, 1.9495 0.1 %. */
    static const double TABLE[][2] = {
        {1.2238, 0.10}, {1.3581, 0.05}, {1.6276, 0.01}, {1.9495, 0.001}, {0.8276, 0.50}};
    const double n = 1e12; /* the small-sample form no longer matters */
    for (int i = 0; i < 5; i++)
        NEAR(tm_ks_p(TABLE[i][0] / sqrt(n / 2), n, n), TABLE[i][1], TABLE[i][1] * 2e-3);
    NEAR(tm_ks_p(0, 100, 100), 1, 0);
    CHECK(tm_ks_p(1, 200, 200) < 1e-80);
    NEAR(tm_ks_p(1, 0, 10), 1, 0);
    /* Both series agree where one takes over from the other. */
    NEAR(tm_ks_p(1.1799999 / sqrt(n / 2), n, n), tm_ks_p(1.1800001 / sqrt(n / 2), n, n), 1e-6);
}

static void p_of_equal_distributions_is_uniform(void)
{
    struct tm_rng r = draw_from(5);
    int below_10 = 0;
    for (int round = 0; round < 1000; round++) {
        float a[80];
        float b[60];
        for (int i = 0; i < 80; i++)
            a[i] = (float)draw_normal(&r);
        for (int i = 0; i < 60; i++)
            b[i] = (float)draw_normal(&r);
        below_10 += tm_ks_p(tm_ks_distance(a, 80, b, 60), 80, 60) < 0.1;
    }
    /* Binomial(1000, 0.1): 4 standard deviations are 38; the test is a little conservative. */
    CHECK(below_10 > 60 && below_10 < 138);
}

static void holm_multiplies_step_by_step(void)
{
    /* Holm's procedure on 0.01 0.04 0.03 0.005: sorted 0.005*4, 0.01*3, 0.03*2, max(0.04*1, before). */
    const double p[] = {0.01, 0.04, 0.03, 0.005};
    double a[4];
    CHECK_INT(tm_holm(p, 4, a), TM_OK);
    NEAR(a[0], 0.03, 1e-12);
    NEAR(a[1], 0.06, 1e-12);
    NEAR(a[2], 0.06, 1e-12);
    NEAR(a[3], 0.02, 1e-12);
    const double large[] = {0.9, 0.6};
    CHECK_INT(tm_holm(large, 2, a), TM_OK);
    NEAR(a[0], 1, 0);
    NEAR(a[1], 1, 0);
    CHECK_INT(tm_holm(NULL, 0, NULL), TM_OK);
}

static const struct check_case CASES[] = {
    {"distances_are_as_counted_by_hand", distances_are_as_counted_by_hand},
    {"p_values_are_those_of_the_tables", p_values_are_those_of_the_tables},
    {"p_of_equal_distributions_is_uniform", p_of_equal_distributions_is_uniform},
    {"holm_multiplies_step_by_step", holm_multiplies_step_by_step},
};
CHECK_MAIN("ks", CASES)
