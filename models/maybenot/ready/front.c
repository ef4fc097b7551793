/* FRONT.  Padding comes as a Poisson process whose rate is that of `budget` times independently drawn from a Rayleigh density, in steps
 * of equal probability: the machine stays in a state for its share of the budget, with exponential gaps. */
#include <math.h>

#include "models/maybenot/ready/draft.h"

#define US_PER_S 1e6

/* When a share of all padding is sent: the inverse of 1 - exp(-t^2 / (2 w^2)). */
static double quantile_s(double window_s, double share)
{
    return window_s * sqrt(-2 * log1p(-share));
}

/* How much of `budget` belongs to states 0..i-1; whole packets, so that no rounding adds up. */
static uint32_t spent(uint32_t budget, uint32_t i, uint32_t n_states)
{
    return (uint32_t)((uint64_t)budget * i / n_states);
}

static void add_step(struct draft *d, double from_s, double to_s, uint32_t n)
{
    const uint32_t self = (uint32_t)d->m->n_states;
    const struct tm_mb_dist limit = draft_constant(n);
    const struct tm_mb_dist gap = {
        .kind = TM_MB_GAMMA, .of.gamma = {.scale = (to_s - from_s) * US_PER_S / n, .shape = 1}};
    draft_state(d);
    draft_pad(d, 0, &gap, &limit);
    draft_edge(d, TM_MB_PADDING_SENT, self);
    draft_edge(d, TM_MB_LIMIT_REACHED, self + 1);
}

static int check(const struct tm_mb_front_cfg *cfg, struct tm_msg *msg)
{
    int rc = draft_check("the budget", cfg->budget, 1, 1e6, msg);
    if (rc == TM_OK)
        rc = draft_check("the least window", cfg->window_min_s, 0.01, cfg->window_max_s, msg);
    if (rc == TM_OK)
        rc = draft_check("the largest window", cfg->window_max_s, cfg->window_min_s, 1000, msg);
    return rc == TM_OK ? draft_check("the number of states", cfg->n_states, 1, 1000, msg) : rc;
}

int tm_mb_ready_front(struct tm_mb_ready *out, const struct tm_mb_front_cfg *cfg,
                      struct tm_mb_rng *rng, struct tm_msg *msg)
{
    out->n = 0;
    int rc = check(cfg, msg);
    if (rc != TM_OK)
        return rc;
    const uint32_t budget = 1 + (uint32_t)(tm_mb_rng_fraction(rng) * cfg->budget);
    const double window_s =
        cfg->window_min_s + tm_mb_rng_fraction(rng) * (cfg->window_max_s - cfg->window_min_s);
    struct draft d = draft_begin();
    draft_state(&d);
    draft_edge(&d, TM_MB_NORMAL_RECV, 1);
    draft_edge(&d, TM_MB_NORMAL_SENT, 1);
    double from_s = 0;
    for (uint32_t i = 0; i < cfg->n_states && d.rc == TM_OK; i++) {
        const uint32_t n = spent(budget, i + 1, cfg->n_states) - spent(budget, i, cfg->n_states);
        if (n == 0)
            continue;
        /* The last step would never end: it goes up to where half of its first packet is left. */
        const double share = i + 1 < cfg->n_states ? (double)(i + 1) / cfg->n_states
                                                   : 1 - 0.5 / ((double)cfg->n_states * (double)n);
        const double to_s = quantile_s(window_s, share);
        add_step(&d, from_s, to_s, n);
        from_s = to_s;
    }
    draft_state(&d); /* the end */
    return draft_end(&d, out, msg);
}
