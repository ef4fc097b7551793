#include "tm/net/pulse.h"

#include <stdlib.h>

#include "tm/base/log.h"
#include "tm/net/alarm.h"

#define EVERY_MS 500
#define EVERY_US (EVERY_MS * TM_US_PER_MS)
#define READ_US  (10 * TM_US_PER_MS) /* clocks read within so much are of one moment */

struct tm_pulse {
    uv_timer_t timer;
    int64_t (*wall_us)(void);
    struct tm_standstill st;
};

static struct tm_clocks read_clocks(const struct tm_pulse *p)
{
    struct tm_clocks c;
    do {
        c.mono_us = tm_now_us();
        c.boot_us = tm_boot_us();
        c.wall_us = p->wall_us();
    } while (tm_now_us() - c.mono_us > READ_US);
    return c;
}

static double seconds(int64_t us)
{
    return (double)us / (double)TM_US_PER_S;
}

static void look(struct tm_pulse *p)
{
    struct tm_clocks now = read_clocks(p);
    struct tm_standstill_news news = tm_standstill_look(&p->st, &now);
    if (news.stood_us > 0)
        tm_log(TM_LOG_WARN,
               "stood still for %.1f s (stopped, or the machine had no time for it): what was due "
               "meanwhile leaves late",
               seconds(news.stood_us));
    if (news.slept_us > 0)
        tm_log(TM_LOG_WARN,
               "the machine slept for %.1f s: what was due meanwhile is due so much later",
               seconds(news.slept_us));
    if (news.set_us != 0)
        tm_log(TM_LOG_WARN,
               "the wall clock was set %s by %.1f s: sessions that run go on by their own clocks, "
               "new ones begin by it",
               news.set_us > 0 ? "ahead" : "back",
               seconds(news.set_us > 0 ? news.set_us : -news.set_us));
}

static void on_timer(uv_timer_t *timer)
{
    look(timer->data);
}

int tm_pulse_new(struct tm_pulse **out, uv_loop_t *loop, int64_t (*wall_us)(void))
{
    struct tm_pulse *p = calloc(1, sizeof *p);
    *out = p;
    if (p == NULL)
        return TM_ERR_NOMEM;
    p->wall_us = wall_us;
    struct tm_clocks now = read_clocks(p);
    tm_standstill_init(&p->st, &now, EVERY_US);
    (void)uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    (void)uv_timer_start(&p->timer, on_timer, EVERY_MS, EVERY_MS);
    return TM_OK;
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void tm_pulse_free(struct tm_pulse *p)
{
    if (p != NULL)
        uv_close((uv_handle_t *)&p->timer, on_closed);
}

int64_t tm_pulse_heard_us(struct tm_pulse *p, int64_t now_us, int64_t *seen_us)
{
    if (p == NULL)
        return now_us;
    if (now_us - p->st.last.mono_us > EVERY_US + TM_STOOD_US)
        look(p); /* before the timer could */
    const struct tm_standstill_stats *s = &p->st.stats;
    if (s->ended_us <= *seen_us)
        return now_us;
    *seen_us = s->ended_us;
    return s->stood_from_us;
}

void tm_pulse_get_stats(const struct tm_pulse *p, struct tm_standstill_stats *out)
{
    *out = p->st.stats;
}
