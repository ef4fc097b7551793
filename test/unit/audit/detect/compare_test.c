#include "audit/detect/compare.h"

#include "test/support/check.h"

#include <math.h>

#include "audit/detect/draw.h"

#define SESSIONS 50U
#define EACH     4U
#define N        (2 * SESSIONS * EACH)
#define COLS     3U

static struct tm_rng rng_of(uint64_t n)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(seed, n);
    tm_rng_init(&rng, seed);
    return rng;
}

struct sample {
    float x[N * COLS];
    uint8_t label[N];
    uint32_t group[N];
    struct tm_c2st_data d;
};

/* Column 0: noise; 1: the session's own value, the same law on both sides; 2: noise moved by `shift` on one side. */
static void fill(struct sample *s, uint64_t seed, double shift)
{
    struct tm_rng rng = rng_of(seed);
    double own = 0;
    for (uint32_t i = 0; i < N; i++) {
        s->label[i] = i >= N / 2;
        s->group[i] = i / EACH;
        if (i % EACH == 0)
            own = tm_draw_uniform(&rng);
        s->x[i * COLS] = (float)tm_draw_uniform(&rng);
        s->x[i * COLS + 1] = (float)own;
        s->x[i * COLS + 2] = (float)(tm_draw_uniform(&rng) + (s->label[i] ? shift : 0));
    }
    s->d =
        (struct tm_c2st_data){.x = s->x, .label = s->label, .group = s->group, .n = N, .d = COLS};
}

static void the_distance_is_that_of_the_distribution_functions(void)
{
    float x[] = {1, 2, 3, 4, 2, 3, NAN, 9};
    uint8_t label[] = {0, 0, 0, 0, 1, 1, 1, 1};
    uint32_t group[] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct tm_c2st_data d = {.x = x, .label = label, .group = group, .n = 8, .d = 1};
    struct tm_rng rng = rng_of(1);
    struct tm_detect_feature f[1] = {{.ks = 0}};
    CHECK_INT(tm_compare_features(f, &d, 20, &rng), TM_OK);
    CHECK(fabs(f[0].ks - 1.0 / 3) < 1e-9); /* beyond 4: 4/4 against 2/3 */
    CHECK(f[0].p > 0.05 && f[0].p <= 1);
}

static void a_moved_column_is_found_and_only_that(void)
{
    static struct sample s;
    struct tm_rng rng = rng_of(1);
    struct tm_detect_feature f[COLS] = {{.ks = 0}};
    fill(&s, 5, 0.4);
    CHECK_INT(tm_compare_features(f, &s.d, 200, &rng), TM_OK);
    CHECK(f[2].p_holm < 0.001);
    CHECK(f[2].ks > 0.25);
    CHECK(f[0].p_holm > 0.05);
    CHECK(f[1].p_holm > 0.05);
}

/* Four connections of a session with one value are one observation: p-values from connections would be far too small. */
static void siblings_do_not_make_p_values_small(void)
{
    static struct sample s;
    unsigned small = 0;
    for (uint64_t k = 0; k < 60; k++) {
        struct tm_rng rng = rng_of(1000 + k);
        struct tm_detect_feature f[COLS] = {{.ks = 0}};
        fill(&s, 100 + k, 0);
        CHECK_INT(tm_compare_features(f, &s.d, 100, &rng), TM_OK);
        small += f[1].p < 0.05;
    }
    CHECK(small <= 9); /* expected 3; P(more than 9 of 60) < 0.001 */
}

static void quantiles_run_from_smallest_to_largest(void)
{
    float x[] = {3, 1, 2, NAN, 10, 30, 20, NAN};
    uint8_t label[] = {0, 0, 0, 0, 1, 1, 1, 1};
    struct tm_c2st_data d = {.x = x, .label = label, .n = 8, .d = 1};
    double q[2][TM_DETECT_QUANTILES];
    CHECK_INT(tm_compare_quantiles(q, &d, 0), TM_OK);
    CHECK_INT(q[0][0], 1);
    CHECK_INT(q[0][50], 2);
    CHECK_INT(q[0][100], 3);
    CHECK_INT(q[1][0], 10);
    CHECK_INT(q[1][100], 30);
    d.label[0] = d.label[1] = d.label[2] = 1;
    CHECK_INT(tm_compare_quantiles(q, &d, 0), TM_OK);
    CHECK(isnan(q[0][50]));
}

static const struct check_case CASES[] = {
    {"the_distance_is_that_of_the_distribution_functions",
     the_distance_is_that_of_the_distribution_functions},
    {"a_moved_column_is_found_and_only_that", a_moved_column_is_found_and_only_that},
    {"siblings_do_not_make_p_values_small", siblings_do_not_make_p_values_small},
    {"quantiles_run_from_smallest_to_largest", quantiles_run_from_smallest_to_largest},
};
CHECK_MAIN("audit/detect/compare", CASES)
