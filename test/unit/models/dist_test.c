#include "models/dist.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "test/support/check.h"

static struct tm_rng test_rng(uint64_t n)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(seed, n);
    tm_rng_init(&rng, seed);
    return rng;
}

static void fit_counts_equal_samples(void)
{
    uint64_t s[] = {7, 3, 7, UINT64_MAX, 3, 7, 0};
    static const struct tm_dist_point want[] = {{0, 1}, {3, 3}, {7, 6}, {UINT64_MAX, 7}};
    struct tm_dist d;
    CHECK_INT(tm_dist_fit(&d, s, 7), TM_OK);
    CHECK_INT(d.n_points, 4);
    CHECK_MEM(d.pt, want, sizeof want);
    CHECK_INT(tm_dist_total(&d), 7);
    tm_dist_deinit(&d);
    CHECK(!d.pt && d.n_points == 0);
}

static void no_samples_give_the_empty_distribution(void)
{
    struct tm_dist d;
    CHECK_INT(tm_dist_fit(&d, NULL, 0), TM_OK);
    CHECK(!d.pt && d.n_points == 0);
    CHECK_INT(tm_dist_total(&d), 0);
    CHECK_INT(tm_dist_set(&d, NULL, 0), TM_OK);
    CHECK(!d.pt && d.n_points == 0);
    tm_dist_deinit(&d);
}

/* The samples, sorted by fit, are the brute-force inverse CDF. */
static void ranks_and_quantiles_agree_with_the_sorted_samples(void)
{
    struct tm_rng rng = test_rng(1);
    uint64_t s[600];
    for (size_t n = 1; n <= 600; n = n * 2 + 1) {
        for (size_t i = 0; i < n; i++)
            s[i] = tm_rng_below(&rng, 1 + n / 2);
        struct tm_dist d;
        CHECK_INT(tm_dist_fit(&d, s, n), TM_OK);
        CHECK_INT(tm_dist_total(&d), n);
        for (size_t i = 0; i < n; i++) {
            if (tm_dist_at(&d, i) != s[i])
                CHECK_INT(tm_dist_at(&d, i), s[i]);
        }
        for (unsigned p = 0; p <= 1000; p++) {
            size_t i = 0; /* the first that has p/1000 of the samples up to it */
            while ((i + 1) * 1000 < p * n)
                i++;
            if (tm_dist_quantile(&d, p) != s[i])
                CHECK_INT(tm_dist_quantile(&d, p), s[i]);
        }
        CHECK_INT(tm_dist_quantile(&d, 0), s[0]);
        CHECK_INT(tm_dist_quantile(&d, 1000), s[n - 1]);
        tm_dist_deinit(&d);
    }
}

static void exactly_4096_distinct_values_are_kept_exactly(void)
{
    static uint64_t s[(size_t)2 * TM_DIST_POINTS_MAX];
    for (size_t i = 0; i < (size_t)2 * TM_DIST_POINTS_MAX; i++)
        s[i] = 1000 * (i % TM_DIST_POINTS_MAX);
    struct tm_dist d;
    CHECK_INT(tm_dist_fit(&d, s, (size_t)2 * TM_DIST_POINTS_MAX), TM_OK);
    CHECK_INT(d.n_points, TM_DIST_POINTS_MAX);
    for (size_t i = 0; i < TM_DIST_POINTS_MAX; i++) {
        if (d.pt[i].value != 1000 * i || d.pt[i].cum != 2 * (i + 1))
            CHECK_INT(d.pt[i].value, 1000 * i);
    }
    tm_dist_deinit(&d);
}

/* Rank error of the merged table against the samples, in samples. */
static uint64_t worst_rank_error(const struct tm_dist *d, const uint64_t *s, size_t n)
{
    uint64_t worst = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = tm_dist_at(d, i);
        size_t low = i; /* the nearest sample of that value */
        size_t high = i;
        while (s[low] > v)
            low--;
        while (s[high] < v)
            high++;
        uint64_t err = i - low > high - i ? i - low : high - i;
        if (err > worst)
            worst = err;
    }
    return worst;
}

static void merging_keeps_the_extremes_and_moves_no_sample_by_more_than_half_a_run(void)
{
    enum { N = 100001 };
    uint64_t *s = calloc(N, sizeof *s);
    struct tm_rng rng = test_rng(2);
    for (size_t i = 0; i < N; i++) {
        uint64_t u = 1 + tm_rng_below(&rng, 1000000);
        s[i] = 5 + UINT64_C(1000000000000) / (u * u); /* a heavy tail */
        if (i % 3 == 0)
            s[i] = 1448; /* a third of them equal */
    }
    struct tm_dist d;
    CHECK_INT(tm_dist_fit(&d, s, N), TM_OK);
    CHECK(d.n_points <= TM_DIST_POINTS_MAX && d.n_points > 2000);
    CHECK_INT(tm_dist_total(&d), N);
    CHECK_INT(d.pt[0].value, s[0]);
    CHECK_INT(d.pt[d.n_points - 1].value, s[N - 1]);
    size_t n_max = 0;
    while (s[N - 1 - n_max] == s[N - 1])
        n_max++;
    CHECK_INT(d.pt[d.n_points - 1].cum - d.pt[d.n_points - 2].cum, n_max);
    bool increasing = true;
    for (size_t i = 1; i < d.n_points; i++)
        increasing =
            increasing && d.pt[i].value > d.pt[i - 1].value && d.pt[i].cum > d.pt[i - 1].cum;
    CHECK(increasing);
    uint64_t run = N / (TM_DIST_POINTS_MAX - 2) + 1;
    CHECK(worst_rank_error(&d, s, N) <= (run + 1) / 2);
    struct tm_dist again; /* the merged table is a valid one */
    CHECK_INT(tm_dist_set(&again, d.pt, d.n_points), TM_OK);
    tm_dist_deinit(&again);
    tm_dist_deinit(&d);
    free(s);
}

/* A thinned distribution is still that distribution: whatever is asked of it lies between what the samples say half a
 * step lower and half a step higher; atoms above two steps keep their share to within a step. */
static void a_coarse_fit_moves_no_sample_by_more_than_half_a_step(void)
{
    enum { N = 20001 };
    static const size_t points[] = {TM_DIST_POINTS_MIN, 128, 1024};
    uint64_t *s = calloc(N, sizeof *s);
    struct tm_rng rng = test_rng(3);
    for (size_t p = 0; p < sizeof points / sizeof *points; p++) {
        for (size_t i = 0; i < N; i++) {
            uint64_t u = 1 + tm_rng_below(&rng, 100000);
            s[i] = i % 4 == 0 ? 1448 : 10 + UINT64_C(10000000000) / (u * u);
        }
        struct tm_dist d;
        CHECK_INT(tm_dist_fit_coarse(&d, s, N, points[p]), TM_OK);
        CHECK(d.n_points <= points[p]);
        CHECK_INT(tm_dist_total(&d), N);
        CHECK_INT(d.pt[0].value, s[0]);
        CHECK_INT(d.pt[d.n_points - 1].value, s[N - 1]);
        uint64_t run = N / (points[p] - 2) + 1;
        CHECK(worst_rank_error(&d, s, N) <= (run + 1) / 2);
        uint64_t atom = 0;
        uint64_t want = 0;
        for (size_t i = 0; i < N; i++) {
            atom += tm_dist_at(&d, i) == 1448;
            want += s[i] == 1448;
        }
        CHECK(atom + run >= want && atom <= want + run);
        tm_dist_deinit(&d);
    }
    free(s);
}

static void one_distinct_value_too_many_is_merged(void)
{
    static uint64_t s[TM_DIST_POINTS_MAX + 1];
    for (size_t i = 0; i <= TM_DIST_POINTS_MAX; i++)
        s[i] = i;
    struct tm_dist d;
    CHECK_INT(tm_dist_fit(&d, s, TM_DIST_POINTS_MAX + 1), TM_OK);
    CHECK_INT(d.n_points, TM_DIST_POINTS_MAX);
    CHECK_INT(tm_dist_total(&d), TM_DIST_POINTS_MAX + 1);
    CHECK_INT(d.pt[0].value, 0);
    CHECK_INT(d.pt[0].cum, 1);
    CHECK_INT(d.pt[1].value, 1); /* the lower median of the run {1, 2} */
    CHECK_INT(d.pt[1].cum, 3);
    CHECK_INT(d.pt[d.n_points - 1].value, TM_DIST_POINTS_MAX);
    tm_dist_deinit(&d);
}

static void counted_samples_give_the_same_as_listed_ones(void)
{
    enum { N = 30000 };
    static uint64_t v[N];
    static struct tm_dist_point pt[N];
    uint64_t state = 7;
    size_t n = 0;
    for (size_t i = 0; i < N; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        v[i] = state >> 50;
    }
    struct tm_dist listed;
    CHECK_INT(tm_dist_fit_coarse(&listed, v, N, 100), TM_OK); /* sorts */
    for (size_t i = 0; i < N; i++) {
        if (n == 0 || pt[n - 1].value != v[i])
            n++;
        pt[n - 1] = (struct tm_dist_point){v[i], i + 1};
    }
    struct tm_dist counted;
    CHECK(n > 4096);
    CHECK_INT(tm_dist_fit_points(&counted, pt, n, 100), TM_OK);
    CHECK_INT(counted.n_points, listed.n_points);
    CHECK_MEM(counted.pt, listed.pt, listed.n_points * sizeof *listed.pt);
    pt[1].value = pt[0].value;
    tm_dist_deinit(&counted);
    CHECK_INT(tm_dist_fit_points(&counted, pt, n, 100), TM_ERR_RANGE);
    CHECK_INT(counted.n_points, 0);
    tm_dist_deinit(&listed);
}

static void set_refuses_what_is_no_distribution(void)
{
    static const struct tm_dist_point bad[][3] = {
        {{1, 0}, {2, 1}, {3, 2}},
        {{1, 1}, {1, 2}, {3, 3}},
        {{1, 1}, {2, 2}, {2, 3}},
        {{5, 1}, {2, 2}, {6, 3}},
        {{1, 1}, {2, 1}, {3, 2}},
        {{1, 5}, {2, 6}, {3, 6}},
        {{1, 1}, {2, 2}, {3, UINT64_C(1) << 48}},
    };
    struct tm_dist d;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(tm_dist_set(&d, bad[i], 3), TM_ERR_RANGE);
        CHECK(!d.pt && d.n_points == 0);
    }
    static struct tm_dist_point many[TM_DIST_POINTS_MAX + 1];
    for (size_t i = 0; i <= TM_DIST_POINTS_MAX; i++)
        many[i] = (struct tm_dist_point){i, i + 1};
    CHECK_INT(tm_dist_set(&d, many, TM_DIST_POINTS_MAX + 1), TM_ERR_RANGE);
    CHECK_INT(tm_dist_set(&d, many, TM_DIST_POINTS_MAX), TM_OK);
    CHECK_MEM(d.pt, many, TM_DIST_POINTS_MAX * sizeof many[0]);
    tm_dist_deinit(&d);
}

static void largest_total_works_at_its_edges(void)
{
    static const struct tm_dist_point pt[] = {
        {0, 1}, {9, (UINT64_C(1) << 48) - 2}, {10, (UINT64_C(1) << 48) - 1}};
    struct tm_dist d;
    CHECK_INT(tm_dist_set(&d, pt, 3), TM_OK);
    CHECK_INT(tm_dist_at(&d, 0), 0);
    CHECK_INT(tm_dist_at(&d, 1), 9);
    CHECK_INT(tm_dist_at(&d, (UINT64_C(1) << 48) - 2), 10);
    CHECK_INT(tm_dist_quantile(&d, 500), 9);
    CHECK_INT(tm_dist_quantile(&d, 1000), 10);
    tm_dist_deinit(&d);
}

/* The chi-square value that df degrees of freedom pass with probability 1e-6 (Wilson and Hilferty). */
static double chi_square_limit(size_t df)
{
    double k = 2.0 / (9.0 * (double)df);
    double z = 4.753;
    return (double)df * pow(1 - k + z * sqrt(k), 3);
}

static void draws_follow_the_counts(void)
{
    enum { POINTS = 40, DRAWS = 400000 };
    struct tm_rng rng = test_rng(3);
    struct tm_dist_point pt[POINTS];
    uint64_t cum = 0;
    for (size_t i = 0; i < POINTS; i++) {
        cum += 1 + tm_rng_below(&rng, 50);
        pt[i] = (struct tm_dist_point){i * i, cum};
    }
    struct tm_dist d;
    CHECK_INT(tm_dist_set(&d, pt, POINTS), TM_OK);
    unsigned seen[POINTS] = {0};
    for (size_t i = 0; i < DRAWS; i++) {
        uint64_t v = tm_dist_sample(&d, &rng);
        size_t k = 0;
        while (k < POINTS && pt[k].value != v)
            k++;
        if (k == POINTS) {
            CHECK_INT(v, pt[POINTS - 1].value); /* not a value of the table */
            break;
        }
        seen[k]++;
    }
    double chi = 0;
    for (size_t i = 0; i < POINTS; i++) {
        uint64_t count = pt[i].cum - (i > 0 ? pt[i - 1].cum : 0);
        double want = (double)DRAWS * (double)count / (double)cum;
        chi += ((double)seen[i] - want) * ((double)seen[i] - want) / want;
    }
    CHECK(chi < chi_square_limit(POINTS - 1));
    CHECK(chi > 5); /* draws that follow too well are not random: p below 1e-10 */
    tm_dist_deinit(&d);
}

static const struct check_case cases[] = {
    {"fit_counts_equal_samples", fit_counts_equal_samples},
    {"no_samples_give_the_empty_distribution", no_samples_give_the_empty_distribution},
    {"ranks_and_quantiles_agree_with_the_sorted_samples",
     ranks_and_quantiles_agree_with_the_sorted_samples},
    {"exactly_4096_distinct_values_are_kept_exactly",
     exactly_4096_distinct_values_are_kept_exactly},
    {"merging_keeps_the_extremes_and_moves_no_sample_by_more_than_half_a_run",
     merging_keeps_the_extremes_and_moves_no_sample_by_more_than_half_a_run},
    {"a_coarse_fit_moves_no_sample_by_more_than_half_a_step",
     a_coarse_fit_moves_no_sample_by_more_than_half_a_step},
    {"one_distinct_value_too_many_is_merged", one_distinct_value_too_many_is_merged},
    {"counted_samples_give_the_same_as_listed_ones", counted_samples_give_the_same_as_listed_ones},
    {"set_refuses_what_is_no_distribution", set_refuses_what_is_no_distribution},
    {"largest_total_works_at_its_edges", largest_total_works_at_its_edges},
    {"draws_follow_the_counts", draws_follow_the_counts},
};

CHECK_MAIN("dist", cases)
