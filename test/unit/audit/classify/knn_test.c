#include "audit/classify/knn.h"

#include <math.h>

#include "audit/classify/rate.h"
#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

#define NEAR(a, b, eps) CHECK(fabs((double)(a) - (double)(b)) <= (eps))

/* One column: class 0 at -1 and 1 (fold 0), class 1 at 9, 10 and 11; z-scores: mean 6, see below. */
static float X[] = {-1, 1, 9, 10, 11};
static uint8_t CLS[] = {0, 0, 1, 1, 1};
static uint8_t FOLD[] = {0, 1, 0, 1, 2};
static uint32_t SESSION[] = {0, 1, 2, 3, 4};

static struct tm_points five(void)
{
    return (struct tm_points){
        .x = X, .cls = CLS, .fold = FOLD, .session = SESSION, .n = 5, .d = 1, .n_classes = 2};
}

static void reach_is_the_farthest_member_from_the_centre(void)
{
    struct tm_points p = five();
    struct tm_knn k = {0};
    CHECK_INT(tm_knn_fit(&k, &p, TM_FOLD_NONE, TM_FOLD_NONE), TM_OK);
    CHECK_INT(k.n, 5);
    NEAR(k.mean[0], 6, 1e-6);
    double sd = sqrt((49 + 25 + 9 + 16 + 25) / 5.0);
    NEAR(k.sd[0], sd, 1e-6);
    NEAR(k.reach[0], 1 / sd, 1e-6);
    NEAR(k.reach[1], 1 / sd, 1e-6);
    tm_knn_deinit(&k);
}

static void left_out_folds_are_not_learnt(void)
{
    struct tm_points p = five();
    struct tm_knn k = {0};
    CHECK_INT(tm_knn_fit(&k, &p, 0, 2), TM_OK);
    CHECK_INT(k.n, 2);
    NEAR(k.mean[0], 5.5, 1e-6);
    tm_knn_deinit(&k);
}

static void nearer_votes_weigh_more(void)
{
    struct tm_points p = five();
    struct tm_knn k = {0};
    struct tm_neighbour near[TM_CLASSIFY_K_MAX];
    CHECK_INT(tm_knn_fit(&k, &p, TM_FOLD_NONE, TM_FOLD_NONE), TM_OK);
    float row = 3;
    uint32_t n = tm_knn_look(&k, &row, near);
    CHECK_INT(n, 5);
    CHECK_INT(near[0].index, 1);
    /* All five: 1/2 + 1/4 against 1/6 + 1/7 + 1/8 (the majority). */
    struct tm_knn_answer v = tm_knn_vote(&k, near, n, 5);
    CHECK_INT(v.cls, 0);
    NEAR(v.ratio, 2, 1e-5);
    row = 8;
    n = tm_knn_look(&k, &row, near);
    v = tm_knn_vote(&k, near, n, 3);
    CHECK_INT(v.cls, 1);
    NEAR(v.ratio, 1, 1e-5);
    row = 1; /* equal to one row: it alone decides */
    n = tm_knn_look(&k, &row, near);
    v = tm_knn_vote(&k, near, n, 5);
    CHECK_INT(v.cls, 0);
    NEAR(v.ratio, 0, 0);
    tm_knn_deinit(&k);
}

static void class_of_equal_rows_has_no_reach(void)
{
    float x[] = {5, 5, 1, 9};
    struct tm_points p = {.x = x,
                          .cls = (uint8_t[]){0, 0, 1, 1},
                          .fold = (uint8_t[4]){0},
                          .n = 4,
                          .d = 1,
                          .n_classes = 2};
    struct tm_knn k = {0};
    struct tm_neighbour near[TM_CLASSIFY_K_MAX];
    CHECK_INT(tm_knn_fit(&k, &p, TM_FOLD_NONE, TM_FOLD_NONE), TM_OK);
    float row = 5;
    uint32_t n = tm_knn_look(&k, &row, near);
    struct tm_knn_answer v = tm_knn_vote(&k, near, n, 2);
    CHECK(v.cls == 0 && v.ratio == 0);
    row = 5.5F;
    n = tm_knn_look(&k, &row, near);
    v = tm_knn_vote(&k, near, n, 2);
    CHECK(v.cls == 0 && isinf(v.ratio));
    tm_knn_deinit(&k);
}

static void rates_hold_the_truth_by_session(void)
{
    /* Sessions of ten whose connections are all hit or all missed, half and half. */
    enum { SESSIONS = 40, N = SESSIONS * 10 };
    static uint8_t hit[N];
    static uint8_t cls[N];
    static uint32_t session[N];
    struct tm_rng r = draw_from(1);
    uint32_t n_covered = 0;
    for (int round = 0; round < 200; round++) {
        for (uint32_t i = 0; i < N; i++) {
            session[i] = i / 10;
            hit[i] = i % 10 == 0 ? (uint8_t)tm_rng_below(&r, 2) : hit[i - 1];
        }
        struct tm_rate_input in = {hit, cls, session, N, 200};
        struct tm_interval v;
        CHECK_INT(tm_rate(&in, TM_RATE_ALL, &r, &v), TM_OK);
        n_covered += v.low <= 0.5 && 0.5 <= v.high;
    }
    CHECK(n_covered >= 178 && n_covered < 200); /* 190 wanted, s.d. 3.1 */
}

static void rates_by_class_weigh_classes_alike(void)
{
    const uint8_t hit[] = {1, 1, 1, 0, 0, 0, 0, 1};
    const uint8_t cls[] = {3, 3, 9, 9, 9, 9, 9, 9};
    const uint32_t session[] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct tm_rate_input in = {hit, cls, session, 8, 100};
    struct tm_rng r = draw_from(2);
    struct tm_interval v;
    CHECK_INT(tm_rate(&in, TM_RATE_ALL, &r, &v), TM_OK);
    NEAR(v.value, 0.5, 1e-12);
    CHECK_INT(tm_rate(&in, TM_RATE_BY_CLASS, &r, &v), TM_OK);
    NEAR(v.value, (1 + 1.0 / 3) / 2, 1e-12);
    CHECK_INT(tm_rate_of_class(&in, 3, &r, &v), TM_OK);
    /* Two of two sessions: Clopper and Pearson's lower end is sqrt(0.025). */
    NEAR(v.value, 1, 0);
    NEAR(v.low, sqrt(0.025), 1e-12);
    CHECK_INT(tm_rate_of_class(&in, 4, &r, &v), TM_OK);
    CHECK(isnan(v.value));
}

static const struct check_case CASES[] = {
    {"reach_is_the_farthest_member_from_the_centre", reach_is_the_farthest_member_from_the_centre},
    {"left_out_folds_are_not_learnt", left_out_folds_are_not_learnt},
    {"nearer_votes_weigh_more", nearer_votes_weigh_more},
    {"class_of_equal_rows_has_no_reach", class_of_equal_rows_has_no_reach},
    {"rates_hold_the_truth_by_session", rates_hold_the_truth_by_session},
    {"rates_by_class_weigh_classes_alike", rates_by_class_weigh_classes_alike},
};
CHECK_MAIN("knn", CASES)
