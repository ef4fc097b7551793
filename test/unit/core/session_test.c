/* The engine against peers that lie, and without memory.  What it does for honest peers is in test/sim. */
#include "tm/core/session.h"

#include <string.h>

#include "models/batches.h"
#include "models/turn.h"
#include "test/support/check.h"
#include "test/support/oom.h"
#include "test/unit/core/session_pair.h"
#include "tm/core/frame.h"
#include "tm/core/message.h"
#include "tm/core/opener.h"
#include "tm/core/stream.h"

/* A client that has opened carrier 0, and its token. */
static struct tm_session *client(struct tm_model *m, struct tm_token *t)
{
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, m);
    struct tm_session *s;
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_OK);
    struct tm_act act;
    CHECK(tm_session_poll(s, 0, &act));
    CHECK(act.kind == TM_ACT_OPEN && act.carrier == 0 && act.size == 1448);
    tm_session_token(s, 0, t);
    return s;
}

/* A server with carrier 0 accepted at time 1000. */
static struct tm_session *server(struct tm_model *m)
{
    struct tm_token t;
    struct tm_session *c = client(m, &t);
    tm_session_free(c);
    struct tm_session_cfg cfg;
    tm_session_cfg_from_token(&cfg, &t);
    cfg.model = m;
    struct tm_session *s;
    CHECK_INT(tm_session_new(&s, &cfg, 1000), TM_OK);
    CHECK_INT(tm_session_accept(s, &t, 1448, 1000), TM_OK);
    return s;
}

static void expect_failed(struct tm_session *s)
{
    struct tm_event ev;
    struct tm_act act;
    CHECK(tm_session_next_event(s, &ev));
    CHECK_INT(ev.kind, TM_EVENT_FAILED);
    CHECK(!tm_session_next_event(s, &ev));
    CHECK(tm_session_poll(s, 2000, &act));
    CHECK_INT(act.kind, TM_ACT_KILL);
    CHECK(!tm_session_poll(s, 1000000000, &act)); /* fail closed: nothing is sent any more */
    CHECK_INT(tm_session_next_us(s), TM_NEVER);
    struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    uint64_t id;
    CHECK_INT(tm_session_stream_open(s, &d, &id), TM_ERR_CLOSED);
}

/* A record whose control stream holds the messages. */
static size_t record_with(uint8_t *buf, size_t cap, const struct tm_message *m, size_t n)
{
    uint8_t control[1000];
    struct tm_wr c = tm_wr_init(control, sizeof control);
    for (size_t i = 0; i < n; i++)
        tm_message_encode(&c, &m[i]);
    struct tm_wr w = tm_wr_init(buf, cap);
    tm_frame_encode_data_header(&w, 0, 0, false, true, c.len);
    tm_wr_bytes(&w, control, c.len);
    CHECK(tm_wr_ok(&c) && tm_wr_ok(&w));
    return w.len;
}

#define WINDOW TM_STREAM_WINDOW_MIN
#define SETTINGS                                                                                   \
    {                                                                                              \
        .kind = TM_MSG_SETTINGS, .u.settings = { TM_PROTOCOL_VERSION, 0, WINDOW, 256 }             \
    }
#define OPEN_2                                                                                     \
    {                                                                                              \
        .kind = TM_MSG_OPEN, .stream = 2, .u.dest = { TM_ADDR_IPV4, 4, "\1\2\3\4", 1 }             \
    }

static void lying_peers_end_the_session(void)
{
    const struct tm_message lies[][3] = {
        {SETTINGS, {.kind = TM_MSG_CARRIER_END, .u.end = {0, 5}}}, /* more records than were sent */
        {SETTINGS, {.kind = TM_MSG_PLAN_SEED, .u.seed = {1}}},     /* the client is master */
        {SETTINGS, {.kind = TM_MSG_RESET, .stream = 0}},           /* control cannot be reset */
        {SETTINGS, OPEN_2, OPEN_2},
        {SETTINGS, OPEN_2, {.kind = TM_MSG_REPLY, .stream = 2}}, /* only who did not open replies */
        {SETTINGS, {.kind = TM_MSG_LISTEN, .listener = 1, .u.dest = {TM_ADDR_IPV4, 4, "\1", 1}}},
        {SETTINGS, {.kind = TM_MSG_LISTENING, .listener = 0}}, /* only servers listen */
        {SETTINGS, {.kind = TM_MSG_ACCEPT, .stream = 2}},      /* ... and accept */
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct tm_model m;
        struct tm_session *s = server(&m);
        uint8_t buf[1200];
        size_t n = record_with(buf, sizeof buf, lies[i], lies[i][2].kind ? 3 : 2);
        CHECK_INT(tm_session_record(s, 0, buf, n, 1500), TM_ERR_PROTO);
        expect_failed(s);
        tm_session_free(s);
    }
}

static void a_peer_that_gives_up_ends_the_session(void)
{
    struct tm_model m;
    struct tm_session *s = server(&m);
    uint8_t buf[1200];
    size_t n = record_with(buf, sizeof buf,
                           (const struct tm_message[]){SETTINGS, {.kind = TM_MSG_FAIL}}, 2);
    CHECK_INT(tm_session_record(s, 0, buf, n, 1500), TM_OK);
    expect_failed(s);
    tm_session_free(s);
}

static void garbage_and_wrong_versions_end_the_session(void)
{
    struct tm_model m;
    uint8_t buf[1200];
    struct tm_session *s = server(&m);
    CHECK_INT(tm_session_record(s, 0, (const uint8_t *)"\xee\xee", 2, 1500), TM_ERR_FORMAT);
    expect_failed(s);
    tm_session_free(s);
    s = server(&m);
    size_t n = record_with(
        buf, sizeof buf,
        &(struct tm_message){.kind = TM_MSG_SETTINGS, .u.settings = {99, 0, WINDOW, 256}}, 1);
    CHECK_INT(tm_session_record(s, 0, buf, n, 1500), TM_ERR_PROTO);
    expect_failed(s);
    tm_session_free(s);
    s = server(&m);
    n = record_with(buf, sizeof buf,
                    &(struct tm_message){.kind = TM_MSG_CREDIT, .stream = 2, .u.limit = 1}, 1);
    CHECK_INT(tm_session_record(s, 0, buf, n, 1500), TM_ERR_PROTO); /* before SETTINGS */
    expect_failed(s);
    tm_session_free(s);
}

static void more_than_the_credit_is_refused(void)
{
    struct tm_model m;
    struct tm_session *s = server(&m);
    uint8_t buf[64];
    struct tm_wr w = tm_wr_init(buf, sizeof buf);
    tm_frame_encode_data_header(&w, 2, WINDOW, false, true, 1);
    tm_wr_u8(&w, 7);
    CHECK_INT(tm_session_record(s, 0, buf, w.len, 1500), TM_ERR_PROTO);
    expect_failed(s);
    tm_session_free(s);
}

static void carriers_open_once_and_as_planned(void)
{
    struct tm_model m;
    struct tm_token t;
    tm_session_free(client(&m, &t));
    struct tm_session *s = server(&m);
    CHECK_INT(tm_session_accept(s, &t, 1448, 2000), TM_ERR_PROTO); /* replayed */
    t.carrier = 1;
    CHECK_INT(tm_session_accept(s, &t, 1447, 2000), TM_ERR_PROTO); /* another size than planned */
    t.carrier = 2;
    t.user = 1;
    CHECK_INT(tm_session_accept(s, &t, 1448, 2000), TM_ERR_PROTO); /* no such user */
    t.user = 0;
    t.carrier = 3;
    t.src = TM_SRC_MASTER;
    CHECK_INT(tm_session_accept(s, &t, 1448, 2000), TM_ERR_PROTO); /* no such plan */
    t.src = TM_SRC_SESSION;
    t.carrier = 5000;
    CHECK_INT(tm_session_accept(s, &t, 1448, 2000), TM_OK);
    t.carrier = 4;
    CHECK_INT(tm_session_accept(s, &t, 1448, 2000), TM_ERR_PROTO); /* long past */
    struct tm_session_stats st;
    tm_session_get_stats(s, &st);
    CHECK_INT(st.carriers_live, 2);
    tm_session_free(s);
}

static void bytes_beyond_the_plan_kill_the_carrier(void)
{
    struct tm_model m;
    struct tm_session *s = server(&m);
    struct tm_act act;
    CHECK(!tm_session_poll(s, 1000, &act) || act.kind == TM_ACT_WRITE);
    tm_session_received(s, 0, 9 * 1448 + 1, 1200);
    CHECK(tm_session_poll(s, 1300, &act));
    CHECK_INT(act.kind, TM_ACT_KILL);
    CHECK_STR(act.why, "more bytes than planned");
    tm_session_free(s);
}

/* The shell is behind: what came in the meantime lies in a queue. */
static void what_waits_in_the_shell_is_not_taken_for_silence(void)
{
    struct tm_model m;
    struct tm_token t;
    struct tm_session *s = client(&m, &t);
    struct tm_act act;
    tm_session_opened(s, 0, 100);
    tm_session_sent(s, 0, 0, 100, 100, 0);
    tm_session_heard(s, 200);
    CHECK(!tm_session_poll(s, 20 * TM_US_PER_S, &act));
    tm_session_received(s, 0, 700, 15 * TM_US_PER_S); /* it had come late, but before the look */
    tm_session_heard(s, 20 * TM_US_PER_S);
    CHECK(!tm_session_poll(s, 20 * TM_US_PER_S, &act));
    CHECK(!tm_session_poll(s, 26 * TM_US_PER_S, &act)); /* judged as of what was heard */
    tm_session_heard(s, 30 * TM_US_PER_S - 1);
    CHECK(!tm_session_poll(s, 30 * TM_US_PER_S - 1, &act));
    tm_session_heard(s, 30 * TM_US_PER_S);
    CHECK(tm_session_poll(s, 30 * TM_US_PER_S, &act));
    CHECK_INT(act.kind, TM_ACT_KILL);
    CHECK_STR(act.why, "silent");
    tm_session_free(s);
}

/* Asked whenever it wants to be, it counts the grace from the plan. */
static void silence_is_death_after_the_grace(void)
{
    struct tm_model m;
    struct tm_token t;
    struct tm_session *s = client(&m, &t);
    struct tm_act act = {0};
    int64_t now_us = 0;
    while (!tm_session_poll(s, now_us, &act) && now_us < 60 * TM_US_PER_S)
        now_us = tm_session_next_us(s);
    CHECK_INT(act.kind, TM_ACT_KILL);
    CHECK_STR(act.why, "no connection");
    CHECK_INT(now_us, TM_GRACE_US);
    tm_session_free(s);
}

/* Thirteen seconds pass in the shell between the opening and the next look (or in making the plan of the opening). */
static void after_standing_still_arrivals_count_before_deadlines(void)
{
    struct tm_model m;
    struct tm_token t;
    struct tm_session *s = client(&m, &t);
    struct tm_act act;
    const int64_t back_us = 13 * TM_US_PER_S;
    tm_session_heard(s, back_us); /* the shell has not looked at its sockets yet */
    CHECK(!tm_session_poll(s, back_us, &act));
    CHECK_INT(tm_session_next_us(s), back_us + TM_GRACE_US);
    tm_session_opened(s, 0, back_us + 1000);
    tm_session_sent(s, 0, 0, back_us + 1000, back_us + 1000, 0);
    tm_session_received(s, 0, 1448, back_us + 2000);
    tm_session_heard(s, back_us + 3000);
    CHECK(!tm_session_poll(s, back_us + 3000, &act));
    struct tm_session_stats st;
    tm_session_get_stats(s, &st);
    CHECK_INT(st.carriers_died, 0);
    CHECK_INT(st.carriers_live, 1);
    tm_session_free(s);
    s = client(&m, &t); /* and whoever is silent all the same is dead in the end */
    CHECK(!tm_session_poll(s, back_us, &act));
    CHECK(!tm_session_poll(s, back_us + TM_GRACE_US - 1, &act));
    CHECK(tm_session_poll(s, back_us + TM_GRACE_US, &act));
    CHECK_INT(act.kind, TM_ACT_KILL);
    tm_session_free(s);
}

/* ---- Schedule files ---- */

/* Setting up the rest of a program may take a while. */
static void the_schedule_begins_when_first_asked(void)
{
    struct tm_model m;
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &m);
    struct tm_session *s;
    struct tm_act act;
    CHECK_INT(tm_session_new(&s, &cfg, 1000), TM_OK);
    CHECK(tm_session_poll(s, 71000, &act));
    CHECK_INT(act.kind, TM_ACT_OPEN);
    CHECK_INT(act.due_us, 71000);
    tm_session_free(s);
}

/* Sixteen users that start within 500 ms, the first at once; its second request is due
 * 500 ms after the flight, which came at 1 ms. */
static struct tm_session *sixteen_users(struct tm_model *m)
{
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, m);
    struct tm_session *s;
    struct tm_act act;
    cfg.n_users = 16;
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_OK);
    CHECK(tm_session_poll(s, 0, &act));
    CHECK(act.kind == TM_ACT_OPEN && act.due_us == 0);
    tm_session_opened(s, 0, 0);
    tm_session_sent(s, 0, 0, 0, 0, 0);
    tm_session_received(s, 0, 1448, 1000);
    return s;
}

/* Constant users begin within an interval, each in its turn. */
#define LAST_START_US (500000 + 15 * TM_USER_TURN_US)

static void users_begin_in_their_turns(void)
{
    struct tm_model m;
    struct tm_session *s = sixteen_users(&m);
    struct tm_act act;
    int n = 1; /* the first has */
    while (tm_session_poll(s, LAST_START_US, &act)) {
        n += act.kind == TM_ACT_OPEN;
        CHECK(n <=
              act.due_us / TM_USER_TURN_US + 1); /* no more users than had their turn by then */
    }
    CHECK_INT(n, 16);
    tm_session_free(s);
}

/* The server has the same to prepare, and can only begin now. */
static void users_begin_as_slowly_as_their_plans_were_prepared(void)
{
    const struct tm_batch_maker none = {0}; /* never asked: a constant model has no batches */
    const int64_t begun_us = 12 * TM_US_PER_S;
    struct tm_model m;
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &m);
    struct tm_session *s;
    struct tm_act act;
    int n = 0;
    cfg.n_users = 16;
    cfg.maker = &none;
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_OK);
    for (int64_t t_us = begun_us; t_us < begun_us + 18 * TM_US_PER_S;
         t_us = tm_session_next_us(s)) {
        while (tm_session_poll(s, t_us, &act)) {
            struct tm_token t = {.index = 1};
            if (act.kind == TM_ACT_OPEN)
                tm_session_token(s, act.carrier, &t);
            if (t.index > 0) /* the end of one that nobody answers, and the next */
                continue;
            n++;
            CHECK(act.due_us >= begun_us + t.user * (18 * TM_US_PER_S / 16));
        }
    }
    CHECK_INT(n, 16);
    tm_session_free(s);
}

/* An opening is known long before: its hello need not be made in the last moment. */
static void openings_are_handed_out_ahead(void)
{
    struct tm_model m;
    struct tm_session *s = sixteen_users(&m);
    struct tm_act act;
    int n_opened = 0, n_ahead = 0, n_written = 0;
    for (int64_t t_us = 0; t_us <= LAST_START_US; t_us = tm_session_next_us(s)) {
        while (tm_session_poll(s, t_us, &act)) {
            bool is_open = act.kind == TM_ACT_OPEN;
            CHECK(act.due_us <= t_us + (is_open ? TM_OPENER_LEAD_US : 5000));
            n_opened += is_open;
            n_ahead += is_open && act.due_us == t_us + TM_OPENER_LEAD_US;
            n_written += !is_open;
        }
        CHECK(tm_session_next_us(s) > t_us);
    }
    CHECK_INT(n_opened, 15);
    CHECK(n_ahead >= 5); /* those of the first 200 ms were handed out at once */
    CHECK_INT(n_written, 1);
    tm_session_free(s);
}

static void what_is_due_first_is_handed_out_first(void)
{
    struct tm_model m;
    struct tm_session *s = sixteen_users(&m);
    struct tm_act act;
    int64_t last_us = 0;
    int n = 0;
    while (tm_session_poll(s, LAST_START_US, &act)) {
        CHECK(act.due_us >= last_us);
        last_us = act.due_us;
        n++;
    }
    CHECK_INT(n, 16);
    tm_session_free(s);
}

/* ---- Without memory ---- */

static void applications(struct session_pair *p, enum tm_side side)
{
    static const uint8_t bytes[200000];
    struct tm_event ev;
    while (tm_session_next_event(p->end[side], &ev)) {
        bool end;
        if (ev.kind == TM_EVENT_OPEN)
            tm_session_stream_reply(p->end[side], ev.stream, TM_REPLY_OK);
        if (ev.kind == TM_EVENT_OPEN || ev.kind == TM_EVENT_WRITABLE) {
            while (tm_session_stream_send(p->end[side], ev.stream, bytes, sizeof bytes) ==
                   sizeof bytes)
                ;
        }
        if (ev.kind == TM_EVENT_READABLE) {
            struct tm_view v = tm_session_stream_peek(p->end[side], ev.stream, &end);
            tm_session_stream_consume(p->end[side], ev.stream, v.len);
        }
    }
}

/* A client and a server carry a stream for four virtual seconds. */
static void four_seconds(struct session_pair *p, enum tm_side master, enum tm_plan_mode mode)
{
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &p->model);
    cfg.master = master;
    cfg.plan_mode = mode;
    p->model.u.constant = (struct tm_constant){60000, 20000, 10};
    if (tm_session_new(&p->end[TM_CLIENT], &cfg, 0) != TM_OK)
        return;
    struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    uint64_t id;
    if (tm_session_stream_open(p->end[TM_CLIENT], &d, &id) != TM_OK)
        return;
    while (p->now_us < 4 * TM_US_PER_S) {
        int64_t next = TM_NEVER;
        for (int side = 0; side < 2 && p->end[side]; side++) {
            struct tm_act act;
            while (tm_session_poll(p->end[side], p->now_us, &act))
                session_pair_act(p, (enum tm_side)side, &act);
            applications(p, (enum tm_side)side);
        }
        for (int side = 0; side < 2 && p->end[side]; side++)
            next = tm_min_us(next, tm_session_next_us(p->end[side]));
        if (next == TM_NEVER)
            return; /* both have failed, or wait for ever for a dead one */
        p->now_us = tm_max_us(next, p->now_us + 1);
    }
}

/* The n-th allocation fails, for every n until all succeed: an error, never a crash or a leak. */
static void survive_without_memory(enum tm_side master, enum tm_plan_mode mode)
{
    bool done = false;
    for (unsigned long n = 1; !done && n < 100000; n += n < 150 ? 1 : n / 20) {
        struct session_pair p = {0};
        oom_fail_after(n);
        four_seconds(&p, master, mode);
        done = !oom_hit();
        oom_disable();
        if (done) {
            struct tm_session_stats st;
            tm_session_get_stats(p.end[TM_CLIENT], &st);
            CHECK(st.payload_rx_bytes > 5000000);
        }
        tm_session_free(p.end[TM_CLIENT]);
        tm_session_free(p.end[TM_SERVER]);
    }
    CHECK(done);
}

static void every_failing_allocation_is_survived(void)
{
    survive_without_memory(TM_CLIENT, TM_PLAN_SEEDED);
    survive_without_memory(TM_SERVER, TM_PLAN_SEEDED);
    survive_without_memory(TM_CLIENT, TM_PLAN_EMBEDDED);
    survive_without_memory(TM_SERVER, TM_PLAN_EMBEDDED);
}

static const struct check_case cases[] = {
    {"lying_peers_end_the_session", lying_peers_end_the_session},
    {"a_peer_that_gives_up_ends_the_session", a_peer_that_gives_up_ends_the_session},
    {"garbage_and_wrong_versions_end_the_session", garbage_and_wrong_versions_end_the_session},
    {"more_than_the_credit_is_refused", more_than_the_credit_is_refused},
    {"carriers_open_once_and_as_planned", carriers_open_once_and_as_planned},
    {"bytes_beyond_the_plan_kill_the_carrier", bytes_beyond_the_plan_kill_the_carrier},
    {"what_waits_in_the_shell_is_not_taken_for_silence",
     what_waits_in_the_shell_is_not_taken_for_silence},
    {"silence_is_death_after_the_grace", silence_is_death_after_the_grace},
    {"after_standing_still_arrivals_count_before_deadlines",
     after_standing_still_arrivals_count_before_deadlines},
    {"the_schedule_begins_when_first_asked", the_schedule_begins_when_first_asked},
    {"users_begin_in_their_turns", users_begin_in_their_turns},
    {"users_begin_as_slowly_as_their_plans_were_prepared",
     users_begin_as_slowly_as_their_plans_were_prepared},
    {"openings_are_handed_out_ahead", openings_are_handed_out_ahead},
    {"what_is_due_first_is_handed_out_first", what_is_due_first_is_handed_out_first},
    {"every_failing_allocation_is_survived", every_failing_allocation_is_survived},
};
CHECK_MAIN("session", cases)
