#include "learner/recall.h"

#include <stdbool.h>
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

/* One user had the value, and no other. */
static bool is_own(const struct seen *s, size_t n, uint64_t value)
{
    size_t i = lower_bound(s, n, value);
    if (i == n || s[i].value != value)
        return false;
    uint32_t user = s[i].user;
    for (; i < n && s[i].value == value; i++) {
        if (s[i].user != user)
            return false;
    }
    return true;
}

/* How many values of the model one user alone had, and their share of the draws. */
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
        if (!is_own(s, n, d->pt[i].value))
            continue;
        ++*n_own;
        draws += d->pt[i].cum - (i > 0 ? d->pt[i - 1].cum : 0);
    }
    *share = d->n_points > 0 ? (double)draws / (double)tm_dist_total(d) : 0;
    free(s);
    return TM_OK;
}

int tm_recall(const struct tm_dist *d, enum tm_swing_param p, uint32_t k,
              const struct tm_samples *train, const struct tm_samples *heldout,
              struct tm_recall *out)
{
    uint64_t n_chance;
    *out = (struct tm_recall){.n_values = d->n_points};
    for (size_t i = 0; i < d->n_points; i++)
        out->n_few += d->pt[i].cum - (i > 0 ? d->pt[i - 1].cum : 0) < k;
    int rc = count_own(d, p, train, &out->n_own, &out->own_share);
    if (rc == TM_OK && heldout)
        rc = count_own(d, p, heldout, &n_chance, &out->chance_share);
    return rc;
}
