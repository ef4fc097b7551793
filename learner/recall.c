#include "learner/recall.h"

#include <math.h>

/* How many observations have the value. */
static uint64_t observations(const struct tm_runs *r, uint64_t value)
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
    return low < r->n && r->v[low].value == value ? r->v[low].count : 0;
}

static uint64_t count_of(const struct tm_dist *d, size_t i)
{
    return d->pt[i].cum - (i > 0 ? d->pt[i - 1].cum : 0);
}

/* Draws that stand for rare values, and the sum of their squares, the variance when values are met at random. */
struct draws {
    double n;
    double squares;
};

/* How many values of the model are rare in `from`, those left out that are common in training captures. */
static uint64_t count_rare(const struct tm_dist *d, uint32_t k, const struct tm_runs *train,
                           const struct tm_runs *from, struct draws *draws)
{
    uint64_t n_rare = 0;
    for (size_t i = 0; i < d->n_points; i++) {
        uint64_t n = observations(from, d->pt[i].value);
        if (n == 0 || n >= k || observations(train, d->pt[i].value) >= k)
            continue;
        double own = (double)(n < count_of(d, i) ? n : count_of(d, i));
        n_rare++;
        draws->n += own;
        draws->squares += own * own;
    }
    return n_rare;
}

void tm_recall(const struct tm_dist *d, uint32_t k, const struct tm_runs *train,
               const struct tm_runs *heldout, struct tm_recall *out)
{
    struct draws rare = {0};
    struct draws chance = {0};
    *out = (struct tm_recall){.n_values = d->n_points};
    if (d->n_points == 0)
        return;
    for (size_t i = 0; i < d->n_points; i++)
        out->n_few += count_of(d, i) < k;
    out->n_rare = count_rare(d, k, train, train, &rare);
    if (heldout)
        out->n_chance = count_rare(d, k, train, heldout, &chance);
    double total = (double)tm_dist_total(d);
    out->rare_share = rare.n / total;
    out->chance_share = chance.n / total;
    out->share_error = sqrt(rare.squares + chance.squares) / total;
}
