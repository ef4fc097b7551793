#include "tm/mbsim/v2.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/time.h"
#include "tm/mbsim/machines.h"
#include "tm/mbsim/path.h"

#define WINDOW_NS  INT64_C(100000000)
#define HORIZON_NS INT64_C(4000000000000000000) /* runs end here; no sum of times overflows */
#define LAG_MAX_NS INT64_C(2000000000000000000)

enum { SERVER, CLIENT, ENDS };

struct end {
    struct tm_mbsim_machines m;
    struct tm_mbsim_queue q;
};

struct run {
    const struct tm_mbsim_v2_cfg *cfg;
    struct end end[ENDS];
    struct tm_mbsim_path path;
    int64_t now_ns;
    struct tm_mbsim_log *out;
    size_t n_kept;
};

/* What the queues of both ends offer next. */
struct offer {
    int64_t gap_ns; /* from now; TM_NEVER: nothing, or nothing that matters now */
    enum tm_mbsim_queue_kind from;
    int side;
};

static int64_t gap(const struct run *r, int64_t t_ns)
{
    if (t_ns == TM_NEVER)
        return TM_NEVER;
    return t_ns > r->now_ns ? t_ns - r->now_ns : 0;
}

/* Of one end of which some packet is held. */
static struct offer offer_of(const struct run *r, int side)
{
    const struct end *e = &r->end[side];
    const struct tm_mbsim_head held = tm_mbsim_queue_held(&e->q, e->m.is_bypassable);
    const struct tm_mbsim_head free = tm_mbsim_queue_free(&e->q, e->m.is_bypassable);
    const int64_t until_ns = e->m.blocked_until_ns != TM_NEVER ? e->m.blocked_until_ns : r->now_ns;
    const int64_t held_ns = tm_max_us(held.t_ns, until_ns);
    if (held.t_ns == TM_NEVER && free.t_ns == TM_NEVER)
        return (struct offer){.gap_ns = TM_NEVER, .from = TM_MBSIM_BLOCKED, .side = side};
    if (held_ns < free.t_ns || (held_ns == free.t_ns && free.from != TM_MBSIM_BASE))
        return (struct offer){.gap_ns = gap(r, held_ns), .from = held.from, .side = side};
    return (struct offer){.gap_ns = gap(r, free.t_ns), .from = free.from, .side = side};
}

/* The next event of the queues, unless something else comes within limit_ns. */
static struct offer offer(const struct run *r, int64_t limit_ns)
{
    const struct tm_mbsim_head c = tm_mbsim_queue_head(&r->end[CLIENT].q);
    const struct tm_mbsim_head s = tm_mbsim_queue_head(&r->end[SERVER].q);
    const int64_t c_ns = gap(r, c.t_ns), s_ns = gap(r, s.t_ns);
    const bool is_client = c_ns != s_ns ? c_ns < s_ns : c.rank <= s.rank;
    const struct tm_mbsim_head *first = is_client ? &c : &s;
    const struct offer o = {.gap_ns = is_client ? c_ns : s_ns,
                            .from = first->from,
                            .side = is_client ? CLIENT : SERVER};
    if (o.gap_ns == TM_NEVER || o.gap_ns > limit_ns)
        return (struct offer){.gap_ns = TM_NEVER};
    const struct tm_mbsim_machines *m = &r->end[o.side].m;
    const bool is_packet = first->from == TM_MBSIM_BLOCKED || first->from == TM_MBSIM_PASSING;
    if (!is_packet || m->blocked_until_ns == TM_NEVER || (m->is_bypassable && first->bypass))
        return o;
    const struct offer of_client = offer_of(r, CLIENT), of_server = offer_of(r, SERVER);
    return of_client.gap_ns <= of_server.gap_ns ? of_client : of_server;
}

/* The server's block ends first when both end at once. */
static int blocked_side(const struct run *r)
{
    return r->end[CLIENT].m.blocked_until_ns < r->end[SERVER].m.blocked_until_ns ? CLIENT : SERVER;
}

static int end_block(struct run *r, int side, int64_t gap_ns, struct tm_mbsim_event *out)
{
    struct end *e = &r->end[side];
    const int64_t t_ns = r->now_ns + gap_ns;
    e->m.blocked_until_ns = TM_NEVER;
    *out = (struct tm_mbsim_event){
        .t_ns = t_ns, .kind = TM_MB_BLOCKING_END, .is_client = side == CLIENT};
    const struct tm_mbsim_head held = tm_mbsim_queue_held(&e->q, false);
    if (held.t_ns >= t_ns)
        return TM_OK;
    const int64_t lag_ns = tm_mbsim_lag_of_block(&e->q, t_ns, held.t_ns);
    return lag_ns > 0 ? tm_mbsim_path_spread(&r->path, lag_ns, t_ns, side == CLIENT) : TM_OK;
}

static void take_lag(struct run *r)
{
    const struct tm_mbsim_lag lag = tm_mbsim_path_take(&r->path);
    int64_t *sum_ns = &r->end[lag.is_client].q.lag_ns;
    *sum_ns = tm_min_us(*sum_ns + lag.lag_ns, LAG_MAX_NS);
}

static struct tm_mbsim_event take(struct run *r, const struct offer *o)
{
    struct tm_mbsim_event e = tm_mbsim_queue_pop(&r->end[o->side].q, o->from);
    e.is_client = o->side == CLIENT;
    e.t_ns = tm_max_us(e.t_ns, r->now_ns + o->gap_ns);
    return e;
}

/* What a timer asks for is an event of the queue, at the same time.  The client's first. */
static int fire_timer(struct run *r, int64_t t_ns)
{
    struct end *e =
        &r->end[tm_mbsim_machines_timer_ns(&r->end[CLIENT].m) == t_ns ? CLIENT : SERVER];
    const size_t i = tm_mbsim_machines_due_timer(&e->m, t_ns);
    TM_ASSERT(i < e->m.n);
    return tm_mbsim_queue_push(&e->q, tm_mbsim_machines_ring(&e->m, i));
}

static int fire_action(struct run *r, int64_t t_ns)
{
    struct end *e =
        &r->end[tm_mbsim_machines_action_ns(&r->end[CLIENT].m) == t_ns ? CLIENT : SERVER];
    const size_t i = tm_mbsim_machines_due_action(&e->m, t_ns);
    TM_ASSERT(i < e->m.n);
    return tm_mbsim_queue_push(&e->q, tm_mbsim_machines_act(&e->m, i));
}

/* The next event, taken out: 1 and *out; 0: nothing is left; or an error.  At one time: lags, then a block's end, what waits in the
 * queues, internal timers, actions. */
static int next_event(struct run *r, struct tm_mbsim_event *out)
{
    const struct tm_mbsim_machines *c = &r->end[CLIENT].m, *s = &r->end[SERVER].m;
    for (;;) {
        const int64_t action_ns =
            tm_min_us(tm_mbsim_machines_action_ns(c), tm_mbsim_machines_action_ns(s));
        const int64_t timer_ns =
            tm_min_us(tm_mbsim_machines_timer_ns(c), tm_mbsim_machines_timer_ns(s));
        const int side = blocked_side(r);
        const int64_t act = gap(r, action_ns), ring = gap(r, timer_ns);
        const int64_t unblock = gap(r, r->end[side].m.blocked_until_ns);
        const int64_t lag = gap(r, tm_mbsim_path_next_ns(&r->path));
        const int64_t soon = tm_min_us(tm_min_us(act, ring), tm_min_us(unblock, lag));
        const struct offer o = offer(r, soon);
        int rc;
        if (soon == TM_NEVER && o.gap_ns == TM_NEVER)
            return 0;
        if (lag == soon && lag <= o.gap_ns) {
            take_lag(r);
            continue;
        }
        if (unblock == soon && unblock <= o.gap_ns) {
            rc = end_block(r, side, unblock, out);
            return rc == TM_OK ? 1 : rc;
        }
        if (o.gap_ns <= act && o.gap_ns <= ring) {
            *out = take(r, &o);
            return 1;
        }
        rc = ring <= act ? fire_timer(r, timer_ns) : fire_action(r, action_ns);
        if (rc != TM_OK)
            return rc;
    }
}

/* Padding that may be a packet which waits: true when it is, and then either that packet may pass now, or nothing happens. */
static int replace_padding(struct run *r, const struct tm_mbsim_event *e, bool *is_replaced)
{
    struct end *end = &r->end[e->is_client];
    /* Quirks: a packet is looked for whether or not there is a block, and padding that waits does not count. */
    const struct tm_mbsim_head held = tm_mbsim_queue_held(&end->q, end->m.is_bypassable);
    *is_replaced = false;
    if (held.t_ns == TM_NEVER)
        return TM_OK;
    const struct tm_mbsim_heap *heap =
        held.from == TM_MBSIM_BLOCKED ? &end->q.blocked : &end->q.passing;
    if (heap->e[0].is_padding)
        return TM_OK;
    *is_replaced = true;
    if (!e->bypass)
        return TM_OK;
    struct tm_mbsim_event packet = tm_mbsim_queue_pop(&end->q, held.from);
    packet.bypass = true;
    packet.replace = false;
    const int64_t lag_ns = tm_mbsim_lag_of_release(&end->q, r->now_ns, packet.t_ns);
    int rc = lag_ns > 0 ? tm_mbsim_path_spread(&r->path, lag_ns, r->now_ns, e->is_client) : TM_OK;
    return rc == TM_OK ? tm_mbsim_queue_push(&end->q, packet) : rc;
}

static int send_padding(struct run *r, const struct tm_mbsim_event *e)
{
    bool is_replaced = false;
    int rc = e->replace ? replace_padding(r, e, &is_replaced) : TM_OK;
    if (rc != TM_OK || is_replaced)
        return rc;
    struct tm_mbsim_event packet = *e;
    packet.kind = TM_MB_TUNNEL_SENT;
    packet.machine = 0;
    return tm_mbsim_queue_push(&r->end[e->is_client].q, packet);
}

static int leave(struct run *r, const struct tm_mbsim_event *e)
{
    int64_t excess_ns = 0;
    int rc = tm_mbsim_path_send(&r->path, r->now_ns, e->is_client, &excess_ns);
    if (rc == TM_OK && excess_ns > 0 &&
        tm_mbsim_is_tail(&r->end[e->is_client].q, e->t_ns, r->end[CLIENT].q.lag_ns))
        rc = tm_mbsim_path_spread(&r->path, excess_ns, r->now_ns, e->is_client);
    if (rc != TM_OK)
        return rc;
    return tm_mbsim_queue_push(
        &r->end[!e->is_client].q,
        (struct tm_mbsim_event){.t_ns = e->t_ns + r->path.delay_ns + excess_ns,
                                .kind = TM_MB_TUNNEL_RECV,
                                .is_padding = e->is_padding});
}

/* What follows from an event, on its way between application, tunnel and network. */
static int pass_on(struct run *r, const struct tm_mbsim_event *e)
{
    struct tm_mbsim_event next = {.t_ns = e->t_ns, .is_padding = e->is_padding};
    switch (e->kind) {
    case TM_MB_NORMAL_SENT:
        next.kind = TM_MB_TUNNEL_SENT;
        return tm_mbsim_queue_push(&r->end[e->is_client].q, next);
    case TM_MB_PADDING_SENT:
        return send_padding(r, e);
    case TM_MB_TUNNEL_SENT:
        return leave(r, e);
    case TM_MB_TUNNEL_RECV:
        next.kind = e->is_padding ? TM_MB_PADDING_RECV : TM_MB_NORMAL_RECV;
        return tm_mbsim_queue_push(&r->end[e->is_client].q, next);
    default:
        return TM_OK;
    }
}

static int push_begun(void *ctx, struct tm_mbsim_event e)
{
    return tm_mbsim_queue_push(ctx, e);
}

static int keep(struct run *r, const struct tm_mbsim_event *e)
{
    const bool is_packet = e->kind == TM_MB_TUNNEL_SENT || e->kind == TM_MB_TUNNEL_RECV;
    if ((r->cfg->keep != TM_MBSIM_KEEP_ALL && !is_packet) ||
        (r->cfg->keep == TM_MBSIM_KEEP_CLIENT && !e->is_client))
        return TM_OK;
    r->n_kept++;
    return tm_mbsim_log_add(r->out, e);
}

static bool is_done(const struct run *r, size_t n_steps)
{
    const struct tm_mbsim_v2_cfg *cfg = r->cfg;
    r->out->is_cut = (cfg->max_events > 0 && r->n_kept >= cfg->max_events) ||
                     (cfg->max_steps > 0 && n_steps >= cfg->max_steps) || r->now_ns > HORIZON_NS;
    return r->out->is_cut ||
           (!cfg->has_to_go_on && tm_mbsim_queue_has_no_packets(&r->end[CLIENT].q) &&
            tm_mbsim_queue_has_no_packets(&r->end[SERVER].q));
}

static int play(struct run *r)
{
    struct tm_mbsim_event e;
    int rc;
    for (size_t n = 1; (rc = next_event(r, &e)) == 1; n++) {
        struct end *end = &r->end[e.is_client];
        r->now_ns = e.t_ns;
        rc = pass_on(r, &e);
        if (rc == TM_OK)
            rc = tm_mbsim_machines_tell(&end->m, &e, push_begun, &end->q);
        if (rc == TM_OK)
            rc = keep(r, &e);
        if (rc != TM_OK || is_done(r, n))
            break;
    }
    return rc;
}

int tm_mbsim_v2_pps(const struct tm_mbsim_trace *trace, uint64_t *pps)
{
    struct tm_mbsim_window w[ENDS] = {{.cap = 0}};
    size_t n, most = 0;
    int rc = TM_OK;
    for (size_t i = 0; i < trace->n && rc == TM_OK; i++) {
        rc = tm_mbsim_window_add(&w[trace->packets[i].is_sent], trace->packets[i].t_ns, WINDOW_NS,
                                 &n);
        most = rc == TM_OK && n > most ? n : most;
    }
    free(w[SERVER].t_ns);
    free(w[CLIENT].t_ns);
    *pps = most * 10;
    return rc;
}

static int compare(const void *a, const void *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Times at which one end's application sends, sorted, in `out`; how many. */
static size_t base_times(int64_t *out, const struct tm_mbsim_trace *trace, int side,
                         int64_t delay_ns)
{
    size_t n = 0;
    bool is_sorted = true;
    for (size_t i = 0; i < trace->n; i++) {
        const struct tm_mbsim_packet *p = &trace->packets[i];
        if (p->is_sent != (side == CLIENT))
            continue;
        out[n] = side == CLIENT ? p->t_ns : p->t_ns - delay_ns;
        is_sorted = is_sorted && (n == 0 || out[n - 1] <= out[n]);
        n++;
    }
    if (!is_sorted)
        qsort(out, n, sizeof *out, compare);
    return n;
}

/* `times` has room for the trace. */
static int start(struct run *r, const struct tm_mbsim_trace *trace, int64_t *times, uint64_t pps)
{
    const struct tm_mbsim_v2_cfg *cfg = r->cfg;
    tm_mbsim_path_init(&r->path, cfg->delay_ns, pps);
    for (int side = CLIENT; side >= SERVER; side--) {
        struct tm_mbsim_queue *q = &r->end[side].q;
        q->base_ns = times;
        q->n_base = base_times(times, trace, side, cfg->delay_ns);
        times += q->n_base;
        if (q->n_base > 0 && q->base_ns[0] < r->now_ns)
            r->now_ns = q->base_ns[0];
    }
    int rc = tm_mbsim_machines_init(&r->end[CLIENT].m, &cfg->client, cfg->seed, r->now_ns);
    if (rc == TM_OK)
        rc = tm_mbsim_machines_init(&r->end[SERVER].m, &cfg->server, cfg->seed + 1, r->now_ns);
    return rc;
}

static int check(const struct tm_mbsim_trace *trace, const struct tm_mbsim_v2_cfg *cfg,
                 struct tm_msg *msg)
{
    if (trace->n == 0)
        return tm_msg_set(msg, TM_ERR_RANGE, "no packets to begin with");
    if (cfg->delay_ns < 0 || cfg->delay_ns > TM_MBSIM_DELAY_MAX_NS || cfg->pps > UINT32_MAX)
        return tm_msg_set(msg, TM_ERR_RANGE, "delay or packets a second out of range");
    return TM_OK;
}

int tm_mbsim_v2(struct tm_mbsim_log *out, const struct tm_mbsim_trace *trace,
                const struct tm_mbsim_v2_cfg *cfg, struct tm_msg *msg)
{
    int rc = check(trace, cfg, msg);
    if (rc != TM_OK)
        return rc;
    struct run r = {.cfg = cfg, .now_ns = TM_NEVER, .out = out};
    uint64_t pps = cfg->pps;
    int64_t *times = calloc(trace->n, sizeof *times);
    rc = times ? TM_OK : TM_ERR_NOMEM;
    if (rc == TM_OK && pps == 0)
        rc = tm_mbsim_v2_pps(trace, &pps);
    if (rc == TM_OK)
        rc = start(&r, trace, times, pps);
    if (rc == TM_OK)
        rc = play(&r);
    for (int side = SERVER; side < ENDS; side++) {
        tm_mbsim_machines_deinit(&r.end[side].m);
        tm_mbsim_queue_deinit(&r.end[side].q);
    }
    tm_mbsim_path_deinit(&r.path);
    free(times);
    return rc;
}
