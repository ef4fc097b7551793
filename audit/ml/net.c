#include "audit/ml/net.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/conv.h"
#include "tm/base/rng.h"

#define WIDTH  8U /* of a filter, in steps */
#define STRIDE 2U
#define F1     16U
#define F2     32U
#define T1     ((TM_NET_STEPS - WIDTH) / STRIDE + 1)
#define T2     ((T1 - WIDTH) / STRIDE + 1)
#define PATCH1 56U  /* width x channels */
#define PATCH2 128U /* width x F1 */
#define POOLED 64U  /* means, maxima */

/* Also the order of tm_net_weights; filters are the inner index. */
struct weights {
    float w1[PATCH1][F1], b1[F1];
    float w2[PATCH2][F2], b2[F2];
    float dense[POOLED], bias;
};
static_assert(F1 <= TM_CONV_FILTERS_MAX && F2 <= TM_CONV_FILTERS_MAX, "sums have room");
static_assert(TM_NET_INPUT == TM_NET_STEPS * TM_NET_CHANNELS && PATCH1 == WIDTH * TM_NET_CHANNELS &&
                  PATCH2 == WIDTH * F1 && POOLED == 2 * F2,
              "shapes fit together");
static_assert(STRIDE * (T2 - 1) + WIDTH <= T1, "what the second convolution looks at");
static_assert(sizeof(struct weights) == TM_NET_WEIGHTS * sizeof(float), "weights have no gaps");

union all_weights {
    struct weights w;
    float v[TM_NET_WEIGHTS];
};

struct tm_net {
    union all_weights all;
};

/* What the backward pass needs of the forward pass of one row.  Only steps that begin inside the connection count: n2 of the
 * second convolution, and the n1 of the first that these look at. */
struct pass {
    uint32_t n1, n2;
    float a1[T1][F1], a2[T2][F2];
    float pooled[POOLED];
    uint32_t top[F2]; /* the step of each filter's maximum */
};

struct tm_net_cfg tm_net_cfg_default(void)
{
    return (struct tm_net_cfg){.n_epochs = 30, .batch = 32, .rate = 0.008F, .seed = 1};
}

/* Where the hand of a clock that goes round in period_us stands. */
static void put_hand(float hand[2], int64_t gap_us, int64_t period_us)
{
    float angle = 6.2831853F * (float)(gap_us % period_us) / (float)period_us;
    hand[0] = sinf(angle);
    hand[1] = cosf(angle);
}

void tm_net_encode(float *x, uint32_t i, int64_t bytes, int64_t gap_us)
{
    x += (size_t)i * TM_NET_CHANNELS;
    x[0] = bytes < 0 ? -1.0F : 1.0F;
    x[1] = (float)llabs(bytes) / 1460.0F;
    x[2] = logf(1.0F + (float)gap_us) / 16.0F;
    put_hand(x + 3, gap_us, 12000);
    put_hand(x + 5, gap_us, 48000);
}

/* ---- forward ---- */

static struct tm_conv_shape shape1(const struct pass *p)
{
    return (struct tm_conv_shape){p->n1, STRIDE * TM_NET_CHANNELS, PATCH1, F1};
}

static struct tm_conv_shape shape2(const struct pass *p)
{
    return (struct tm_conv_shape){p->n2, STRIDE * F1, PATCH2, F2};
}

static void measure(struct pass *p, const float *x)
{
    uint32_t n = 0;
    while (n < TM_NET_STEPS && x[(size_t)n * TM_NET_CHANNELS] != 0)
        n++;
    p->n2 = (n + STRIDE * STRIDE - 1) / (STRIDE * STRIDE);
    if (p->n2 < 1)
        p->n2 = 1;
    if (p->n2 > T2)
        p->n2 = T2;
    p->n1 = STRIDE * (p->n2 - 1) + WIDTH;
}

static float forward(const struct weights *w, const float *x, struct pass *p)
{
    measure(p, x);
    tm_conv_forward(&p->a1[0][0], x, &w->w1[0][0], w->b1, shape1(p));
    tm_conv_forward(&p->a2[0][0], &p->a1[0][0], &w->w2[0][0], w->b2, shape2(p));
    float z = w->bias;
    for (uint32_t f = 0; f < F2; f++) {
        float sum = 0;
        p->top[f] = 0;
        for (uint32_t t = 0; t < p->n2; t++) {
            sum += p->a2[t][f];
            if (p->a2[t][f] > p->a2[p->top[f]][f])
                p->top[f] = t;
        }
        p->pooled[f] = sum / (float)p->n2;
        p->pooled[F2 + f] = p->a2[p->top[f]][f];
        z += w->dense[f] * p->pooled[f] + w->dense[F2 + f] * p->pooled[F2 + f];
    }
    return z;
}

/* ---- backward ---- */

/* Adds the gradient of one row whose loss has the slope d_z. */
static void backward(const struct weights *w, const float *x, const struct pass *p, float d_z,
                     struct weights *g)
{
    float d1[T1][F1] = {{0}};
    float d2[T2][F2];
    g->bias += d_z;
    for (uint32_t i = 0; i < POOLED; i++)
        g->dense[i] += d_z * p->pooled[i];
    for (uint32_t t = 0; t < p->n2; t++) {
        for (uint32_t f = 0; f < F2; f++)
            d2[t][f] = d_z * w->dense[f] / (float)p->n2;
    }
    for (uint32_t f = 0; f < F2; f++)
        d2[p->top[f]][f] += d_z * w->dense[F2 + f];
    tm_conv_back(&p->a2[0][0], &d2[0][0], &p->a1[0][0], &w->w2[0][0], &g->w2[0][0], g->b2,
                 &d1[0][0], shape2(p));
    tm_conv_back(&p->a1[0][0], &d1[0][0], x, &w->w1[0][0], &g->w1[0][0], g->b1, NULL, shape1(p));
}

static float probability(float z)
{
    return 1.0F / (1.0F + expf(-z));
}

/* Loss summed over the rows `order` of x; gradients too, each row's weighing 1 / n. */
static double batch_loss(const struct weights *w, const float *x, const uint8_t *label,
                         const uint32_t *order, uint32_t n, struct weights *g)
{
    struct pass p;
    double loss = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = order ? order[i] : i;
        const float *in = x + (size_t)row * TM_NET_INPUT;
        float z = forward(w, in, &p);
        loss += (z > 0 ? z : 0) - (label[row] ? z : 0) + log1p(exp(-fabs((double)z)));
        if (g)
            backward(w, in, &p, (probability(z) - (label[row] ? 1.0F : 0.0F)) / (float)n, g);
    }
    return loss;
}

/* ---- training ---- */

static void rng_of(struct tm_rng *rng, uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    tm_seed_from_u64(key, seed);
    tm_rng_init(rng, key);
}

static void first_weights(struct weights *w, struct tm_rng *rng)
{
    memset(w, 0, sizeof *w);
    tm_conv_draw(rng, &w->w1[0][0], sizeof w->w1 / sizeof(float), PATCH1);
    tm_conv_draw(rng, &w->w2[0][0], sizeof w->w2 / sizeof(float), PATCH2);
    tm_conv_draw(rng, w->dense, POOLED, POOLED);
}

int tm_net_new(struct tm_net **out, uint64_t seed)
{
    struct tm_rng rng;
    *out = malloc(sizeof **out);
    if (!*out)
        return TM_ERR_NOMEM;
    rng_of(&rng, seed);
    first_weights(&(*out)->all.w, &rng);
    return TM_OK;
}

struct gradients {
    union all_weights g, mean, square;
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

/* NOLINTNEXTLINE(readability-function-size): the arrays of one sample, one parameter each */
static void train(struct tm_net *net, const struct tm_net_cfg *cfg, struct gradients *a,
                  uint32_t *order, const float *x, const uint8_t *label, uint32_t n,
                  struct tm_rng *rng)
{
    uint64_t n_batches = (n + cfg->batch - 1) / cfg->batch;
    uint64_t n_steps = n_batches * cfg->n_epochs;
    struct tm_adam adam = {a->g.v, a->mean.v, a->square.v, TM_NET_WEIGHTS, 0};
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t e = 0; e < cfg->n_epochs; e++) {
        shuffle(rng, order, n);
        for (uint32_t at = 0; at < n; at += cfg->batch) {
            uint32_t m = n - at < cfg->batch ? n - at : cfg->batch;
            memset(&a->g, 0, sizeof a->g);
            (void)batch_loss(&net->all.w, x, label, order + at, m, &a->g.w);
            tm_adam_step(&adam, net->all.v,
                         cfg->rate * (1.0F - (float)adam.n_steps / (float)n_steps));
        }
    }
}

int tm_net_fit(struct tm_net **out, const struct tm_net_cfg *cfg, const float *x,
               const uint8_t *label, uint32_t n)
{
    uint32_t n_ones = 0;
    for (uint32_t i = 0; i < n; i++)
        n_ones += label[i] != 0;
    *out = NULL;
    if (n_ones == 0 || n_ones == n)
        return TM_ERR_RANGE;
    struct tm_net *net = malloc(sizeof *net);
    struct gradients *a = calloc(1, sizeof *a);
    uint32_t *order = malloc((size_t)n * sizeof *order);
    int rc = TM_ERR_NOMEM;
    if (!net || !a || !order)
        goto out;
    struct tm_rng rng;
    rng_of(&rng, cfg->seed);
    first_weights(&net->all.w, &rng);
    train(net, cfg, a, order, x, label, n, &rng);
    *out = net;
    net = NULL;
    rc = TM_OK;
out:
    free(net);
    free(a);
    free(order);
    return rc;
}

/* ---- using ---- */

void tm_net_score(const struct tm_net *net, const float *x, uint32_t n, float *score)
{
    struct pass p;
    for (uint32_t i = 0; i < n; i++)
        score[i] = probability(forward(&net->all.w, x + (size_t)i * TM_NET_INPUT, &p));
}

void tm_net_free(struct tm_net *net)
{
    free(net);
}

float *tm_net_weights(struct tm_net *net)
{
    return net->all.v;
}

double tm_net_loss(const struct tm_net *net, const float *x, const uint8_t *label, uint32_t n,
                   float *gradient)
{
    union all_weights *g = (union all_weights *)(void *)gradient;
    double loss = batch_loss(&net->all.w, x, label, NULL, n, g ? &g->w : NULL);
    return n > 0 ? loss / n : 0;
}
