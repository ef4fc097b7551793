#include "learner/joint/collect.h"

#include "test/support/check.h"
#include "tm/base/time.h"

static const uint16_t PORTS[] = {443};

static struct tm_collect *collector(void)
{
    const struct tm_collect_cfg cfg = {
        .ports = PORTS, .n_ports = 1, .user_bits = 0, .group = tm_group_cfg_default()};
    struct tm_collect *c = NULL;
    CHECK_INT(tm_collect_new(&c, &cfg), TM_OK);
    return c;
}

struct ends {
    uint8_t client, server;
    uint16_t client_port, server_port;
};

static void feed(struct tm_collect *c, const struct ends *e, double t_ms, enum tm_dir dir,
                 unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct tm_packet p = {.t_us = (int64_t)(t_ms * 1000),
                          .seq = seq,
                          .ack = ack,
                          .flags = (uint8_t)flags,
                          .payload_len = len};
    p.src[15] = dir == TM_UP ? e->client : e->server;
    p.dst[15] = dir == TM_UP ? e->server : e->client;
    p.src_port = dir == TM_UP ? e->client_port : e->server_port;
    p.dst_port = dir == TM_UP ? e->server_port : e->client_port;
    CHECK_INT(tm_collect_packet(c, &p), TM_OK);
}

/* `size` bytes up, half of it down, over at t_ms + 100. */
static void talk(struct tm_collect *c, const struct ends *e, double t_ms, uint32_t isn,
                 uint32_t size)
{
    feed(c, e, t_ms, TM_UP, TM_TCP_SYN, isn, 0, 0);
    feed(c, e, t_ms + 10, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, 7000, isn + 1, 0);
    feed(c, e, t_ms + 10, TM_UP, TM_TCP_ACK, isn + 1, 7001, 0);
    feed(c, e, t_ms + 11, TM_UP, TM_TCP_ACK, isn + 1, 7001, size);
    feed(c, e, t_ms + 23, TM_DOWN, TM_TCP_ACK, 7001, isn + 1 + size, size / 2);
    feed(c, e, t_ms + 90, TM_UP, TM_TCP_ACK | TM_TCP_FIN, isn + 1 + size, 7001 + size / 2, 0);
    feed(c, e, t_ms + 100, TM_DOWN, TM_TCP_ACK | TM_TCP_FIN, 7001 + size / 2, isn + 2 + size, 0);
    feed(c, e, t_ms + 100, TM_UP, TM_TCP_ACK, isn + 2 + size, 7002 + size / 2, 0);
}

static void connections_of_a_client_come_in_the_order_of_their_openings(void)
{
    struct tm_collect *c = collector();
    struct tm_deck d = {0};
    const struct ends a = {1, 9, 1001, 443}, b = {1, 9, 1002, 443};
    feed(c, &a, 0, TM_UP, TM_TCP_SYN, 50, 0, 0);
    talk(c, &b, 1, 100, 40);
    feed(c, &a, 210, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, 300, 51, 0);
    feed(c, &a, 211, TM_UP, TM_TCP_ACK, 51, 301, 10);
    feed(c, &a, 212, TM_UP, TM_TCP_RST, 61, 0, 0);
    CHECK_INT(tm_collect_end(c, &d), TM_OK);
    CHECK_INT(d.n_conns, 2);
    CHECK_INT(tm_deck_check(&d), TM_OK);
    CHECK_INT(d.conn[0].n_writes, 1);
    CHECK_INT(d.w[0].size, 10);
    CHECK_INT(d.conn[1].n_writes, 2);
    CHECK_INT(d.w[1].size, 40);
    CHECK_INT(d.w[2].gap_us, 2000);
    CHECK_INT(tm_collect_counts(c)->n_conns, 2);
    tm_deck_deinit(&d);
    tm_collect_free(c);
}

static void connections_with_one_server_have_one_round_trip(void)
{
    struct tm_collect *c = collector();
    struct tm_deck d = {0};
    const struct ends e = {1, 9, 1003, 443};
    talk(c, &(const struct ends){1, 9, 1001, 443}, 0, 100, 40);
    talk(c, &(const struct ends){1, 9, 1002, 443}, 200, 100, 40);
    feed(c, &e, 400, TM_UP, TM_TCP_SYN, 50, 0, 0);
    feed(c, &e, 411, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, 300, 51, 0); /* 11 ms, those before 10 */
    feed(c, &e, 411, TM_UP, TM_TCP_ACK, 51, 301, 40);
    feed(c, &e, 424, TM_DOWN, TM_TCP_ACK, 301, 91, 20);
    feed(c, &e, 430, TM_UP, TM_TCP_RST, 91, 0, 0);
    CHECK_INT(tm_collect_end(c, &d), TM_OK);
    CHECK_INT(d.n_conns, 3);
    CHECK_INT(d.w[5].size, 20);
    CHECK_INT(d.w[5].gap_us, 3000);
    tm_deck_deinit(&d);
    tm_collect_free(c);
}

static void endpoints_may_be_used_again(void)
{
    struct tm_collect *c = collector();
    struct tm_deck d = {0};
    const struct ends e = {1, 9, 1001, 443};
    talk(c, &e, 0, 100, 40);
    talk(c, &e, 200, 9000, 60);
    CHECK_INT(tm_collect_end(c, &d), TM_OK);
    CHECK_INT(d.n_conns, 2);
    CHECK_INT(d.n_writes, 4);
    CHECK_INT(tm_collect_end(c, &d), TM_OK); /* all are forgotten */
    CHECK_INT(d.n_conns, 2);
    tm_deck_deinit(&d);
    tm_collect_free(c);
}

static void what_is_not_whole_or_of_other_ports_is_left_out(void)
{
    struct tm_collect *c = collector();
    struct tm_deck d = {0};
    const struct ends open = {1, 9, 1001, 443}, other = {1, 9, 1002, 80}, foreign = {1, 9, 443, 80};
    feed(c, &open, 0, TM_UP, TM_TCP_SYN, 50, 0, 0);
    feed(c, &open, 1, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, 50, 51, 0);
    feed(c, &open, 2, TM_UP, TM_TCP_ACK, 51, 51, 10);
    talk(c, &other, 10, 100, 40);
    talk(c, &foreign, 20, 100, 40);
    feed(c, &(const struct ends){1, 9, 1003, 443}, 5, TM_UP, TM_TCP_ACK, 50, 0, 10);
    CHECK_INT(tm_collect_end(c, &d), TM_OK);
    CHECK_INT(d.n_conns, 0);
    CHECK_INT(tm_collect_counts(c)->n_incomplete, 1);
    tm_deck_deinit(&d);
    tm_collect_free(c);
}

static void the_first_of_an_rre_is_marked(void)
{
    struct tm_collect *c = collector();
    struct tm_deck d = {0};
    talk(c, &(const struct ends){1, 9, 1001, 443}, 0, 100, 40);
    talk(c, &(const struct ends){2, 9, 1001, 443}, 500, 100, 40);  /* another client's */
    talk(c, &(const struct ends){1, 9, 1002, 443}, 1000, 100, 40); /* 0.9 s after the end */
    talk(c, &(const struct ends){1, 9, 1003, 443}, 3200, 100, 40); /* 2.1 s after it */
    CHECK_INT(tm_collect_end(c, &d), TM_OK);
    CHECK_INT(d.n_conns, 4);
    CHECK_INT(d.conn[0].role, TM_DECK_FIRST);
    CHECK_INT(d.conn[1].role, TM_DECK_LATER);
    CHECK_INT(d.conn[2].role, TM_DECK_FIRST);
    CHECK_INT(d.conn[3].role, TM_DECK_FIRST); /* the other client's come behind */
    CHECK_INT(d.conn[0].user, d.conn[2].user);
    CHECK(d.conn[3].user != d.conn[2].user);
    tm_deck_deinit(&d);
    tm_collect_free(c);
}

static void many_connections_at_once_are_kept_apart(void)
{
    struct tm_collect *c = collector();
    struct tm_deck d = {0};
    for (uint16_t i = 0; i < 2000; i++)
        talk(c, &(const struct ends){1, 9, (uint16_t)(2000 + i), 443}, i, 100, 40U + i);
    CHECK_INT(tm_collect_end(c, &d), TM_OK);
    CHECK_INT(d.n_conns, 2000);
    for (uint32_t i = 0; i < d.n_conns; i++) {
        if (d.conn[i].n_writes != 2 || d.w[d.conn[i].first].size != 40 + i) {
            CHECK_INT(d.w[d.conn[i].first].size, 40 + i);
            break;
        }
    }
    tm_deck_deinit(&d);
    tm_collect_free(c);
}

static void without_ports_all_count(void)
{
    struct tm_collect *c = NULL;
    struct tm_deck d = {0};
    const struct tm_collect_cfg cfg = {.n_ports = 0, .group = tm_group_cfg_default()};
    CHECK_INT(tm_collect_new(&c, &cfg), TM_OK);
    talk(c, &(const struct ends){1, 9, 2000, 443}, 0, 100, 40);
    talk(c, &(const struct ends){1, 9, 2001, 8022}, 10, 100, 40);
    CHECK_INT(tm_collect_end(c, &d), TM_OK);
    CHECK_INT(d.n_conns, 2);
    tm_deck_deinit(&d);
    tm_collect_free(c);
}

struct told {
    struct tm_collect_conn conn[4];
    uint8_t server[4];
    size_t n;
};

static void note(void *ctx, const struct tm_collect_conn *conn)
{
    struct told *t = ctx;
    CHECK(t->n < 4);
    t->server[t->n] = conn->server[15];
    t->conn[t->n++] = *conn;
}

static void it_is_told_when_and_with_whom_each_was_in_the_decks_order(void)
{
    struct told t = {.n = 0};
    struct tm_collect *c = NULL;
    struct tm_deck d = {0};
    const struct tm_collect_cfg cfg = {
        .group = tm_group_cfg_default(), .taken = note, .taken_ctx = &t};
    CHECK_INT(tm_collect_new(&c, &cfg), TM_OK);
    talk(c, &(const struct ends){2, 9, 2000, 443}, 10, 100, 40);
    talk(c, &(const struct ends){1, 8, 2001, 22}, 20, 100, 60);
    feed(c, &(const struct ends){1, 7, 2002, 22}, 25, TM_UP, TM_TCP_SYN, 1, 0,
         0); /* no more of it */
    CHECK_INT(tm_collect_end(c, &d), TM_OK);
    CHECK_INT(t.n, 2);
    CHECK_INT(d.w[d.conn[0].first].size, 60);
    CHECK_INT(t.server[0], 8);
    CHECK_INT(t.conn[0].server_port, 22);
    CHECK_INT(t.conn[0].start_us, 20000);
    CHECK_INT(t.conn[0].end_us, 120000);
    CHECK_INT(t.server[1], 9);
    tm_deck_deinit(&d);
    tm_collect_free(c);
}

static void a_user_of_too_many_bits_is_refused(void)
{
    struct tm_collect *c = NULL;
    CHECK_INT(tm_collect_new(&c, &(const struct tm_collect_cfg){.user_bits = 129}), TM_ERR_RANGE);
    CHECK(!c);
    tm_collect_free(NULL);
}

static const struct check_case cases[] = {
    {"connections_of_a_client_come_in_the_order_of_their_openings",
     connections_of_a_client_come_in_the_order_of_their_openings},
    {"connections_with_one_server_have_one_round_trip",
     connections_with_one_server_have_one_round_trip},
    {"endpoints_may_be_used_again", endpoints_may_be_used_again},
    {"what_is_not_whole_or_of_other_ports_is_left_out",
     what_is_not_whole_or_of_other_ports_is_left_out},
    {"the_first_of_an_rre_is_marked", the_first_of_an_rre_is_marked},
    {"many_connections_at_once_are_kept_apart", many_connections_at_once_are_kept_apart},
    {"without_ports_all_count", without_ports_all_count},
    {"it_is_told_when_and_with_whom_each_was_in_the_decks_order",
     it_is_told_when_and_with_whom_each_was_in_the_decks_order},
    {"a_user_of_too_many_bits_is_refused", a_user_of_too_many_bits_is_refused},
};

CHECK_MAIN("collect", cases)
