#include "learner/ops/compare.h"

#include <math.h>
#include <string.h>

#include "learner/ops/compare_report.h"
#include "test/support/check.h"

#define NEAR(a, b, eps) CHECK(fabs((a) - (b)) <= (eps))

static void add(struct tm_samples *s, enum tm_swing_param p, const uint64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK_INT(tm_samples_add(s, p, v[i]), TM_OK);
}

static void distances_are_as_counted_by_hand(void)
{
    /* {1 1 2 5} and {2 5}: below 2, 2/4 against 0; from 2 on 3/4 against 1/2; W1 = 1 * 0.5 + 3 * 0.25. */
    struct tm_dist_point a_pt[] = {{1, 2}, {2, 3}, {5, 4}};
    struct tm_dist_point b_pt[] = {{2, 1}, {5, 2}};
    struct tm_dist a = {a_pt, 3};
    struct tm_dist b = {b_pt, 2};
    NEAR(tm_compare_ks(&a, &b), 0.5, 1e-12);
    NEAR(tm_compare_ks(&b, &a), 0.5, 1e-12);
    NEAR(tm_compare_wasserstein(&a, &b), 1.25, 1e-12);
    NEAR(tm_compare_wasserstein(&b, &a), 1.25, 1e-12);
    NEAR(tm_compare_ks(&a, &a), 0, 0);
    NEAR(tm_compare_wasserstein(&a, &a), 0, 0);
    /* All mass moves from 10 to 17. */
    struct tm_dist_point ten[] = {{10, 3}};
    struct tm_dist_point seventeen[] = {{17, 9}};
    NEAR(tm_compare_wasserstein(&(struct tm_dist){ten, 1}, &(struct tm_dist){seventeen, 1}), 7,
         1e-12);
    NEAR(tm_compare_ks(&(struct tm_dist){ten, 1}, &(struct tm_dist){seventeen, 1}), 1, 0);
}

static void samples_are_kept_as_finely_as_a_model_can(void)
{
    struct tm_samples s = {0};
    struct tm_marginals m;
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t v = 10000 - i;
        add(&s, TM_SWING_REQ, &v, 1);
    }
    CHECK_INT(tm_marginals_fit(&m, &s), TM_OK);
    CHECK_INT(m.param[TM_SWING_REQ].n_points, TM_DIST_POINTS_MAX);
    CHECK_INT(m.param[TM_SWING_REQ].pt[0].value, 1);
    CHECK_INT(tm_dist_total(&m.param[TM_SWING_REQ]), 10000);
    CHECK_INT(m.param[TM_SWING_RSP].n_points, 0);
    tm_marginals_deinit(&m);
    tm_samples_deinit(&s);
}

/* n values from..from+n-1 of REQ on each side, INTER_RRE and NUM_CONN too; the second side's INTER_RRE is cut. */
static void compare_ranges(uint64_t n, const uint64_t from[2],
                           struct tm_compared c[TM_SWING_PARAMS])
{
    struct tm_samples s[2] = {{.n = {0}}};
    struct tm_marginals m[2];
    for (int side = 0; side < 2; side++) {
        for (uint64_t i = 0; i < n; i++) {
            uint64_t v = from[side] + i;
            add(&s[side], TM_SWING_REQ, &v, 1);
            add(&s[side], TM_SWING_INTER_RRE, &v, 1);
            add(&s[side], TM_SWING_NUM_CONN, &v, 1);
        }
        CHECK_INT(tm_marginals_fit(&m[side], &s[side]), TM_OK);
    }
    m[1].bound[TM_SWING_INTER_RRE] = (struct tm_bound){900, 3000};
    CHECK_INT(tm_compare(&m[0], &m[1], c), TM_OK);
    for (int side = 0; side < 2; side++) {
        tm_marginals_deinit(&m[side]);
        tm_samples_deinit(&s[side]);
    }
}

static void verdicts_follow_the_distance_and_n(void)
{
    struct tm_compared c[TM_SWING_PARAMS];
    /* Shifted by a tenth: D = 0.1, n_eff = n / 2; the limit is 1.95 / sqrt(500) = 0.0872 and 1.95 / sqrt(50) = 0.276. */
    compare_ranges(1000, (uint64_t[]){1000, 1100}, c);
    const struct tm_compared *r = &c[TM_SWING_REQ];
    NEAR(r->ks, 0.1, 1e-12);
    NEAR(r->n_eff, 500, 1e-9);
    NEAR(r->ks_limit, 0.0872067, 1e-6);
    CHECK(r->is_tested && !r->is_same && !r->is_censored);
    CHECK(r->p < 0.001 && r->p_holm >= 2 * r->p - 1e-12);
    CHECK_INT(r->median[0], 1499);
    CHECK_INT(r->median[1], 1599);
    NEAR(r->median_error, 100.0 / 1499, 1e-12);
    NEAR(r->iqr_error, 0, 0);
    NEAR(r->wasserstein, 100, 1e-9);
    CHECK(c[TM_SWING_INTER_RRE].is_tested && c[TM_SWING_INTER_RRE].is_censored);
    CHECK_INT(c[TM_SWING_INTER_RRE].bound[1].most, 3000);
    CHECK(c[TM_SWING_NUM_CONN].is_tested && c[TM_SWING_NUM_CONN].is_censored);
    CHECK(!c[TM_SWING_RSP].is_tested);
    compare_ranges(100, (uint64_t[]){1000, 1010}, c);
    CHECK(c[TM_SWING_REQ].is_same && c[TM_SWING_REQ].p > 0.5);
    compare_ranges(3, (uint64_t[]){0, 1}, c);
    NEAR(c[TM_SWING_REQ].median_error, 1, 0); /* 1 to 2 */
}

static void reports_say_what_was_found(void)
{
    struct tm_compared c[TM_SWING_PARAMS];
    struct tm_text t = {0};
    struct tm_compare_report r = {.side = {{.name = "a.db:web", .what = "swing model"},
                                           {.name = "b.pcap", .what = "capture"}},
                                  .compared = c};
    compare_ranges(1000, (uint64_t[]){1000, 1100}, c);
    tm_compare_report_text(&t, &r);
    CHECK(strstr(t.p, "0 of 1 parameters are the same within chance") != NULL);
    CHECK(strstr(t.p, "Different: req_bytes.") != NULL);
    CHECK(strstr(t.p, "cut them: inter_rre_us (900 us to 3.00 ms), num_conn.") != NULL);
    tm_text_clear(&t);
    tm_compare_report_json(&t, &r);
    CHECK(strstr(t.p, "\"same\": 0, \"different\": 1}") != NULL);
    CHECK(strstr(t.p, "\"censored\": true, \"bounds\": [{\"least\": 0, \"most\": 0}, "
                      "{\"least\": 900, \"most\": 3000}]") != NULL);
    tm_text_deinit(&t);
}

static void gap_rules_censor_gaps_and_the_counts_between_them(void)
{
    struct tm_marginals m = {0};
    CHECK(!tm_marginals_is_censored(&m, TM_SWING_INTER_CONN));
    m.bound[TM_SWING_NUM_PAIRS].most = 200;
    CHECK(!tm_marginals_is_censored(&m, TM_SWING_NUM_PAIRS));
    m.bound[TM_SWING_INTER_CONN].most = 30000000;
    CHECK(tm_marginals_is_censored(&m, TM_SWING_INTER_CONN));
    CHECK(tm_marginals_is_censored(&m, TM_SWING_NUM_CONN));
    CHECK(!tm_marginals_is_censored(&m, TM_SWING_NUM_RRE));
    CHECK(!tm_marginals_is_censored(&m, TM_SWING_INTER_RRE));
    m.bound[TM_SWING_INTER_SESSION].least = 300000000;
    CHECK(tm_marginals_is_censored(&m, TM_SWING_INTER_SESSION));
    CHECK(tm_marginals_is_censored(&m, TM_SWING_NUM_RRE));
    CHECK(!tm_marginals_is_censored(&m, TM_SWING_RSP));
}

static const struct check_case CASES[] = {
    {"distances_are_as_counted_by_hand", distances_are_as_counted_by_hand},
    {"samples_are_kept_as_finely_as_a_model_can", samples_are_kept_as_finely_as_a_model_can},
    {"verdicts_follow_the_distance_and_n", verdicts_follow_the_distance_and_n},
    {"reports_say_what_was_found", reports_say_what_was_found},
    {"gap_rules_censor_gaps_and_the_counts_between_them",
     gap_rules_censor_gaps_and_the_counts_between_them},
};
CHECK_MAIN("compare", CASES)
