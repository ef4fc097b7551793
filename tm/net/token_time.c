#include "tm/net/token_time.h"

#define TIME_MS_MAX ((INT64_C(1) << 48) - 1)

uint64_t tm_token_time_ms(struct tm_token_time *t, int64_t wall_us, int64_t boot_us)
{
    if (!t->has_begun)
        t->ahead_us = wall_us - boot_us;
    t->has_begun = true;
    t->carried_us = t->is_wall ? wall_us - boot_us : t->ahead_us;
    int64_t ms = (boot_us + t->carried_us) / 1000;
    return ms < 0 ? 0 : ms > TIME_MS_MAX ? (uint64_t)TIME_MS_MAX : (uint64_t)ms;
}

void tm_token_time_answered(struct tm_token_time *t, int64_t carried_us)
{
    t->ahead_us = carried_us;
    t->is_wall = false;
}

void tm_token_time_unanswered(struct tm_token_time *t)
{
    t->is_wall = !t->is_wall;
}
