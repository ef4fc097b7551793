/* The engine at its limits: streams and openings that have to wait for others. */
#include <string.h>

#include "test/support/check.h"
#include "test/unit/core/session_pair.h"
#include "tm/core/frame.h"
#include "tm/core/message.h"
#include "tm/core/stream.h"

/* ---- Streams ---- */

struct turnover {
    struct session_pair pair;
    unsigned n_opened, n_ended, n_refused;
};

/* The client opens what there is room for, with a byte and the end in each. */
static void turnover_open(struct turnover *t, unsigned n_max)
{
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    struct tm_session *s = t->pair.end[TM_CLIENT];
    uint64_t id;
    while (t->n_opened < n_max && tm_session_stream_open(s, &d, &id) == TM_OK) {
        t->n_opened++;
        CHECK_INT(tm_session_stream_send(s, id, (const uint8_t *)"x", 1), 1);
        tm_session_stream_finish(s, id);
    }
}

/* Each end takes what came; the server's answers with a byte and the end. */
static void turnover_events(struct turnover *t, enum tm_side side)
{
    struct tm_session *s = t->pair.end[side];
    struct tm_event ev;
    while (tm_session_next_event(s, &ev)) {
        bool end;
        t->n_ended += side == TM_CLIENT && ev.kind == TM_EVENT_ENDED;
        t->n_refused += ev.kind == TM_EVENT_RESET || ev.kind == TM_EVENT_FAILED ||
                        (ev.kind == TM_EVENT_REPLY && ev.reply != TM_REPLY_OK);
        if (ev.kind == TM_EVENT_OPEN) {
            tm_session_stream_reply(s, ev.stream, TM_REPLY_OK);
            CHECK_INT(tm_session_stream_send(s, ev.stream, (const uint8_t *)"y", 1), 1);
            tm_session_stream_finish(s, ev.stream);
        }
        if (ev.kind == TM_EVENT_READABLE) {
            struct tm_view v = tm_session_stream_peek(s, ev.stream, &end);
            tm_session_stream_consume(s, ev.stream, v.len);
        }
    }
}

/* As many streams as there may be begin, pass a byte each way and end; and as many again, several times.  The client knows of an end
 * before the server does, which is told of it in the same record that brings the next stream. */
static void streams_begin_as_soon_as_others_end(void)
{
    const unsigned n = 5 * TM_STREAMS_MAX;
    struct turnover t = {0};
    struct session_pair *p = &t.pair;
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &p->model);
    unsigned n_astray = 0;
    p->model.u.constant = (struct tm_constant){60000, 20000, 10};
    CHECK_INT(tm_session_new(&p->end[TM_CLIENT], &cfg, 0), TM_OK);
    while (t.n_ended + t.n_refused < n && p->now_us < 20 * TM_US_PER_S) {
        turnover_open(&t, n);
        p->now_us += TM_US_PER_MS;
        for (int side = 0; side < 2 && p->end[side]; side++) {
            struct tm_act act;
            while (tm_session_poll(p->end[side], p->now_us, &act))
                session_pair_act(p, (enum tm_side)side, &act);
        }
        for (int side = 0; side < 2 && p->end[side]; side++) {
            turnover_events(&t, (enum tm_side)side);
            n_astray += session_pair_n_astray(p->end[side]);
        }
    }
    CHECK_INT(n_astray, 0);
    CHECK_INT(t.n_refused, 0);
    CHECK_INT(t.n_ended, n);
    tm_session_free(p->end[TM_CLIENT]);
    tm_session_free(p->end[TM_SERVER]);
}

/* A server with carrier 0 accepted; the client is there too. */
static struct tm_session *server(struct session_pair *p)
{
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &p->model);
    struct tm_act act;
    CHECK_INT(tm_session_new(&p->end[TM_CLIENT], &cfg, 0), TM_OK);
    CHECK(tm_session_poll(p->end[TM_CLIENT], 0, &act));
    session_pair_act(p, TM_CLIENT, &act);
    CHECK(p->end[TM_SERVER] != NULL);
    return p->end[TM_SERVER];
}

/* One record with a byte of the stream, from its start. */
static void give_byte(struct tm_session *s, uint64_t stream)
{
    uint8_t buf[32];
    struct tm_wr w = tm_wr_init(buf, sizeof buf);
    tm_frame_encode_data_header(&w, stream, 0, false, true, 1);
    tm_wr_u8(&w, 'x');
    CHECK_INT(tm_session_record(s, 0, buf, w.len, 1500), TM_OK);
}

/* What control says next, in one record; *said: bytes of it so far. */
static void say(struct tm_session *s, uint64_t *said, const struct tm_wr *control)
{
    static uint8_t buf[16384];
    struct tm_wr w = tm_wr_init(buf, sizeof buf);
    tm_frame_encode_data_header(&w, 0, *said, false, true, control->len);
    tm_wr_bytes(&w, control->p, control->len);
    CHECK(tm_wr_ok(control) && tm_wr_ok(&w));
    CHECK_INT(tm_session_record(s, 0, buf, w.len, 1500), TM_OK);
    *said += control->len;
}

static void put_message(struct tm_wr *control, enum tm_message_kind kind, uint64_t stream)
{
    tm_message_encode(control, &(struct tm_message){.kind = kind,
                                                    .stream = stream,
                                                    .u.dest = {TM_ADDR_IPV4, 4, "\1\2\3\4", 1}});
}

/* A peer that keeps no bound gets what can be held, and hears no of the rest.  The bytes of a stream that came before it was opened, when
 * there was no room, are gone: it is refused, though there is room by then, rather than left to wait for them. */
static void streams_beyond_what_is_held_are_refused(void)
{
    enum { N = TM_STREAMS_HELD };
    static uint8_t bytes[16000];
    struct tm_wr w = tm_wr_init(bytes, sizeof bytes);
    struct session_pair p = {0};
    struct tm_session *s = server(&p);
    struct tm_session_stats st;
    struct tm_event ev;
    uint64_t said = 0;
    unsigned n_resets = 0;
    for (uint64_t i = 1; i <= N + 1; i++)
        give_byte(s, 2 * i); /* one is too many */
    tm_session_get_stats(s, &st);
    CHECK_INT(st.streams_live, N);
    tm_message_encode(&w,
                      &(struct tm_message){.kind = TM_MSG_SETTINGS,
                                           .u.settings = {TM_PROTOCOL_VERSION, 0,
                                                          TM_STREAM_WINDOW_MIN, TM_STREAMS_MAX}});
    for (uint64_t i = 1; i <= N; i++) {
        put_message(&w, TM_MSG_OPEN, 2 * i);
        if (w.len > sizeof bytes - TM_MESSAGE_MAX) { /* more than a record holds */
            say(s, &said, &w);
            w = tm_wr_init(bytes, sizeof bytes);
        }
    }
    put_message(&w, TM_MSG_RESET, 2); /* room for two */
    put_message(&w, TM_MSG_RESET, 4);
    say(s, &said, &w);
    while (tm_session_next_event(s, &ev))
        n_resets += ev.kind == TM_EVENT_RESET;
    CHECK_INT(n_resets, 2);
    w = tm_wr_init(bytes, sizeof bytes);
    put_message(&w, TM_MSG_OPEN, 2 * (N + 1));
    put_message(&w, TM_MSG_OPEN, 2 * (N + 2));
    say(s, &said, &w);
    CHECK(tm_session_next_event(s, &ev)); /* of the last one, and of no other */
    CHECK(ev.kind == TM_EVENT_OPEN && ev.stream == 2 * (N + 2));
    CHECK(!tm_session_next_event(s, &ev));
    tm_session_free(p.end[TM_CLIENT]);
    tm_session_free(s);
}

/* ---- Openings ---- */

/* When nobody asked for long, neither those that were opened before nor those that open only now are given up at once. */
static void an_opening_that_is_late_is_not_given_up_at_once(void)
{
    const int64_t late_us = 3 * TM_GRACE_US;
    struct tm_model model;
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &model);
    struct tm_session *s;
    struct tm_act act;
    uint32_t n_early = 0, n_late = 0, n_killed = 0;
    cfg.n_users = 20; /* who begin within a second */
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_OK);
    for (; tm_session_poll(s, 0, &act); n_early++)
        CHECK_INT(act.kind, TM_ACT_OPEN);
    CHECK(n_early > 0 && n_early < 10);
    for (; tm_session_poll(s, late_us, &act); n_late++)
        CHECK_INT(act.kind, TM_ACT_OPEN);
    CHECK_INT(n_late, 20 - n_early);
    while (tm_session_poll(s, late_us + TM_GRACE_US - 1, &act))
        CHECK_INT(act.kind, TM_ACT_OPEN);
    while (tm_session_poll(s, late_us + TM_GRACE_US, &act))
        n_killed += act.kind == TM_ACT_KILL;
    CHECK_INT(n_killed, 20);
    tm_session_free(s);
}

static const struct check_case cases[] = {
    {"streams_begin_as_soon_as_others_end", streams_begin_as_soon_as_others_end},
    {"streams_beyond_what_is_held_are_refused", streams_beyond_what_is_held_are_refused},
    {"an_opening_that_is_late_is_not_given_up_at_once",
     an_opening_that_is_late_is_not_given_up_at_once},
};
CHECK_MAIN("session_limit", cases)
