/* Two engines whose carriers are driven by MUFFLER's mapping, and peers that are wrong. */
#include "tm/core/shuffle.h"

#include <string.h>

#include "test/support/check.h"
#include "test/unit/core/session_oom.h"
#include "tm/core/frame.h"
#include "tm/core/session_end.h"

static struct tm_session_cfg cfg_of(enum tm_side side, uint32_t fixed_m)
{
    struct tm_model unused;
    struct tm_session_cfg cfg = session_pair_cfg(side, &unused);
    cfg.drive = TM_DRIVE_SHUFFLE;
    cfg.model = NULL;
    cfg.n_users = fixed_m;
    return cfg;
}

static void settle(struct session_pair *p, int64_t for_us)
{
    unsigned n_astray = 0;
    for (int64_t until_us = p->now_us + for_us; p->now_us < until_us;) {
        for (int side = 0; side < 2 && p->end[side]; side++) {
            struct tm_act act;
            while (tm_session_poll(p->end[side], p->now_us, &act))
                session_pair_act(p, (enum tm_side)side, &act);
            n_astray += session_pair_n_astray(p->end[side]);
        }
        int64_t next_us = tm_session_next_us(p->end[TM_CLIENT]);
        if (p->end[TM_SERVER])
            next_us = tm_min_us(next_us, tm_session_next_us(p->end[TM_SERVER]));
        p->now_us = tm_min_us(until_us, tm_max_us(next_us, p->now_us + 1));
    }
    CHECK_INT(n_astray, 0);
}

static void pair_init(struct session_pair *p, uint32_t fixed_m)
{
    struct tm_session_cfg cfg = cfg_of(TM_CLIENT, fixed_m);
    memset(p, 0, sizeof *p);
    CHECK_INT(tm_session_new(&p->end[TM_CLIENT], &cfg, 0), TM_OK);
    settle(p, 2 * TM_US_PER_S);
    CHECK(p->end[TM_SERVER] != NULL);
}

static void pair_deinit(struct session_pair *p)
{
    tm_session_free(p->end[TM_CLIENT]);
    tm_session_free(p->end[TM_SERVER]);
}

static uint32_t n_live(const struct tm_session *s)
{
    struct tm_session_stats st;
    tm_session_get_stats(s, &st);
    return st.carriers_live;
}

static void what_has_no_meaning_is_refused(void)
{
    struct tm_session *s;
    struct tm_model m;
    struct tm_session_cfg cfg = cfg_of(TM_CLIENT, TM_SHUFFLE_M_MAX + 1);
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_RANGE);
    cfg = cfg_of(TM_CLIENT, 0);
    tm_model_constant_default(&m);
    cfg.model = &m;
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_RANGE);
    cfg = cfg_of(TM_CLIENT, 0);
    cfg.master = TM_SERVER;
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_RANGE);
    cfg = cfg_of(TM_CLIENT, 0);
    cfg.on_demand = true;
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_RANGE);
}

static void idle_carriers_are_open_and_nothing_else_is_sent(void)
{
    struct session_pair p;
    struct tm_session_stats before, after;
    pair_init(&p, 0);
    CHECK_INT(n_live(p.end[TM_CLIENT]), 3);
    CHECK_INT(n_live(p.end[TM_SERVER]), 3);
    tm_session_get_stats(p.end[TM_CLIENT], &before);
    settle(&p, 10 * TM_US_PER_S);
    tm_session_get_stats(p.end[TM_CLIENT], &after);
    CHECK_INT(after.wire_tx_bytes, before.wire_tx_bytes);
    /* Then a keep-alive on each, one record of a few bytes, and its acknowledgement. */
    settle(&p, 30 * TM_US_PER_S);
    tm_session_get_stats(p.end[TM_CLIENT], &after);
    CHECK(after.wire_tx_bytes >= before.wire_tx_bytes + (uint64_t)3 * TM_RECORD_MIN);
    CHECK(after.wire_tx_bytes <= before.wire_tx_bytes + (uint64_t)12 * (TM_RECORD_MIN + 10));
    CHECK_INT(after.carriers_died, 0);
    pair_deinit(&p);
}

static uint64_t open_stream(struct tm_session *s)
{
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    uint64_t id = 0;
    CHECK_INT(tm_session_stream_open(s, &d, &id), TM_OK);
    return id;
}

static void carriers_follow_the_streams(void)
{
    struct session_pair p;
    pair_init(&p, 0);
    uint64_t id[4];
    for (int i = 0; i < 4; i++)
        id[i] = open_stream(p.end[TM_CLIENT]);
    settle(&p, 3 * TM_US_PER_S);
    CHECK_INT(n_live(p.end[TM_CLIENT]), 8);
    for (int i = 0; i < 4; i++)
        tm_session_stream_reset(p.end[TM_CLIENT], id[i], TM_REPLY_FAILURE);
    /* No longer needed: kept, and in the end removed. */
    settle(&p, 120 * TM_US_PER_S);
    CHECK_INT(n_live(p.end[TM_CLIENT]), 8);
    settle(&p, 3600 * TM_US_PER_S);
    CHECK_INT(n_live(p.end[TM_CLIENT]), 3);
    CHECK_INT(n_live(p.end[TM_SERVER]), 3);
    struct tm_session_stats st;
    tm_session_get_stats(p.end[TM_CLIENT], &st);
    CHECK_INT(st.carriers_died, 0);
    CHECK_INT(st.carriers_ended, 5);
    pair_deinit(&p);
}

static void one_stream_is_cut_over_several_carriers(void)
{
    static uint8_t bytes[100000];
    struct session_pair p;
    struct tm_act act;
    bool used[64] = {false};
    unsigned n_used = 0;
    pair_init(&p, 8);
    uint64_t id = open_stream(p.end[TM_CLIENT]);
    CHECK_INT(tm_session_stream_send(p.end[TM_CLIENT], id, bytes, sizeof bytes), sizeof bytes);
    while (tm_session_poll(p.end[TM_CLIENT], p.now_us, &act)) {
        CHECK_INT(act.kind, TM_ACT_WRITE);
        CHECK(act.carrier < 64 && act.is_late_choice);
        n_used += !used[act.carrier];
        used[act.carrier] = true;
        session_pair_act(&p, TM_CLIENT, &act);
    }
    CHECK(n_used >= 6);
    bool end;
    uint64_t got = 0;
    struct tm_view v;
    while ((v = tm_session_stream_peek(p.end[TM_SERVER], id, &end)).len > 0) {
        got += v.len;
        tm_session_stream_consume(p.end[TM_SERVER], id, v.len);
    }
    CHECK_INT(got, sizeof bytes);
    pair_deinit(&p);
}

/* A client's token for a carrier of a session of its own. */
static struct tm_token token_of(const struct session_pair *p, uint32_t k)
{
    struct tm_token t;
    tm_session_token(p->end[TM_CLIENT], 0, &t);
    t.carrier = k;
    return t;
}

static void strange_carriers_are_refused(void)
{
    struct session_pair p;
    pair_init(&p, 0);
    struct tm_session *s = p.end[TM_SERVER];
    uint32_t hello = p.end[TM_CLIENT]->cfg.shape.hello_min;
    struct tm_token t = token_of(&p, 1);
    CHECK_INT(tm_session_accept(s, &t, hello, p.now_us), TM_ERR_PROTO); /* used before */
    t = token_of(&p, 100);
    t.src = TM_SRC_SESSION;
    CHECK_INT(tm_session_accept(s, &t, hello, p.now_us), TM_ERR_PROTO);
    t = token_of(&p, 101);
    t.n_users = 5;
    CHECK_INT(tm_session_accept(s, &t, hello, p.now_us), TM_ERR_PROTO);
    t = token_of(&p, 102);
    t.digest[0] ^= 1;
    CHECK_INT(tm_session_accept(s, &t, hello, p.now_us), TM_ERR_PROTO);
    CHECK_INT(n_live(s), 3);
    pair_deinit(&p);
}

static void a_flood_of_carriers_ends_at_the_limit(void)
{
    struct session_pair p;
    pair_init(&p, 0);
    struct tm_session *s = p.end[TM_SERVER];
    uint32_t most = tm_driver_shuffle.carriers_max;
    for (uint32_t k = 10; k < 10 + 2 * most; k++) {
        struct tm_token t = token_of(&p, k);
        int rc = tm_session_accept(s, &t, p.end[TM_CLIENT]->cfg.shape.hello_min, p.now_us);
        CHECK_INT(rc, k < 10 + most - 3 ? TM_OK : TM_ERR_LIMIT);
    }
    CHECK_INT(n_live(s), most);
    pair_deinit(&p);
}

/* A record with one DATA frame. */
static int data_comes(struct session_pair *p, uint64_t stream, uint64_t offset, size_t n)
{
    static const uint8_t zero[1000];
    uint8_t buf[1100];
    struct tm_wr w = tm_wr_init(buf, sizeof buf);
    tm_frame_encode_data_header(&w, stream, offset, false, false, n);
    tm_wr_bytes(&w, zero, n);
    tm_session_received(p->end[TM_SERVER], 0, w.len + TM_RECORD_OVERHEAD, p->now_us);
    return tm_session_record(p->end[TM_SERVER], 0, buf, w.len, p->now_us);
}

static void data_for_streams_that_ended_is_dropped(void)
{
    struct session_pair p;
    pair_init(&p, 0);
    uint64_t id = open_stream(p.end[TM_CLIENT]);
    settle(&p, TM_US_PER_S);
    CHECK_INT(data_comes(&p, id, 0, 1000), TM_OK);
    tm_session_stream_reset(p.end[TM_SERVER], id, TM_REPLY_FAILURE);
    for (int i = 0; i < 1000; i++)
        CHECK_INT(data_comes(&p, id, 1000 * (uint64_t)i, 1000), TM_OK);
    struct tm_session_stats st;
    tm_session_get_stats(p.end[TM_SERVER], &st);
    CHECK_INT(st.streams_live, 0);
    pair_deinit(&p);
}

/* As before the end of the program: in a round trip the other end knows of all of them. */
static void streams_that_are_all_given_up_end_at_both_ends(void)
{
    struct session_pair p;
    pair_init(&p, 0);
    for (int i = 0; i < 5; i++)
        (void)open_stream(p.end[TM_CLIENT]);
    settle(&p, TM_US_PER_S);
    struct tm_session_stats st;
    tm_session_get_stats(p.end[TM_SERVER], &st);
    CHECK_INT(st.streams_live, 5);
    CHECK(tm_session_is_heard(p.end[TM_CLIENT]));
    tm_session_reset_streams(p.end[TM_CLIENT], TM_REPLY_FAILURE);
    CHECK(!tm_session_is_heard(p.end[TM_CLIENT]));
    tm_session_get_stats(p.end[TM_CLIENT], &st);
    CHECK_INT(st.streams_live, 0);
    settle(&p, TM_US_PER_S);
    CHECK(tm_session_is_heard(p.end[TM_CLIENT]));
    struct tm_event ev;
    while (tm_session_next_event(p.end[TM_SERVER], &ev))
        ;
    tm_session_get_stats(p.end[TM_SERVER], &st);
    CHECK_INT(st.streams_live, 0);
    pair_deinit(&p);
}

static void data_beyond_the_credit_ends_the_session(void)
{
    struct session_pair p;
    pair_init(&p, 0);
    uint64_t id = open_stream(p.end[TM_CLIENT]);
    settle(&p, TM_US_PER_S);
    CHECK_INT(data_comes(&p, id, TM_STREAM_WINDOW_MIN - 1000, 1000), TM_OK);
    CHECK_INT(data_comes(&p, id, TM_STREAM_WINDOW_MIN - 999, 1000), TM_ERR_PROTO);
    CHECK(p.end[TM_SERVER]->failed != NULL);
    pair_deinit(&p);
}

static void a_peer_that_acknowledges_nothing_is_dead(void)
{
    struct session_pair p;
    struct tm_act act;
    bool is_killed = false;
    pair_init(&p, 1);
    uint64_t id = open_stream(p.end[TM_CLIENT]);
    CHECK_INT(tm_session_stream_send(p.end[TM_CLIENT], id, (const uint8_t *)"x", 1), 1);
    tm_session_free(p.end[TM_SERVER]);
    p.end[TM_SERVER] = NULL;
    for (int64_t until_us = p.now_us + 12 * TM_US_PER_S; p.now_us < until_us && !is_killed;
         p.now_us += TM_US_PER_MS) {
        while (!is_killed && tm_session_poll(p.end[TM_CLIENT], p.now_us, &act)) {
            is_killed = act.kind == TM_ACT_KILL;
            if (act.kind == TM_ACT_WRITE)
                session_pair_act(&p, TM_CLIENT, &act);
        }
    }
    CHECK(is_killed);
    pair_deinit(&p);
}

/* The next write of this end, composed and delivered, its departure not reported; false: there is none. */
static bool write_arrives(struct session_pair *p, enum tm_side side, struct tm_act *act)
{
    static uint8_t plain[TM_RECORD_PLAIN_MAX];
    struct tm_session *to = p->end[!side];
    size_t n;
    do {
        if (!tm_session_poll(p->end[side], p->now_us, act))
            return false;
    } while (act->kind != TM_ACT_WRITE);
    while ((n = tm_session_compose(p->end[side], act->carrier, plain, p->now_us)) > 0) {
        tm_session_received(to, act->carrier, n + TM_RECORD_OVERHEAD, p->now_us);
        CHECK_INT(tm_session_record(to, act->carrier, plain, n, p->now_us), TM_OK);
    }
    return true;
}

static void departs(const struct session_pair *p, enum tm_side side, const struct tm_act *act)
{
    tm_session_sent(p->end[side], act->carrier, act->write, p->now_us, p->now_us, 0);
}

/* Two streams lose a byte with a carrier, and both bytes had arrived: that is heard before the second one is sent again. */
static void what_was_lost_and_had_arrived_holds_up_nothing(void)
{
    struct session_pair p;
    struct tm_act first, second, third, act;
    uint64_t id[4];
    pair_init(&p, 3);
    struct tm_session *c = p.end[TM_CLIENT];
    for (int i = 0; i < 4; i++)
        id[i] = open_stream(c);
    settle(&p, TM_US_PER_S);
    CHECK_INT(tm_session_stream_send(c, id[0], (const uint8_t *)"x", 1), 1);
    CHECK(write_arrives(&p, TM_CLIENT, &first));
    CHECK_INT(tm_session_stream_send(c, id[1], (const uint8_t *)"x", 1), 1);
    CHECK(write_arrives(&p, TM_CLIENT, &second));
    CHECK(second.carrier != first.carrier);
    CHECK_INT(tm_session_stream_send(c, id[3], (const uint8_t *)"x", 1), 1);
    CHECK(write_arrives(&p, TM_CLIENT, &third)); /* the third carrier stays full */
    departs(&p, TM_CLIENT, &first);
    CHECK_INT(tm_session_stream_send(c, id[2], (const uint8_t *)"x", 1), 1);
    CHECK(write_arrives(&p, TM_CLIENT, &third));
    CHECK_INT(third.carrier, first.carrier);
    (void)tm_session_gone(c, first.carrier, TM_GONE_LOST, p.now_us);
    departs(&p, TM_CLIENT, &second);
    CHECK(write_arrives(&p, TM_CLIENT, &second)); /* what happened, and one of the two */
    p.now_us += 100 * TM_US_PER_MS;
    while (write_arrives(&p, TM_SERVER, &act))
        departs(&p, TM_SERVER, &act);
    departs(&p, TM_CLIENT, &second);
    tm_session_find(c, second.carrier)->relay->delay_us = TM_US_PER_S; /* no place for control */
    while (write_arrives(&p, TM_CLIENT, &act))
        departs(&p, TM_CLIENT, &act);
    CHECK_INT(tm_session_stream_send(c, id[1], (const uint8_t *)"y", 1), 1);
    CHECK(write_arrives(&p, TM_CLIENT, &act));
    pair_deinit(&p);
}

/* The acknowledgement of one carrier was under way on another, and is lost with it: the first one must not count as silent. */
static void acknowledgements_that_were_lost_are_said_again(void)
{
    static uint8_t plain[TM_RECORD_PLAIN_MAX];
    struct session_pair p;
    struct tm_act act, ack;
    pair_init(&p, 2);
    struct tm_session *c = p.end[TM_CLIENT], *s = p.end[TM_SERVER];
    uint64_t id = open_stream(c);
    settle(&p, TM_US_PER_S);
    CHECK_INT(tm_session_stream_send(c, id, (const uint8_t *)"x", 1), 1);
    CHECK(write_arrives(&p, TM_CLIENT, &act));
    departs(&p, TM_CLIENT, &act);
    tm_session_find(s, act.carrier)->relay->delay_us = TM_US_PER_S; /* so the other one takes it */
    p.now_us += 100 * TM_US_PER_MS;
    CHECK(tm_session_poll(s, p.now_us, &ack) && ack.kind == TM_ACT_WRITE);
    while (tm_session_compose(s, ack.carrier, plain, p.now_us) > 0)
        ; /* it never arrives */
    departs(&p, TM_SERVER, &ack);
    CHECK(ack.carrier != act.carrier);
    (void)tm_session_gone(c, ack.carrier, TM_GONE_LOST, p.now_us);
    (void)tm_session_gone(s, ack.carrier, TM_GONE_LOST, p.now_us);
    settle(&p, TM_US_PER_S);
    const struct tm_carrier *used = tm_session_find(c, act.carrier);
    CHECK(used != NULL && used->acked_records >= used->relay->wanted_ack);
    pair_deinit(&p);
}

/* The server's word that a carrier is over overtakes its FIN: the carrier ends all the same as was meant. */
static void a_report_that_overtakes_the_end_kills_nothing(void)
{
    struct session_pair p;
    struct tm_act act = {0}, other;
    pair_init(&p, 0);
    struct tm_session *c = p.end[TM_CLIENT], *s = p.end[TM_SERVER];
    uint64_t id[4];
    for (int i = 0; i < 4; i++)
        id[i] = open_stream(c);
    settle(&p, 3 * TM_US_PER_S);
    for (int i = 0; i < 4; i++)
        tm_session_stream_reset(c, id[i], TM_REPLY_FAILURE);
    settle(&p, 100 * TM_US_PER_S);
    CHECK_INT(n_live(c), 8);
    for (int i = 0; i < 100000 && act.kind != TM_ACT_CLOSE; i++) {
        p.now_us += 10 * TM_US_PER_MS;
        while (act.kind != TM_ACT_CLOSE && tm_session_poll(c, p.now_us, &act))
            if (act.kind != TM_ACT_CLOSE)
                session_pair_act(&p, TM_CLIENT, &act);
        while (tm_session_poll(s, p.now_us, &other))
            session_pair_act(&p, TM_SERVER, &other);
    }
    CHECK_INT(act.kind, TM_ACT_CLOSE);
    CHECK_INT(tm_session_finished(s, act.carrier, p.now_us), TM_FINISH_ANSWER);
    CHECK(tm_session_gone(s, act.carrier, TM_GONE_CLOSED, p.now_us));
    while (write_arrives(&p, TM_SERVER, &other))
        departs(&p, TM_SERVER, &other);
    while (write_arrives(&p, TM_CLIENT, &other)) {
        CHECK(other.kind == TM_ACT_WRITE);
        departs(&p, TM_CLIENT, &other);
    }
    CHECK(tm_session_gone(c, act.carrier, TM_GONE_CLOSED, p.now_us));
    struct tm_session_stats st;
    tm_session_get_stats(c, &st);
    CHECK_INT(st.carriers_died, 0);
    CHECK_INT(st.carriers_ended, 1);
    pair_deinit(&p);
}

static void every_failing_allocation_is_survived(void)
{
    const struct tm_session_cfg cfg = cfg_of(TM_CLIENT, 4);
    session_oom_each(&cfg, 100000, settle);
}

static const struct check_case cases[] = {
    {"a_report_that_overtakes_the_end_kills_nothing",
     a_report_that_overtakes_the_end_kills_nothing},
    {"every_failing_allocation_is_survived", every_failing_allocation_is_survived},
    {"acknowledgements_that_were_lost_are_said_again",
     acknowledgements_that_were_lost_are_said_again},
    {"what_was_lost_and_had_arrived_holds_up_nothing",
     what_was_lost_and_had_arrived_holds_up_nothing},
    {"what_has_no_meaning_is_refused", what_has_no_meaning_is_refused},
    {"idle_carriers_are_open_and_nothing_else_is_sent",
     idle_carriers_are_open_and_nothing_else_is_sent},
    {"carriers_follow_the_streams", carriers_follow_the_streams},
    {"one_stream_is_cut_over_several_carriers", one_stream_is_cut_over_several_carriers},
    {"strange_carriers_are_refused", strange_carriers_are_refused},
    {"a_flood_of_carriers_ends_at_the_limit", a_flood_of_carriers_ends_at_the_limit},
    {"data_for_streams_that_ended_is_dropped", data_for_streams_that_ended_is_dropped},
    {"streams_that_are_all_given_up_end_at_both_ends",
     streams_that_are_all_given_up_end_at_both_ends},
    {"data_beyond_the_credit_ends_the_session", data_beyond_the_credit_ends_the_session},
    {"a_peer_that_acknowledges_nothing_is_dead", a_peer_that_acknowledges_nothing_is_dead},
};
CHECK_MAIN("shuffle_driver", cases)
