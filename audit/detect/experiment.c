#include "audit/detect/experiment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/features.h"

void tm_experiment_rng(const struct tm_experiment *e, struct tm_rng *rng, uint64_t stream)
{
    uint8_t seed[TM_SEED_LEN], child[TM_SEED_LEN];
    tm_seed_from_u64(seed, e->cfg->seed);
    tm_rng_child(child, seed, TM_RNG_TEST, stream);
    tm_rng_init(rng, child);
}

void tm_experiment_step(struct tm_experiment *e, const char *what)
{
    if (e->cfg->progress)
        e->cfg->progress(e->cfg->progress_ctx, what, e->n_done, e->n_steps);
    e->n_done++;
}

int tm_arm_init(struct tm_arm *a, const struct tm_experiment *e, const struct tm_trace_set *set,
                struct tm_rng *rng)
{
    struct tm_features_cfg cfg = {.groups = (unsigned)TM_GROUP_ALL |
                                            (e->cfg->groups & (unsigned)TM_GROUP_TAM),
                                  .floor_us = e->cfg->floor_us};
    *a = (struct tm_arm){.set = set};
    int rc = tm_features_columns(&a->table, &cfg);
    if (rc == TM_OK)
        rc = tm_features_add(&a->table, &cfg, set);
    if (rc == TM_OK)
        rc = tm_draw_rows(&a->draw, &a->table, e->cfg->is_one_per_load, rng);
    if (rc != TM_OK)
        tm_arm_deinit(a);
    return rc;
}

void tm_arm_deinit(struct tm_arm *a)
{
    tm_table_deinit(&a->table);
    tm_draw_deinit(&a->draw);
}

int tm_experiment_test_rows(const struct tm_experiment *e, struct tm_detect_test *out,
                            const struct tm_experiment_rows *rows, unsigned group, uint64_t stream,
                            struct tm_msg *msg)
{
    struct tm_c2st_cfg cfg = {.trees = e->cfg->trees, .folds = e->folds, .n_boot = e->cfg->n_boot};
    struct tm_c2st_data data;
    struct tm_c2st_result result = {.gain = NULL};
    struct tm_rng rng;
    *out = (struct tm_detect_test){.is_done = false};
    int rc =
        tm_c2st_join(&data, rows->table[0], rows->draw[0], rows->table[1], rows->draw[1], group);
    if (rc != TM_OK)
        return rc;
    out->n[0] = data.count[0];
    out->n[1] = data.count[1];
    if (data.count[0].n_sessions >= e->folds && data.count[1].n_sessions >= e->folds) {
        tm_experiment_rng(e, &rng, stream);
        rc = tm_c2st(&result, &cfg, &data, &rng, msg);
        out->auc = result.auc;
        out->is_done = rc == TM_OK;
    }
    tm_c2st_deinit(&data);
    return rc;
}

/* A copy of a draw, cut to n rows. */
static int cut_copy(struct tm_draw *out, const struct tm_draw *d, const struct tm_table *t,
                    uint32_t n)
{
    *out = *d;
    out->row = calloc((size_t)d->n + 1, sizeof *out->row);
    if (!out->row)
        return TM_ERR_NOMEM;
    memcpy(out->row, d->row, d->n * sizeof *d->row);
    tm_draw_cut(out, t, n);
    return TM_OK;
}

int tm_experiment_test(const struct tm_experiment *e, struct tm_detect_test *out,
                       const struct tm_arm *other, unsigned group, uint64_t stream,
                       struct tm_msg *msg)
{
    const struct tm_arm *real = &e->arm[TM_REAL];
    uint32_t n = real->draw.n < other->draw.n ? real->draw.n : other->draw.n;
    struct tm_draw a = {0}, b = {0};
    const struct tm_experiment_rows rows = {.table = {&real->table, &other->table},
                                            .draw = {&a, &b}};
    int rc = cut_copy(&a, &real->draw, &real->table, n);
    if (rc == TM_OK)
        rc = cut_copy(&b, &other->draw, &other->table, n);
    if (rc == TM_OK)
        rc = tm_experiment_test_rows(e, out, &rows, group, stream, msg);
    tm_draw_deinit(&a);
    tm_draw_deinit(&b);
    return rc;
}

/* ---- intervals ---- */

#define WIDEN_NULL_MIN 5U

void tm_experiment_stretch(struct tm_interval *i, double by)
{
    i->low = fmax(0, i->value - by * (i->value - i->low));
    i->high = fmin(1, i->value + by * (i->high - i->value));
}

/* 97.5 % point of Student's t, to second order in 1 / freedom (Abramowitz, Stegun 26.7.5). */
static double student_975(double freedom)
{
    const double z = 1.959964;
    return z + (z * z * z + z) / (4 * freedom) +
           (5 * pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * freedom * freedom);
}

void tm_experiment_widen(struct tm_detect_result *r)
{
    double square[TM_FEATURE_GROUPS] = {0}, sum = 0;
    uint32_t n = 0;
    for (uint32_t g = 0; g < r->n_groups; g++) {
        const struct tm_detect_null *null = &r->groups[g].null;
        r->groups[g].widening = 1;
        if (null->n < WIDEN_NULL_MIN || !(null->half > 0))
            continue;
        double ratio = student_975(null->n) * null->sd / null->half;
        square[g] = ratio * ratio;
        sum += square[g];
        n++;
    }
    for (uint32_t g = 0; g < r->n_groups && n > 0; g++) {
        r->groups[g].widening = fmax(1, sqrt((square[g] + sum / n) / 2));
        tm_experiment_stretch(&r->groups[g].cover.auc, r->groups[g].widening);
    }
    if (n < r->n_groups)
        tm_detect_warn(r,
                       "fewer than %u permutations: intervals are the bootstrap's alone, which "
                       "are too narrow by about a third",
                       WIDEN_NULL_MIN);
}
