/* tm/core/eyeballs.c - see eyeballs.h. */
#include "tm/core/eyeballs.h"

#include "tm/base/time.h"

static enum tm_family other(enum tm_family f)
{
    return f == TM_FAMILY_V6 ? TM_FAMILY_V4 : TM_FAMILY_V6;
}

static bool has_more(const struct tm_eyeballs *e, enum tm_family f)
{
    return e->of[f].n_used < e->of[f].n;
}

static bool has_any(const struct tm_eyeballs *e)
{
    return has_more(e, TM_FAMILY_V6) || has_more(e, TM_FAMILY_V4);
}

void tm_eyeballs_init(struct tm_eyeballs *e)
{
    *e = (struct tm_eyeballs){.turn = TM_FAMILY_V6, .may_us = TM_NEVER};
}

void tm_eyeballs_found(struct tm_eyeballs *e, enum tm_family family, size_t n, int64_t now_us)
{
    bool has_begun = e->of[TM_FAMILY_V6].n_used + e->of[TM_FAMILY_V4].n_used > 0;
    e->of[family].is_answered = true;
    e->of[family].n = n;
    if (has_begun)
        return;
    if (e->of[TM_FAMILY_V6].is_answered)
        e->may_us = now_us;
    else if (n > 0)
        e->may_us = now_us + TM_EYEBALLS_RESOLUTION_US;
}

bool tm_eyeballs_next(struct tm_eyeballs *e, int64_t now_us, enum tm_family *family, size_t *index)
{
    if (now_us < e->may_us || !has_any(e))
        return false;
    *family = has_more(e, e->turn) ? e->turn : other(e->turn);
    *index = e->of[*family].n_used++;
    e->turn = other(*family);
    e->may_us = now_us + TM_EYEBALLS_ATTEMPT_US;
    e->n_live++;
    return true;
}

void tm_eyeballs_failed(struct tm_eyeballs *e, int64_t now_us)
{
    e->n_live--;
    e->may_us = now_us;
}

int64_t tm_eyeballs_next_us(const struct tm_eyeballs *e)
{
    return has_any(e) ? e->may_us : TM_NEVER;
}

bool tm_eyeballs_is_lost(const struct tm_eyeballs *e)
{
    return e->n_live == 0 && !has_any(e) && e->of[TM_FAMILY_V6].is_answered &&
           e->of[TM_FAMILY_V4].is_answered;
}
