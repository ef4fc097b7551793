/* The samples themselves are held to the crate's (data/maybenot/dists.json.gz): the first twelve and the generator's state after them
 * exactly, mean, variance and quantiles of the next 200,000. */
#include "models/maybenot/dist.h"

#include <math.h>
#include <stdio.h>

#include "models/maybenot/dist_kinds.h"
#include "models/maybenot/ziggurat.h"
#include "test/support/check.h"
#include "test/unit/models/maybenot/vectors.h"

enum { N_DISTS = 26, N_FIRST = 12, N_QUANTILES = 9 };

static void each_of_the_vectors(void (*check)(const struct tree *t, const struct tm_mb_dist *d))
{
    struct tree *all = tree_load(VECTORS "dists.json.gz");
    CHECK_INT(tree_count(all), N_DISTS);
    for (const struct tree *t = all ? all->child : NULL; t; t = t->next) {
        const struct tm_mb_dist d = vector_dist(tree_member(t, "dist"));
        CHECK_INT(tm_mb_dist_validate(&d, NULL), TM_OK);
        check(t, &d);
    }
    tree_free(all);
}

static void check_first(const struct tree *t, const struct tm_mb_dist *d)
{
    struct tm_mb_rng rng, counted;
    tm_mb_rng_init_xoshiro(&rng, tree_whole(tree_member(t, "seed")));
    counted = rng;
    const struct tree *want = tree_member(t, "first12");
    CHECK_INT(tree_count(want), N_FIRST);
    for (size_t i = 0; i < N_FIRST; i++) {
        const double got = tm_mb_dist_sample(d, &rng);
        if (got != tree_number(tree_at(want, i)))
            (void)fprintf(stderr, "%s %zu: %.17g, not %.17g\n", tm_mb_dist_name(d->kind), i, got,
                          tree_number(tree_at(want, i)));
        CHECK(got == tree_number(tree_at(want, i)));
    }
    const struct tree *draws = tree_member(t, "rng_draws_u32_u64_after_12");
    for (uint64_t n = tree_whole(tree_at(draws, 0)) + tree_whole(tree_at(draws, 1)); n > 0; n--)
        (void)tm_mb_rng_u64(&counted);
    CHECK_MEM(rng.xoshiro, counted.xoshiro, sizeof rng.xoshiro);
}

static void samples_equal_the_crate_s(void)
{
    each_of_the_vectors(check_first);
}

static bool is_near(double got, double want)
{
    return fabs(got - want) <= 1e-9 * fmax(1, fabs(want));
}

/* The quantile q of n sorted samples lies at rank q n, give or take one. */
static void check_moments(const struct tree *t, const struct tm_mb_dist *d)
{
    static const double q[N_QUANTILES] = {0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999};
    const uint64_t n = tree_whole(tree_member(t, "n"));
    const struct tree *quantiles = tree_member(t, "quantiles_0.001_0.01_0.05_0.25_0.5_0.75_0.95_"
                                                  "0.99_0.999");
    double bound[N_QUANTILES], mean = 0, spread = 0;
    uint64_t below[N_QUANTILES] = {0}, equal[N_QUANTILES] = {0};
    struct tm_mb_rng rng;
    tm_mb_rng_init_xoshiro(&rng, tree_whole(tree_member(t, "seed")));
    for (size_t i = 0; i < N_QUANTILES; i++)
        bound[i] = tree_number(tree_at(quantiles, i));
    for (size_t i = 0; i < N_FIRST; i++)
        (void)tm_mb_dist_sample(d, &rng);
    for (uint64_t i = 1; i <= n; i++) { /* Welford */
        const double x = tm_mb_dist_sample(d, &rng), off = x - mean;
        mean += off / (double)i;
        spread += off * (x - mean);
        for (size_t k = 0; k < N_QUANTILES; k++) {
            below[k] += x < bound[k];
            equal[k] += x == bound[k];
        }
    }
    CHECK_INT(n, 200000);
    CHECK(is_near(mean, tree_number(tree_member(t, "mean"))));
    CHECK(is_near(spread / (double)n, tree_number(tree_member(t, "var"))) ||
          is_near(spread / (double)(n - 1), tree_number(tree_member(t, "var"))));
    for (size_t k = 0; k < N_QUANTILES; k++) {
        const double rank = q[k] * (double)n;
        CHECK(equal[k] > 0);
        CHECK((double)below[k] <= rank + 1 && (double)(below[k] + equal[k]) >= rank - 1);
    }
}

static void two_hundred_thousand_samples_have_the_crate_s_moments(void)
{
    each_of_the_vectors(check_moments);
}

/* Normal, with the given first parameters, in place of whatever the kind is. */
static int validity(enum tm_mb_dist_kind kind, double a, double b, double c)
{
    struct tm_mb_dist d = {.kind = kind};
    d.of.skew_normal.location = a;
    d.of.skew_normal.scale = b;
    d.of.skew_normal.shape = c;
    return tm_mb_dist_validate(&d, NULL);
}

static void parameters_out_of_range_are_refused(void)
{
    CHECK_INT(validity(TM_MB_UNIFORM, 2, 1, 0), TM_ERR_RANGE);
    CHECK_INT(validity(TM_MB_UNIFORM, 1, 1, 0), TM_OK);
    CHECK_INT(validity(TM_MB_UNIFORM, -INFINITY, 1, 0), TM_ERR_RANGE);
    CHECK_INT(validity(TM_MB_UNIFORM, -1.5e308, 1.5e308, 0), TM_ERR_RANGE);
    CHECK_INT(validity(TM_MB_NORMAL, INFINITY, -1, 0), TM_OK);
    CHECK_INT(validity(TM_MB_LOG_NORMAL, 0, INFINITY, 0), TM_ERR_RANGE);
    CHECK_INT(validity(TM_MB_SKEW_NORMAL, 0, 0, 1), TM_ERR_RANGE);
    CHECK_INT(validity(TM_MB_SKEW_NORMAL, 0, 1, -INFINITY), TM_ERR_RANGE);
    CHECK_INT(validity(TM_MB_GEOMETRIC, 1e-10, 0, 0), TM_ERR_RANGE);
    CHECK_INT(validity(TM_MB_GEOMETRIC, 0, 0, 0), TM_OK);
    CHECK_INT(validity(TM_MB_POISSON, 0, 0, 0), TM_ERR_RANGE);
    CHECK_INT(validity(TM_MB_POISSON, 1.9e19, 0, 0), TM_ERR_RANGE);
    for (enum tm_mb_dist_kind k = TM_MB_WEIBULL; k <= TM_MB_BETA; k++) {
        CHECK_INT(validity(k, 0, 1, 0), TM_ERR_RANGE);
        CHECK_INT(validity(k, 1, -1, 0), TM_ERR_RANGE);
        CHECK_INT(validity(k, INFINITY, INFINITY, 0), TM_OK);
    }
    CHECK_INT(validity(TM_MB_DIST_KINDS, 1, 1, 1), TM_ERR_RANGE);
}

static void no_parameter_may_be_nan(void)
{
    for (int k = 0; k < TM_MB_DIST_KINDS; k++) {
        const enum tm_mb_dist_kind kind = (enum tm_mb_dist_kind)k;
        const bool is_binomial = kind == TM_MB_BINOMIAL; /* its first is an integer */
        CHECK_INT(validity(kind, is_binomial ? 0 : NAN, is_binomial ? NAN : 1, 1), TM_ERR_RANGE);
        struct tm_mb_dist d = {.kind = kind, .start = NAN};
        CHECK_INT(tm_mb_dist_validate(&d, NULL), TM_ERR_RANGE);
        d.start = 0;
        d.max = NAN;
        CHECK_INT(tm_mb_dist_validate(&d, NULL), TM_ERR_RANGE);
    }
}

static void the_reason_names_the_distribution(void)
{
    struct tm_msg msg = {""};
    const struct tm_mb_dist d = {.kind = TM_MB_POISSON, .of.poisson.lambda = -2};
    CHECK_INT(tm_mb_dist_validate(&d, &msg), TM_ERR_RANGE);
    CHECK_STR(msg.text, "Poisson: lambda must be above 0 and at most 1.844e19, not -2");
}

static double constant(double value, double start, double max)
{
    struct tm_mb_rng rng;
    struct tm_mb_dist d = {.kind = TM_MB_UNIFORM, .start = start, .max = max};
    d.of.uniform.low = d.of.uniform.high = value;
    tm_mb_rng_init_xoshiro(&rng, 1);
    return tm_mb_dist_sample(&d, &rng);
}

static void samples_are_shifted_then_kept_within_bounds(void)
{
    CHECK(constant(3, 4, 0) == 7);
    CHECK(constant(3, 4, 5) == 5);
    CHECK(constant(3, -4, 5) == 0);
    CHECK(constant(3, 4, -1) == 7); /* no upper bound */
    CHECK(constant(3, INFINITY, 5) == 0);
    CHECK(constant(3, 4, INFINITY) == 7);
}

/* Infinite and extreme parameters are valid; whatever they do, a sample is a number and comes. */
static void extreme_parameters_end_and_give_numbers(void)
{
    static const double extreme[] = {5e-324,      1e-300, 0x1p-53, 0.5,   1,
                                     1 + 0x1p-52, 2,      1e18,    1e300, INFINITY};
    enum { N = sizeof extreme / sizeof extreme[0] };
    struct tm_mb_rng rng;
    tm_mb_rng_init_xoshiro(&rng, 3);
    for (size_t i = 0; i < (size_t)N * N * TM_MB_DIST_KINDS; i++) {
        struct tm_mb_dist d = {.kind = (enum tm_mb_dist_kind)(i / (N * N))};
        d.of.skew_normal.location = extreme[i / N % N];
        d.of.skew_normal.scale = extreme[i % N];
        d.of.skew_normal.shape = extreme[i % N];
        if (d.kind == TM_MB_BINOMIAL)
            d.of.binomial.trials = TM_MB_TRIALS_MAX >> i / N % N * 3;
        if (tm_mb_dist_validate(&d, NULL) != TM_OK)
            continue;
        for (int k = 0; k < 20; k++) {
            const double x = tm_mb_dist_sample(&d, &rng);
            CHECK(isfinite(x) && x >= 0);
        }
    }
}

/* BINV, BTPE and their mirror images: the mean of n draws within 5 standard errors, all within 0..trials. */
static void binomial_keeps_its_mean_on_both_sides_of_the_algorithms_border(void)
{
    static const struct {
        uint64_t trials;
        double p;
    } of[] = {{24, 0.41}, {25, 0.41},         {24, 0.59},
              {25, 0.59}, {1000000000, 1e-9}, {1000000000, 0.5}};
    struct tm_mb_rng rng;
    tm_mb_rng_init_xoshiro(&rng, 5);
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        enum { N = 20000 };
        const double n = (double)of[i].trials;
        double sum = 0;
        for (int k = 0; k < N; k++) {
            const uint64_t x = tm_mb_binomial(of[i].trials, of[i].p, &rng);
            CHECK(x <= of[i].trials);
            sum += (double)x;
        }
        const double error = sqrt(n * of[i].p * (1 - of[i].p) / N);
        CHECK(fabs(sum / N - n * of[i].p) < 5 * error);
    }
}

static void wholes_saturate(void)
{
    CHECK_INT(tm_mb_whole(2.9), 2);
    CHECK_INT(tm_mb_rounded(2.5), 3);
    CHECK_INT(tm_mb_rounded(0.49999999999999994), 0);
    CHECK(tm_mb_rounded(1e20) == UINT64_MAX);
    CHECK(tm_mb_whole(0x1p63) == UINT64_C(1) << 63);
}

static void ziggurat_tails_reach_beyond_the_last_layer(void)
{
    struct tm_mb_rng rng;
    double high = 0, low = 0, longest = 0;
    tm_mb_rng_init_xoshiro(&rng, 9);
    for (int i = 0; i < 200000; i++) {
        const double x = tm_mb_normal(&rng), e = tm_mb_exponential(&rng);
        high = fmax(high, x);
        low = fmin(low, x);
        longest = fmax(longest, e);
        CHECK(e >= 0);
    }
    CHECK(high > tm_mb_normal_x[1] && low < -tm_mb_normal_x[1] && longest > tm_mb_exp_x[1]);
}

static const struct check_case cases[] = {
    {"samples_equal_the_crate_s", samples_equal_the_crate_s},
    {"two_hundred_thousand_samples_have_the_crate_s_moments",
     two_hundred_thousand_samples_have_the_crate_s_moments},
    {"parameters_out_of_range_are_refused", parameters_out_of_range_are_refused},
    {"no_parameter_may_be_nan", no_parameter_may_be_nan},
    {"the_reason_names_the_distribution", the_reason_names_the_distribution},
    {"samples_are_shifted_then_kept_within_bounds", samples_are_shifted_then_kept_within_bounds},
    {"extreme_parameters_end_and_give_numbers", extreme_parameters_end_and_give_numbers},
    {"binomial_keeps_its_mean_on_both_sides_of_the_algorithms_border",
     binomial_keeps_its_mean_on_both_sides_of_the_algorithms_border},
    {"wholes_saturate", wholes_saturate},
    {"ziggurat_tails_reach_beyond_the_last_layer", ziggurat_tails_reach_beyond_the_last_layer},
};

CHECK_MAIN("maybenot/dist", cases)
