#include "audit/detect/c2st.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/fold.h"

/* Rounds behind the width of one permutation's interval; the mean over permutations is what counts. */
#define NULL_BOOT 100U

static void fill(struct tm_c2st_data *d, uint8_t label, uint32_t at, const struct tm_table *t,
                 const struct tm_draw *rows, uint32_t first_group)
{
    for (uint32_t i = 0; i < rows->n; i++) {
        const float *x = tm_table_x(t, rows->row[i]);
        float *to = d->x + (size_t)(at + i) * d->d;
        for (uint32_t j = 0; j < d->d; j++)
            to[j] = x[d->column[j]];
        d->label[at + i] = label;
        d->group[at + i] = first_group + t->rows[rows->row[i]].session;
    }
    d->count[label] = (struct tm_detect_count){.n_conns = rows->n, .n_sessions = rows->n_sessions};
}

int tm_c2st_join(struct tm_c2st_data *out, const struct tm_table *a, const struct tm_draw *rows_a,
                 const struct tm_table *b, const struct tm_draw *rows_b, unsigned groups)
{
    *out = (struct tm_c2st_data){.n = rows_a->n + rows_b->n};
    size_t n = (size_t)out->n + 1;
    out->column = calloc((size_t)a->n_cols + 1, sizeof *out->column);
    out->label = calloc(n, sizeof *out->label);
    out->group = calloc(n, sizeof *out->group);
    if (!out->column || !out->label || !out->group)
        goto nomem;
    for (uint32_t j = 0; j < a->n_cols; j++) {
        if (a->cols[j].groups & groups)
            out->column[out->d++] = j;
    }
    out->x = calloc(n * (out->d + 1), sizeof *out->x);
    if (!out->x)
        goto nomem;
    fill(out, 0, 0, a, rows_a, 0);
    fill(out, 1, rows_a->n, b, rows_b, a->n_names);
    return TM_OK;
nomem:
    tm_c2st_deinit(out);
    return TM_ERR_NOMEM;
}

void tm_c2st_deinit(struct tm_c2st_data *d)
{
    free(d->x);
    free(d->label);
    free(d->group);
    free(d->column);
    *d = (struct tm_c2st_data){0};
}

/* ---- cross-validation ---- */

/* What one pass over the folds works in. */
struct pass {
    const struct tm_c2st_cfg *cfg;
    const struct tm_c2st_data *data;
    const uint8_t *label; /* the data's, or permuted ones */
    uint8_t *fold;        /* n */
    float *score;         /* n: out of fold */
    float *x;             /* n x d: the rows of some folds */
    uint8_t *y;           /* n */
    float *s;             /* n */
    double *gain;         /* d; NULL: not wanted */
};

static void pass_deinit(struct pass *p)
{
    free(p->fold);
    free(p->score);
    free(p->x);
    free(p->y);
    free(p->s);
    *p = (struct pass){0};
}

static int pass_init(struct pass *p, const struct tm_c2st_cfg *cfg, const struct tm_c2st_data *data,
                     const uint8_t *label)
{
    size_t n = (size_t)data->n + 1;
    *p = (struct pass){.cfg = cfg,
                       .data = data,
                       .label = label,
                       .fold = calloc(n, 1),
                       .score = calloc(n, sizeof *p->score),
                       .x = calloc(n * (data->d + 1), sizeof *p->x),
                       .y = calloc(n, 1),
                       .s = calloc(n, sizeof *p->s)};
    if (p->fold && p->score && p->x && p->y && p->s)
        return TM_OK;
    pass_deinit(p);
    return TM_ERR_NOMEM;
}

/* The rows inside (or outside) fold k -> x, y; returns how many. */
static uint32_t gather(const struct pass *p, uint32_t k, bool is_inside)
{
    const struct tm_c2st_data *data = p->data;
    uint32_t n = 0;
    for (uint32_t i = 0; i < data->n; i++) {
        if ((p->fold[i] == k) != is_inside)
            continue;
        memcpy(p->x + (size_t)n * data->d, data->x + (size_t)i * data->d,
               data->d * sizeof *data->x);
        p->y[n++] = p->label[i];
    }
    return n;
}

static int add_gain(const struct pass *p, const struct tm_trees *trees, struct tm_msg *msg)
{
    float *g = calloc((size_t)p->data->d + 1, sizeof *g);
    int rc = g ? tm_trees_importance(trees, g, msg) : TM_ERR_NOMEM;
    for (uint32_t j = 0; rc == TM_OK && j < p->data->d; j++)
        p->gain[j] += (double)g[j] / p->cfg->folds;
    free(g);
    return rc;
}

static int score_fold(const struct pass *p, uint32_t k, struct tm_rng *rng, struct tm_msg *msg)
{
    struct tm_trees_cfg cfg = p->cfg->trees;
    struct tm_trees *trees = NULL;
    cfg.seed = tm_rng_u64(rng) >> 33; /* libraries take 31 bits */
    int rc = tm_trees_fit(&trees, &cfg, p->x, p->y, gather(p, k, false), p->data->d, msg);
    if (rc == TM_OK && p->gain)
        rc = add_gain(p, trees, msg);
    if (rc == TM_OK) {
        uint32_t n = gather(p, k, true), at = 0;
        rc = tm_trees_score(trees, p->x, n, p->s, msg);
        for (uint32_t i = 0; rc == TM_OK && i < p->data->n; i++) {
            if (p->fold[i] == k)
                p->score[i] = p->s[at++];
        }
    }
    tm_trees_free(trees);
    return rc;
}

static int score_all(struct pass *p, struct tm_rng *rng, struct tm_msg *msg)
{
    int rc = tm_fold_by_group(p->data->group, p->label, p->data->n, p->cfg->folds, rng, p->fold);
    if (rc == TM_ERR_RANGE)
        return tm_msg_set(msg, rc,
                          "a side with fewer sessions than folds: at least %u sessions a side",
                          p->cfg->folds);
    for (uint32_t k = 0; rc == TM_OK && k < p->cfg->folds; k++)
        rc = score_fold(p, k, rng, msg);
    return rc;
}

int tm_c2st(struct tm_c2st_result *out, const struct tm_c2st_cfg *cfg,
            const struct tm_c2st_data *data, struct tm_rng *rng, struct tm_msg *msg)
{
    struct pass p;
    int rc = pass_init(&p, cfg, data, data->label);
    if (rc != TM_OK)
        return rc;
    p.gain = out->gain;
    if (p.gain)
        memset(p.gain, 0, data->d * sizeof *p.gain);
    rc = score_all(&p, rng, msg);
    if (rc == TM_OK)
        rc = tm_auc_by_fold(p.score, data->label, data->group, p.fold, data->n, cfg->n_boot, rng,
                            &out->auc);
    if (rc == TM_OK)
        rc = tm_roc(p.score, data->label, p.fold, data->n, out->tpr);
    pass_deinit(&p);
    return rc;
}

int tm_c2st_permuted(struct tm_interval *auc, const struct tm_c2st_cfg *cfg,
                     const struct tm_c2st_data *data, struct tm_rng *rng, struct tm_msg *msg)
{
    struct pass p = {0};
    uint8_t *label = calloc((size_t)data->n + 1, 1);
    int rc =
        label ? tm_permute_by_group(data->group, data->label, data->n, rng, label) : TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = pass_init(&p, cfg, data, label);
    if (rc == TM_OK)
        rc = score_all(&p, rng, msg);
    if (rc == TM_OK)
        rc = tm_auc_by_fold(p.score, label, data->group, p.fold, data->n, NULL_BOOT, rng, auc);
    pass_deinit(&p);
    free(label);
    return rc;
}

static int by_value(const void *a, const void *b)
{
    const struct tm_interval *x = a, *y = b;
    return x->value < y->value ? -1 : x->value > y->value;
}

void tm_c2st_null(struct tm_detect_null *out, struct tm_interval *aucs, uint32_t n, double observed)
{
    double sum2 = 0;
    uint32_t reached = 0;
    *out = (struct tm_detect_null){.n = n, .z = (double)NAN};
    if (n == 0)
        return;
    qsort(aucs, n, sizeof *aucs, by_value);
    for (uint32_t i = 0; i < n; i++) {
        out->mean += aucs[i].value / n;
        out->half += (aucs[i].high - aucs[i].low) / 2 / n;
        reached += aucs[i].value >= observed;
    }
    for (uint32_t i = 0; i < n; i++)
        sum2 += (aucs[i].value - out->mean) * (aucs[i].value - out->mean);
    out->sd = n > 1 ? sqrt(sum2 / (n - 1)) : 0;
    out->low = aucs[n / 40].value;
    out->high = aucs[n - 1 - n / 40].value;
    out->p = (1.0 + reached) / (1.0 + n);
    if (out->sd > 0)
        out->z = (observed - out->mean) / out->sd;
}
