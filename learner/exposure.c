#include "learner/exposure.h"

#include <math.h>
#include <stdlib.h>

#include "models/gen.h"

#define DRAW_SEED 1U

struct tm_exposure_cfg tm_exposure_cfg_default(void)
{
    return (struct tm_exposure_cfg){
        .k = 8,
        .max_rare = 0.05,
        .min_ratio = 0.8,
        .min_ratio_q05 = 0.5,
        .max_copies = 0.05,
        .max_stretch = 0.25,
        .n_drawn = 2000,
    };
}

void tm_exposure_side_deinit(struct tm_exposure_side *s)
{
    tm_samples_deinit(&s->samples);
    tm_near_deinit(&s->points);
}

/* How many more of the values are rare in the training captures than in held-out ones, beyond what two
 * standard errors explain. */
static double excess_values(const struct tm_recall *r)
{
    if (r->n_values == 0)
        return 0;
    double rare = (double)r->n_rare;
    double chance = (double)r->n_chance;
    return (rare - chance - 2 * sqrt(rare + chance)) / (double)r->n_values;
}

static void note_worst(double value, enum tm_swing_param p, double *worst, enum tm_swing_param *of)
{
    if (value > *worst) {
        *worst = value;
        *of = p;
    }
}

/* What the model remembers of one parameter. */
static int recall(const struct tm_model *m, const struct tm_exposure_cfg *cfg,
                  enum tm_swing_param p, struct tm_exposure_side *train,
                  struct tm_exposure_side *heldout, struct tm_recall *out)
{
    struct tm_runs of_train = {0};
    struct tm_runs of_heldout = {0};
    int rc = tm_samples_runs(&train->samples, p, &of_train);
    if (rc == TM_OK && heldout)
        rc = tm_samples_runs(&heldout->samples, p, &of_heldout);
    if (rc == TM_OK)
        tm_recall(&m->u.swing.param[p], cfg->k, &of_train, heldout ? &of_heldout : NULL, out);
    free(of_train.v);
    free(of_heldout.v);
    return rc;
}

static int judge_params(const struct tm_model *m, const struct tm_exposure_cfg *cfg,
                        struct tm_exposure_side *train, struct tm_exposure_side *heldout,
                        struct tm_exposure *out)
{
    int rc = TM_OK;
    out->has_params = true;
    for (int i = 0; i < TM_SWING_PARAMS && rc == TM_OK; i++) {
        enum tm_swing_param p = (enum tm_swing_param)i;
        struct tm_recall *r = &out->param[p];
        rc = recall(m, cfg, p, train, heldout, r);
        out->n_few += r->n_few;
        note_worst(r->rare_share - r->chance_share - 2 * r->share_error, p, &out->worst_draws,
                   &out->draws_of);
        if (heldout)
            note_worst(excess_values(r), p, &out->worst_values, &out->values_of);
    }
    out->few_ok = out->n_few == 0;
    out->draws_ok = out->worst_draws <= cfg->max_rare;
    out->values_ok = out->worst_values <= cfg->max_rare;
    return rc;
}

static int draw(const struct tm_model *m, uint32_t n, struct tm_near_set *set)
{
    struct tm_gen *g;
    struct tm_plan plan = {0};
    struct tm_gen_cfg cfg = {.model = m, .n_users = 1};
    tm_seed_from_u64(cfg.seed, DRAW_SEED);
    int rc = tm_gen_new(&g, &cfg);
    for (uint32_t i = 0; i < n && rc == TM_OK; i++) {
        rc = tm_gen_plan(g, 0, i, &plan);
        if (rc == TM_OK)
            rc = tm_near_add_plan(set, &plan);
    }
    tm_plan_deinit(&plan);
    tm_gen_free(g);
    return rc;
}

static double ratio(const double v[TM_NEAR_SIDES])
{
    return v[TM_NEAR_HELDOUT] > 0 ? v[TM_NEAR_DRAWN] / v[TM_NEAR_HELDOUT] : (double)NAN;
}

static int judge_near(const struct tm_model *m, const struct tm_exposure_cfg *cfg,
                      const struct tm_exposure_side *train, const struct tm_exposure_side *heldout,
                      struct tm_exposure *out)
{
    struct tm_near_set drawn = {0};
    int rc = draw(m, cfg->n_drawn, &drawn);
    if (rc == TM_OK)
        rc = tm_near_compare(&train->points, &heldout->points, &drawn, &out->near);
    tm_near_deinit(&drawn);
    if (rc != TM_OK)
        return rc;
    const double *copies = out->near.copy_share;
    out->has_near = true;
    out->ratio = ratio(out->near.median);
    out->ratio_q05 = ratio(out->near.q05);
    out->ratio_ok = !(out->ratio < cfg->min_ratio) && !(out->ratio_q05 < cfg->min_ratio_q05);
    out->copies_ok = copies[TM_NEAR_DRAWN] - copies[TM_NEAR_HELDOUT] <= cfg->max_copies;
    out->stretch_ok =
        out->near.stretch[TM_NEAR_DRAWN] - out->near.stretch[TM_NEAR_HELDOUT] <= cfg->max_stretch;
    return TM_OK;
}

int tm_exposure(const struct tm_model *m, const struct tm_exposure_cfg *cfg,
                struct tm_exposure_side *train, struct tm_exposure_side *heldout,
                struct tm_exposure *out)
{
    *out = (struct tm_exposure){.few_ok = true,
                                .draws_ok = true,
                                .values_ok = true,
                                .ratio_ok = true,
                                .copies_ok = true,
                                .stretch_ok = true};
    int rc = train->points.n > 0 ? TM_OK : TM_ERR_RANGE;
    if (rc == TM_OK && m->kind == TM_MODEL_SWING)
        rc = judge_params(m, cfg, train, heldout, out);
    if (rc == TM_OK && heldout)
        rc = judge_near(m, cfg, train, heldout, out);
    return rc;
}

bool tm_exposure_ok(const struct tm_exposure *x)
{
    return x->few_ok && x->draws_ok && x->values_ok && x->ratio_ok && x->copies_ok && x->stretch_ok;
}
