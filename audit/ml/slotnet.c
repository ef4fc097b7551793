#include "audit/ml/slotnet.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/conv.h"
#include "tm/base/rng.h"

#define WIDTH  8U /* of a filter, in steps */
#define STRIDE 2U
#define F1     16U
#define F2     32U
#define T1     ((TM_SLOTNET_SLOTS - WIDTH) / STRIDE + 1)
#define T2     ((T1 - WIDTH) / STRIDE + 1)
#define PATCH1 16U  /* width x channels */
#define PATCH2 128U /* width x F1 */
#define PARTS  8U   /* of the time */
#define POOLED 512U /* parts x (means, maxima) */
#define SHIFT  6U   /* slots by which a row moves in training, at most */

static_assert(TM_SLOTNET_INPUT == TM_SLOTNET_SLOTS * TM_SLOTNET_CHANNELS &&
                  PATCH1 == WIDTH * TM_SLOTNET_CHANNELS && PATCH2 == WIDTH * F1 &&
                  POOLED == PARTS * 2 * F2,
              "shapes fit together");
static_assert(F2 <= TM_CONV_FILTERS_MAX, "sums have room");

/* Filters are the inner index. */
struct filters {
    float w1[PATCH1][F1], b1[F1];
    float w2[PATCH2][F2], b2[F2];
};

/* The filters, then for each class POOLED weights and a bias: all of them floats without gaps. */
struct tm_slotnet {
    uint32_t k;
    float v[];
};

static_assert(sizeof(struct filters) % sizeof(float) == 0, "weights have no gaps");
#define N_FILTERS ((uint32_t)(sizeof(struct filters) / sizeof(float)))

static const struct tm_conv_shape SHAPE1 = {T1, STRIDE *TM_SLOTNET_CHANNELS, PATCH1, F1};
static const struct tm_conv_shape SHAPE2 = {T2, STRIDE *F1, PATCH2, F2};

/* What the backward pass needs of the forward pass of one row. */
struct pass {
    float a1[T1][F1], a2[T2][F2];
    float pooled[PARTS][2][F2];
    uint32_t top[PARTS][F2]; /* the step of each filter's maximum */
    float p[TM_SLOTNET_CLASSES_MAX];
};

struct tm_slotnet_cfg tm_slotnet_cfg_default(void)
{
    return (struct tm_slotnet_cfg){.n_epochs = 300, .batch = 16, .rate = 0.003F, .seed = 1};
}

static const struct filters *filters_of(const float *v)
{
    return (const struct filters *)(const void *)v;
}

/* ---- forward ---- */

static void pool(struct pass *p)
{
    for (uint32_t k = 0; k < PARTS; k++) {
        uint32_t from = k * T2 / PARTS;
        uint32_t to = (k + 1) * T2 / PARTS;
        for (uint32_t f = 0; f < F2; f++) {
            float sum = 0;
            uint32_t top = from;
            for (uint32_t t = from; t < to; t++) {
                sum += p->a2[t][f];
                top = p->a2[t][f] > p->a2[top][f] ? t : top;
            }
            p->top[k][f] = top;
            p->pooled[k][0][f] = sum / (float)(to - from);
            p->pooled[k][1][f] = p->a2[top][f];
        }
    }
}

/* From z to probabilities, in place. */
static void softmax(float *z, uint32_t k)
{
    float most = z[0];
    float sum = 0;
    for (uint32_t c = 1; c < k; c++)
        most = z[c] > most ? z[c] : most;
    for (uint32_t c = 0; c < k; c++) {
        z[c] = expf(z[c] - most);
        sum += z[c];
    }
    for (uint32_t c = 0; c < k; c++)
        z[c] /= sum;
}

/* keep: NULL, or what each pooled value counts for. */
static void forward(const float *v, uint32_t k, const float *x, const float *keep, struct pass *p)
{
    const struct filters *w = filters_of(v);
    const float *dense = v + N_FILTERS;
    float *pooled = &p->pooled[0][0][0];
    tm_conv_forward(&p->a1[0][0], x, &w->w1[0][0], w->b1, SHAPE1);
    tm_conv_forward(&p->a2[0][0], &p->a1[0][0], &w->w2[0][0], w->b2, SHAPE2);
    pool(p);
    for (uint32_t i = 0; i < POOLED && keep; i++)
        pooled[i] *= keep[i];
    for (uint32_t c = 0; c < k; c++, dense += POOLED + 1) {
        float z = dense[POOLED];
        for (uint32_t i = 0; i < POOLED; i++)
            z += dense[i] * pooled[i];
        p->p[c] = z;
    }
    softmax(p->p, k);
}

/* ---- backward ---- */

/* d[t][f] from the gradient of what was pooled. */
static void unpool(float d[T2][F2], const float *d_pooled, const struct pass *p)
{
    memset(d, 0, sizeof(float) * T2 * F2);
    for (uint32_t k = 0; k < PARTS; k++, d_pooled += (size_t)2 * F2) {
        uint32_t from = k * T2 / PARTS;
        uint32_t to = (k + 1) * T2 / PARTS;
        for (uint32_t f = 0; f < F2; f++) {
            for (uint32_t t = from; t < to; t++)
                d[t][f] += d_pooled[f] / (float)(to - from);
            d[p->top[k][f]][f] += d_pooled[F2 + f];
        }
    }
}

/* Adds the gradient of one row, whose loss counts for `share`, to g. */
/* NOLINTNEXTLINE(readability-function-size): the arrays of one pass, one parameter each */
static void backward(const float *v, uint32_t k, const float *x, const float *keep,
                     const struct pass *p, uint32_t label, float share, float *g)
{
    const struct filters *w = filters_of(v);
    struct filters *gw = (struct filters *)(void *)g;
    float d_pooled[POOLED] = {0};
    float d1[T1][F1] = {{0}};
    float d2[T2][F2];
    const float *pooled = &p->pooled[0][0][0];
    for (uint32_t c = 0; c < k; c++) {
        float slope = share * (p->p[c] - (c == label ? 1.0F : 0.0F));
        size_t at = N_FILTERS + (size_t)c * (POOLED + 1);
        for (uint32_t i = 0; i < POOLED; i++) {
            g[at + i] += slope * pooled[i];
            d_pooled[i] += slope * v[at + i];
        }
        g[at + POOLED] += slope;
    }
    for (uint32_t i = 0; i < POOLED && keep; i++)
        d_pooled[i] *= keep[i];
    unpool(d2, d_pooled, p);
    tm_conv_back(&p->a2[0][0], &d2[0][0], &p->a1[0][0], &w->w2[0][0], &gw->w2[0][0], gw->b2,
                 &d1[0][0], SHAPE2);
    tm_conv_back(&p->a1[0][0], &d1[0][0], x, &w->w1[0][0], &gw->w1[0][0], gw->b1, NULL, SHAPE1);
}

/* ---- training ---- */

static uint32_t n_weights(uint32_t k)
{
    return N_FILTERS + k * (POOLED + 1);
}

static void first_weights(struct tm_slotnet *net, struct tm_rng *rng)
{
    struct filters *w = (struct filters *)(void *)net->v;
    memset(net->v, 0, n_weights(net->k) * sizeof *net->v);
    tm_conv_draw(rng, &w->w1[0][0], sizeof w->w1 / sizeof(float), PATCH1);
    tm_conv_draw(rng, &w->w2[0][0], sizeof w->w2 / sizeof(float), PATCH2);
    for (uint32_t c = 0; c < net->k; c++) /* small: no class is preferred at first */
        tm_conv_draw(rng, net->v + N_FILTERS + (size_t)c * (POOLED + 1), POOLED,
                     (size_t)POOLED * 16);
}

static void draw_kept(struct tm_rng *rng, float keep[POOLED])
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < POOLED; i++) {
        if (i % 64 == 0)
            bits = tm_rng_u64(rng);
        keep[i] = bits >> (i % 64) & 1 ? 2.0F : 0.0F;
    }
}

/* What training needs. */
struct training {
    struct tm_slotnet *net;
    const struct tm_slotnet_cfg *cfg;
    const float *x;
    const uint32_t *label;
    uint32_t *order;
    uint32_t n;
    struct tm_adam adam;
    struct tm_rng rng;
    struct pass pass;
};

static void shuffle(struct tm_rng *rng, uint32_t *order, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)tm_rng_below(rng, i);
        uint32_t was = order[i - 1];
        order[i - 1] = order[j];
        order[j] = was;
    }
}

/* The row, some slots earlier or later: what is told must not hang on when a visit's first packet came. */
static void draw_shifted(struct tm_rng *rng, const float *x, float out[TM_SLOTNET_INPUT])
{
    size_t by = (size_t)tm_rng_below(rng, 2U * SHIFT + 1) * TM_SLOTNET_CHANNELS;
    const size_t middle = (size_t)SHIFT * TM_SLOTNET_CHANNELS;
    size_t from = by < middle ? middle - by : 0;
    size_t to = by > middle ? by - middle : 0;
    size_t n = TM_SLOTNET_INPUT - (from > to ? from : to);
    memset(out, 0, TM_SLOTNET_INPUT * sizeof *out);
    memcpy(out + to, x + from, n * sizeof *out);
}

static void train_batch(struct training *t, const uint32_t *rows, uint32_t m, float rate)
{
    float keep[POOLED];
    float x[TM_SLOTNET_INPUT];
    struct tm_slotnet *net = t->net;
    memset(t->adam.g, 0, t->adam.n * sizeof *t->adam.g);
    for (uint32_t i = 0; i < m; i++) {
        draw_shifted(&t->rng, t->x + (size_t)rows[i] * TM_SLOTNET_INPUT, x);
        draw_kept(&t->rng, keep);
        forward(net->v, net->k, x, keep, &t->pass);
        backward(net->v, net->k, x, keep, &t->pass, t->label[rows[i]], 1.0F / (float)m, t->adam.g);
    }
    tm_adam_step(&t->adam, net->v, rate);
}

static void train(struct training *t)
{
    uint32_t batch = t->cfg->batch;
    uint64_t n_steps = (uint64_t)((t->n + batch - 1) / batch) * t->cfg->n_epochs;
    for (uint32_t i = 0; i < t->n; i++)
        t->order[i] = i;
    for (uint32_t e = 0; e < t->cfg->n_epochs; e++) {
        shuffle(&t->rng, t->order, t->n);
        for (uint32_t at = 0; at < t->n; at += batch)
            train_batch(t, t->order + at, t->n - at < batch ? t->n - at : batch,
                        t->cfg->rate * (1.0F - (float)t->adam.n_steps / (float)n_steps));
    }
}

static bool is_fit(const uint32_t *label, uint32_t n, uint32_t k)
{
    if (n < 1 || k < 2 || k > TM_SLOTNET_CLASSES_MAX)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (label[i] >= k)
            return false;
    return true;
}

static struct tm_slotnet *allocate(uint32_t k)
{
    struct tm_slotnet *net = malloc(sizeof *net + n_weights(k) * sizeof *net->v);
    if (net)
        net->k = k;
    return net;
}

static void rng_of(struct tm_rng *rng, uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    tm_seed_from_u64(key, seed);
    tm_rng_init(rng, key);
}

int tm_slotnet_fit(struct tm_slotnet **out, const struct tm_slotnet_cfg *cfg, const float *x,
                   const uint32_t *label, uint32_t n, uint32_t k)
{
    *out = NULL;
    if (!is_fit(label, n, k) || cfg->n_epochs < 1 || cfg->batch < 1)
        return TM_ERR_RANGE;
    size_t n_w = n_weights(k);
    struct training *t = malloc(sizeof *t);
    float *sums = calloc(3 * n_w, sizeof *sums);
    uint32_t *order = malloc(n * sizeof *order);
    struct tm_slotnet *net = allocate(k);
    int rc = TM_ERR_NOMEM;
    if (t && sums && order && net) {
        *t = (struct training){.net = net, .cfg = cfg, .x = x, .label = label, .n = n};
        t->order = order;
        t->adam = (struct tm_adam){sums, sums + n_w, sums + 2 * n_w, n_w, 0};
        rng_of(&t->rng, cfg->seed);
        first_weights(net, &t->rng);
        train(t);
        *out = net;
        net = NULL;
        rc = TM_OK;
    }
    free(t);
    free(sums);
    free(order);
    free(net);
    return rc;
}

/* ---- using ---- */

uint32_t tm_slotnet_class(const struct tm_slotnet *net, const float *row)
{
    struct pass p;
    uint32_t best = 0;
    forward(net->v, net->k, row, NULL, &p);
    for (uint32_t c = 1; c < net->k; c++)
        if (p.p[c] > p.p[best])
            best = c;
    return best;
}

void tm_slotnet_free(struct tm_slotnet *net)
{
    free(net);
}

int tm_slotnet_new(struct tm_slotnet **out, uint64_t seed, uint32_t k)
{
    struct tm_rng rng;
    *out = NULL;
    if (k < 2 || k > TM_SLOTNET_CLASSES_MAX)
        return TM_ERR_RANGE;
    *out = allocate(k);
    if (!*out)
        return TM_ERR_NOMEM;
    rng_of(&rng, seed);
    first_weights(*out, &rng);
    return TM_OK;
}

uint32_t tm_slotnet_weights(struct tm_slotnet *net, float **v)
{
    *v = net->v;
    return n_weights(net->k);
}

double tm_slotnet_loss(const struct tm_slotnet *net, const float *x, const uint32_t *label,
                       uint32_t n, float *gradient)
{
    struct pass p;
    double loss = 0;
    for (uint32_t i = 0; i < n; i++, x += TM_SLOTNET_INPUT) {
        forward(net->v, net->k, x, NULL, &p);
        loss -= log((double)p.p[label[i]] + 1e-30);
        if (gradient)
            backward(net->v, net->k, x, NULL, &p, label[i], 1.0F / (float)n, gradient);
    }
    return n > 0 ? loss / n : 0;
}
