#include "learner/recall.h"

#include <stdlib.h>

struct seen {
    uint64_t value;
    uint32_t user;
};

static int by_value(const void *a, const void *b)
{
    const struct seen *x = a;
    const struct seen *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->user > y->user) - (x->user < y->user);
}

/* The first of the n sorted observations with at least this value. */
static size_t lower_bound(const struct seen *s, size_t n, uint64_t value)
{
    size_t low = 0;
    while (low < n) {
        size_t mid = low + (n - low) / 2;
        if (s[mid].value < value)
            low = mid + 1;
        else
            n = mid;
    }
    return low;
}

/* How many observations the one user has who alone had the value; 0 when nobody or several had it. */
static uint64_t own_observations(const struct seen *s, size_t n, uint64_t value)
{
    size_t from = lower_bound(s, n, value);
    size_t i = from;
    for (; i < n && s[i].value == value; i++) {
        if (s[i].user != s[from].user)
            return 0;
    }
    return i - from;
}

/* How many values of the model one user alone had, and the share of the draws that these are. */
static int count_own(const struct tm_dist *d, enum tm_swing_param p, const struct tm_samples *from,
                     uint64_t *n_own, double *share)
{
    size_t n = from->n[p];
    uint64_t draws = 0;
    struct seen *s = calloc(n + 1, sizeof *s);
    if (!s)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        s[i] = (struct seen){from->v[p][i], from->user[p][i]};
    qsort(s, n, sizeof *s, by_value);
    *n_own = 0;
    for (size_t i = 0; i < d->n_points; i++) {
        uint64_t count = d->pt[i].cum - (i > 0 ? d->pt[i - 1].cum : 0);
        uint64_t own = own_observations(s, n, d->pt[i].value);
        *n_own += own > 0;
        draws += own < count ? own : count;
    }
    *share = d->n_points > 0 ? (double)draws / (double)tm_dist_total(d) : 0;
    free(s);
    return TM_OK;
}

int tm_recall(const struct tm_dist *d, enum tm_swing_param p, uint32_t k,
              const struct tm_samples *train, const struct tm_samples *heldout,
              struct tm_recall *out)
{
    *out = (struct tm_recall){.n_values = d->n_points};
    for (size_t i = 0; i < d->n_points; i++)
        out->n_few += d->pt[i].cum - (i > 0 ? d->pt[i - 1].cum : 0) < k;
    int rc = count_own(d, p, train, &out->n_own, &out->own_share);
    if (rc == TM_OK && heldout)
        rc = count_own(d, p, heldout, &out->n_chance, &out->chance_share);
    return rc;
}
