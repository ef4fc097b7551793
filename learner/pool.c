#include "learner/pool.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tm/base/buf.h"

struct item {
    uint64_t value;
    uint32_t user;
};

/* Observations that stand together, with as many of their users as the rule asks for. */
struct backing {
    uint64_t n;
    uint32_t n_users;
    uint32_t user[TM_POOL_USERS_MAX];
};

/* A parameter under work: its observations by value, and how far they are settled. */
struct pooling {
    const struct tm_pool_cfg *cfg;
    struct item *item;
    size_t n;
    uint64_t n_pooled;
};

static int by_value(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->user > y->user) - (x->user < y->user);
}

static int by_user(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool is_enough(const struct backing *b, const struct tm_pool_cfg *cfg)
{
    return b->n >= cfg->k && b->n_users >= cfg->min_users;
}

static void back(struct backing *b, const struct tm_pool_cfg *cfg, uint32_t user)
{
    b->n++;
    for (uint32_t i = 0; i < b->n_users; i++) {
        if (b->user[i] == user)
            return;
    }
    if (b->n_users < cfg->min_users)
        b->user[b->n_users++] = user;
}

/* Where the observations of the value at `from` end; whether they suffice on their own. */
static size_t end_of_value(const struct pooling *p, size_t from, bool *is_common)
{
    struct backing b = {0};
    size_t to = from;
    for (; to < p->n && p->item[to].value == p->item[from].value; to++)
        back(&b, p->cfg, p->item[to].user);
    *is_common = is_enough(&b, p->cfg);
    return to;
}

static void settle(struct pooling *p, size_t from, size_t to, uint64_t value)
{
    for (size_t i = from; i < to; i++)
        p->item[i].value = value;
    p->n_pooled += to - from;
}

/* The rounded mean, without a sum that could overflow: quotients and remainders apart.  Fewer than
 * 2^32 observations, as tm_pool_samples has seen to. */
static uint64_t mean(const struct item *item, size_t n)
{
    uint64_t whole = 0;
    uint64_t rest = 0;
    for (size_t i = 0; i < n; i++) {
        whole += item[i].value / n;
        rest += item[i].value % n;
    }
    return whole + (rest + n / 2) / n;
}

/* Rule 3 for observations from..to-1 that are no step and have none before them: the nearer of the
 * common values beside them. */
static void join_common(struct pooling *p, size_t from, size_t to)
{
    bool has_lower = from > 0;
    bool has_upper = to < p->n;
    TM_ASSERT(has_lower || has_upper); /* rule 4 took the parameters without either */
    if (!has_lower || !has_upper) {
        settle(p, from, to, has_lower ? p->item[from - 1].value : p->item[to].value);
        return;
    }
    uint64_t lower = p->item[from - 1].value;
    uint64_t upper = p->item[to].value;
    size_t at = from;
    while (at < to && p->item[at].value - lower <= upper - p->item[at].value)
        at++;
    settle(p, from, at, lower);
    settle(p, at, to, upper);
}

/* Rules 2 and 3 for the uncommon values from..to-1, between common ones or the ends. */
static void pool_run(struct pooling *p, size_t from, size_t to)
{
    struct backing b = {0};
    size_t step = from; /* the step at work begins here, */
    size_t last = from; /* the one before it here; equal: there is none */
    for (size_t i = from; i < to; i++) {
        back(&b, p->cfg, p->item[i].user);
        bool is_last_of_value = i + 1 == to || p->item[i + 1].value != p->item[i].value;
        if (!is_last_of_value || !is_enough(&b, p->cfg))
            continue;
        if (step > last)
            settle(p, last, step, mean(p->item + last, step - last));
        last = step;
        step = i + 1;
        b = (struct backing){0};
    }
    if (last < step)
        settle(p, last, to, mean(p->item + last, to - last));
    else if (from < to)
        join_common(p, from, to);
}

static void pool(struct pooling *p)
{
    size_t run = 0; /* the uncommon values not yet pooled begin here */
    for (size_t i = 0, to; i < p->n; i = to) {
        bool is_common;
        to = end_of_value(p, i, &is_common);
        if (!is_common)
            continue;
        pool_run(p, run, i);
        run = to;
    }
    pool_run(p, run, p->n);
}

static bool is_backed(const struct pooling *p)
{
    struct backing b = {0};
    for (size_t i = 0; i < p->n; i++)
        back(&b, p->cfg, p->item[i].user);
    return is_enough(&b, p->cfg);
}

static int pool_param(struct tm_samples *s, size_t param, const struct tm_pool_cfg *cfg,
                      struct tm_pool_count *count)
{
    size_t len;
    size_t n = s->n[param];
    if (n == 0)
        return TM_OK;
    if (n > UINT32_MAX)
        return TM_ERR_LIMIT;
    struct item *item = tm_mul_ok(n, sizeof *item, &len) ? malloc(len) : NULL;
    if (!item)
        return TM_ERR_NOMEM;
    struct pooling p = {.cfg = cfg, .item = item, .n = n};
    for (size_t i = 0; i < n; i++)
        item[i] = (struct item){s->v[param][i], s->user[param][i]};
    qsort(item, n, sizeof *item, by_value);
    if (is_backed(&p)) {
        pool(&p);
        count->n_pooled = p.n_pooled;
    } else {
        count->n_dropped = n;
        s->n[param] = 0;
    }
    for (size_t i = 0; i < s->n[param]; i++) {
        s->v[param][i] = item[i].value;
        s->user[param][i] = item[i].user;
    }
    free(item);
    return TM_OK;
}

int tm_pool_samples(struct tm_samples *s, const struct tm_pool_cfg *cfg,
                    struct tm_pool_count count[TM_SWING_PARAMS])
{
    TM_ASSERT(cfg->k >= 1 && cfg->k <= TM_POOL_K_MAX);
    TM_ASSERT(cfg->min_users >= 1 && cfg->min_users <= TM_POOL_USERS_MAX);
    int rc = TM_OK;
    for (size_t p = 0; rc == TM_OK && p < TM_SWING_PARAMS; p++) {
        count[p] = (struct tm_pool_count){0};
        if (cfg->k > 1 || cfg->min_users > 1)
            rc = pool_param(s, p, cfg, &count[p]);
    }
    return rc;
}

int tm_pool_users(const struct tm_samples *s, enum tm_swing_param p, uint64_t *out)
{
    size_t n = s->n[p];
    *out = 0;
    if (n == 0)
        return TM_OK;
    uint32_t *user = calloc(n, sizeof *user);
    if (!user)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        user[i] = s->user[p][i];
    qsort(user, n, sizeof *user, by_user);
    for (size_t i = 0; i < n; i++)
        *out += i == 0 || user[i] != user[i - 1];
    free(user);
    return TM_OK;
}
