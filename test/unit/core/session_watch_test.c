/* What a session tells of how it keeps to its schedule: one client, whose other end is played by hand. */
#include "tm/core/session_watch.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/core/schedlog.h"
#include "tm/core/session_int.h"

#define SIZE  1448 /* of every write of the model */
#define UP_US 1000 /* the first carrier is established */

struct scene {
    struct tm_model model;
    struct tm_session *s;
    struct tm_tally *tally;
    struct tm_schedlog *log;
    struct tm_tally_view v;
    struct tm_session_control c;
};

static void look(struct scene *sc, int64_t now_us)
{
    tm_tally_view(sc->tally, now_us, &sc->v);
    tm_session_get_control(sc->s, now_us, &sc->c);
}

/* Its first carrier is being opened: 10 exchanges, one every 500 ms. */
static void scene_init(struct scene *sc)
{
    struct tm_act act;
    memset(sc, 0, sizeof *sc);
    tm_model_constant_default(&sc->model);
    const struct tm_session_cfg cfg = {
        .side = TM_CLIENT,
        .master = TM_CLIENT,
        .model = &sc->model,
        .shape = {.hello_min = 480, .flight_min = 250, .fin_min = 80},
        .n_users = 1,
        .prep_us = TM_PREP_US,
        .seed = {1, 2, 3}};
    CHECK_INT(tm_session_new(&sc->s, &cfg, 0), TM_OK);
    CHECK_INT(tm_tally_new(&sc->tally, 0), TM_OK);
    CHECK_INT(tm_schedlog_new(&sc->log, 65536), TM_OK);
    tm_session_set_tally(sc->s, sc->tally);
    tm_session_set_log(sc->s, sc->log);
    CHECK(tm_session_poll(sc->s, 0, &act));
    CHECK_INT(act.kind, TM_ACT_OPEN);
}

static void scene_deinit(struct scene *sc)
{
    tm_session_free(sc->s);
    tm_tally_free(sc->tally);
    tm_schedlog_free(sc->log);
}

/* A write that left at t_us, ready long before. */
static struct tm_departure left_at(int64_t t_us, uint64_t offset)
{
    return (struct tm_departure){.first_us = t_us,
                                 .last_us = t_us + 20,
                                 .ready_us = t_us - 100000,
                                 .tail_us = t_us - 100000,
                                 .free_us = INT64_MIN,
                                 .offset = offset};
}

/* Established, the hello away, the server's flight there. */
static void answer(struct scene *sc)
{
    struct tm_departure d = left_at(UP_US, SIZE);
    tm_session_opened(sc->s, 0, UP_US);
    tm_session_departed(sc->s, 0, 0, &d);
    tm_session_received(sc->s, 0, SIZE, 51000);
}

/* Prepares the client's next write; when it is due. */
static int64_t compose_next(struct scene *sc, uint32_t *write)
{
    static uint8_t plain[TM_RECORD_PLAIN_MAX];
    struct tm_act act;
    int64_t now_us = tm_session_next_us(sc->s);
    CHECK(tm_session_poll(sc->s, now_us, &act));
    CHECK_INT(act.kind, TM_ACT_WRITE);
    while (tm_session_compose(sc->s, act.carrier, plain, now_us) > 0)
        ;
    *write = act.write;
    return act.due_us;
}

static bool log_has(struct scene *sc, const char *text)
{
    struct tm_view v = tm_schedlog_text(sc->log);
    return memmem(v.p, v.len, text, strlen(text)) != NULL;
}

static void an_answer_begins_control(void)
{
    struct scene sc;
    scene_init(&sc);
    look(&sc, 500);
    CHECK(sc.c.answered_us == TM_NEVER && sc.c.unanswered_us == TM_NEVER);
    CHECK_INT(sc.c.n_opening, 1);
    CHECK_INT(sc.c.opening_us, 0);
    CHECK_INT(sc.c.n_open, 0);
    CHECK_INT(sc.c.n_waiting, 1);
    CHECK_INT(sc.c.overdue_us, 0); /* it waits for the connection */
    answer(&sc);
    look(&sc, 51000);
    CHECK_INT(sc.c.answered_us, 51000);
    CHECK_INT(sc.c.n_opening, 0);
    CHECK_INT(sc.c.n_open, 1);
    CHECK_INT(sc.c.n_waiting, 0);
    CHECK(sc.c.next_us > 51000 && sc.c.next_us < TM_NEVER);
    CHECK_INT(sc.v.due, 1);
    CHECK_INT(sc.v.sent, 1);
    CHECK_INT(sc.v.exact, 1);
    CHECK_INT(sc.v.wire_bytes, 2 * SIZE);
    CHECK_INT(sc.v.peer.n, 1); /* due TM_PREP_US after the hello had left */
    CHECK_INT(sc.v.peer.max_us, 51000 - (UP_US + 20 + TM_PREP_US));
    scene_deinit(&sc);
}

/* Sizes both ways, and pauses as they were here. */
static void what_is_played_is_counted(void)
{
    static struct tm_likeness played[TM_MIX_PARTS_MAX];
    struct scene sc;
    uint32_t write;
    scene_init(&sc);
    tm_session_set_played(sc.s, played);
    answer(&sc);
    look(&sc, 51000);
    CHECK(sc.c.played == played);
    CHECK_INT(played[0].size[TM_UP].n, 1); /* the hello: no pause */
    CHECK_INT(played[0].pause[TM_UP].n, 0);
    CHECK_INT(played[0].size[TM_DOWN].max, SIZE);
    CHECK_INT(played[0].pause[TM_DOWN].max, 51000 - (UP_US + 20));
    int64_t due_us = compose_next(&sc, &write);
    struct tm_departure d = left_at(due_us + 700, 2 * SIZE);
    tm_session_departed(sc.s, 0, write, &d);
    CHECK_INT(played[0].size[TM_UP].n, 2);
    CHECK_INT(played[0].pause[TM_UP].max, due_us + 700 - 51000); /* it waits for the flight */
    CHECK_INT(played[1].size[TM_UP].n, 0);
    tm_session_set_played(sc.s, NULL);
    scene_deinit(&sc);
}

static void a_wrong_offset_is_not_exact(void)
{
    struct scene sc;
    uint32_t write;
    scene_init(&sc);
    answer(&sc);
    int64_t due_us = compose_next(&sc, &write);
    struct tm_departure d = left_at(due_us, 2 * SIZE - 1);
    tm_session_departed(sc.s, 0, write, &d);
    look(&sc, due_us);
    CHECK_INT(sc.v.sent, 2);
    CHECK_INT(sc.v.exact, 1);
    CHECK_INT(sc.v.missed, 0);
    scene_deinit(&sc);
}

static void a_slip_is_counted_and_logged_with_its_cause(void)
{
    struct scene sc;
    uint32_t write;
    scene_init(&sc);
    answer(&sc);
    CHECK(!log_has(&sc, "slip"));
    int64_t due_us = compose_next(&sc, &write);
    look(&sc, due_us + 7000);
    CHECK_INT(sc.c.n_waiting, 1);
    CHECK_INT(sc.c.overdue_us, 7000);
    struct tm_departure d = left_at(due_us + 7000, 2 * SIZE);
    d.ready_us = due_us + 6900;
    d.unsent = 333;
    tm_session_departed(sc.s, 0, write, &d);
    look(&sc, due_us + 7000);
    CHECK_INT(sc.v.missed, 1);
    CHECK_INT(sc.v.slips[TM_SLIP_COMPOSE], 1);
    CHECK_INT(sc.v.late.max_us, 7000);
    CHECK_INT(sc.v.unsent_max, 333);
    CHECK_INT(sc.c.overdue_us, 0);
    CHECK(log_has(&sc, "\"unsent\":333,\"slip\":\"compose\"}"));
    scene_deinit(&sc);
}

/* The engine had waited for the plan of the write. */
static void a_plan_that_came_late_is_the_peers_slip(void)
{
    struct scene sc;
    uint32_t write;
    scene_init(&sc);
    answer(&sc);
    struct tm_carrier *c = tm_session_find(sc.s, 0);
    for (uint32_t i = 0; i < 3 * TM_CARRIER_ASKED; i++) /* the last of many */
        tm_session_note_asked(c, tm_session_next_us(sc.s) + 9000);
    int64_t due_us = compose_next(&sc, &write);
    struct tm_departure d = left_at(due_us + 7000, 2 * SIZE);
    d.ready_us = due_us + 6900;
    tm_session_departed(sc.s, 0, write, &d);
    look(&sc, due_us + 7000);
    CHECK_INT(sc.v.slips[TM_SLIP_PEER], 1);
    scene_deinit(&sc);
}

/* It was composed late, because nobody was there to do it. */
static void a_write_that_waited_for_a_standstill_is_the_machines_slip(void)
{
    for (int64_t stood_us = TM_US_PER_S; stood_us <= 40 * TM_US_PER_S; stood_us += 13000000) {
        struct scene sc;
        struct tm_act act;
        scene_init(&sc);
        answer(&sc);
        CHECK(!tm_session_poll(sc.s, 52000, &act));
        int64_t now_us = tm_session_next_us(sc.s) + stood_us;
        CHECK(tm_session_poll(sc.s, now_us, &act));
        CHECK_INT(act.kind, TM_ACT_WRITE);
        struct tm_departure d = left_at(now_us + 200, 2 * SIZE);
        d.ready_us = now_us + 100;
        tm_session_departed(sc.s, 0, act.write, &d);
        look(&sc, now_us + 300);
        bool is_told = stood_us > TM_US_PER_S;
        CHECK_INT(sc.v.slips[TM_SLIP_MACHINE], is_told);
        CHECK_INT(sc.v.slips[TM_SLIP_COMPOSE], !is_told);
        CHECK_INT(sc.v.exact, 2);
        scene_deinit(&sc);
    }
}

static void user_data_waits_from_the_poll_after_it_was_given(void)
{
    static const uint8_t bytes[1000];
    struct scene sc;
    struct tm_act act;
    struct tm_dest dest = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    uint64_t stream;
    uint32_t write;
    scene_init(&sc);
    answer(&sc);
    CHECK_INT(tm_session_stream_open(sc.s, &dest, &stream), TM_OK);
    CHECK_INT(tm_session_stream_send(sc.s, stream, bytes, sizeof bytes), sizeof bytes);
    CHECK(!tm_session_poll(sc.s, 60000, &act));
    look(&sc, 70000);
    CHECK_INT(sc.c.waiting_bytes, sizeof bytes);
    CHECK_INT(sc.c.oldest_us, 60000);
    int64_t due_us = compose_next(&sc, &write);
    look(&sc, due_us);
    CHECK_INT(sc.c.waiting_bytes, 0);
    CHECK(sc.c.oldest_us == TM_NEVER);
    CHECK_INT(sc.v.queue.n, 1);
    CHECK_INT(sc.v.queue.max_us, due_us - TM_WRITE_LEAD_US - 60000);
    CHECK_INT(sc.v.payload_bytes, sizeof bytes);
    scene_deinit(&sc);
}

static void what_was_handed_out_is_lost_with_its_carrier(void)
{
    struct scene sc;
    struct tm_act act;
    uint32_t write;
    scene_init(&sc);
    answer(&sc);
    int64_t due_us = compose_next(&sc, &write);
    CHECK(!tm_session_gone(sc.s, 0, TM_GONE_LOST, due_us));
    look(&sc, due_us);
    CHECK_INT(sc.v.lost, 1);
    CHECK_INT(sc.c.n_open, 0);
    CHECK(sc.c.unanswered_us == TM_NEVER); /* it had been answered: the model goes on */
    CHECK(tm_session_poll(sc.s, due_us + 10, &act));
    CHECK_INT(act.kind, TM_ACT_OPEN);
    CHECK(!tm_session_gone(sc.s, act.carrier, TM_GONE_LOST, due_us + 900));
    look(&sc, due_us + 900);
    CHECK_INT(sc.v.lost, 2);
    CHECK_INT(sc.c.unanswered_us, due_us + 900);
    CHECK_INT(sc.c.answered_us, 51000);
    scene_deinit(&sc);
}

static void silence_of_the_other_end_is_measured_by_its_plan(void)
{
    struct scene sc;
    scene_init(&sc);
    struct tm_departure d = left_at(UP_US, SIZE);
    tm_session_opened(sc.s, 0, UP_US);
    tm_session_departed(sc.s, 0, 0, &d);
    tm_session_received(sc.s, 0, 1, 40000);
    look(&sc, 45000);
    CHECK_INT(sc.c.n_open, 0); /* one byte of the flight is no answer */
    tm_session_received(sc.s, 0, SIZE - 1, 51000);
    look(&sc, 51000 + TM_US_PER_S);
    CHECK_INT(sc.c.n_open, 1);
    CHECK_INT(sc.c.behind_us, 0); /* its next write answers one that we have not sent */
    uint32_t write;
    int64_t due_us = compose_next(&sc, &write);
    d = left_at(due_us, 2 * SIZE);
    tm_session_departed(sc.s, 0, write, &d);
    look(&sc, due_us + 20 + TM_PREP_US + 4000);
    CHECK_INT(sc.c.behind_us, 4000);
    scene_deinit(&sc);
}

static const struct check_case cases[] = {
    {"an_answer_begins_control", an_answer_begins_control},
    {"what_is_played_is_counted", what_is_played_is_counted},
    {"a_wrong_offset_is_not_exact", a_wrong_offset_is_not_exact},
    {"a_slip_is_counted_and_logged_with_its_cause", a_slip_is_counted_and_logged_with_its_cause},
    {"a_plan_that_came_late_is_the_peers_slip", a_plan_that_came_late_is_the_peers_slip},
    {"a_write_that_waited_for_a_standstill_is_the_machines_slip",
     a_write_that_waited_for_a_standstill_is_the_machines_slip},
    {"user_data_waits_from_the_poll_after_it_was_given",
     user_data_waits_from_the_poll_after_it_was_given},
    {"what_was_handed_out_is_lost_with_its_carrier", what_was_handed_out_is_lost_with_its_carrier},
    {"silence_of_the_other_end_is_measured_by_its_plan",
     silence_of_the_other_end_is_measured_by_its_plan},
};
CHECK_MAIN("session_watch", cases)
