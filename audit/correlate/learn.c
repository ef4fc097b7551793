#include "audit/correlate/learn.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/correlate/pair_input.h"
#include "audit/ml/fold.h"
#include "audit/ml/group.h"
#include "tm/base/rng.h"

#define OTHERS 3U /* for each true pair that is learned from */

static void encode(const struct tm_learn_set *set, uint32_t i, float *x)
{
    const struct tm_pair *p = &set->pairs->v[i];
    tm_pair_encode(x, tm_pair_flow(set->scenes, p), tm_pair_carrier(set->scenes, set->q, p));
}

/* The pairs of one label that may be learned from, in a random order. */
static uint32_t gather(const struct tm_learn_set *set, const uint8_t *fold, uint8_t but,
                       uint8_t is_true, struct tm_rng *rng, uint32_t *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->pairs->n; i++) {
        if (set->pairs->v[i].is_true == is_true && !(fold && fold[i] == but))
            out[n++] = i;
    }
    tm_shuffle(out, n, rng);
    return n;
}

static void seed_rng(struct tm_rng *rng, uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    tm_seed_from_u64(key, seed);
    tm_rng_init(rng, key);
}

int tm_learn_fit(struct tm_net **out, const struct tm_learn_cfg *cfg,
                 const struct tm_learn_set *set, const uint8_t *fold, uint8_t but)
{
    struct tm_net_cfg net = tm_net_cfg_default();
    struct tm_rng rng;
    uint32_t n[2] = {0, 0};
    uint32_t *chosen = malloc(((size_t)set->pairs->n + 1) * sizeof *chosen);
    float *x = malloc((size_t)cfg->n_rows * TM_NET_INPUT * sizeof *x);
    uint8_t *label = malloc(cfg->n_rows);
    int rc = TM_ERR_NOMEM;
    *out = NULL;
    if (!chosen || !x || !label)
        goto out;
    net.n_epochs = cfg->n_epochs;
    net.seed = cfg->seed;
    seed_rng(&rng, cfg->seed);
    for (uint8_t is_true = 0; is_true < 2; is_true++) {
        uint32_t room = is_true ? cfg->n_rows / (OTHERS + 1) : cfg->n_rows / (OTHERS + 1) * OTHERS;
        uint32_t there = gather(set, fold, but, is_true, &rng, chosen);
        n[is_true] = there < room ? there : room;
        for (uint32_t i = 0; i < n[is_true]; i++) {
            uint32_t row = (is_true ? n[0] : 0) + i;
            encode(set, chosen[i], x + (size_t)row * TM_NET_INPUT);
            label[row] = is_true;
        }
    }
    rc = tm_net_fit(out, &net, x, label, n[0] + n[1]);
out:
    free(chosen);
    free(x);
    free(label);
    return rc;
}

/* Scores the pairs of one fold; fold NULL: all. */
static int score_fold(const struct tm_net *net, const struct tm_learn_set *set, const uint8_t *fold,
                      uint8_t of, float *score)
{
    float *x = malloc(TM_NET_INPUT * sizeof *x);
    if (!x)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < set->pairs->n; i++) {
        if (fold && fold[i] != of)
            continue;
        encode(set, i, x);
        tm_net_score(net, x, 1, &score[i]);
    }
    free(x);
    return TM_OK;
}

int tm_learn_score(const struct tm_net *net, const struct tm_learn_set *set, float *score)
{
    return score_fold(net, set, NULL, 0, score);
}

static int ascending(const void *x, const void *y)
{
    float a = *(const float *)x;
    float b = *(const float *)y;
    return a < b ? -1 : a > b;
}

/* How many of v[n], ascending, are less than x; with_equal: less or equal. */
static uint32_t count_below(const float *v, uint32_t n, float x, bool with_equal)
{
    uint32_t lo = 0;
    while (lo < n) {
        uint32_t mid = lo + (n - lo) / 2;
        if (v[mid] < x || (with_equal && v[mid] <= x))
            lo = mid + 1;
        else
            n = mid;
    }
    return lo;
}

/* Scores of one fold -> shares of its false pairs below, ties counting half. */
static void rank_fold(const struct tm_pairs *pairs, const uint8_t *fold, uint8_t of, float *score,
                      float *falses)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < pairs->n; i++) {
        if (fold[i] == of && !pairs->v[i].is_true)
            falses[n++] = score[i];
    }
    if (n == 0)
        return;
    qsort(falses, n, sizeof *falses, ascending);
    for (uint32_t i = 0; i < pairs->n; i++) {
        if (fold[i] != of)
            continue;
        uint32_t below = count_below(falses, n, score[i], false);
        uint32_t not_above = count_below(falses, n, score[i], true);
        score[i] = ((float)below + (float)not_above) / (2 * (float)n);
    }
}

static int folds_of(const struct tm_pairs *pairs, uint8_t k, uint64_t seed, uint8_t *fold)
{
    struct tm_rng rng;
    uint32_t *group = malloc(((size_t)pairs->n + 1) * sizeof *group);
    uint8_t *label = malloc((size_t)pairs->n + 1);
    int rc = TM_ERR_NOMEM;
    if (!group || !label)
        goto out;
    for (uint32_t i = 0; i < pairs->n; i++) {
        group[i] = pairs->v[i].group;
        label[i] = pairs->v[i].is_true;
    }
    seed_rng(&rng, seed);
    rc = pairs->n > 0 ? tm_fold_by_group(group, label, pairs->n, k, &rng, fold) : TM_ERR_RANGE;
out:
    free(group);
    free(label);
    return rc;
}

int tm_learn_cross(const struct tm_learn_cfg *cfg, const struct tm_learn_set *set, uint8_t k,
                   float *score)
{
    uint8_t *fold = malloc((size_t)set->pairs->n + 1);
    float *falses = malloc(((size_t)set->pairs->n + 1) * sizeof *falses);
    int rc = TM_ERR_NOMEM;
    if (!fold || !falses)
        goto out;
    rc = folds_of(set->pairs, k, cfg->seed, fold);
    for (uint8_t i = 0; i < k && rc == TM_OK; i++) {
        struct tm_net *net = NULL;
        rc = tm_learn_fit(&net, cfg, set, fold, i);
        if (rc == TM_OK)
            rc = score_fold(net, set, fold, i, score);
        if (rc == TM_OK)
            rank_fold(set->pairs, fold, i, score, falses);
        tm_net_free(net);
    }
out:
    free(fold);
    free(falses);
    return rc;
}
