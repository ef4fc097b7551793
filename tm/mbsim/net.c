#include "tm/mbsim/net.h"

#include <stdlib.h>

#include "tm/base/time.h"
#include "tm/mbsim/machines.h"
#include "tm/mbsim/script.h"
#include "tm/mbsim/sender.h"
#include "tm/mbsim/v2.h"

#define HORIZON_NS    INT64_C(4000000000000000000) /* runs end here; no sum of times overflows */
#define RESEND_MIN_NS INT64_C(1000000)
#define LOSS_MAX      0.9 /* above, hardly anything ever arrives */

enum { SERVER, CLIENT, ENDS };

/* In the order in which equal times are taken. */
enum source { BEGUN, UNBLOCK, ARRIVAL, ACKED, RESEND, RELEASE, TIMER, ACTION, SOURCES };

struct end {
    struct tm_mbsim_machines m;
    struct tm_mbsim_script script;
    int64_t *due_ns;             /* [script.n]; TM_NEVER: the cause has not arrived */
    size_t n_released;           /* of the script */
    struct tm_mbsim_fifo begun;  /* timers (index: of which machine) */
    struct tm_mbsim_fifo egress; /* held by a block */
    struct tm_mbsim_fifo resend; /* lost, and when they are sent again */
    struct tm_mbsim_fifo coming; /* on their way to this end */
    struct tm_mbsim_sender tcp;  /* of cfg.has_window */
    int64_t awake_ns;            /* what comes by then is heard then */
    struct tm_mbsim_line line;   /* from this end */
    struct tm_mb_rng rng;        /* of that line */
};

struct run {
    const struct tm_mbsim_net_cfg *cfg;
    struct end end[ENDS];
    int64_t now_ns, done_ns; /* done_ns: when the last packet of the application arrived */
    size_t n_missing;        /* packets of the application that have not arrived */
    struct tm_mbsim_log *out;
    struct tm_mbsim_net_counts *counts;
};

static int log_packet(struct run *r, int side, enum tm_mb_event_kind kind,
                      const struct tm_mbsim_item *i)
{
    const struct tm_mbsim_event e = {.t_ns = r->now_ns,
                                     .size_bytes = (uint16_t)i->size_bytes,
                                     .kind = (uint8_t)kind,
                                     .is_client = side == CLIENT,
                                     .is_padding = i->index == TM_MBSIM_PADDING};
    return tm_mbsim_log_add(r->out, &e);
}

static int push_begun(void *ctx, struct tm_mbsim_event e)
{
    const struct tm_mbsim_item i = {.t_ns = e.t_ns, .index = e.machine};
    return tm_mbsim_fifo_push(ctx, &i);
}

static int tell(struct run *r, int side, enum tm_mb_event_kind kind, uint16_t machine)
{
    struct end *e = &r->end[side];
    const struct tm_mbsim_event event = {
        .t_ns = r->now_ns, .kind = (uint8_t)kind, .machine = machine};
    return tm_mbsim_machines_tell(&e->m, &event, push_begun, &e->begun);
}

/* What is lost on the way is sent again when its sender would know; padding is not missed. */
static int lose(struct run *r, int side, const struct tm_mbsim_item *i)
{
    struct tm_mbsim_item again = *i;
    if (i->index == TM_MBSIM_PADDING)
        return TM_OK;
    again.t_ns = r->now_ns + tm_max_us(r->cfg->up.delay_ns + r->cfg->down.delay_ns, RESEND_MIN_NS);
    return tm_mbsim_fifo_push(&r->end[side].resend, &again);
}

/* An end that slept hears what came some time later, and with it all that came meanwhile. */
static int64_t heard_ns(const struct run *r, struct end *e, int64_t arrival_ns)
{
    if (arrival_ns > e->awake_ns)
        e->awake_ns = arrival_ns + r->cfg->wake_ns;
    return e->awake_ns;
}

/* To the path; *arrival_ns: when it is there, or would be. */
static int transmit(struct run *r, int side, const struct tm_mbsim_item *i, int64_t *arrival_ns)
{
    struct end *e = &r->end[side];
    const int way = side == CLIENT ? 0 : 1;
    struct tm_mbsim_item coming = *i;
    int rc = log_packet(r, side, TM_MB_TUNNEL_SENT, i);
    if (rc != TM_OK)
        return rc;
    const enum tm_mbsim_fate fate =
        tm_mbsim_line_send(&e->line, way == 0 ? &r->cfg->up : &r->cfg->down, &e->rng, r->now_ns,
                           i->size_bytes, arrival_ns);
    if (fate == TM_MBSIM_ARRIVES) {
        coming.t_ns = heard_ns(r, &r->end[!side], *arrival_ns);
        return tm_mbsim_fifo_push(&r->end[!side].coming, &coming);
    }
    r->counts->n_lost[way] += fate == TM_MBSIM_LOST;
    r->counts->n_dropped[way] += fate == TM_MBSIM_DROPPED;
    return lose(r, side, i);
}

/* What the socket takes, and what the window lets go of it. */
static int flow(struct run *r, int side)
{
    struct end *e = &r->end[side];
    const int64_t back_ns = side == CLIENT ? r->cfg->down.delay_ns : r->cfg->up.delay_ns;
    struct tm_mbsim_item i;
    int64_t arrival_ns;
    int rc = TM_OK, taken = 0;
    tm_mbsim_sender_run(&e->tcp, r->now_ns, r->cfg->up.delay_ns + r->cfg->down.delay_ns);
    do {
        while (rc == TM_OK && tm_mbsim_sender_next(&e->tcp, &i)) {
            rc = transmit(r, side, &i, &arrival_ns);
            if (rc == TM_OK)
                rc = tm_mbsim_sender_sent(&e->tcp, i.size_bytes, r->now_ns, arrival_ns + back_ns);
        }
        taken = rc == TM_OK ? tm_mbsim_sender_take(&e->tcp, &i) : rc;
        rc = taken == 1 ? tell(r, side, TM_MB_TUNNEL_SENT, 0) : taken;
    } while (rc == TM_OK && taken == 1);
    return rc;
}

static int leave(struct run *r, int side, const struct tm_mbsim_item *i)
{
    int64_t arrival_ns;
    if (r->cfg->has_window) {
        const int rc = tm_mbsim_sender_push(&r->end[side].tcp, i);
        return rc == TM_OK ? flow(r, side) : rc;
    }
    const int rc = transmit(r, side, i, &arrival_ns);
    return rc == TM_OK ? tell(r, side, TM_MB_TUNNEL_SENT, 0) : rc;
}

static int hand_over(struct run *r, int side, struct tm_mbsim_item i)
{
    struct end *e = &r->end[side];
    i.t_ns = r->now_ns;
    int rc = tell(r, side, TM_MB_NORMAL_SENT, 0);
    if (rc != TM_OK)
        return rc;
    return e->m.blocked_until_ns == TM_NEVER ? leave(r, side, &i)
                                             : tm_mbsim_fifo_push(&e->egress, &i);
}

static int release(struct run *r, int side)
{
    struct end *e = &r->end[side];
    const size_t k = e->n_released++;
    return hand_over(
        r, side,
        (struct tm_mbsim_item){.index = (uint32_t)k, .size_bytes = e->script.cues[k].size_bytes});
}

/* Padding: sent, put behind what a block holds, or given to a packet that waits. */
static int pad(struct run *r, int side, const struct tm_mbsim_event *event)
{
    struct end *e = &r->end[side];
    struct tm_mbsim_item i = {
        .t_ns = r->now_ns, .index = TM_MBSIM_PADDING, .size_bytes = r->cfg->size_bytes};
    const bool is_blocked = e->m.blocked_until_ns != TM_NEVER;
    const bool may_leave = !is_blocked || (e->m.is_bypassable && event->bypass);
    int rc = tell(r, side, TM_MB_PADDING_SENT, event->machine);
    if (rc != TM_OK)
        return rc;
    const bool is_replaced = event->replace && (e->egress.n > 0 || tm_mbsim_sender_waits(&e->tcp));
    r->counts->n_replaced += is_replaced;
    if (!may_leave || (is_replaced && e->egress.n == 0))
        return is_replaced ? TM_OK : tm_mbsim_fifo_push(&e->egress, &i);
    if (is_replaced)
        i = tm_mbsim_fifo_pop(&e->egress);
    return leave(r, side, &i);
}

static int act(struct run *r, int side)
{
    struct end *e = &r->end[side];
    const size_t i = tm_mbsim_machines_due_action(&e->m, tm_mbsim_machines_action_ns(&e->m));
    const struct tm_mbsim_event event = tm_mbsim_machines_act(&e->m, i);
    if (event.kind == TM_MB_PADDING_SENT)
        return pad(r, side, &event);
    return tell(r, side, TM_MB_BLOCKING_BEGIN, event.machine);
}

static int ring(struct run *r, int side)
{
    struct end *e = &r->end[side];
    const size_t i = tm_mbsim_machines_due_timer(&e->m, tm_mbsim_machines_timer_ns(&e->m));
    return tell(r, side, TM_MB_TIMER_END, tm_mbsim_machines_ring(&e->m, i).machine);
}

static int unblock(struct run *r, int side)
{
    struct end *e = &r->end[side];
    e->m.blocked_until_ns = TM_NEVER;
    int rc = tell(r, side, TM_MB_BLOCKING_END, 0);
    while (rc == TM_OK && e->egress.n > 0) {
        const struct tm_mbsim_item i = tm_mbsim_fifo_pop(&e->egress);
        rc = leave(r, side, &i);
    }
    return rc;
}

/* The first cue whose cause is `cause` or later; those of the beginning come before all. */
static size_t first_cue(const struct tm_mbsim_script *s, uint32_t cause)
{
    size_t from = 0, to = s->n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const uint32_t c = s->cues[middle].cause;
        if (c == TM_MBSIM_NO_CAUSE || c < cause)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static int arrive(struct run *r, int side)
{
    struct end *e = &r->end[side];
    const struct tm_mbsim_item i = tm_mbsim_fifo_pop(&e->coming);
    const bool is_padding = i.index == TM_MBSIM_PADDING;
    int rc = log_packet(r, side, TM_MB_TUNNEL_RECV, &i);
    if (rc == TM_OK)
        rc = tell(r, side, TM_MB_TUNNEL_RECV, 0);
    if (rc == TM_OK)
        rc = tell(r, side, is_padding ? TM_MB_PADDING_RECV : TM_MB_NORMAL_RECV, 0);
    if (is_padding || rc != TM_OK)
        return rc;
    for (size_t k = first_cue(&e->script, i.index);
         k < e->script.n && e->script.cues[k].cause == i.index; k++)
        e->due_ns[k] = r->now_ns + e->script.cues[k].gap_ns;
    if (--r->n_missing == 0)
        r->done_ns = r->now_ns;
    return TM_OK;
}

static int64_t first_ns(const struct tm_mbsim_fifo *f)
{
    return f->n > 0 ? tm_mbsim_fifo_first(f)->t_ns : TM_NEVER;
}

static int64_t source_ns(const struct end *e, enum source what)
{
    switch (what) {
    case BEGUN:
        return first_ns(&e->begun);
    case UNBLOCK:
        return e->m.blocked_until_ns;
    case ARRIVAL:
        return first_ns(&e->coming);
    case ACKED:
        return tm_mbsim_sender_next_ns(&e->tcp);
    case RESEND:
        return first_ns(&e->resend);
    case RELEASE:
        return e->n_released < e->script.n ? e->due_ns[e->n_released] : TM_NEVER;
    case TIMER:
        return tm_mbsim_machines_timer_ns(&e->m);
    case ACTION:
        return tm_mbsim_machines_action_ns(&e->m);
    case SOURCES:
        break;
    }
    return TM_NEVER;
}

static int happen(struct run *r, int side, enum source what)
{
    struct end *e = &r->end[side];
    switch (what) {
    case BEGUN:
        return tell(r, side, TM_MB_TIMER_BEGIN, (uint16_t)tm_mbsim_fifo_pop(&e->begun).index);
    case UNBLOCK:
        return unblock(r, side);
    case ARRIVAL:
        return arrive(r, side);
    case ACKED:
        return flow(r, side);
    case RESEND:
        return hand_over(r, side, tm_mbsim_fifo_pop(&e->resend));
    case RELEASE:
        return release(r, side);
    case TIMER:
        return ring(r, side);
    case ACTION:
        return act(r, side);
    case SOURCES:
        break;
    }
    return TM_OK;
}

/* Takes the earliest of all sources: 1, 0 when the run is over, or an error. */
static int step(struct run *r)
{
    int64_t t_ns = TM_NEVER;
    enum source what = SOURCES;
    int side = CLIENT;
    for (enum source s = BEGUN; s < SOURCES; s++)
        for (int k = CLIENT; k >= SERVER; k--) {
            const int64_t at_ns = source_ns(&r->end[k], s);
            if (at_ns < t_ns) {
                t_ns = at_ns;
                what = s;
                side = k;
            }
        }
    if (what == SOURCES || (r->n_missing == 0 && t_ns > r->done_ns + r->cfg->tail_ns))
        return 0;
    r->now_ns = tm_max_us(r->now_ns, t_ns);
    const int rc = happen(r, side, what);
    return rc == TM_OK ? 1 : rc;
}

static int play(struct run *r)
{
    int rc;
    size_t n = 0;
    while ((rc = step(r)) == 1)
        if ((r->n_missing == 0 && r->cfg->tail_ns == 0) || r->now_ns > HORIZON_NS ||
            ++n == r->cfg->max_steps)
            break;
    r->out->is_cut = r->n_missing > 0;
    return rc < 0 ? rc : TM_OK;
}

static int start_end(struct run *r, int side)
{
    const struct tm_mbsim_net_cfg *cfg = r->cfg;
    struct end *e = &r->end[side];
    const bool is_client = side == CLIENT;
    e->line.arrival_ns = e->line.free_ns = e->awake_ns = INT64_MIN / 2;
    tm_mb_rng_init_xoshiro(&e->rng, cfg->seed + (is_client ? 2 : 3));
    e->due_ns = calloc(e->script.n + 1, sizeof *e->due_ns);
    if (!e->due_ns)
        return TM_ERR_NOMEM;
    for (size_t k = 0; k < e->script.n; k++)
        e->due_ns[k] =
            e->script.cues[k].cause == TM_MBSIM_NO_CAUSE ? e->script.cues[k].gap_ns : TM_NEVER;
    r->n_missing += e->script.n;
    return tm_mbsim_machines_init(&e->m, is_client ? &cfg->client : &cfg->server,
                                  cfg->seed + (is_client ? 0 : 1), r->now_ns);
}

static bool is_line(const struct tm_mbsim_line_cfg *l)
{
    return l->delay_ns >= 0 && l->delay_ns <= TM_MBSIM_DELAY_MAX_NS && l->jitter_ns >= 0 &&
           l->jitter_ns <= TM_MBSIM_DELAY_MAX_NS && l->p_loss >= 0 && l->p_loss <= LOSS_MAX &&
           (l->rate_bps == 0 || l->rate_bps >= TM_MBSIM_RATE_MIN);
}

static bool is_cfg(const struct tm_mbsim_net_cfg *cfg)
{
    return is_line(&cfg->up) && is_line(&cfg->down) && cfg->trip_ns >= 0 &&
           cfg->trip_ns <= TM_MBSIM_DELAY_MAX_NS && cfg->tail_ns >= 0 &&
           cfg->tail_ns <= TM_MBSIM_DELAY_MAX_NS && cfg->wake_ns >= 0 &&
           cfg->wake_ns <= TM_MBSIM_DELAY_MAX_NS && cfg->size_bytes > 0 &&
           cfg->size_bytes <= TM_MBSIM_SIZE_MAX;
}

static void deinit(struct run *r)
{
    for (int side = SERVER; side < ENDS; side++) {
        struct end *e = &r->end[side];
        tm_mbsim_machines_deinit(&e->m);
        tm_mbsim_script_deinit(&e->script);
        free(e->due_ns);
        tm_mbsim_fifo_deinit(&e->begun);
        tm_mbsim_fifo_deinit(&e->egress);
        tm_mbsim_fifo_deinit(&e->resend);
        tm_mbsim_fifo_deinit(&e->coming);
        tm_mbsim_sender_deinit(&e->tcp);
    }
}

int tm_mbsim_net(struct tm_mbsim_log *out, struct tm_mbsim_net_counts *counts,
                 const struct tm_mbsim_trace *trace, const struct tm_mbsim_net_cfg *cfg,
                 struct tm_msg *msg)
{
    *counts = (struct tm_mbsim_net_counts){.n_replaced = 0};
    if (trace->n == 0)
        return tm_msg_set(msg, TM_ERR_RANGE, "no packets to begin with");
    if (!is_cfg(cfg))
        return tm_msg_set(msg, TM_ERR_RANGE, "a path out of range");
    struct run r = {.cfg = cfg, .out = out, .counts = counts};
    int rc = tm_mbsim_script_make(&r.end[CLIENT].script, &r.end[SERVER].script, trace, cfg->trip_ns,
                                  cfg->size_bytes);
    if (rc == TM_OK && r.end[SERVER].script.n > 0 && r.end[SERVER].script.cues[0].gap_ns < 0)
        r.now_ns = r.end[SERVER].script.cues[0].gap_ns; /* the first one of the server */
    if (rc == TM_OK)
        rc = start_end(&r, CLIENT);
    if (rc == TM_OK)
        rc = start_end(&r, SERVER);
    if (rc == TM_OK)
        rc = play(&r);
    deinit(&r);
    return rc;
}
