/* tm/sim/sim_tcp.c - what TCP does with the bytes of a carrier: the line, the window, the order.
 *
 * Parts of writes wait in the order in which they were handed over, until the window (tm/sim/cwnd.h) lets them go; without slow start
 * nothing waits.  A chunk is acknowledged as a whole, a round trip after its last byte left. */
#include <stdlib.h>

#include "tm/base/time.h"
#include "tm/sim/sim_impl.h"

static uint64_t below(struct tm_sim *w, int64_t n)
{
    return n > 0 ? tm_rng_below(&w->rng, (uint64_t)n) : 0;
}

int64_t tm_sim_span_us(uint64_t n_bytes, uint64_t bps)
{
    return bps > 0 ? (int64_t)(n_bytes * 8000000 / bps) : 0;
}

uint64_t tm_sim_rate_bps(const struct tm_sim *w, uint32_t carrier)
{
    for (uint32_t i = 0; i < w->n_slow; i++) {
        if (w->slow[i].carrier == carrier && w->slow[i].rate_bps > 0)
            return w->slow[i].rate_bps;
    }
    return w->cfg.rate_bps;
}

int tm_sim_set_rate(struct tm_sim *w, uint32_t carrier, uint64_t rate_bps)
{
    uint32_t i = 0;
    while (i < w->n_slow && w->slow[i].carrier != carrier)
        i++;
    if (i == TM_SIM_SLOW_MAX)
        return TM_ERR_LIMIT;
    w->slow[i] = (struct tm_sim_slow){carrier, rate_bps};
    w->n_slow = i == w->n_slow ? i + 1 : w->n_slow;
    return TM_OK;
}

/* n bytes leave now: until when that takes is l->free_us. */
static void occupy(struct tm_sim *w, enum tm_side from, struct tm_link *l, uint32_t n_bytes,
                   uint64_t rate_bps)
{
    int64_t start = tm_max_us(w->now_us, l->free_us);
    if (w->cfg.line_bps > 0) {
        start = tm_max_us(start, w->line_free_us[from]);
        w->line_free_us[from] = start + tm_sim_span_us(n_bytes, w->cfg.line_bps);
        l->free_us = w->line_free_us[from];
    }
    l->free_us = tm_max_us(l->free_us, start + tm_sim_span_us(n_bytes, rate_bps));
}

/* When a part whose last byte has left has arrived at the other end. */
static int64_t arrival_us(struct tm_sim *w, struct tm_link *l)
{
    int64_t t_us = l->free_us + w->cfg.delay_us + (int64_t)below(w, w->cfg.jitter_us);
    if (w->cfg.p_stall > 0 && (double)below(w, 1000000) < w->cfg.p_stall * 1e6)
        t_us += w->cfg.stall_us;
    l->arrive_us = tm_max_us(l->arrive_us, t_us);
    return l->arrive_us;
}

#define CHUNK_BYTES 14480U /* acknowledged together */

static void part_done(struct tm_sim *w, enum tm_side side, uint32_t carrier, struct tm_part *part)
{
    struct tm_link *l = &w->wire[carrier].dir[side];
    struct tm_agenda_item item = {
        .kind = HAPPENS_ARRIVE, .side = tm_sim_other(side), .carrier = carrier, .part = part};
    if (part->what == PART_BARE) {
        item.kind = (int)part->happening;
        item.t_us = tm_max_us(w->now_us + w->cfg.delay_us, l->arrive_us);
        item.part = NULL;
        free(part);
    } else {
        item.t_us = arrival_us(w, l);
    }
    tm_sim_push(w, item);
}

/* How much of the first part that waits may leave now. */
static uint32_t may_leave(struct tm_sim *w, struct tm_link *l)
{
    uint32_t rest = l->first->n_bytes - l->first->n_sent;
    if (!w->cfg.is_slow_start)
        return rest;
    uint64_t room = tm_cwnd_room(&l->cwnd, w->now_us, 2 * w->cfg.delay_us);
    rest = rest < CHUNK_BYTES ? rest : CHUNK_BYTES;
    return rest < room ? rest : (uint32_t)room;
}

/* Sends what waits, as far as the window lets it. */
static void flow(struct tm_sim *w, enum tm_side side, uint32_t carrier)
{
    struct tm_link *l = &w->wire[carrier].dir[side];
    uint64_t rate_bps = tm_sim_rate_bps(w, carrier);
    while (l->first) {
        struct tm_part *part = l->first;
        uint32_t n = may_leave(w, l);
        if (n == 0 && part->n_sent < part->n_bytes) {
            tm_sim_push(w, (struct tm_agenda_item){.t_us = tm_cwnd_next_us(&l->cwnd),
                                                   .kind = HAPPENS_FLOW,
                                                   .side = side,
                                                   .carrier = carrier});
            return;
        }
        if (n > 0)
            occupy(w, side, l, n, rate_bps);
        part->n_sent += n;
        if (w->cfg.is_slow_start && n > 0)
            tm_cwnd_sent(&l->cwnd, w->now_us, n, l->free_us + 2 * w->cfg.delay_us);
        if (part->n_sent < part->n_bytes)
            continue;
        l->first = part->next;
        part_done(w, side, carrier, part);
    }
}

void tm_sim_transmit(struct tm_sim *w, enum tm_side side, uint32_t carrier, struct tm_part *part)
{
    struct tm_link *l = &w->wire[carrier].dir[side];
    bool is_first = !l->first;
    if (is_first)
        l->first = part;
    else
        l->last->next = part;
    l->last = part;
    if (is_first)
        flow(w, side, carrier);
}

void tm_sim_drop_waiting(struct tm_wire *c)
{
    for (int side = 0; side < 2; side++) {
        for (struct tm_part *part = c->dir[side].first, *next; part; part = next) {
            next = part->next;
            free(part);
        }
        c->dir[side].first = NULL;
    }
}

void tm_sim_flow(struct tm_sim *w, enum tm_side side, uint32_t carrier)
{
    if (w->wire[carrier].live)
        flow(w, side, carrier);
    else
        tm_sim_drop_waiting(&w->wire[carrier]);
}
