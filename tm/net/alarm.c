#include "tm/net/alarm.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tm/base/time.h"

struct tm_alarm {
    uv_poll_t poll;
    int fd;
    int64_t t_us;      /* what the timer is set to */
    int64_t wanted_us; /* when fn is to be called, no earlier than that */
    tm_alarm_fn fn;
    void *user;
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec ts;
    (void)clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * TM_US_PER_S + ts.tv_nsec / 1000;
}

int64_t tm_now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t tm_wall_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t tm_boot_us(void)
{
    return clock_us(CLOCK_BOOTTIME);
}

static void arm(struct tm_alarm *a, int64_t t_us)
{
    if (t_us == a->t_us)
        return;
    a->t_us = t_us;
    struct itimerspec at = {0}; /* zero: off */
    if (t_us != TM_NEVER) {
        int64_t t = t_us > 0 ? t_us : 1;
        at.it_value.tv_sec = (time_t)(t / TM_US_PER_S);
        at.it_value.tv_nsec = (long)(t % TM_US_PER_S) * 1000;
    }
    (void)timerfd_settime(a->fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void on_fire(uv_poll_t *poll, int status, int events)
{
    struct tm_alarm *a = poll->data;
    uint64_t times;
    (void)status;
    (void)events;
    if (read(a->fd, &times, sizeof times) != (ssize_t)sizeof times)
        return; /* it was set anew in between */
    a->t_us = TM_NEVER;
    if (tm_now_us() < a->wanted_us)
        arm(a, a->wanted_us);
    else
        a->fn(a->user);
}

int tm_alarm_new(struct tm_alarm **out, uv_loop_t *loop, tm_alarm_fn fn, void *user)
{
    *out = NULL;
    struct tm_alarm *a = calloc(1, sizeof *a);
    if (!a)
        return TM_ERR_NOMEM;
    a->fn = fn;
    a->user = user;
    a->t_us = a->wanted_us = TM_NEVER;
    a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (a->fd < 0 || uv_poll_init(loop, &a->poll, a->fd) != 0) {
        if (a->fd >= 0)
            (void)close(a->fd);
        free(a);
        return TM_ERR_IO;
    }
    a->poll.data = a;
    (void)uv_poll_start(&a->poll, UV_READABLE, on_fire);
    *out = a;
    return TM_OK;
}

void tm_alarm_set(struct tm_alarm *a, int64_t t_us)
{
    a->wanted_us = t_us;
    arm(a, t_us);
}

void tm_alarm_set_lazily(struct tm_alarm *a, int64_t t_us)
{
    a->wanted_us = t_us;
    if (t_us < a->t_us)
        arm(a, t_us);
}

static void on_closed(uv_handle_t *handle)
{
    struct tm_alarm *a = handle->data;
    (void)close(a->fd);
    free(a);
}

void tm_alarm_free(struct tm_alarm *a)
{
    if (!a)
        return;
    a->fn = NULL;
    (void)uv_poll_stop(&a->poll);
    uv_close((uv_handle_t *)&a->poll, on_closed);
}
