#include "audit/detect/detect.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/detect/compare.h"
#include "audit/detect/experiment.h"

struct tm_trees_cfg tm_detect_trees(enum tm_trees_kind kind)
{
    struct tm_trees_cfg cfg = tm_trees_cfg_default(kind);
    if (kind == TM_TREES_BOOSTED)
        cfg.depth = 4;
    return cfg;
}

struct tm_detect_cfg tm_detect_cfg_default(void)
{
    return (struct tm_detect_cfg){.trees = tm_detect_trees(TM_TREES_BOOSTED),
                                  .folds = 5,
                                  .n_null = 8,
                                  .n_boot = 400,
                                  .n_ks = 200,
                                  .has_controls = true,
                                  .min_sessions = 100,
                                  .min_conns = 500,
                                  .seed = 1};
}

static const unsigned GROUPS[TM_FEATURE_GROUPS] = {TM_GROUP_POSTER, TM_GROUP_SIZES, TM_GROUP_TIMES,
                                                   TM_GROUP_CUMUL,  TM_GROUP_ALL,   TM_GROUP_TAM};

/* ---- what is compared ---- */

static int load_arms(struct tm_experiment *e, struct tm_detect_result *r,
                     const struct tm_detect_input *in)
{
    int rc = TM_OK;
    for (unsigned s = 0; rc == TM_OK && s < TM_DETECT_SIDES; s++) {
        struct tm_rng rng;
        (void)snprintf(r->name[s], sizeof r->name[s], "%s", in->name[s] ? in->name[s] : "");
        (void)snprintf(r->sessions[s], sizeof r->sessions[s], "%s",
                       in->sessions[s] ? in->sessions[s] : "");
        if (!in->side[s])
            continue;
        tm_experiment_rng(e, &rng, TM_STREAM_DRAW * 10 + s);
        rc = tm_arm_init(&e->arm[s], e, in->side[s], &rng);
        if (rc == TM_OK)
            rc = tm_draw_count(&r->given[s], &e->arm[s].table);
    }
    e->has_train = e->arm[TM_TRAIN].table.n_rows > 0;
    return rc;
}

/* Equally many connections a side. */
static int choose(struct tm_experiment *e, struct tm_detect_result *r, struct tm_msg *msg)
{
    const struct tm_detect_cfg *cfg = e->cfg;
    uint32_t n = UINT32_MAX;
    for (unsigned s = TM_REAL; s <= TM_COVER; s++)
        n = e->arm[s].draw.n < n ? e->arm[s].draw.n : n;
    if (cfg->max_conns > 0 && n > cfg->max_conns)
        n = cfg->max_conns;
    e->folds = cfg->folds;
    for (unsigned s = TM_REAL; s <= TM_COVER; s++) {
        tm_draw_cut(&e->arm[s].draw, &e->arm[s].table, n);
        if (e->arm[s].draw.n_sessions < e->folds)
            e->folds = e->arm[s].draw.n_sessions;
    }
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++)
        r->used[s] = (struct tm_detect_count){e->arm[s].draw.n, e->arm[s].draw.n_sessions};
    r->folds = e->folds;
    if (e->folds >= 2)
        return TM_OK;
    return tm_msg_set(
        msg, TM_ERR_RANGE,
        "%" PRIu32 " real sessions against %" PRIu32 " of cover (%" PRIu32 " and %" PRIu32
        " connections): nothing can be learned from that; a verdict needs %" PRIu32
        " sessions and %" PRIu32 " connections a side",
        r->given[TM_REAL].n_sessions, r->given[TM_COVER].n_sessions, r->given[TM_REAL].n_conns,
        r->given[TM_COVER].n_conns, cfg->min_sessions, cfg->min_conns);
}

static int list_groups(struct tm_experiment *e, struct tm_detect_result *r)
{
    const struct tm_table *t = &e->arm[TM_REAL].table;
    unsigned wanted = e->cfg->groups ? e->cfg->groups : ~(unsigned)TM_GROUP_TAM;
    r->groups = calloc(TM_FEATURE_GROUPS, sizeof *r->groups);
    if (!r->groups)
        return TM_ERR_NOMEM;
    for (unsigned i = 0; i < TM_FEATURE_GROUPS; i++) {
        if (!(wanted & GROUPS[i]))
            continue;
        struct tm_detect_group *g = &r->groups[r->n_groups++];
        g->group = GROUPS[i];
        g->name = tm_feature_group_name(i);
        for (uint32_t j = 0; j < t->n_cols; j++)
            g->n_cols += (t->cols[j].groups & g->group) != 0;
    }
    return TM_OK;
}

/* ---- the attack ---- */

static void list_top(struct tm_detect_group *g, const double *gain, const uint32_t *column,
                     const struct tm_table *t)
{
    for (g->n_top = 0; g->n_top < TM_DETECT_TOP && g->n_top < g->n_cols; g->n_top++) {
        struct tm_detect_feature *to = &g->top[g->n_top];
        uint32_t best = UINT32_MAX;
        for (uint32_t j = 0; j < g->n_cols; j++) {
            bool is_below =
                g->n_top == 0 || gain[j] < to[-1].gain ||
                (gain[j] <= to[-1].gain && strcmp(t->cols[column[j]].name, to[-1].name) > 0);
            bool is_better = best == UINT32_MAX || gain[j] > gain[best] ||
                             (gain[j] >= gain[best] &&
                              strcmp(t->cols[column[j]].name, t->cols[column[best]].name) < 0);
            if (is_below && is_better)
                best = j;
        }
        if (best == UINT32_MAX || gain[best] <= 0)
            return;
        to->gain = gain[best];
        memcpy(to->name, t->cols[column[best]].name, sizeof to->name);
    }
}

static int null_of(struct tm_experiment *e, struct tm_detect_group *g,
                   const struct tm_c2st_data *data, const struct tm_c2st_cfg *cfg, uint32_t index,
                   struct tm_msg *msg)
{
    struct tm_interval *aucs = calloc((size_t)e->cfg->n_null + 1, sizeof *aucs);
    int rc = aucs ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t k = 0; rc == TM_OK && k < e->cfg->n_null; k++) {
        struct tm_rng rng;
        tm_experiment_rng(e, &rng, TM_STREAM_NULL + (uint64_t)index * 10000 + k);
        tm_experiment_step(e, "null");
        rc = tm_c2st_permuted(&aucs[k], cfg, data, &rng, msg);
    }
    if (rc == TM_OK)
        tm_c2st_null(&g->null, aucs, e->cfg->n_null, g->cover.auc.value);
    free(aucs);
    return rc;
}

static int attack(struct tm_experiment *e, struct tm_detect_group *g, uint32_t index,
                  struct tm_msg *msg)
{
    const struct tm_arm *real = &e->arm[TM_REAL], *cover = &e->arm[TM_COVER];
    struct tm_c2st_cfg cfg = {.trees = e->cfg->trees, .folds = e->folds, .n_boot = e->cfg->n_boot};
    struct tm_c2st_data data;
    struct tm_rng rng;
    int rc = tm_c2st_join(&data, &real->table, &real->draw, &cover->table, &cover->draw, g->group);
    if (rc != TM_OK)
        return rc;
    struct tm_c2st_result result = {.gain = calloc((size_t)data.d + 1, sizeof(double))};
    tm_experiment_rng(e, &rng, TM_STREAM_COVER + (uint64_t)index);
    tm_experiment_step(e, g->name);
    rc = result.gain ? tm_c2st(&result, &cfg, &data, &rng, msg) : TM_ERR_NOMEM;
    if (rc == TM_OK) {
        g->cover = (struct tm_detect_test){
            .is_done = true, .auc = result.auc, .n = {data.count[0], data.count[1]}};
        memcpy(g->tpr, result.tpr, sizeof g->tpr);
        list_top(g, result.gain, data.column, &real->table);
        rc = null_of(e, g, &data, &cfg, index, msg);
    }
    free(result.gain);
    tm_c2st_deinit(&data);
    return rc;
}

/* ---- feature by feature ---- */

static int by_p(const void *a, const void *b)
{
    const struct tm_detect_feature *x = a, *y = b;
    if (x->p < y->p || x->p > y->p)
        return x->p < y->p ? -1 : 1;
    if (x->ks > y->ks || x->ks < y->ks)
        return x->ks > y->ks ? -1 : 1;
    return strcmp(x->name, y->name);
}

static const struct tm_detect_feature *feature_of(const struct tm_detect_result *r,
                                                  const char *name)
{
    for (uint32_t j = 0; j < r->n_features; j++) {
        if (strcmp(r->features[j].name, name) == 0)
            return &r->features[j];
    }
    return NULL;
}

/* What single features found, beside what the trees used. */
static void join_features(struct tm_detect_result *r)
{
    for (uint32_t g = 0; g < r->n_groups; g++) {
        for (uint32_t k = 0; k < r->groups[g].n_top; k++) {
            struct tm_detect_feature *to = &r->groups[g].top[k];
            const struct tm_detect_feature *f = feature_of(r, to->name);
            to->ks = f ? f->ks : (double)NAN;
            to->p = f ? f->p : (double)NAN;
            to->p_holm = f ? f->p_holm : (double)NAN;
        }
    }
}

static int show(struct tm_detect_result *r, const struct tm_c2st_data *data,
                const struct tm_column *col, uint32_t j)
{
    for (uint32_t k = 0; k < r->n_shown; k++) {
        if (strcmp(r->shown[k].name, col->name) == 0)
            return TM_OK;
    }
    if (r->n_shown == TM_DETECT_SHOWN_MAX)
        return TM_OK;
    struct tm_detect_shown *to = &r->shown[r->n_shown++];
    memcpy(to->name, col->name, sizeof to->name);
    return tm_compare_quantiles(to->q, data, j);
}

/* The poster's features, then what the last group asked for rests on. */
static int show_key(struct tm_detect_result *r, const struct tm_c2st_data *data,
                    const struct tm_table *t)
{
    int rc = TM_OK;
    for (uint32_t j = 0; rc == TM_OK && j < data->d; j++) {
        if (t->cols[data->column[j]].groups & TM_GROUP_POSTER)
            rc = show(r, data, &t->cols[data->column[j]], j);
    }
    const struct tm_detect_group *last = &r->groups[r->n_groups - 1];
    for (uint32_t k = 0; rc == TM_OK && k < last->n_top; k++) {
        for (uint32_t j = 0; rc == TM_OK && j < data->d; j++) {
            if (strcmp(t->cols[data->column[j]].name, last->top[k].name) == 0)
                rc = show(r, data, &t->cols[data->column[j]], j);
        }
    }
    return rc;
}

static int compare(struct tm_experiment *e, struct tm_detect_result *r)
{
    const struct tm_arm *real = &e->arm[TM_REAL], *cover = &e->arm[TM_COVER];
    struct tm_c2st_data data;
    struct tm_rng rng;
    int rc =
        tm_c2st_join(&data, &real->table, &real->draw, &cover->table, &cover->draw, TM_GROUP_ALL);
    if (rc != TM_OK)
        return rc;
    tm_experiment_rng(e, &rng, TM_STREAM_KS);
    tm_experiment_step(e, "single features");
    r->features = calloc((size_t)data.d + 1, sizeof *r->features);
    r->n_features = r->features ? data.d : 0;
    for (uint32_t j = 0; j < r->n_features; j++)
        memcpy(r->features[j].name, real->table.cols[data.column[j]].name,
               sizeof r->features[j].name);
    rc = r->features ? tm_compare_features(r->features, &data, e->cfg->n_ks, &rng) : TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = show_key(r, &data, &real->table);
    for (uint32_t j = 0; j < r->n_features; j++)
        r->n_told += r->features[j].p_holm < 0.05;
    if (rc == TM_OK)
        qsort(r->features, r->n_features, sizeof *r->features, by_p);
    tm_c2st_deinit(&data);
    return rc;
}

/* ---- the run ---- */

/* Largest session and missing page loads: what makes the numbers less than they seem. */
static void warn_of_shape(const struct tm_experiment *e, struct tm_detect_result *r)
{
    static const char *const NAME[] = {"real", "cover"};
    for (unsigned s = TM_REAL; s <= TM_COVER; s++) {
        const struct tm_arm *a = &e->arm[s];
        uint32_t run = 0, largest = 0;
        for (uint32_t i = 0; i < a->draw.n; i++) {
            uint32_t before = i > 0 ? a->table.rows[a->draw.row[i - 1]].session : UINT32_MAX;
            run = a->table.rows[a->draw.row[i]].session == before ? run + 1 : 1;
            largest = run > largest ? run : largest;
        }
        if (largest * 10 > a->draw.n)
            tm_detect_warn(r,
                           "one %s session holds %" PRIu32 " of the %" PRIu32
                           " connections: intervals lean on few sessions",
                           NAME[s], largest, a->draw.n);
        if (e->cfg->is_one_per_load && r->given[s].n_conns == a->draw.n)
            tm_detect_warn(r,
                           "no %s connection shares a page load: the mix of connections can "
                           "differ by the choice of one per load alone",
                           NAME[s]);
    }
}

/* The stretch for tests on ALL: its own, or the largest where it was not asked for. */
static double control_widening(const struct tm_detect_result *r)
{
    double most = 1;
    for (uint32_t g = 0; g < r->n_groups; g++) {
        if (r->groups[g].group == TM_GROUP_ALL)
            return r->groups[g].widening;
        most = fmax(most, r->groups[g].widening);
    }
    return most;
}

static int run(struct tm_experiment *e, struct tm_detect_result *r,
               const struct tm_detect_input *in, struct tm_msg *msg)
{
    int rc = load_arms(e, r, in);
    if (rc == TM_OK)
        rc = choose(e, r, msg);
    if (rc == TM_OK)
        rc = list_groups(e, r);
    if (rc != TM_OK)
        return rc;
    e->n_steps = r->n_groups * (1 + e->cfg->n_null + (e->has_train ? 2 : 0)) +
                 (e->cfg->has_controls ? TM_CONTROLS : 0) + (e->has_train ? 2 : 1);
    for (uint32_t g = 0; rc == TM_OK && g < r->n_groups; g++)
        rc = attack(e, &r->groups[g], g, msg);
    if (rc == TM_OK) {
        tm_experiment_widen(r);
        rc = compare(e, r);
    }
    if (rc == TM_OK)
        join_features(r);
    if (rc == TM_OK && e->has_train)
        rc = tm_experiment_floors(e, r, msg);
    if (rc == TM_OK && e->has_train) {
        tm_experiment_step(e, "memorisation");
        rc = tm_experiment_memory(e, &r->memory);
    }
    if (rc == TM_OK && e->cfg->has_controls)
        rc = tm_experiment_controls(e, r, control_widening(r), msg);
    if (rc == TM_OK) {
        warn_of_shape(e, r);
        tm_experiment_judge(r, e->cfg);
    }
    return rc;
}

int tm_detect_run(struct tm_detect_result *out, const struct tm_detect_cfg *cfg,
                  const struct tm_detect_input *in, struct tm_msg *msg)
{
    struct tm_experiment e = {.cfg = cfg};
    *out = (struct tm_detect_result){.floor_us = cfg->floor_us,
                                     .is_one_per_load = cfg->is_one_per_load,
                                     .seed = cfg->seed,
                                     .learner = cfg->trees.kind};
    int rc = run(&e, out, in, msg);
    if (rc == TM_ERR_NOMEM)
        (void)tm_msg_set(msg, rc, "out of memory");
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++)
        tm_arm_deinit(&e.arm[s]);
    if (rc != TM_OK)
        tm_detect_deinit(out);
    return rc;
}

void tm_detect_deinit(struct tm_detect_result *r)
{
    free(r->groups);
    free(r->features);
    *r = (struct tm_detect_result){0};
}
