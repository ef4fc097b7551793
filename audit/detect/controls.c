/* Does the instrument see what is there, and nothing where there is nothing? */
#include "audit/detect/experiment.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/detect/control.h"
#include "audit/detect/space.h"
#include "audit/ml/neighbours.h"

#define KMEANS_RESTARTS 2
/* 99.9 % instead of 95 %: a control that fails by chance in one run of twenty would say nothing. */
#define WIDER (3.29 / 1.96)

static int clusters_of(uint32_t *cluster, uint32_t *n_clusters, const struct tm_table *t,
                       struct tm_rng *rng)
{
    struct tm_space space = {0};
    struct tm_space_scale scale = {0};
    float *centre = NULL;
    int rc = tm_space_fit(&space, &scale, t);
    *n_clusters = t->n_rows < TM_CONTROL_CLUSTERS ? t->n_rows : TM_CONTROL_CLUSTERS;
    if (rc == TM_OK && !(centre = calloc((size_t)*n_clusters * space.d + 1, sizeof *centre)))
        rc = TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = tm_kmeans(space.x, space.n, space.d, *n_clusters, KMEANS_RESTARTS, rng, cluster,
                       centre);
    free(centre);
    tm_space_scale_deinit(&scale);
    tm_space_deinit(&space);
    return rc;
}

static int make(const struct tm_experiment *e, struct tm_trace_set *out,
                enum tm_detect_control_kind kind, struct tm_rng *rng)
{
    const struct tm_arm *donor = &e->arm[e->has_train ? TM_TRAIN : TM_REAL];
    uint32_t n = e->arm[TM_REAL].draw.n, n_clusters = 0;
    if (kind == TM_CONTROL_NAIVE)
        return tm_control_naive(out, donor->set, n, rng);
    uint32_t *cluster = calloc(donor->set->n + 1, sizeof *cluster);
    int rc = cluster ? clusters_of(cluster, &n_clusters, &donor->table, rng) : TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = tm_control_subclass(out, donor->set, cluster, n_clusters, n, rng);
    free(cluster);
    return rc;
}

static void say(struct tm_detect_control *c, enum tm_detect_control_kind kind, bool has_train)
{
    const char *name = tm_detect_control_name(kind);
    const struct tm_detect_test *t = &c->test;
    if (!t->is_done)
        (void)snprintf(c->text, sizeof c->text, "%s: not done, too few sessions", name);
    else if (kind == TM_CONTROL_HALVES)
        (void)snprintf(c->text, sizeof c->text,
                       "%s: AUC %.3f [%.3f, %.3f] on %u + %u real connections whose sessions were "
                       "parted at random, must be at chance: %s",
                       name, t->auc.value, t->auc.low, t->auc.high, t->n[0].n_conns,
                       t->n[1].n_conns, c->is_passed ? "is" : "IS NOT");
    else
        (void)snprintf(
            c->text, sizeof c->text,
            "%s: AUC %.3f [%.3f, %.3f] on %u real against %u made of %s ones, must reach %.1f: %s",
            name, t->auc.value, t->auc.low, t->auc.high, t->n[0].n_conns, t->n[1].n_conns,
            has_train ? "training" : "the same real", TM_CONTROL_AUC_MIN,
            c->is_passed ? "found" : "NOT FOUND");
}

static int positive(struct tm_experiment *e, struct tm_detect_control *c,
                    enum tm_detect_control_kind kind, double widening, struct tm_msg *msg)
{
    uint64_t stream = kind == TM_CONTROL_NAIVE ? TM_STREAM_NAIVE : TM_STREAM_SUBCLASS;
    struct tm_trace_set set = {0};
    struct tm_arm arm = {0};
    struct tm_rng rng;
    tm_experiment_rng(e, &rng, stream);
    tm_experiment_step(e, "positive control");
    int rc = make(e, &set, kind, &rng);
    if (rc == TM_OK)
        rc = tm_arm_init(&arm, e, &set, &rng);
    if (rc == TM_OK)
        rc = tm_experiment_test(e, &c->test, &arm, TM_GROUP_ALL, stream + TM_STREAM_TEST, msg);
    tm_experiment_stretch(&c->test.auc, widening);
    c->is_passed = c->test.is_done && c->test.auc.value >= TM_CONTROL_AUC_MIN;
    tm_arm_deinit(&arm);
    tm_trace_set_deinit(&set);
    return rc;
}

static int negative(struct tm_experiment *e, struct tm_detect_control *c, double widening,
                    struct tm_msg *msg)
{
    const struct tm_table *t = &e->arm[TM_REAL].table;
    struct tm_draw half = {0}, rest = {0};
    const struct tm_experiment_rows rows = {.table = {t, t}, .draw = {&half, &rest}};
    struct tm_rng rng;
    tm_experiment_rng(e, &rng, TM_STREAM_HALVES);
    tm_experiment_step(e, "negative control");
    int rc = tm_draw_rows(&half, t, e->cfg->is_one_per_load, &rng);
    if (rc == TM_OK && e->cfg->max_conns > 0 && half.n / 2 > e->cfg->max_conns)
        tm_draw_cut(&half, t, 2 * e->cfg->max_conns);
    if (rc == TM_OK)
        rc = tm_draw_split(&half, &rest, t);
    if (rc == TM_OK)
        rc = tm_experiment_test_rows(e, &c->test, &rows, TM_GROUP_ALL,
                                     TM_STREAM_HALVES + TM_STREAM_TEST, msg);
    tm_experiment_stretch(&c->test.auc, widening);
    const struct tm_interval *i = &c->test.auc;
    c->is_passed = c->test.is_done && i->value - WIDER * (i->value - i->low) <= 0.5 &&
                   i->value + WIDER * (i->high - i->value) >= 0.5;
    tm_draw_deinit(&half);
    tm_draw_deinit(&rest);
    return rc;
}

int tm_experiment_controls(struct tm_experiment *e, struct tm_detect_result *r, double widening,
                           struct tm_msg *msg)
{
    int rc = TM_OK;
    r->has_controls = true;
    for (int k = 0; rc == TM_OK && k < TM_CONTROLS; k++) {
        enum tm_detect_control_kind kind = (enum tm_detect_control_kind)k;
        rc = kind == TM_CONTROL_HALVES ? negative(e, &r->control[k], widening, msg)
                                       : positive(e, &r->control[k], kind, widening, msg);
        say(&r->control[k], kind, e->has_train);
    }
    return rc;
}
