#include "audit/ml/fold.h"

#include <stdlib.h>
#include <string.h>

#include "audit/ml/group.h"

#define LABELS 256U

/* Items of each label: a row of LABELS counts for each fold or group. */
struct counts {
    uint32_t *of_fold;  /* k rows */
    uint32_t *of_group; /* the group being placed */
    uint32_t total[LABELS];
    uint32_t n_groups[LABELS]; /* groups that hold the label */
};

/* How full a fold is for a group: the mean, over the group's items, of the share of the item's label that the fold has. */
static double fullness(const struct counts *c, const uint32_t *fold_row, uint32_t n_items)
{
    double sum = 0;
    for (uint32_t l = 0; l < LABELS; l++)
        if (c->of_group[l] > 0)
            sum += (double)c->of_group[l] * fold_row[l] / c->total[l];
    return sum / n_items;
}

static uint32_t emptiest(const struct counts *c, uint32_t n_items, uint32_t k, struct tm_rng *rng)
{
    uint32_t best = 0;
    uint64_t n_ties = 0;
    double least = 2;
    for (uint32_t f = 0; f < k; f++) {
        double full = fullness(c, c->of_fold + (size_t)f * LABELS, n_items);
        if (full < least) {
            least = full;
            best = f;
            n_ties = 1;
        } else if (full == least && tm_rng_below(rng, ++n_ties) == 0) {
            best = f;
        }
    }
    return best;
}

struct placing {
    uint32_t group, n_items;
    uint32_t draw;  /* its place in a random order: ties of size */
    uint32_t first; /* where its items begin in `items` */
};

static int largest_first(const void *a, const void *b)
{
    const struct placing *x = a;
    const struct placing *y = b;
    if (x->n_items != y->n_items)
        return x->n_items > y->n_items ? -1 : 1;
    return x->draw < y->draw ? -1 : x->draw > y->draw;
}

/* items[]: all items, those of one group together; order[]: the groups, in the order of placing. */
static int arrange(const struct tm_groups *g, struct tm_rng *rng, struct placing *order,
                   uint32_t *items)
{
    uint32_t *fill = calloc(g->n_groups, sizeof *fill);
    uint32_t *draw = malloc(g->n_groups * sizeof *draw);
    int rc = TM_ERR_NOMEM;
    if (!fill || !draw)
        goto out;
    for (uint32_t j = 0; j < g->n_groups; j++)
        draw[j] = j;
    tm_shuffle(draw, g->n_groups, rng);
    for (uint32_t j = 0, first = 0; j < g->n_groups; first += g->v[j].n_items, j++) {
        order[j] = (struct placing){j, g->v[j].n_items, draw[j], first};
        fill[j] = first;
    }
    for (uint32_t i = 0; i < g->n; i++)
        items[fill[g->of[i]]++] = i;
    qsort(order, g->n_groups, sizeof *order, largest_first);
    rc = TM_OK;
out:
    free(fill);
    free(draw);
    return rc;
}

static void count_group(struct counts *c, const struct placing *p, const uint32_t *items,
                        const uint8_t *label)
{
    memset(c->of_group, 0, LABELS * sizeof *c->of_group);
    for (uint32_t i = 0; i < p->n_items; i++)
        c->of_group[label[items[p->first + i]]]++;
}

static void count_all(struct counts *c, const struct placing *order, uint32_t n_groups,
                      const uint32_t *items, const uint8_t *label)
{
    for (uint32_t j = 0; j < n_groups; j++) {
        count_group(c, &order[j], items, label);
        for (uint32_t l = 0; l < LABELS; l++) {
            c->total[l] += c->of_group[l];
            c->n_groups[l] += c->of_group[l] > 0;
        }
    }
}

static bool has_label_below(const struct counts *c, uint32_t k)
{
    for (uint32_t l = 0; l < LABELS; l++)
        if (c->n_groups[l] > 0 && c->n_groups[l] < k)
            return true;
    return false;
}

int tm_fold_by_group(const uint32_t *group, const uint8_t *label, uint32_t n, uint32_t k,
                     struct tm_rng *rng, uint8_t *fold)
{
    struct tm_groups g = {0};
    struct placing *order = NULL;
    uint32_t *items = NULL;
    struct counts c = {0};
    if (k < 2 || k > 255 || n < 1)
        return TM_ERR_RANGE;
    int rc = tm_groups_init(&g, group, label, n);
    if (rc != TM_OK)
        return rc;
    order = malloc(g.n_groups * sizeof *order);
    items = malloc(n * sizeof *items);
    c.of_fold = calloc((size_t)k * LABELS, sizeof *c.of_fold);
    c.of_group = malloc(LABELS * sizeof *c.of_group);
    rc = TM_ERR_NOMEM;
    if (!order || !items || !c.of_fold || !c.of_group)
        goto out;
    rc = arrange(&g, rng, order, items);
    if (rc != TM_OK)
        goto out;
    count_all(&c, order, g.n_groups, items, label);
    rc = TM_ERR_RANGE;
    if (has_label_below(&c, k))
        goto out;
    for (uint32_t j = 0; j < g.n_groups; j++) {
        count_group(&c, &order[j], items, label);
        uint32_t f = emptiest(&c, order[j].n_items, k, rng);
        for (uint32_t l = 0; l < LABELS; l++)
            c.of_fold[(size_t)f * LABELS + l] += c.of_group[l];
        for (uint32_t i = 0; i < order[j].n_items; i++)
            fold[items[order[j].first + i]] = (uint8_t)f;
    }
    rc = TM_OK;
out:
    free(order);
    free(items);
    free(c.of_fold);
    free(c.of_group);
    tm_groups_deinit(&g);
    return rc;
}

int tm_permute_by_group(const uint32_t *group, const uint8_t *label, uint32_t n, struct tm_rng *rng,
                        uint8_t *out)
{
    struct tm_groups g = {0};
    uint32_t *from = NULL;
    if (n < 1)
        return TM_ERR_RANGE;
    int rc = tm_groups_init(&g, group, label, n);
    if (rc != TM_OK)
        return rc;
    rc = TM_ERR_NOMEM;
    from = malloc(g.n_groups * sizeof *from);
    if (!from)
        goto out;
    rc = TM_ERR_RANGE;
    for (uint32_t j = 0; j < g.n_groups; j++) {
        if (g.v[j].is_mixed)
            goto out;
        from[j] = j;
    }
    tm_shuffle(from, g.n_groups, rng);
    for (uint32_t i = 0; i < n; i++)
        out[i] = g.v[from[g.of[i]]].label;
    rc = TM_OK;
out:
    free(from);
    tm_groups_deinit(&g);
    return rc;
}

int tm_bootstrap_by_group(const uint32_t *group, const uint8_t *label, uint32_t n,
                          struct tm_rng *rng, uint32_t *weight)
{
    struct tm_groups g = {0};
    if (n < 1)
        return TM_ERR_RANGE;
    int rc = tm_groups_init(&g, group, label, n);
    if (rc != TM_OK)
        return rc;
    uint32_t *times = malloc(g.n_groups * sizeof *times);
    if (times) {
        tm_groups_draw(&g, rng, times);
        for (uint32_t i = 0; i < n; i++)
            weight[i] = times[g.of[i]];
    }
    rc = times ? TM_OK : TM_ERR_NOMEM;
    free(times);
    tm_groups_deinit(&g);
    return rc;
}

int tm_group_count(const uint32_t *group, const uint8_t *label, uint32_t n, uint8_t of,
                   uint32_t *out)
{
    uint32_t *mine = malloc(n > 0 ? n * sizeof *mine : 1);
    uint8_t *one = calloc(n > 0 ? n : 1, 1);
    struct tm_groups g = {0};
    uint32_t n_mine = 0;
    int rc = TM_ERR_NOMEM;
    *out = 0;
    if (!mine || !one)
        goto out;
    for (uint32_t i = 0; i < n; i++)
        if (label[i] == of)
            mine[n_mine++] = group[i];
    rc = n_mine > 0 ? tm_groups_init(&g, mine, one, n_mine) : TM_OK;
    if (rc == TM_OK)
        *out = g.n_groups;
out:
    free(mine);
    free(one);
    tm_groups_deinit(&g);
    return rc;
}
