/* Timers and blocks of one end. */
#include "tm/mbsim/machines.h"

#include "models/maybenot/machine_build.h"
#include "test/support/check.h"
#include "tm/base/time.h"

#define US INT64_C(1000)

/* State 0: on NormalSent to 1, which asks; on TunnelSent to 2, which asks too. */
struct ask {
    enum tm_mb_ask ask;
    bool bypass, replace;
    double timeout_us, duration_us;
    enum tm_mb_timer timer;
};

static uint32_t constant(struct tm_mb_machine *m, double value)
{
    const struct tm_mb_dist d = {.kind = TM_MB_UNIFORM, .of.uniform = {value, value}};
    uint32_t index = 0;
    CHECK_INT(tm_mb_build_dist(m, &d, &index), TM_OK);
    return index;
}

static void add_state(struct tm_mb_machine *m, const struct ask *a)
{
    const uint32_t timeout = constant(m, a->timeout_us), duration = constant(m, a->duration_us);
    struct tm_mb_state *s;
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    s->ask = a->ask;
    s->bypass = a->bypass;
    s->replace = a->replace;
    s->timer = a->timer;
    if (a->ask == TM_MB_ASK_SEND_PADDING || a->ask == TM_MB_ASK_BLOCK_OUTGOING)
        s->timeout = timeout;
    if (a->ask == TM_MB_ASK_UPDATE_TIMER || a->ask == TM_MB_ASK_BLOCK_OUTGOING)
        s->duration = duration;
    CHECK_INT(tm_mb_build_edge(m, TM_MB_NORMAL_SENT, 1, 1), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_TUNNEL_SENT, 2, 1), TM_OK);
}

struct scene {
    struct tm_mb_machine *m;
    const struct tm_mb_machine *list[1];
    struct tm_mbsim_machines end;
    size_t n_begun;
};

static void begin(struct scene *s, struct ask first, struct ask second)
{
    static const struct ask nothing = {.ask = TM_MB_ASK_NONE};
    s->m = tm_mb_machine_new();
    s->m->allowed_padding_packets = s->m->allowed_blocked_us = UINT64_MAX;
    add_state(s->m, &nothing);
    add_state(s->m, &first);
    add_state(s->m, &second);
    CHECK_INT(tm_mb_machine_validate(s->m, NULL), TM_OK);
    s->list[0] = s->m;
    s->n_begun = 0;
    const struct tm_mbsim_end_cfg cfg = {.machines = s->list, .n_machines = 1};
    CHECK_INT(tm_mbsim_machines_init(&s->end, &cfg, 1, 0), TM_OK);
}

static int count_begun(void *ctx, struct tm_mbsim_event e)
{
    ++*(size_t *)ctx;
    CHECK_INT(e.kind, TM_MB_TIMER_BEGIN);
    return TM_OK;
}

static void tell(struct scene *s, int64_t t_ns, enum tm_mb_event_kind kind)
{
    const struct tm_mbsim_event e = {.t_ns = t_ns, .kind = (uint8_t)kind};
    CHECK_INT(tm_mbsim_machines_tell(&s->end, &e, count_begun, &s->n_begun), TM_OK);
}

static void end(struct scene *s)
{
    tm_mbsim_machines_deinit(&s->end);
    tm_mb_machine_free(s->m);
}

static void an_action_waits_for_its_timeout_and_is_taken_once(void)
{
    struct scene s;
    const struct ask pad = {
        .ask = TM_MB_ASK_SEND_PADDING, .bypass = true, .replace = true, .timeout_us = 5};
    begin(&s, pad, pad);
    CHECK_INT(tm_mbsim_machines_action_ns(&s.end), TM_NEVER);
    tell(&s, 10 * US, TM_MB_NORMAL_SENT);
    CHECK_INT(tm_mbsim_machines_action_ns(&s.end), 15 * US);
    CHECK_INT(tm_mbsim_machines_due_action(&s.end, 14 * US), 1); /* none */
    CHECK_INT(tm_mbsim_machines_due_action(&s.end, 15 * US), 0);
    const struct tm_mbsim_event e = tm_mbsim_machines_act(&s.end, 0);
    CHECK_INT(e.kind, TM_MB_PADDING_SENT);
    CHECK_INT(e.t_ns, 15 * US);
    CHECK(e.is_padding && e.bypass && e.replace);
    CHECK_INT(tm_mbsim_machines_action_ns(&s.end), TM_NEVER);
    end(&s);
}

static void a_new_action_takes_the_old_one_s_place(void)
{
    struct scene s;
    begin(&s, (struct ask){.ask = TM_MB_ASK_SEND_PADDING, .timeout_us = 5},
          (struct ask){.ask = TM_MB_ASK_SEND_PADDING, .timeout_us = 50});
    tell(&s, 0, TM_MB_NORMAL_SENT);
    tell(&s, 1 * US, TM_MB_TUNNEL_SENT);
    CHECK_INT(tm_mbsim_machines_action_ns(&s.end), 51 * US);
    end(&s);
}

/* A block until 100 us; a second one until `second_us`, which may replace it. */
static void block_twice(double second_us, bool replace, int64_t want_us, bool want_bypassable)
{
    struct scene s;
    begin(&s, (struct ask){.ask = TM_MB_ASK_BLOCK_OUTGOING, .bypass = true, .duration_us = 100},
          (struct ask){
              .ask = TM_MB_ASK_BLOCK_OUTGOING, .replace = replace, .duration_us = second_us - 10});
    tell(&s, 0, TM_MB_NORMAL_SENT);
    CHECK_INT(tm_mbsim_machines_act(&s.end, 0).kind, TM_MB_BLOCKING_BEGIN);
    CHECK_INT(s.end.blocked_until_ns, 100 * US);
    tell(&s, 10 * US, TM_MB_TUNNEL_SENT);
    CHECK_INT(tm_mbsim_machines_act(&s.end, 0).kind, TM_MB_BLOCKING_BEGIN);
    CHECK_INT(s.end.blocked_until_ns, want_us * US);
    CHECK_INT(s.end.is_bypassable, want_bypassable);
    end(&s);
}

static void a_block_is_changed_by_a_longer_one_or_one_that_replaces(void)
{
    block_twice(60, false, 100, true);
    block_twice(100, false, 100, true); /* as long is not longer */
    block_twice(150, false, 150, false);
    block_twice(60, true, 60, false);
}

/* A timer until 100 us; a second one until `second_us`. */
static void time_twice(double second_us, bool replace, int64_t want_us, size_t want_begun)
{
    struct scene s;
    begin(&s, (struct ask){.ask = TM_MB_ASK_UPDATE_TIMER, .duration_us = 100},
          (struct ask){
              .ask = TM_MB_ASK_UPDATE_TIMER, .replace = replace, .duration_us = second_us - 10});
    tell(&s, 0, TM_MB_NORMAL_SENT);
    tell(&s, 10 * US, TM_MB_TUNNEL_SENT);
    CHECK_INT(tm_mbsim_machines_timer_ns(&s.end), want_us * US);
    CHECK_INT(s.n_begun, want_begun);
    CHECK_INT(tm_mbsim_machines_due_timer(&s.end, want_us * US), 0);
    CHECK_INT(tm_mbsim_machines_ring(&s.end, 0).kind, TM_MB_TIMER_END);
    CHECK_INT(tm_mbsim_machines_timer_ns(&s.end), TM_NEVER);
    end(&s);
}

static void a_timer_is_changed_by_a_longer_one_or_one_that_replaces(void)
{
    time_twice(60, false, 100, 1); /* and not told */
    time_twice(150, false, 150, 2);
    time_twice(60, true, 60, 2);
}

static void cancel_stops_the_timer_that_it_names(void)
{
    for (int timer = TM_MB_TIMER_ACTION; timer <= TM_MB_TIMER_ALL; timer++) {
        struct scene s;
        begin(&s, (struct ask){.ask = TM_MB_ASK_SEND_PADDING, .timeout_us = 5},
              (struct ask){.ask = TM_MB_ASK_CANCEL, .timer = (enum tm_mb_timer)timer});
        tell(&s, 0, TM_MB_NORMAL_SENT);
        s.end.timer_ns[0] = 7 * US;
        tell(&s, 1 * US, TM_MB_TUNNEL_SENT);
        CHECK_INT(tm_mbsim_machines_action_ns(&s.end) == TM_NEVER, timer != TM_MB_TIMER_INTERNAL);
        CHECK_INT(tm_mbsim_machines_timer_ns(&s.end) == TM_NEVER, timer != TM_MB_TIMER_ACTION);
        end(&s);
    }
}

static const struct check_case cases[] = {
    {"an_action_waits_for_its_timeout_and_is_taken_once",
     an_action_waits_for_its_timeout_and_is_taken_once},
    {"a_new_action_takes_the_old_one_s_place", a_new_action_takes_the_old_one_s_place},
    {"a_block_is_changed_by_a_longer_one_or_one_that_replaces",
     a_block_is_changed_by_a_longer_one_or_one_that_replaces},
    {"a_timer_is_changed_by_a_longer_one_or_one_that_replaces",
     a_timer_is_changed_by_a_longer_one_or_one_that_replaces},
    {"cancel_stops_the_timer_that_it_names", cancel_stops_the_timer_that_it_names},
};

CHECK_MAIN("mbsim/machines", cases)
