#include "test/unit/models/maybenot/vectors.h"

#include <stdio.h>
#include <string.h>

#include "models/maybenot/machine_build.h"
#include "test/support/check.h"

static double param(const struct tree *p, const char *name)
{
    CHECK(tree_member(p, name) != NULL);
    return tree_number(tree_member(p, name));
}

struct tm_mb_dist vector_dist(const struct tree *t)
{
    struct tm_mb_dist d = {.kind = TM_MB_DIST_KINDS};
    const struct tree *p = tree_at(tree_member(t, "dist"), 0);
    for (int k = 0; k < TM_MB_DIST_KINDS; k++)
        if (p && strcmp(p->name, tm_mb_dist_name((enum tm_mb_dist_kind)k)) == 0)
            d.kind = (enum tm_mb_dist_kind)k;
    switch (d.kind) {
    case TM_MB_UNIFORM:
        d.of.uniform.low = param(p, "low"), d.of.uniform.high = param(p, "high");
        break;
    case TM_MB_NORMAL:
        d.of.normal.mean = param(p, "mean"), d.of.normal.stdev = param(p, "stdev");
        break;
    case TM_MB_SKEW_NORMAL:
        d.of.skew_normal.location = param(p, "location");
        d.of.skew_normal.scale = param(p, "scale"), d.of.skew_normal.shape = param(p, "shape");
        break;
    case TM_MB_LOG_NORMAL:
        d.of.log_normal.mu = param(p, "mu"), d.of.log_normal.sigma = param(p, "sigma");
        break;
    case TM_MB_BINOMIAL:
        d.of.binomial.trials = tree_whole(tree_member(p, "trials"));
        d.of.binomial.probability = param(p, "probability");
        break;
    case TM_MB_GEOMETRIC:
        d.of.geometric.probability = param(p, "probability");
        break;
    case TM_MB_PARETO:
        d.of.pareto.scale = param(p, "scale"), d.of.pareto.shape = param(p, "shape");
        break;
    case TM_MB_POISSON:
        d.of.poisson.lambda = param(p, "lambda");
        break;
    case TM_MB_WEIBULL:
        d.of.weibull.scale = param(p, "scale"), d.of.weibull.shape = param(p, "shape");
        break;
    case TM_MB_GAMMA:
        d.of.gamma.scale = param(p, "scale"), d.of.gamma.shape = param(p, "shape");
        break;
    case TM_MB_BETA:
        d.of.beta.alpha = param(p, "alpha"), d.of.beta.beta = param(p, "beta");
        break;
    case TM_MB_DIST_KINDS:
        CHECK(!"a known distribution");
        break;
    }
    d.start = param(t, "start");
    d.max = param(t, "max");
    return d;
}

static uint32_t dist_index(struct tm_mb_machine *m, const struct tree *t)
{
    uint32_t index = TM_MB_NO_DIST;
    if (!t || t->kind == TREE_NULL)
        return index;
    const struct tm_mb_dist d = vector_dist(t);
    CHECK_INT(tm_mb_build_dist(m, &d, &index), TM_OK);
    return index;
}

/* The number of the name in a list; n when it is none of them. */
static unsigned named(const char *name, const char *const *names, unsigned n)
{
    unsigned i = 0;
    while (i < n && strcmp(name, names[i]) != 0)
        i++;
    CHECK(i < n);
    return i;
}

static void vector_action(struct tm_mb_machine *m, struct tm_mb_state *s, const struct tree *t)
{
    static const char *const asks[] = {"Cancel", "SendPadding", "BlockOutgoing", "UpdateTimer"};
    static const char *const timers[] = {"Action", "Internal", "All"};
    if (!t || t->kind == TREE_NULL)
        return;
    const struct tree *a = t->child;
    s->ask = (enum tm_mb_ask)(1 + named(a->name, asks, 4));
    if (s->ask == TM_MB_ASK_CANCEL)
        s->timer = (enum tm_mb_timer)named(tree_text(tree_member(a, "timer")), timers, 3);
    s->bypass = tree_is_true(tree_member(a, "bypass"));
    s->replace = tree_is_true(tree_member(a, "replace"));
    s->timeout = dist_index(m, tree_member(a, "timeout"));
    s->duration = dist_index(m, tree_member(a, "duration"));
    s->limit = dist_index(m, tree_member(a, "limit"));
}

static void vector_counter(struct tm_mb_machine *m, struct tm_mb_counter_update *c,
                           const struct tree *t)
{
    static const char *const ops[] = {"Increment", "Decrement", "Set"};
    if (!t || t->kind == TREE_NULL)
        return;
    c->op = (enum tm_mb_counter_op)(1 + named(tree_text(tree_member(t, "operation")), ops, 3));
    c->is_copy = tree_is_true(tree_member(t, "copy"));
    c->dist = dist_index(m, tree_member(t, "dist"));
}

static void vector_state(struct tm_mb_machine *m, const struct tree *t)
{
    struct tm_mb_state *s;
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    vector_action(m, s, tree_member(t, "action"));
    vector_counter(m, &s->counter[0], tree_at(tree_member(t, "counter"), 0));
    vector_counter(m, &s->counter[1], tree_at(tree_member(t, "counter"), 1));
    const struct tree *events = tree_member(t, "transitions");
    CHECK_INT(tree_count(events), TM_MB_EVENT_KINDS);
    int e = 0;
    for (const struct tree *list = events->child; list; list = list->next, e++)
        for (const struct tree *edge = list->child; edge; edge = edge->next)
            CHECK_INT(tm_mb_build_edge(m, (enum tm_mb_event_kind)e,
                                       (uint32_t)tree_whole(tree_at(edge, 0)),
                                       (float)tree_number(tree_at(edge, 1))),
                      TM_OK);
}

struct tm_mb_machine *vector_machine(const struct tree *t)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    CHECK(m != NULL);
    if (!m)
        return NULL;
    m->allowed_padding_packets = tree_whole(tree_member(t, "allowed_padding_packets"));
    m->allowed_blocked_us = tree_whole(tree_member(t, "allowed_blocked_microsec"));
    m->max_padding_frac = param(t, "max_padding_frac");
    m->max_blocking_frac = param(t, "max_blocking_frac");
    for (const struct tree *s = tree_member(t, "states")->child; s; s = s->next)
        vector_state(m, s);
    return m;
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Unused bytes of the union are zero on either side: both are made by an initialiser. */
static bool same_dist(const struct tm_mb_dist *a, const struct tm_mb_dist *b)
{
    return a->kind == b->kind && memcmp(&a->of, &b->of, sizeof a->of) == 0 &&
           same_double(a->start, b->start) && same_double(a->max, b->max);
}

static bool same_counter(const struct tm_mb_counter_update *a, const struct tm_mb_counter_update *b)
{
    return a->op == b->op && a->is_copy == b->is_copy && a->dist == b->dist;
}

static bool same_state(const struct tm_mb_state *a, const struct tm_mb_state *b)
{
    return a->ask == b->ask && a->timer == b->timer && a->bypass == b->bypass &&
           a->replace == b->replace && a->timeout == b->timeout && a->duration == b->duration &&
           a->limit == b->limit && same_counter(&a->counter[0], &b->counter[0]) &&
           same_counter(&a->counter[1], &b->counter[1]) &&
           memcmp(a->first_edge, b->first_edge, sizeof a->first_edge) == 0;
}

static bool differ(const char *what, size_t i)
{
    (void)fprintf(stderr, "%s %zu differs\n", what, i);
    return false;
}

bool same_machine(const struct tm_mb_machine *a, const struct tm_mb_machine *b)
{
    if (a->allowed_padding_packets != b->allowed_padding_packets ||
        a->allowed_blocked_us != b->allowed_blocked_us ||
        !same_double(a->max_padding_frac, b->max_padding_frac) ||
        !same_double(a->max_blocking_frac, b->max_blocking_frac))
        return differ("limits of machine", 0);
    if (a->n_states != b->n_states || a->n_edges != b->n_edges || a->n_dists != b->n_dists)
        return differ("size of machine", 0);
    for (size_t i = 0; i < a->n_states; i++)
        if (!same_state(&a->states[i], &b->states[i]))
            return differ("state", i);
    for (size_t i = 0; i < a->n_edges; i++)
        if (a->edges[i].to != b->edges[i].to || a->edges[i].p != b->edges[i].p)
            return differ("transition", i);
    for (size_t i = 0; i < a->n_dists; i++)
        if (!same_dist(&a->dists[i], &b->dists[i]))
            return differ("distribution", i);
    return true;
}
