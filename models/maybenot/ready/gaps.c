/* Interspace and Break-Pad: padding from distributions that were found by search, with the limits of Tor's padding machines. */
#include "models/maybenot/ready/draft.h"

#define PACKETS_FREE 1500 /* of padding, before the fraction counts */
#define PADDING_FRAC 0.5

static struct draft begin(void)
{
    struct draft d = draft_begin();
    if (d.rc == TM_OK) {
        d.m->allowed_padding_packets = PACKETS_FREE;
        d.m->allowed_blocked_us = 0;
        d.m->max_padding_frac = PADDING_FRAC;
    }
    return d;
}

static struct tm_mb_dist pareto(double scale, double shape, double start, double max)
{
    return (struct tm_mb_dist){.kind = TM_MB_PARETO,
                               .of.pareto = {.scale = scale, .shape = shape},
                               .start = start,
                               .max = max};
}

static double between(struct tm_mb_rng *rng, double low, double high)
{
    return low + tm_mb_rng_fraction(rng) * (high - low);
}

static bool toss(struct tm_mb_rng *rng)
{
    return tm_mb_rng_fraction(rng) < 0.5;
}

/* Above 0: a Pareto distribution has no smaller parameters. */
static struct tm_mb_dist drawn_pareto(struct tm_mb_rng *rng, double start, double max)
{
    const double scale = between(rng, 1e-6, 10);
    return pareto(scale, between(rng, 1e-6, 10), start, max);
}

/* In place of a log-logistic one with alpha and beta, as the authors of Maybenot do. */
static struct tm_mb_dist drawn_gamma(struct tm_mb_rng *rng, double alpha_max, double beta_max,
                                     double start, double max)
{
    const double alpha = between(rng, 0.01, alpha_max), beta = between(rng, 0.01, beta_max);
    return (struct tm_mb_dist){.kind = TM_MB_GAMMA,
                               .of.gamma = {.scale = alpha * beta, .shape = 1 / beta},
                               .start = start,
                               .max = max};
}

int tm_mb_ready_interspace_client(struct tm_mb_ready *out, struct tm_mb_rng *rng)
{
    enum { START, LISTEN, PAD };
    const bool hears_padding = toss(rng), stops_at_received = toss(rng);
    const struct tm_mb_dist gap = pareto(3.3, 7.2, 0, 9445), limit = pareto(4.7, 4.8, 1, 0);
    struct draft d = begin();
    out->n = 0;
    draft_state(&d);
    draft_edge(&d, TM_MB_PADDING_RECV, LISTEN);
    draft_state(&d);
    draft_edge(&d, TM_MB_NORMAL_RECV, PAD);
    if (hears_padding)
        draft_edge(&d, TM_MB_PADDING_RECV, PAD);
    draft_state(&d);
    draft_pad(&d, 0, &gap, &limit);
    if (stops_at_received)
        draft_edge(&d, TM_MB_NORMAL_RECV, LISTEN);
    draft_edge(&d, TM_MB_NORMAL_SENT, LISTEN);
    draft_edge(&d, TM_MB_PADDING_SENT, PAD);
    return draft_end(&d, out, NULL);
}

/* Written by hand: extends bursts that were sent, and feigns some. */
static int interspace_manual(struct tm_mb_ready *out, struct tm_mb_rng *rng)
{
    enum { START, LISTEN, EXTEND, FEIGN };
    struct draft d = begin();
    draft_state(&d);
    draft_edge(&d, TM_MB_NORMAL_RECV, LISTEN);
    draft_state(&d);
    if (toss(rng)) {
        draft_edge(&d, TM_MB_NORMAL_SENT, EXTEND);
    } else {
        const struct tm_mb_dist wait = drawn_gamma(rng, 1000, 10000, 0, 100000);
        draft_pad(&d, 0, &wait, NULL);
        draft_edge(&d, TM_MB_PADDING_SENT, FEIGN);
    }
    for (uint32_t self = EXTEND; self <= FEIGN; self++) {
        const struct tm_mb_dist gap = drawn_pareto(rng, 0, 10000);
        const struct tm_mb_dist limit = drawn_pareto(rng, 1, self == FEIGN ? 4 : 0);
        draft_state(&d);
        draft_pad(&d, 0, &gap, &limit);
        draft_edge(&d, TM_MB_NORMAL_SENT, LISTEN);
        draft_edge(&d, TM_MB_PADDING_SENT, self);
    }
    return draft_end(&d, out, NULL);
}

/* A state of the other form, without its edges; which has_limit have one. */
static void add_evolved(struct draft *d, struct tm_mb_rng *rng, double max_us, bool has_limit)
{
    const struct tm_mb_dist gap = drawn_gamma(rng, 10, 10, 0, max_us);
    draft_state(d);
    if (has_limit) {
        const struct tm_mb_dist limit = drawn_gamma(rng, 10, 10, 5, 0);
        draft_pad(d, 0, &gap, &limit);
    } else {
        draft_pad(d, 0, &gap, NULL);
    }
}

/* Found by evolution ("Spring"). */
static int interspace_evolved(struct tm_mb_ready *out, struct tm_mb_rng *rng)
{
    struct draft d = begin();
    add_evolved(&d, rng, 10000, false);
    draft_edge(&d, TM_MB_NORMAL_RECV, 1);
    draft_edge(&d, TM_MB_PADDING_RECV, 1);
    add_evolved(&d, rng, 31443, false);
    draft_edge(&d, TM_MB_NORMAL_SENT, 2);
    add_evolved(&d, rng, 100000, true);
    draft_edge(&d, TM_MB_PADDING_RECV, 3);
    draft_edge(&d, TM_MB_PADDING_SENT, 2);
    add_evolved(&d, rng, 55878, true);
    draft_edge(&d, TM_MB_NORMAL_RECV, 3);
    draft_edge(&d, TM_MB_PADDING_RECV, 2);
    draft_edge(&d, TM_MB_NORMAL_SENT, 0);
    return draft_end(&d, out, NULL);
}

int tm_mb_ready_interspace_server(struct tm_mb_ready *out, struct tm_mb_rng *rng)
{
    out->n = 0;
    return toss(rng) ? interspace_manual(out, rng) : interspace_evolved(out, rng);
}

/* Counts a burst that is received down from a drawn length; a packet that is sent ends it. */
static int break_pad(struct tm_mb_ready *out, enum tm_mb_event_kind start,
                     const struct tm_mb_dist *length, const struct tm_mb_dist *limit)
{
    enum { START, SET, COUNT, PAD };
    struct draft d = begin();
    struct tm_mb_dist soon = draft_constant(0); /* 1 us */
    soon.start = 1;
    out->n = 0;
    draft_state(&d);
    draft_edge(&d, start, SET);
    draft_state(&d);
    draft_count(&d, 0, TM_MB_COUNTER_SET, length);
    draft_edge(&d, TM_MB_NORMAL_RECV, COUNT);
    draft_state(&d);
    draft_count(&d, 0, TM_MB_COUNTER_DECREMENT, NULL);
    draft_edge(&d, TM_MB_TUNNEL_RECV, COUNT);
    draft_edge(&d, TM_MB_NORMAL_SENT, SET);
    draft_edge(&d, TM_MB_COUNTER_ZERO, PAD);
    draft_state(&d);
    draft_pad(&d, 0, &soon, limit);
    draft_edge(&d, TM_MB_PADDING_SENT, PAD);
    draft_edge(&d, TM_MB_LIMIT_REACHED, START);
    return draft_end(&d, out, NULL);
}

static struct tm_mb_dist weibull(double scale, double shape)
{
    return (struct tm_mb_dist){.kind = TM_MB_WEIBULL,
                               .of.weibull = {.scale = scale, .shape = shape}};
}

/* Tor's padding machines give a generalised Pareto by sigma and xi. */
static struct tm_mb_dist tor_pareto(double sigma, double xi)
{
    return pareto(sigma / xi, 1 / xi, 1, 0);
}

int tm_mb_ready_break_pad_client(struct tm_mb_ready *out)
{
    const struct tm_mb_dist length = weibull(1.3832926042292748, 8.766888541863576);
    const struct tm_mb_dist limit = tor_pareto(1.9667283364576538, 0.05282296143414936);
    return break_pad(out, TM_MB_NORMAL_SENT, &length, &limit);
}

int tm_mb_ready_break_pad_server(struct tm_mb_ready *out)
{
    const struct tm_mb_dist length = weibull(1.1939537311219628, 2.2388583813756533);
    const struct tm_mb_dist limit = tor_pareto(7.009539453953314, 1.7523848634883286);
    return break_pad(out, TM_MB_NORMAL_RECV, &length, &limit);
}
