/* What captures and networks do to a connection: loss, repetition, reordering, holes. */
#include "learner/exchange.h"

#include "learner/packet.h"
#include "test/support/check.h"
#include "test/unit/learner/conversation.h"

static void retransmission_adds_nothing(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_up(&r, 300, 0, 100, 0);
    conv_down(&r, 340, 0, 500, 100);
    conv_down(&r, 341, 0, 500, 100);
    conv_up(&r, 400, 0, 100, 500); /* late, after the response: starts no request */
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 500, NONE, 300);
    CHECK(i == NONE);
    CHECK_INT(c.n_retrans, 3);
    conv_end(&r);
}

static void overlap_counts_only_its_new_part(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 1000, 100);
    conv_down(&r, 81, 600, 1000, 100);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 1600, NONE, 40);
    CHECK_INT(c.bytes[TM_DOWN], 1600);
    CHECK_INT(c.inferred[TM_DOWN], 0);
    conv_end(&r);
}

static void small_hole_is_credited(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 1000, 100);
    conv_down(&r, 81, 1000 + 14999, 1000, 100);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 16999, NONE, 40);
    CHECK_INT(c.inferred[TM_DOWN], 14999);
    CHECK_INT(c.uncounted[TM_DOWN], 0);
    conv_end(&r);
}

static void large_hole_is_left_out(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 1000, 100);
    conv_down(&r, 81, 1000 + 15000, 1000, 100);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 2000, NONE, 40);
    CHECK_INT(c.inferred[TM_DOWN], 0);
    CHECK_INT(c.uncounted[TM_DOWN], 15000);
    conv_end(&r);
}

static void large_hole_filled_by_retransmissions_counts(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 1000, 100);
    conv_down(&r, 81, 1000 + 20000, 1000, 100);
    conv_down(&r, 120, 1000, 12000, 100);
    conv_down(&r, 121, 12500, 9000, 100); /* overlaps what is there on both sides */
    conv_down(&r, 122, 1000, 12000, 100); /* once more: nothing */
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 22000, NONE, 40);
    CHECK_INT(c.bytes[TM_DOWN], 22000);
    CHECK_INT(c.uncounted[TM_DOWN], 0);
    CHECK_INT(c.n_retrans, 1);
    conv_end(&r);
}

static void reordered_segments_count_once(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 1448, 1448, 100);
    conv_down(&r, 81, 0, 1448, 100);
    conv_down(&r, 82, 2896, 1448, 100);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 4344, NONE, 40);
    conv_end(&r);
}

static void missed_bytes_are_inferred_from_acknowledgements(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_up(&r, 90, 100, 0, 4000);      /* acknowledges a response that the tap missed */
    conv_down(&r, 200, 4000, 500, 351); /* and this one a request */
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 4000, NONE, 50);
    conv_check_pair(&r, &i, 251, 500, NONE, NONE);
    CHECK(i == NONE);
    CHECK_INT(c.inferred[TM_UP], 251);
    CHECK_INT(c.inferred[TM_DOWN], 4000);
    conv_end(&r);
}

static void bytes_inferred_and_then_seen_count_once(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_up(&r, 79, 100, 0, 1000); /* the capture shows the acknowledgement before the data */
    conv_down(&r, 80, 0, 1000, 100);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.bytes[TM_DOWN], 1000);
    CHECK_INT(c.n_pairs, 1);
    conv_end(&r);
}

static void response_known_from_acknowledgements_alone_is_doubtful(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    for (uint32_t n = 1; n <= 11; n++)
        conv_up(&r, 80 + n, 100, 0, n * 1448);
    conv_up(&r, 200, 100, 100, 11 * 1448);
    for (uint32_t n = 1; n <= 10; n++)
        conv_up(&r, 240 + n, 200, 0, (11 + n) * 1448);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, NONE, NONE, 41); /* 15,928 bytes */
    conv_check_pair(&r, &i, 100, 14480, 109, 41); /* 14,480 bytes */
    CHECK_INT(c.n_pairs, 2);
    conv_end(&r);
}

static void response_inferred_by_less_than_a_tenth_is_kept(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 150000, 100);
    conv_up(&r, 90, 100, 0, 160000);
    conv_up(&r, 91, 100, 0, 166000);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 166000, NONE, 40);
    CHECK_INT(c.inferred[TM_DOWN], 16000);
    conv_end(&r);
}

static void an_advance_of_one_is_no_data(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 500, 100);
    conv_up(&r, 82, 100, 0, 501); /* the server's FIN was missed */
    conv_up_fin(&r, 90, 100, 0, 501);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.bytes[TM_DOWN], 500);
    CHECK_INT(c.n_pairs, 1);
    conv_end(&r);
}

static void keep_alives_are_no_data(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 500, 100);
    conv_up(&r, 60000, 99, 1, 500); /* one old byte */
    conv_down(&r, 60030, 500, 0, 100);
    conv_up(&r, 120000, 99, 0, 500); /* or none */
    conv_down(&r, 120030, 500, 0, 100);
    conv_up(&r, 130000, 100, 50, 500);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 500, NONE, 40);
    conv_check_pair(&r, &i, 50, NONE, 129920, NONE);
    CHECK(i == NONE);
    CHECK_INT(c.bytes[TM_UP], 150);
    conv_end(&r);
}

static void capture_that_begins_with_a_keep_alive_credits_no_byte(void)
{
    struct conv r;
    conv_start(&r);
    conv_up(&r, 0, 99, 0, 500);
    conv_down(&r, 30, 500, 0, 100);
    conv_up(&r, 40, 100, 50, 500);
    conv_down(&r, 80, 500, 10, 150);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 50, 10, NONE, 40);
    CHECK_INT(c.bytes[TM_UP], 50);
    conv_end(&r);
}

static void sequence_numbers_wrap(void)
{
    struct conv r;
    conv_start(&r);
    r.up0 = 0xffffffb0;
    r.down0 = 0xfffffff0;
    conv_handshake(&r);
    conv_up(&r, 40, 0, 200, 0);
    conv_down(&r, 80, 0, 1448, 200);
    conv_down(&r, 81, 1448, 1448, 200);
    conv_up(&r, 100, 200, 100, 2896);
    conv_up(&r, 101, 0, 200, 2896); /* an old one */
    conv_up_fin(&r, 110, 300, 0, 2896);
    conv_down_fin(&r, 140, 2896, 0, 301);
    CHECK(tm_exchange_is_closed(&r.x));
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 200, 2896, NONE, 40);
    conv_check_pair(&r, &i, 100, NONE, 19, NONE);
    CHECK_INT(c.bytes[TM_UP], 300);
    conv_end(&r);
}

static void nothing_follows_a_fin(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up_fin(&r, 40, 0, 100, 0);
    conv_up(&r, 50, 101, 300, 0);    /* forged */
    conv_down(&r, 80, 0, 500, 2000); /* acknowledges what cannot be */
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.bytes[TM_UP], 100);
    CHECK_INT(c.bytes[TM_DOWN], 500);
    CHECK_INT(c.n_pairs, 1);
    conv_end(&r);
}

static void fin_acknowledged_before_it_is_seen_still_closes(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_up(&r, 90, 100, 0, 501); /* a response and its FIN were missed */
    conv_down_fin(&r, 300, 0, 500, 100);
    conv_up_fin(&r, 310, 100, 0, 501);
    CHECK(tm_exchange_is_closed(&r.x));
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.end_us, 310000);
    conv_end(&r);
}

static void segment_beyond_any_window_is_ignored(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 79, 0x50000000, 999, 100);
    conv_down(&r, 80, 0, 500, 100);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.bytes[TM_DOWN], 500);
    CHECK_INT(c.uncounted[TM_DOWN], 0);
    conv_end(&r);
}

static void time_that_steps_back_is_a_gap_of_zero(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 20, 0, 500, 100);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 500, NONE, 0);
    CHECK(c.end_us >= c.start_us);
    conv_end(&r);
}

/* Any packets in any order: sums hold, nothing breaks (run under ASan and UBSan). */
static void random_packets_keep_the_sums(void)
{
    unsigned rnd = 1;
    for (int round = 0; round < 3000; round++) {
        struct conv r;
        struct tm_conn c;
        uint64_t n_pairs = 0;
        uint64_t sizes = 0;
        conv_start(&r);
        r.cfg.max_pairs = 1 + (unsigned)round % 5;
        for (int n = 0; n < 40; n++) {
            struct tm_segment s;
            rnd = rnd * 1103515245 + 12345;
            unsigned a = rnd >> 16;
            rnd = rnd * 1103515245 + 12345;
            unsigned b = rnd >> 16;
            s = (struct tm_segment){
                .t_us = n * 1000 + (a % 7 == 0 ? -3000 : 0),
                .dir = (uint8_t)(a >> 3 & 1),
                .flags = (uint8_t)(b % 3 ? TM_TCP_ACK : a >> 4 & 0x17),
                .seq = a % 11 == 0 ? a * b : 1000 + b % 30000,
                .ack = b % 13 == 0 ? a * b : 1000 + a % 30000,
                .payload_len = b % 4 ? a % 1500 : 0,
            };
            int rc = tm_exchange_feed(&r.x, &r.cfg, &r.pool, &s, &c);
            CHECK(rc >= 0);
            if (rc == TM_EXCHANGE_CUT)
                n_pairs += c.n_pairs;
            if (rc == TM_EXCHANGE_NEW) {
                c = conv_finish(&r);
                n_pairs += c.n_pairs;
            }
        }
        c = conv_finish(&r);
        n_pairs += c.n_pairs;
        CHECK_INT(n_pairs, r.pool.n_pairs);
        for (uint32_t i = c.first_pair; i != NONE; i = r.pool.pair[i].next) {
            sizes += r.pool.pair[i].req_bytes == NONE ? 0 : r.pool.pair[i].req_bytes;
            sizes += r.pool.pair[i].rsp_bytes == NONE ? 0 : r.pool.pair[i].rsp_bytes;
            n_pairs--;
        }
        CHECK(sizes <= c.bytes[TM_UP] + c.bytes[TM_DOWN] + 1); /* + the byte of an empty request */
        CHECK(c.end_us >= c.start_us);
        conv_end(&r);
    }
}

static void late_syn_before_the_first_bytes_keeps_the_connection(void)
{
    struct conv r;
    conv_start(&r);
    conv_up(&r, 40, 200, 300, 0); /* the second segment, the SYN and the first come late */
    conv_syn(&r, 41);
    CHECK_INT(r.last, TM_EXCHANGE_OK);
    conv_up(&r, 42, 0, 200, 0);
    conv_down(&r, 80, 0, 500, 500);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 500, 500, NONE, 38);
    CHECK(i == NONE);
    CHECK(c.has_syn);
    CHECK_INT(c.bytes[TM_UP], 500);
    CHECK_INT(c.uncounted[TM_UP], 0);
    CHECK_INT(c.start_us, 40000);
    conv_end(&r);
}

static void syn_with_a_number_far_before_opens_another(void)
{
    struct conv r;
    struct tm_conn cut;
    conv_start(&r);
    conv_up(&r, 40, 20000, 300, 0);
    struct tm_segment s = {
        .t_us = 41000, .dir = TM_UP, .flags = TM_TCP_SYN, .seq = r.up0 - 1, .payload_len = 0};
    CHECK_INT(tm_exchange_feed(&r.x, &r.cfg, &r.pool, &s, &cut), TM_EXCHANGE_NEW);
    conv_end(&r);
}

static void reordered_bytes_before_the_first_packet_count(void)
{
    struct conv r;
    conv_start(&r);
    conv_up(&r, 40, 1500, 500, 0);
    conv_up(&r, 41, 1000, 500, 0);
    conv_up(&r, 42, 1000, 500, 0); /* and again: a retransmission */
    conv_down(&r, 80, 0, 500, 2000);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 1000, 500, NONE, 39);
    CHECK_INT(c.bytes[TM_UP], 1000);
    CHECK_INT(c.n_retrans, 1);
    conv_end(&r);
}

static void three_large_holes_are_filled_in_any_order(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    for (uint32_t i = 0; i < 3; i++)
        conv_down(&r, 80 + i, 20000 + i * 21000, 1000, 100);
    struct tm_conn c = r.x.conn;
    CHECK_INT(c.uncounted[TM_DOWN], 60000);
    for (uint32_t i = 3; i-- > 0;)
        conv_down(&r, 90 + i, i * 21000, 20000, 100);
    conv_down(&r, 95, 21000, 20000, 100); /* once more */
    c = conv_finish(&r);
    CHECK_INT(c.uncounted[TM_DOWN], 0);
    CHECK_INT(c.bytes[TM_DOWN], 63000);
    CHECK_INT(c.n_retrans, 1);
    conv_end(&r);
}

static void bytes_told_of_by_the_answer_have_no_time(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 500, 100);
    /* the second request was missed: the response tells of it */
    conv_down(&r, 300, 500, 500, 300);
    conv_up(&r, 400, 300, 50, 1000);
    conv_down(&r, 450, 1000, 60, 350);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 100, 500, NONE, 40);
    conv_check_pair(&r, &i, 200, 500, NONE, NONE);
    conv_check_pair(&r, &i, 50, 60, 100, 50);
    CHECK(i == NONE);
    CHECK_INT(c.inferred[TM_UP], 200);
    conv_end(&r);
}

static void tails_are_pairs_by_the_released_codes_rule(void)
{
    struct conv r;
    conv_start(&r);
    r.cfg.is_tail_pair = true;
    conv_down(&r, 10, 0, 700, 0);
    conv_up(&r, 40, 0, 100, 700);
    conv_down(&r, 80, 700, 500, 100);
    struct tm_conn c = conv_finish(&r);
    uint32_t i = c.first_pair;
    conv_check_pair(&r, &i, 1, 700, NONE, NONE);
    conv_check_pair(&r, &i, 100, 500, 30, 40);
    CHECK(i == NONE);
    conv_end(&r);
}

static void last_byte_and_round_trips_are_kept(void)
{
    struct conv r;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_down(&r, 80, 0, 500, 100);
    conv_up(&r, 82, 100, 0, 500);
    conv_up_fin(&r, 60000, 100, 0, 500);
    conv_down_fin(&r, 60030, 500, 0, 101);
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.data_us, 80000);
    CHECK_INT(c.end_us, 60030000);
    CHECK_INT(c.n_rtt[TM_UP], 2); /* the handshake's, and from the request to its acknowledgement */
    CHECK_INT(c.n_rtt[TM_DOWN], 2);
    CHECK_INT(c.rtt_us[TM_UP], 30000);
    conv_end(&r);
}

static void hole_is_not_filled_after_its_numbers_came_round(void)
{
    struct conv r;
    uint32_t at = 1U << 29;
    conv_start(&r);
    conv_handshake(&r);
    conv_up(&r, 40, 0, 100, 0);
    conv_up(&r, 50, 100, 0, at); /* a hole of 2^29 bytes */
    while (at < (1U << 31) + 5000) {
        conv_down(&r, 60, at, 65535, 100);
        at += 65535;
    }
    conv_down(&r, 70, at - 1000, 500, 100); /* a retransmission, 2^31 behind the hole */
    struct tm_conn c = conv_finish(&r);
    CHECK_INT(c.bytes[TM_DOWN], at - (1U << 29));
    CHECK_INT(c.n_retrans, 1);
    conv_end(&r);
}

static const struct check_case cases[] = {
    {"hole_is_not_filled_after_its_numbers_came_round",
     hole_is_not_filled_after_its_numbers_came_round},
    {"late_syn_before_the_first_bytes_keeps_the_connection",
     late_syn_before_the_first_bytes_keeps_the_connection},
    {"syn_with_a_number_far_before_opens_another", syn_with_a_number_far_before_opens_another},
    {"reordered_bytes_before_the_first_packet_count",
     reordered_bytes_before_the_first_packet_count},
    {"three_large_holes_are_filled_in_any_order", three_large_holes_are_filled_in_any_order},
    {"bytes_told_of_by_the_answer_have_no_time", bytes_told_of_by_the_answer_have_no_time},
    {"tails_are_pairs_by_the_released_codes_rule", tails_are_pairs_by_the_released_codes_rule},
    {"last_byte_and_round_trips_are_kept", last_byte_and_round_trips_are_kept},
    {"retransmission_adds_nothing", retransmission_adds_nothing},
    {"overlap_counts_only_its_new_part", overlap_counts_only_its_new_part},
    {"small_hole_is_credited", small_hole_is_credited},
    {"large_hole_is_left_out", large_hole_is_left_out},
    {"large_hole_filled_by_retransmissions_counts", large_hole_filled_by_retransmissions_counts},
    {"reordered_segments_count_once", reordered_segments_count_once},
    {"missed_bytes_are_inferred_from_acknowledgements",
     missed_bytes_are_inferred_from_acknowledgements},
    {"bytes_inferred_and_then_seen_count_once", bytes_inferred_and_then_seen_count_once},
    {"response_known_from_acknowledgements_alone_is_doubtful",
     response_known_from_acknowledgements_alone_is_doubtful},
    {"response_inferred_by_less_than_a_tenth_is_kept",
     response_inferred_by_less_than_a_tenth_is_kept},
    {"an_advance_of_one_is_no_data", an_advance_of_one_is_no_data},
    {"keep_alives_are_no_data", keep_alives_are_no_data},
    {"capture_that_begins_with_a_keep_alive_credits_no_byte",
     capture_that_begins_with_a_keep_alive_credits_no_byte},
    {"sequence_numbers_wrap", sequence_numbers_wrap},
    {"segment_beyond_any_window_is_ignored", segment_beyond_any_window_is_ignored},
    {"time_that_steps_back_is_a_gap_of_zero", time_that_steps_back_is_a_gap_of_zero},
    {"random_packets_keep_the_sums", random_packets_keep_the_sums},
    {"nothing_follows_a_fin", nothing_follows_a_fin},
    {"fin_acknowledged_before_it_is_seen_still_closes",
     fin_acknowledged_before_it_is_seen_still_closes},
};
CHECK_MAIN("exchange under loss", cases)
