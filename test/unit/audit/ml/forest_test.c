#include "audit/ml/forest.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

#define N 240U
#define D 6U
#define K 4U

struct rows {
    float x[N * D];
    uint32_t label[N];
};

/* Class c stands at two corners of a square: no column alone tells it. */
static void draw_rows(struct rows *s, uint64_t seed, bool is_told)
{
    struct tm_rng r = draw_from(seed);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t c = i % K;
        s->label[i] = is_told ? c : (uint32_t)tm_rng_below(&r, K);
        for (uint32_t j = 0; j < D; j++)
            s->x[i * D + j] = (float)draw_normal(&r);
        bool is_far = tm_rng_below(&r, 2) == 1;
        s->x[i * D + 1] += (c & 1) == is_far ? 6 : 0;
        s->x[i * D + 2] += is_far ? 6 : 0;
        s->x[i * D + 4] += (c & 2) ? 6 : 0;
    }
}

/* Hits on the second half of what was learned from the first. */
static uint32_t hits(const struct rows *s, const struct tm_forest_cfg *cfg)
{
    struct tm_forest *f = NULL;
    uint32_t n = 0;
    CHECK_INT(tm_forest_fit(&f, cfg, s->x, s->label, N / 2, D, K), TM_OK);
    for (uint32_t i = N / 2; i < N && f; i++)
        n += tm_forest_class(f, s->x + (size_t)i * D) == s->label[i];
    tm_forest_free(f);
    return n;
}

static void classes_that_no_column_tells_alone_are_told(void)
{
    struct tm_forest_cfg cfg = tm_forest_cfg_default();
    static struct rows s;
    cfg.n_trees = 60;
    draw_rows(&s, 1, true);
    CHECK(hits(&s, &cfg) > N / 2 * 6 / 10); /* by chance a quarter */
}

/* 120 guesses at a quarter: 30, standard deviation 4.7. */
static void labels_that_mean_nothing_are_not(void)
{
    struct tm_forest_cfg cfg = tm_forest_cfg_default();
    static struct rows s;
    cfg.n_trees = 60;
    draw_rows(&s, 2, false);
    CHECK(hits(&s, &cfg) < 30 + 4 * 5);
    CHECK(hits(&s, &cfg) > 30 - 4 * 5);
}

static void rows_of_a_class_share_leaves(void)
{
    enum { TREES = 40 };
    struct tm_forest_cfg cfg = tm_forest_cfg_default();
    struct tm_forest *f = NULL;
    static struct rows s;
    uint32_t leaf[3][TREES];
    uint32_t same[2] = {0, 0};
    cfg.n_trees = TREES;
    cfg.min_leaf = 5;
    draw_rows(&s, 3, true);
    CHECK_INT(tm_forest_fit(&f, &cfg, s.x, s.label, N, D, K), TM_OK);
    for (uint32_t i = 0; i + 4 < N && f;
         i += 4) { /* rows i and i + 4 are of one class, i + 2 of another */
        tm_forest_leaves(f, s.x + (size_t)i * D, leaf[0]);
        tm_forest_leaves(f, s.x + (size_t)(i + 4) * D, leaf[1]);
        tm_forest_leaves(f, s.x + (size_t)(i + 2) * D, leaf[2]);
        for (uint32_t t = 0; t < TREES; t++) {
            same[0] += leaf[0][t] == leaf[1][t];
            same[1] += leaf[0][t] == leaf[2][t];
        }
    }
    CHECK(same[0] > 4 * same[1]);
    tm_forest_free(f);
}

static void a_missing_value_is_less_than_any(void)
{
    const float x[] = {NAN, 3, NAN, 4, NAN, 5, NAN, 6};
    const uint32_t label[] = {1, 0, 1, 0, 1, 0, 1, 0};
    const float less = -1e30F;
    struct tm_forest_cfg cfg = {.n_trees = 20, .depth = 4, .min_leaf = 1, .seed = 1};
    struct tm_forest *f = NULL;
    CHECK_INT(tm_forest_fit(&f, &cfg, x, label, 8, 1, 2), TM_OK);
    CHECK_INT(tm_forest_class(f, x), 1);
    CHECK_INT(tm_forest_class(f, x + 1), 0);
    CHECK_INT(tm_forest_class(f, &less), 0);
    tm_forest_free(f);
}

static void the_seed_decides(void)
{
    struct tm_forest_cfg cfg = {.n_trees = 10, .depth = 8, .min_leaf = 1, .seed = 7};
    static struct rows s;
    uint32_t leaf[3][10];
    draw_rows(&s, 4, true);
    for (int i = 0; i < 3; i++) {
        struct tm_forest *f = NULL;
        cfg.seed = i < 2 ? 7 : 8;
        CHECK_INT(tm_forest_fit(&f, &cfg, s.x, s.label, N, D, K), TM_OK);
        tm_forest_leaves(f, s.x, leaf[i]);
        tm_forest_free(f);
    }
    CHECK_MEM(leaf[0], leaf[1], sizeof leaf[0]);
    CHECK(memcmp(leaf[0], leaf[2], sizeof leaf[0]) != 0);
}

static void what_cannot_be_learnt_is_refused(void)
{
    struct tm_forest_cfg cfg = tm_forest_cfg_default();
    struct tm_forest *f = NULL;
    const float x[] = {1, 2};
    const uint32_t label[] = {0, 2};
    CHECK_INT(tm_forest_fit(&f, &cfg, x, label, 2, 1, 2), TM_ERR_RANGE);
    CHECK_INT(tm_forest_fit(&f, &cfg, x, label, 0, 1, 3), TM_ERR_RANGE);
    CHECK_INT(tm_forest_fit(&f, &cfg, x, label, 2, 0, 3), TM_ERR_RANGE);
    CHECK_INT(tm_forest_fit(&f, &cfg, x, label, 2, 1, TM_FOREST_CLASSES_MAX + 1), TM_ERR_RANGE);
    cfg.depth = 65;
    CHECK_INT(tm_forest_fit(&f, &cfg, x, label, 2, 1, 3), TM_ERR_RANGE);
    CHECK(f == NULL);
    tm_forest_free(NULL);
}

static const struct check_case CASES[] = {
    {"classes_that_no_column_tells_alone_are_told", classes_that_no_column_tells_alone_are_told},
    {"labels_that_mean_nothing_are_not", labels_that_mean_nothing_are_not},
    {"rows_of_a_class_share_leaves", rows_of_a_class_share_leaves},
    {"a_missing_value_is_less_than_any", a_missing_value_is_less_than_any},
    {"the_seed_decides", the_seed_decides},
    {"what_cannot_be_learnt_is_refused", what_cannot_be_learnt_is_refused},
};
CHECK_MAIN("forest", CASES)
