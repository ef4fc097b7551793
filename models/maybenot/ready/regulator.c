/* RegulaTor.  The server's pace is one machine, in steps of the decaying rate; a second one counts the budget down.
 *
 * Pace: counter B is how many packets wait.  Each slot is told as PaddingSent, then TunnelSent: on the first A is set to the step's
 * threshold and one packet less waits; on the second A less B is what is left of the threshold, and none means a surge.
 *
 *   WAIT --packet--> BLOCK --begun--> SURGE --timer begun--> ARM --> step 0 --timer--> step 1 ... --timer--> the last one, 1 packet/s
 *                                       ^----------------- too many wait ------------------'                                            */
#include <math.h>

#include "models/maybenot/ready/draft.h"

#define US_PER_S 1e6

enum { WAIT, BLOCK, SURGE, ARM, STOP, STEPS };

/* Of a step; NEXT goes on to the following one. */
enum { SLOT, NONE_WAITS, LEFT, CAME, NEXT, PER_STEP };

struct pace {
    const struct tm_mb_regulator_cfg *cfg;
    double step_s;
};

static uint32_t state_of(uint32_t step, uint32_t which)
{
    return STEPS + step * PER_STEP + which;
}

/* The mean rate of a step; the last one's is 1. */
static double rate_of(const struct pace *p, uint32_t step)
{
    const double from = pow(p->cfg->decay, step * p->step_s);
    const double to = pow(p->cfg->decay, (step + 1) * p->step_s);
    if (step == p->cfg->n_states)
        return 1;
    return p->cfg->rate * (to - from) / (p->step_s * log(p->cfg->decay));
}

/* What every state of a step does next. */
static void add_edges(struct draft *d, const struct pace *p, uint32_t step, uint32_t when_zero)
{
    draft_edge(d, TM_MB_NORMAL_SENT, state_of(step, CAME));
    draft_edge(d, TM_MB_PADDING_SENT, state_of(step, SLOT));
    draft_edge(d, TM_MB_TUNNEL_SENT, state_of(step, LEFT));
    draft_edge(d, TM_MB_BLOCKING_END, STOP);
    if (when_zero != TM_MB_STATE_END)
        draft_edge(d, TM_MB_COUNTER_ZERO, when_zero);
    if (step < p->cfg->n_states)
        draft_edge(d, TM_MB_TIMER_END, state_of(step, NEXT));
}

static void add_step(struct draft *d, const struct pace *p, uint32_t step)
{
    const double rate = rate_of(p, step);
    const struct tm_mb_dist gap = draft_constant(US_PER_S / rate);
    const struct tm_mb_dist threshold = draft_constant(fmax(1, ceil(p->cfg->threshold * rate)));
    draft_state(d); /* SLOT */
    draft_pad(d, DRAFT_BYPASS | DRAFT_REPLACE, &gap, NULL);
    draft_count(d, 0, TM_MB_COUNTER_SET, &threshold);
    draft_count(d, 1, TM_MB_COUNTER_DECREMENT, NULL);
    add_edges(d, p, step, state_of(step, NONE_WAITS));
    draft_state(d); /* NONE_WAITS */
    add_edges(d, p, step, TM_MB_STATE_END);
    draft_state(d); /* LEFT */
    draft_subtract_other(d);
    add_edges(d, p, step, SURGE);
    draft_state(d); /* CAME */
    draft_count(d, 1, TM_MB_COUNTER_INCREMENT, NULL);
    add_edges(d, p, step, TM_MB_STATE_END);
    if (step == p->cfg->n_states)
        return;
    draft_state(d); /* NEXT: the armed slot stays */
    if (step + 1 < p->cfg->n_states)
        draft_timer(d, p->step_s * US_PER_S);
    add_edges(d, p, step + 1, TM_MB_STATE_END);
}

static int add_pace(struct tm_mb_ready *out, const struct tm_mb_regulator_cfg *cfg,
                    struct tm_msg *msg)
{
    const double end_s = -log(cfg->rate) / log(cfg->decay); /* when the rate would be 1 */
    const struct pace p = {.cfg = cfg, .step_s = end_s / cfg->n_states};
    const struct tm_mb_dist gap = draft_constant(US_PER_S / rate_of(&p, 0));
    struct draft d = draft_begin();
    draft_state(&d); /* WAIT */
    draft_edge(&d, TM_MB_NORMAL_SENT, BLOCK);
    draft_state(&d); /* BLOCK */
    draft_block(&d, DRAFT_BYPASS | DRAFT_REPLACE, TM_MB_DAY_US);
    draft_edge(&d, TM_MB_BLOCKING_BEGIN, SURGE);
    draft_state(&d); /* SURGE */
    draft_timer(&d, p.step_s * US_PER_S);
    draft_edge(&d, TM_MB_BLOCKING_END, STOP);
    draft_edge(&d, TM_MB_TIMER_BEGIN, ARM);
    draft_state(&d); /* ARM */
    draft_pad(&d, DRAFT_BYPASS | DRAFT_REPLACE, &gap, NULL);
    add_edges(&d, &p, 0, TM_MB_STATE_END);
    draft_state(&d); /* STOP */
    draft_cancel(&d);
    for (uint32_t step = 0; step <= cfg->n_states && d.rc == TM_OK; step++)
        add_step(&d, &p, step);
    return draft_end(&d, out, msg);
}

/* A is the padding that is left: what leaves and did not come was padding.  At zero the block is lifted. */
static int add_budget(struct tm_mb_ready *out, const struct tm_mb_regulator_cfg *cfg,
                      struct tm_msg *msg)
{
    enum { BEGIN, DRAW, CAME_MORE, LEFT_LESS, LIFT };
    const struct tm_mb_dist budget = draft_uniform(1, (double)cfg->budget + 1);
    struct draft d = draft_begin();
    draft_state(&d);
    draft_edge(&d, TM_MB_BLOCKING_BEGIN, DRAW);
    draft_state(&d);
    draft_count(&d, 0, TM_MB_COUNTER_SET, &budget);
    draft_edge(&d, TM_MB_NORMAL_SENT, CAME_MORE);
    draft_edge(&d, TM_MB_TUNNEL_SENT, LEFT_LESS);
    draft_state(&d);
    draft_count(&d, 0, TM_MB_COUNTER_INCREMENT, NULL);
    draft_edge(&d, TM_MB_NORMAL_SENT, CAME_MORE);
    draft_edge(&d, TM_MB_TUNNEL_SENT, LEFT_LESS);
    draft_state(&d);
    draft_count(&d, 0, TM_MB_COUNTER_DECREMENT, NULL);
    draft_edge(&d, TM_MB_NORMAL_SENT, CAME_MORE);
    draft_edge(&d, TM_MB_TUNNEL_SENT, LEFT_LESS);
    draft_edge(&d, TM_MB_COUNTER_ZERO, LIFT);
    draft_state(&d);
    draft_block(&d, DRAFT_BYPASS | DRAFT_REPLACE, 0);
    draft_edge(&d, TM_MB_BLOCKING_END, TM_MB_STATE_END);
    return draft_end(&d, out, msg);
}

/* One packet for upload_ratio received ones: the counter is set to a whole number that has it as its mean. */
static int add_echo(struct tm_mb_ready *out, const struct tm_mb_regulator_cfg *cfg,
                    struct tm_msg *msg)
{
    enum { BEGIN, SET, COUNT, SEND };
    const struct tm_mb_dist now = draft_constant(0);
    const struct tm_mb_dist received = draft_uniform(cfg->upload_ratio, cfg->upload_ratio + 1);
    struct draft d = draft_begin();
    draft_state(&d);
    draft_edge(&d, TM_MB_BLOCKING_BEGIN, SET);
    draft_state(&d);
    draft_count(&d, 0, TM_MB_COUNTER_SET, &received);
    draft_edge(&d, TM_MB_TUNNEL_RECV, COUNT);
    draft_state(&d);
    draft_count(&d, 0, TM_MB_COUNTER_DECREMENT, NULL);
    draft_edge(&d, TM_MB_TUNNEL_RECV, COUNT);
    draft_edge(&d, TM_MB_COUNTER_ZERO, SEND);
    draft_state(&d);
    draft_pad(&d, DRAFT_BYPASS | DRAFT_REPLACE, &now, NULL);
    draft_count(&d, 0, TM_MB_COUNTER_SET, &received);
    draft_edge(&d, TM_MB_TUNNEL_RECV, COUNT);
    return draft_end(&d, out, msg);
}

/* Blocks, and lifts the block for an instant when the first packet since the last time has waited for delay_cap_s; others have waited less. */
static int add_cap(struct tm_mb_ready *out, const struct tm_mb_regulator_cfg *cfg,
                   struct tm_msg *msg)
{
    enum { BEGIN, HOLD, HELD, TIMER, LIFT };
    struct draft d = draft_begin();
    draft_state(&d);
    draft_edge(&d, TM_MB_NORMAL_SENT, HOLD);
    draft_state(&d);
    draft_block(&d, DRAFT_BYPASS | DRAFT_REPLACE, TM_MB_DAY_US);
    draft_edge(&d, TM_MB_BLOCKING_BEGIN, HELD);
    draft_state(&d);
    draft_edge(&d, TM_MB_NORMAL_SENT, TIMER);
    draft_state(&d);
    draft_timer(&d, cfg->delay_cap_s * US_PER_S);
    draft_edge(&d, TM_MB_TIMER_END, LIFT);
    draft_state(&d);
    draft_block(&d, DRAFT_BYPASS | DRAFT_REPLACE, 0);
    draft_edge(&d, TM_MB_BLOCKING_END, HOLD);
    return draft_end(&d, out, msg);
}

static int check(const struct tm_mb_regulator_cfg *cfg, struct tm_msg *msg)
{
    const struct {
        const char *name;
        double x, low, high;
    } ranges[] = {
        {"the rate", cfg->rate, 2, 10000},
        {"the decay", cfg->decay, 0.01, 0.999},
        {"the threshold", cfg->threshold, 0.1, 1000},
        {"the budget", cfg->budget, 1, 1e7},
        {"the upload ratio", cfg->upload_ratio, 1, 1000},
        {"the delay cap", cfg->delay_cap_s, 0.001, 100},
        {"the number of states", cfg->n_states, 1, 200},
    };
    int rc = TM_OK;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && rc == TM_OK; i++)
        rc = draft_check(ranges[i].name, ranges[i].x, ranges[i].low, ranges[i].high, msg);
    return rc;
}

int tm_mb_ready_regulator_client(struct tm_mb_ready *out, const struct tm_mb_regulator_cfg *cfg,
                                 struct tm_msg *msg)
{
    out->n = 0;
    int rc = check(cfg, msg);
    if (rc == TM_OK)
        rc = add_echo(out, cfg, msg);
    return rc == TM_OK ? add_cap(out, cfg, msg) : rc;
}

int tm_mb_ready_regulator_server(struct tm_mb_ready *out, const struct tm_mb_regulator_cfg *cfg,
                                 struct tm_msg *msg)
{
    out->n = 0;
    int rc = check(cfg, msg);
    if (rc == TM_OK)
        rc = add_pace(out, cfg, msg);
    return rc == TM_OK ? add_budget(out, cfg, msg) : rc;
}
