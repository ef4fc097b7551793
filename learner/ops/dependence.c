#include "learner/ops/dependence.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tm/base/grow.h"

const char *tm_relation_name(enum tm_relation r)
{
    static const char *const name[TM_RELATIONS] = {
        [TM_REL_REQ_RSP] = "req_bytes ~ rsp_bytes",
        [TM_REL_REQ_SERVER] = "req_bytes ~ server_think",
        [TM_REL_SERVER_RSP] = "server_think ~ rsp_bytes",
        [TM_REL_REQ_NEXT] = "req_bytes ~ next",
        [TM_REL_RSP_NEXT] = "rsp_bytes ~ next",
        [TM_REL_RSP_THINK] = "rsp_bytes ~ req_think",
        [TM_REL_THINK_NEXT] = "req_think ~ next",
        [TM_REL_THINK_REQ] = "req_think ~ req_bytes",
        [TM_REL_PAIRS_FIRST] = "num_pairs ~ first rsp",
        [TM_REL_UP_DOWN] = "up_bytes ~ down_bytes",
    };
    return r < TM_RELATIONS ? name[r] : "";
}

void tm_dependence_deinit(struct tm_dependence *d)
{
    for (size_t r = 0; r < TM_RELATIONS; r++)
        free(d->point[r]);
    *d = (struct tm_dependence){0};
}

/* A value that may not be there: TM_PAIR_NONE in a pair. */
#define NOT_THERE UINT64_MAX

static int add(struct tm_dependence *d, enum tm_relation r, uint64_t x, uint64_t y)
{
    if (x == NOT_THERE || y == NOT_THERE)
        return TM_OK;
    int rc = tm_grow(&d->point[r], &d->cap[r], d->n[r], sizeof *d->point[r]);
    if (rc == TM_OK)
        d->point[r][d->n[r]++] = (struct tm_dependence_point){x, y};
    return rc;
}

/* What a pair says; think times without the connection's round trip. */
struct values {
    uint64_t req, rsp, think, server;
};

static const struct values nothing = {NOT_THERE, NOT_THERE, NOT_THERE, NOT_THERE};

static uint64_t size_of(uint32_t bytes)
{
    return bytes == TM_PAIR_NONE ? NOT_THERE : bytes;
}

static uint64_t think_of(uint32_t gap_us, uint32_t rtt_us)
{
    if (gap_us == TM_PAIR_NONE)
        return NOT_THERE;
    if (rtt_us == TM_PAIR_NONE)
        return gap_us;
    return gap_us > rtt_us ? gap_us - rtt_us : 0;
}

static struct values values_of(const struct tm_pair *p, const struct tm_conn *c)
{
    return (struct values){size_of(p->req_bytes), size_of(p->rsp_bytes),
                           think_of(p->req_think_us, c->rtt_us[TM_DOWN]),
                           think_of(p->server_think_us, c->rtt_us[TM_UP])};
}

static int add_pair(struct tm_dependence *d, const struct values *before, const struct values *v)
{
    const struct {
        enum tm_relation relation;
        uint64_t x, y;
    } row[] = {
        {TM_REL_REQ_RSP, v->req, v->rsp},          {TM_REL_REQ_SERVER, v->req, v->server},
        {TM_REL_SERVER_RSP, v->server, v->rsp},    {TM_REL_THINK_REQ, v->think, v->req},
        {TM_REL_REQ_NEXT, before->req, v->req},    {TM_REL_RSP_NEXT, before->rsp, v->rsp},
        {TM_REL_RSP_THINK, before->rsp, v->think}, {TM_REL_THINK_NEXT, before->think, v->think},
    };
    int rc = TM_OK;
    for (size_t i = 0; i < sizeof row / sizeof *row && rc == TM_OK; i++)
        rc = add(d, row[i].relation, row[i].x, row[i].y);
    return rc;
}

int tm_dependence_add(struct tm_dependence *d, const struct tm_pair_pool *pool,
                      const struct tm_record *records, size_t n)
{
    int rc = TM_OK;
    for (size_t k = 0; k < n && rc == TM_OK; k++) {
        const struct tm_conn *c = &records[k].conn;
        struct values before = nothing;
        uint64_t first_rsp = NOT_THERE;
        for (uint32_t i = c->first_pair; i != TM_PAIR_NONE && rc == TM_OK; i = pool->pair[i].next) {
            struct values v = values_of(&pool->pair[i], c);
            first_rsp = i == c->first_pair ? v.rsp : first_rsp;
            rc = add_pair(d, &before, &v);
            before = v;
        }
        if (rc == TM_OK)
            rc = add(d, TM_REL_PAIRS_FIRST, c->n_pairs, first_rsp);
        if (rc == TM_OK)
            rc = add(d, TM_REL_UP_DOWN, c->bytes[TM_UP], c->bytes[TM_DOWN]);
    }
    return rc;
}

struct ranked {
    uint64_t value;
    size_t i;
};

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* Mean ranks, from 0, less their mean. */
static void rank(struct ranked *v, size_t n, double *out)
{
    qsort(v, n, sizeof *v, by_value);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && v[to].value == v[from].value; to++)
            ;
        for (size_t i = from; i < to; i++)
            out[v[i].i] = ((double)from + (double)(to - 1)) / 2 - (double)(n - 1) / 2;
    }
}

static double correlation(const double *x, const double *y, size_t n)
{
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (size_t i = 0; i < n; i++) {
        xx += x[i] * x[i];
        yy += y[i] * y[i];
        xy += x[i] * y[i];
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

static int rho_of(const struct tm_dependence_point *p, size_t n, double *out)
{
    int rc = TM_ERR_NOMEM;
    struct ranked *v = calloc(n, sizeof *v);
    double *x = calloc(n, sizeof *x);
    double *y = calloc(n, sizeof *y);
    if (!v || !x || !y)
        goto out;
    for (size_t i = 0; i < n; i++)
        v[i] = (struct ranked){p[i].x, i};
    rank(v, n, x);
    for (size_t i = 0; i < n; i++)
        v[i] = (struct ranked){p[i].y, i};
    rank(v, n, y);
    *out = correlation(x, y, n);
    rc = TM_OK;
out:
    free(v);
    free(x);
    free(y);
    return rc;
}

int tm_dependence_rho(const struct tm_dependence *d, double rho[TM_RELATIONS])
{
    int rc = TM_OK;
    for (size_t r = 0; r < TM_RELATIONS && rc == TM_OK; r++) {
        rho[r] = NAN;
        if (d->n[r] >= TM_DEPENDENCE_MIN)
            rc = rho_of(d->point[r], d->n[r], &rho[r]);
    }
    return rc;
}
