#include "tm/core/standstill.h"

void tm_standstill_init(struct tm_standstill *st, const struct tm_clocks *now, int64_t every_us)
{
    *st = (struct tm_standstill){.last = *now, .every_us = every_us};
}

static void count(uint64_t *n, uint64_t *sum_us, uint64_t *max_us, int64_t us)
{
    *n += 1;
    *sum_us += (uint64_t)us;
    *max_us = (uint64_t)us > *max_us ? (uint64_t)us : *max_us;
}

struct tm_standstill_news tm_standstill_look(struct tm_standstill *st, const struct tm_clocks *now)
{
    struct tm_standstill_stats *s = &st->stats;
    int64_t asked_us = tm_later_us(st->last.mono_us, st->every_us);
    struct tm_standstill_news news = {
        .stood_us = now->mono_us - asked_us,
        .slept_us = (now->boot_us - st->last.boot_us) - (now->mono_us - st->last.mono_us),
        .set_us = (now->wall_us - st->last.wall_us) - (now->boot_us - st->last.boot_us)};
    news.stood_us = news.stood_us > TM_STOOD_US ? news.stood_us : 0;
    news.slept_us = news.slept_us > TM_SLEPT_US ? news.slept_us : 0;
    news.set_us = news.set_us > TM_SET_US || news.set_us < -TM_SET_US ? news.set_us : 0;
    st->last = *now;
    if (news.stood_us > 0) {
        count(&s->n_stood, &s->stood_us, &s->stood_max_us, news.stood_us);
        s->stood_from_us = asked_us;
        s->ended_us = now->mono_us;
    }
    if (news.slept_us > 0)
        count(&s->n_slept, &s->slept_us, &s->slept_max_us, news.slept_us);
    s->n_set += news.set_us != 0;
    s->set_us += news.set_us;
    return news;
}
