#include "learner/pool.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A parameter under work: runs 0..n_out-1 are settled, and those before the present one are used up. */
struct pooling {
    const struct tm_pool_cfg *cfg;
    struct tm_run *run;
    size_t n;
    size_t n_out;
    uint64_t n_pooled;
};

static bool is_enough(const struct tm_run *r, const struct tm_pool_cfg *cfg)
{
    return r->count >= cfg->k;
}

/* The rounded mean of runs that have `total` observations, without a sum that could overflow: quotients
 * and remainders apart.  Beyond 2^32 observations their counts are rounded down. */
static uint64_t mean(const struct tm_run *run, size_t n, uint64_t total)
{
    uint64_t whole = 0;
    uint64_t rest = 0;
    uint64_t seen = 0;
    unsigned shift = 0;
    while (total >> shift > UINT32_MAX)
        shift++;
    for (size_t i = 0; i < n; i++)
        seen += run[i].count >> shift;
    TM_ASSERT(seen > 0);
    for (size_t i = 0; i < n; i++) {
        whole += run[i].value / seen * (run[i].count >> shift);
        rest += run[i].value % seen * (run[i].count >> shift);
    }
    return whole + (rest + seen / 2) / seen;
}

static void emit(struct pooling *p, struct tm_run r)
{
    p->run[p->n_out++] = r;
}

/* Runs from..to-1 become one, of their mean. */
static void emit_step(struct pooling *p, size_t from, size_t to)
{
    struct tm_run step = {0};
    for (size_t i = from; i < to; i++)
        step.count += p->run[i].count;
    step.value = mean(p->run + from, to - from, step.count);
    p->n_pooled += step.count;
    emit(p, step);
}

/* Rule 3 for runs from..to-1 that are no step and have none before them: the nearer of the common values
 * beside them, the last settled run and run `to`. */
static void join_common(struct pooling *p, size_t from, size_t to)
{
    struct tm_run *lower = p->n_out > 0 ? &p->run[p->n_out - 1] : NULL;
    struct tm_run *upper = to < p->n ? &p->run[to] : NULL;
    TM_ASSERT(lower || upper); /* rule 4 took the parameters without either */
    for (size_t i = from; i < to; i++) {
        const struct tm_run *r = &p->run[i];
        bool is_lower = !upper || (lower && r->value - lower->value <= upper->value - r->value);
        p->n_pooled += r->count;
        (is_lower ? lower : upper)->count += r->count;
    }
}

/* Rules 2 and 3 for the uncommon runs from..to-1, between common ones or the ends.  A step is settled when
 * the one after it is complete, for it may have to take what is left. */
static void pool_between(struct pooling *p, size_t from, size_t to)
{
    struct tm_run sum = {0};
    size_t step = from; /* the step at work begins here, */
    size_t last = from; /* the one before it here; equal: there is none */
    for (size_t i = from; i < to; i++) {
        sum.count += p->run[i].count;
        if (!is_enough(&sum, p->cfg))
            continue;
        if (step > last)
            emit_step(p, last, step);
        last = step;
        step = i + 1;
        sum = (struct tm_run){0};
    }
    if (last < step)
        emit_step(p, last, to);
    else if (from < to)
        join_common(p, from, to);
}

static void pool(struct pooling *p)
{
    size_t from = 0; /* the uncommon runs not yet pooled begin here */
    for (size_t i = 0; i < p->n; i++) {
        if (!is_enough(&p->run[i], p->cfg))
            continue;
        pool_between(p, from, i);
        emit(p, p->run[i]);
        from = i + 1;
    }
    pool_between(p, from, p->n);
}

void tm_pool_runs(struct tm_runs *r, const struct tm_pool_cfg *cfg, struct tm_pool_count *count)
{
    TM_ASSERT(cfg->k >= 1 && cfg->k <= TM_POOL_K_MAX);
    struct pooling p = {.cfg = cfg, .run = r->v, .n = r->n};
    struct tm_run all = {0};
    *count = (struct tm_pool_count){0};
    for (size_t i = 0; i < r->n; i++)
        all.count += r->v[i].count;
    if (all.count == 0)
        return;
    if (is_enough(&all, cfg))
        pool(&p);
    else
        count->n_dropped = all.count;
    count->n_pooled = p.n_pooled;
    r->n = p.n_out;
}

static int fit(struct tm_dist *d, const struct tm_runs *r, size_t max_points)
{
    uint64_t cum = 0;
    struct tm_dist_point *pt = calloc(r->n + 1, sizeof *pt);
    if (!pt)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < r->n; i++) {
        cum += r->v[i].count;
        pt[i] = (struct tm_dist_point){r->v[i].value, cum};
    }
    int rc = tm_dist_fit_points(d, pt, r->n, max_points);
    free(pt);
    return rc;
}

/* Where the model keeps a kind of samples. */
static struct tm_dist *dist_of(struct tm_swing *s, unsigned kind)
{
    return kind < TM_SWING_PARAMS ? &s->param[kind] : &s->measured[kind - TM_SWING_PARAMS];
}

int tm_pool_model(struct tm_samples *s, const char *name, size_t max_points,
                  const struct tm_pool_cfg *cfg, struct tm_pool_count count[TM_SAMPLES_KINDS],
                  struct tm_model *out)
{
    int rc = TM_OK;
    *out = (struct tm_model){.kind = TM_MODEL_SWING};
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    for (unsigned kind = 0; kind < TM_SAMPLES_KINDS && rc == TM_OK; kind++) {
        struct tm_runs r;
        rc = tm_samples_runs(s, kind, &r);
        if (rc == TM_OK) {
            tm_pool_runs(&r, cfg, &count[kind]);
            rc = fit(dist_of(&out->u.swing, kind), &r, max_points);
        }
        free(r.v);
    }
    if (rc != TM_OK)
        tm_model_deinit(out);
    return rc;
}
