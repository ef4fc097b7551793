#include "tm/core/tally.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    int64_t number; /* of its ten seconds since the clock's zero; -1: never used */
    uint64_t due, sent, exact, lost, missed, unsent_max, wire_bytes, payload_bytes;
    uint64_t slips[TM_SLIP_N];
    struct tm_hist late, peer, queue;
};

struct tm_tally {
    int64_t began_us;
    struct tm_tally_total total;
    struct slot slots[TM_TALLY_SLOTS];
};

int tm_tally_new(struct tm_tally **out, int64_t now_us)
{
    struct tm_tally *t = calloc(1, sizeof *t);
    *out = t;
    if (!t)
        return TM_ERR_NOMEM;
    t->began_us = now_us;
    for (unsigned i = 0; i < TM_TALLY_SLOTS; i++)
        t->slots[i].number = -1;
    return TM_OK;
}

void tm_tally_free(struct tm_tally *t)
{
    free(t);
}

/* The slot of now_us, cleared when it holds an older ten seconds. */
static struct slot *slot_at(struct tm_tally *t, int64_t now_us)
{
    int64_t number = now_us / TM_TALLY_SLOT_US;
    struct slot *s = &t->slots[(uint64_t)number % TM_TALLY_SLOTS];
    if (s->number >= number) /* what comes five minutes late is counted with the present */
        return s;
    memset(s, 0, sizeof *s);
    s->number = number;
    return s;
}

static uint64_t not_negative(int64_t us)
{
    return us > 0 ? (uint64_t)us : 0;
}

static void note(struct tm_hist *recent, struct tm_tally_times *all, int64_t us)
{
    tm_hist_add(recent, not_negative(us));
    tm_hist_add(&all->hist, not_negative(us));
    all->sum_us += not_negative(us);
}

void tm_tally_due(struct tm_tally *t, int64_t now_us)
{
    if (!t)
        return;
    slot_at(t, now_us)->due++;
    t->total.due++;
}

void tm_tally_sent(struct tm_tally *t, int64_t now_us, int64_t late_us, enum tm_slip slip,
                   bool is_exact)
{
    if (!t)
        return;
    struct slot *s = slot_at(t, now_us);
    s->sent++;
    s->exact += is_exact;
    s->missed += late_us > TM_SLIP_US;
    s->slips[slip] += slip != TM_SLIP_NONE;
    t->total.sent++;
    t->total.exact += is_exact;
    t->total.missed += late_us > TM_SLIP_US;
    t->total.slips[slip] += slip != TM_SLIP_NONE;
    note(&s->late, &t->total.late, late_us);
}

void tm_tally_unsent(struct tm_tally *t, int64_t now_us, uint32_t bytes)
{
    if (!t)
        return;
    struct slot *s = slot_at(t, now_us);
    s->unsent_max = bytes > s->unsent_max ? bytes : s->unsent_max;
}

void tm_tally_lost(struct tm_tally *t, int64_t now_us, uint32_t n)
{
    if (!t)
        return;
    slot_at(t, now_us)->lost += n;
    t->total.lost += n;
}

void tm_tally_peer(struct tm_tally *t, int64_t now_us, int64_t late_us)
{
    if (t)
        note(&slot_at(t, now_us)->peer, &t->total.peer, late_us);
}

void tm_tally_queue(struct tm_tally *t, int64_t now_us, int64_t age_us)
{
    if (t)
        note(&slot_at(t, now_us)->queue, &t->total.queue, age_us);
}

void tm_tally_bytes(struct tm_tally *t, int64_t now_us, uint64_t wire, uint64_t payload)
{
    if (!t)
        return;
    struct slot *s = slot_at(t, now_us);
    s->wire_bytes += wire;
    s->payload_bytes += payload;
}

static void set_quantiles(struct tm_tally_quantiles *q, const struct tm_hist *h)
{
    *q = (struct tm_tally_quantiles){.n = h->n,
                                     .p50_us = tm_hist_quantile(h, 500),
                                     .p90_us = tm_hist_quantile(h, 900),
                                     .p95_us = tm_hist_quantile(h, 950),
                                     .p99_us = tm_hist_quantile(h, 990),
                                     .max_us = h->max};
}

static void add_counts(struct tm_tally_view *v, const struct slot *s)
{
    v->due += s->due;
    v->sent += s->sent;
    v->exact += s->exact;
    v->lost += s->lost;
    v->missed += s->missed;
    v->unsent_max = s->unsent_max > v->unsent_max ? s->unsent_max : v->unsent_max;
    v->wire_bytes += s->wire_bytes;
    v->payload_bytes += s->payload_bytes;
    for (unsigned i = 0; i < TM_SLIP_N; i++)
        v->slips[i] += s->slips[i];
}

void tm_tally_view(const struct tm_tally *t, int64_t now_us, struct tm_tally_view *out)
{
    struct tm_hist late = {0};
    struct tm_hist peer = {0};
    struct tm_hist queue = {0};
    int64_t last = now_us / TM_TALLY_SLOT_US;
    int64_t first = last - (int64_t)TM_TALLY_SLOTS + 1;
    *out = (struct tm_tally_view){0};
    if (!t)
        return;
    for (unsigned i = 0; i < TM_TALLY_SLOTS; i++) {
        const struct slot *s = &t->slots[i];
        if (s->number < first || s->number > last)
            continue;
        add_counts(out, s);
        tm_hist_merge(&late, &s->late);
        tm_hist_merge(&peer, &s->peer);
        tm_hist_merge(&queue, &s->queue);
    }
    out->span_us = not_negative(now_us - tm_max_us(t->began_us, first * TM_TALLY_SLOT_US));
    set_quantiles(&out->late, &late);
    set_quantiles(&out->peer, &peer);
    set_quantiles(&out->queue, &queue);
}

const struct tm_tally_total *tm_tally_total(const struct tm_tally *t)
{
    return t ? &t->total : NULL;
}
