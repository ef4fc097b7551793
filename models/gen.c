#include "models/gen.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "models/deal.h"
#include "models/gen_kind.h"
#include "tm/base/time.h"

struct tm_gen {
    const struct tm_model *model; /* borrowed; NULL: a schedule file */
    struct tm_playback *playback; /* owned; schedule files only */
    struct tm_deal *deal;         /* owned; joint models only */
    uint32_t n_users;
    struct tm_gen_user user[];
};

static size_t gen_size(uint32_t n_users)
{
    return sizeof(struct tm_gen) + n_users * sizeof(struct tm_gen_user);
}

int tm_gen_new(struct tm_gen **out, const struct tm_gen_cfg *cfg)
{
    *out = NULL;
    if (cfg->n_users < 1 || cfg->n_users > TM_GEN_USERS_MAX || cfg->pace_us < 0)
        return TM_ERR_RANGE;
    int rc = tm_model_check(cfg->model, NULL);
    if (rc)
        return rc;
    struct tm_gen *g = calloc(1, gen_size(cfg->n_users));
    if (!g)
        return TM_ERR_NOMEM;
    g->model = cfg->model;
    g->n_users = cfg->n_users;
    for (uint32_t i = 0; i < cfg->n_users; i++) {
        struct tm_gen_user *u = &g->user[i];
        tm_rng_child(u->key, cfg->seed, TM_RNG_USER, i);
        u->number = i;
        u->pace_us = cfg->pace_us > 0 ? cfg->pace_us : TM_NEVER;
    }
    if (g->model->kind == TM_MODEL_JOINT)
        rc =
            tm_deal_new(&g->deal, &g->model->u.joint, cfg->seed, g->user, g->n_users, cfg->batches);
    if (rc == TM_OK)
        *out = g;
    else
        tm_gen_free(g);
    return rc;
}

int tm_gen_new_playback(struct tm_gen **out, const struct tm_schedfile *f,
                        enum tm_playback_end at_end)
{
    *out = NULL;
    if (f->n_users < 1 || f->n_users > TM_GEN_USERS_MAX)
        return TM_ERR_RANGE;
    struct tm_gen *g = calloc(1, gen_size(f->n_users));
    if (!g)
        return TM_ERR_NOMEM;
    g->n_users = f->n_users;
    int rc = tm_playback_new(&g->playback, f, at_end);
    if (rc == TM_OK)
        *out = g;
    else
        tm_gen_free(g);
    return rc;
}

void tm_gen_free(struct tm_gen *g)
{
    if (!g)
        return;
    tm_playback_free(g->playback);
    tm_deal_free(g->deal);
    OPENSSL_cleanse(g, gen_size(g->n_users));
    free(g);
}

bool tm_gen_open(struct tm_gen *g, uint32_t user, struct tm_open *open)
{
    TM_ASSERT(user < g->n_users);
    if (g->playback)
        return tm_playback_open(g->playback, user, open);
    struct tm_gen_user *u = &g->user[user];
    switch (g->model->kind) {
    case TM_MODEL_SWING:
        tm_swing_open(&g->model->u.swing, u, open);
        break;
    case TM_MODEL_CONSTANT:
        tm_constant_open(&g->model->u.constant, u, open);
        break;
    case TM_MODEL_JOINT:
        tm_swing_open(&g->model->u.joint.swing, u, open);
        break;
    }
    return true;
}

int tm_gen_plan(struct tm_gen *g, uint32_t user, uint64_t index, struct tm_plan *plan)
{
    TM_ASSERT(user < g->n_users);
    if (g->playback)
        return tm_playback_plan(g->playback, user, index, plan);
    tm_plan_clear(plan);
    switch (g->model->kind) {
    case TM_MODEL_SWING:
        return tm_swing_plan(&g->model->u.swing, g->user[user].key, index, plan);
    case TM_MODEL_CONSTANT:
        return tm_constant_plan(&g->model->u.constant, plan);
    case TM_MODEL_JOINT:
        return tm_deal_plan(g->deal, user, index, plan);
    }
    return TM_ERR_RANGE;
}

bool tm_gen_prepare(struct tm_gen *g)
{
    return g->deal && tm_deal_prepare(g->deal);
}
