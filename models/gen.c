#include "models/gen.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "models/deal.h"
#include "models/gen_kind.h"
#include "models/mix.h"
#include "tm/base/time.h"

struct tm_gen {
    const struct tm_model *model;          /* borrowed; NULL: a schedule file */
    struct tm_playback *playback;          /* owned; schedule files only */
    struct tm_deal *deal;                  /* owned; joint models only */
    struct tm_gen *part[TM_MIX_PARTS_MAX]; /* owned; mixes only: one generator for each part */
    uint32_t n_users;
    struct tm_gen_user user[];
};

static size_t gen_size(uint32_t n_users)
{
    return sizeof(struct tm_gen) + n_users * sizeof(struct tm_gen_user);
}

/* A generator for each part. */
static int set_parts(struct tm_gen *g, const struct tm_gen_cfg *cfg)
{
    const struct tm_mix *mix = &g->model->u.mix;
    int rc = TM_OK;
    for (size_t i = 0; i < mix->n_parts && rc == TM_OK; i++) {
        struct tm_gen_cfg part = {.model = mix->part[i].model,
                                  .n_users = mix->part[i].n_users,
                                  .pace_us = cfg->pace_us,
                                  .maker = cfg->maker};
        tm_rng_child(part.seed, cfg->seed, TM_RNG_PART, i);
        rc = tm_gen_new(&g->part[i], &part);
        OPENSSL_cleanse(&part, sizeof part);
    }
    return rc;
}

/* The generator that has the user, whose number there it becomes. */
static struct tm_gen *part_of(const struct tm_gen *g, uint32_t *user)
{
    size_t i = 0;
    for (; *user >= g->part[i]->n_users; i++)
        *user -= g->part[i]->n_users;
    return g->part[i];
}

int tm_gen_new(struct tm_gen **out, const struct tm_gen_cfg *cfg)
{
    *out = NULL;
    if (cfg->n_users < 1 || cfg->n_users > TM_GEN_USERS_MAX || cfg->pace_us < 0)
        return TM_ERR_RANGE;
    int rc = tm_model_check(cfg->model, NULL);
    if (rc == TM_OK && cfg->model->kind == TM_MODEL_MIX &&
        tm_mix_users(&cfg->model->u.mix) != cfg->n_users)
        rc = TM_ERR_RANGE;
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
    if (g->model->kind == TM_MODEL_MIX)
        rc = set_parts(g, cfg);
    if (g->model->kind == TM_MODEL_JOINT)
        rc = tm_deal_new(&g->deal, &g->model->u.joint, cfg->seed, g->user, g->n_users, cfg->batches,
                         cfg->maker);
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
    for (size_t i = 0; i < TM_MIX_PARTS_MAX; i++)
        tm_gen_free(g->part[i]);
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
    case TM_MODEL_MIX: {
        struct tm_gen *part = part_of(g, &user);
        return tm_gen_open(part, user, open);
    }
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
    case TM_MODEL_MIX: {
        struct tm_gen *part = part_of(g, &user);
        return tm_gen_plan(part, user, index, plan);
    }
    }
    return TM_ERR_RANGE;
}

bool tm_gen_prepare(struct tm_gen *g)
{
    for (size_t i = 0; i < TM_MIX_PARTS_MAX && g->part[i]; i++) {
        if (tm_gen_prepare(g->part[i]))
            return true;
    }
    return g->deal && tm_deal_prepare(g->deal);
}

uint32_t tm_gen_missing(const struct tm_gen *g)
{
    uint32_t n = g->deal ? tm_deal_missing(g->deal) : 0;
    for (size_t i = 0; i < TM_MIX_PARTS_MAX && g->part[i]; i++)
        n += tm_gen_missing(g->part[i]);
    return n;
}

bool tm_gen_has(const struct tm_gen *g, uint32_t user)
{
    TM_ASSERT(user < g->n_users);
    const struct tm_gen *part = g->part[0] ? part_of(g, &user) : g;
    return !part->deal || tm_deal_has(part->deal, user);
}

uint64_t tm_gen_late(const struct tm_gen *g)
{
    uint64_t n = g->deal ? tm_deal_late(g->deal) : 0;
    for (size_t i = 0; i < TM_MIX_PARTS_MAX && g->part[i]; i++)
        n += tm_gen_late(g->part[i]);
    return n;
}
