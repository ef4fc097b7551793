#include "audit/ml/trees.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/auc.h"
#include "audit/ml/fold.h"
#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

struct rows {
    float *x;
    uint8_t *label, *fold;
    uint32_t *group;
    uint32_t n, d;
};

static struct rows rows_new(uint32_t n, uint32_t d)
{
    return (struct rows){.x = calloc((size_t)n * d, sizeof(float)),
                         .label = calloc(n, 1),
                         .fold = calloc(n, 1),
                         .group = calloc(n, sizeof(uint32_t)),
                         .n = n,
                         .d = d};
}

static void rows_free(struct rows *s)
{
    free(s->x);
    free(s->label);
    free(s->fold);
    free(s->group);
}

/* AUC of cross-validation over the folds 0 .. the largest. */
static double validate(const struct rows *s, enum tm_trees_kind kind)
{
    struct tm_trees_cfg cfg = tm_trees_cfg_default(kind);
    float *train = malloc((size_t)s->n * s->d * sizeof *train);
    uint8_t *label = malloc(s->n);
    float *score = malloc(s->n * sizeof *score);
    struct tm_msg msg = {""};
    uint8_t last = 0;
    for (uint32_t i = 0; i < s->n; i++)
        last = s->fold[i] > last ? s->fold[i] : last;
    for (uint8_t f = 0; f <= last; f++) {
        struct tm_trees *t = NULL;
        uint32_t n_train = 0;
        for (uint32_t i = 0; i < s->n; i++) {
            if (s->fold[i] == f)
                continue;
            memcpy(train + (size_t)n_train * s->d, s->x + (size_t)i * s->d, s->d * sizeof *train);
            label[n_train++] = s->label[i];
        }
        CHECK_INT(tm_trees_fit(&t, &cfg, train, label, n_train, s->d, &msg), TM_OK);
        for (uint32_t i = 0; i < s->n && t; i++)
            if (s->fold[i] == f)
                CHECK_INT(tm_trees_score(t, s->x + (size_t)i * s->d, 1, score + i, &msg), TM_OK);
        tm_trees_free(t);
    }
    struct tm_rng r = draw_from(99);
    struct tm_interval v = {0, 0, 0};
    CHECK_INT(tm_auc_by_fold(score, s->label, s->group, s->fold, s->n, 0, &r, &v), TM_OK);
    free(train);
    free(label);
    free(score);
    return v.value;
}

/* Label = first column XOR second: no column alone says anything. */
static void trees_find_what_no_column_says_alone(void)
{
    struct tm_rng r = draw_from(1);
    struct rows s = rows_new(600, 4);
    for (uint32_t i = 0; i < s.n; i++) {
        for (uint32_t j = 0; j < s.d; j++)
            s.x[i * s.d + j] = (float)draw_normal(&r);
        s.label[i] = (s.x[i * s.d] > 0) != (s.x[i * s.d + 1] > 0);
        s.fold[i] = i % 2;
        s.group[i] = i;
    }
    CHECK(validate(&s, TM_TREES_BOOSTED) > 0.95);
    CHECK(validate(&s, TM_TREES_FOREST) > 0.9);
    struct tm_trees_cfg cfg = tm_trees_cfg_default(TM_TREES_BOOSTED);
    struct tm_trees *t = NULL;
    struct tm_msg msg = {""};
    float gain[4];
    CHECK_INT(tm_trees_fit(&t, &cfg, s.x, s.label, s.n, s.d, &msg), TM_OK);
    CHECK_INT(tm_trees_importance(t, gain, &msg), TM_OK);
    CHECK(gain[0] + gain[1] > 0.7F);
    CHECK(gain[0] + gain[1] + gain[2] + gain[3] > 0.999F);
    tm_trees_free(t);
    rows_free(&s);
}

static void missing_values_are_values(void)
{
    struct tm_rng r = draw_from(2);
    struct rows s = rows_new(400, 3);
    for (uint32_t i = 0; i < s.n; i++) {
        for (uint32_t j = 0; j < s.d; j++)
            s.x[i * s.d + j] = (float)draw_normal(&r);
        s.label[i] = (uint8_t)tm_rng_below(&r, 2);
        if (s.label[i])
            s.x[i * s.d + 1] = NAN;
        s.fold[i] = i % 2;
        s.group[i] = i;
    }
    CHECK(validate(&s, TM_TREES_BOOSTED) > 0.999);
    rows_free(&s);
}

/* Sessions of 8 connections that resemble each other; labels are drawn for each session and mean nothing. */
static struct rows siblings(void)
{
    struct tm_rng r = draw_from(3);
    struct rows s = rows_new(1600, 10);
    double own[10];
    uint8_t label = 0;
    for (uint32_t i = 0; i < s.n; i++) {
        if (i % 8 == 0) {
            label = i / 8 % 2;
            for (int j = 0; j < 10; j++)
                own[j] = draw_normal(&r);
        }
        for (uint32_t j = 0; j < s.d; j++)
            s.x[i * s.d + j] = (float)(own[j] + 0.1 * draw_normal(&r));
        s.label[i] = label;
        s.group[i] = i / 8;
    }
    return s;
}

static void siblings_on_both_sides_fake_a_difference_that_folds_by_session_do_not(void)
{
    struct tm_rng r = draw_from(4);
    struct rows s = siblings();
    for (uint32_t i = 0; i < s.n; i++)
        s.fold[i] = (uint8_t)tm_rng_below(&r, 2);
    CHECK(validate(&s, TM_TREES_BOOSTED) > 0.8);
    CHECK(validate(&s, TM_TREES_FOREST) > 0.8);
    CHECK_INT(tm_fold_by_group(s.group, s.label, s.n, 2, &r, s.fold), TM_OK);
    /* 100 sessions a side: standard error about 0.04. */
    CHECK(fabs(validate(&s, TM_TREES_BOOSTED) - 0.5) < 0.12);
    CHECK(fabs(validate(&s, TM_TREES_FOREST) - 0.5) < 0.12);
    rows_free(&s);
}

/* Mean AUC of 60 recordings of 260 sessions, a connection each, of which the learner sees nothing but one of three paths: halves
 * with equally many sessions of each path, or drawn at random. */
static double paths_alone(bool is_balanced)
{
    struct tm_rng r = draw_from(5);
    struct rows s = rows_new(260, 1);
    double sum = 0;
    for (int round = 0; round < 60; round++) {
        for (uint32_t i = 0; i < s.n; i++) {
            s.x[i] = (float)(is_balanced ? i % 130 % 3 : i % 3);
            s.label[i] = i >= 130;
            s.group[i] = i;
        }
        for (uint32_t i = s.n - 1; i > 0 && !is_balanced; i--) {
            uint32_t j = (uint32_t)tm_rng_below(&r, i + 1);
            float x = s.x[i];
            s.x[i] = s.x[j];
            s.x[j] = x;
        }
        CHECK_INT(tm_fold_by_group(s.group, s.label, s.n, 5, &r, s.fold), TM_OK);
        sum += validate(&s, TM_TREES_BOOSTED) / 60;
    }
    rows_free(&s);
    return sum;
}

/* What one label has more of in training it has less of in the fold that is scored, so recordings draw their halves at random. */
static void what_both_labels_have_equally_often_scores_below_chance(void)
{
    double balanced = paths_alone(true), drawn = paths_alone(false);
    printf("AUC from paths alone: halves balanced by path %.3f, drawn at random %.3f\n", balanced,
           drawn);
    CHECK(balanced < 0.46);
    CHECK(fabs(drawn - 0.5) < 0.03);
}

static void same_seed_same_scores(void)
{
    struct rows s = siblings();
    struct tm_msg msg = {""};
    for (int kind = 0; kind < 2; kind++) {
        struct tm_trees_cfg cfg = tm_trees_cfg_default((enum tm_trees_kind)kind);
        float score[3][100];
        for (int i = 0; i < 3; i++) {
            struct tm_trees *t = NULL;
            cfg.seed = i < 2 ? UINT64_C(0xfedcba9876543210) : 6;
            CHECK_INT(tm_trees_fit(&t, &cfg, s.x, s.label, s.n, s.d, &msg), TM_OK);
            CHECK_INT(tm_trees_score(t, s.x, 100, score[i], &msg), TM_OK);
            tm_trees_free(t);
        }
        CHECK_MEM(score[0], score[1], sizeof score[0]);
        CHECK(memcmp(score[0], score[2], sizeof score[0]) != 0);
        for (int i = 0; i < 100; i++)
            CHECK(score[0][i] >= 0 && score[0][i] <= 1);
    }
    rows_free(&s);
}

static void what_cannot_be_learnt_is_refused(void)
{
    struct tm_trees *t = NULL;
    struct tm_trees_cfg cfg = tm_trees_cfg_default(TM_TREES_BOOSTED);
    struct tm_msg msg = {""};
    const float x[] = {1, 2, 3};
    CHECK_INT(tm_trees_fit(&t, &cfg, x, (uint8_t[]){1, 1, 1}, 3, 1, &msg), TM_ERR_RANGE);
    CHECK(t == NULL && msg.text[0] != '\0');
    CHECK_INT(tm_trees_fit(&t, &cfg, x, (uint8_t[]){0, 1, 1}, 3, 0, &msg), TM_ERR_RANGE);
    /* The library's refusal is passed on in its words. */
    const float inf[] = {1, INFINITY, 3};
    msg.text[0] = '\0';
    CHECK_INT(tm_trees_fit(&t, &cfg, inf, (uint8_t[]){0, 1, 1}, 3, 1, &msg), TM_ERR_UNSUPPORTED);
    CHECK(t == NULL && strstr(msg.text, "xgboost") != NULL);
    tm_trees_free(NULL);
}

static void constant_columns_give_no_gain(void)
{
    struct tm_trees *t = NULL;
    struct tm_trees_cfg cfg = tm_trees_cfg_default(TM_TREES_BOOSTED);
    struct tm_msg msg = {""};
    float x[80];
    uint8_t label[40];
    float gain[2] = {1, 1};
    for (uint32_t i = 0; i < 40; i++) {
        x[2 * i] = x[2 * i + 1] = 1460;
        label[i] = i % 2;
    }
    CHECK_INT(tm_trees_fit(&t, &cfg, x, label, 40, 2, &msg), TM_OK);
    CHECK_INT(tm_trees_importance(t, gain, &msg), TM_OK);
    CHECK(gain[0] == 0 && gain[1] == 0);
    tm_trees_free(t);
}

static const struct check_case CASES[] = {
    {"trees_find_what_no_column_says_alone", trees_find_what_no_column_says_alone},
    {"missing_values_are_values", missing_values_are_values},
    {"siblings_on_both_sides_fake_a_difference_that_folds_by_session_do_not",
     siblings_on_both_sides_fake_a_difference_that_folds_by_session_do_not},
    {"what_both_labels_have_equally_often_scores_below_chance",
     what_both_labels_have_equally_often_scores_below_chance},
    {"same_seed_same_scores", same_seed_same_scores},
    {"what_cannot_be_learnt_is_refused", what_cannot_be_learnt_is_refused},
    {"constant_columns_give_no_gain", constant_columns_give_no_gain},
};
CHECK_MAIN("trees", CASES)
