#include "audit/classify/tight.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/classify/rate.h"
#include "audit/ml/fold.h"
#include "audit/ml/neighbours.h"

#define RESTARTS 10U
#define HALVINGS 8U /* random halves of the real sessions behind a threshold */
#define PAIRS_MAX                                                                                  \
    1500U /* members of a cluster whose pairs are measured; of more, every so manieth */

/* Rows that are clustered together: real ones first. */
struct heap {
    float *x;          /* n x d */
    uint32_t *session; /* distinct for real and cover */
    uint8_t *hit;
    uint8_t *cls; /* 0 real, 1 cover */
    uint32_t *cluster;
    double *apart; /* of each cluster: mean pairwise distance, NaN for fewer than two members */
    uint32_t *members;
    float *centre;
    uint32_t n, n_real, d, k;
};

static void heap_free(struct heap *h)
{
    free(h->x);
    free(h->session);
    free(h->hit);
    free(h->cls);
    free(h->cluster);
    free(h->apart);
    free(h->members);
    free(h->centre);
}

static int heap_init(struct heap *h, uint32_t cap, uint32_t d, uint32_t k)
{
    size_t room = (size_t)cap + 1;
    *h = (struct heap){.x = malloc(room * d * sizeof *h->x),
                       .session = malloc(room * sizeof *h->session),
                       .hit = calloc(room, 1),
                       .cls = calloc(room, 1),
                       .cluster = calloc(room, sizeof *h->cluster),
                       .apart = calloc(k, sizeof *h->apart),
                       .members = calloc(room, sizeof *h->members),
                       .centre = malloc((size_t)k * d * sizeof *h->centre),
                       .d = d,
                       .k = k};
    return h->x && h->session && h->hit && h->cls && h->cluster && h->apart && h->members &&
                   h->centre
               ? TM_OK
               : TM_ERR_NOMEM;
}

static void heap_add(struct heap *h, const struct tm_points *p, uint32_t i, uint8_t cls)
{
    memcpy(h->x + (size_t)h->n * h->d, tm_points_x(p, i), h->d * sizeof *h->x);
    h->session[h->n] = 2 * p->session[i] + cls;
    h->cls[h->n++] = cls;
    h->n_real += cls == 0;
}

static double mean_apart(const struct heap *h, const uint32_t *member, uint32_t n)
{
    uint32_t step = (n + PAIRS_MAX - 1) / PAIRS_MAX;
    double sum = 0;
    double n_pairs = 0;
    for (uint32_t a = 0; a < n; a += step) {
        for (uint32_t b = 0; b < a; b += step) {
            double apart2 = 0;
            for (uint32_t j = 0; j < h->d; j++) {
                double v = (double)h->x[(size_t)member[a] * h->d + j] -
                           (double)h->x[(size_t)member[b] * h->d + j];
                apart2 += v * v;
            }
            sum += sqrt(apart2);
            n_pairs++;
        }
    }
    return n_pairs > 0 ? sum / n_pairs : NAN;
}

static int find_clusters(struct heap *h, struct tm_rng *rng)
{
    int rc = tm_kmeans(h->x, h->n, h->d, h->k, RESTARTS, rng, h->cluster, h->centre);
    for (uint32_t c = 0; c < h->k && rc == TM_OK; c++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < h->n; i++)
            if (h->cluster[i] == c)
                h->members[n++] = i;
        h->apart[c] = mean_apart(h, h->members, n);
    }
    return rc;
}

/* One cluster of a clustering of real rows: how close its members are, and which share of all such rows it holds. */
struct cluster {
    double apart, share;
};

static int closest_first(const void *a, const void *b)
{
    double x = ((const struct cluster *)a)->apart;
    double y = ((const struct cluster *)b)->apart;
    return x < y ? -1 : x > y;
}

/* Clusters the rows of `all` whose half is `which`; appends the clusters that have a distance. */
static int cluster_half(const struct heap *all, const uint8_t *half, uint8_t which,
                        struct tm_rng *rng, struct cluster *found, uint32_t *n_found)
{
    struct heap h = {0};
    int rc = heap_init(&h, all->n, all->d, all->k);
    if (rc != TM_OK)
        goto out;
    for (uint32_t i = 0; i < all->n; i++)
        if (half[i] == which)
            memcpy(h.x + (size_t)h.n++ * h.d, all->x + (size_t)i * h.d, h.d * sizeof *h.x);
    if (h.n < 2 * h.k)
        goto out;
    rc = find_clusters(&h, rng);
    for (uint32_t c = 0; c < h.k && rc == TM_OK; c++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < h.n; i++)
            n += h.cluster[i] == c;
        if (!isnan(h.apart[c]))
            found[(*n_found)++] = (struct cluster){h.apart[c], (double)n / h.n / (2 * HALVINGS)};
    }
out:
    heap_free(&h);
    return rc;
}

/* The largest threshold that flags at most `may_flag` of real rows, on average over random halves of the sessions; not
 * one clustering, whose closest cluster is a matter of luck.  NaN: too few rows. */
static int choose_threshold(const struct heap *calm, double may_flag, struct tm_rng *rng,
                            double *out)
{
    uint8_t *half = malloc((size_t)calm->n + 1);
    struct cluster *found = calloc((size_t)2 * HALVINGS * calm->k, sizeof *found);
    uint32_t n = 0;
    double flagged = 0;
    int rc = half && found ? TM_OK : TM_ERR_NOMEM;
    *out = NAN;
    for (uint32_t round = 0; round < HALVINGS && rc == TM_OK; round++) {
        rc = tm_fold_by_group(calm->session, calm->cls, calm->n, 2, rng, half);
        for (uint8_t which = 0; which < 2 && rc == TM_OK; which++)
            rc = cluster_half(calm, half, which, rng, found, &n);
    }
    if (rc == TM_OK && n > 0) {
        qsort(found, n, sizeof *found, closest_first);
        uint32_t at = 0;
        while (at + 1 < n && flagged + found[at].share <= may_flag)
            flagged += found[at++].share;
        *out = found[at].apart;
    }
    free(half);
    free(found);
    return rc == TM_ERR_RANGE ? TM_OK : rc; /* a single session has no halves */
}

static void fill_result(struct tm_classify_clusters *out, struct heap *h)
{
    out->n_real = h->n_real;
    out->tightest_cover = NAN;
    for (uint32_t c = 0; c < h->k; c++) {
        uint32_t count[2] = {0, 0};
        for (uint32_t i = 0; i < h->n; i++)
            count[h->cls[i]] += h->cluster[i] == c;
        if (count[1] > count[0] && !(h->apart[c] >= out->tightest_cover))
            out->tightest_cover = h->apart[c];
    }
    for (uint32_t i = 0; i < h->n; i++)
        h->hit[i] = h->apart[h->cluster[i]] < out->threshold;
}

int tm_tight(struct tm_classify_clusters *out, const struct tm_points *real, int32_t real_cls,
             const struct tm_points *cover, uint8_t cover_cls, const struct tm_classify_cfg *cfg)
{
    struct heap calm = {0};
    struct heap mixed = {0};
    float mean[TM_CLASSIFY_COLS_MAX];
    float sd[TM_CLASSIFY_COLS_MAX];
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    *out = (struct tm_classify_clusters){.threshold = NAN, .tightest_cover = NAN};
    tm_seed_from_u64(seed, cfg->seed);
    tm_rng_init(&rng, seed);
    uint8_t *half = calloc((size_t)real->n + 1, 1);
    int rc =
        half ? tm_fold_by_group(real->session, real->cls, real->n, 2, &rng, half) : TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = heap_init(&calm, real->n, real->d, cfg->n_clusters);
    if (rc == TM_OK)
        rc = heap_init(&mixed, real->n + cover->n, real->d, cfg->n_clusters);
    if (rc != TM_OK)
        goto out;
    for (uint32_t i = 0; i < real->n; i++)
        if (real_cls < 0 || real->cls[i] == real_cls)
            heap_add(half[i] ? &mixed : &calm, real, i, 0);
    for (uint32_t i = 0; i < cover->n; i++)
        if (cover->cls[i] == cover_cls)
            heap_add(&mixed, cover, i, 1);
    if (calm.n < 4 * cfg->n_clusters || mixed.n < 2 * cfg->n_clusters)
        goto out;
    tm_zscore_fit(calm.x, calm.n, calm.d, mean, sd);
    tm_zscore_apply(calm.x, calm.n, calm.d, mean, sd);
    tm_zscore_apply(mixed.x, mixed.n, mixed.d, mean, sd);
    rc = choose_threshold(&calm, cfg->false_alarm, &rng, &out->threshold);
    if (rc != TM_OK || isnan(out->threshold))
        goto out;
    rc = find_clusters(&mixed, &rng);
    if (rc != TM_OK)
        goto out;
    fill_result(out, &mixed);
    out->is_done = true;
    const struct tm_rate_input in = {mixed.hit, mixed.cls, mixed.session, mixed.n, cfg->n_boot};
    rc = tm_rate_of_class(&in, 1, &rng, &out->cover_flagged);
    if (rc == TM_OK)
        rc = tm_rate_of_class(&in, 0, &rng, &out->real_flagged);
out:
    free(half);
    heap_free(&calm);
    heap_free(&mixed);
    return rc;
}
