/* The alarm: once, never early, replaceable. */
#include "tm/net/alarm.h"

#include "test/support/check.h"
#include "tm/base/time.h"

struct scene {
    uv_loop_t loop;
    struct tm_alarm *alarm;
    int n_fired;
    int64_t fired_us;
    int n_chain;      /* on_fire sets it again so many times, */
    int64_t chain_us; /* so much later */
    int64_t due_us;
    int n_early;
};

static void on_fire(void *user)
{
    struct scene *s = user;
    s->fired_us = tm_now_us();
    s->n_fired++;
    s->n_early += s->fired_us < s->due_us;
    if (s->n_chain == 0)
        return;
    s->n_chain--;
    s->due_us = s->fired_us + s->chain_us;
    tm_alarm_set(s->alarm, s->due_us);
}

static void start(struct scene *s)
{
    *s = (struct scene){0};
    CHECK_INT(uv_loop_init(&s->loop), 0);
    CHECK_INT(tm_alarm_new(&s->alarm, &s->loop, on_fire, s), TM_OK);
}

static void set(struct scene *s, int64_t t_us)
{
    s->due_us = t_us;
    tm_alarm_set(s->alarm, t_us);
}

static void stop(struct scene *s)
{
    tm_alarm_free(s->alarm);
    CHECK_INT(uv_run(&s->loop, UV_RUN_DEFAULT), 0);
    CHECK_INT(uv_loop_close(&s->loop), 0);
}

/* Turns the loop until n have fired. */
static void run_until(struct scene *s, int n)
{
    while (s->n_fired < n)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
}

static void it_fires_once_and_never_early(void)
{
    struct scene s;
    start(&s);
    for (int i = 1; i <= 200; i++) {
        set(&s, tm_now_us() + 37 * i % 1900);
        run_until(&s, i);
    }
    (void)uv_run(&s.loop, UV_RUN_NOWAIT);
    CHECK_INT(s.n_fired, 200);
    CHECK_INT(s.n_early, 0);
    stop(&s);
}

static void it_can_be_set_from_its_own_call(void)
{
    struct scene s;
    start(&s);
    s.n_chain = 300;
    s.chain_us = 100;
    set(&s, tm_now_us() + 100);
    run_until(&s, 301);
    CHECK_INT(s.n_early, 0);
    stop(&s);
}

static void a_time_that_has_passed_fires_at_once(void)
{
    struct scene s;
    start(&s);
    const int64_t past[] = {tm_now_us() - 5000, 1, 0, -7};
    for (int i = 0; i < 4; i++) {
        set(&s, past[i]);
        run_until(&s, i + 1);
    }
    CHECK_INT(s.n_fired, 4);
    stop(&s);
}

static void never_is_off(void)
{
    struct scene s;
    struct scene other;
    start(&s);
    start(&other);
    set(&s, tm_now_us() + 2000);
    set(&s, TM_NEVER);
    set(&other, tm_now_us() + 10000); /* a clock for the test */
    while (other.n_fired == 0) {
        (void)uv_run(&other.loop, UV_RUN_NOWAIT);
        (void)uv_run(&s.loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(s.n_fired, 0);
    stop(&s);
    stop(&other);
}

static void the_last_setting_counts(void)
{
    struct scene s;
    start(&s);
    int64_t now_us = tm_now_us();
    tm_alarm_set(s.alarm, now_us + 20 * TM_US_PER_S);
    set(&s, now_us + 3000); /* earlier */
    run_until(&s, 1);
    CHECK_INT(s.n_early, 0);
    CHECK(s.fired_us < now_us + 20 * TM_US_PER_S);
    now_us = tm_now_us();
    tm_alarm_set(s.alarm, now_us + 500);
    set(&s, now_us + 4000); /* later */
    run_until(&s, 2);
    CHECK_INT(s.n_early, 0);
    stop(&s);
}

/* The first setting expires, and before the loop looks it is replaced: what fires is the second. */
static void an_expired_setting_that_was_replaced_does_not_fire(void)
{
    struct scene s;
    start(&s);
    int64_t now_us = tm_now_us();
    set(&s, now_us + 200);
    while (tm_now_us() < now_us + 400)
        ;
    set(&s, now_us + 5000);
    run_until(&s, 1);
    CHECK_INT(s.n_early, 0);
    stop(&s);
}

/* Put off again and again: it fires once, when it was last put to, and not when it was first. */
static void what_is_put_off_lazily_fires_when_it_is_due(void)
{
    struct scene s;
    start(&s);
    int64_t now_us = tm_now_us();
    tm_alarm_set_lazily(s.alarm, now_us + 1000);
    s.due_us = now_us + 4000;
    tm_alarm_set_lazily(s.alarm, s.due_us);
    run_until(&s, 1);
    CHECK_INT(s.n_early, 0);
    s.due_us = tm_now_us() + 1000;
    tm_alarm_set_lazily(s.alarm, s.due_us + 20 * TM_US_PER_S);
    tm_alarm_set_lazily(s.alarm, s.due_us); /* earlier */
    run_until(&s, 2);
    CHECK_INT(s.n_early, 0);
    CHECK(s.fired_us < s.due_us + 20 * TM_US_PER_S);
    stop(&s);
}

static void what_is_put_off_lazily_for_ever_does_not_fire(void)
{
    struct scene s;
    struct scene other;
    start(&s);
    start(&other);
    tm_alarm_set_lazily(s.alarm, tm_now_us() + 2000);
    tm_alarm_set_lazily(s.alarm, TM_NEVER);
    set(&other, tm_now_us() + 10000);
    while (other.n_fired == 0) {
        (void)uv_run(&other.loop, UV_RUN_NOWAIT);
        (void)uv_run(&s.loop, UV_RUN_NOWAIT);
    }
    CHECK_INT(s.n_fired, 0);
    stop(&s);
    stop(&other);
}

static void a_freed_alarm_does_not_fire(void)
{
    struct scene s;
    start(&s);
    set(&s, tm_now_us() - 1);
    stop(&s);
    CHECK_INT(s.n_fired, 0);
    tm_alarm_free(NULL);
}

static const struct check_case cases[] = {
    {"it_fires_once_and_never_early", it_fires_once_and_never_early},
    {"it_can_be_set_from_its_own_call", it_can_be_set_from_its_own_call},
    {"a_time_that_has_passed_fires_at_once", a_time_that_has_passed_fires_at_once},
    {"never_is_off", never_is_off},
    {"the_last_setting_counts", the_last_setting_counts},
    {"an_expired_setting_that_was_replaced_does_not_fire",
     an_expired_setting_that_was_replaced_does_not_fire},
    {"what_is_put_off_lazily_fires_when_it_is_due", what_is_put_off_lazily_fires_when_it_is_due},
    {"what_is_put_off_lazily_for_ever_does_not_fire",
     what_is_put_off_lazily_for_ever_does_not_fire},
    {"a_freed_alarm_does_not_fire", a_freed_alarm_does_not_fire},
};
CHECK_MAIN("alarm", cases)
