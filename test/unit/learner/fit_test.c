#include "learner/fit.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"

#define NONE TM_PAIR_NONE

/* A capture under construction. */
struct capture {
    struct tm_pair pair[16];
    uint32_t n_pairs;
    struct tm_record record[16];
    size_t n_records;
};

static struct tm_pair_pool pool_of(struct capture *c)
{
    return (struct tm_pair_pool){.pair = c->pair, .n_pairs = c->n_pairs, .cap_pairs = 16};
}

/* Times in ms; round trips of 10 ms to the server and 2 ms to the client. */
static struct tm_conn *conn(struct capture *c, uint8_t client, uint8_t server, int64_t start_ms,
                            int64_t end_ms)
{
    struct tm_record *r = &c->record[c->n_records++];
    *r = (struct tm_record){
        .client = {client}, .server = {server}, .client_port = 5000, .server_port = 443};
    r->conn = (struct tm_conn){
        .start_us = start_ms * 1000,
        .end_us = end_ms * 1000,
        .data_us = end_ms * 1000,
        .bytes = {100, 1000},
        .rtt_us = {10000, 2000},
        .first_pair = NONE,
        .close_think_us = NONE,
    };
    return &r->conn;
}

static void pair(struct capture *c, struct tm_conn *conn, uint32_t req, uint32_t rsp,
                 uint32_t req_think_us, uint32_t server_think_us)
{
    uint32_t i = c->n_pairs++;
    c->pair[i] = (struct tm_pair){req, rsp, req_think_us, server_think_us, NONE};
    if (conn->first_pair == NONE)
        conn->first_pair = i;
    else
        c->pair[i - 1].next = i;
    conn->n_pairs++;
}

static void fit(struct capture *c, enum tm_user_key key, struct tm_samples *samples)
{
    struct tm_fit_cfg cfg = {.group = tm_group_cfg_default(), .key = key};
    struct tm_group_counts counts = {0};
    struct tm_pair_pool pool = pool_of(c);
    CHECK_INT(tm_fit_records(&cfg, &pool, c->record, c->n_records, samples, &counts), TM_OK);
}

static void check_samples(const struct tm_samples *s, unsigned p, const uint64_t *want, size_t n)
{
    CHECK_INT(s->n[p], n);
    for (size_t i = 0; i < n && i < s->n[p]; i++)
        CHECK_INT(s->v[p][i], want[i]);
}
#define CHECK_SAMPLES(s, p, ...)                                                                   \
    check_samples(s, p, (const uint64_t[]){__VA_ARGS__},                                           \
                  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void pairs_become_samples_without_their_round_trips(void)
{
    struct capture c = {.n_pairs = 0};
    struct tm_samples s = {0};
    struct tm_conn *a = conn(&c, 1, 2, 0, 500);
    pair(&c, a, 300, 4000, NONE, 15000);
    pair(&c, a, 90, NONE, 7000, NONE);
    fit(&c, TM_USER_CLIENT, &s);
    CHECK_SAMPLES(&s, TM_SWING_NUM_PAIRS, 2);
    CHECK_SAMPLES(&s, TM_SWING_REQ, 300, 90);
    CHECK_SAMPLES(&s, TM_SWING_RSP, 4000);
    CHECK_SAMPLES(&s, TM_SWING_SERVER_THINK, 5000);
    CHECK_SAMPLES(&s, TM_SWING_REQ_THINK, 5000);
    CHECK_INT(s.n[TM_SWING_CLOSE_THINK], 0);
    tm_samples_deinit(&s);
}

static void close_contains_a_round_trip_only_when_the_other_side_spoke_last(void)
{
    static const struct {
        enum tm_dir data;
        enum tm_dir close;
        uint64_t want_us;
    } t[] = {{TM_UP, TM_UP, 30000},
             {TM_DOWN, TM_DOWN, 30000},
             {TM_DOWN, TM_UP, 28000},
             {TM_UP, TM_DOWN, 20000}};
    for (size_t i = 0; i < 4; i++) {
        struct capture c = {.n_pairs = 0};
        struct tm_samples s = {0};
        struct tm_conn *a = conn(&c, 1, 2, 0, 500);
        pair(&c, a, 300, 4000, NONE, 15000);
        a->close_think_us = 30000;
        a->data_dir = (uint8_t)t[i].data;
        a->close_dir = (uint8_t)t[i].close;
        fit(&c, TM_USER_CLIENT, &s);
        CHECK_SAMPLES(&s, TM_SWING_CLOSE_THINK, t[i].want_us);
        tm_samples_deinit(&s);
    }
}

static void sessions_are_of_clients_or_of_pairs(void)
{
    for (int key = 0; key < 2; key++) {
        struct capture c = {.n_pairs = 0};
        struct tm_samples s = {0};
        /* not in the order of time; client 1 with servers 2 and 3, client 4 */
        pair(&c, conn(&c, 1, 3, 1000, 1500), 10, 20, NONE, NONE);
        pair(&c, conn(&c, 4, 2, 1100, 1200), 10, 20, NONE, NONE);
        pair(&c, conn(&c, 1, 2, 0, 500), 10, 20, NONE, NONE);
        fit(&c, key == 0 ? TM_USER_CLIENT : TM_USER_PAIR, &s);
        if (key == 0) {
            CHECK_SAMPLES(&s, TM_SWING_NUM_CONN, 2, 1);
            CHECK_SAMPLES(&s, TM_SWING_INTER_CONN, 1000000);
        } else {
            CHECK_SAMPLES(&s, TM_SWING_NUM_CONN, 1, 1, 1);
            CHECK_INT(s.n[TM_SWING_INTER_CONN], 0);
        }
        tm_samples_deinit(&s);
    }
}

/* Servers 10.1.2.N: /31 joins 2 with 3; an IPv6 server is a network of its own. */
static void sessions_are_of_a_client_with_a_network_of_servers(void)
{
    static const uint8_t last[] = {2, 3, 4, 2};
    static const uint8_t mapped[TM_ADDR_LEN] = {
        [10] = 0xff, [11] = 0xff, [12] = 10, [13] = 1, [14] = 2};
    struct capture c = {.n_pairs = 0};
    struct tm_samples s = {0};
    for (size_t i = 0; i < 4; i++) {
        pair(&c, conn(&c, i == 3 ? 9 : 1, 0, 100 * (int64_t)i, 500), 10, 20, NONE, NONE);
        memcpy(c.record[i].server, mapped, TM_ADDR_LEN);
        c.record[i].server[15] = last[i];
    }
    pair(&c, conn(&c, 1, 0, 700, 800), 10, 20, NONE, NONE);
    c.record[4].server[0] = 0x20; /* 2000::2 */
    c.record[4].server[15] = 2;
    struct tm_fit_cfg cfg = {
        .group = tm_group_cfg_default(), .key = TM_USER_NET, .server_bits = 31};
    struct tm_group_counts counts = {0};
    struct tm_pair_pool pool = pool_of(&c);
    CHECK_INT(tm_fit_records(&cfg, &pool, c.record, c.n_records, &s, &counts), TM_OK);
    CHECK_INT(counts.n_sessions, 4);
    CHECK_SAMPLES(&s, TM_SWING_NUM_CONN, 2, 1, 1, 1);
    CHECK_SAMPLES(&s, TM_SWING_INTER_CONN, 100000);
    tm_samples_deinit(&s);
}

static void round_trips_are_those_of_hosts_not_of_connections(void)
{
    struct capture c = {.n_pairs = 0};
    struct tm_samples s = {0};
    struct tm_conn *a = conn(&c, 1, 2, 0, 500);
    pair(&c, a, 10, 20, NONE, 15000);
    a->rtt_us[TM_UP] = 12000;
    a = conn(&c, 1, 2, 600, 700);
    pair(&c, a, 10, 20, NONE, 15000);
    a->rtt_us[TM_UP] = NONE;
    fit(&c, TM_USER_CLIENT, &s);
    CHECK_SAMPLES(&s, TM_SWING_SERVER_THINK, 3000, 3000);
    tm_samples_deinit(&s);
}

static void parts_of_a_cut_connection_do_not_weigh_its_round_trip(void)
{
    struct capture c = {.n_pairs = 0};
    struct tm_samples s = {0};
    static const uint32_t rtt_us[] = {10000, 2000, 12000, 14000, 14000};
    for (size_t i = 0; i < 5; i++) {
        struct tm_conn *a = conn(&c, 1, 2, (int64_t)i * 600, (int64_t)i * 600 + 500);
        pair(&c, a, 10, 20, NONE, 15000);
        a->rtt_us[TM_UP] = rtt_us[i];
        a->is_pseudo = i > 2;
    }
    fit(&c, TM_USER_CLIENT, &s);
    CHECK_SAMPLES(&s, TM_SWING_SERVER_THINK, 5000, 5000, 5000, 5000,
                  5000); /* the median of three */
    tm_samples_deinit(&s);
}

static void zero_bytes_count_as_one(void)
{
    struct capture c = {.n_pairs = 0};
    struct tm_samples s = {0};
    pair(&c, conn(&c, 1, 2, 0, 500), 0, 0, NONE, NONE);
    fit(&c, TM_USER_CLIENT, &s);
    CHECK_SAMPLES(&s, TM_SWING_REQ, 1);
    CHECK_SAMPLES(&s, TM_SWING_RSP, 1);
    tm_samples_deinit(&s);
}

static void empty_capture_adds_nothing(void)
{
    struct capture c = {.n_pairs = 0};
    struct tm_samples s = {0};
    fit(&c, TM_USER_CLIENT, &s);
    CHECK_INT(s.n[TM_SWING_NUM_PAIRS], 0);
    tm_samples_deinit(&s);
}

static void make_two_captures(struct capture *a, struct capture *b)
{
    *a = (struct capture){.n_pairs = 0};
    *b = (struct capture){.n_pairs = 0};
    struct tm_conn *c = conn(a, 1, 2, 0, 500);
    pair(a, c, 300, 4000, NONE, 15000);
    pair(a, c, 90, 500, 7000, 11000);
    pair(a, conn(a, 1, 2, 90000, 91000), 301, 4001, NONE, 15001);
    c = conn(b, 1, 2, 50000, 50500); /* the same hosts, with other round trips */
    c->rtt_us[TM_UP] = 14000;
    pair(b, c, 302, 4002, NONE, 15002);
    pair(b, conn(b, 1, 3, 52000, 53000), 303, 4003, NONE, 15003);
}

static void order_of_captures_does_not_matter(void)
{
    struct capture a;
    struct capture b;
    uint8_t digest[2][TM_DIGEST_LEN];
    make_two_captures(&a, &b);
    for (int order = 0; order < 2; order++) {
        struct tm_samples s = {0};
        struct tm_model m;
        fit(order == 0 ? &a : &b, TM_USER_CLIENT, &s);
        fit(order == 0 ? &b : &a, TM_USER_CLIENT, &s);
        CHECK_INT(tm_fit_model(&s, "x", TM_DIST_POINTS_MAX, &m), TM_OK);
        tm_model_digest(&m, digest[order]);
        tm_model_deinit(&m);
        tm_samples_deinit(&s);
    }
    CHECK_MEM(digest[0], digest[1], TM_DIGEST_LEN);
}

static void order_of_records_does_not_matter(void)
{
    struct capture a;
    struct capture b;
    uint8_t digest[2][TM_DIGEST_LEN];
    make_two_captures(&a, &b);
    for (int order = 0; order < 2; order++) {
        struct tm_samples s = {0};
        struct tm_model m;
        fit(&a, TM_USER_CLIENT, &s);
        CHECK_INT(tm_fit_model(&s, "x", TM_DIST_POINTS_MAX, &m), TM_OK);
        tm_model_digest(&m, digest[order]);
        tm_model_deinit(&m);
        tm_samples_deinit(&s);
        struct tm_record swap = a.record[0];
        a.record[0] = a.record[1];
        a.record[1] = swap;
    }
    CHECK_MEM(digest[0], digest[1], TM_DIGEST_LEN);
}

static void model_has_the_name_and_passes_its_check(void)
{
    struct capture a;
    struct capture b;
    struct tm_samples s = {0};
    struct tm_model m;
    struct tm_msg msg;
    make_two_captures(&a, &b);
    fit(&a, TM_USER_CLIENT, &s);
    CHECK_INT(tm_fit_model(&s, "https", TM_DIST_POINTS_MAX, &m), TM_OK);
    CHECK_STR(m.name, "https");
    CHECK_INT(m.kind, TM_MODEL_SWING);
    CHECK_INT(tm_model_check(&m, &msg), TM_OK);
    CHECK_INT(tm_dist_total(&m.u.swing.param[TM_SWING_REQ]), 3);
    CHECK_INT(tm_dist_quantile(&m.u.swing.param[TM_SWING_REQ], 1000), 301);
    tm_model_deinit(&m);
    tm_samples_deinit(&s);
}

static void connections_held_open_end_with_their_last_byte(void)
{
    for (int end = TM_END_CLOSE; end <= TM_END_PAYLOAD; end++) {
        struct capture c = {0};
        struct tm_samples s = {0};
        struct tm_group_counts counts = {0};
        struct tm_fit_cfg cfg = {.group = tm_group_cfg_default(), .end = (enum tm_conn_end)end};
        conn(&c, 1, 9, 0, 65000)->data_us = 1000000;
        conn(&c, 1, 9, 11002, 76000)->data_us = 12000000;
        struct tm_pair_pool pool = pool_of(&c);
        CHECK_INT(tm_fit_records(&cfg, &pool, c.record, c.n_records, &s, &counts), TM_OK);
        CHECK_INT(counts.n_rres, end == TM_END_PAYLOAD ? 2 : 1);
        if (end == TM_END_PAYLOAD)
            CHECK_SAMPLES(&s, TM_SWING_INTER_RRE, 10000000); /* 10.002 s less 2 ms */
        else
            CHECK_SAMPLES(&s, TM_SWING_INTER_CONN, 11002000);
        tm_samples_deinit(&s);
    }
}

static void what_is_not_played_is_measured(void)
{
    struct capture c = {0};
    struct tm_samples s = {0};
    conn(&c, 1, 9, 0, 1000);
    conn(&c, 2, 9, 500000, 1000000);
    conn(&c, 2, 8, 900000, 901000);
    c.record[0].path = (struct tm_path_conn){
        .mss_bytes = 1460, .capacity_bps = {0, 8000000}, .n_data = {10, 0}, .n_lost = {1, 0}};
    fit(&c, TM_USER_CLIENT, &s);
    CHECK_SAMPLES(&s, TM_SAMPLES_MEASURED(TM_MEASURED_MSS), 1460);
    CHECK_SAMPLES(&s, TM_SAMPLES_MEASURED(TM_MEASURED_CAPACITY_DOWN), 8000000);
    CHECK_INT(tm_samples_total(&s, TM_SAMPLES_MEASURED(TM_MEASURED_CAPACITY_UP)), 0);
    CHECK_SAMPLES(&s, TM_SAMPLES_MEASURED(TM_MEASURED_LOSS_UP), 100000);
    CHECK_INT(tm_samples_total(&s, TM_SAMPLES_MEASURED(TM_MEASURED_LOSS_DOWN)), 0);
    CHECK_SAMPLES(&s, TM_SAMPLES_MEASURED(TM_MEASURED_RTT_CLIENT), 2000, 2000, 2000);
    CHECK_SAMPLES(&s, TM_SAMPLES_MEASURED(TM_MEASURED_RTT_SERVER), 10000, 10000, 10000);
    CHECK_SAMPLES(&s, TM_SAMPLES_MEASURED(TM_MEASURED_SESSION_START), 0, 500000);
    CHECK_SAMPLES(&s, TM_SAMPLES_MEASURED(TM_MEASURED_CLIENT_SESSIONS), 1, 1);
    CHECK_SAMPLES(&s, TM_SAMPLES_MEASURED(TM_MEASURED_SERVER_CONNS), 2, 1);
    tm_samples_deinit(&s);
}

static void rules_mark_where_they_cut(void)
{
    struct tm_fit_cfg cfg = {.group = tm_group_cfg_default()};
    struct tm_exchange_cfg exchange = tm_exchange_cfg_default();
    struct capture c = {0};
    struct tm_samples s = {0};
    struct tm_model m;
    conn(&c, 1, 9, 0, 1000);
    conn(&c, 1, 9, 100, 1000);
    fit(&c, TM_USER_CLIENT, &s);
    CHECK_INT(tm_fit_model(&s, "x", TM_DIST_POINTS_MAX, &m), TM_OK);
    tm_fit_bounds(&cfg, &exchange, m.u.swing.param, m.u.swing.bound);
    CHECK_INT(m.u.swing.bound[TM_SWING_INTER_CONN].most, 30000000);
    CHECK_INT(m.u.swing.bound[TM_SWING_INTER_CONN].least, 0);
    CHECK_INT(m.u.swing.bound[TM_SWING_INTER_RRE].most, 0); /* it has no samples */
    CHECK_INT(m.u.swing.bound[TM_SWING_NUM_PAIRS].most, 200);
    CHECK_INT(m.u.swing.bound[TM_SWING_REQ].most, 0);
    tm_model_deinit(&m);
    tm_samples_deinit(&s);
}

static const struct check_case cases[] = {
    {"connections_held_open_end_with_their_last_byte",
     connections_held_open_end_with_their_last_byte},
    {"what_is_not_played_is_measured", what_is_not_played_is_measured},
    {"rules_mark_where_they_cut", rules_mark_where_they_cut},
    {"pairs_become_samples_without_their_round_trips",
     pairs_become_samples_without_their_round_trips},
    {"close_contains_a_round_trip_only_when_the_other_side_spoke_last",
     close_contains_a_round_trip_only_when_the_other_side_spoke_last},
    {"sessions_are_of_clients_or_of_pairs", sessions_are_of_clients_or_of_pairs},
    {"sessions_are_of_a_client_with_a_network_of_servers",
     sessions_are_of_a_client_with_a_network_of_servers},
    {"round_trips_are_those_of_hosts_not_of_connections",
     round_trips_are_those_of_hosts_not_of_connections},
    {"zero_bytes_count_as_one", zero_bytes_count_as_one},
    {"empty_capture_adds_nothing", empty_capture_adds_nothing},
    {"order_of_captures_does_not_matter", order_of_captures_does_not_matter},
    {"order_of_records_does_not_matter", order_of_records_does_not_matter},
    {"model_has_the_name_and_passes_its_check", model_has_the_name_and_passes_its_check},
    {"parts_of_a_cut_connection_do_not_weigh_its_round_trip",
     parts_of_a_cut_connection_do_not_weigh_its_round_trip},
};
CHECK_MAIN("fit", cases)
