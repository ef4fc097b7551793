/* Listeners of the server for its client: asked for, answered, and the streams of what comes there. */
#include <string.h>

#include "test/support/check.h"
#include "test/unit/core/session_pair.h"
#include "tm/core/frame.h"
#include "tm/core/session_int.h"

static const struct tm_dest loopback = {TM_ADDR_IPV4, 4, "\x7f\0\0\1", 9000};

static void pair_start(struct session_pair *p)
{
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &p->model);
    p->model.u.constant = (struct tm_constant){60000, 20000, 10};
    CHECK_INT(tm_session_new(&p->end[TM_CLIENT], &cfg, 0), TM_OK);
}

static void pair_stop(struct session_pair *p)
{
    tm_session_free(p->end[TM_CLIENT]);
    tm_session_free(p->end[TM_SERVER]);
}

/* What an observer may see of an action. */
struct seen {
    enum tm_side side;
    enum tm_act_kind kind;
    uint32_t carrier, size, gap_us;
    int64_t due_us;
};

#define SEEN_MAX 4096

struct wire {
    size_t n;
    struct seen act[SEEN_MAX];
};

static void pair_step_seen(struct session_pair *p, struct wire *w)
{
    p->now_us += TM_US_PER_MS;
    for (int side = 0; side < 2 && p->end[side]; side++) {
        struct tm_act act;
        while (tm_session_poll(p->end[side], p->now_us, &act)) {
            if (w != NULL && w->n < SEEN_MAX)
                w->act[w->n++] = (struct seen){(enum tm_side)side, act.kind,   act.carrier,
                                               act.size,           act.gap_us, act.due_us};
            session_pair_act(p, (enum tm_side)side, &act);
        }
    }
}

static void pair_step(struct session_pair *p)
{
    pair_step_seen(p, NULL);
}

/* Steps until this end has an event of the kind; others are passed over. */
static bool wait_for(struct session_pair *p, enum tm_side side, enum tm_event_kind kind,
                     struct tm_event *ev)
{
    int64_t until_us = p->now_us + 5 * TM_US_PER_S;
    while (p->now_us < until_us) {
        while (p->end[side] && tm_session_next_event(p->end[side], ev))
            if (ev->kind == kind)
                return true;
        pair_step(p);
    }
    return false;
}

/* One listener, and the server listens on it. */
static void listen_one(struct session_pair *p)
{
    struct tm_event ev;
    uint32_t listener = 99;
    pair_start(p);
    CHECK_INT(tm_session_listen(p->end[TM_CLIENT], &loopback, &listener), TM_OK);
    CHECK_INT(listener, 0);
    CHECK(wait_for(p, TM_SERVER, TM_EVENT_LISTEN, &ev));
    CHECK_INT(ev.listener, 0);
    CHECK_INT(ev.dest.port, 9000);
    CHECK_MEM(ev.dest.addr, loopback.addr, 4);
    tm_session_listening(p->end[TM_SERVER], 0, TM_REPLY_OK, 9001);
    CHECK(wait_for(p, TM_CLIENT, TM_EVENT_LISTENING, &ev));
    CHECK_INT(ev.reply, TM_REPLY_OK);
    CHECK_INT(ev.dest.port, 9001);
}

/* The server's words arrive with the opening, the client's behind its answer, and the ends of both. */
static void what_comes_to_a_listener_becomes_a_stream(void)
{
    struct session_pair p = {0};
    struct tm_event ev;
    uint64_t id;
    bool end;
    listen_one(&p);
    struct tm_session *client = p.end[TM_CLIENT], *server = p.end[TM_SERVER];
    CHECK_INT(tm_session_stream_accept(server, 0, &id), TM_OK);
    CHECK_INT(id, 3);
    CHECK_INT(tm_session_stream_send(server, id, (const uint8_t *)"hello", 5), 5);
    tm_session_stream_finish(server, id);
    CHECK(wait_for(&p, TM_CLIENT, TM_EVENT_OPEN, &ev));
    CHECK_INT(ev.stream, id);
    CHECK_INT(ev.listener, 0);
    tm_session_stream_reply(client, id, TM_REPLY_OK);
    CHECK_INT(tm_session_stream_send(client, id, (const uint8_t *)"world", 5), 5);
    tm_session_stream_finish(client, id);
    CHECK(wait_for(&p, TM_CLIENT, TM_EVENT_READABLE, &ev));
    struct tm_view v = tm_session_stream_peek(client, id, &end);
    CHECK_INT(v.len, 5);
    CHECK_MEM(v.p, "hello", 5);
    CHECK(end);
    tm_session_stream_consume(client, id, 5);
    CHECK(wait_for(&p, TM_SERVER, TM_EVENT_REPLY, &ev));
    CHECK_INT(ev.reply, TM_REPLY_OK);
    CHECK(wait_for(&p, TM_SERVER, TM_EVENT_READABLE, &ev));
    v = tm_session_stream_peek(server, id, &end);
    CHECK_INT(v.len, 5);
    CHECK_MEM(v.p, "world", 5);
    tm_session_stream_consume(server, id, 5);
    CHECK(wait_for(&p, TM_SERVER, TM_EVENT_ENDED, &ev));
    CHECK(wait_for(&p, TM_CLIENT, TM_EVENT_ENDED, &ev));
    CHECK_INT(session_pair_n_astray(client) + session_pair_n_astray(server), 0);
    CHECK_INT(client->n_peers, 0);
    pair_stop(&p);
}

static void a_client_that_cannot_connect_says_so(void)
{
    struct session_pair p = {0};
    struct tm_event ev;
    uint64_t id;
    listen_one(&p);
    CHECK_INT(tm_session_stream_accept(p.end[TM_SERVER], 0, &id), TM_OK);
    CHECK(wait_for(&p, TM_CLIENT, TM_EVENT_OPEN, &ev));
    tm_session_stream_reply(p.end[TM_CLIENT], id, TM_REPLY_REFUSED);
    CHECK(wait_for(&p, TM_SERVER, TM_EVENT_REPLY, &ev));
    CHECK_INT(ev.reply, TM_REPLY_REFUSED);
    CHECK_INT(tm_session_stream_send(p.end[TM_SERVER], id, (const uint8_t *)"x", 1), TM_ERR_CLOSED);
    CHECK_INT(p.end[TM_CLIENT]->live.n + p.end[TM_SERVER]->live.n, 0);
    pair_stop(&p);
}

static void a_listener_that_is_refused_or_over_takes_nothing(void)
{
    struct session_pair p = {0};
    struct tm_event ev;
    uint32_t listener;
    uint64_t id;
    listen_one(&p);
    CHECK_INT(tm_session_listen(p.end[TM_CLIENT], &loopback, &listener), TM_OK);
    CHECK_INT(listener, 1);
    CHECK(wait_for(&p, TM_SERVER, TM_EVENT_LISTEN, &ev));
    CHECK_INT(tm_session_stream_accept(p.end[TM_SERVER], 1, &id), TM_ERR_CLOSED);
    tm_session_listening(p.end[TM_SERVER], 1, TM_REPLY_DENIED, 0);
    CHECK_INT(tm_session_stream_accept(p.end[TM_SERVER], 1, &id), TM_ERR_CLOSED);
    CHECK(wait_for(&p, TM_CLIENT, TM_EVENT_LISTENING, &ev));
    CHECK_INT(ev.listener, 1);
    CHECK_INT(ev.reply, TM_REPLY_DENIED);
    tm_session_listening(p.end[TM_SERVER], 0, TM_REPLY_REFUSED, 0); /* over */
    CHECK_INT(tm_session_stream_accept(p.end[TM_SERVER], 0, &id), TM_ERR_CLOSED);
    CHECK(wait_for(&p, TM_CLIENT, TM_EVENT_LISTENING, &ev));
    CHECK_INT(ev.listener, 0);
    CHECK_INT(ev.reply, TM_REPLY_REFUSED);
    pair_stop(&p);
}

static void listeners_and_their_streams_have_limits(void)
{
    struct session_pair p = {0};
    struct tm_event ev;
    uint32_t listener;
    uint64_t id, last = 0;
    const struct tm_dest name = {TM_ADDR_NAME, 1, "a", 1};
    listen_one(&p);
    CHECK_INT(tm_session_listen(p.end[TM_CLIENT], &name, &listener), TM_ERR_RANGE);
    for (unsigned i = 1; i < TM_LISTENERS_MAX; i++)
        CHECK_INT(tm_session_listen(p.end[TM_CLIENT], &loopback, &listener), TM_OK);
    CHECK_INT(tm_session_listen(p.end[TM_CLIENT], &loopback, &listener), TM_ERR_LIMIT);
    for (unsigned i = 0; i < TM_ACCEPTS_MAX; i++)
        CHECK_INT(tm_session_stream_accept(p.end[TM_SERVER], 0, &last), TM_OK);
    CHECK_INT(tm_session_stream_accept(p.end[TM_SERVER], 0, &id), TM_ERR_LIMIT);
    do
        CHECK(wait_for(&p, TM_CLIENT, TM_EVENT_OPEN, &ev));
    while (ev.stream != last);
    /* The client's own are not fewer for that. */
    for (unsigned i = 0; i < TM_STREAMS_MAX; i++)
        CHECK_INT(tm_session_stream_open(p.end[TM_CLIENT], &name, &id), TM_OK);
    CHECK_INT(tm_session_stream_open(p.end[TM_CLIENT], &name, &id), TM_ERR_LIMIT);
    CHECK_INT(session_pair_n_astray(p.end[TM_CLIENT]), 0);
    pair_stop(&p);
}

/* Three seconds of a session: of one that asks for listeners, which are busy, or of an idle one. */
static void play(struct wire *w, bool is_busy)
{
    static const uint8_t bytes[4096];
    struct session_pair p = {0};
    uint32_t listener;
    uint64_t id;
    bool end;
    pair_start(&p);
    w->n = 0;
    for (unsigned i = 0; is_busy && i < 3; i++)
        CHECK_INT(tm_session_listen(p.end[TM_CLIENT], &loopback, &listener), TM_OK);
    while (p.now_us < 3 * TM_US_PER_S) {
        pair_step_seen(&p, w);
        for (int side = 0; side < 2; side++) {
            struct tm_event ev;
            struct tm_session *s = p.end[side];
            while (s && tm_session_next_event(s, &ev)) {
                if (ev.kind == TM_EVENT_LISTEN)
                    tm_session_listening(s, ev.listener, TM_REPLY_OK, 1);
                if (ev.kind == TM_EVENT_OPEN)
                    tm_session_stream_reply(s, ev.stream, TM_REPLY_OK);
                if (ev.kind == TM_EVENT_OPEN)
                    (void)tm_session_stream_send(s, ev.stream, bytes, sizeof bytes);
                if (ev.kind == TM_EVENT_READABLE)
                    tm_session_stream_consume(s, ev.stream,
                                              tm_session_stream_peek(s, ev.stream, &end).len);
            }
        }
        if (is_busy && p.end[TM_SERVER] &&
            tm_session_stream_accept(p.end[TM_SERVER], 1, &id) == TM_OK)
            (void)tm_session_stream_send(p.end[TM_SERVER], id, bytes, sizeof bytes);
    }
    struct tm_session_stats stats;
    tm_session_get_stats(p.end[TM_CLIENT], &stats);
    CHECK((stats.payload_rx_bytes > 100000) == is_busy);
    CHECK((stats.payload_tx_bytes > 100000) == is_busy);
    pair_stop(&p);
}

/* Sizes, carriers and times of everything that leaves are the same: what a listener is for shows nowhere. */
static void the_wire_does_not_show_listeners(void)
{
    static struct wire idle, busy;
    play(&idle, false);
    play(&busy, true);
    CHECK(idle.n > 100 && idle.n < SEEN_MAX);
    CHECK_INT(idle.n, busy.n);
    for (size_t i = 0; i < idle.n; i++) {
        CHECK_INT(busy.act[i].side, idle.act[i].side);
        CHECK_INT(busy.act[i].kind, idle.act[i].kind);
        CHECK_INT(busy.act[i].carrier, idle.act[i].carrier);
        CHECK_INT(busy.act[i].size, idle.act[i].size);
        CHECK_INT(busy.act[i].gap_us, idle.act[i].gap_us);
        CHECK_INT(busy.act[i].due_us, idle.act[i].due_us);
    }
}

/* ---- A client, and a server that says what it should not ---- */

static struct tm_session *client(struct session_pair *p, unsigned n_listeners)
{
    struct tm_act act;
    uint32_t listener;
    pair_start(p);
    struct tm_session *s = p->end[TM_CLIENT];
    for (unsigned i = 0; i < n_listeners; i++)
        CHECK_INT(tm_session_listen(s, &loopback, &listener), TM_OK);
    CHECK(tm_session_poll(s, 0, &act));
    tm_session_opened(s, 0, 100);
    tm_session_sent(s, 0, 0, 100, 100, 0);
    return s;
}

static int say(struct tm_session *s, const struct tm_message *m, size_t n)
{
    uint8_t control[1000], buf[1200];
    struct tm_wr c = tm_wr_init(control, sizeof control), w = tm_wr_init(buf, sizeof buf);
    for (size_t i = 0; i < n; i++)
        tm_message_encode(&c, &m[i]);
    tm_frame_encode_data_header(&w, 0, 0, false, true, c.len);
    tm_wr_bytes(&w, control, c.len);
    CHECK(tm_wr_ok(&c) && tm_wr_ok(&w));
    return tm_session_record(s, 0, buf, w.len, 1500);
}

#define SETTINGS(features)                                                                         \
    {                                                                                              \
        .kind = TM_MSG_SETTINGS, .u.settings = {                                                   \
            TM_PROTOCOL_VERSION,                                                                   \
            features,                                                                              \
            TM_STREAM_WINDOW_MIN,                                                                  \
            256                                                                                    \
        }                                                                                          \
    }
#define LISTENING(which, how)                                                                      \
    {                                                                                              \
        .kind = TM_MSG_LISTENING, .listener = which, .u.listening = { how, 9000 }                  \
    }

static void servers_that_lie_end_the_session(void)
{
    const struct tm_message lies[][3] = {
        {SETTINGS(1), LISTENING(1, 0)}, /* it was not asked for */
        {SETTINGS(1), {.kind = TM_MSG_ACCEPT, .stream = 3, .listener = 0}}, /* not open yet */
        {SETTINGS(1), {.kind = TM_MSG_ACCEPT, .stream = 3, .listener = 1}},
        {SETTINGS(1),
         LISTENING(0, 0),
         {.kind = TM_MSG_ACCEPT, .stream = 4}}, /* a client's number */
        {SETTINGS(1), LISTENING(0, 2), {.kind = TM_MSG_ACCEPT, .stream = 3}}, /* denied */
        {SETTINGS(1), LISTENING(0, 0), {.kind = TM_MSG_OPEN, .stream = 3, .u.dest = loopback}},
        {SETTINGS(1), {.kind = TM_MSG_LISTEN, .u.dest = loopback}}, /* only clients ask */
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct session_pair p = {0};
        struct tm_session *s = client(&p, 1);
        CHECK_INT(say(s, lies[i], lies[i][2].kind ? 3 : 2), TM_ERR_PROTO);
        pair_stop(&p);
    }
}

static void a_server_that_is_too_old_is_told_of(void)
{
    struct session_pair p = {0};
    struct tm_session *s = client(&p, 2);
    struct tm_event ev;
    uint32_t listener;
    CHECK_INT(say(s, &(struct tm_message)SETTINGS(0), 1), TM_OK);
    CHECK_INT(tm_session_listen(s, &loopback, &listener), TM_OK);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(tm_session_next_event(s, &ev));
        CHECK_INT(ev.kind, TM_EVENT_LISTENING);
        CHECK_INT(ev.listener, i);
        CHECK_INT(ev.reply, TM_REPLY_COMMAND_UNSUPPORTED);
    }
    CHECK(!tm_session_next_event(s, &ev));
    pair_stop(&p);
}

/* Bytes that no opening has announced take memory only where one may come. */
static void bytes_of_a_server_take_no_memory_without_a_listener(void)
{
    for (unsigned n = 0; n < 2; n++) {
        struct session_pair p = {0};
        struct tm_session *s = client(&p, n);
        uint8_t buf[32];
        for (unsigned i = 0; i < TM_ACCEPTS_HELD + 10; i++) {
            struct tm_wr w = tm_wr_init(buf, sizeof buf);
            tm_frame_encode_data_header(&w, 3 + 2 * i, 0, false, true, 1);
            tm_wr_u8(&w, 'x');
            CHECK_INT(tm_session_record(s, 0, buf, w.len, 1500), TM_OK);
        }
        CHECK_INT(s->live.n, n * TM_ACCEPTS_HELD);
        pair_stop(&p);
    }
}

static const struct check_case cases[] = {
    {"what_comes_to_a_listener_becomes_a_stream", what_comes_to_a_listener_becomes_a_stream},
    {"a_client_that_cannot_connect_says_so", a_client_that_cannot_connect_says_so},
    {"a_listener_that_is_refused_or_over_takes_nothing",
     a_listener_that_is_refused_or_over_takes_nothing},
    {"listeners_and_their_streams_have_limits", listeners_and_their_streams_have_limits},
    {"the_wire_does_not_show_listeners", the_wire_does_not_show_listeners},
    {"servers_that_lie_end_the_session", servers_that_lie_end_the_session},
    {"a_server_that_is_too_old_is_told_of", a_server_that_is_too_old_is_told_of},
    {"bytes_of_a_server_take_no_memory_without_a_listener",
     bytes_of_a_server_take_no_memory_without_a_listener},
};
CHECK_MAIN("session_listen", cases)
