/* Correlation of bins: known answers, what must not change it, and who is told apart. */
#include "audit/correlate/bins.h"

#include <math.h>

#include "test/support/check.h"

#define CHECK_NEAR(got, want) CHECK(fabs((got) - (want)) < 1e-9)

static const double X[] = {1, 2, 3, 4, 5};

static double spearman(const double *a, const double *b, uint32_t n)
{
    double rank[32];
    uint32_t order[16];
    return tm_spearman(a, b, n, rank, order);
}

static void known_correlations(void)
{
    /* By hand: deviations -2..2 and -2, 0, -1, 2, 1: 8 / 10. */
    const double y[] = {1, 3, 2, 5, 4};
    const double down[] = {10, 8, 6, 4, 2};
    CHECK_NEAR(tm_pearson(X, y, 5), 0.8);
    CHECK_NEAR(tm_pearson(X, X, 5), 1);
    CHECK_NEAR(tm_pearson(X, down, 5), -1);
    CHECK_NEAR(spearman(X, y, 5), 0.8);
    CHECK_NEAR(spearman(X, down, 5), -1);
}

static void tied_values_share_their_mean_rank(void)
{
    /* Ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5). */
    const double a[] = {1, 2, 2, 9};
    const double b[] = {1, 2, 3, 4};
    CHECK_NEAR(spearman(a, b, 4), 4.5 / sqrt(22.5));
}

static void a_constant_has_no_correlation(void)
{
    const double flat[] = {0.1, 0.1, 0.1, 0.1, 0.1};
    CHECK(isnan(tm_pearson(X, flat, 5)));
    CHECK(isnan(tm_pearson(flat, X, 5)));
    CHECK(isnan(spearman(X, flat, 5)));
    CHECK(isnan(tm_pearson(X, X, 1)));
    CHECK(isnan(tm_pearson(X, X, 0)));
}

static void spearman_sees_only_the_order(void)
{
    const double a[] = {3, 1, 4, 1, 5, 9, 2, 6};
    const double b[] = {2, 7, 1, 8, 2, 8, 1, 8};
    double stretched[8];
    double scaled[8];
    for (int i = 0; i < 8; i++) {
        stretched[i] = exp(a[i]);
        scaled[i] = 3 * a[i] + 100;
    }
    CHECK_NEAR(spearman(stretched, b, 8), spearman(a, b, 8));
    CHECK_NEAR(tm_pearson(scaled, b, 8), tm_pearson(a, b, 8));
    CHECK(fabs(tm_pearson(stretched, b, 8) - tm_pearson(a, b, 8)) > 0.01);
}

static void bytes_fall_into_their_bins(void)
{
    struct tm_scene_packet v[] = {
        {99, 1, TM_UP}, {100, 2, TM_UP}, {149, 4, TM_DOWN}, {150, 8, TM_UP}, {200, 16, TM_UP}};
    const struct tm_scene_line l = {.v = v, .n = 5};
    double up[2] = {0};
    double down[2] = {0};
    double *sum[2] = {up, down};
    tm_bins_count(&l, 100, 50, 2, sum);
    CHECK_NEAR(up[0], 2);
    CHECK_NEAR(up[1], 8);
    CHECK_NEAR(down[0], 4);
    CHECK_NEAR(down[1], 0);
}

#define N 40U

/* Bursts at times of their own. */
static void fill(struct tm_scene_packet v[N], uint64_t seed, uint32_t more, int64_t late_us)
{
    int64_t t_us = 0;
    for (uint32_t i = 0; i < N; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        t_us += (int64_t)(seed >> 33) % 300000;
        v[i] = (struct tm_scene_packet){t_us + late_us, 100 + (uint32_t)(seed >> 50) + more,
                                        i % 3 == 0 ? TM_UP : TM_DOWN};
    }
}

static struct tm_scene_line line_of(struct tm_scene_packet v[N])
{
    struct tm_scene_line l = {.v = v, .n = N};
    for (uint32_t i = 0; i < N; i++)
        l.bytes[v[i].dir] += v[i].bytes;
    return l;
}

static void the_carrier_of_a_flow_is_more_alike_than_another(void)
{
    struct tm_scene_packet v[3][N];
    struct tm_bins *room = NULL;
    fill(v[0], 1, 0, 0);
    fill(v[1], 1, 30, 2000);
    fill(v[2], 2, 30, 2000);
    const struct tm_scene_line l[] = {line_of(v[0]), line_of(v[1]), line_of(v[2])};
    CHECK_INT(tm_bins_new(&room), TM_OK);
    for (int m = 0; m < 2; m++) {
        struct tm_bins_cfg cfg = m == TM_BINS_SPEARMAN ? tm_bins_fine() : tm_bins_coarse();
        enum tm_bins_measure measure = (enum tm_bins_measure)m;
        double own = tm_bins_alike(room, measure, &cfg, &l[0], &l[1]);
        double other = tm_bins_alike(room, measure, &cfg, &l[0], &l[2]);
        CHECK(own > 0.9);
        CHECK(other < 0.7);
        CHECK_NEAR(tm_bins_alike(room, measure, &cfg, &l[0], &l[0]), 1);
    }
    tm_bins_free(room);
}

static void a_silent_carrier_is_least_alike(void)
{
    struct tm_scene_packet v[N];
    struct tm_scene_packet far[] = {{INT64_C(1000000000), 500, TM_UP}};
    struct tm_bins *room = NULL;
    const struct tm_bins_cfg cfg = tm_bins_fine();
    fill(v, 1, 0, 0);
    const struct tm_scene_line flow = line_of(v);
    const struct tm_scene_line silent = {.v = far, .n = 1, .bytes = {500, 0}};
    CHECK_INT(tm_bins_new(&room), TM_OK);
    CHECK_NEAR(tm_bins_alike(room, TM_BINS_SPEARMAN, &cfg, &flow, &silent), -1);
    CHECK_NEAR(tm_bins_alike(room, TM_BINS_PEARSON, &cfg, &flow, &silent), -1);
    tm_bins_free(room);
}

static void days_fit_into_the_bins(void)
{
    struct tm_scene_packet v[] = {{0, 100, TM_UP}, {INT64_C(200000000000), 100, TM_UP}};
    const struct tm_scene_line flow = {.v = v, .n = 2, .bytes = {200, 0}};
    struct tm_bins *room = NULL;
    CHECK_INT(tm_bins_new(&room), TM_OK);
    const struct tm_bins_cfg cfg[] = {tm_bins_fine(), tm_bins_coarse(), {1, 2000}, {1, 0}};
    for (int i = 0; i < 4; i++)
        CHECK_NEAR(tm_bins_alike(room, TM_BINS_PEARSON, &cfg[i], &flow, &flow), 1);
    tm_bins_free(room);
}

static const struct check_case CASES[] = {
    {"known_correlations", known_correlations},
    {"tied_values_share_their_mean_rank", tied_values_share_their_mean_rank},
    {"a_constant_has_no_correlation", a_constant_has_no_correlation},
    {"spearman_sees_only_the_order", spearman_sees_only_the_order},
    {"bytes_fall_into_their_bins", bytes_fall_into_their_bins},
    {"the_carrier_of_a_flow_is_more_alike_than_another",
     the_carrier_of_a_flow_is_more_alike_than_another},
    {"a_silent_carrier_is_least_alike", a_silent_carrier_is_least_alike},
    {"days_fit_into_the_bins", days_fit_into_the_bins},
};
CHECK_MAIN("audit/correlate/bins", CASES)
