#include "tm/core/opener.h"

#include <string.h>

#include "tm/base/time.h"

#define BACK_OFF_MAX_US (10 * TM_US_PER_S)

void tm_opener_init(struct tm_opener *o, uint32_t user, enum tm_plan_src src, int64_t now_us)
{
    memset(o, 0, sizeof *o);
    o->user = user;
    o->origin_us = now_us;
    o->prev_due_us = now_us;
    o->ended_us = now_us;
    o->over_us = now_us;
    o->src = src;
    o->want = src;
}

/* Whether `next` begins a group: nothing of the group before may be torn off. */
static bool begins_group(const struct tm_open *open)
{
    return open->ref != TM_OPEN_PREV;
}

static void note_start(struct tm_opener *o)
{
    if (o->have_next && o->next.index == 0 && o->next.ref == TM_OPEN_ORIGIN)
        o->start_gap_us = o->next.gap_us;
}

static void draw(struct tm_opener *o, struct tm_gen *session_gen, struct tm_gen *master_gen)
{
    if (o->have_next)
        return;
    if (o->src != TM_SRC_EXPLICIT) {
        o->have_next =
            tm_gen_open(o->src == TM_SRC_MASTER ? master_gen : session_gen, o->user, &o->next);
        o->is_over = !o->have_next;
    } else if (o->n_heads > 0) {
        o->next = o->heads[0].open;
        o->have_next = true;
    }
    note_start(o);
}

/* What the next opening waits for is behind it. */
static bool is_free(const struct tm_opener *o)
{
    return o->next.ref == TM_OPEN_OVER ? o->n_busy == 0 : o->n_live == 0;
}

static void change_source(struct tm_opener *o, enum tm_plan_src src)
{
    o->src = src;
    o->have_next = false;
    o->origin_us = o->n_live == 0 ? o->ended_us : o->over_us;
}

void tm_opener_fill(struct tm_opener *o, struct tm_gen *session_gen, struct tm_gen *master_gen)
{
    if (o->is_over)
        return;
    bool between_groups = !o->have_next ? o->n_live == 0 : begins_group(&o->next) && is_free(o);
    draw(o, session_gen, master_gen);
    if (!between_groups || (o->have_next && !begins_group(&o->next)))
        return;
    bool can = o->want != TM_SRC_EXPLICIT || o->n_heads > 0;
    if (o->src != o->want && can) {
        /* What was drawn and not played stays unplayed: the session's plan is left at a group's start. */
        change_source(o, o->want);
    } else if (o->src == TM_SRC_EXPLICIT && o->n_heads == 0) {
        change_source(o, TM_SRC_SESSION);
    }
    draw(o, session_gen, master_gen);
}

int64_t tm_opener_due_us(const struct tm_opener *o, int64_t *event_us)
{
    *event_us = TM_NEVER;
    if (!o->have_next || o->is_held)
        return TM_NEVER;
    switch (o->next.ref) {
    case TM_OPEN_ORIGIN:
        *event_us = o->origin_us;
        break;
    case TM_OPEN_PREV:
        *event_us = o->prev_due_us;
        break;
    case TM_OPEN_ENDED:
        *event_us = is_free(o) ? o->ended_us : TM_NEVER;
        break;
    case TM_OPEN_OVER:
        *event_us = is_free(o) ? o->over_us : TM_NEVER;
        break;
    }
    return tm_max_us(tm_later_us(*event_us, o->next.gap_us), o->not_before_us);
}

void tm_opener_handed(struct tm_opener *o, int64_t due_us)
{
    o->prev_due_us = due_us;
    o->have_next = false;
    o->n_live++;
    o->n_busy++;
    if (o->src == TM_SRC_EXPLICIT) {
        o->n_heads--;
        memmove(o->heads, o->heads + 1, o->n_heads * sizeof o->heads[0]);
    }
}

void tm_opener_over(struct tm_opener *o, int64_t t_us)
{
    TM_ASSERT(o->n_busy > 0);
    o->n_busy--;
    o->over_us = tm_max_us(o->over_us, t_us);
}

void tm_opener_ended(struct tm_opener *o, enum tm_opener_end how, int64_t t_us)
{
    TM_ASSERT(o->n_live > 0);
    o->n_live--;
    o->ended_us = t_us;
    if (how == TM_OPENER_FRUITFUL) {
        o->n_fruitless = 0;
        return;
    }
    unsigned doublings = o->n_fruitless < 4 ? o->n_fruitless : 4;
    int64_t wait_us = TM_US_PER_S << doublings;
    o->n_fruitless++;
    o->not_before_us = t_us + tm_min_us(wait_us, BACK_OFF_MAX_US);
}

bool tm_opener_begins_session(const struct tm_opener *o)
{
    return o->have_next && begins_group(&o->next) && o->next.rre == 0;
}

void tm_opener_hold(struct tm_opener *o)
{
    o->is_held = true;
}

void tm_opener_wake(struct tm_opener *o, int64_t t_us)
{
    TM_ASSERT(o->have_next);
    o->is_held = false;
    o->origin_us = t_us;
    o->ended_us = t_us; /* should the source change, its origin is that too */
    o->over_us = t_us;
    o->next.ref = TM_OPEN_ORIGIN;
    o->next.gap_us = o->start_gap_us;
}

void tm_opener_switch(struct tm_opener *o, enum tm_plan_src want)
{
    o->want = want;
}

int tm_opener_add_head(struct tm_opener *o, const struct tm_head *head)
{
    if (o->n_heads == TM_OPENER_HEADS)
        return TM_ERR_LIMIT;
    if (o->n_heads > 0 && head->open.index != o->heads[o->n_heads - 1].open.index + 1)
        return TM_ERR_PROTO;
    o->heads[o->n_heads++] = *head;
    o->want = TM_SRC_EXPLICIT;
    return TM_OK;
}
