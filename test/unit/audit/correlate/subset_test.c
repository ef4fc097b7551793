/* Which items add up: by counting all subsets, and in windows that slide. */
#include "audit/correlate/subset.h"

#include <math.h>

#include "test/support/check.h"

#define CHECK_NEAR(got, want) CHECK(fabs((got) - (want)) < 1e-6)

/* Every subset of n items, counted one by one, where a cell is a byte. */
static void count_all(const double *size, uint32_t n, double total, double *evidence)
{
    double low = floor(total * 0.9 - 128) - 1;
    double high = ceil(total * 1.01) + 1;
    for (uint32_t i = 0; i < n; i++) {
        double count[2] = {0, 0};
        for (uint32_t set = 0; set < 1U << n; set++) {
            double sum = 0;
            for (uint32_t k = 0; k < n; k++)
                sum += set >> k & 1U ? size[k] : 0;
            count[set >> i & 1U] += sum >= low && sum <= high;
        }
        double v = count[1] <= 0 ? -INFINITY : count[0] <= 0 ? INFINITY : log(count[1] / count[0]);
        evidence[i] = count[0] + count[1] > 0 ? fmax(-2, fmin(2, v)) : 0;
    }
}

static void evidence_is_that_of_all_subsets(void)
{
    const double size[] = {3, 40, 77, 20, 130, 9, 55, 180, 61};
    const double total[] = {1, 12, 60, 117, 150, 190, 192};
    double got[9];
    double want[9];
    for (uint32_t t = 0; t < 7; t++) {
        for (uint32_t n = 1; n <= 9; n++) {
            CHECK_INT(tm_subset_evidence(size, n, total[t], got), TM_OK);
            count_all(size, n, total[t], want);
            for (uint32_t i = 0; i < n; i++)
                CHECK_NEAR(got[i], want[i]);
        }
    }
}

static void only_the_items_that_add_up_are_in(void)
{
    const double size[] = {100000, 30000, 61000, 45000, 0};
    double evidence[5];
    CHECK_INT(tm_subset_evidence(size, 5, 164000, evidence),
              TM_OK); /* 100000 + 61000, and frames */
    CHECK_NEAR(evidence[0], 2);
    CHECK_NEAR(evidence[1], -2);
    CHECK_NEAR(evidence[2], 2);
    CHECK_NEAR(evidence[3], -2);
    CHECK_NEAR(evidence[4], 0); /* sent nothing: nothing is known of it */
}

static void many_items_that_all_must_be_in_are_in(void)
{
    double size[400];
    double evidence[400];
    double total = 0;
    uint32_t n_in = 0;
    for (uint32_t i = 0; i < 400; i++)
        total += size[i] = 1000 + 3 * i;
    CHECK_INT(tm_subset_evidence(size, 400, total, evidence), TM_OK);
    for (uint32_t i = 0; i < 400; i++) {
        CHECK(evidence[i] >= 0); /* 0: less than a cell, of which nothing is known */
        n_in += evidence[i] > 1.5;
    }
    CHECK(n_in > 150);
}

static void what_does_not_fit_says_nothing(void)
{
    const double size[] = {100000, 90000};
    double evidence[2];
    CHECK_INT(tm_subset_evidence(size, 2, 40000, evidence), TM_OK);
    CHECK_NEAR(evidence[0], 0);
    CHECK_NEAR(evidence[1], 0);
    CHECK_INT(tm_subset_evidence(size, 0, 40000, evidence), TM_OK);
}

static void a_silent_carrier_carries_nobody(void)
{
    const double size[] = {100, 0};
    double evidence[2];
    CHECK_INT(tm_subset_evidence(size, 2, 0, evidence), TM_OK);
    CHECK_NEAR(evidence[0], -2);
    CHECK_NEAR(evidence[1], 0);
}

/* Three flows send in turn and together; the carrier has the first and the third. */
static void flows_of_a_shared_carrier_are_found(void)
{
    struct tm_scene_packet v[3][20];
    struct tm_scene_packet sum[40];
    struct tm_scene_line flow[3] = {{0}};
    struct tm_scene_line carrier = {.v = sum};
    const struct tm_scene_line *flows[3];
    double score[3];
    for (uint32_t f = 0; f < 3; f++) {
        flow[f].v = v[f];
        flows[f] = &flow[f];
    }
    for (uint32_t i = 0; i < 20; i++) {
        for (uint32_t f = 0; f < 3; f++) {
            uint32_t bytes = 2000 + (i * 7919 + f * 104729) % 30011;
            struct tm_scene_packet p = {(int64_t)i * 300000 + 5000 * f, bytes, TM_DOWN};
            flow[f].v[flow[f].n++] = p;
            p.bytes += 300;
            if (f != 1)
                carrier.v[carrier.n++] = p;
        }
    }
    CHECK_INT(tm_subset_scores(flows, 3, &carrier, score), TM_OK);
    CHECK(score[0] > 1);
    CHECK(score[1] < -1);
    CHECK(score[2] > 1);
}

static const struct check_case CASES[] = {
    {"evidence_is_that_of_all_subsets", evidence_is_that_of_all_subsets},
    {"only_the_items_that_add_up_are_in", only_the_items_that_add_up_are_in},
    {"many_items_that_all_must_be_in_are_in", many_items_that_all_must_be_in_are_in},
    {"what_does_not_fit_says_nothing", what_does_not_fit_says_nothing},
    {"a_silent_carrier_carries_nobody", a_silent_carrier_carries_nobody},
    {"flows_of_a_shared_carrier_are_found", flows_of_a_shared_carrier_are_found},
};
CHECK_MAIN("audit/correlate/subset", CASES)
