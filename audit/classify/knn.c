#include "audit/classify/knn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* m_k: the largest distance of a row of the class to the mean of its rows. */
static void measure_reach(struct tm_knn *k, uint8_t cls)
{
    double centre[TM_CLASSIFY_COLS_MAX] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < k->n; i++) {
        if (k->cls[i] != cls)
            continue;
        n++;
        for (uint32_t j = 0; j < k->d; j++)
            centre[j] += (double)k->x[(size_t)i * k->d + j];
    }
    k->reach[cls] = 0;
    for (uint32_t i = 0; i < k->n; i++) {
        double sum = 0;
        if (k->cls[i] != cls)
            continue;
        for (uint32_t j = 0; j < k->d; j++) {
            double apart = (double)k->x[(size_t)i * k->d + j] - centre[j] / n;
            sum += apart * apart;
        }
        k->reach[cls] = fmax(k->reach[cls], sqrt(sum));
    }
}

int tm_knn_fit(struct tm_knn *k, const struct tm_points *p, uint32_t but_fold,
               uint32_t but_fold_too)
{
    *k = (struct tm_knn){.d = p->d, .n_classes = p->n_classes};
    k->x = malloc(((size_t)p->n * p->d + 1) * sizeof *k->x);
    k->cls = malloc((size_t)p->n + 1);
    if (!k->x || !k->cls) {
        tm_knn_deinit(k);
        return TM_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->fold[i] == but_fold || p->fold[i] == but_fold_too)
            continue;
        memcpy(k->x + (size_t)k->n * k->d, tm_points_x(p, i), k->d * sizeof *k->x);
        k->cls[k->n++] = p->cls[i];
    }
    tm_zscore_fit(k->x, k->n, k->d, k->mean, k->sd);
    tm_zscore_apply(k->x, k->n, k->d, k->mean, k->sd);
    for (uint32_t c = 0; c < k->n_classes; c++)
        measure_reach(k, (uint8_t)c);
    return TM_OK;
}

void tm_knn_deinit(struct tm_knn *k)
{
    free(k->x);
    free(k->cls);
    *k = (struct tm_knn){0};
}

uint32_t tm_knn_look(const struct tm_knn *k, const float *row, struct tm_neighbour *near)
{
    float z[TM_CLASSIFY_COLS_MAX];
    memcpy(z, row, k->d * sizeof *z);
    tm_zscore_apply(z, 1, k->d, k->mean, k->sd);
    return tm_nearest(k->x, k->n, k->d, z, TM_CLASSIFY_K_MAX, UINT32_MAX, near);
}

struct tm_knn_answer tm_knn_vote(const struct tm_knn *k, const struct tm_neighbour *near,
                                 uint32_t n, uint32_t votes)
{
    double sum[256] = {0};
    TM_ASSERT(n >= 1);
    uint8_t best = k->cls[near[0].index];
    for (uint32_t i = 0; i < n && i < votes; i++) {
        /* Equal rows outweigh all that are apart. */
        sum[k->cls[near[i].index]] += 1 / fmax((double)near[i].distance, 1e-9);
    }
    for (uint32_t i = 0; i < n && i < votes; i++)
        if (sum[k->cls[near[i].index]] > sum[best])
            best = k->cls[near[i].index];
    double d = (double)near[0].distance;
    double ratio = k->reach[best] > 0 ? d / k->reach[best] : d > 0 ? INFINITY : 0;
    return (struct tm_knn_answer){best, ratio};
}
