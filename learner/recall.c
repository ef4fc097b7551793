#include "learner/recall.h"

#include <stdbool.h>

/* How many observations the one user has who alone had the value; 0 when nobody or several had it. */
static uint64_t own_observations(const struct tm_runs *r, uint64_t value)
{
    size_t low = 0;
    size_t high = r->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->v[mid].value < value)
            low = mid + 1;
        else
            high = mid;
    }
    bool is_own = low < r->n && r->v[low].value == value && r->v[low].user != TM_RUN_SEVERAL;
    return is_own ? r->v[low].count : 0;
}

static uint64_t count_of(const struct tm_dist *d, size_t i)
{
    return d->pt[i].cum - (i > 0 ? d->pt[i - 1].cum : 0);
}

/* How many values of the model one user alone had; the share of the draws that these are in *share. */
static uint64_t count_own(const struct tm_dist *d, const struct tm_runs *from, double *share)
{
    uint64_t draws = 0;
    uint64_t n_own = 0;
    for (size_t i = 0; i < d->n_points; i++) {
        uint64_t own = own_observations(from, d->pt[i].value);
        n_own += own > 0;
        draws += own < count_of(d, i) ? own : count_of(d, i);
    }
    *share = d->n_points > 0 ? (double)draws / (double)tm_dist_total(d) : 0;
    return n_own;
}

void tm_recall(const struct tm_dist *d, uint32_t k, const struct tm_runs *train,
               const struct tm_runs *heldout, struct tm_recall *out)
{
    *out = (struct tm_recall){.n_values = d->n_points};
    for (size_t i = 0; i < d->n_points; i++)
        out->n_few += count_of(d, i) < k;
    out->n_own = count_own(d, train, &out->own_share);
    if (heldout)
        out->n_chance = count_own(d, heldout, &out->chance_share);
}
