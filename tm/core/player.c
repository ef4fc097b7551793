#include "tm/core/player.h"

#include <stdlib.h>

#define EARLY_MAX (UINT64_C(1) << 20)

static size_t next_of(const struct tm_plan *plan, size_t from, enum tm_dir dir)
{
    while (from < plan->n_writes && plan->w[from].dir != dir)
        from++;
    return from;
}

static enum tm_dir own_dir(const struct tm_player *p)
{
    return tm_side_dir(p->side);
}

static enum tm_dir peer_dir(const struct tm_player *p)
{
    return own_dir(p) == TM_UP ? TM_DOWN : TM_UP;
}

void tm_player_init(struct tm_player *p, enum tm_side side, struct tm_known_plan *take_plan,
                    int64_t start_us, int64_t grace_us)
{
    *p = (struct tm_player){
        .side = side,
        .grace_us = grace_us,
        .known = *take_plan,
        .start_us = start_us,
        .handed_due_us = INT64_MIN,
        .last_rx_us = start_us,
        .peer_fin_us = TM_NEVER,
    };
    *take_plan = (struct tm_known_plan){0};
}

void tm_player_deinit(struct tm_player *p)
{
    tm_plan_deinit(&p->known.plan);
    free(p->event_us);
    p->event_us = NULL;
}

void tm_player_start(struct tm_player *p, int64_t t_us)
{
    p->start_us = t_us;
    p->last_rx_us = t_us;
}

/* Bytes that came are counted against the known writes; the rest waits in `early`. */
static int count_early(struct tm_player *p, int64_t t_us)
{
    const struct tm_plan *plan = &p->known.plan;
    while (p->early > 0) {
        p->peer_next = next_of(plan, p->peer_next, peer_dir(p));
        if (p->peer_next >= plan->n_writes)
            break;
        uint64_t left = plan->w[p->peer_next].size - p->peer_got;
        uint64_t n = p->early < left ? p->early : left;
        p->early -= n;
        p->peer_got += n;
        if (n < left)
            break;
        p->event_us[p->peer_next++] = t_us;
        p->peer_got = 0;
    }
    if (p->early > 0 && p->peer_next >= plan->n_writes &&
        (p->known.complete || p->early > EARLY_MAX))
        return TM_ERR_PROTO;
    return TM_OK;
}

int tm_player_grown(struct tm_player *p)
{
    size_t n = p->known.plan.n_writes;
    if (n > p->event_cap) {
        size_t cap = p->known.plan.cap_writes > n ? p->known.plan.cap_writes : n;
        int64_t *bigger = realloc(p->event_us, cap * sizeof *bigger);
        if (!bigger)
            return TM_ERR_NOMEM;
        for (size_t i = p->event_cap; i < cap; i++)
            bigger[i] = TM_NEVER;
        p->event_us = bigger;
        p->event_cap = cap;
    }
    p->own_next = next_of(&p->known.plan, p->own_next, own_dir(p));
    p->own_sent = next_of(&p->known.plan, p->own_sent, own_dir(p));
    return count_early(p, p->last_rx_us);
}

bool tm_player_next(const struct tm_player *p, struct tm_player_due *due)
{
    const struct tm_plan *plan = &p->known.plan;
    if (p->own_next >= plan->n_writes)
        return false;
    const struct tm_write *w = &plan->w[p->own_next];
    *due = (struct tm_player_due){.i = p->own_next, .event_us = p->start_us};
    if (w->ref_back > 0) {
        size_t ref = p->own_next - w->ref_back;
        due->event_us = p->event_us[ref];
        /* An own reference that has been handed out and not reported: only the very last one can be followed,
         * however many before it have not been reported either. */
        due->rel_prev = due->event_us == TM_NEVER && plan->w[ref].dir == own_dir(p) &&
                        next_of(plan, ref + 1, own_dir(p)) == p->own_next;
    }
    if (due->event_us == TM_NEVER && !due->rel_prev)
        return false;
    int64_t from = due->rel_prev ? p->handed_due_us : due->event_us;
    due->due_us = tm_max_us(tm_later_us(from, w->gap_us), p->handed_due_us);
    return true;
}

void tm_player_handed(struct tm_player *p, const struct tm_player_due *due)
{
    TM_ASSERT_EQ(due->i, p->own_next);
    p->handed_due_us = due->due_us;
    p->own_next = next_of(&p->known.plan, p->own_next + 1, own_dir(p));
}

int tm_player_sent(struct tm_player *p, size_t i, int64_t t_us)
{
    if (i != p->own_sent || i >= p->own_next)
        return TM_ERR_RANGE;
    p->event_us[i] = t_us;
    p->own_sent = next_of(&p->known.plan, i + 1, own_dir(p));
    return TM_OK;
}

int tm_player_received(struct tm_player *p, uint64_t n, int64_t t_us)
{
    p->last_rx_us = t_us;
    p->early += n;
    return count_early(p, t_us);
}

bool tm_player_done(const struct tm_player *p)
{
    size_t n = p->known.plan.n_writes;
    return p->known.complete && p->own_sent >= n &&
           next_of(&p->known.plan, p->peer_next, peer_dir(p)) >= n;
}

/* When the last write of direction dir was over; INT64_MIN when there is none. */
static int64_t last_event_us(const struct tm_player *p, enum tm_dir dir)
{
    size_t i = p->known.plan.n_writes;
    while (i > 0 && p->known.plan.w[i - 1].dir != dir)
        i--;
    return i > 0 ? p->event_us[i - 1] : INT64_MIN;
}

int64_t tm_player_over_us(const struct tm_player *p)
{
    if (!tm_player_done(p))
        return TM_NEVER;
    return tm_max_us(last_event_us(p, TM_UP), last_event_us(p, TM_DOWN));
}

int tm_player_peer_fin(struct tm_player *p, int64_t t_us)
{
    const struct tm_close *close = &p->known.plan.close;
    bool is_early = p->side == TM_CLIENT ? close->server_back > 0 : close->back > 0;
    bool has_all = p->known.complete &&
                   next_of(&p->known.plan, p->peer_next, peer_dir(p)) >= p->known.plan.n_writes;
    if (!is_early || !has_all)
        return TM_ERR_PROTO;
    p->peer_fin_us = t_us;
    return TM_OK;
}

/* All own writes have left, and what the plan says of closing is known. */
static bool may_close(const struct tm_player *p)
{
    return p->known.complete && p->own_sent >= p->known.plan.n_writes;
}

int64_t tm_player_close_event_us(const struct tm_player *p)
{
    const struct tm_plan *plan = &p->known.plan;
    uint8_t back = p->side == TM_CLIENT ? plan->close.back : plan->close.server_back;
    if (!may_close(p))
        return TM_NEVER;
    if (back > 0)
        return p->event_us[plan->n_writes - back];
    if (p->side == TM_SERVER)
        return p->peer_fin_us;
    int64_t over_us = tm_player_over_us(p);
    return plan->close.server_back > 0 ? tm_max_us(over_us, p->peer_fin_us) : over_us;
}

int64_t tm_player_close_us(const struct tm_player *p)
{
    const struct tm_plan *plan = &p->known.plan;
    bool is_client = p->side == TM_CLIENT;
    bool is_reset = is_client && plan->close.how == TM_CLOSE_RESET;
    int64_t event_us = tm_player_close_event_us(p);
    if (event_us == TM_NEVER || (is_reset && !tm_player_done(p)))
        return TM_NEVER;
    int64_t due_us =
        tm_later_us(event_us, is_client ? plan->close_gap_us : plan->close.server_gap_us);
    return tm_max_us(due_us, is_reset ? tm_player_over_us(p) : last_event_us(p, own_dir(p)));
}

/* By when a done plan should have been closed at both ends, seen from here. */
static int64_t closed_us(const struct tm_player *p)
{
    const struct tm_plan *plan = &p->known.plan;
    int64_t us = tm_player_over_us(p);
    if (p->peer_fin_us != TM_NEVER)
        us = tm_max_us(us, p->peer_fin_us);
    return tm_later_us(tm_later_us(us, plan->close.server_gap_us), plan->close_gap_us);
}

int64_t tm_player_dead_us(const struct tm_player *p)
{
    const struct tm_plan *plan = &p->known.plan;
    if (tm_player_done(
            p)) /* waiting for the end of the connection; the client closes, then the server */
        return tm_later_us(closed_us(p), p->grace_us);
    size_t next = next_of(plan, p->peer_next, peer_dir(p));
    if (next >= plan->n_writes)
        return TM_NEVER;
    if (p->peer_got > 0)
        return tm_later_us(p->last_rx_us, p->grace_us);
    size_t ref = next - plan->w[next].ref_back;
    int64_t event_us = plan->w[next].ref_back == 0 ? p->start_us : p->event_us[ref];
    if (event_us == TM_NEVER)
        return TM_NEVER;
    /* The other side may have been handed its turn later than we know: count from the last thing heard. */
    return tm_later_us(tm_max_us(tm_later_us(event_us, plan->w[next].gap_us), p->last_rx_us),
                       p->grace_us);
}
