#include "tm/mbsim/report.h"

#include <stdlib.h>
#include <string.h>

static bool is_arrival(const struct tm_mbsim_event *e, bool is_client)
{
    return e->kind == TM_MB_TUNNEL_RECV && e->is_client == is_client && !e->is_padding;
}

static size_t n_arrivals(const struct tm_mbsim_log *l, bool is_client)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += is_arrival(&l->events[i], is_client);
    return n;
}

static int compare(const void *a, const void *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Differences of the k-th arrivals, for the first n, sorted. */
static void differences(int64_t *out, size_t n, const struct tm_mbsim_log *defended,
                        const struct tm_mbsim_log *plain, bool is_client)
{
    size_t i = 0, j = 0;
    for (size_t k = 0; k < n; k++, i++, j++) {
        while (!is_arrival(&defended->events[i], is_client))
            i++;
        while (!is_arrival(&plain->events[j], is_client))
            j++;
        out[k] = defended->events[i].t_ns - plain->events[j].t_ns;
    }
    qsort(out, n, sizeof *out, compare);
}

static int make_cost(struct tm_mbsim_cost *c, const struct tm_mbsim_log *defended,
                     const struct tm_mbsim_log *plain, bool is_up)
{
    const bool is_client = !is_up; /* where it arrives */
    const size_t a = n_arrivals(defended, is_client), b = n_arrivals(plain, is_client);
    const size_t n = a < b ? a : b;
    for (size_t i = 0; i < defended->n; i++) {
        const struct tm_mbsim_event *e = &defended->events[i];
        if (e->kind != TM_MB_TUNNEL_SENT || e->is_client != is_up)
            continue;
        c->n_padding += e->is_padding;
        c->n_packets += !e->is_padding;
    }
    if (n == 0)
        return TM_OK;
    int64_t *gaps_ns = calloc(n, sizeof *gaps_ns);
    if (!gaps_ns)
        return TM_ERR_NOMEM;
    differences(gaps_ns, n, defended, plain, is_client);
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += (double)gaps_ns[k];
    c->n_arrived = n;
    c->mean_ns = sum / (double)n;
    c->p50_ns = gaps_ns[(n - 1) / 2];
    c->p95_ns = gaps_ns[(n - 1) * 95 / 100];
    c->max_ns = gaps_ns[n - 1];
    free(gaps_ns);
    return TM_OK;
}

static int64_t span_ns(const struct tm_mbsim_log *l)
{
    size_t first = 0, last = l->n;
    while (first < l->n && l->events[first].kind != TM_MB_TUNNEL_SENT)
        first++;
    while (last > first && !is_arrival(&l->events[last - 1], true) &&
           !is_arrival(&l->events[last - 1], false))
        last--;
    return last > first ? l->events[last - 1].t_ns - l->events[first].t_ns : 0;
}

int tm_mbsim_report_make(struct tm_mbsim_report *out, const struct tm_mbsim_log *defended,
                         const struct tm_mbsim_log *plain)
{
    *out = (struct tm_mbsim_report){
        .plain_ns = span_ns(plain), .defended_ns = span_ns(defended), .is_cut = defended->is_cut};
    int rc = make_cost(&out->up, defended, plain, true);
    return rc == TM_OK ? make_cost(&out->down, defended, plain, false) : rc;
}

static double weighted(double a, uint64_t n_a, double b, uint64_t n_b)
{
    const double n = (double)n_a + (double)n_b;
    return n > 0 ? (a * (double)n_a + b * (double)n_b) / n : 0;
}

static void add_cost(struct tm_mbsim_cost *sum, const struct tm_mbsim_cost *c)
{
    const uint64_t n_a = sum->n_arrived, n_b = c->n_arrived;
    sum->n_packets += c->n_packets;
    sum->n_padding += c->n_padding;
    sum->mean_ns = weighted(sum->mean_ns, n_a, c->mean_ns, n_b);
    sum->p50_ns = (int64_t)weighted((double)sum->p50_ns, n_a, (double)c->p50_ns, n_b);
    sum->p95_ns = (int64_t)weighted((double)sum->p95_ns, n_a, (double)c->p95_ns, n_b);
    sum->max_ns = sum->max_ns > c->max_ns || n_b == 0 ? sum->max_ns : c->max_ns;
    sum->n_arrived += c->n_arrived;
}

void tm_mbsim_report_add(struct tm_mbsim_report *sum, const struct tm_mbsim_report *r)
{
    add_cost(&sum->up, &r->up);
    add_cost(&sum->down, &r->down);
    sum->plain_ns += r->plain_ns;
    sum->defended_ns += r->defended_ns;
    sum->is_cut = sum->is_cut || r->is_cut;
}
