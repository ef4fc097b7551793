/* When the model is in control, and what is said when it is not. */
#include "tm/app/control.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"

#define NOW (INT64_C(1000) * TM_US_PER_S)

struct scene {
    struct tm_model model;
    struct tm_session_cfg cfg;
    struct tm_session_control c;
    struct tm_control_facts f;
};

/* A client with two open carriers, all as planned. */
static void scene_init(struct scene *s)
{
    memset(s, 0, sizeof *s);
    tm_model_constant_default(&s->model);
    s->cfg.model = &s->model;
    s->c = (struct tm_session_control){.cfg = &s->cfg,
                                       .n_open = 2,
                                       .opening_us = TM_NEVER,
                                       .next_us = NOW + 1000,
                                       .answered_us = NOW - 60 * TM_US_PER_S,
                                       .unanswered_us = TM_NEVER,
                                       .oldest_us = TM_NEVER};
    s->f = (struct tm_control_facts){.side = TM_CLIENT,
                                     .now_us = NOW,
                                     .session = &s->c,
                                     .trouble = "",
                                     .wire_beat_us = NOW - 5000};
}

static void want(const struct scene *s, bool in_control, int64_t since_us, const char *text)
{
    struct tm_control out;
    tm_control_judge(&out, &s->f);
    CHECK_INT(out.in_control, in_control);
    CHECK_INT(out.since_us, since_us);
    CHECK_STR(out.text, text);
}

static void an_open_carrier_in_time_is_control(void)
{
    struct scene s;
    scene_init(&s);
    want(&s, true, NOW - 60 * TM_US_PER_S, "");
    s.c.behind_us = TM_CONTROL_LATE_US; /* jitter */
    s.c.overdue_us = TM_CONTROL_LATE_US;
    want(&s, true, NOW - 60 * TM_US_PER_S, "");
    s.c.unanswered_us = NOW - 5; /* another opening failed, this one goes on */
    want(&s, true, NOW - 60 * TM_US_PER_S, "");
}

static void no_session_is_no_control(void)
{
    struct scene s;
    scene_init(&s);
    s.f.session = NULL;
    want(&s, false, TM_NEVER, "no client has a session");
    s.f.session = &s.c;
    s.c.failed = "the peer broke the protocol";
    want(&s, false, TM_NEVER, "the session is over: the peer broke the protocol");
}

static void a_dead_thread_is_no_control(void)
{
    struct scene s;
    scene_init(&s);
    s.f.wire_has_ended = true;
    want(&s, false, TM_NEVER, "the thread that sends has ended");
    scene_init(&s);
    s.f.wire_beat_us = NOW - 9 * TM_US_PER_S; /* nothing was due: it sleeps */
    want(&s, true, NOW - 60 * TM_US_PER_S, "");
    s.c.overdue_us = 8500000;
    want(&s, false, NOW - 9 * TM_US_PER_S,
         "the thread that sends does not run: a buffer should have left 8.5 s ago");
}

static void an_unreachable_server_is_no_control(void)
{
    struct scene s;
    scene_init(&s);
    s.c.answered_us = TM_NEVER;
    want(&s, false, TM_NEVER, "the server has not answered yet");
    s.f.trouble = "connection refused";
    s.c.unanswered_us = NOW - 7;
    want(&s, false, NOW - 7, "the server has not answered yet: connection refused");
    scene_init(&s);
    s.c.n_open = 0;
    s.c.unanswered_us = NOW - 12 * TM_US_PER_S;
    want(&s, false, NOW - 12 * TM_US_PER_S, "the server cannot be reached: no answer");
    s.f.trouble = "connection refused";
    want(&s, false, NOW - 12 * TM_US_PER_S, "the server cannot be reached: connection refused");
}

static void a_pause_of_the_plan_is_control(void)
{
    struct scene s;
    scene_init(&s);
    s.c.n_open = 0;
    s.c.next_us = NOW + 12300000;
    want(&s, true, NOW - 60 * TM_US_PER_S, "the model pauses: the next connection opens in 12.3 s");
    s.c.n_opening = 1;
    s.c.opening_us = NOW - TM_CONTROL_LATE_US;
    want(&s, true, NOW - 60 * TM_US_PER_S, "");
    s.c.opening_us--;
    want(&s, false, NOW - TM_CONTROL_LATE_US - 1,
         "a carrier was begun 3.0 s ago and is not open: no answer");
}

static void a_missing_plan_is_no_control(void)
{
    struct scene s;
    scene_init(&s);
    s.c.n_open = 0;
    s.c.next_us = TM_NEVER;
    want(&s, false, NOW, "the plan is missing: nothing is open and nothing is due");
    s.c.next_us = NOW - 4 * TM_US_PER_S;
    want(&s, false, NOW - 4 * TM_US_PER_S, "the next connection should have been opened 4.0 s ago");
}

static void silence_against_the_plan_is_no_control(void)
{
    struct scene s;
    scene_init(&s);
    s.c.behind_us = 4 * TM_US_PER_S;
    want(&s, false, NOW - 4 * TM_US_PER_S,
         "the server is 4.0 s behind its plan on every open carrier");
    s.f.side = TM_SERVER;
    want(&s, false, NOW - 4 * TM_US_PER_S,
         "the client is 4.0 s behind its plan on every open carrier");
    s.c.behind_us = 0;
    s.c.overdue_us = 5 * TM_US_PER_S;
    want(&s, false, NOW - 5 * TM_US_PER_S,
         "a buffer should have left 5.0 s ago: the network takes nothing");
}

static void a_server_waits_as_long_as_the_model_pauses(void)
{
    struct scene s;
    struct tm_swing swing = {0};
    const struct tm_dist_point points[] = {{1000000, 1}, {40000000, 2}};
    scene_init(&s);
    s.model = (struct tm_model){.kind = TM_MODEL_SWING, .u.swing = swing};
    CHECK_INT(tm_dist_set(&s.model.u.swing.param[TM_SWING_INTER_SESSION], points, 2), TM_OK);
    s.f.side = TM_SERVER;
    s.c.n_open = 0;
    s.f.idle_us = 40 * TM_US_PER_S + TM_CONTROL_LATE_US;
    want(&s, true, NOW - 60 * TM_US_PER_S, "");
    s.f.idle_us++;
    want(&s, false, NOW - 43 * TM_US_PER_S - 1,
         "the client has opened no carrier for 43 s, and the model's longest pause is 40 s "
         "(it may have stopped its cover, --idle-stop)");
    s.cfg.pace_ms = 50000;
    s.f.idle_us--;
    want(&s, true, NOW - 60 * TM_US_PER_S, "");
    tm_model_deinit(&s.model);
}

static void cover_that_nobody_asks_for_is_no_loss_of_control(void)
{
    struct scene s;
    char note[TM_CONTROL_TEXT];
    scene_init(&s);
    s.c.n_open = 0;
    s.c.next_us = TM_NEVER;
    s.c.is_held = true;
    s.c.answered_us = TM_NEVER;
    s.c.demand_us = TM_NEVER;
    want(&s, true, TM_NEVER, "no cover yet: it begins with the first connection through it");
    s.c.answered_us = NOW - 60 * TM_US_PER_S;
    s.c.demand_us = NOW - 7 * TM_US_PER_S;
    want(&s, true, NOW - 60 * TM_US_PER_S,
         "no cover: no connection through it for 7 s; it begins again with the next");
    s.c.unanswered_us = NOW - 5 * TM_US_PER_S;
    s.f.trouble = "connection refused";
    want(&s, false, NOW - 5 * TM_US_PER_S, "the server cannot be reached: connection refused");
    tm_control_demand_note(note, sizeof note, &s.cfg);
    CHECK_STR(note, "");
    s.cfg.on_demand = true;
    tm_control_demand_note(note, sizeof note, &s.cfg);
    CHECK_STR(note, "when cover begins, an observer learns that there is demand; while it lasts, "
                    "nothing of what it carries");
    s.cfg.idle_stop_us = TM_US_PER_S;
    tm_control_demand_note(note, sizeof note, &s.cfg);
    CHECK_STR(note, "when cover begins, an observer learns that there is demand, and when cover "
                    "has ended, an observer learns that there was none for a while; while it "
                    "lasts, nothing of what it carries");
    tm_model_deinit(&s.model);
}

static void the_longest_pause_is_learned_capped_or_the_generators(void)
{
    struct tm_model m = {.kind = TM_MODEL_SWING};
    CHECK_INT(tm_control_longest_gap_us(&m, 0), 300 * TM_US_PER_S);
    CHECK_INT(tm_control_longest_gap_us(&m, TM_US_PER_S), TM_US_PER_S);
    m.kind = TM_MODEL_JOINT;
    CHECK_INT(tm_control_longest_gap_us(&m, 0), 300 * TM_US_PER_S);
    struct tm_model constant, mix;
    tm_model_constant_default(&constant);
    mix = (struct tm_model){.kind = TM_MODEL_MIX, /* they all pause only while every part does */
                            .u.mix = {.n_parts = 2, .part = {{&m, 3}, {&constant, 1}}}};
    CHECK_INT(tm_control_longest_gap_us(&mix, 0), 500000);
    CHECK_INT(tm_control_longest_gap_us(&mix, 1000), 1000);
    CHECK(tm_control_is_payload_independent(&mix));
    tm_model_constant_default(&m);
    CHECK_INT(tm_control_longest_gap_us(&m, 1), 500000); /* TrafficMimic's interval */
    CHECK(tm_control_is_payload_independent(&m));
    m.kind = (enum tm_model_kind)99;
    CHECK(!tm_control_is_payload_independent(&m));
    CHECK(tm_control_is_payload_independent(NULL)); /* a schedule file */
    CHECK_INT(tm_control_longest_gap_us(NULL, 0), TM_NEVER);
}

static void without_plans_nothing_is_independent(void)
{
    struct scene s;
    scene_init(&s);
    CHECK(tm_control_is_independent(&s.cfg));
    s.cfg.model = NULL;
    CHECK(tm_control_is_independent(&s.cfg));
    s.cfg.drive = TM_DRIVE_SHUFFLE;
    CHECK(!tm_control_is_independent(&s.cfg));
    want(&s, true, NOW - 60 * TM_US_PER_S,
         "no schedule drives the wire: it follows what is carried");
    s.c.n_open = 0; /* and what is wrong is said as ever */
    s.c.unanswered_us = NOW - 7 * TM_US_PER_S;
    want(&s, false, NOW - 7 * TM_US_PER_S, "the server cannot be reached: no answer");
}

static const struct check_case cases[] = {
    {"without_plans_nothing_is_independent", without_plans_nothing_is_independent},
    {"an_open_carrier_in_time_is_control", an_open_carrier_in_time_is_control},
    {"no_session_is_no_control", no_session_is_no_control},
    {"a_dead_thread_is_no_control", a_dead_thread_is_no_control},
    {"an_unreachable_server_is_no_control", an_unreachable_server_is_no_control},
    {"a_pause_of_the_plan_is_control", a_pause_of_the_plan_is_control},
    {"a_missing_plan_is_no_control", a_missing_plan_is_no_control},
    {"silence_against_the_plan_is_no_control", silence_against_the_plan_is_no_control},
    {"a_server_waits_as_long_as_the_model_pauses", a_server_waits_as_long_as_the_model_pauses},
    {"cover_that_nobody_asks_for_is_no_loss_of_control",
     cover_that_nobody_asks_for_is_no_loss_of_control},
    {"the_longest_pause_is_learned_capped_or_the_generators",
     the_longest_pause_is_learned_capped_or_the_generators},
};
CHECK_MAIN("control", cases)
