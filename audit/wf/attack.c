#include "audit/wf/attack.h"

#include <stdlib.h>
#include <string.h>

#include "audit/ml/forest.h"
#include "audit/ml/slotnet.h"
#include "audit/wf/cumul.h"

#define NEIGHBOURS 3U
#define MANY       100U /* visits from which on the network sees each less often */

const char *tm_wf_attack_name(enum tm_wf_attack a)
{
    static const char *const NAMES[] = {"forest", "leaves", "cumul", "network"};
    return NAMES[a];
}

struct tm_wf_effort tm_wf_effort_default(void)
{
    return (struct tm_wf_effort){.n_trees = tm_forest_cfg_default().n_trees,
                                 .n_epochs = tm_slotnet_cfg_default().n_epochs};
}

/* Rows of one kind, and the labels of the training ones. */
struct rows {
    float *train, *test;
    uint32_t *label;
    uint32_t d;
};

static void rows_free(struct rows *r)
{
    free(r->train);
    free(r->test);
    free(r->label);
}

static int rows_of(struct rows *r, const struct tm_wf_task *t, enum tm_wf_rows kind)
{
    size_t d = t->sample->d[kind];
    *r = (struct rows){.train = malloc((t->n_train + 1) * d * sizeof(float)),
                       .test = malloc((t->n_test + 1) * d * sizeof(float)),
                       .label = malloc((t->n_train + 1) * sizeof(uint32_t)),
                       .d = (uint32_t)d};
    if (!r->train || !r->test || !r->label)
        return TM_ERR_NOMEM;
    tm_wf_sample_pick(t->sample, kind, t->train, t->n_train, r->train);
    tm_wf_sample_pick(t->sample, kind, t->test, t->n_test, r->test);
    for (uint32_t i = 0; i < t->n_train; i++)
        r->label[i] = t->label[t->train[i]];
    return TM_OK;
}

/* ---- k-FP ---- */

/* The nearest training visits, nearest first; of those as near, the first. */
struct near {
    uint32_t distance[NEIGHBOURS], label[NEIGHBOURS];
    uint32_t n;
};

static void put_near(struct near *near, uint32_t distance, uint32_t label)
{
    uint32_t at = near->n;
    while (at > 0 && near->distance[at - 1] > distance)
        at--;
    if (at == NEIGHBOURS)
        return;
    if (near->n < NEIGHBOURS)
        near->n++;
    for (uint32_t i = near->n - 1; i > at; i--) {
        near->distance[i] = near->distance[i - 1];
        near->label[i] = near->label[i - 1];
    }
    near->distance[at] = distance;
    near->label[at] = label;
}

static uint32_t name_by(const struct near *near, const struct tm_wf_task *t)
{
    uint32_t best = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < near->n; i++) {
        uint32_t n = 0;
        for (uint32_t j = 0; j < near->n; j++)
            n += near->label[j] == near->label[i];
        if (n > most) {
            most = n;
            best = i;
        }
    }
    return t->is_open && most < near->n ? t->k - 1 : near->label[best];
}

static int name_by_leaves(const struct tm_forest *f, const struct rows *r,
                          const struct tm_wf_task *t, uint32_t n_trees, uint32_t *guess)
{
    uint32_t *train = malloc((size_t)t->n_train * n_trees * sizeof *train);
    uint32_t *mine = malloc(n_trees * sizeof *mine);
    int rc = train && mine ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; i < t->n_train && rc == TM_OK; i++)
        tm_forest_leaves(f, r->train + (size_t)i * r->d, train + (size_t)i * n_trees);
    for (uint32_t q = 0; q < t->n_test && rc == TM_OK; q++) {
        struct near near = {.n = 0};
        tm_forest_leaves(f, r->test + (size_t)q * r->d, mine);
        for (uint32_t i = 0; i < t->n_train; i++) {
            const uint32_t *leaf = train + (size_t)i * n_trees;
            uint32_t distance = 0;
            for (uint32_t j = 0; j < n_trees; j++)
                distance += leaf[j] != mine[j];
            put_near(&near, distance, r->label[i]);
        }
        guess[q] = name_by(&near, t);
    }
    free(train);
    free(mine);
    return rc;
}

static int attack_kfp(enum tm_wf_attack a, const struct tm_wf_task *t, const struct tm_wf_effort *e,
                      const struct rows *r, uint32_t *guess)
{
    struct tm_forest_cfg cfg = tm_forest_cfg_default();
    struct tm_forest *f = NULL;
    cfg.n_trees = e->n_trees;
    cfg.seed = t->seed;
    int rc = tm_forest_fit(&f, &cfg, r->train, r->label, t->n_train, r->d, t->k);
    if (rc != TM_OK)
        return rc;
    if (a == TM_WF_LEAVES)
        rc = name_by_leaves(f, r, t, e->n_trees, guess);
    for (uint32_t q = 0; q < t->n_test && a == TM_WF_FOREST; q++)
        guess[q] = tm_forest_class(f, r->test + (size_t)q * r->d);
    tm_forest_free(f);
    return rc;
}

/* ---- The network ---- */

static int attack_network(const struct tm_wf_task *t, const struct tm_wf_effort *e,
                          const struct rows *r, uint32_t *guess)
{
    struct tm_slotnet_cfg cfg = tm_slotnet_cfg_default();
    struct tm_slotnet *net = NULL;
    cfg.n_epochs = e->n_epochs;
    if (t->n_train > MANY)
        cfg.n_epochs =
            1 + (e->n_epochs - 1) * (MANY > t->n_train / 5 ? MANY : t->n_train / 5) / t->n_train;
    cfg.seed = t->seed;
    int rc = tm_slotnet_fit(&net, &cfg, r->train, r->label, t->n_train, t->k);
    for (uint32_t q = 0; q < t->n_test && rc == TM_OK; q++)
        guess[q] = tm_slotnet_class(net, r->test + (size_t)q * r->d);
    tm_slotnet_free(net);
    return rc;
}

static bool has_two_labels(const struct tm_wf_task *t)
{
    for (uint32_t i = 1; i < t->n_train; i++)
        if (t->label[t->train[i]] != t->label[t->train[0]])
            return true;
    return false;
}

int tm_wf_attack(enum tm_wf_attack a, const struct tm_wf_task *t, const struct tm_wf_effort *e,
                 uint32_t *guess)
{
    static const enum tm_wf_rows KIND[] = {TM_WF_KFP, TM_WF_KFP, TM_WF_CUMUL, TM_WF_TAM};
    struct rows r = {0};
    if (!has_two_labels(t))
        return TM_ERR_RANGE;
    int rc = rows_of(&r, t, KIND[a]);
    if (rc == TM_OK && a == TM_WF_SVM) {
        struct tm_cumul_rows rows = {r.train, r.test, r.label, t->n_train, t->n_test, r.d, t->k};
        rc = tm_cumul_attack(&rows, t->seed, guess);
    } else if (rc == TM_OK) {
        rc = a == TM_WF_NETWORK ? attack_network(t, e, &r, guess) : attack_kfp(a, t, e, &r, guess);
    }
    rows_free(&r);
    return rc;
}
