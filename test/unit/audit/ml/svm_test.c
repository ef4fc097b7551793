#include "audit/ml/svm.h"

#include <math.h>
#include <stdlib.h>

#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

#define N 180U

struct rows {
    float x[N * 2];
    uint32_t label[N];
};

/* Three rings around one middle: no line tells them. */
static void draw_rings(struct rows *s, uint64_t seed)
{
    struct tm_rng r = draw_from(seed);
    for (uint32_t i = 0; i < N; i++) {
        double angle = 6.283185307 * draw_uniform(&r);
        double radius = 0.1 + 0.4 * (i % 3) + 0.03 * draw_normal(&r);
        s->x[2 * i] = (float)(radius * cos(angle));
        s->x[2 * i + 1] = (float)(radius * sin(angle));
        s->label[i] = i % 3;
    }
}

static uint32_t hits(const struct rows *s, const struct tm_svm_cfg *cfg)
{
    struct tm_svm *svm = NULL;
    uint32_t guess[N] = {0};
    uint32_t n = 0;
    CHECK_INT(tm_svm_fit(&svm, cfg, s->x, s->label, N / 2, 2, 3), TM_OK);
    CHECK_INT(tm_svm_class(svm, s->x + N, N / 2, guess), TM_OK);
    for (uint32_t i = 0; i < N / 2; i++)
        n += guess[i] == s->label[N / 2 + i];
    tm_svm_free(svm);
    return n;
}

static void rings_are_told(void)
{
    const struct tm_svm_cfg cfg = {32, 8};
    static struct rows s;
    draw_rings(&s, 1);
    CHECK(hits(&s, &cfg) > N / 2 * 95 / 100);
}

/* 90 guesses at a third: 30, standard deviation 4.5. */
static void labels_that_mean_nothing_are_not(void)
{
    const struct tm_svm_cfg cfg = {32, 8};
    static struct rows s;
    struct tm_rng r = draw_from(5);
    draw_rings(&s, 2);
    for (uint32_t i = 0; i < N; i++)
        s.label[i] = (uint32_t)tm_rng_below(&r, 3);
    uint32_t n = hits(&s, &cfg);
    CHECK(n > 30 - 18 && n < 30 + 18);
}

/* Two rows at -1 and 1 with C large: alpha = 1 / (1 - K(-1, 1)) by symmetry and no bias, so the middle is where it changes. */
static void the_boundary_of_two_rows_is_their_middle(void)
{
    const struct tm_svm_cfg cfg = {1000, 0.25};
    const float x[] = {-1, 1};
    const uint32_t label[] = {0, 1};
    const float query[] = {-0.01F, 0.01F, -3, 3};
    uint32_t guess[4];
    struct tm_svm *svm = NULL;
    CHECK_INT(tm_svm_fit(&svm, &cfg, x, label, 2, 1, 2), TM_OK);
    CHECK_INT(tm_svm_class(svm, query, 4, guess), TM_OK);
    CHECK_INT(guess[0], 0);
    CHECK_INT(guess[1], 1);
    CHECK_INT(guess[2], 0);
    CHECK_INT(guess[3], 1);
    tm_svm_free(svm);
}

/* One row of class 1 inside class 0: a small C gives it up, a large one does not. */
static void c_bounds_what_one_row_weighs(void)
{
    const float x[] = {0, 0.1F, 0.2F, 0.3F, 0.4F, 0.25F, 2, 2.1F};
    const uint32_t label[] = {0, 0, 0, 0, 0, 1, 1, 1};
    const float query = 0.25F;
    for (int is_hard = 0; is_hard < 2; is_hard++) {
        const struct tm_svm_cfg cfg = {is_hard ? 1e7 : 0.5, is_hard ? 200 : 2};
        struct tm_svm *svm = NULL;
        uint32_t guess = 9;
        CHECK_INT(tm_svm_fit(&svm, &cfg, x, label, 8, 1, 2), TM_OK);
        CHECK_INT(tm_svm_class(svm, &query, 1, &guess), TM_OK);
        CHECK_INT(guess, is_hard);
        tm_svm_free(svm);
    }
}

static void a_class_that_does_not_occur_is_never_named(void)
{
    const struct tm_svm_cfg cfg = {1, 1};
    const float x[] = {0, 1, 0.1F, 0.9F};
    const uint32_t label[] = {1, 3, 1, 3};
    uint32_t guess[4];
    struct tm_svm *svm = NULL;
    CHECK_INT(tm_svm_fit(&svm, &cfg, x, label, 4, 1, 5), TM_OK);
    CHECK_INT(tm_svm_class(svm, x, 4, guess), TM_OK);
    for (int i = 0; i < 4; i++)
        CHECK_INT(guess[i], label[i]);
    tm_svm_free(svm);
}

static void what_cannot_be_learnt_is_refused(void)
{
    const struct tm_svm_cfg cfg = {1, 1};
    const struct tm_svm_cfg no_c = {0, 1};
    const float x[] = {0, 1};
    const uint32_t same[] = {1, 1};
    const uint32_t beyond[] = {0, 2};
    struct tm_svm *svm = NULL;
    CHECK_INT(tm_svm_fit(&svm, &cfg, x, same, 2, 1, 2), TM_ERR_RANGE);
    CHECK_INT(tm_svm_fit(&svm, &cfg, x, beyond, 2, 1, 2), TM_ERR_RANGE);
    CHECK_INT(tm_svm_fit(&svm, &no_c, x, beyond, 2, 1, 3), TM_ERR_RANGE);
    CHECK_INT(tm_svm_fit(&svm, &cfg, x, beyond, TM_SVM_ROWS_MAX + 1, 1, 3), TM_ERR_LIMIT);
    CHECK(svm == NULL);
    tm_svm_free(NULL);
}

static void columns_are_scaled_by_the_rows_learned_from(void)
{
    float x[] = {0, 5, 10, 5};
    float other[] = {15, 7};
    float low[2];
    float high[2];
    tm_minmax_fit(x, 2, 2, low, high);
    tm_minmax_apply(x, 2, 2, low, high);
    tm_minmax_apply(other, 1, 2, low, high);
    CHECK(x[0] == -1 && x[2] == 1 && other[0] == 2);
    CHECK(x[1] == 0 && x[3] == 0 && other[1] == 0); /* constant */
}

static const struct check_case CASES[] = {
    {"rings_are_told", rings_are_told},
    {"labels_that_mean_nothing_are_not", labels_that_mean_nothing_are_not},
    {"the_boundary_of_two_rows_is_their_middle", the_boundary_of_two_rows_is_their_middle},
    {"c_bounds_what_one_row_weighs", c_bounds_what_one_row_weighs},
    {"a_class_that_does_not_occur_is_never_named", a_class_that_does_not_occur_is_never_named},
    {"what_cannot_be_learnt_is_refused", what_cannot_be_learnt_is_refused},
    {"columns_are_scaled_by_the_rows_learned_from", columns_are_scaled_by_the_rows_learned_from},
};
CHECK_MAIN("svm", CASES)
