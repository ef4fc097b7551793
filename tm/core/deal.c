#include "tm/core/deal.h"

static uint32_t most_of(const struct tm_deal *d)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < d->n; i++)
        most = d->v[i].cost > most ? d->v[i].cost : most;
    return most;
}

static uint32_t least_at(const struct tm_deal *d)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < d->n; i++)
        best = d->v[i].cost < d->v[best].cost ? i : best;
    return best;
}

/* Where k stands, entered if it is new. */
static uint32_t enter(struct tm_deal *d, uint32_t k)
{
    uint32_t at = 0;
    while (at < d->n && d->v[at].k != k)
        at++;
    if (at < d->n)
        return at;
    uint32_t cost = most_of(d);
    if (d->n == TM_SHUFFLE_M_MAX)
        at = least_at(d);
    else
        d->n++;
    d->v[at].k = k;
    d->v[at].cost = cost;
    return at;
}

uint32_t tm_deal_cost(struct tm_deal *d, uint32_t k)
{
    return d->v[enter(d, k)].cost;
}

void tm_deal_add(struct tm_deal *d, uint32_t k, size_t bytes)
{
    uint32_t at = enter(d, k);
    d->v[at].cost += TM_DEAL_PIECE + (uint32_t)(bytes < TM_DEAL_FORGET ? bytes : TM_DEAL_FORGET);
    if (d->v[at].cost <= TM_DEAL_FORGET)
        return;
    for (uint32_t i = 0; i < d->n; i++)
        d->v[i].cost /= 2;
}
