#include "audit/ml/forest.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/rng.h"

#define LEAF UINT32_MAX

struct node {
    float at;        /* rows below it go left */
    uint32_t column; /* LEAF: `left` is where its classes stand in `share` */
    uint32_t left, right;
};

struct tm_forest {
    struct node *nodes; /* all trees' */
    uint32_t *root;     /* n_trees */
    float *share;       /* of each leaf: k shares */
    size_t n_nodes, cap_nodes, n_leaves, cap_leaves;
    uint32_t n_trees, d, k;
};

struct keyed {
    float v;
    uint32_t label;
};

/* What growing needs. */
struct growth {
    struct tm_forest *f;
    const struct tm_forest_cfg *cfg;
    const float *x;
    const uint32_t *label;
    uint32_t *rows;       /* of the tree, n: those of a node stand together */
    struct keyed *sorted; /* room for n */
    uint32_t *columns;    /* a permutation of d */
    uint32_t *left, *all; /* k counts each */
    struct tm_rng rng;
};

struct split {
    double impurity;
    float at;
    uint32_t column;
};

struct tm_forest_cfg tm_forest_cfg_default(void)
{
    return (struct tm_forest_cfg){.n_trees = 200, .depth = 32, .min_leaf = 1, .seed = 1};
}

static float value(float v)
{
    return isnan(v) ? -INFINITY : v;
}

static int by_value(const void *a, const void *b)
{
    const struct keyed *x = a;
    const struct keyed *y = b;
    return x->v < y->v ? -1 : x->v > y->v;
}

/* n times Gini's impurity: n - sum of squares / n. */
static double impurity(double n, double squares)
{
    return n > 0 ? n - squares / n : 0;
}

/* The best place to cut rows[0..n) by one column, when it is better than *best. */
static void try_column(struct growth *g, const uint32_t *rows, uint32_t n, uint32_t column,
                       struct split *best)
{
    double squares[2] = {0, 0}; /* left, right */
    memset(g->left, 0, g->f->k * sizeof *g->left);
    for (uint32_t c = 0; c < g->f->k; c++)
        squares[1] += (double)g->all[c] * g->all[c];
    for (uint32_t i = 0; i < n; i++)
        g->sorted[i] =
            (struct keyed){value(g->x[(size_t)rows[i] * g->f->d + column]), g->label[rows[i]]};
    qsort(g->sorted, n, sizeof *g->sorted, by_value);
    for (uint32_t i = 0; i + 1 < n; i++) {
        uint32_t c = g->sorted[i].label;
        squares[0] += 2.0 * g->left[c] + 1;
        squares[1] -= 2.0 * (g->all[c] - g->left[c]) - 1;
        g->left[c]++;
        uint32_t n_left = i + 1;
        if (g->sorted[i].v >= g->sorted[i + 1].v || n_left < g->cfg->min_leaf ||
            n - n_left < g->cfg->min_leaf)
            continue;
        double got = impurity(n_left, squares[0]) + impurity(n - n_left, squares[1]);
        if (got >= best->impurity)
            continue;
        float low = g->sorted[i].v;
        float high = g->sorted[i + 1].v;
        float mid = isinf(low) ? -FLT_MAX : low + (high - low) / 2;
        *best = (struct split){got, mid > low ? mid : high, column};
    }
}

/* Draws sqrt(d) columns, and more as long as none of them cuts. */
static bool find_split(struct growth *g, const uint32_t *rows, uint32_t n, struct split *best)
{
    uint32_t d = g->f->d;
    uint32_t wanted = (uint32_t)ceil(sqrt(d));
    double squares = 0;
    for (uint32_t c = 0; c < g->f->k; c++)
        squares += (double)g->all[c] * g->all[c];
    *best = (struct split){.impurity = impurity(n, squares) - 1e-9, .column = LEAF};
    for (uint32_t i = 0; i < d && (i < wanted || best->column == LEAF); i++) {
        uint32_t j = i + (uint32_t)tm_rng_below(&g->rng, d - i);
        uint32_t drawn = g->columns[j];
        g->columns[j] = g->columns[i];
        g->columns[i] = drawn;
        try_column(g, rows, n, drawn, best);
    }
    return best->column != LEAF;
}

static int add_node(struct tm_forest *f, struct node v, uint32_t *out)
{
    if (f->n_nodes == f->cap_nodes) {
        size_t cap = f->cap_nodes == 0 ? 1024 : f->cap_nodes * 2;
        struct node *nodes = cap < LEAF ? realloc(f->nodes, cap * sizeof *nodes) : NULL;
        if (!nodes)
            return TM_ERR_NOMEM;
        f->nodes = nodes;
        f->cap_nodes = cap;
    }
    f->nodes[f->n_nodes] = v;
    *out = (uint32_t)f->n_nodes++;
    return TM_OK;
}

static int add_leaf(struct growth *g, uint32_t n, uint32_t *out)
{
    struct tm_forest *f = g->f;
    if (f->n_leaves == f->cap_leaves) {
        size_t cap = f->cap_leaves == 0 ? 1024 : f->cap_leaves * 2;
        float *share = cap < LEAF ? realloc(f->share, cap * f->k * sizeof *share) : NULL;
        if (!share)
            return TM_ERR_NOMEM;
        f->share = share;
        f->cap_leaves = cap;
    }
    for (uint32_t c = 0; c < f->k; c++)
        f->share[f->n_leaves * f->k + c] = (float)g->all[c] / (float)n;
    return add_node(f, (struct node){.column = LEAF, .left = (uint32_t)f->n_leaves++}, out);
}

/* Puts the rows that go left first; how many. */
static uint32_t part(const struct growth *g, uint32_t *rows, uint32_t n, const struct split *s)
{
    uint32_t n_left = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = rows[i];
        if (value(g->x[(size_t)row * g->f->d + s->column]) >= s->at)
            continue;
        rows[i] = rows[n_left];
        rows[n_left++] = row;
    }
    return n_left;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as cfg->depth, at most 64 */
static int grow(struct growth *g, uint32_t *rows, uint32_t n, uint32_t depth, uint32_t *out)
{
    struct split s;
    uint32_t n_classes = 0;
    memset(g->all, 0, g->f->k * sizeof *g->all);
    for (uint32_t i = 0; i < n; i++)
        n_classes += g->all[g->label[rows[i]]]++ == 0;
    if (n_classes < 2 || depth == 0 || n < 2 * g->cfg->min_leaf || !find_split(g, rows, n, &s))
        return add_leaf(g, n, out);
    uint32_t n_left = part(g, rows, n, &s);
    uint32_t child[2] = {0, 0};
    int rc = add_node(g->f, (struct node){.at = s.at, .column = s.column}, out);
    if (rc != TM_OK)
        return rc;
    rc = grow(g, rows, n_left, depth - 1, &child[0]);
    if (rc == TM_OK)
        rc = grow(g, rows + n_left, n - n_left, depth - 1, &child[1]);
    g->f->nodes[*out].left = child[0];
    g->f->nodes[*out].right = child[1];
    return rc;
}

static int grow_all(struct growth *g, uint32_t n)
{
    int rc = TM_OK;
    for (uint32_t i = 0; i < g->f->d; i++)
        g->columns[i] = i;
    for (uint32_t t = 0; t < g->f->n_trees && rc == TM_OK; t++) {
        for (uint32_t i = 0; i < n; i++)
            g->rows[i] = (uint32_t)tm_rng_below(&g->rng, n);
        rc = grow(g, g->rows, n, g->cfg->depth, &g->f->root[t]);
    }
    return rc;
}

static bool is_fit(const struct tm_forest_cfg *cfg, const uint32_t *label, uint32_t n, uint32_t d,
                   uint32_t k)
{
    if (n < 1 || d < 1 || k < 1 || k > TM_FOREST_CLASSES_MAX || cfg->n_trees < 1 ||
        cfg->depth < 1 || cfg->depth > 64 || cfg->min_leaf < 1)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (label[i] >= k)
            return false;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): the arrays of one sample, one parameter each */
int tm_forest_fit(struct tm_forest **out, const struct tm_forest_cfg *cfg, const float *x,
                  const uint32_t *label, uint32_t n, uint32_t d, uint32_t k)
{
    uint8_t seed[TM_SEED_LEN];
    *out = NULL;
    if (!is_fit(cfg, label, n, d, k))
        return TM_ERR_RANGE;
    struct tm_forest *f = calloc(1, sizeof *f);
    struct growth g = {.f = f,
                       .cfg = cfg,
                       .x = x,
                       .label = label,
                       .rows = malloc(n * sizeof *g.rows),
                       .sorted = malloc(n * sizeof *g.sorted),
                       .columns = malloc(d * sizeof *g.columns),
                       .left = malloc(k * sizeof *g.left),
                       .all = malloc(k * sizeof *g.all)};
    uint32_t *root = malloc(cfg->n_trees * sizeof *root);
    int rc = TM_ERR_NOMEM;
    if (f)
        *f = (struct tm_forest){.root = root, .n_trees = cfg->n_trees, .d = d, .k = k};
    if (f && root && g.rows && g.sorted && g.columns && g.left && g.all) {
        tm_seed_from_u64(seed, cfg->seed);
        tm_rng_init(&g.rng, seed);
        rc = grow_all(&g, n);
    }
    free(g.rows);
    free(g.sorted);
    free(g.columns);
    free(g.left);
    free(g.all);
    if (rc == TM_OK)
        *out = f;
    else if (f)
        tm_forest_free(f);
    else
        free(root);
    return rc;
}

static uint32_t leaf_of(const struct tm_forest *f, uint32_t tree, const float *row)
{
    const struct node *v = &f->nodes[f->root[tree]];
    while (v->column != LEAF)
        v = &f->nodes[value(row[v->column]) < v->at ? v->left : v->right];
    return v->left;
}

uint32_t tm_forest_class(const struct tm_forest *f, const float *row)
{
    double sum[TM_FOREST_CLASSES_MAX] = {0};
    uint32_t best = 0;
    for (uint32_t t = 0; t < f->n_trees; t++) {
        const float *share = f->share + (size_t)leaf_of(f, t, row) * f->k;
        for (uint32_t c = 0; c < f->k; c++)
            sum[c] += (double)share[c];
    }
    for (uint32_t c = 1; c < f->k; c++)
        if (sum[c] > sum[best])
            best = c;
    return best;
}

void tm_forest_leaves(const struct tm_forest *f, const float *row, uint32_t *leaf)
{
    for (uint32_t t = 0; t < f->n_trees; t++)
        leaf[t] = leaf_of(f, t, row);
}

void tm_forest_free(struct tm_forest *f)
{
    if (!f)
        return;
    free(f->nodes);
    free(f->root);
    free(f->share);
    free(f);
}
