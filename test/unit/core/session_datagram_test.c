/* test/unit/core/session_datagram_test.c - streams of datagrams between two engines: whole and in order, lost only before they are bytes, before bulk, and
 * nothing of it in what leaves when. */
#include "tm/core/session_datagram.h"

#include <string.h>

#include "test/support/check.h"
#include "test/unit/core/session_pair.h"
#include "tm/base/rng.h"
#include "tm/core/session_int.h"

#define MARKS 4096U

struct talk {
    struct session_pair pair;
    uint64_t client, server;       /* ids, 0: none yet */
    bool is_deaf;                  /* the server does not take what comes */
    uint32_t n_got[2];             /* by the side that got them */
    uint32_t last[2];              /* number of the last one */
    uint32_t n_bad;                /* wrong bytes, or out of order */
    int64_t delay_us;              /* of the last one up */
    uint64_t n_marks, mark[MARKS]; /* what leaves when: a hash of each action */
};

static const struct tm_dest to = {
    .kind = TM_ADDR_IPV4, .len = 4, .addr = {192, 0, 2, 7}, .port = 53};

/* A datagram of `len` >= 12 bytes: number, time, filling. */
static int put(struct talk *t, enum tm_side side, uint32_t number, size_t len)
{
    static uint8_t data[TM_DATAGRAM_MAX + 1];
    struct tm_wr w = tm_wr_init(data, sizeof data);
    tm_wr_u32(&w, number);
    tm_wr_u64(&w, (uint64_t)t->pair.now_us);
    memset(data + 12, (uint8_t)number, len - 12);
    const struct tm_datagram d = {.dest = to, .data = {data, len}};
    return tm_session_datagram_send(t->pair.end[side], side == TM_CLIENT ? t->client : t->server,
                                    &d, t->pair.now_us);
}

static void take(struct talk *t, enum tm_side side)
{
    struct tm_datagram d;
    uint64_t id = side == TM_CLIENT ? t->client : t->server;
    while (tm_session_datagram_next(t->pair.end[side], id, &d) == 1) {
        struct tm_rd r = tm_rd_init(d.data.p, d.data.len);
        uint32_t number = tm_rd_u32(&r);
        int64_t at_us = (int64_t)tm_rd_u64(&r);
        bool is_good = tm_rd_ok(&r) && memcmp(&d.dest, &to, sizeof to) == 0 &&
                       (t->n_got[side] == 0 || number > t->last[side]);
        while (r.len > 0)
            is_good = tm_rd_u8(&r) == (uint8_t)number && is_good;
        t->n_bad += !is_good;
        t->n_got[side]++;
        t->last[side] = number;
        if (side == TM_SERVER)
            t->delay_us = t->pair.now_us - at_us;
    }
}

static void hear(struct talk *t, enum tm_side side)
{
    struct tm_session *s = t->pair.end[side];
    struct tm_event ev;
    while (tm_session_next_event(s, &ev)) {
        if (ev.kind == TM_EVENT_OPEN && tm_session_means_datagrams(&ev.dest)) {
            t->server = ev.stream;
            CHECK_INT(tm_session_datagrams_accept(s, ev.stream), TM_OK);
            tm_session_stream_reply(s, ev.stream, TM_REPLY_OK);
        } else if (ev.kind == TM_EVENT_OPEN) {
            tm_session_stream_reply(s, ev.stream, TM_REPLY_OK);
        }
        bool is_ours = ev.stream == (side == TM_CLIENT ? t->client : t->server);
        if (ev.kind == TM_EVENT_READABLE && is_ours && !(t->is_deaf && side == TM_SERVER))
            take(t, side);
        if (ev.kind == TM_EVENT_READABLE && !is_ours) {
            bool end;
            struct tm_view v = tm_session_stream_peek(s, ev.stream, &end);
            tm_session_stream_consume(s, ev.stream, v.len);
        }
    }
}

static void note(struct talk *t, enum tm_side side, const struct tm_act *act)
{
    uint64_t mark = (uint64_t)act->kind;
    mark = mark * 31 + (uint64_t)side;
    mark = mark * 31 + act->carrier;
    mark = mark * 65537 + act->size;
    mark = mark * 65537 + (uint64_t)act->due_us;
    if (t->n_marks < MARKS)
        t->mark[t->n_marks++] = mark;
}

static void play(struct talk *t, int64_t until_us)
{
    struct session_pair *p = &t->pair;
    while (p->now_us < until_us) {
        p->now_us += TM_US_PER_MS;
        for (int side = 0; side < 2 && p->end[side]; side++) {
            struct tm_act act;
            while (tm_session_poll(p->end[side], p->now_us, &act)) {
                note(t, (enum tm_side)side, &act);
                session_pair_act(p, (enum tm_side)side, &act);
            }
        }
        for (int side = 0; side < 2 && p->end[side]; side++)
            hear(t, (enum tm_side)side);
    }
}

/* Two ends whose carriers have begun, writes of size_bytes every interval; with a stream of datagrams. */
static void start(struct talk *t, uint32_t size_bytes, uint32_t interval_us)
{
    struct session_pair *p = &t->pair;
    memset(t, 0, sizeof *t);
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &p->model);
    p->model.u.constant = (struct tm_constant){size_bytes, interval_us, 1000};
    CHECK_INT(tm_session_new(&p->end[TM_CLIENT], &cfg, 0), TM_OK);
    CHECK_INT(tm_session_datagrams_open(p->end[TM_CLIENT], &t->client), TM_OK);
    for (int s = 1; s <= 60 && t->server == 0; s++)
        play(t, s * TM_US_PER_S);
    CHECK(t->server != 0);
}

static void stop(struct talk *t)
{
    CHECK_INT(session_pair_n_astray(t->pair.end[TM_CLIENT]), 0);
    CHECK_INT(session_pair_n_astray(t->pair.end[TM_SERVER]), 0);
    tm_session_free(t->pair.end[TM_CLIENT]);
    tm_session_free(t->pair.end[TM_SERVER]);
}

static struct talk t;

static void all_lengths_arrive_whole_and_in_order(void)
{
    static const size_t lens[] = {12, 13, 100, 1400, 9000, 40000, TM_DATAGRAM_MAX};
    start(&t, 20000, 20000);
    uint32_t number = 0;
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
            for (int side = 0; side < 2; side++)
                CHECK_INT(put(&t, (enum tm_side)side, number, lens[i]), TM_OK);
            number++;
            play(&t, t.pair.now_us + 200 * TM_US_PER_MS);
        }
    }
    struct tm_session_datagrams n;
    tm_session_get_datagrams(t.pair.end[TM_CLIENT], &n);
    CHECK_INT(t.n_got[TM_CLIENT], number);
    CHECK_INT(t.n_got[TM_SERVER], number);
    CHECK_INT(t.n_bad, 0);
    CHECK_INT(n.n_tx, number);
    CHECK_INT(n.n_rx, number);
    CHECK_INT(n.n_dropped, 0);
    CHECK_INT(put(&t, TM_CLIENT, 0, TM_DATAGRAM_MAX + 1), TM_ERR_RANGE);
    stop(&t);
}

static void a_flood_loses_the_oldest_and_merges_nothing(void)
{
    start(&t, 1000, 10000); /* 100 kB a second */
    uint32_t number = 0;
    for (int ms = 0; ms < 1500; ms++) { /* 1.2 MB a second */
        CHECK_INT(put(&t, TM_CLIENT, number++, 1200), TM_OK);
        play(&t, t.pair.now_us + TM_US_PER_MS);
    }
    play(&t, t.pair.now_us + 4 * TM_US_PER_S);
    struct tm_session_datagrams n;
    tm_session_get_datagrams(t.pair.end[TM_CLIENT], &n);
    CHECK_INT(t.n_bad, 0);
    CHECK_INT(t.last[TM_SERVER], number - 1);
    CHECK_INT(n.n_dropped + n.n_tx, number);
    CHECK_INT(t.n_got[TM_SERVER], n.n_tx);
    CHECK(n.n_dropped > 1000 && n.n_tx > 150);
    stop(&t);
}

static void who_does_not_take_them_stops_them_at_the_sender(void)
{
    start(&t, 20000, 5000);
    t.is_deaf = true;
    uint32_t number = 0;
    for (int ms = 0; ms < 1000; ms++) {
        CHECK_INT(put(&t, TM_CLIENT, number++, 1200), TM_OK);
        play(&t, t.pair.now_us + TM_US_PER_MS);
    }
    struct tm_session_datagrams n;
    tm_session_get_datagrams(t.pair.end[TM_CLIENT], &n);
    CHECK(n.n_tx * 1200 <= TM_STREAM_WINDOW_MIN); /* the credit of the start, and no more */
    CHECK(n.n_dropped > 500);
    t.is_deaf = false;
    take(&t, TM_SERVER);
    play(&t, t.pair.now_us + TM_US_PER_S);
    CHECK_INT(t.last[TM_SERVER], number - 1);
    CHECK_INT(t.n_bad, 0);
    stop(&t);
}

static void what_waited_too_long_is_never_sent(void)
{
    start(&t, 1000, 8000000); /* a buffer each 8 seconds */
    CHECK_INT(put(&t, TM_CLIENT, 1, 100), TM_OK);
    int64_t from_us = t.pair.now_us;
    play(&t, from_us + 2500 * TM_US_PER_MS);
    uint32_t n_early = t.n_got[TM_SERVER];
    struct tm_session_datagrams n;
    play(&t, from_us + 60 * TM_US_PER_S);
    tm_session_get_datagrams(t.pair.end[TM_CLIENT], &n);
    CHECK_INT(n_early, 0);
    CHECK_INT(n.n_dropped, 1);
    CHECK_INT(t.n_got[TM_SERVER], 0);
    CHECK_INT(put(&t, TM_CLIENT, 2, 100), TM_OK); /* a buffer takes one that is young enough */
    for (int i = 0; i < 20 && t.n_got[TM_SERVER] == 0; i++) {
        play(&t, t.pair.now_us + TM_US_PER_S);
        CHECK_INT(put(&t, TM_CLIENT, (uint32_t)(3 + i), 100), TM_OK);
    }
    CHECK(t.n_got[TM_SERVER] > 0);
    stop(&t);
}

static void datagrams_pass_bulk(void)
{
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    static const uint8_t bulk[100000];
    uint64_t ids[4];
    start(&t, 1448, 10000);
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(tm_session_stream_open(t.pair.end[TM_CLIENT], &d, &ids[i]), TM_OK);
    int64_t worst_us = 0;
    for (uint32_t n = 0; n < 100; n++) {
        for (size_t i = 0; i < 4; i++)
            CHECK(tm_session_stream_send(t.pair.end[TM_CLIENT], ids[i], bulk, sizeof bulk) >= 0);
        CHECK_INT(put(&t, TM_CLIENT, n, 200), TM_OK);
        play(&t, t.pair.now_us + 47 * TM_US_PER_MS);
        CHECK_INT(t.n_got[TM_SERVER], n + 1);
        worst_us = tm_max_us(worst_us, t.delay_us);
    }
    CHECK(
        worst_us <=
        25 * TM_US_PER_MS); /* two buffers, although 100 kB and more wait in each of four streams */
    stop(&t);
}

static void what_leaves_when_is_the_same_with_and_without(void)
{
    static uint64_t idle[MARKS];
    start(&t, 1448, 5000);
    play(&t, 4 * TM_US_PER_S);
    uint64_t n = t.n_marks;
    memcpy(idle, t.mark, sizeof idle);
    stop(&t);
    start(&t, 1448, 5000);
    for (uint32_t number = 0; t.pair.now_us < 4 * TM_US_PER_S; number++) {
        for (int side = 0; side < 2; side++)
            CHECK_INT(put(&t, (enum tm_side)side, number, 12 + number % 3000), TM_OK);
        play(&t, t.pair.now_us + TM_US_PER_MS);
    }
    CHECK(n > 500 && t.n_got[TM_SERVER] > 100);
    CHECK_INT(t.n_marks, n);
    CHECK_MEM(t.mark, idle, n * sizeof idle[0]);
    stop(&t);
}

static void there_are_so_many_streams_and_no_more(void)
{
    start(&t, 20000, 5000);
    struct tm_session *c = t.pair.end[TM_CLIENT];
    uint64_t id, last = 0;
    for (uint32_t i = 1; i < TM_DATAGRAM_STREAMS_MAX; i++)
        CHECK_INT(tm_session_datagrams_open(c, &last), TM_OK);
    CHECK_INT(tm_session_datagrams_open(c, &id), TM_ERR_LIMIT);
    tm_session_stream_reset(c, last, TM_REPLY_OK);
    CHECK_INT(tm_session_datagrams_open(c, &id), TM_OK);
    const struct tm_datagram d = {.dest = to, .data = {(const uint8_t *)"x", 1}};
    CHECK_INT(tm_session_datagram_send(c, last, &d, t.pair.now_us), TM_ERR_CLOSED);
    CHECK_INT(tm_session_datagram_send(c, 0, &d, t.pair.now_us), TM_ERR_CLOSED);
    stop(&t);
}

static void what_is_no_datagram_is_told(void)
{
    struct tm_datagram d;
    start(&t, 1448, 5000);
    struct tm_stream *st = tm_session_stream(t.pair.end[TM_CLIENT], t.client);
    CHECK(tm_sendbuf_put(&st->tx, (const uint8_t *)"\1\7\0\0", 4) == 4);
    tm_session_note_ready(t.pair.end[TM_CLIENT], st);
    t.is_deaf = true;
    play(&t, t.pair.now_us + TM_US_PER_S);
    CHECK_INT(tm_session_datagram_next(t.pair.end[TM_SERVER], t.server, &d), TM_ERR_PROTO);
    stop(&t);
}

static void one_that_is_cut_by_the_end_is_told(void)
{
    struct tm_datagram d;
    start(&t, 1448, 5000);
    struct tm_stream *st = tm_session_stream(t.pair.end[TM_CLIENT], t.client);
    CHECK(tm_sendbuf_put(&st->tx, (const uint8_t *)"\5\1\0\0", 4) == 4);
    tm_session_stream_finish(t.pair.end[TM_CLIENT], t.client);
    t.is_deaf = true;
    play(&t, t.pair.now_us + TM_US_PER_S);
    CHECK_INT(tm_session_datagram_next(t.pair.end[TM_SERVER], t.server, &d), TM_ERR_PROTO);
    stop(&t);
}

static const struct check_case cases[] = {
    {"all_lengths_arrive_whole_and_in_order", all_lengths_arrive_whole_and_in_order},
    {"a_flood_loses_the_oldest_and_merges_nothing", a_flood_loses_the_oldest_and_merges_nothing},
    {"who_does_not_take_them_stops_them_at_the_sender",
     who_does_not_take_them_stops_them_at_the_sender},
    {"what_waited_too_long_is_never_sent", what_waited_too_long_is_never_sent},
    {"datagrams_pass_bulk", datagrams_pass_bulk},
    {"what_leaves_when_is_the_same_with_and_without",
     what_leaves_when_is_the_same_with_and_without},
    {"there_are_so_many_streams_and_no_more", there_are_so_many_streams_and_no_more},
    {"what_is_no_datagram_is_told", what_is_no_datagram_is_told},
    {"one_that_is_cut_by_the_end_is_told", one_that_is_cut_by_the_end_is_told},
};
CHECK_MAIN("session_datagram", cases)
