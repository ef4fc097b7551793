#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/neighbours.h"

#define ROUNDS_MAX 100

struct points {
    const float *x;
    uint32_t n, d, k;
};

struct run {
    uint32_t *cluster; /* n */
    float *centre;     /* k x d */
    double *sum;       /* k x d */
    uint32_t *size;    /* k */
    float *apart2;     /* n: squared distance to the nearest centre */
    double cost;
};

static float distance2(const float *a, const float *b, uint32_t d)
{
    float sum = 0;
    for (uint32_t j = 0; j < d; j++)
        sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

static double uniform(struct tm_rng *rng)
{
    return (double)(tm_rng_u64(rng) >> 11) * 0x1p-53;
}

static void use_centre(const struct points *p, struct run *r, uint32_t c, uint32_t item)
{
    memcpy(r->centre + (size_t)c * p->d, p->x + (size_t)item * p->d, p->d * sizeof *r->centre);
}

/* k-means++ (Arthur, Vassilvitskii, SODA 2007): each next centre is drawn by its squared distance to those before. */
static void seed(const struct points *p, struct run *r, struct tm_rng *rng)
{
    uint32_t item = (uint32_t)tm_rng_below(rng, p->n);
    for (uint32_t i = 0; i < p->n; i++)
        r->apart2[i] = FLT_MAX;
    for (uint32_t c = 0; c < p->k; c++) {
        double total = 0;
        use_centre(p, r, c, item);
        for (uint32_t i = 0; i < p->n; i++) {
            float apart2 = distance2(p->x + (size_t)i * p->d, r->centre + (size_t)c * p->d, p->d);
            r->apart2[i] = apart2 < r->apart2[i] ? apart2 : r->apart2[i];
            total += (double)r->apart2[i];
        }
        double left = uniform(rng) * total;
        for (item = 0; item + 1 < p->n && (left -= (double)r->apart2[item]) >= 0;)
            item++;
    }
}

/* Every item to its nearest centre; true when one changed its cluster. */
static bool assign(const struct points *p, struct run *r)
{
    bool has_moved = false;
    r->cost = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t best = 0;
        float least = FLT_MAX;
        for (uint32_t c = 0; c < p->k; c++) {
            float apart2 = distance2(p->x + (size_t)i * p->d, r->centre + (size_t)c * p->d, p->d);
            if (apart2 < least) {
                least = apart2;
                best = c;
            }
        }
        has_moved |= r->cluster[i] != best;
        r->cluster[i] = best;
        r->apart2[i] = least;
        r->cost += (double)least;
    }
    return has_moved;
}

static uint32_t farthest(const struct points *p, const struct run *r)
{
    uint32_t far = 0;
    for (uint32_t i = 1; i < p->n; i++)
        if (r->apart2[i] > r->apart2[far])
            far = i;
    return far;
}

/* Every centre to the mean of its cluster; an empty cluster takes the item farthest from its centre. */
static void move_centres(const struct points *p, struct run *r)
{
    memset(r->sum, 0, (size_t)p->k * p->d * sizeof *r->sum);
    memset(r->size, 0, p->k * sizeof *r->size);
    for (uint32_t i = 0; i < p->n; i++) {
        double *sum = r->sum + (size_t)r->cluster[i] * p->d;
        r->size[r->cluster[i]]++;
        for (uint32_t j = 0; j < p->d; j++)
            sum[j] += (double)p->x[(size_t)i * p->d + j];
    }
    for (uint32_t c = 0; c < p->k; c++) {
        if (r->size[c] == 0) {
            uint32_t far = farthest(p, r);
            use_centre(p, r, c, far);
            r->apart2[far] = 0;
            continue;
        }
        for (uint32_t j = 0; j < p->d; j++)
            r->centre[(size_t)c * p->d + j] = (float)(r->sum[(size_t)c * p->d + j] / r->size[c]);
    }
}

static void run(const struct points *p, struct run *r, struct tm_rng *rng)
{
    seed(p, r, rng);
    memset(r->cluster, 0xff, p->n * sizeof *r->cluster);
    for (int round = 0; round < ROUNDS_MAX && assign(p, r); round++)
        move_centres(p, r);
    (void)assign(p, r);
}

/* NOLINTNEXTLINE(readability-function-size): the arrays of one sample, one parameter each */
int tm_kmeans(const float *x, uint32_t n, uint32_t d, uint32_t k, uint32_t restarts,
              struct tm_rng *rng, uint32_t *cluster, float *centre)
{
    if (k < 1 || k > n || d < 1)
        return TM_ERR_RANGE;
    struct points p = {x, n, d, k};
    struct run r = {.cluster = malloc(n * sizeof *r.cluster),
                    .centre = malloc((size_t)k * d * sizeof *r.centre),
                    .sum = malloc((size_t)k * d * sizeof *r.sum),
                    .size = malloc(k * sizeof *r.size),
                    .apart2 = malloc(n * sizeof *r.apart2)};
    int rc = TM_ERR_NOMEM;
    double least = INFINITY;
    if (!r.cluster || !r.centre || !r.sum || !r.size || !r.apart2)
        goto out;
    for (uint32_t i = 0; i < restarts || i == 0; i++) {
        run(&p, &r, rng);
        if (r.cost < least) {
            least = r.cost;
            memcpy(cluster, r.cluster, n * sizeof *cluster);
            memcpy(centre, r.centre, (size_t)k * d * sizeof *centre);
        }
    }
    rc = TM_OK;
out:
    free(r.cluster);
    free(r.centre);
    free(r.sum);
    free(r.size);
    free(r.apart2);
    return rc;
}
