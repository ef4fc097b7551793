#include "learner/pool.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tm/base/buf.h"

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
    return r->count >= cfg->k && (cfg->min_users < 2 || r->user == TM_RUN_SEVERAL);
}

/* The observations of `b` too; the value is a's.  A run without observations is nobody's. */
static void add(struct tm_run *a, const struct tm_run *b)
{
    if (a->count == 0)
        a->user = b->user;
    else if (a->user != b->user)
        a->user = TM_RUN_SEVERAL;
    a->count += b->count;
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
        add(&step, &p->run[i]);
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
        add(is_lower ? lower : upper, r);
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
        add(&sum, &p->run[i]);
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
    TM_ASSERT(cfg->min_users >= 1 && cfg->min_users <= TM_POOL_USERS_MAX);
    struct pooling p = {.cfg = cfg, .run = r->v, .n = r->n};
    struct tm_run all = {0};
    *count = (struct tm_pool_count){0};
    for (size_t i = 0; i < r->n; i++)
        add(&all, &r->v[i]);
    if (all.count == 0)
        return;
    if (is_enough(&all, cfg))
        pool(&p);
    else
        count->n_dropped = all.count;
    count->n_pooled = p.n_pooled;
    r->n = p.n_out;
}

/* The distribution of runs: each value as often as it is counted. */
static int fit(struct tm_dist *d, const struct tm_runs *r, size_t max_points)
{
    size_t len;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += (size_t)r->v[i].count;
    uint64_t *v = tm_mul_ok(n + 1, sizeof *v, &len) ? malloc(len) : NULL;
    if (!v)
        return TM_ERR_NOMEM;
    size_t at = 0;
    for (size_t i = 0; i < r->n; i++) {
        for (uint64_t k = 0; k < r->v[i].count; k++)
            v[at++] = r->v[i].value;
    }
    int rc = tm_dist_fit_coarse(d, v, n, max_points);
    free(v);
    return rc;
}

int tm_pool_model(const struct tm_samples *s, const char *name, size_t max_points,
                  const struct tm_pool_cfg *cfg, struct tm_pool_count count[TM_SWING_PARAMS],
                  struct tm_model *out)
{
    int rc = TM_OK;
    *out = (struct tm_model){.kind = TM_MODEL_SWING};
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    for (size_t p = 0; p < TM_SWING_PARAMS && rc == TM_OK; p++) {
        struct tm_runs r;
        rc = tm_samples_runs(s, (enum tm_swing_param)p, &r);
        if (rc == TM_OK) {
            tm_pool_runs(&r, cfg, &count[p]);
            rc = fit(&out->u.swing.param[p], &r, max_points);
        }
        free(r.v);
    }
    if (rc != TM_OK)
        tm_model_deinit(out);
    return rc;
}
