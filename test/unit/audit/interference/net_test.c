#include "audit/ml/net.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/auc.h"
#include "test/support/check.h"
#include "test/unit/audit/interference/net_rows.h"

/* The gradient along one direction of a block of weights against the loss's finite difference. */
static void check_block(struct tm_net *net, const struct net_rows *d, const float *gradient,
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
    struct net_rows *d = net_rows_noise(1);
    struct tm_net *net = NULL;
    float gradient[TM_NET_WEIGHTS] = {0};
    struct tm_rng rng = net_rows_rng(2);
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

/* The AUC on other connections than those learned from. */
static double learn_delay(int64_t late_us)
{
    struct net_rows *train = net_rows_round_trips(27, late_us),
                    *test = net_rows_round_trips(28, late_us);
    struct tm_net_cfg cfg = tm_net_cfg_default();
    struct tm_net *net = NULL;
    float score[NET_ROWS];
    double auc = 0;
    cfg.n_epochs = 12;
    if (train && test)
        CHECK_INT(tm_net_fit(&net, &cfg, train->x[0], train->label, NET_ROWS), TM_OK);
    if (net) {
        tm_net_score(net, test->x[0], NET_ROWS, score);
        CHECK_INT(tm_auc(score, test->label, NULL, NET_ROWS, &auc), TM_OK);
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

static void same_seed_gives_the_same_weights_and_another_others(void)
{
    struct net_rows *d = net_rows_noise(11);
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
    struct net_rows *d = net_rows_noise(13);
    struct tm_net *net[2] = {NULL, NULL};
    struct tm_net_cfg cfg = tm_net_cfg_default();
    if (!d)
        return;
    net_rows_mark(d, 14);
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
    struct net_rows *d = net_rows_noise(15);
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
    {"delay_of_milliseconds_beside_pauses_of_seconds_is_learned",
     delay_of_milliseconds_beside_pauses_of_seconds_is_learned},
    {"same_seed_gives_the_same_weights_and_another_others",
     same_seed_gives_the_same_weights_and_another_others},
    {"training_lowers_the_loss", training_lowers_the_loss},
    {"one_class_alone_is_refused", one_class_alone_is_refused},
};
CHECK_MAIN("audit/ml/net", CASES)
