/* Is the cover new, or training connections once more? */
#include "audit/detect/experiment.h"

#include <math.h>
#include <stdlib.h>

#include "audit/detect/render.h"
#include "audit/detect/runs.h"
#include "audit/detect/space.h"
#include "audit/ml/neighbours.h"

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* Distances of an arm's drawn rows to their nearest training rows. */
static int distances(struct tm_detect_memory *out, unsigned side, const struct tm_arm *arm,
                     const struct tm_space *train, const struct tm_space_scale *scale)
{
    uint32_t n = arm->draw.n;
    struct tm_space space = {0};
    float *distance = calloc((size_t)n + 1, sizeof *distance);
    int rc = distance ? tm_space_apply(&space, scale, &arm->table, arm->draw.row, n) : TM_ERR_NOMEM;
    for (uint32_t i = 0; rc == TM_OK && i < n; i++) {
        struct tm_neighbour nearest = {0};
        (void)tm_nearest(train->x, train->n, train->d, space.x + (size_t)i * space.d, 1, UINT32_MAX,
                         &nearest);
        distance[i] = nearest.distance;
    }
    if (rc == TM_OK && n > 0) {
        qsort(distance, n, sizeof *distance, by_value);
        out->median[side] = (double)distance[(n - 1) / 2];
        out->q05[side] = (double)distance[(n - 1) / 20];
    }
    free(distance);
    tm_space_deinit(&space);
    return rc;
}

/* Exact copies, and the longest stretch of one training connection. */
static int runs_of(struct tm_detect_memory *out, unsigned side, const struct tm_arm *arm,
                   const struct tm_runs *runs)
{
    struct tm_writes writes;
    int rc = tm_writes_cut(&writes, arm->set);
    if (rc != TM_OK)
        return rc;
    for (uint32_t i = 0; i < arm->draw.n; i++) {
        out->exact_share[side] += tm_runs_has_copy(runs, arm->set, arm->draw.row[i]);
        out->run_share[side] += tm_runs_longest(runs, &writes, arm->draw.row[i]);
    }
    if (arm->draw.n > 0) {
        out->exact_share[side] /= arm->draw.n;
        out->run_share[side] /= arm->draw.n;
    }
    tm_writes_deinit(&writes);
    return TM_OK;
}

static double ratio(const double v[2])
{
    return v[TM_REAL] > 0 ? v[TM_COVER] / v[TM_REAL] : (double)NAN;
}

int tm_experiment_memory(const struct tm_experiment *e, struct tm_detect_memory *out)
{
    const struct tm_arm *train = &e->arm[TM_TRAIN];
    struct tm_space space = {0};
    struct tm_space_scale scale = {0};
    struct tm_writes writes = {0};
    struct tm_runs runs = {0};
    *out = (struct tm_detect_memory){.n_train = train->table.n_rows,
                                     .n_real = e->arm[TM_REAL].draw.n,
                                     .n_cover = e->arm[TM_COVER].draw.n};
    int rc = tm_space_fit(&space, &scale, &train->table);
    if (rc == TM_OK)
        rc = tm_writes_cut(&writes, train->set);
    if (rc == TM_OK)
        rc = tm_runs_init(&runs, train->set, &writes);
    for (unsigned side = TM_REAL; rc == TM_OK && side <= TM_COVER; side++) {
        rc = distances(out, side, &e->arm[side], &space, &scale);
        if (rc == TM_OK)
            rc = runs_of(out, side, &e->arm[side], &runs);
    }
    out->median_ratio = ratio(out->median);
    out->q05_ratio = ratio(out->q05);
    out->is_done = rc == TM_OK;
    tm_runs_deinit(&runs);
    tm_writes_deinit(&writes);
    tm_space_scale_deinit(&scale);
    tm_space_deinit(&space);
    return rc;
}
