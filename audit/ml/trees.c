#include "audit/ml/trees.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xgboost/c_api.h>

/* xgboost 1.7; every parameter that decides what is learnt is set here, whatever the library's defaults become. */

struct tm_trees {
    BoosterHandle booster;
    uint32_t d;
};

struct tm_trees_cfg tm_trees_cfg_default(enum tm_trees_kind kind)
{
    if (kind == TM_TREES_FOREST)
        return (struct tm_trees_cfg){
            .kind = kind, .n_trees = 100, .depth = 10, .leaves = 24, .seed = 1};
    return (struct tm_trees_cfg){.kind = kind, .n_trees = 70, .depth = 6, .leaves = 8, .seed = 1};
}

struct param {
    const char *name;
    char value[24];
};

static const struct param COMMON[] = {
    {"booster", "gbtree"},   {"objective", "binary:logistic"},     {"base_score", "0.5"},
    {"tree_method", "hist"}, {"grow_policy", "lossguide"},         {"nthread", "1"},
    {"verbosity", "0"},      {"disable_default_eval_metric", "1"},
};
/* Boosting: rows and columns drawn for each tree (stochastic gradient boosting, Friedman 2002). */
static const struct param BOOSTED[] = {
    {"learning_rate", "0.15"}, {"subsample", "0.8"}, {"max_bin", "128"},
    {"min_child_weight", "1"}, {"reg_lambda", "1"},
};
/* A forest is one round of parallel trees, each on 63 % of the rows (as many distinct ones as a bootstrap has).
 * A row weighs p(1 - p) = 1/4 at the start: leaves of two rows and more. */
static const struct param FOREST[] = {
    {"learning_rate", "1"},      {"subsample", "0.632"}, {"max_bin", "64"},
    {"min_child_weight", "0.5"}, {"reg_lambda", "0.1"},
};

static int complain(struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_UNSUPPORTED, "xgboost: %.400s", XGBGetLastError());
}

static int set_all(BoosterHandle b, const struct param *p, size_t n, struct tm_msg *msg)
{
    for (size_t i = 0; i < n; i++)
        if (XGBoosterSetParam(b, p[i].name, p[i].value) != 0)
            return complain(msg);
    return TM_OK;
}

/* The share of `d` columns that a tree or a split draws from: a fifth, but `least` columns. */
static double column_share(double least, uint32_t d)
{
    return fmin(1, fmax(0.2, least / d));
}

static int configure(BoosterHandle b, const struct tm_trees_cfg *cfg, uint32_t d,
                     struct tm_msg *msg)
{
    bool is_forest = cfg->kind == TM_TREES_FOREST;
    struct param own[] = {
        {"max_depth", ""}, {"max_leaves", ""}, {"num_parallel_tree", ""}, {"seed", ""}, {"", ""}};
    (void)snprintf(own[0].value, sizeof own[0].value, "%" PRIu32, cfg->depth);
    (void)snprintf(own[1].value, sizeof own[1].value, "%" PRIu32, cfg->leaves);
    (void)snprintf(own[2].value, sizeof own[2].value, "%" PRIu32, is_forest ? cfg->n_trees : 1);
    /* The library's seed is a signed number. */
    (void)snprintf(own[3].value, sizeof own[3].value, "%" PRIu64, cfg->seed & INT32_MAX);
    own[4].name = is_forest ? "colsample_bynode" : "colsample_bytree";
    (void)snprintf(own[4].value, sizeof own[4].value, "%.6f",
                   column_share(is_forest ? sqrt(d) : 8, d));
    int rc = set_all(b, COMMON, sizeof COMMON / sizeof *COMMON, msg);
    if (rc == TM_OK)
        rc = is_forest ? set_all(b, FOREST, sizeof FOREST / sizeof *FOREST, msg)
                       : set_all(b, BOOSTED, sizeof BOOSTED / sizeof *BOOSTED, msg);
    return rc == TM_OK ? set_all(b, own, sizeof own / sizeof *own, msg) : rc;
}

static bool has_both(const uint8_t *label, uint32_t n)
{
    bool has[2] = {false, false};
    for (uint32_t i = 0; i < n; i++)
        has[label[i] == 1] = true;
    return has[0] && has[1];
}

static int fit(struct tm_trees *t, const struct tm_trees_cfg *cfg, DMatrixHandle rows,
               struct tm_msg *msg)
{
    if (XGBoosterCreate(&rows, 1, &t->booster) != 0)
        return complain(msg);
    int rc = configure(t->booster, cfg, t->d, msg);
    int n_rounds = cfg->kind == TM_TREES_FOREST ? 1 : (int)cfg->n_trees;
    for (int i = 0; i < n_rounds && rc == TM_OK; i++)
        if (XGBoosterUpdateOneIter(t->booster, i, rows) != 0)
            rc = complain(msg);
    return rc;
}

/* NOLINTNEXTLINE(readability-function-size): the arrays of one sample, one parameter each */
int tm_trees_fit(struct tm_trees **out, const struct tm_trees_cfg *cfg, const float *x,
                 const uint8_t *label, uint32_t n, uint32_t d, struct tm_msg *msg)
{
    DMatrixHandle rows = NULL;
    *out = NULL;
    if (d < 1 || cfg->n_trees < 1 || cfg->depth < 1 || cfg->leaves < 2 || !has_both(label, n))
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "trees need a column, two leaves and rows of both labels");
    struct tm_trees *t = calloc(1, sizeof *t);
    float *y = malloc(n * sizeof *y);
    int rc = TM_ERR_NOMEM;
    if (!t || !y)
        goto out;
    t->d = d;
    for (uint32_t i = 0; i < n; i++)
        y[i] = label[i] == 1 ? 1 : 0;
    if (XGDMatrixCreateFromMat(x, n, d, NAN, &rows) != 0 ||
        XGDMatrixSetFloatInfo(rows, "label", y, n) != 0) {
        rc = complain(msg);
        goto out;
    }
    rc = fit(t, cfg, rows, msg);
out:
    if (rows)
        (void)XGDMatrixFree(rows);
    free(y);
    if (rc == TM_OK)
        *out = t;
    else
        tm_trees_free(t);
    return rc;
}

int tm_trees_score(const struct tm_trees *t, const float *x, uint32_t n, float *score,
                   struct tm_msg *msg)
{
    static const char CONFIG[] = "{\"type\": 0, \"training\": false, \"iteration_begin\": 0, "
                                 "\"iteration_end\": 0, \"strict_shape\": false}";
    DMatrixHandle rows = NULL;
    bst_ulong const *shape = NULL;
    bst_ulong dim = 0;
    float const *p = NULL;
    int rc = TM_OK;
    if (n == 0)
        return TM_OK;
    if (XGDMatrixCreateFromMat(x, n, t->d, NAN, &rows) != 0 ||
        XGBoosterPredictFromDMatrix(t->booster, rows, CONFIG, &shape, &dim, &p) != 0)
        rc = complain(msg);
    else if (dim != 1 || shape[0] != n)
        rc = tm_msg_set(msg, TM_ERR_UNSUPPORTED, "xgboost: not one score for each row");
    else
        memcpy(score, p, n * sizeof *score);
    if (rows)
        (void)XGDMatrixFree(rows);
    return rc;
}

int tm_trees_importance(const struct tm_trees *t, float *gain, struct tm_msg *msg)
{
    bst_ulong n = 0;
    bst_ulong dim = 0;
    char const **names = NULL;
    bst_ulong const *shape = NULL;
    float const *scores = NULL;
    double total = 0;
    for (uint32_t j = 0; j < t->d; j++)
        gain[j] = 0;
    if (XGBoosterFeatureScore(t->booster, "{\"importance_type\": \"total_gain\"}", &n, &names, &dim,
                              &shape, &scores) != 0)
        return complain(msg);
    for (bst_ulong i = 0; i < n; i++) {
        /* Columns without names are called f0, f1, ... */
        unsigned long j = names[i][0] == 'f' ? strtoul(names[i] + 1, NULL, 10) : t->d;
        if (j >= t->d)
            return tm_msg_set(msg, TM_ERR_UNSUPPORTED, "xgboost: unknown column %.40s", names[i]);
        gain[j] = scores[i];
        total += (double)scores[i];
    }
    for (uint32_t j = 0; j < t->d && total > 0; j++)
        gain[j] = (float)((double)gain[j] / total);
    return TM_OK;
}

void tm_trees_free(struct tm_trees *t)
{
    if (!t)
        return;
    if (t->booster)
        (void)XGBoosterFree(t->booster);
    free(t);
}
