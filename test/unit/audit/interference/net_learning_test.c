/* What the network can learn, and that it learns nothing where there is nothing. */
#include "audit/ml/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/auc.h"
#include "audit/ml/fold.h"
#include "test/support/check.h"
#include "test/unit/audit/interference/net_rows.h"

static void short_mark_anywhere_near_the_beginning_is_learned(void)
{
    struct net_rows *train = net_rows_noise(7);
    struct net_rows *test = net_rows_noise(17);
    struct tm_net_cfg cfg = tm_net_cfg_default();
    struct tm_net *net = NULL;
    float score[NET_ROWS];
    double auc = 0;
    if (!train || !test)
        return;
    net_rows_mark(train, 8);
    net_rows_mark(test, 18);
    CHECK_INT(tm_net_fit(&net, &cfg, train->x[0], train->label, NET_ROWS), TM_OK);
    if (net)
        tm_net_score(net, test->x[0], NET_ROWS, score);
    CHECK_INT(tm_auc(score, test->label, NULL, NET_ROWS, &auc), TM_OK);
    CHECK(auc > 0.85);
    tm_net_free(net);
    free(train);
    free(test);
}

/* One of two folds of whole groups. */
static void judge_fold(const struct net_rows *d, const uint8_t *fold, uint8_t k, float *score)
{
    struct tm_net_cfg cfg = tm_net_cfg_default();
    struct tm_net *net = NULL;
    float *train = malloc(sizeof d->x);
    uint8_t label[NET_ROWS];
    uint32_t n = 0;
    cfg.n_epochs = 8;
    for (uint32_t i = 0; train && i < NET_ROWS; i++) {
        if (fold[i] == k)
            continue;
        memcpy(train + (size_t)n * TM_NET_INPUT, d->x[i], sizeof d->x[i]);
        label[n++] = d->label[i];
    }
    CHECK_INT(tm_net_fit(&net, &cfg, train, label, n), TM_OK);
    for (uint32_t i = 0; net && i < NET_ROWS; i++) {
        if (fold[i] == k)
            tm_net_score(net, d->x[i], 1, &score[i]);
    }
    tm_net_free(net);
    free(train);
}

/* Four samples of 400: standard error about 0.016. */
static void noise_stays_at_chance_in_folds_by_group(void)
{
    double sum = 0;
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct net_rows *d = net_rows_noise(90 + seed);
        struct tm_rng rng = net_rows_rng(seed);
        struct tm_interval auc = {0, 0, 0};
        uint8_t fold[NET_ROWS];
        float score[NET_ROWS];
        if (!d)
            return;
        CHECK_INT(tm_fold_by_group(d->group, d->label, NET_ROWS, 2, &rng, fold), TM_OK);
        for (uint8_t k = 0; k < 2; k++)
            judge_fold(d, fold, k, score);
        CHECK_INT(tm_auc_by_fold(score, d->label, d->group, fold, NET_ROWS, 200, &rng, &auc),
                  TM_OK);
        CHECK(auc.low < auc.value && auc.value < auc.high);
        sum += auc.value;
        free(d);
    }
    printf("AUC of noise: %.3f\n", sum / 4);
    CHECK(fabs(sum / 4 - 0.5) < 0.055);
}

static const struct check_case CASES[] = {
    {"short_mark_anywhere_near_the_beginning_is_learned",
     short_mark_anywhere_near_the_beginning_is_learned},
    {"noise_stays_at_chance_in_folds_by_group", noise_stays_at_chance_in_folds_by_group},
};
CHECK_MAIN("audit/ml/net_learning", CASES)
