#include "audit/wf/cumul.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/svm.h"
#include "tm/base/rng.h"

#define FOLDS 3U

static const int C_LOG2[] = {3, 7, 11, 15};
static const int GAMMA_LOG2[] = {-7, -5, -3, -1, 1};
#define N_C     (sizeof C_LOG2 / sizeof *C_LOG2)
#define N_GAMMA (sizeof GAMMA_LOG2 / sizeof *GAMMA_LOG2)

/* One inner fold: rows to learn from and rows to try. */
struct inner {
    float *x[2];
    uint32_t *label[2];
    uint32_t n[2]; /* learnt from, tried */
    uint32_t *guess;
};

static void inner_free(struct inner *v)
{
    for (int side = 0; side < 2; side++) {
        free(v->x[side]);
        free(v->label[side]);
    }
    free(v->guess);
}

static int inner_of(struct inner *v, const struct tm_cumul_rows *r, const uint8_t *fold, uint32_t f)
{
    *v = (struct inner){.guess = malloc(r->n_train * sizeof *v->guess)};
    for (int side = 0; side < 2; side++) {
        v->x[side] = malloc((size_t)r->n_train * r->d * sizeof(float));
        v->label[side] = malloc(r->n_train * sizeof(uint32_t));
        if (!v->x[side] || !v->label[side])
            return TM_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < r->n_train; i++) {
        int side = fold[i] == f;
        uint32_t at = v->n[side]++;
        memcpy(v->x[side] + (size_t)at * r->d, r->train + (size_t)i * r->d, r->d * sizeof(float));
        v->label[side][at] = r->label[i];
    }
    return v->guess ? TM_OK : TM_ERR_NOMEM;
}

/* Adds the hits of this fold under one choice; a fold that has but one class has none. */
static int try_choice(struct inner *v, const struct tm_cumul_rows *r, const struct tm_svm_cfg *cfg,
                      uint32_t *hits)
{
    struct tm_svm *svm = NULL;
    int rc = tm_svm_fit(&svm, cfg, v->x[0], v->label[0], v->n[0], r->d, r->k);
    if (rc == TM_ERR_RANGE)
        return TM_OK;
    if (rc == TM_OK)
        rc = tm_svm_class(svm, v->x[1], v->n[1], v->guess);
    for (uint32_t i = 0; i < v->n[1] && rc == TM_OK; i++)
        *hits += v->guess[i] == v->label[1][i];
    tm_svm_free(svm);
    return rc;
}

/* Rows of each label are dealt to the folds in turn, in a random order. */
static int deal(const struct tm_cumul_rows *r, uint64_t seed, uint8_t *fold)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    uint32_t *order = malloc(r->n_train * sizeof *order);
    uint32_t *next = calloc(r->k, sizeof *next);
    int rc = order && next ? TM_OK : TM_ERR_NOMEM;
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    for (uint32_t i = 0; i < r->n_train && rc == TM_OK; i++) {
        uint32_t j = (uint32_t)tm_rng_below(&rng, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (uint32_t i = 0; i < r->n_train && rc == TM_OK; i++)
        fold[order[i]] = (uint8_t)(next[r->label[order[i]]]++ % FOLDS);
    free(order);
    free(next);
    return rc;
}

static int choose(struct tm_svm_cfg *best, const struct tm_cumul_rows *r, uint64_t seed)
{
    uint32_t hits[N_C][N_GAMMA] = {{0}};
    uint8_t *fold = calloc(r->n_train, 1);
    int rc = fold ? deal(r, seed, fold) : TM_ERR_NOMEM;
    for (uint32_t f = 0; f < FOLDS && rc == TM_OK; f++) {
        struct inner v;
        rc = inner_of(&v, r, fold, f);
        for (size_t i = 0; i < N_C * N_GAMMA && rc == TM_OK; i++) {
            const struct tm_svm_cfg cfg = {ldexp(1, C_LOG2[i / N_GAMMA]),
                                           ldexp(1, GAMMA_LOG2[i % N_GAMMA])};
            rc = try_choice(&v, r, &cfg, &hits[i / N_GAMMA][i % N_GAMMA]);
        }
        inner_free(&v);
    }
    uint32_t most = 0;
    *best = (struct tm_svm_cfg){ldexp(1, C_LOG2[0]), ldexp(1, GAMMA_LOG2[0])};
    for (size_t i = 0; i < N_C * N_GAMMA; i++) {
        if (hits[i / N_GAMMA][i % N_GAMMA] <= most)
            continue;
        most = hits[i / N_GAMMA][i % N_GAMMA];
        *best =
            (struct tm_svm_cfg){ldexp(1, C_LOG2[i / N_GAMMA]), ldexp(1, GAMMA_LOG2[i % N_GAMMA])};
    }
    free(fold);
    return rc;
}

int tm_cumul_attack(const struct tm_cumul_rows *r, uint64_t seed, uint32_t *guess)
{
    struct tm_svm_cfg cfg;
    struct tm_svm *svm = NULL;
    float *span = malloc(2 * (size_t)r->d * sizeof *span);
    int rc = TM_ERR_NOMEM;
    if (!span)
        return rc;
    tm_minmax_fit(r->train, r->n_train, r->d, span, span + r->d);
    tm_minmax_apply(r->train, r->n_train, r->d, span, span + r->d);
    tm_minmax_apply(r->test, r->n_test, r->d, span, span + r->d);
    rc = choose(&cfg, r, seed);
    if (rc == TM_OK)
        rc = tm_svm_fit(&svm, &cfg, r->train, r->label, r->n_train, r->d, r->k);
    if (rc == TM_OK)
        rc = tm_svm_class(svm, r->test, r->n_test, guess);
    tm_svm_free(svm);
    free(span);
    return rc;
}
