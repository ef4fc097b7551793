/* What a connection is made of: openings, turns, ends, round trips. */
#include "learner/exchange.h"

#include "learner/packet.h"
#include "test/support/check.h"
#include "test/unit/learner/conversation.h"

static void plain_exchanges_are_measured(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 200, 0);
    conv_up(&r, 41, 200, 151, 0);
    conv_down(&r, 80, 0, 1448, 351);
    conv_down(&r, 81, 1448, 1448, 351);
    conv_up(&r, 82, 351, 0, 2896);
    conv_down(&r, 90, 2896, 1449, 351);
    conv_up(&r, 200, 351, 90, 4345);
    conv_down(&r, 240, 4345, 500, 441);
    conv_up_fin(&r, 300, 441, 0, 4845);
    conv_down_fin(&r, 330, 4845, 0, 442);
    conv_up(&r, 331, 442, 0, 4846);
    CHECK(tm_exchange_is_closed(&r.x));
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 351, 4345, NONE, 39);
    conv_check_pair(&r, &i, 90, 500, 110, 40);
    CHECK(i == NONE);
    CHECK_INT(c.n_pairs, 2);
    CHECK_INT(c.n_packets, 14);
    CHECK_INT(c.start_us, 0);
    CHECK_INT(c.end_us, 330000);
    CHECK_INT(c.bytes[TM_UP], 441);
    CHECK_INT(c.bytes[TM_DOWN], 4845);
    CHECK_INT(c.inferred[TM_UP] + c.inferred[TM_DOWN], 0);
    CHECK_INT(c.n_retrans, 0);
    CHECK_INT(c.rtt_us[TM_UP], 30000);
    CHECK_INT(c.rtt_us[TM_DOWN], 2000);
    CHECK_INT(c.close_think_us, 60000);
    CHECK_INT(c.close_dir, TM_UP);
    CHECK_INT(c.data_dir, TM_DOWN);
    CHECK(c.has_syn && c.has_end && !c.is_pseudo);
    conv_end(&r);
}

static void server_first_is_an_empty_request_of_one_byte(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_down(&r, 72, 0, 41, 0);
    conv_up(&r, 80, 0, 20, 41);
    conv_down(&r, 120, 41, 300, 20);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 1, 41, NONE, 40); /* 40 ms after the handshake */
    conv_check_pair(&r, &i, 20, 300, 8, 40);
    CHECK(i == NONE);
    CHECK_INT(c.bytes[TM_UP], 20);
    conv_end(&r);
}

static void pipelined_requests_merge(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_up(&r, 45, 100, 100, 0);
    conv_up(&r, 50, 200, 100, 0);
    conv_down(&r, 75, 0, 400, 100);
    conv_down(&r, 80, 400, 400, 300);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 300, 800, NONE, 25);
    CHECK(i == NONE);
    conv_end(&r);
}

static void missing_syn_starts_at_the_first_packet(void)
{
    struct conv r;
    conv_start(&r);
    conv_up(&r, 40, 5000, 100, 800);
    conv_down(&r, 80, 800, 500, 5100);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 500, NONE, 40);
    CHECK_INT(c.start_us, 40000);
    CHECK_INT(c.end_us, 80000);
    CHECK(!c.has_syn && !c.has_end);
    CHECK_INT(c.bytes[TM_UP] + c.bytes[TM_DOWN], 600); /* nothing credited for what came before */
    CHECK_INT(c.close_think_us, NONE);
    conv_end(&r);
}

static void tail_of_an_unseen_exchange_is_no_pair(void)
{
    struct conv r;
    conv_start(&r);
    conv_down(&r, 10, 0, 700, 0);
    conv_down(&r, 11, 700, 700, 0);
    conv_up(&r, 40, 0, 100, 1400);
    conv_down(&r, 80, 1400, 500, 100);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 500, NONE, 40);
    CHECK(i == NONE);
    CHECK_INT(c.bytes[TM_DOWN], 1900);
    conv_end(&r);
}

static void late_syn_belongs_to_its_connection(void)
{
    struct conv r;
    conv_start(&r);
    conv_syn_ack(&r, 30);
    conv_syn(&r, 31); /* captured out of order */
    conv_up(&r, 32, 0, 0, 0);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 500, 100);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.n_packets, 5);
    CHECK_INT(c.n_pairs, 1);
    CHECK(c.has_syn);

    tm_exchange_init(&r.x);
    conv_up(&r, 40, 0, 100, 0);
    conv_syn(&r, 41);
    CHECK_INT(r.last, TM_EXCHANGE_OK);
    conv_end(&r);
}

static void syn_repeated_within_three_seconds_is_the_same_connection(void)
{
    struct conv r;
    conv_start(&r);
    conv_syn(&r, 0);
    conv_syn(&r, 3000);
    CHECK_INT(r.last, TM_EXCHANGE_OK);
    conv_syn_ack(&r, 3030);
    conv_up(&r, 3032, 0, 0, 0);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.start_us, 0);
    CHECK_INT(c.rtt_us[TM_UP], NONE); /* of which SYN? (Karn) */
    CHECK_INT(c.rtt_us[TM_DOWN], 2000);
    conv_end(&r);
}

static void syn_repeated_later_opens_another_connection(void)
{
    struct conv r;
    conv_start(&r);
    conv_syn(&r, 0);
    conv_syn(&r, 3001);
    CHECK_INT(r.last, TM_EXCHANGE_NEW);
    CHECK_INT(r.x.conn.n_packets, 1); /* untouched */
    conv_end(&r);
}

static void syn_with_another_number_opens_another_connection(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    r.up0 += 77777;
    conv_syn(&r, 50);
    CHECK_INT(r.last, TM_EXCHANGE_NEW);
    conv_end(&r);
}

static void syn_after_the_end_opens_another_connection(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_feed(&r, 40, TM_DOWN, TM_TCP_RST, r.down0, 0, 0);
    conv_syn(&r, 50);
    CHECK_INT(r.last, TM_EXCHANGE_NEW);
    conv_end(&r);
}

static void reset_ends_the_connection_with_what_was_seen(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 700, 100);
    conv_feed(&r, 95, TM_UP, TM_TCP_RST | TM_TCP_ACK, r.up0 + 100, r.down0 + 700, 0);
    conv_down(&r, 96, 700, 700, 100); /* to nobody */
    CHECK(tm_exchange_is_closed(&r.x));
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 700, NONE, 40);
    CHECK_INT(c.end_us, 95000);
    CHECK_INT(c.close_think_us, 15000);
    CHECK_INT(c.close_dir, TM_UP);
    CHECK_INT(c.bytes[TM_DOWN], 700);
    CHECK(c.has_end);
    conv_end(&r);
}

static void half_closed_connection_goes_on(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up_fin(&r, 40, 0, 100, 0); /* a request with FIN in the same segment */
    conv_down(&r, 80, 0, 700, 101);
    CHECK(!tm_exchange_is_closed(&r.x));
    conv_down_fin(&r, 1080, 700, 300, 101);
    CHECK(tm_exchange_is_closed(&r.x));
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 1000, NONE, 40);
    CHECK(i == NONE);
    CHECK_INT(c.end_us, 1080000);
    CHECK_INT(c.close_think_us, 0); /* the FIN that followed the last byte, not the first FIN */
    CHECK_INT(c.close_dir, TM_DOWN);
    conv_end(&r);
}

static void connection_open_at_the_end_keeps_its_last_pair(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 500, 100);
    conv_up(&r, 100, 100, 60, 500);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 500, NONE, 40);
    conv_check_pair(&r, &i, 60, NONE, 20, NONE);
    CHECK_INT(c.n_pairs, 2);
    CHECK_INT(c.end_us, 100000);
    CHECK(!c.has_end);
    conv_end(&r);
}

static void long_connection_is_cut_into_parts(void)
{
    struct conv r;
    conv_start(&r);
    r.cfg.max_pairs = 3;
    conv_handshake(&r);
    for (uint32_t n = 0; n < 7; n++) {
        conv_up(&r, 100 + n * 100, n * 10, 10, n * 50);
        if (n == 3 || n == 6) {
            CHECK_INT(r.last, TM_EXCHANGE_CUT);
            CHECK_INT(r.cut.n_pairs, 3);
            CHECK_INT(r.cut.bytes[TM_UP], 30);
            CHECK_INT(r.cut.bytes[TM_DOWN], 150);
            CHECK_INT(r.cut.start_us, n == 3 ? 0 : 400000);
            CHECK_INT(r.cut.end_us, n == 3 ? 340000 : 640000);
            CHECK_INT(r.cut.close_think_us, NONE);
            CHECK(r.cut.is_pseudo == (n == 6));
            CHECK_INT(r.pool.pair[r.cut.first_pair].req_think_us, NONE);
        } else {
            CHECK_INT(r.last, TM_EXCHANGE_OK);
        }
        conv_down(&r, 140 + n * 100, n * 50, 50, n * 10 + 10);
    }
    conv_down_fin(&r, 800, 350, 0, 70);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(r.n_cuts, 2);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 10, 50, NONE, 40);
    CHECK(i == NONE);
    CHECK_INT(c.bytes[TM_UP], 10);
    CHECK_INT(c.start_us, 700000);
    CHECK_INT(c.end_us, 800000);
    CHECK_INT(c.close_think_us, 60000);
    CHECK(c.is_pseudo);
    conv_end(&r);
}

static void round_trip_without_handshake_is_the_smallest_seen(void)
{
    struct conv r;
    conv_start(&r);
    conv_up(&r, 0, 0, 100, 0);
    conv_down(&r, 70, 0, 0, 100); /* delayed */
    conv_up(&r, 100, 100, 100, 0);
    conv_down(&r, 130, 0, 500, 200); /* at once */
    conv_up(&r, 132, 200, 0, 500);
    conv_up(&r, 200, 200, 100, 500);
    conv_up(&r, 450, 200, 100, 500); /* repeated: no sample (Karn) */
    conv_down(&r, 451, 500, 0, 300);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.rtt_us[TM_UP], 30000);
    CHECK_INT(c.rtt_us[TM_DOWN], 2000);
    conv_end(&r);
}

static void repeated_segment_gives_no_round_trip(void)
{
    struct conv r;
    conv_start(&r);
    conv_up(&r, 0, 0, 100, 0);
    conv_up(&r, 250, 0, 100, 0);
    conv_down(&r, 280, 0, 0, 100); /* of which? (Karn) */
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.rtt_us[TM_UP], NONE);
    conv_end(&r);
}

static void repeated_syn_ack_gives_no_round_trip(void)
{
    struct conv r;
    conv_start(&r);
    conv_syn(&r, 0);
    conv_syn_ack(&r, 30);
    conv_syn_ack(&r, 1030);
    conv_up(&r, 1032, 0, 0, 0);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.rtt_us[TM_UP], 30000); /* the first was clean */
    CHECK_INT(c.rtt_us[TM_DOWN], NONE);
    conv_end(&r);
}

static void late_handshake_packets_give_no_round_trip(void)
{
    struct conv r;
    conv_start(&r);
    conv_syn(&r, 0);
    conv_syn_ack(&r, 30);
    for (int i = 0; i < 4; i++)
        conv_down(&r, 31 + i, 0, 0, 0);
    conv_up(&r, 40, 0, 0, 0); /* the seventh packet */
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.rtt_us[TM_DOWN], NONE);
    conv_end(&r);
}

static void slow_handshakes_give_no_round_trip(void)
{
    struct conv r;
    conv_start(&r);
    conv_syn(&r, 0);
    conv_syn_ack(&r, 1500);
    conv_up(&r, 1500, 0, 0, 0); /* and 0 is none either */
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.rtt_us[TM_UP], NONE);
    CHECK_INT(c.rtt_us[TM_DOWN], NONE);
    conv_end(&r);
}

static void data_in_the_syn_is_a_request(void)
{
    struct conv r;
    conv_start(&r);
    conv_feed(&r, 0, TM_UP, TM_TCP_SYN, r.up0 - 1, 0, 120); /* RFC 7413 */
    conv_feed(&r, 30, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, r.down0 - 1, r.up0 + 120, 0);
    conv_down(&r, 31, 0, 500, 120);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 120, 500, NONE, 31);
    conv_end(&r);
}

static void pairs_given_back_are_used_again(void)
{
    struct tm_pair_pool pool;
    struct conv r;
    conv_start(&r);
    for (int round = 0; round < 1000; round++) {
        tm_exchange_init(&r.x);
        conv_handshake(&r);
        for (uint32_t n = 0; n < 20; n++) {
            conv_up(&r, 100 + n, n * 10, 10, n * 50);
            conv_down(&r, 140 + n, n * 50, 50, n * 10 + 10);
        }
        struct tm_conn c = conv_finish(&r);
        CHECK_INT(c.n_pairs, 20);
        tm_pair_pool_release(&r.pool, c.first_pair);
    }
    CHECK_INT(r.pool.n_pairs, 20);
    pool = r.pool;
    CHECK(pool.first_free != NONE);
    conv_end(&r);
}

static const struct check_case cases[] = {
    {"plain_exchanges_are_measured", plain_exchanges_are_measured},
    {"server_first_is_an_empty_request_of_one_byte", server_first_is_an_empty_request_of_one_byte},
    {"pipelined_requests_merge", pipelined_requests_merge},
    {"missing_syn_starts_at_the_first_packet", missing_syn_starts_at_the_first_packet},
    {"tail_of_an_unseen_exchange_is_no_pair", tail_of_an_unseen_exchange_is_no_pair},
    {"late_syn_belongs_to_its_connection", late_syn_belongs_to_its_connection},
    {"syn_repeated_within_three_seconds_is_the_same_connection",
     syn_repeated_within_three_seconds_is_the_same_connection},
    {"syn_repeated_later_opens_another_connection", syn_repeated_later_opens_another_connection},
    {"syn_with_another_number_opens_another_connection",
     syn_with_another_number_opens_another_connection},
    {"syn_after_the_end_opens_another_connection", syn_after_the_end_opens_another_connection},
    {"reset_ends_the_connection_with_what_was_seen", reset_ends_the_connection_with_what_was_seen},
    {"half_closed_connection_goes_on", half_closed_connection_goes_on},
    {"connection_open_at_the_end_keeps_its_last_pair",
     connection_open_at_the_end_keeps_its_last_pair},
    {"long_connection_is_cut_into_parts", long_connection_is_cut_into_parts},
    {"round_trip_without_handshake_is_the_smallest_seen",
     round_trip_without_handshake_is_the_smallest_seen},
    {"slow_handshakes_give_no_round_trip", slow_handshakes_give_no_round_trip},
    {"data_in_the_syn_is_a_request", data_in_the_syn_is_a_request},
    {"pairs_given_back_are_used_again", pairs_given_back_are_used_again},
    {"repeated_segment_gives_no_round_trip", repeated_segment_gives_no_round_trip},
    {"repeated_syn_ack_gives_no_round_trip", repeated_syn_ack_gives_no_round_trip},
    {"late_handshake_packets_give_no_round_trip", late_handshake_packets_give_no_round_trip},
};
CHECK_MAIN("exchange", cases)
