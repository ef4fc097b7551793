#include "tm/core/lookout.h"

static struct tm_carrier **bucket_of(struct tm_lookout *a, uint32_t k)
{
    return &a->bucket[k & (TM_LOOKOUT_BUCKETS - 1)];
}

struct tm_carrier *tm_lookout_find(const struct tm_lookout *a, uint32_t k)
{
    struct tm_carrier *c = a->bucket[k & (TM_LOOKOUT_BUCKETS - 1)];
    while (c && c->k != k)
        c = c->next_in_bucket;
    return c;
}

void tm_session_touch(struct tm_session *s, struct tm_carrier *c)
{
    if (!c->is_current)
        return;
    c->is_current = false;
    s->lookout->stale[s->lookout->n_stale++] = c;
}

void tm_session_enlist(struct tm_session *s, struct tm_carrier *c)
{
    struct tm_carrier **b = bucket_of(s->lookout, c->k);
    c->next_in_bucket = *b;
    *b = c;
    c->at = s->n_carriers++;
    s->carriers[c->at] = c;
    c->is_current = true;
    tm_session_touch(s, c);
}

void tm_session_delist(struct tm_session *s, struct tm_carrier *c)
{
    struct tm_lookout *a = s->lookout;
    struct tm_carrier **b = bucket_of(a, c->k);
    while (*b != c)
        b = &(*b)->next_in_bucket;
    *b = c->next_in_bucket;
    for (uint32_t i = 0; !c->is_current && i < a->n_stale; i++) {
        if (a->stale[i] == c) {
            a->stale[i] = a->stale[--a->n_stale];
            break;
        }
    }
    a->n_open -= c->is_counted;
    uint32_t last = --s->n_carriers;
    struct tm_carrier *moved = s->carriers[last];
    s->carriers[c->at] = moved;
    a->due_us[c->at] = a->due_us[last];
    a->opening_us[c->at] = a->opening_us[last];
    a->dead_us[c->at] = a->dead_us[last];
    moved->at = c->at;
}

static int64_t dead_us(const struct tm_carrier *c, int64_t grace_us)
{
    switch (c->state) {
    case TM_CARRIER_OPENING:
        return tm_later_us(tm_max_us(c->opened_us, c->handed_us), grace_us);
    case TM_CARRIER_LIVE:
    case TM_CARRIER_CLOSING:
        return tm_player_dead_us(&c->player);
    case TM_CARRIER_ENDED:
        return TM_NEVER;
    case TM_CARRIER_KILLED:
        return INT64_MIN;
    }
    return TM_NEVER;
}

static void work_out(const struct tm_session *s, struct tm_carrier *c)
{
    struct tm_lookout *a = s->lookout;
    bool is_open = c->state != TM_CARRIER_ENDED;
    int64_t due_us = TM_NEVER;
    c->is_current = true;
    c->due_is_close = false;
    a->n_open += (uint32_t)is_open - (uint32_t)c->is_counted;
    c->is_counted = is_open;
    if (c->state == TM_CARRIER_LIVE && !c->writing && tm_player_next(&c->player, &c->due)) {
        due_us = c->due.due_us;
    } else if (c->state == TM_CARRIER_LIVE) {
        due_us = tm_player_close_us(&c->player);
        c->due_is_close = true;
    }
    a->due_us[c->at] = due_us;
    a->opening_us[c->at] = c->state == TM_CARRIER_OPENING ? c->opened_us : TM_NEVER;
    a->dead_us[c->at] = dead_us(c, s->cfg.grace_us);
}

const struct tm_lookout *tm_session_lookout(const struct tm_session *s)
{
    struct tm_lookout *a = s->lookout;
    while (a->n_stale > 0)
        work_out(s, a->stale[--a->n_stale]);
    return a;
}
