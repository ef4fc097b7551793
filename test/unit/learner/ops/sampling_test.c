/* What a model gives on the wire is what the learner finds there. */
#include "learner/ops/sampling.h"

#include <string.h>

#include "learner/ops/compare.h"
#include "test/support/check.h"
#include "test/unit/learner/ops/fixed_model.h"
#include "test/unit/models/sample_models.h"
#include "tm/base/time.h"

static const uint16_t port_443[] = {443};

static struct tm_world_cfg world_cfg(void)
{
    return (struct tm_world_cfg){
        .ports = port_443,
        .n_ports = 1,
        .min_packets = 6,
        .exchange = tm_exchange_cfg_default(),
        .flow = {.max_flows = 10000, .linger_us = 60 * TM_US_PER_S},
    };
}

static int learn(const struct tm_sample_head *h, struct tm_samples *samples)
{
    struct tm_world_cfg world = world_cfg();
    struct tm_fit_cfg fit = {.group = tm_group_cfg_default(),
                             .key = TM_USER_CLIENT,
                             .end = TM_END_CLOSE,
                             .max_points = TM_DIST_POINTS_MAX};
    struct tm_sampling_learn l = {.world = &world, .fit = &fit};
    return tm_sampling_learn(h, &l, samples);
}

static void every_parameter_of_a_fixed_model_comes_back_exactly(void)
{
    struct tm_model m;
    struct tm_samples samples = {0};
    fixed_model(&m);
    struct tm_sample_head h = tm_sampling_default(&m);
    h.n_conns = 40; /* ten sessions */
    h.path = fixed_path;
    CHECK_INT(learn(&h, &samples), TM_OK);
    for (size_t p = 0; p < TM_SWING_PARAMS; p++) {
        uint64_t want = m.u.swing.param[p].pt[0].value;
        CHECK(samples.n[p] > 0);
        if (p == TM_SWING_INTER_SESSION)
            want++; /* between the ends that the tap sees; the client is 1 us behind it */
        for (size_t i = 0; i < samples.n[p]; i++)
            CHECK_INT(samples.v[p][i], want);
    }
    CHECK_INT(samples.n[TM_SWING_NUM_PAIRS], 40);
    CHECK_INT(samples.n[TM_SWING_RSP], 80);
    CHECK_INT(samples.n[TM_SWING_NUM_RRE], 10);
    tm_samples_deinit(&samples);
    tm_model_deinit(&m);
}

static void distributions_come_back_within_chance(void)
{
    /* Error level: 0.001 for each of the six parameters that are not censored, seed fixed. */
    struct tm_model m;
    struct tm_samples samples = {0};
    struct tm_marginals a;
    struct tm_marginals b;
    struct tm_compared c[TM_SWING_PARAMS];
    CHECK_INT(sample_swing(&m, "web", 0), TM_OK);
    struct tm_sample_head h = tm_sampling_default(&m);
    h.n_conns = 2000;
    h.n_users = 3;
    CHECK_INT(learn(&h, &samples), TM_OK);
    CHECK_INT(samples.n[TM_SWING_NUM_PAIRS], 2000);
    CHECK_INT(tm_marginals_copy(&a, &m.u.swing), TM_OK);
    CHECK_INT(tm_marginals_fit(&b, &samples), TM_OK);
    /* A model of 8 values says little: as the truth itself it is compared with what 2000 connections give. */
    for (size_t p = 0; p < TM_SWING_PARAMS; p++)
        for (size_t i = 0; i < a.param[p].n_points; i++)
            a.param[p].pt[i].cum *= 1000000;
    CHECK_INT(tm_compare(&a, &b, c), TM_OK);
    for (size_t p = 0; p < TM_SWING_PARAMS; p++)
        CHECK(!c[p].is_tested || c[p].is_censored || c[p].is_same);
    CHECK(c[TM_SWING_REQ].is_tested && c[TM_SWING_RSP].is_tested &&
          c[TM_SWING_CLOSE_THINK].is_tested);
    tm_marginals_deinit(&a);
    tm_marginals_deinit(&b);
    tm_samples_deinit(&samples);
    tm_model_deinit(&m);
}

static void any_kind_can_be_sampled_and_another_seed_gives_another_sample(void)
{
    struct tm_model m;
    struct tm_samples samples = {0};
    tm_model_constant_default(&m);
    struct tm_sample_head h = tm_sampling_default(&m);
    h.n_conns = 20;
    CHECK_INT(learn(&h, &samples), TM_OK);
    CHECK_INT(samples.n[TM_SWING_REQ], 200);
    for (size_t i = 0; i < samples.n[TM_SWING_REQ]; i++)
        CHECK_INT(samples.v[TM_SWING_REQ][i], 1448);
    tm_samples_deinit(&samples);
    tm_model_deinit(&m);

    uint64_t sum[2] = {0};
    CHECK_INT(sample_swing(&m, "web", 0), TM_OK);
    for (uint64_t seed = 0; seed < 2; seed++) {
        h = tm_sampling_default(&m);
        h.n_conns = 50;
        h.seed = seed;
        CHECK_INT(learn(&h, &samples), TM_OK);
        for (size_t i = 0; i < samples.n[TM_SWING_RSP]; i++)
            sum[seed] += samples.v[TM_SWING_RSP][i];
        tm_samples_deinit(&samples);
    }
    CHECK(sum[0] != sum[1]);
    tm_model_deinit(&m);
}

static const struct check_case CASES[] = {
    {"every_parameter_of_a_fixed_model_comes_back_exactly",
     every_parameter_of_a_fixed_model_comes_back_exactly},
    {"distributions_come_back_within_chance", distributions_come_back_within_chance},
    {"any_kind_can_be_sampled_and_another_seed_gives_another_sample",
     any_kind_can_be_sampled_and_another_seed_gives_another_sample},
};
CHECK_MAIN("sampling", CASES)
