#include "audit/ml/group.h"

#include <stdlib.h>

struct keyed {
    uint32_t group, item;
};

static int by_group(const void *a, const void *b)
{
    const struct keyed *x = a;
    const struct keyed *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static void number_groups(struct tm_groups *g, const struct keyed *sorted, const uint8_t *label)
{
    for (uint32_t i = 0; i < g->n; i++) {
        uint32_t item = sorted[i].item;
        if (i == 0 || sorted[i].group != sorted[i - 1].group)
            g->v[g->n_groups++] = (struct tm_group){.label = label[item]};
        struct tm_group *last = &g->v[g->n_groups - 1];
        last->n_items++;
        last->is_mixed |= label[item] != last->label;
        g->of[item] = g->n_groups - 1;
    }
}

static void sort_by_label(struct tm_groups *g)
{
    uint32_t begin[257] = {0};
    for (uint32_t j = 0; j < g->n_groups; j++)
        begin[g->v[j].label + 1U]++;
    for (uint32_t l = 0; l < 256; l++)
        begin[l + 1] += begin[l];
    for (uint32_t j = 0; j < g->n_groups; j++)
        g->by_label[begin[g->v[j].label]++] = j;
}

int tm_groups_init(struct tm_groups *g, const uint32_t *group, const uint8_t *label, uint32_t n)
{
    TM_ASSERT(n >= 1);
    struct keyed *sorted = malloc(n * sizeof *sorted);
    *g = (struct tm_groups){.of = malloc(n * sizeof *g->of),
                            .v = malloc(n * sizeof *g->v),
                            .by_label = malloc(n * sizeof *g->by_label),
                            .n = n};
    int rc = TM_ERR_NOMEM;
    if (!sorted || !g->of || !g->v || !g->by_label)
        goto out;
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = (struct keyed){group[i], i};
    qsort(sorted, n, sizeof *sorted, by_group);
    number_groups(g, sorted, label);
    sort_by_label(g);
    rc = TM_OK;
out:
    free(sorted);
    if (rc != TM_OK)
        tm_groups_deinit(g);
    return rc;
}

void tm_groups_deinit(struct tm_groups *g)
{
    free(g->of);
    free(g->v);
    free(g->by_label);
    *g = (struct tm_groups){0};
}

/* The end of the run of groups with one label that begins at `begin`. */
static uint32_t run_end(const struct tm_groups *g, uint32_t begin)
{
    uint32_t end = begin;
    while (end < g->n_groups && g->v[g->by_label[end]].label == g->v[g->by_label[begin]].label)
        end++;
    return end;
}

void tm_groups_draw(const struct tm_groups *g, struct tm_rng *rng, uint32_t *times)
{
    for (uint32_t j = 0; j < g->n_groups; j++)
        times[j] = 0;
    for (uint32_t begin = 0, end = 0; begin < g->n_groups; begin = end) {
        end = run_end(g, begin);
        for (uint32_t i = begin; i < end; i++)
            times[g->by_label[begin + tm_rng_below(rng, end - begin)]]++;
    }
}

uint32_t tm_groups_fewest(const struct tm_groups *g)
{
    uint32_t fewest = UINT32_MAX;
    for (uint32_t begin = 0, end = 0; begin < g->n_groups; begin = end) {
        end = run_end(g, begin);
        fewest = end - begin < fewest ? end - begin : fewest;
    }
    return fewest;
}

void tm_shuffle(uint32_t *v, uint32_t n, struct tm_rng *rng)
{
    for (uint32_t i = n; i > 1; i--) {
        uint64_t j = tm_rng_below(rng, i);
        uint32_t other = v[j];
        v[j] = v[i - 1];
        v[i - 1] = other;
    }
}
