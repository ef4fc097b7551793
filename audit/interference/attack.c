#include "audit/interference/attack.h"

#include <stdlib.h>
#include <string.h>

#include "audit/features/features.h"
#include "audit/ml/fold.h"
#include "audit/ml/net.h"
#include "audit/ml/trees.h"
#include "tm/base/rng.h"

#define BOOTSTRAP_ROUNDS 500U

static const struct {
    const char *name, *key;
    unsigned groups; /* of features; 0: the network */
} ATTACKS[TM_ATTACK_KINDS] = {
    {"forest, all features", "forest_all", TM_GROUP_ALL},
    {"forest, sizes", "forest_sizes", TM_GROUP_SIZES},
    {"forest, times", "forest_times", TM_GROUP_TIMES},
    {"network, segments", "network", 0},
};

const char *tm_attack_name(enum tm_attack_kind kind)
{
    return ATTACKS[kind].name;
}

const char *tm_attack_key(enum tm_attack_kind kind)
{
    return ATTACKS[kind].key;
}

/* ---- The sample ---- */

static int grow(struct tm_attack_rows *s)
{
    uint32_t cap = s->cap > 0 ? 2 * s->cap : 256;
    float *segments = realloc(s->segments, (size_t)cap * TM_NET_INPUT * sizeof *segments);
    if (!segments)
        return TM_ERR_NOMEM;
    s->segments = segments;
    uint8_t *label = realloc(s->label, cap * sizeof *label);
    if (!label)
        return TM_ERR_NOMEM;
    s->label = label;
    uint32_t *group = realloc(s->group, cap * sizeof *group);
    if (!group)
        return TM_ERR_NOMEM;
    s->group = group;
    s->cap = cap;
    return TM_OK;
}

static void encode(float *x, const struct tm_trace *t, const struct tm_trace_packet *p)
{
    memset(x, 0, sizeof(float[TM_NET_INPUT]));
    for (uint32_t i = 0; i < t->n_packets && i < TM_NET_STEPS; i++)
        tm_net_encode(x, i, p[i].dir == TM_UP ? (int64_t)p[i].bytes : -(int64_t)p[i].bytes,
                      i > 0 ? p[i].t_us - p[i - 1].t_us : 0);
}

int tm_attack_rows_add(struct tm_attack_rows *s, const struct tm_trace_set *set,
                       const struct tm_trace *t, uint8_t label, uint32_t group)
{
    static const struct tm_features_cfg CFG = {0};
    const struct tm_trace_packet *packets = tm_trace_packets(set, t);
    float *x = NULL;
    int rc = s->n == s->cap ? grow(s) : TM_OK;
    if (rc == TM_OK && s->table.n_cols == 0)
        rc = tm_features_columns(&s->table, &CFG);
    if (rc == TM_OK)
        rc = tm_table_add(&s->table, &(struct tm_row){.start_us = t->start_us}, &x);
    if (rc == TM_OK)
        rc = tm_features_of(x, &CFG, t, packets);
    if (rc != TM_OK)
        return rc;
    encode(s->segments + (size_t)s->n * TM_NET_INPUT, t, packets);
    s->label[s->n] = label;
    s->group[s->n++] = group;
    return TM_OK;
}

void tm_attack_rows_deinit(struct tm_attack_rows *s)
{
    tm_table_deinit(&s->table);
    free(s->segments);
    free(s->label);
    free(s->group);
    *s = (struct tm_attack_rows){0};
}

/* ---- One attack ---- */

struct split {
    const float *x; /* n rows of width floats */
    uint32_t n, width;
    const uint8_t *label;
    uint8_t *fold;
    float *score;
    /* Scratch for one fold, n rows each. */
    float *part;
    uint8_t *part_label;
    float *part_score;
};

/* Gathers the rows of fold k, or those of all others, and returns how many. */
static uint32_t gather(struct split *s, uint8_t k, bool is_test)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if ((s->fold[i] == k) != is_test)
            continue;
        memcpy(s->part + (size_t)n * s->width, s->x + (size_t)i * s->width,
               s->width * sizeof *s->part);
        s->part_label[n++] = s->label[i];
    }
    return n;
}

static void scatter(struct split *s, uint8_t k)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->fold[i] == k)
            s->score[i] = s->part_score[n++];
    }
}

static int run_forest(struct split *s, uint8_t k, uint64_t seed, struct tm_msg *msg)
{
    struct tm_trees_cfg cfg = tm_trees_cfg_default(TM_TREES_FOREST);
    struct tm_trees *trees = NULL;
    cfg.seed = seed;
    uint32_t n = gather(s, k, false);
    int rc = tm_trees_fit(&trees, &cfg, s->part, s->part_label, n, s->width, msg);
    if (rc == TM_OK) {
        n = gather(s, k, true);
        rc = tm_trees_score(trees, s->part, n, s->part_score, msg);
    }
    tm_trees_free(trees);
    return rc;
}

static int run_net(struct split *s, uint8_t k, uint64_t seed)
{
    struct tm_net_cfg cfg = tm_net_cfg_default();
    struct tm_net *net = NULL;
    cfg.seed = seed;
    uint32_t n = gather(s, k, false);
    int rc = tm_net_fit(&net, &cfg, s->part, s->part_label, n);
    if (rc == TM_OK) {
        n = gather(s, k, true);
        tm_net_score(net, s->part, n, s->part_score);
    }
    tm_net_free(net);
    return rc;
}

static int allocate(struct split *s)
{
    size_t n = s->n;
    s->fold = malloc(n);
    s->score = malloc(n * sizeof *s->score);
    s->part = malloc(n * s->width * sizeof *s->part);
    s->part_label = malloc(n);
    s->part_score = malloc(n * sizeof *s->part_score);
    return s->fold && s->score && s->part && s->part_label && s->part_score ? TM_OK : TM_ERR_NOMEM;
}

static void release(struct split *s)
{
    free(s->fold);
    free(s->score);
    free(s->part);
    free(s->part_label);
    free(s->part_score);
}

/* The columns of some groups, as a table of its own. */
static int choose(struct tm_table *out, const struct tm_attack_rows *s, unsigned groups)
{
    uint32_t *all = malloc(((size_t)s->n + 1) * sizeof *all);
    if (!all)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < s->n; i++)
        all[i] = i;
    int rc = tm_table_select(out, &s->table, all, s->n, groups);
    free(all);
    return rc;
}

int tm_attack_run(const struct tm_attack_rows *s, enum tm_attack_kind kind, uint64_t seed,
                  struct tm_interval *out, struct tm_msg *msg)
{
    unsigned groups = ATTACKS[kind].groups;
    struct tm_table columns = {0};
    struct split split = {.x = s->segments, .n = s->n, .width = TM_NET_INPUT, .label = s->label};
    struct tm_rng rng;
    uint8_t key[TM_SEED_LEN];
    int rc = TM_OK;
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    if (s->n == 0)
        return TM_ERR_RANGE;
    if (groups != 0) {
        if ((rc = choose(&columns, s, groups)) != TM_OK)
            goto out;
        split.x = columns.x;
        split.width = columns.n_cols;
    }
    if ((rc = allocate(&split)) != TM_OK)
        goto out;
    rc = tm_fold_by_group(s->group, s->label, s->n, TM_ATTACK_FOLDS, &rng, split.fold);
    for (uint8_t k = 0; rc == TM_OK && k < TM_ATTACK_FOLDS; k++) {
        rc = groups != 0 ? run_forest(&split, k, seed, msg) : run_net(&split, k, seed);
        if (rc == TM_OK)
            scatter(&split, k);
    }
    if (rc == TM_OK)
        rc = tm_auc_by_fold(split.score, s->label, s->group, split.fold, s->n, BOOTSTRAP_ROUNDS,
                            &rng, out);
out:
    release(&split);
    tm_table_deinit(&columns);
    return rc;
}
