#include "audit/interference/run.h"

#include <stdlib.h>

#include "tm/base/time.h"

int tm_run_conn_order(const struct tm_run_conn *a, const struct tm_run_conn *b)
{
    if (a->src != b->src)
        return a->src < b->src ? -1 : 1;
    if (a->user != b->user)
        return a->user < b->user ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static int by_place(const void *a, const void *b)
{
    return tm_run_conn_order(a, b);
}

/* ---- Joining ---- */

/* The connection between the carrier's endpoints (as the client sees them) that began nearest to its establishment. */
static uint32_t conn_of(const struct tm_run *r, const struct tm_sched_carrier *c)
{
    uint32_t best = TM_WIRE_NONE;
    int64_t up_us = c->up_us[TM_CLIENT] + r->schedule.session[TM_CLIENT].wall_minus_mono_us;
    if (!c->has_up[TM_CLIENT] || !c->has_endpoints[TM_CLIENT])
        return best;
    for (uint32_t k = tm_wire_view_find(&r->view, &c->client[TM_CLIENT], &c->server[TM_CLIENT]);
         k != TM_WIRE_NONE; k = r->view.conns[k].older) {
        if (best == TM_WIRE_NONE ||
            llabs(r->view.conns[k].first_us - up_us) < llabs(r->view.conns[best].first_us - up_us))
            best = k;
    }
    return best;
}

static void join_log(struct tm_run *r)
{
    for (uint32_t k = 0; k < r->schedule.n_carriers; k++) {
        const struct tm_sched_carrier *c = &r->schedule.carriers[k];
        if (!c->is_known || !c->has_open)
            continue;
        r->conns[r->n_conns++] = (struct tm_run_conn){.src = (uint32_t)c->src,
                                                      .user = c->user,
                                                      .index = c->index,
                                                      .carrier = k,
                                                      .conn = conn_of(r, c),
                                                      .trace = UINT32_MAX};
    }
    qsort(r->conns, r->n_conns, sizeof *r->conns, by_place);
}

/* Connections stand in order of their first packets.  One whose beginning was not captured has no rank. */
static void join_rank(struct tm_run *r)
{
    for (uint32_t k = 0; k < r->view.n_conns; k++) {
        if (r->view.conns[k].syn_us == TM_NEVER)
            continue;
        r->conns[r->n_conns] = (struct tm_run_conn){
            .index = r->n_conns, .carrier = UINT32_MAX, .conn = k, .trace = UINT32_MAX};
        r->n_conns++;
    }
}

struct start {
    int64_t t_us;
    uint16_t port;
    uint32_t at;
};

static int by_start(const void *pa, const void *pb)
{
    const struct start *a = pa;
    const struct start *b = pb;
    if (a->t_us != b->t_us)
        return a->t_us < b->t_us ? -1 : 1;
    return (a->port > b->port) - (a->port < b->port);
}

/* Gives every connection found its trace: the one that began in the same packet. */
static int find_traces(struct tm_run *r)
{
    size_t n = r->traces.n;
    struct start *starts = malloc((n + 1) * sizeof *starts);
    if (!starts)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        starts[i] =
            (struct start){r->traces.v[i].start_us, r->traces.v[i].client.port, (uint32_t)i};
    qsort(starts, n, sizeof *starts, by_start);
    for (uint32_t i = 0; i < r->n_conns; i++) {
        struct tm_run_conn *c = &r->conns[i];
        if (c->conn == TM_WIRE_NONE)
            continue;
        const struct tm_wire_conn *conn = &r->view.conns[c->conn];
        struct start key = {conn->first_us, conn->client.port, 0};
        const struct start *found = bsearch(&key, starts, n, sizeof *starts, by_start);
        if (found && tm_endpoint_is_equal(&r->traces.v[found->at].client, &conn->client))
            c->trace = found->at;
    }
    free(starts);
    return TM_OK;
}

int tm_run_join(struct tm_run *r, struct tm_msg *msg)
{
    bool has_log = tm_run_has_log(r);
    size_t cap = has_log ? r->schedule.n_carriers : r->view.n_conns;
    uint32_t n_seen = 0;
    if (r->n_logs > 0 && !has_log)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s: the client's log is wanted: it alone names the plan's places",
                          r->logs[0]);
    r->conns = calloc(cap + 1, sizeof *r->conns);
    if (!r->conns)
        return tm_msg_set(msg, TM_ERR_NOMEM, "%s: out of memory", r->capture);
    if (has_log)
        join_log(r);
    else
        join_rank(r);
    for (uint32_t i = 0; i < r->n_conns; i++)
        n_seen += r->conns[i].conn != TM_WIRE_NONE;
    if (n_seen == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          has_log
                              ? "%s: none of the log's carriers is in it: a log of another run, "
                                "or a capture taken elsewhere"
                              : "%s: no connection to the server in it",
                          r->capture);
    int rc = find_traces(r);
    return rc == TM_OK ? rc : tm_msg_set(msg, rc, "%s: out of memory", r->capture);
}

int tm_run_pairs(const struct tm_run *a, const struct tm_run *b, struct tm_run_pair **pairs,
                 uint32_t *n)
{
    uint32_t i = 0;
    uint32_t j = 0;
    *n = 0;
    *pairs = calloc((a->n_conns < b->n_conns ? a->n_conns : b->n_conns) + 1U, sizeof **pairs);
    if (!*pairs)
        return TM_ERR_NOMEM;
    while (i < a->n_conns && j < b->n_conns) {
        int order = tm_run_conn_order(&a->conns[i], &b->conns[j]);
        if (order == 0)
            (*pairs)[(*n)++] = (struct tm_run_pair){{i, j}};
        i += order <= 0;
        j += order >= 0;
    }
    return TM_OK;
}

void tm_run_deinit(struct tm_run *r)
{
    tm_schedule_deinit(&r->schedule);
    tm_wire_view_deinit(&r->view);
    tm_trace_set_deinit(&r->traces);
    free(r->conns);
    r->conns = NULL;
    r->n_conns = 0;
}
