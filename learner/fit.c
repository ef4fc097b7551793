#include "learner/fit.h"

#include <stdio.h>
#include <stdlib.h>

struct entry {
    const struct tm_record *r;
};

/* By start, then end: a fitter gets connections in this order. */
static int by_start(const void *a, const void *b)
{
    const struct tm_conn *x = &((const struct entry *)a)->r->conn;
    const struct tm_conn *y = &((const struct entry *)b)->r->conn;
    if (x->start_us != y->start_us)
        return x->start_us < y->start_us ? -1 : 1;
    return (x->end_us > y->end_us) - (x->end_us < y->end_us);
}

static int feed(struct tm_fitter *f, const struct tm_pair_pool *pool, const struct entry *e,
                size_t n)
{
    int rc = TM_OK;
    for (size_t i = 0; i < n && rc == TM_OK; i++) {
        const struct tm_record *r = e[i].r;
        uint32_t ticket;
        rc = tm_fitter_open(f, r->client, r->server, r->conn.start_us, &ticket);
        if (rc == TM_OK)
            rc = tm_fitter_close(f, ticket, r, pool);
    }
    return rc == TM_OK ? tm_fitter_end(f) : rc;
}

int tm_fit_records(const struct tm_fit_cfg *cfg, const struct tm_pair_pool *pool,
                   const struct tm_record *records, size_t n_records, struct tm_samples *samples,
                   struct tm_group_counts *counts)
{
    struct tm_fitter *f = NULL;
    if (n_records == 0)
        return TM_OK;
    if (n_records >= UINT32_MAX)
        return TM_ERR_LIMIT;
    struct entry *order = calloc(n_records, sizeof *order);
    int rc = order ? tm_fitter_new(&f, cfg, samples, counts) : TM_ERR_NOMEM;
    if (rc == TM_OK) {
        for (size_t i = 0; i < n_records; i++)
            order[i].r = &records[i];
        qsort(order, n_records, sizeof *order, by_start);
        rc = feed(f, pool, order, n_records);
    }
    tm_fitter_free(f);
    free(order);
    return rc;
}

int tm_fit_model(struct tm_samples *samples, const char *name, size_t max_points,
                 struct tm_model *out)
{
    *out = (struct tm_model){.kind = TM_MODEL_SWING};
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    int rc = TM_OK;
    for (unsigned p = 0; p < TM_SWING_PARAMS && rc == TM_OK; p++)
        rc = tm_samples_fit(samples, p, max_points, &out->u.swing.param[p]);
    for (unsigned p = 0; p < TM_MEASURED_PARAMS && rc == TM_OK; p++)
        rc = tm_samples_fit(samples, TM_SAMPLES_MEASURED(p), max_points, &out->u.swing.measured[p]);
    if (rc != TM_OK)
        tm_model_deinit(out);
    return rc;
}

void tm_fit_bounds(const struct tm_fit_cfg *cfg, const struct tm_exchange_cfg *exchange,
                   const struct tm_dist *param, struct tm_bound *bound)
{
    const struct tm_group_cfg *g = &cfg->group;
    const struct {
        enum tm_swing_param p;
        struct tm_bound bound;
    } rules[] = {
        {TM_SWING_NUM_RRE, {0, g->max_rres}},
        {TM_SWING_INTER_RRE, {(uint64_t)g->rre_gap_us, (uint64_t)g->session_gap_us}},
        {TM_SWING_NUM_CONN, {0, g->max_conns}},
        {TM_SWING_INTER_CONN, {0, (uint64_t)g->inter_conn_us}},
        {TM_SWING_NUM_PAIRS, {0, exchange->max_pairs}},
        {TM_SWING_INTER_SESSION, {(uint64_t)g->session_gap_us, (uint64_t)g->away_us}},
    };
    for (size_t p = 0; p < TM_SWING_PARAMS; p++)
        bound[p] = (struct tm_bound){0};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (param[rules[i].p].n_points > 0)
            bound[rules[i].p] = rules[i].bound;
    }
}
