/* models/maybenot/machine_decode.c - bincode to machine (machine_bytes.h). */
#include <endian.h>
#include <string.h>

#include "models/maybenot/machine_build.h"
#include "models/maybenot/machine_bytes.h"

void tm_mb_dist_params(struct tm_mb_dist *d, double *p[3], int *n)
{
    *n = 2;
    switch (d->kind) {
    case TM_MB_UNIFORM:
        p[0] = &d->of.uniform.low, p[1] = &d->of.uniform.high;
        break;
    case TM_MB_NORMAL:
        p[0] = &d->of.normal.mean, p[1] = &d->of.normal.stdev;
        break;
    case TM_MB_SKEW_NORMAL:
        p[0] = &d->of.skew_normal.location, p[1] = &d->of.skew_normal.scale;
        p[2] = &d->of.skew_normal.shape;
        *n = 3;
        break;
    case TM_MB_LOG_NORMAL:
        p[0] = &d->of.log_normal.mu, p[1] = &d->of.log_normal.sigma;
        break;
    case TM_MB_BINOMIAL:
        p[0] = &d->of.binomial.probability;
        *n = 1;
        break;
    case TM_MB_GEOMETRIC:
        p[0] = &d->of.geometric.probability;
        *n = 1;
        break;
    case TM_MB_PARETO:
        p[0] = &d->of.pareto.scale, p[1] = &d->of.pareto.shape;
        break;
    case TM_MB_POISSON:
        p[0] = &d->of.poisson.lambda;
        *n = 1;
        break;
    case TM_MB_WEIBULL:
        p[0] = &d->of.weibull.scale, p[1] = &d->of.weibull.shape;
        break;
    case TM_MB_GAMMA:
        p[0] = &d->of.gamma.scale, p[1] = &d->of.gamma.shape;
        break;
    case TM_MB_BETA:
        p[0] = &d->of.beta.alpha, p[1] = &d->of.beta.beta;
        break;
    case TM_MB_DIST_KINDS:
        *n = 0;
        break;
    }
}

/* The reader's sticky error is set for everything that is no bincode. */
struct decoder {
    struct tm_rd rd;
    struct tm_mb_machine *m;
    int rc; /* the first error that is not the reader's */
};

static bool has_failed(const struct decoder *d)
{
    return d->rd.bad || d->rc != TM_OK;
}

static inline uint64_t little_endian(struct tm_rd *rd, size_t n)
{
    uint64_t v = 0;
    if (rd->bad || rd->len < n) {
        rd->bad = true;
        return 0;
    }
    memcpy(&v, rd->p, n);
    rd->p += n;
    rd->len -= n;
    return le64toh(v);
}

/* Longer forms than needed are accepted, as upstream. */
static uint64_t integer(struct tm_rd *rd)
{
    const uint64_t first = little_endian(rd, 1);
    if (first < 251)
        return first;
    if (first > 253) { /* 254: 128 bits; 255: reserved */
        rd->bad = true;
        return 0;
    }
    return little_endian(rd, (size_t)2 << (first - 251));
}

/* An integer below n; else the error is set and 0 returned. */
static uint32_t choice(struct tm_rd *rd, uint32_t n)
{
    const uint64_t v = integer(rd);
    if (v < n)
        return (uint32_t)v;
    rd->bad = true;
    return 0;
}

/* One byte, 0 or 1: a truth value, or whether an optional part follows. */
static bool flag(struct tm_rd *rd)
{
    const uint64_t v = little_endian(rd, 1);
    rd->bad |= v > 1;
    return v == 1;
}

static double number(struct tm_rd *rd)
{
    const uint64_t image = little_endian(rd, 8);
    double x;
    memcpy(&x, &image, sizeof x);
    return x;
}

/* Adds a distribution to the machine; returns its index. */
static uint32_t dist(struct decoder *d)
{
    struct tm_mb_dist x = {.kind = (enum tm_mb_dist_kind)choice(&d->rd, TM_MB_DIST_KINDS)};
    double *param[3];
    int n;
    uint32_t index = TM_MB_NO_DIST;
    if (x.kind == TM_MB_BINOMIAL)
        x.of.binomial.trials = integer(&d->rd);
    tm_mb_dist_params(&x, param, &n);
    for (int i = 0; i < n; i++)
        *param[i] = number(&d->rd);
    x.start = number(&d->rd);
    x.max = number(&d->rd);
    if (!has_failed(d))
        d->rc = tm_mb_build_dist(d->m, &x, &index);
    return index;
}

static uint32_t optional_dist(struct decoder *d)
{
    return flag(&d->rd) ? dist(d) : TM_MB_NO_DIST;
}

static void action(struct decoder *d, struct tm_mb_state *s)
{
    s->ask = (enum tm_mb_ask)(choice(&d->rd, TM_MB_ASKS - 1) + 1);
    switch (s->ask) {
    case TM_MB_ASK_CANCEL:
        s->timer = (enum tm_mb_timer)choice(&d->rd, TM_MB_TIMERS);
        return;
    case TM_MB_ASK_SEND_PADDING:
    case TM_MB_ASK_BLOCK_OUTGOING:
        s->bypass = flag(&d->rd);
        s->replace = flag(&d->rd);
        s->timeout = dist(d);
        break;
    case TM_MB_ASK_UPDATE_TIMER:
        s->replace = flag(&d->rd);
        break;
    case TM_MB_ASK_NONE:
    case TM_MB_ASKS:
        return;
    }
    if (s->ask != TM_MB_ASK_SEND_PADDING)
        s->duration = dist(d);
    s->limit = optional_dist(d);
}

static void counter(struct decoder *d, struct tm_mb_counter_update *c)
{
    if (!flag(&d->rd))
        return;
    c->op = (enum tm_mb_counter_op)(choice(&d->rd, TM_MB_COUNTER_OPS - 1) + 1);
    c->dist = optional_dist(d);
    c->is_copy = flag(&d->rd);
}

/* The list for one event, if it is there.  An empty one means nothing and is refused, as upstream. */
static void edges(struct decoder *d, enum tm_mb_event_kind e)
{
    if (!flag(&d->rd))
        return;
    uint64_t n = integer(&d->rd);
    if (n == 0)
        d->rd.bad = true;
    for (; n > 0 && !has_failed(d); n--) {
        const uint64_t to = integer(&d->rd);
        const uint32_t image = (uint32_t)little_endian(&d->rd, 4);
        float p;
        memcpy(&p, &image, sizeof p);
        if (has_failed(d))
            return;
        d->rc = to > UINT32_MAX ? TM_ERR_RANGE : tm_mb_build_edge(d->m, e, (uint32_t)to, p);
    }
}

static void state(struct decoder *d)
{
    struct tm_mb_state *s;
    d->rc = tm_mb_build_state(d->m, &s);
    if (d->rc != TM_OK)
        return;
    if (flag(&d->rd))
        action(d, s);
    counter(d, &s->counter[0]);
    counter(d, &s->counter[1]);
    for (int e = 0; e < TM_MB_EVENT_KINDS && !has_failed(d); e++)
        edges(d, (enum tm_mb_event_kind)e);
}

int tm_mb_machine_decode(struct tm_mb_machine *m, const void *bytes, size_t len, struct tm_msg *msg)
{
    struct decoder d = {.rd = tm_rd_init(bytes, len), .m = m};
    m->allowed_padding_packets = integer(&d.rd);
    m->max_padding_frac = number(&d.rd);
    m->allowed_blocked_us = integer(&d.rd);
    m->max_blocking_frac = number(&d.rd);
    /* The bytes bound the work: a state takes 16 of them. */
    for (uint64_t n = integer(&d.rd); n > 0 && !has_failed(&d); n--)
        state(&d);
    if (d.rc == TM_ERR_RANGE)
        return tm_msg_set(msg, TM_ERR_RANGE, "state %zu: a target beyond 32 bits", m->n_states - 1);
    if (d.rc != TM_OK)
        return d.rc;
    if (!tm_rd_ok(&d.rd))
        return tm_msg_set(msg, TM_ERR_FORMAT, "byte %zu, state %zu: not a machine", len - d.rd.len,
                          m->n_states);
    if (d.rd.len > 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%zu bytes after the machine", d.rd.len);
    return TM_OK;
}
