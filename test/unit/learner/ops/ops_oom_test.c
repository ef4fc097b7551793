/* Every n-th allocation fails: the error is TM_ERR_NOMEM, and nothing is lost. */
#include <stdlib.h>
#include <string.h>

#include "learner/ops/compare.h"
#include "learner/ops/model_json.h"
#include "learner/ops/sampling.h"
#include "test/support/check.h"
#include "test/support/oom.h"
#include "test/unit/models/sample_models.h"
#include "tm/base/time.h"

#define TRIES 20000U

static void reading_and_writing_json(void)
{
    struct tm_store_entry e[2] = {{.n_prov = 0}};
    struct tm_text want = {0};
    size_t n_failures = 0;
    CHECK_INT(sample_swing(&e[0].model, "web", 0), TM_OK);
    CHECK_INT(sample_joint(&e[1].model, "deck", 4, 0), TM_OK);
    for (int i = 0; i < 2; i++)
        tm_model_digest(&e[i].model, e[i].digest);
    tm_model_json_write(&want, e, 2);
    for (unsigned long i = 1; i < TRIES; i++) {
        struct tm_store_entry *got = NULL;
        struct tm_text t = {0};
        size_t n = 0;
        oom_fail_after(i);
        tm_model_json_write(&t, e, 2);
        int rc = tm_model_json_read(want.p, want.len, "x", &got, &n, NULL);
        oom_disable();
        bool was_hit = oom_hit();
        CHECK(t.is_bad || strcmp(t.p, want.p) == 0);
        CHECK(rc == TM_OK || (rc == TM_ERR_NOMEM && !got && n == 0));
        CHECK(was_hit == (t.is_bad || rc != TM_OK));
        n_failures += was_hit;
        tm_store_entries_free(got, n);
        tm_text_deinit(&t);
        if (!was_hit)
            break;
    }
    CHECK(n_failures > 5);
    tm_text_deinit(&want);
    for (int i = 0; i < 2; i++)
        tm_model_deinit(&e[i].model);
}

static int sample_and_compare(const struct tm_model *m)
{
    static const uint16_t ports[] = {443};
    struct tm_world_cfg world = {.ports = ports,
                                 .n_ports = 1,
                                 .min_packets = 6,
                                 .exchange = tm_exchange_cfg_default(),
                                 .flow = {.max_flows = 100, .linger_us = TM_US_PER_S}};
    struct tm_fit_cfg fit = {.group = tm_group_cfg_default(), .max_points = TM_DIST_POINTS_MAX};
    struct tm_dependence dependence = {0};
    double rho[TM_RELATIONS];
    struct tm_sampling_learn l = {.world = &world, .fit = &fit, .dependence = &dependence};
    struct tm_sample_head h = tm_sampling_default(m);
    struct tm_samples samples = {0};
    struct tm_marginals a = {0};
    struct tm_marginals b = {0};
    struct tm_compared c[TM_SWING_PARAMS];
    h.n_conns = 30;
    h.n_users = 2;
    int rc = tm_sampling_learn(&h, &l, &samples);
    if (rc == TM_OK)
        rc = tm_marginals_fit(&a, &samples);
    if (rc == TM_OK)
        rc = tm_marginals_copy(&b, &m->u.swing);
    if (rc == TM_OK)
        rc = tm_compare(&a, &b, c);
    if (rc == TM_OK)
        rc = tm_dependence_rho(&dependence, rho);
    tm_dependence_deinit(&dependence);
    tm_marginals_deinit(&a);
    tm_marginals_deinit(&b);
    tm_samples_deinit(&samples);
    return rc;
}

static void sampling_learning_and_comparing(void)
{
    struct tm_model m;
    size_t n_failures = 0;
    CHECK_INT(sample_swing(&m, "web", 0), TM_OK);
    for (unsigned long i = 1; i < TRIES; i++) {
        oom_fail_after(i);
        int rc = sample_and_compare(&m);
        oom_disable();
        if (!oom_hit()) {
            CHECK_INT(rc, TM_OK);
            break;
        }
        CHECK_INT(rc, TM_ERR_NOMEM);
        n_failures++;
    }
    CHECK(n_failures > 50 && n_failures < TRIES - 1);
    tm_model_deinit(&m);
}

static const struct check_case CASES[] = {
    {"reading_and_writing_json", reading_and_writing_json},
    {"sampling_learning_and_comparing", sampling_learning_and_comparing},
};
CHECK_MAIN("ops_oom", CASES)
