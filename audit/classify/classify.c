#include "audit/classify/classify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/classify/finding.h"
#include "audit/classify/knn.h"
#include "audit/classify/points.h"
#include "audit/classify/rate.h"
#include "audit/classify/tight.h"
#include "audit/ml/fold.h"

#define FOLDS_MIN 3U /* one to judge, one to tune on, one to learn from */

static const uint32_t K_CHOICES[] = {1, 3, 5, 9, TM_CLASSIFY_K_MAX};
#define N_CHOICES ((uint32_t)(sizeof K_CHOICES / sizeof *K_CHOICES))

struct tm_classify_cfg tm_classify_cfg_default(void)
{
    return (struct tm_classify_cfg){.k = 3,
                                    .false_alarm = 0.05,
                                    .folds = 5,
                                    .condition_limit = 100,
                                    .n_clusters = 10,
                                    .n_boot = 500,
                                    .min_sessions = 20,
                                    .min_conns = 100,
                                    .seed = 1};
}

struct attack {
    const struct tm_classify_cfg *cfg;
    struct tm_classify_result *out;
    const struct tm_table *real_table, *cover_table;
    struct tm_points real, cover;
    struct tm_rng rng;
    uint8_t *named, *is_anomalous;             /* by real row */
    uint8_t *cover_named, *is_cover_anomalous; /* by cover row */
    uint8_t *hit;
    float *ratio[N_CHOICES]; /* of tuning */
    uint8_t *right[N_CHOICES];
};

/* ---- tuning inside one training set ---- */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* The answers for the rows of fold g of a classifier that saw neither f nor g, for each choice of k. */
static int try_inner(struct attack *a, uint32_t f, uint32_t g, uint32_t *n)
{
    struct tm_knn knn = {0};
    int rc = tm_knn_fit(&knn, &a->real, f, g);
    for (uint32_t i = 0; i < a->real.n && rc == TM_OK; i++) {
        struct tm_neighbour near[TM_CLASSIFY_K_MAX];
        if (a->real.fold[i] != g)
            continue;
        uint32_t n_near = tm_knn_look(&knn, tm_points_x(&a->real, i), near);
        for (uint32_t c = 0; c < N_CHOICES; c++) {
            uint32_t k = a->cfg->k != 0 ? a->cfg->k : K_CHOICES[c];
            struct tm_knn_answer v = tm_knn_vote(&knn, near, n_near, k);
            a->ratio[c][*n] = (float)v.ratio;
            a->right[c][*n] = v.cls == a->real.cls[i];
        }
        (*n)++;
    }
    tm_knn_deinit(&knn);
    return rc;
}

/* k and t for the classifier that does not see fold f, from the other folds in turn. */
static int tune(struct attack *a, uint32_t f, uint32_t *k, double *t)
{
    uint32_t n = 0;
    uint32_t best = 0;
    uint32_t most = 0;
    *k = a->cfg->k;
    *t = a->cfg->t;
    if (*k != 0 && *t > 0)
        return TM_OK;
    int rc = TM_OK;
    for (uint32_t g = 0; g < a->out->folds && rc == TM_OK; g++)
        if (g != f)
            rc = try_inner(a, f, g, &n);
    for (uint32_t c = 0; c < N_CHOICES; c++) {
        uint32_t n_right = 0;
        for (uint32_t i = 0; i < n; i++)
            n_right += a->right[c][i];
        if (n_right > most) {
            most = n_right;
            best = c;
        }
    }
    *k = *k != 0 ? *k : K_CHOICES[best];
    if (rc == TM_OK && *t <= 0 && n > 0) {
        qsort(a->ratio[best], n, sizeof *a->ratio[best], ascending);
        double at = ceil((1 - a->cfg->false_alarm) * n);
        *t = (double)a->ratio[best][(uint32_t)fmax(at, 1) - 1];
    }
    return rc;
}

/* ---- judging ---- */

struct judging {
    const struct tm_knn *knn;
    uint32_t fold, k;
    double t;
};

static void judge(const struct judging *with, const struct tm_points *p, uint8_t *named,
                  uint8_t *is_anomalous)
{
    for (uint32_t i = 0; i < p->n; i++) {
        struct tm_neighbour near[TM_CLASSIFY_K_MAX];
        if (p->fold[i] != with->fold)
            continue;
        uint32_t n_near = tm_knn_look(with->knn, tm_points_x(p, i), near);
        struct tm_knn_answer v = tm_knn_vote(with->knn, near, n_near, with->k);
        named[i] = v.cls;
        is_anomalous[i] = v.ratio > with->t;
    }
}

static int judge_folds(struct attack *a)
{
    struct tm_classify_result *r = a->out;
    int rc = TM_OK;
    for (uint32_t f = 0; f < r->folds && rc == TM_OK; f++) {
        struct tm_knn knn = {0};
        struct judging with = {.knn = &knn, .fold = f};
        rc = tune(a, f, &with.k, &with.t);
        if (rc == TM_OK)
            rc = tm_knn_fit(&knn, &a->real, f, TM_FOLD_NONE);
        if (rc != TM_OK)
            break;
        judge(&with, &a->real, a->named, a->is_anomalous);
        judge(&with, &a->cover, a->cover_named, a->is_cover_anomalous);
        tm_knn_deinit(&knn);
        r->k_low = f == 0 || with.k < r->k_low ? with.k : r->k_low;
        r->k_high = with.k > r->k_high ? with.k : r->k_high;
        r->t_low = f == 0 ? with.t : fmin(with.t, r->t_low);
        r->t_high = fmax(r->t_high, with.t);
    }
    return rc;
}

/* ---- what came out ---- */

static int rate_real(struct attack *a)
{
    struct tm_classify_result *r = a->out;
    struct tm_rate_input in = {.hit = a->hit,
                               .cls = a->real.cls,
                               .session = a->real.session,
                               .n = a->real.n,
                               .n_boot = a->cfg->n_boot};
    for (uint32_t i = 0; i < a->real.n; i++) {
        r->confusion[(size_t)a->real.cls[i] * r->n_classes + a->named[i]]++;
        a->hit[i] = a->named[i] == a->real.cls[i];
    }
    int rc = tm_rate(&in, TM_RATE_ALL, &a->rng, &r->accuracy);
    if (rc == TM_OK)
        rc = tm_rate(&in, TM_RATE_BY_CLASS, &a->rng, &r->balanced);
    for (uint32_t c = 0; c < r->n_classes && rc == TM_OK; c++) {
        double n_named = 0;
        for (uint32_t truth = 0; truth < r->n_classes; truth++)
            n_named += r->confusion[(size_t)truth * r->n_classes + c];
        r->classes[c].precision =
            n_named > 0 ? r->confusion[(size_t)c * r->n_classes + c] / n_named : NAN;
        rc = tm_rate_of_class(&in, (uint8_t)c, &a->rng, &r->classes[c].recall);
    }
    in.hit = a->is_anomalous;
    if (rc == TM_OK)
        rc = tm_rate(&in, TM_RATE_ALL, &a->rng, &r->flagged);
    for (uint32_t c = 0; c < r->n_classes && rc == TM_OK; c++)
        rc = tm_rate_of_class(&in, (uint8_t)c, &a->rng, &r->classes[c].flagged);
    return rc;
}

static int rate_cover(struct attack *a, uint32_t s)
{
    struct tm_classify_cover *c = &a->out->covers[s];
    struct tm_rate_input in = {.hit = a->hit,
                               .cls = a->cover.cls,
                               .session = a->cover.session,
                               .n = a->cover.n,
                               .n_boot = a->cfg->n_boot};
    for (uint32_t i = 0; i < a->cover.n; i++) {
        a->hit[i] = a->cover_named[i] == c->poses_as;
        if (a->cover.cls[i] == s)
            c->share[a->cover_named[i]] += 1.0 / c->n.n_conns;
    }
    c->named = (struct tm_interval){NAN, NAN, NAN};
    int rc = c->poses_as >= 0 ? tm_rate_of_class(&in, (uint8_t)s, &a->rng, &c->named) : TM_OK;
    in.hit = a->is_cover_anomalous;
    if (rc == TM_OK)
        rc = tm_rate_of_class(&in, (uint8_t)s, &a->rng, &c->anomalous);
    if (rc == TM_OK)
        rc = tm_tight(&c->clusters, &a->real, c->poses_as, &a->cover, (uint8_t)s, a->cfg);
    return rc;
}

/* ---- preparation ---- */

static int count_class(const struct tm_points *p, uint8_t cls, struct tm_classify_count *out)
{
    out->n_conns = 0;
    for (uint32_t i = 0; i < p->n; i++)
        out->n_conns += p->cls[i] == cls;
    return tm_group_count(p->session, p->cls, p->n, cls, &out->n_sessions);
}

/* The class that a cover's name begins with: "smtp:constant" poses as smtp. */
static int32_t class_of_name(const struct tm_classify_result *r, const char *name)
{
    size_t len = strcspn(name, ":");
    for (uint32_t c = 0; c < r->n_classes; c++)
        if (strlen(r->classes[c].name) == len && strncmp(r->classes[c].name, name, len) == 0)
            return (int32_t)c;
    return -1;
}

static int name_all(struct attack *a)
{
    struct tm_classify_result *r = a->out;
    r->classes = calloc(a->real.n_classes + 1U, sizeof *r->classes);
    r->confusion = calloc((size_t)a->real.n_classes * a->real.n_classes + 1, sizeof *r->confusion);
    r->covers = calloc(a->cover.n_classes + 1U, sizeof *r->covers);
    if (!r->classes || !r->confusion || !r->covers)
        return TM_ERR_NOMEM;
    r->n_classes = a->real.n_classes;
    r->n_covers = a->cover.n_classes;
    int rc = TM_OK;
    for (uint32_t c = 0; c < r->n_classes && rc == TM_OK; c++) {
        r->classes[c].name = strdup(a->real_table->names[a->real.name_of[c]]);
        rc =
            r->classes[c].name ? count_class(&a->real, (uint8_t)c, &r->classes[c].n) : TM_ERR_NOMEM;
        r->n.n_conns += r->classes[c].n.n_conns;
        r->n.n_sessions += r->classes[c].n.n_sessions;
        r->majority = fmax(r->majority, (double)r->classes[c].n.n_conns / a->real.n);
    }
    for (uint32_t s = 0; s < r->n_covers && rc == TM_OK; s++) {
        struct tm_classify_cover *c = &r->covers[s];
        c->name = strdup(a->cover_table->names[a->cover.name_of[s]]);
        c->share = calloc(r->n_classes + 1U, sizeof *c->share);
        rc = c->name && c->share ? count_class(&a->cover, (uint8_t)s, &c->n) : TM_ERR_NOMEM;
        if (rc == TM_OK)
            c->poses_as = class_of_name(r, c->name);
    }
    return rc;
}

static int choose_folds(struct attack *a, struct tm_msg *msg)
{
    struct tm_classify_result *r = a->out;
    r->folds = a->cfg->folds;
    for (uint32_t c = 0; c < r->n_classes; c++) {
        uint32_t n = r->classes[c].n.n_sessions;
        if (n < FOLDS_MIN)
            return tm_msg_set(
                msg, TM_ERR_RANGE,
                "class %s has %u session(s): at least %u are needed to learn, to tune and "
                "to judge by session, and %u for a claim",
                r->classes[c].name, n, FOLDS_MIN, a->cfg->min_sessions);
        r->folds = n < r->folds ? n : r->folds;
    }
    int rc =
        tm_fold_by_group(a->real.session, a->real.cls, a->real.n, r->folds, &a->rng, a->real.fold);
    return rc == TM_OK ? tm_points_deal(&a->cover, r->folds, &a->rng) : rc;
}

static int choose_columns(struct attack *a)
{
    struct tm_classify_result *r = a->out;
    uint32_t mask = 0;
    int rc = tm_points_condition(&a->real, a->cfg->condition_limit, &mask, &r->condition_kept,
                                 &r->condition_all);
    if (rc != TM_OK)
        return rc;
    r->n_cols = a->real.d;
    for (uint32_t j = 0; j < r->n_cols; j++) {
        memcpy(r->cols[j].name, a->real_table->cols[j].name, TM_COLUMN_NAME_LEN);
        r->cols[j].is_kept = mask >> j & 1;
    }
    tm_points_keep(&a->real, mask);
    tm_points_keep(&a->cover, mask);
    return TM_OK;
}

static int get_room(struct attack *a)
{
    size_t real = (size_t)a->real.n + 1;
    size_t cover = (size_t)a->cover.n + 1;
    a->named = calloc(real, 1);
    a->is_anomalous = calloc(real, 1);
    a->cover_named = calloc(cover, 1);
    a->is_cover_anomalous = calloc(cover, 1);
    a->hit = calloc(real + cover, 1);
    bool has_all = a->named && a->is_anomalous && a->cover_named && a->is_cover_anomalous && a->hit;
    for (uint32_t c = 0; c < N_CHOICES; c++) {
        a->ratio[c] = malloc(real * sizeof *a->ratio[c]);
        a->right[c] = malloc(real);
        has_all = has_all && a->ratio[c] && a->right[c];
    }
    return has_all ? TM_OK : TM_ERR_NOMEM;
}

static int check(const struct tm_table *real, const struct tm_table *cover,
                 const struct tm_classify_cfg *cfg, struct tm_msg *msg)
{
    if (cfg->k > TM_CLASSIFY_K_MAX || !(cfg->false_alarm > 0 && cfg->false_alarm <= 0.5) ||
        cfg->folds < FOLDS_MIN || cfg->folds > 255 || cfg->n_clusters < 2)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "k to %u, false alarms in (0, 0.5], %u to 255 folds, and two clusters at "
                          "least are wanted",
                          TM_CLASSIFY_K_MAX, FOLDS_MIN);
    if (real->n_cols < 1 || real->n_cols > TM_CLASSIFY_COLS_MAX)
        return tm_msg_set(msg, TM_ERR_RANGE, "%u columns: 1 to %u are wanted", real->n_cols,
                          TM_CLASSIFY_COLS_MAX);
    if (real->n_rows < 1)
        return tm_msg_set(msg, TM_ERR_RANGE, "there are no real connections to learn from");
    bool is_equal = cover->n_rows == 0 || cover->n_cols == real->n_cols;
    for (uint32_t j = 0; cover->n_rows > 0 && is_equal && j < real->n_cols; j++)
        is_equal = strcmp(cover->cols[j].name, real->cols[j].name) == 0;
    return is_equal ? TM_OK
                    : tm_msg_set(msg, TM_ERR_FORMAT, "real and cover have different columns");
}

static int attack(struct attack *a, struct tm_msg *msg)
{
    int rc = tm_points_init(&a->real, a->real_table, a->cfg->scale);
    if (rc == TM_OK)
        rc = tm_points_init(&a->cover, a->cover_table, a->cfg->scale);
    if (rc == TM_ERR_LIMIT)
        return tm_msg_set(msg, TM_ERR_RANGE, "more than 255 classes");
    if (rc == TM_OK)
        rc = name_all(a);
    if (rc == TM_OK)
        rc = choose_folds(a, msg);
    if (rc == TM_OK)
        rc = choose_columns(a);
    if (rc == TM_OK)
        rc = get_room(a);
    if (rc == TM_OK)
        rc = judge_folds(a);
    if (rc == TM_OK)
        rc = rate_real(a);
    for (uint32_t s = 0; s < a->out->n_covers && rc == TM_OK; s++)
        rc = rate_cover(a, s);
    if (rc == TM_OK)
        tm_classify_find(a->out, a->cfg);
    return rc;
}

int tm_classify(struct tm_classify_result *out, const struct tm_table *real,
                const struct tm_table *cover, const struct tm_classify_cfg *cfg, struct tm_msg *msg)
{
    static const struct tm_table NO_TABLE = {0};
    struct attack a = {
        .cfg = cfg, .out = out, .real_table = real, .cover_table = cover ? cover : &NO_TABLE};
    uint8_t seed[TM_SEED_LEN];
    *out = (struct tm_classify_result){0};
    int rc = check(real, a.cover_table, cfg, msg);
    if (rc != TM_OK)
        return rc;
    tm_seed_from_u64(seed, cfg->seed);
    tm_rng_init(&a.rng, seed);
    rc = attack(&a, msg);
    if (rc == TM_ERR_NOMEM)
        (void)tm_msg_set(msg, rc, "out of memory");
    if (rc != TM_OK)
        tm_classify_deinit(out);
    tm_points_deinit(&a.real);
    tm_points_deinit(&a.cover);
    free(a.named);
    free(a.is_anomalous);
    free(a.cover_named);
    free(a.is_cover_anomalous);
    free(a.hit);
    for (uint32_t c = 0; c < N_CHOICES; c++) {
        free(a.ratio[c]);
        free(a.right[c]);
    }
    return rc;
}

void tm_classify_deinit(struct tm_classify_result *r)
{
    for (uint32_t c = 0; c < r->n_classes; c++)
        free(r->classes[c].name);
    for (uint32_t s = 0; s < r->n_covers; s++) {
        free(r->covers[s].name);
        free(r->covers[s].share);
    }
    free(r->classes);
    free(r->confusion);
    free(r->covers);
    *r = (struct tm_classify_result){0};
}
