#include "learner/near.h"

#include <math.h>
#include <stdlib.h>

#include "learner/mix.h"
#include "tm/base/grow.h"

/* A connection's objects as they come: requests and responses in turn. */
struct outline {
    struct tm_near_set *set; /* gets them */
    uint64_t bytes[2];
    uint64_t n_objects[2];
    uint64_t first[2][2]; /* by direction: the first two objects */
    uint64_t largest;     /* response */
    uint64_t sizes;
    size_t from; /* in set->object */
};

static int push(struct tm_near_set *s, uint64_t object)
{
    int rc = tm_grow(&s->object, &s->cap_objects, s->n_objects, sizeof *s->object);
    if (rc == TM_OK)
        s->object[s->n_objects++] = object;
    return rc;
}

static int add_object(struct outline *o, enum tm_dir dir, uint64_t bytes)
{
    uint64_t object = bytes << 1 | (uint64_t)dir;
    if (o->n_objects[dir] < 2)
        o->first[dir][o->n_objects[dir]] = bytes;
    o->n_objects[dir]++;
    o->bytes[dir] += bytes;
    if (dir == TM_DOWN && bytes > o->largest)
        o->largest = bytes;
    o->sizes = tm_mix(o->sizes ^ tm_mix(object));
    return push(o->set, object);
}

static float size_figure(uint64_t bytes)
{
    return log2f(1.0F + (float)bytes);
}

static int add_point(struct tm_near_set *s, const struct outline *o)
{
    size_t n_objects = s->n_objects - o->from;
    int rc = tm_grow(&s->v, &s->cap, s->n, sizeof *s->v);
    if (rc != TM_OK)
        return rc;
    s->v[s->n++] = (struct tm_near_point){
        .x = {size_figure(o->bytes[TM_UP]), size_figure(o->bytes[TM_DOWN]),
              size_figure(o->n_objects[TM_UP]), size_figure(o->first[TM_UP][0]),
              size_figure(o->first[TM_DOWN][0]), size_figure(o->first[TM_UP][1]),
              size_figure(o->first[TM_DOWN][1]), size_figure(o->largest)},
        .sizes = o->sizes,
        .first = o->from,
        .n_objects = n_objects,
    };
    return push(s, 0);
}

void tm_near_deinit(struct tm_near_set *s)
{
    free(s->v);
    free(s->object);
    *s = (struct tm_near_set){0};
}

static int add_pair(struct outline *o, const struct tm_pair *p)
{
    int rc = TM_OK;
    if (p->req_bytes != TM_PAIR_NONE)
        rc = add_object(o, TM_UP, p->req_bytes > 0 ? p->req_bytes : 1);
    if (rc == TM_OK && p->rsp_bytes != TM_PAIR_NONE)
        rc = add_object(o, TM_DOWN, p->rsp_bytes > 0 ? p->rsp_bytes : 1);
    return rc;
}

int tm_near_add_record(struct tm_near_set *s, const struct tm_conn *c,
                       const struct tm_pair_pool *pool)
{
    struct outline o = {.set = s, .from = s->n_objects};
    int rc = TM_OK;
    for (uint32_t i = c->first_pair; i != TM_PAIR_NONE && rc == TM_OK; i = pool->pair[i].next)
        rc = add_pair(&o, &pool->pair[i]);
    return rc == TM_OK ? add_point(s, &o) : rc;
}

int tm_near_add_plan(struct tm_near_set *s, const struct tm_plan *p)
{
    struct outline o = {.set = s, .from = s->n_objects};
    int rc = TM_OK;
    for (size_t i = 0, to; i < p->n_writes && rc == TM_OK; i = to) {
        uint64_t bytes = 0;
        for (to = i; to < p->n_writes && p->w[to].dir == p->w[i].dir; to++)
            bytes += p->w[to].size;
        rc = add_object(&o, (enum tm_dir)p->w[i].dir, bytes);
    }
    return rc == TM_OK ? add_point(s, &o) : rc;
}

/* One over the deviation of each figure among the training connections; 1 where there is none. */
static void find_scale(const struct tm_near_set *train, float scale[TM_NEAR_DIMS])
{
    for (size_t d = 0; d < TM_NEAR_DIMS; d++) {
        double sum = 0;
        double squares = 0;
        for (size_t i = 0; i < train->n; i++)
            sum += (double)train->v[i].x[d];
        double mean = sum / (double)train->n;
        for (size_t i = 0; i < train->n; i++)
            squares += ((double)train->v[i].x[d] - mean) * ((double)train->v[i].x[d] - mean);
        double deviation = sqrt(squares / (double)train->n);
        scale[d] = deviation > 1e-6 ? (float)(1 / deviation) : 1.0F;
    }
}

static float square_distance(const struct tm_near_point *a, const struct tm_near_point *b,
                             const float scale[TM_NEAR_DIMS])
{
    float sum = 0;
    for (size_t d = 0; d < TM_NEAR_DIMS; d++) {
        float diff = (a->x[d] - b->x[d]) * scale[d];
        sum += diff * diff;
    }
    return sum;
}

static int by_distance(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

static int by_sizes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double quantile(const float *sorted, size_t n, unsigned percent)
{
    return sqrt((double)sorted[(n - 1) * percent / 100]);
}

static int compare_side(const struct tm_near_set *train, const struct tm_near_set *set,
                        const float scale[TM_NEAR_DIMS], const uint64_t *known,
                        enum tm_near_side side, struct tm_near *out)
{
    size_t n_copies = 0;
    float *nearest = calloc(set->n, sizeof *nearest);
    if (!nearest)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < set->n; i++) {
        nearest[i] = INFINITY;
        for (size_t j = 0; j < train->n; j++)
            nearest[i] = fminf(nearest[i], square_distance(&set->v[i], &train->v[j], scale));
        n_copies += bsearch(&set->v[i].sizes, known, train->n, sizeof *known, by_sizes) != NULL;
    }
    qsort(nearest, set->n, sizeof *nearest, by_distance);
    out->median[side] = quantile(nearest, set->n, 50);
    out->q05[side] = quantile(nearest, set->n, 5);
    out->copy_share[side] = (double)n_copies / (double)set->n;
    free(nearest);
    return TM_OK;
}

int tm_near_compare(const struct tm_near_set *train, const struct tm_near_set *heldout,
                    const struct tm_near_set *drawn, struct tm_near *out)
{
    float scale[TM_NEAR_DIMS];
    if (train->n == 0 || heldout->n == 0 || drawn->n == 0)
        return TM_ERR_RANGE;
    uint64_t *known = calloc(train->n, sizeof *known);
    if (!known)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < train->n; i++)
        known[i] = train->v[i].sizes;
    qsort(known, train->n, sizeof *known, by_sizes);
    find_scale(train, scale);
    int rc = compare_side(train, heldout, scale, known, TM_NEAR_HELDOUT, out);
    if (rc == TM_OK)
        rc = compare_side(train, drawn, scale, known, TM_NEAR_DRAWN, out);
    free(known);
    if (rc == TM_OK)
        rc = tm_near_stretch(train, heldout, &out->stretch[TM_NEAR_HELDOUT]);
    if (rc == TM_OK)
        rc = tm_near_stretch(train, drawn, &out->stretch[TM_NEAR_DRAWN]);
    return rc;
}
