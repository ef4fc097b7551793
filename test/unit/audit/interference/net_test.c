#include "audit/ml/net.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/auc.h"
#include "audit/ml/fold.h"
#include "test/support/check.h"
#include "tm/base/rng.h"

#define N_MAX 400U

struct data {
    float x[N_MAX][TM_NET_INPUT];
    uint8_t label[N_MAX];
    uint32_t group[N_MAX];
};

static struct tm_rng rng_of(uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    return rng;
}

/* 10 to 29 exchanges, a request and 1 to 6 full segments in answer; connections 2i and 2i + 1 have labels 0 and 1. */
static struct data *noise(uint64_t seed)
{
    struct data *d = calloc(1, sizeof *d);
    struct tm_rng rng = rng_of(seed);
    for (uint32_t i = 0; d && i < N_MAX; i++) {
        uint32_t n = 10 + (uint32_t)tm_rng_below(&rng, 20);
        uint32_t at = 0;
        d->label[i] = i % 2;
        d->group[i] = i / 2;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t n_down = 1 + (uint32_t)tm_rng_below(&rng, 6);
            tm_net_encode(d->x[i], at++, 300 + (int64_t)tm_rng_below(&rng, 300),
                          (int64_t)tm_rng_below(&rng, 20000));
            for (uint32_t m = 0; m < n_down; m++)
                tm_net_encode(d->x[i], at++, -1448, (int64_t)tm_rng_below(&rng, 500));
        }
    }
    return d;
}

/* Marks those with label 1: three of the first 40 segments, anywhere, are small ones up. */
static void mark(struct data *d, uint64_t seed)
{
    struct tm_rng rng = rng_of(seed);
    for (uint32_t i = 1; i < N_MAX; i += 2) {
        for (int k = 0; k < 3; k++)
            tm_net_encode(d->x[i], 4 + (uint32_t)tm_rng_below(&rng, 36), 61, 10);
    }
}

/* 12 requests after pauses of up to two seconds, each answered after one of three round trips; with label 1, half of the answers
 * come `late_us` later. */
static struct data *round_trips(uint64_t seed, int64_t late_us)
{
    static const int64_t RTT_US[] = {10000, 21000, 47000};
    struct data *d = calloc(1, sizeof *d);
    struct tm_rng rng = rng_of(seed);
    for (uint32_t i = 0; d && i < N_MAX; i++) {
        int64_t rtt_us = RTT_US[tm_rng_below(&rng, 3)];
        d->label[i] = i % 2;
        d->group[i] = i / 2;
        for (uint32_t k = 0; k < 12; k++) {
            bool is_late = d->label[i] && tm_rng_below(&rng, 2) != 0;
            tm_net_encode(d->x[i], 2 * k, 300, (int64_t)tm_rng_below(&rng, 2000000));
            tm_net_encode(d->x[i], 2 * k + 1, -500,
                          rtt_us + (int64_t)tm_rng_below(&rng, 1500) + (is_late ? late_us : 0));
        }
    }
    return d;
}

/* The gradient along one direction of a block of weights against the loss's finite difference. */
static void check_block(struct tm_net *net, const struct data *d, const float *gradient,
                        uint32_t from, uint32_t n, struct tm_rng *rng)
{
    static const double H =
        2e-4; /* kinks of ReLU and of the maximum want it small, rounding large */
    float *w = tm_net_weights(net);
    float was[TM_NET_WEIGHTS];
    double slope = 0;
    double size = 0;
    double loss[2];
    memcpy(was, w, sizeof was);
    float direction[TM_NET_WEIGHTS] = {0};
    for (uint32_t i = from; i < from + n; i++) {
        direction[i] = tm_rng_below(rng, 2) ? 1.0F : -1.0F;
        slope += (double)direction[i] * (double)gradient[i];
        size += fabs((double)gradient[i]);
    }
    for (int s = 0; s < 2; s++) {
        for (uint32_t i = from; i < from + n; i++)
            w[i] = was[i] + (s ? -1.0F : 1.0F) * (float)H * direction[i];
        loss[s] = tm_net_loss(net, d->x[0], d->label, 16, NULL);
    }
    memcpy(w, was, sizeof was);
    double measured = (loss[0] - loss[1]) / (2 * H);
    CHECK(size > 0);
    CHECK(fabs(measured - slope) <= 0.02 * size);
}

static void gradient_is_that_of_finite_differences(void)
{
    /* Filters and offsets of both convolutions, the dense layer's means, its maxima, its offset. */
    static const uint32_t BLOCKS[][2] = {{0, 896},   {896, 16},  {912, 4096}, {5008, 32},
                                         {5040, 32}, {5072, 32}, {5104, 1}};
    struct data *d = noise(1);
    struct tm_net *net = NULL;
    float gradient[TM_NET_WEIGHTS] = {0};
    struct tm_rng rng = rng_of(2);
    CHECK_INT(tm_net_new(&net, 1), TM_OK); /* all of its filters answer to these connections */
    if (!d || !net)
        return;
    /* Off the kink of ReLU, where missing segments have every filter of a new network. */
    for (uint32_t b = 0; b < 2; b++) {
        for (uint32_t i = 0; i < BLOCKS[1 + 2 * b][1]; i++)
            tm_net_weights(net)[BLOCKS[1 + 2 * b][0] + i] = i % 2 ? -0.05F : 0.05F;
    }
    (void)tm_net_loss(net, d->x[0], d->label, 16, gradient);
    for (size_t b = 0; b < sizeof BLOCKS / sizeof BLOCKS[0]; b++) {
        for (uint32_t k = 0; k < BLOCKS[b][1]; k += 32) {
            uint32_t left = BLOCKS[b][1] - k;
            check_block(net, d, gradient, BLOCKS[b][0] + k, left < 32 ? left : 32, &rng);
        }
    }
    tm_net_free(net);
    free(d);
}

static void short_mark_anywhere_near_the_beginning_is_learned(void)
{
    struct data *train = noise(7);
    struct data *test = noise(17);
    struct tm_net_cfg cfg = tm_net_cfg_default();
    struct tm_net *net = NULL;
    float score[N_MAX];
    double auc = 0;
    if (!train || !test)
        return;
    mark(train, 8);
    mark(test, 18);
    CHECK_INT(tm_net_fit(&net, &cfg, train->x[0], train->label, N_MAX), TM_OK);
    if (net)
        tm_net_score(net, test->x[0], N_MAX, score);
    CHECK_INT(tm_auc(score, test->label, NULL, N_MAX, &auc), TM_OK);
    CHECK(auc > 0.85);
    tm_net_free(net);
    free(train);
    free(test);
}

/* The AUC on other connections than those learned from. */
static double learn_delay(int64_t late_us)
{
    struct data *train = round_trips(27, late_us), *test = round_trips(28, late_us);
    struct tm_net_cfg cfg = tm_net_cfg_default();
    struct tm_net *net = NULL;
    float score[N_MAX];
    double auc = 0;
    cfg.n_epochs = 12;
    if (train && test)
        CHECK_INT(tm_net_fit(&net, &cfg, train->x[0], train->label, N_MAX), TM_OK);
    if (net) {
        tm_net_score(net, test->x[0], N_MAX, score);
        CHECK_INT(tm_auc(score, test->label, NULL, N_MAX, &auc), TM_OK);
    }
    tm_net_free(net);
    free(train);
    free(test);
    return auc;
}

static void delay_of_milliseconds_beside_pauses_of_seconds_is_learned(void)
{
    double auc = learn_delay(3000);
    printf("AUC of answers 3 ms late: %.3f\n", auc);
    CHECK(auc > 0.9);
}

/* One of two folds of whole groups. */
static void judge_fold(const struct data *d, const uint8_t *fold, uint8_t k, float *score)
{
    struct tm_net_cfg cfg = tm_net_cfg_default();
    struct tm_net *net = NULL;
    float *train = malloc(sizeof d->x);
    uint8_t label[N_MAX];
    uint32_t n = 0;
    cfg.n_epochs = 8;
    for (uint32_t i = 0; train && i < N_MAX; i++) {
        if (fold[i] == k)
            continue;
        memcpy(train + (size_t)n * TM_NET_INPUT, d->x[i], sizeof d->x[i]);
        label[n++] = d->label[i];
    }
    CHECK_INT(tm_net_fit(&net, &cfg, train, label, n), TM_OK);
    for (uint32_t i = 0; net && i < N_MAX; i++) {
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
        struct data *d = noise(90 + seed);
        struct tm_rng rng = rng_of(seed);
        struct tm_interval auc = {0, 0, 0};
        uint8_t fold[N_MAX];
        float score[N_MAX];
        if (!d)
            return;
        CHECK_INT(tm_fold_by_group(d->group, d->label, N_MAX, 2, &rng, fold), TM_OK);
        for (uint8_t k = 0; k < 2; k++)
            judge_fold(d, fold, k, score);
        CHECK_INT(tm_auc_by_fold(score, d->label, d->group, fold, N_MAX, 200, &rng, &auc), TM_OK);
        CHECK(auc.low < auc.value && auc.value < auc.high);
        sum += auc.value;
        free(d);
    }
    printf("AUC of noise: %.3f\n", sum / 4);
    CHECK(fabs(sum / 4 - 0.5) < 0.055);
}

static void same_seed_gives_the_same_weights_and_another_others(void)
{
    struct data *d = noise(11);
    struct tm_net *net[3] = {NULL, NULL, NULL};
    struct tm_net_cfg cfg = tm_net_cfg_default();
    cfg.n_epochs = 1;
    for (int i = 0; d && i < 3; i++) {
        cfg.seed = i == 2 ? 2 : 1;
        CHECK_INT(tm_net_fit(&net[i], &cfg, d->x[0], d->label, 100), TM_OK);
    }
    if (net[0] && net[1] && net[2]) {
        size_t len = TM_NET_WEIGHTS * sizeof(float);
        CHECK_MEM(tm_net_weights(net[0]), tm_net_weights(net[1]), len);
        CHECK(memcmp(tm_net_weights(net[0]), tm_net_weights(net[2]), len) != 0);
    }
    for (int i = 0; i < 3; i++)
        tm_net_free(net[i]);
    free(d);
}

static void training_lowers_the_loss(void)
{
    struct data *d = noise(13);
    struct tm_net *net[2] = {NULL, NULL};
    struct tm_net_cfg cfg = tm_net_cfg_default();
    if (!d)
        return;
    mark(d, 14);
    CHECK_INT(tm_net_new(&net[0], cfg.seed), TM_OK);
    CHECK_INT(tm_net_fit(&net[1], &cfg, d->x[0], d->label, 200), TM_OK);
    if (net[0] && net[1])
        CHECK(tm_net_loss(net[1], d->x[0], d->label, 200, NULL) <
              0.5 * tm_net_loss(net[0], d->x[0], d->label, 200, NULL));
    tm_net_free(net[0]);
    tm_net_free(net[1]);
    free(d);
}

static void one_class_alone_is_refused(void)
{
    struct data *d = noise(15);
    struct tm_net *net = NULL;
    struct tm_net_cfg cfg = tm_net_cfg_default();
    if (!d)
        return;
    memset(d->label, 1, sizeof d->label);
    CHECK_INT(tm_net_fit(&net, &cfg, d->x[0], d->label, 20), TM_ERR_RANGE);
    CHECK(net == NULL);
    CHECK_INT(tm_net_fit(&net, &cfg, d->x[0], d->label, 0), TM_ERR_RANGE);
    free(d);
}

static const struct check_case CASES[] = {
    {"gradient_is_that_of_finite_differences", gradient_is_that_of_finite_differences},
    {"short_mark_anywhere_near_the_beginning_is_learned",
     short_mark_anywhere_near_the_beginning_is_learned},
    {"delay_of_milliseconds_beside_pauses_of_seconds_is_learned",
     delay_of_milliseconds_beside_pauses_of_seconds_is_learned},
    {"noise_stays_at_chance_in_folds_by_group", noise_stays_at_chance_in_folds_by_group},
    {"same_seed_gives_the_same_weights_and_another_others",
     same_seed_gives_the_same_weights_and_another_others},
    {"training_lowers_the_loss", training_lowers_the_loss},
    {"one_class_alone_is_refused", one_class_alone_is_refused},
};
CHECK_MAIN("audit/ml/net", CASES)
