/* The longest stretch of a connection that a training connection has too, by a suffix array: all places in
 * the training connections, in the order of what follows there up to the connection's end. */
#include "learner/near.h"

#include <stdlib.h>

/* Which of two places comes first, by what follows; equal ones by their place. */
static int by_suffix(const void *a, const void *b, void *objects)
{
    const uint64_t *o = objects;
    size_t i = *(const size_t *)a;
    size_t k = *(const size_t *)b;
    size_t len = 0;
    while (o[i + len] == o[k + len] && o[i + len] != 0)
        len++;
    if (o[i + len] != o[k + len])
        return o[i + len] < o[k + len] ? -1 : 1;
    return (i > k) - (i < k);
}

/* How many objects at `a` and at `b` are the same, before either ends. */
static size_t common(const uint64_t *a, const uint64_t *b)
{
    size_t len = 0;
    while (a[len] != 0 && a[len] == b[len])
        len++;
    return len;
}

/* The most objects from `what` on that follow one another somewhere in training: beside the place where it
 * would stand in the order. */
static size_t longest_at(const uint64_t *objects, const size_t *place, size_t n,
                         const uint64_t *what)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const uint64_t *there = objects + place[mid];
        size_t len = common(there, what);
        if (there[len] < what[len])
            low = mid + 1;
        else
            high = mid;
    }
    size_t before = low > 0 ? common(objects + place[low - 1], what) : 0;
    size_t after = low < n ? common(objects + place[low], what) : 0;
    return before > after ? before : after;
}

int tm_near_stretch(const struct tm_near_set *train, const struct tm_near_set *set, double *out)
{
    size_t n = 0;
    double sum = 0;
    size_t *place = calloc(train->n_objects + 1, sizeof *place);
    *out = 0;
    if (!place)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < train->n_objects; i++) {
        if (train->object[i] != 0)
            place[n++] = i;
    }
    qsort_r(place, n, sizeof *place, by_suffix, train->object);
    for (size_t i = 0; i < set->n; i++) {
        const struct tm_near_point *p = &set->v[i];
        size_t longest = 0;
        for (size_t k = 0; k + longest < p->n_objects; k++) { /* a later one has fewer to go */
            size_t len = longest_at(train->object, place, n, set->object + p->first + k);
            longest = len > longest ? len : longest;
        }
        if (p->n_objects > 0)
            sum += (double)longest / (double)p->n_objects;
    }
    if (set->n > 0)
        *out = sum / (double)set->n;
    free(place);
    return TM_OK;
}
