#include "audit/detect/draw.h"

#include <stdlib.h>
#include <string.h>

#include "audit/ml/group.h"

uint32_t tm_draw_below(struct tm_rng *rng, size_t n)
{
    return (uint32_t)tm_rng_below(rng, n);
}

double tm_draw_uniform(struct tm_rng *rng)
{
    return (double)(tm_rng_u64(rng) >> 11) * 0x1p-53;
}

/* A row on its way into the draw: sorted by the random rank of its session, then at random inside it. */
struct ticket {
    uint64_t luck; /* of the row */
    uint32_t rank, session, load, row;
};

static int by_load(const void *a, const void *b)
{
    const struct ticket *x = a, *y = b;
    if (x->session != y->session)
        return x->session < y->session ? -1 : 1;
    if (x->load != y->load)
        return x->load < y->load ? -1 : 1;
    if (x->luck != y->luck)
        return x->luck < y->luck ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int by_rank(const void *a, const void *b)
{
    const struct ticket *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->luck != y->luck)
        return x->luck < y->luck ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* The luckiest of each load stays. */
static uint32_t thin(struct ticket *v, uint32_t n)
{
    uint32_t kept = 0;
    qsort(v, n, sizeof *v, by_load);
    for (uint32_t i = 0; i < n; i++) {
        if (i == 0 || v[i].session != v[i - 1].session || v[i].load != v[i - 1].load)
            v[kept++] = v[i];
    }
    return kept;
}

static uint32_t count_sessions(const struct tm_draw *d, const struct tm_table *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->n; i++)
        n += i == 0 || t->rows[d->row[i]].session != t->rows[d->row[i - 1]].session;
    return n;
}

int tm_draw_rows(struct tm_draw *out, const struct tm_table *t, bool is_one_per_load,
                 struct tm_rng *rng)
{
    uint32_t n = t->n_rows;
    int rc = TM_ERR_NOMEM;
    struct ticket *v = calloc((size_t)n + 1, sizeof *v);
    uint32_t *rank = calloc((size_t)t->n_names + 1, sizeof *rank);
    *out = (struct tm_draw){.row = calloc((size_t)n + 1, sizeof *out->row)};
    if (!v || !rank || !out->row)
        goto out;
    for (uint32_t i = 0; i < t->n_names; i++)
        rank[i] = i;
    tm_shuffle(rank, t->n_names, rng);
    for (uint32_t i = 0; i < n; i++) {
        const struct tm_row *r = &t->rows[i];
        v[i] = (struct ticket){.luck = tm_rng_u64(rng),
                               .rank = rank[r->session],
                               .session = r->session,
                               .load = r->load,
                               .row = i};
    }
    if (is_one_per_load)
        n = thin(v, n);
    qsort(v, n, sizeof *v, by_rank);
    for (uint32_t i = 0; i < n; i++)
        out->row[i] = v[i].row;
    out->n = n;
    out->n_sessions = count_sessions(out, t);
    out->phase = (uint32_t)(tm_rng_u64(rng) >> 32);
    rc = TM_OK;
out:
    free(v);
    free(rank);
    if (rc != TM_OK)
        tm_draw_deinit(out);
    return rc;
}

/* Systematic sampling: a step of d->n / n rows from a random place in the first. */
void tm_draw_cut(struct tm_draw *d, const struct tm_table *t, uint32_t n)
{
    uint64_t at = (uint64_t)d->phase * d->n >> 32;
    uint32_t kept = 0;
    if (n >= d->n)
        return;
    for (uint32_t i = 0; i < d->n; i++) {
        at += n;
        if (at >= d->n) {
            at -= d->n;
            d->row[kept++] = d->row[i];
        }
    }
    d->n = kept;
    d->phase = d->phase * 1664525U + 1013904223U; /* as random as before, in another place */
    d->n_sessions = count_sessions(d, t);
}

int tm_draw_split(struct tm_draw *d, struct tm_draw *rest, const struct tm_table *t)
{
    uint32_t at = d->n / 2;
    while (at > 0 && at < d->n && t->rows[d->row[at]].session == t->rows[d->row[at - 1]].session)
        at++;
    *rest = (struct tm_draw){.row = calloc((size_t)(d->n - at) + 1, sizeof *rest->row)};
    if (!rest->row)
        return TM_ERR_NOMEM;
    rest->n = d->n - at;
    if (rest->n > 0)
        memcpy(rest->row, d->row + at, rest->n * sizeof *rest->row);
    rest->n_sessions = count_sessions(rest, t);
    d->n = at;
    d->n_sessions = count_sessions(d, t);
    return TM_OK;
}

void tm_draw_deinit(struct tm_draw *d)
{
    free(d->row);
    *d = (struct tm_draw){0};
}

int tm_draw_count(struct tm_detect_count *out, const struct tm_table *t)
{
    bool *seen = calloc((size_t)t->n_names + 1, sizeof *seen);
    if (!seen)
        return TM_ERR_NOMEM;
    *out = (struct tm_detect_count){.n_conns = t->n_rows};
    for (uint32_t i = 0; i < t->n_rows; i++) {
        out->n_sessions += !seen[t->rows[i].session];
        seen[t->rows[i].session] = true;
    }
    free(seen);
    return TM_OK;
}
