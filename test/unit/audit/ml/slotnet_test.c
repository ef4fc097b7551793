#include "audit/ml/slotnet.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

#define K 3U

/* Noise, and a burst of channel 1 whose place tells the class. */
static void draw_row(float *x, struct tm_rng *r, uint32_t cls)
{
    for (uint32_t i = 0; i < TM_SLOTNET_INPUT; i++)
        x[i] = (float)(0.3 * draw_uniform(r));
    uint32_t at = 20 + 80 * cls + (uint32_t)tm_rng_below(r, 20);
    for (uint32_t i = 0; i < 6; i++)
        x[(at + i) * TM_SLOTNET_CHANNELS + 1] += 2;
}

/* Central differences of the loss by weights drawn from everywhere; kinks of ReLU and maximum make some of them differ. */
static void gradients_are_those_of_the_loss(void)
{
    struct tm_rng r = draw_from(1);
    struct tm_slotnet *net = NULL;
    float x[3 * TM_SLOTNET_INPUT];
    const uint32_t label[] = {0, 2, 1};
    float *v = NULL;
    for (uint32_t i = 0; i < 3; i++)
        draw_row(x + (size_t)i * TM_SLOTNET_INPUT, &r, label[i]);
    CHECK_INT(tm_slotnet_new(&net, 3, K), TM_OK);
    uint32_t n = tm_slotnet_weights(net, &v);
    float *g = calloc(n, sizeof *g);
    (void)tm_slotnet_loss(net, x, label, 3, g);
    double off = 0;
    double all = 0;
    for (uint32_t i = 0; i < 120; i++) {
        uint32_t at = i < 40 ? i * 7 : (uint32_t)tm_rng_below(&r, n);
        float was = v[at];
        v[at] = was + 1e-3F;
        double more = tm_slotnet_loss(net, x, label, 3, NULL);
        v[at] = was - 1e-3F;
        double less = tm_slotnet_loss(net, x, label, 3, NULL);
        v[at] = was;
        double slope = (more - less) / 2e-3;
        off += fabs(slope - (double)g[at]);
        all += fabs(slope);
    }
    CHECK(all > 0.1 && off < 0.1 * all);
    free(g);
    tm_slotnet_free(net);
}

/* Hits of 30 rows; 48 were learned from, under their labels or such that mean nothing. */
static uint32_t hits(bool is_told)
{
    enum { TRAIN = 48, TEST = 30 };
    static float x[(TRAIN + TEST) * TM_SLOTNET_INPUT];
    uint32_t label[TRAIN + TEST];
    struct tm_slotnet_cfg cfg = tm_slotnet_cfg_default();
    struct tm_slotnet *net = NULL;
    struct tm_rng r = draw_from(2);
    uint32_t n = 0;
    for (uint32_t i = 0; i < TRAIN + TEST; i++) {
        label[i] = is_told ? i % K : (uint32_t)tm_rng_below(&r, K);
        draw_row(x + (size_t)i * TM_SLOTNET_INPUT, &r, i % K);
    }
    cfg.n_epochs = 12;
    CHECK_INT(tm_slotnet_fit(&net, &cfg, x, label, TRAIN, K), TM_OK);
    for (uint32_t i = TRAIN; i < TRAIN + TEST && net; i++)
        n += tm_slotnet_class(net, x + (size_t)i * TM_SLOTNET_INPUT) == label[i];
    tm_slotnet_free(net);
    return n;
}

static void the_place_of_a_burst_is_told(void)
{
    CHECK(hits(true) >= 28);
}

/* 30 guesses at a third: 10, standard deviation 2.6. */
static void labels_that_mean_nothing_are_not(void)
{
    uint32_t n = hits(false);
    CHECK(n <= 20);
}

static void the_seed_decides(void)
{
    float x[4 * TM_SLOTNET_INPUT];
    const uint32_t label[] = {0, 1, 2, 0};
    struct tm_rng r = draw_from(4);
    float *v[3];
    struct tm_slotnet *net[3];
    uint32_t n = 0;
    for (uint32_t i = 0; i < 4; i++)
        draw_row(x + (size_t)i * TM_SLOTNET_INPUT, &r, label[i]);
    for (int i = 0; i < 3; i++) {
        const struct tm_slotnet_cfg cfg = {2, 2, 0.003F, i < 2 ? 5 : 6};
        CHECK_INT(tm_slotnet_fit(&net[i], &cfg, x, label, 4, K), TM_OK);
        n = tm_slotnet_weights(net[i], &v[i]);
    }
    CHECK_MEM(v[0], v[1], n * sizeof *v[0]);
    CHECK(memcmp(v[0], v[2], n * sizeof *v[0]) != 0);
    for (int i = 0; i < 3; i++)
        tm_slotnet_free(net[i]);
}

static void what_cannot_be_learnt_is_refused(void)
{
    const struct tm_slotnet_cfg cfg = tm_slotnet_cfg_default();
    struct tm_slotnet *net = NULL;
    float x[TM_SLOTNET_INPUT] = {0};
    const uint32_t label = 2;
    CHECK_INT(tm_slotnet_fit(&net, &cfg, x, &label, 1, 2), TM_ERR_RANGE);
    CHECK_INT(tm_slotnet_fit(&net, &cfg, x, &label, 0, 3), TM_ERR_RANGE);
    CHECK_INT(tm_slotnet_new(&net, 1, TM_SLOTNET_CLASSES_MAX + 1), TM_ERR_RANGE);
    CHECK(net == NULL);
    tm_slotnet_free(NULL);
}

static const struct check_case CASES[] = {
    {"gradients_are_those_of_the_loss", gradients_are_those_of_the_loss},
    {"the_place_of_a_burst_is_told", the_place_of_a_burst_is_told},
    {"labels_that_mean_nothing_are_not", labels_that_mean_nothing_are_not},
    {"the_seed_decides", the_seed_decides},
    {"what_cannot_be_learnt_is_refused", what_cannot_be_learnt_is_refused},
};
CHECK_MAIN("slotnet", CASES)
