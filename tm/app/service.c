/* tm/app/service.c - see service.h. */
#include "tm/app/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/app/live.h"
#include "tm/app/notify.h"
#include "tm/app/units.h"
#include "tm/base/log.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"

#define TICK_MS   50U
#define STATUS_MS 5000U /* between looks, and so between changes of what `systemctl status` shows */

static void notify(const char *text)
{
    if (tm_notify(text) != TM_OK)
        tm_log(TM_LOG_WARN, "systemd does not hear us: NOTIFY_SOCKET");
}

/* ---- The end ---- */

static void end(struct tm_service *s)
{
    if (s->phase == TM_SERVICE_ENDING)
        return;
    s->phase = TM_SERVICE_ENDING;
    (void)uv_timer_stop(&s->tick);
    s->ops->end(s->user);
}

static void begin_telling(struct tm_service *s)
{
    if (s->ops->n_streams(s->user) == 0) {
        end(s);
        return;
    }
    s->phase = TM_SERVICE_TELLING;
    s->until_ms = uv_now(s->tick.loop) + TM_SERVICE_TELL_MS;
    s->ops->reset(s->user);
}

static void on_tick(uv_timer_t *timer)
{
    struct tm_service *s = timer->data;
    bool is_late = uv_now(timer->loop) >= s->until_ms;
    if (s->phase == TM_SERVICE_DRAINING && (is_late || s->ops->n_streams(s->user) == 0))
        begin_telling(s);
    else if (s->phase == TM_SERVICE_TELLING && (is_late || s->ops->is_heard(s->user)))
        end(s);
}

static void on_stop(void *user)
{
    struct tm_service *s = user;
    if (s->phase != TM_SERVICE_RUNNING) {
        end(s);
        return;
    }
    notify("STOPPING=1");
    uint64_t n = s->is_ready ? s->ops->n_streams(s->user) : 0;
    if (n == 0) {
        end(s);
        return;
    }
    const struct tm_opt_value *drain = &s->o->v[TM_OPT_DRAIN];
    s->phase = TM_SERVICE_DRAINING;
    s->until_ms = uv_now(s->tick.loop) + (uint64_t)(drain->num / TM_US_PER_MS);
    (void)uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
    s->ops->refuse(s->user);
    if (drain->num > 0)
        tm_log(TM_LOG_INFO,
               "waiting up to %s for %llu open connections; another signal ends it at once",
               drain->text, (unsigned long long)n);
    on_tick(&s->tick);
}

/* ---- The config again ---- */

static void on_hangup(void *user)
{
    struct tm_service *s = user;
    struct tm_config config;
    struct tm_msg msg = {""};
    struct tm_options *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL || s->phase != TM_SERVICE_RUNNING) {
        free(fresh);
        return;
    }
    if (tm_notify_reloading(tm_now_us()) != TM_OK)
        tm_log(TM_LOG_WARN, "systemd does not hear us: NOTIFY_SOCKET");
    bool is_good = tm_config_again(&config, fresh, s->o, &msg) == TM_CONFIG_GOOD &&
                   s->ops->change(s->user, fresh, &msg) == TM_OK;
    if (is_good) {
        char text[TM_LIVE_TEXT];
        tm_live_text(text, s->o, fresh);
        tm_live_take(s->o, fresh);
        tm_log_set_level(s->o->v[TM_OPT_VERBOSE].given ? TM_LOG_DEBUG : TM_LOG_INFO);
        tm_log(TM_LOG_INFO, "the config was read again: %s", text);
        tm_config_free(&s->config);
        s->config = config;
    } else {
        tm_log(TM_LOG_ERROR, "the config was read again and is not taken, all stays as it is: %s",
               msg.text);
        tm_config_free(&config);
    }
    free(fresh);
    if (s->is_ready)
        notify("READY=1");
}

static void on_stats(void *user)
{
    struct tm_service *s = user;
    s->ops->stats(s->user);
}

/* ---- What systemd hears ---- */

static void tell_status(struct tm_service *s, const struct tm_status *st)
{
    char text[sizeof s->told];
    (void)snprintf(
        text, sizeof text, "STATUS=%s%s%s%s", st->in_control ? "in control: " : "NOT in control: ",
        st->in_control ? st->model.name : st->reason,
        st->in_control && st->reason[0] != '\0' ? ", " : "", st->in_control ? st->reason : "");
    if (strcmp(text, s->told) == 0)
        return;
    memcpy(s->told, text, sizeof text);
    notify(text);
}

/* This loop runs, or it would not be here; whether the thread that sends does, the status knows. */
static void on_watchdog(uv_timer_t *timer)
{
    struct tm_service *s = timer->data;
    struct tm_status *st = calloc(1, sizeof *st);
    if (st == NULL)
        return;
    s->ops->watch(s->user, st);
    if (st->program[0] != '\0' && s->is_ready)
        tell_status(s, st);
    if (!st->is_stuck && tm_notify_watchdog_us() > 0)
        notify("WATCHDOG=1");
    else if (st->is_stuck && !s->is_stuck)
        tm_log(TM_LOG_ERROR, "the thread that sends does not run");
    s->is_stuck = st->is_stuck;
    free(st);
}

static void start_watchdog(struct tm_service *s)
{
    uint64_t every_ms = STATUS_MS;
    uint64_t half_ms = (uint64_t)(tm_notify_watchdog_us() / 2 / TM_US_PER_MS);
    if (getenv("NOTIFY_SOCKET") == NULL)
        return;
    if (half_ms > 0 && half_ms < every_ms)
        every_ms = half_ms;
    (void)uv_timer_start(&s->watchdog, on_watchdog, every_ms, every_ms);
}

/* ---- Life ---- */

int tm_service_start(struct tm_service *s, uv_loop_t *loop, struct tm_options *o,
                     const struct tm_service_ops *ops, void *user)
{
    static const struct tm_signals_fns fns = {on_stop, on_stats, on_hangup};
    *s = (struct tm_service){.ops = ops, .user = user, .o = o};
    (void)uv_timer_init(loop, &s->tick);
    (void)uv_timer_init(loop, &s->watchdog);
    s->tick.data = s->watchdog.data = s;
    start_watchdog(s);
    return tm_signals_start(&s->signals, loop, &fns, s);
}

void tm_service_ready(struct tm_service *s)
{
    s->is_ready = true;
    notify("READY=1");
    if (getenv("NOTIFY_SOCKET") != NULL)
        on_watchdog(&s->watchdog);
}

void tm_service_stop(struct tm_service *s)
{
    tm_signals_stop(&s->signals);
    if (!uv_is_closing((uv_handle_t *)&s->tick)) {
        uv_close((uv_handle_t *)&s->tick, NULL);
        uv_close((uv_handle_t *)&s->watchdog, NULL);
    }
}

void tm_service_deinit(struct tm_service *s)
{
    tm_config_free(&s->config);
}
