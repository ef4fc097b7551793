#include "learner/world.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"

enum { CLIENT = 1, SERVER = 2 };

static const uint16_t default_ports[] = {443, 8443};

static struct tm_world_cfg config(void)
{
    return (struct tm_world_cfg){
        .ports = default_ports,
        .n_ports = 2,
        .min_packets = 1,
        .exchange = tm_exchange_cfg_default(),
        .flow = {.max_flows = 1000, .linger_us = 60 * TM_US_PER_S},
    };
}

static struct tm_world *world(const struct tm_world_cfg *cfg)
{
    struct tm_world *w = NULL;
    CHECK_INT(tm_world_new(&w, cfg), TM_OK);
    return w;
}

/* A packet from host `src` to host `dst`. */
static void feed(struct tm_world *w, int64_t t_ms, uint8_t src, unsigned src_port, uint8_t dst,
                 unsigned dst_port, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct tm_packet p = {
        .t_us = t_ms * 1000,
        .src = {src},
        .dst = {dst},
        .src_port = (uint16_t)src_port,
        .dst_port = (uint16_t)dst_port,
        .flags = (uint8_t)flags,
        .seq = seq,
        .ack = ack,
        .payload_len = len,
    };
    CHECK_INT(tm_world_packet(w, &p), TM_OK);
}

/* A whole connection of 9 packets, from t_ms on. */
static void connection(struct tm_world *w, int64_t t_ms, uint8_t client, unsigned client_port,
                       unsigned server_port, uint32_t isn)
{
    uint32_t down = 5000;
    unsigned c = client_port;
    unsigned s = server_port;
    feed(w, t_ms, client, c, SERVER, s, TM_TCP_SYN, isn, 0, 0);
    feed(w, t_ms + 10, SERVER, s, client, c, TM_TCP_SYN | TM_TCP_ACK, down, isn + 1, 0);
    feed(w, t_ms + 11, client, c, SERVER, s, TM_TCP_ACK, isn + 1, down + 1, 0);
    feed(w, t_ms + 12, client, c, SERVER, s, TM_TCP_ACK, isn + 1, down + 1, 100);
    feed(w, t_ms + 30, SERVER, s, client, c, TM_TCP_ACK, down + 1, isn + 101, 0);
    feed(w, t_ms + 40, SERVER, s, client, c, TM_TCP_ACK, down + 1, isn + 101, 900);
    feed(w, t_ms + 50, client, c, SERVER, s, TM_TCP_ACK | TM_TCP_FIN, isn + 101, down + 901, 0);
    feed(w, t_ms + 60, SERVER, s, client, c, TM_TCP_ACK | TM_TCP_FIN, down + 901, isn + 102, 0);
    feed(w, t_ms + 61, client, c, SERVER, s, TM_TCP_ACK, isn + 102, down + 902, 0);
}

static const struct tm_record *records(struct tm_world *w, size_t want)
{
    size_t n;
    CHECK_INT(tm_world_end(w), TM_OK);
    const struct tm_record *r = tm_world_records(w, &n);
    CHECK_INT(n, want);
    return n == want ? r : NULL;
}

static void connection_is_recorded_with_its_hosts(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    connection(w, 0, CLIENT, 5000, 443, 10);
    const struct tm_record *r = records(w, 1);
    if (r) {
        CHECK_INT(r->client[0], CLIENT);
        CHECK_INT(r->server[0], SERVER);
        CHECK_INT(r->client_port, 5000);
        CHECK_INT(r->server_port, 443);
        CHECK_INT(r->conn.n_packets, 9); /* the last acknowledgement, after both FINs, too */
        CHECK_INT(r->conn.n_pairs, 1);
        CHECK_INT(r->conn.end_us, 60000);
    }
    CHECK_INT(tm_world_counts(w)->n_conns, 1);
    CHECK_INT(tm_world_counts(w)->n_packets, 9);
    tm_world_free(w);
}

static void all_ports_are_learned_others_are_not(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    connection(w, 0, CLIENT, 5000, 443, 10);
    connection(w, 0, CLIENT, 5000, 8443, 10);
    connection(w, 0, CLIENT, 5000, 80, 10);
    (void)records(w, 2);
    CHECK_INT(tm_world_counts(w)->n_other_packets, 9);
    tm_world_free(w);
}

static void opener_is_the_client_whatever_the_ports(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    connection(w, 0, CLIENT, 443, 8443, 10);
    connection(w, 0, CLIENT, 8443, 443, 10);
    connection(w, 0, 9, 443, 443, 10);
    const struct tm_record *r = records(w, 3);
    for (size_t i = 0; r && i < 3; i++)
        CHECK_INT(r[i].server[0], SERVER);
    tm_world_free(w);
}

static void without_an_opening_the_known_port_is_the_server(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    feed(w, 0, SERVER, 443, CLIENT, 5000, TM_TCP_ACK, 1, 1, 0);
    feed(w, 1, CLIENT, 5000, SERVER, 443, TM_TCP_ACK, 1, 1, 10);
    feed(w, 2, SERVER, 8443, CLIENT, 5000, TM_TCP_ACK, 1, 1,
         0); /* also when it is the larger one */
    feed(w, 2, CLIENT, 5000, SERVER, 8443, TM_TCP_ACK, 1, 1, 10);
    feed(w, 2, SERVER, 443, CLIENT, 8443, TM_TCP_ACK, 1, 1, 0);
    feed(w, 3, CLIENT, 8443, SERVER, 443, TM_TCP_ACK, 1, 1, 10); /* both known: the smaller one */
    const struct tm_record *r = records(w, 3);
    for (size_t i = 0; r && i < 3; i++) {
        CHECK_INT(r[i].server[0], SERVER);
        CHECK_INT(r[i].conn.bytes[TM_UP], 10);
    }
    CHECK_INT(tm_world_counts(w)->n_no_syn, 3);
    CHECK_INT(tm_world_counts(w)->n_no_end, 3);
    tm_world_free(w);
}

static void known_port_on_the_clients_side_is_left_out(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    connection(w, 0, CLIENT, 443, 9999, 10);
    (void)records(w, 0);
    CHECK_INT(tm_world_counts(w)->n_foreign, 1);
    tm_world_free(w);
}

static void short_and_empty_connections_are_dropped_and_counted(void)
{
    struct tm_world_cfg cfg = config();
    cfg.min_packets = 6;
    struct tm_world *w = world(&cfg);
    connection(w, 0, CLIENT, 5000, 443, 10);
    for (int i = 0; i < 5; i++)
        feed(w, i, CLIENT, 5001, SERVER, 443, TM_TCP_ACK, 1 + 10 * (unsigned)i, 1, 10);
    for (int i = 0; i < 6; i++)
        feed(w, i, CLIENT, 5002, SERVER, 443, TM_TCP_ACK, 1, 1, 0);
    (void)records(w, 1);
    CHECK_INT(tm_world_counts(w)->n_short, 1);
    CHECK_INT(tm_world_counts(w)->n_empty, 1);
    CHECK_INT(tm_world_counts(w)->n_conns, 1);
    tm_world_free(w);
}

static void ports_are_used_again_by_new_connections(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    connection(w, 0, CLIENT, 5000, 443, 10);
    connection(w, 1000, CLIENT, 5000, 443, 99999);   /* while the first lingers */
    connection(w, 100000, CLIENT, 5000, 443, 88888); /* and after */
    const struct tm_record *r = records(w, 3);
    for (size_t i = 0; r && i < 3; i++)
        CHECK_INT(r[i].conn.n_pairs, 1);
    tm_world_free(w);
}

static void roles_may_change_with_the_next_connection(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    connection(w, 0, CLIENT, 443, 8443, 10);
    feed(w, 1000, SERVER, 8443, CLIENT, 443, TM_TCP_SYN, 77, 0, 0); /* the other side opens now */
    feed(w, 1010, CLIENT, 443, SERVER, 8443, TM_TCP_SYN | TM_TCP_ACK, 88, 78, 0);
    feed(w, 1011, SERVER, 8443, CLIENT, 443, TM_TCP_ACK, 78, 89, 60);
    const struct tm_record *r = records(w, 2);
    for (size_t i = 0; r && i < 2; i++) {
        bool is_second = r[i].conn.start_us > 0;
        CHECK_INT(r[i].server[0], is_second ? CLIENT : SERVER);
        CHECK_INT(r[i].conn.bytes[TM_UP], is_second ? 60 : 100);
    }
    tm_world_free(w);
}

static void full_table_ends_the_connection_silent_for_longest(void)
{
    struct tm_world_cfg cfg = config();
    cfg.flow.max_flows = 2;
    struct tm_world *w = world(&cfg);
    feed(w, 0, CLIENT, 5001, SERVER, 443, TM_TCP_ACK, 1, 1, 10);
    feed(w, 1, CLIENT, 5002, SERVER, 443, TM_TCP_ACK, 1, 1, 20);
    feed(w, 2, CLIENT, 5001, SERVER, 443, TM_TCP_ACK, 11, 1, 10);
    feed(w, 3, CLIENT, 5003, SERVER, 443, TM_TCP_ACK, 1, 1, 30);
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    CHECK_INT(n, 1);
    if (n == 1)
        CHECK_INT(r[0].client_port, 5002);
    CHECK_INT(tm_world_counts(w)->n_evicted, 1);
    (void)records(w, 3);
    tm_world_free(w);
}

static void worlds_are_apart(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    feed(w, 0, CLIENT, 5001, SERVER, 443, TM_TCP_ACK, 1, 1, 10);
    (void)records(w, 1);
    tm_world_clear(w);
    feed(w, 1, CLIENT, 5001, SERVER, 443, TM_TCP_ACK, 11, 1,
         10); /* would have continued the connection */
    const struct tm_record *r = records(w, 1);
    if (r)
        CHECK_INT(r->conn.n_packets, 1);
    CHECK_INT(tm_world_counts(w)->n_conns, 2); /* counts go on */
    tm_world_free(w);
}

static void clear_forgets_open_flows(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    feed(w, 0, CLIENT, 5001, SERVER, 443, TM_TCP_ACK, 1, 1, 10);
    tm_world_clear(w);
    (void)records(w, 0);
    tm_world_free(w);
}

static void long_connection_becomes_several_records(void)
{
    struct tm_world_cfg cfg = config();
    cfg.exchange.max_pairs = 2;
    struct tm_world *w = world(&cfg);
    for (unsigned i = 0; i < 5; i++) {
        feed(w, i * 10, CLIENT, 5001, SERVER, 443, TM_TCP_ACK, 1 + i * 10, 1 + i * 20, 10);
        feed(w, i * 10 + 5, SERVER, 443, CLIENT, 5001, TM_TCP_ACK, 1 + i * 20, 11 + i * 10, 20);
    }
    const struct tm_record *r = records(w, 3);
    if (r) {
        CHECK_INT(r[0].conn.n_pairs, 2);
        CHECK_INT(r[1].conn.n_pairs, 2);
        CHECK_INT(r[2].conn.n_pairs, 1);
        CHECK(!r[0].conn.is_pseudo && r[1].conn.is_pseudo && r[2].conn.is_pseudo);
    }
    CHECK_INT(tm_world_counts(w)->n_pseudo, 2);
    CHECK_INT(tm_world_counts(w)->bytes[TM_UP], 50);
    tm_world_free(w);
}

static void busiest_ports_are_those_opened_most(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    uint16_t p[3];
    CHECK_INT(tm_world_busiest(w, p, 3), 0);
    for (unsigned i = 0; i < 50; i++)
        feed(w, i, CLIENT, 6000, SERVER, 81, TM_TCP_ACK, 1, 1, 10);
    CHECK_INT(tm_world_busiest(w, p, 3), 1); /* no opening was seen: by packets */
    CHECK_INT(p[0], 81);
    connection(w, 0, CLIENT, 5000, 80, 10);
    connection(w, 0, CLIENT, 5001, 22, 10);
    connection(w, 0, CLIENT, 5002, 22, 10);
    CHECK_INT(tm_world_busiest(w, p, 3), 2);
    CHECK_INT(p[0], 22);
    CHECK_INT(p[1], 80);
    tm_world_free(w);
}

/* Each client's connections are in one part; what is counted is the whole capture, in every part. */
static void a_part_keeps_its_clients_and_counts_all(void)
{
    size_t total = 0;
    struct tm_world_counts whole = {0};
    for (uint32_t part = 0; part <= 4; part++) {
        struct tm_world_cfg cfg = config();
        cfg.shard = part > 0 ? (struct tm_shard){part, 4} : (struct tm_shard){0};
        struct tm_world *w = world(&cfg);
        size_t n;
        for (unsigned i = 0; i < 40; i++)
            connection(w, 100 * (int64_t)i, (uint8_t)(10 + i / 2), 5000 + i, 443, 10);
        CHECK_INT(tm_world_end(w), TM_OK);
        const struct tm_record *r = tm_world_records(w, &n);
        for (size_t i = 0; i < n; i++)
            CHECK(tm_shard_has(cfg.shard, r[i].client));
        CHECK_INT(n % 2, 0); /* both of a client, or none */
        if (part == 0)
            whole = *tm_world_counts(w);
        else
            total += n;
        CHECK_MEM(tm_world_counts(w), &whole, sizeof whole);
        tm_world_free(w);
    }
    CHECK_INT(whole.n_conns, 40);
    CHECK_INT(total, 40);
}

static void a_capture_has_a_mark_of_its_own_in_every_part(void)
{
    struct tm_world_cfg cfg = config();
    struct tm_world *w = world(&cfg);
    CHECK(tm_world_mark(w) == 0);
    connection(w, 0, CLIENT, 5000, 443, 10);
    uint64_t mark = tm_world_mark(w);
    tm_world_clear(w);
    connection(w, 1, CLIENT, 5000, 443, 10); /* a millisecond later */
    CHECK(tm_world_mark(w) != mark);
    tm_world_free(w);
    cfg.shard = (struct tm_shard){3, 4};
    cfg.min_packets = 100;
    w = world(&cfg);
    connection(w, 0, CLIENT, 5000, 443, 10);
    CHECK(tm_world_mark(w) == mark);
    tm_world_free(w);
}

static const struct check_case cases[] = {
    {"connection_is_recorded_with_its_hosts", connection_is_recorded_with_its_hosts},
    {"all_ports_are_learned_others_are_not", all_ports_are_learned_others_are_not},
    {"opener_is_the_client_whatever_the_ports", opener_is_the_client_whatever_the_ports},
    {"without_an_opening_the_known_port_is_the_server",
     without_an_opening_the_known_port_is_the_server},
    {"known_port_on_the_clients_side_is_left_out", known_port_on_the_clients_side_is_left_out},
    {"short_and_empty_connections_are_dropped_and_counted",
     short_and_empty_connections_are_dropped_and_counted},
    {"ports_are_used_again_by_new_connections", ports_are_used_again_by_new_connections},
    {"full_table_ends_the_connection_silent_for_longest",
     full_table_ends_the_connection_silent_for_longest},
    {"worlds_are_apart", worlds_are_apart},
    {"clear_forgets_open_flows", clear_forgets_open_flows},
    {"long_connection_becomes_several_records", long_connection_becomes_several_records},
    {"busiest_ports_are_those_opened_most", busiest_ports_are_those_opened_most},
    {"roles_may_change_with_the_next_connection", roles_may_change_with_the_next_connection},
    {"a_part_keeps_its_clients_and_counts_all", a_part_keeps_its_clients_and_counts_all},
    {"a_capture_has_a_mark_of_its_own_in_every_part",
     a_capture_has_a_mark_of_its_own_in_every_part},
};
CHECK_MAIN("world", cases)
