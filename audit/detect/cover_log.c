#include "audit/detect/cover_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A carrier as the wire has it. */
struct carrier {
    struct tm_endpoint client, server;
    int64_t up_us; /* since 1970 */
    uint32_t log, user;
};

static int by_endpoints(const struct tm_endpoint *c, const struct tm_endpoint *s,
                        const struct carrier *y)
{
    int o = memcmp(c->addr, y->client.addr, sizeof c->addr);
    if (o != 0)
        return o;
    if (c->port != y->client.port)
        return c->port < y->client.port ? -1 : 1;
    o = memcmp(s->addr, y->server.addr, sizeof s->addr);
    if (o != 0)
        return o;
    return s->port < y->server.port ? -1 : s->port > y->server.port;
}

static int order(const void *a, const void *b)
{
    const struct carrier *x = a, *y = b;
    int o = by_endpoints(&x->client, &x->server, y);
    return o != 0 ? o : x->up_us < y->up_us ? -1 : x->up_us > y->up_us;
}

static size_t list(struct carrier *out, const struct tm_schedule *logs, size_t n_logs)
{
    size_t n = 0;
    for (size_t l = 0; l < n_logs; l++) {
        int64_t shift_us = logs[l].session[TM_CLIENT].wall_minus_mono_us;
        for (uint32_t k = 0; logs[l].has_side[TM_CLIENT] && k < logs[l].n_carriers; k++) {
            const struct tm_sched_carrier *c = &logs[l].carriers[k];
            if (c->has_open && c->has_up[TM_CLIENT] && c->has_endpoints[TM_CLIENT])
                out[n++] = (struct carrier){.client = c->client[TM_CLIENT],
                                            .server = c->server[TM_CLIENT],
                                            .up_us = c->up_us[TM_CLIENT] + shift_us,
                                            .log = (uint32_t)l,
                                            .user = c->user};
        }
    }
    qsort(out, n, sizeof *out, order);
    return n;
}

/* The carrier with the connection's endpoints that was established nearest to its start. */
static const struct carrier *find(const struct carrier *v, size_t n, const struct tm_trace *t)
{
    const struct carrier *best = NULL;
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (by_endpoints(&t->client, &t->server, &v[mid]) > 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < n && by_endpoints(&t->client, &t->server, &v[low]) == 0; low++) {
        if (!best || llabs(v[low].up_us - t->start_us) < llabs(best->up_us - t->start_us))
            best = &v[low];
    }
    return best;
}

int tm_cover_log_sessions(struct tm_trace_set *set, const struct tm_schedule *logs, size_t n_logs,
                          int64_t block_us, size_t *n_found)
{
    size_t n = 0;
    int rc = TM_OK;
    for (size_t l = 0; l < n_logs; l++)
        n += logs[l].n_carriers;
    struct carrier *v = calloc(n + 1, sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    n = list(v, logs, n_logs);
    *n_found = 0;
    for (size_t i = 0; rc == TM_OK && i < set->n; i++) {
        const struct carrier *c = find(v, n, &set->v[i]);
        char name[64];
        if (!c)
            continue;
        if (block_us > 0)
            (void)snprintf(name, sizeof name, "user %" PRIu32 " of log %" PRIu32 "#%" PRId64,
                           c->user, c->log, set->v[i].start_us / block_us);
        else
            (void)snprintf(name, sizeof name, "user %" PRIu32 " of log %" PRIu32, c->user, c->log);
        rc = tm_trace_set_name(set, name, &set->v[i].session);
        (*n_found)++;
    }
    free(v);
    return rc;
}
