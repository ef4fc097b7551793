#include "audit/ml/neighbours.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

#define NEAR(a, b, eps) CHECK(fabs((double)(a) - (double)(b)) <= (eps))

static void z_scores_have_mean_0_and_deviation_1(void)
{
    /* Columns: 1 2 3 (mean 2, sd sqrt(2/3)); constant; one value missing. */
    float x[] = {1, 5, NAN, 2, 5, 10, 3, 5, 20};
    float mean[3];
    float sd[3];
    tm_zscore_fit(x, 3, 3, mean, sd);
    NEAR(mean[0], 2, 1e-6);
    NEAR(sd[0], sqrt(2.0 / 3), 1e-6);
    NEAR(sd[1], 0, 0);
    NEAR(mean[2], 15, 1e-6);
    NEAR(sd[2], 5, 1e-6);
    tm_zscore_apply(x, 3, 3, mean, sd);
    const double want[] = {-1.2247449, 0, 0, 0, 0, -1, 1.2247449, 0, 1};
    for (int i = 0; i < 9; i++)
        NEAR(x[i], want[i], 1e-6);
}

static double condition(const float *x, uint32_t n, uint32_t d)
{
    double c = 0;
    CHECK_INT(tm_condition(x, n, d, &c), TM_OK);
    return c;
}

static void condition_is_the_ratio_of_eigenvalues(void)
{
    /* Correlation r of two columns: eigenvalues 1 + r and 1 - r.  Here r = 0.8 exactly (4 of 5 agree: (1,1) x 9, (1,-1) x 1, ...). */
    float x[40];
    for (int i = 0; i < 20; i++) {
        int sign = i % 2 == 0 ? 1 : -1;
        x[2 * i] = (float)(7 * sign + 100);
        x[2 * i + 1] = (float)(i < 18 ? sign : -sign);
    }
    NEAR(condition(x, 20, 2), 9, 1e-5);
    const float apart[] = {1, 1, 1, -1, -1, 1, -1, -1};
    NEAR(condition(apart, 4, 2), 1, 1e-6);
    /* Three columns with all correlations 1/2: eigenvalues 2, 1/2, 1/2.  (e_i + e_0 over signs.) */
    float three[16 * 3];
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 3; j++)
            three[i * 3 + j] = (float)((i >> 3 & 1) + (i >> j & 1));
    NEAR(condition(three, 16, 3), 4, 1e-5);
}

static void ill_conditioned_columns_are_infinite(void)
{
    struct tm_rng r = draw_from(1);
    float x[100 * 3];
    for (int i = 0; i < 100; i++) {
        x[3 * i] = (float)tm_rng_below(&r, 1000);
        x[3 * i + 1] = (float)tm_rng_below(&r, 1000);
        x[3 * i + 2] = x[3 * i] + 2 * x[3 * i + 1];
    }
    CHECK(isinf(condition(x, 100, 3)));
    for (int i = 0; i < 100; i++)
        x[3 * i + 2] = 1460;
    CHECK(isinf(condition(x, 100, 3)));
    double c = 0;
    CHECK_INT(tm_condition(x, 1, 3, &c), TM_ERR_RANGE);
    CHECK_INT(tm_condition(x, 4, 65, &c), TM_ERR_RANGE);
}

static void nearest_are_those_of_a_full_sort(void)
{
    enum { N = 200, D = 3 };
    struct tm_rng r = draw_from(2);
    float x[N * D];
    for (int i = 0; i < N * D; i++)
        x[i] = (float)draw_normal(&r);
    for (uint32_t q = 0; q < 20; q++) {
        struct tm_neighbour near[7];
        CHECK_INT(tm_nearest(x, N, D, x + q * D, 7, q, near), 7);
        for (uint32_t k = 0; k < 7; k++) {
            uint32_t n_closer = 0;
            double own = 0;
            for (uint32_t i = 0; i < N; i++) {
                double sum = 0;
                for (uint32_t j = 0; j < D; j++)
                    sum += pow((double)(x[i * D + j] - x[q * D + j]), 2);
                if (i == near[k].index)
                    own = sqrt(sum);
                n_closer += i != q && sqrt(sum) < (double)near[k].distance - 1e-6;
            }
            CHECK(near[k].index != q);
            NEAR(near[k].distance, own, 1e-5);
            CHECK_INT(n_closer, k);
        }
    }
    struct tm_neighbour all[5];
    CHECK_INT(tm_nearest(x, 3, D, x, 5, UINT32_MAX, all), 3);
    CHECK_INT(all[0].index, 0);
    CHECK_INT(tm_nearest(x, 0, D, x, 5, UINT32_MAX, all), 0);
}

static void k_means_finds_clusters_that_are_apart(void)
{
    enum { N = 300 };
    struct tm_rng r = draw_from(3);
    float x[N * 2];
    uint32_t cluster[N];
    float centre[3 * 2];
    for (uint32_t i = 0; i < N; i++) {
        x[2 * i] = (float)(10 * (i % 3) + draw_normal(&r));
        x[2 * i + 1] = (float)(i % 3 == 1 ? 8 + draw_normal(&r) : draw_normal(&r));
    }
    CHECK_INT(tm_kmeans(x, N, 2, 3, 3, &r, cluster, centre), TM_OK);
    for (uint32_t i = 3; i < N; i++)
        CHECK_INT(cluster[i], cluster[i % 3]);
    CHECK(cluster[0] != cluster[1] && cluster[1] != cluster[2] && cluster[0] != cluster[2]);
    NEAR(centre[2 * cluster[1]], 10, 0.5);
    NEAR(centre[2 * cluster[1] + 1], 8, 0.5);
}

static void k_means_serves_equal_items_and_extreme_k(void)
{
    float x[20];
    uint32_t cluster[10];
    float centre[20];
    struct tm_rng r = draw_from(4);
    for (int i = 0; i < 20; i++)
        x[i] = 3;
    CHECK_INT(tm_kmeans(x, 10, 2, 4, 2, &r, cluster, centre), TM_OK);
    for (int i = 0; i < 10; i++)
        CHECK(cluster[i] < 4);
    for (int i = 0; i < 20; i++)
        x[i] = (float)i;
    CHECK_INT(tm_kmeans(x, 10, 2, 10, 1, &r, cluster, centre), TM_OK);
    uint32_t seen = 0;
    for (int i = 0; i < 10; i++)
        seen |= 1U << cluster[i];
    CHECK_INT(seen, 0x3ff);
    CHECK_INT(tm_kmeans(x, 10, 2, 11, 1, &r, cluster, centre), TM_ERR_RANGE);
    CHECK_INT(tm_kmeans(x, 10, 2, 0, 1, &r, cluster, centre), TM_ERR_RANGE);
}

static const struct check_case CASES[] = {
    {"z_scores_have_mean_0_and_deviation_1", z_scores_have_mean_0_and_deviation_1},
    {"condition_is_the_ratio_of_eigenvalues", condition_is_the_ratio_of_eigenvalues},
    {"ill_conditioned_columns_are_infinite", ill_conditioned_columns_are_infinite},
    {"nearest_are_those_of_a_full_sort", nearest_are_those_of_a_full_sort},
    {"k_means_finds_clusters_that_are_apart", k_means_finds_clusters_that_are_apart},
    {"k_means_serves_equal_items_and_extreme_k", k_means_serves_equal_items_and_extreme_k},
};
CHECK_MAIN("neighbours", CASES)
