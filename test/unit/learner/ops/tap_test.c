#include "learner/ops/tap.h"

#include <stdlib.h>
#include <string.h>

#include "learner/ops/pcap_bytes.h"
#include "learner/ops/sampling.h"
#include "test/support/check.h"
#include "test/unit/learner/ops/fixed_model.h"

#define S TM_TCP_SYN
#define A TM_TCP_ACK
#define P (TM_TCP_PSH | TM_TCP_ACK)
#define F (TM_TCP_FIN | TM_TCP_ACK)

static struct tm_sampling open_sample(const struct tm_model *m, uint32_t n_users, uint64_t n_conns)
{
    struct tm_sampling s;
    struct tm_sample_head h = tm_sampling_default(m);
    h.n_users = n_users;
    h.n_conns = n_conns;
    h.path = fixed_path;
    CHECK_INT(tm_sampling_open(&s, &h, 443), TM_OK);
    return s;
}

static void a_connection_is_the_packets_counted_by_hand(void)
{
    /* Every second segment is acknowledged 1 us after the tap; all else by data, in less than 40 ms. */
    static const struct {
        int64_t t_us;
        unsigned dir, flags;
        uint32_t seq, ack, len; /* relative to the initial numbers */
    } want[] = {
        {0, TM_UP, S, 0, 0, 0},
        {20000, TM_DOWN, S | A, 0, 1, 0},
        {20001, TM_UP, A, 1, 1, 0},
        {20001, TM_UP, P, 1, 1, 500},
        {45001, TM_DOWN, A, 1, 501, 1448},
        {46489, TM_DOWN, A, 1449, 501, 1448},
        {46490, TM_UP, A, 501, 2897, 0},
        {47977, TM_DOWN, P, 2897, 501, 104},
        {57978, TM_UP, P, 501, 3001, 500},
        {82978, TM_DOWN, A, 3001, 1001, 1448},
        {84466, TM_DOWN, A, 4449, 1001, 1448},
        {84467, TM_UP, A, 1001, 5897, 0},
        {85954, TM_DOWN, P, 5897, 1001, 104},
        {86655, TM_UP, F, 1001, 6001, 0},
        {106655, TM_DOWN, F, 6001, 1002, 0},
        {106656, TM_UP, A, 1002, 6002, 0},
    };
    struct tm_model m;
    struct tm_tap_packet p;
    uint32_t isn[2] = {0};
    fixed_model(&m);
    struct tm_sampling s = open_sample(&m, 1, 1);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        CHECK_INT(tm_tap_next(s.tap, &p), 1);
        if (i < 2)
            isn[i] = p.seq;
        CHECK_INT(p.t_us, want[i].t_us);
        CHECK_INT(p.dir, want[i].dir);
        CHECK_INT(p.flags, want[i].flags);
        CHECK_INT((uint32_t)(p.seq - isn[want[i].dir]), want[i].seq);
        if (i > 0)
            CHECK_INT((uint32_t)(p.ack - isn[!want[i].dir]), want[i].ack);
        CHECK_INT(p.payload_len, want[i].len);
    }
    CHECK_INT(tm_tap_next(s.tap, &p), 0);
    tm_sampling_close(&s);
    tm_model_deinit(&m);
}

static void a_lone_segment_is_acknowledged_after_40_ms(void)
{
    /* Close think 700 us becomes 1 s: nothing else carries the acknowledgement of the last segment. */
    struct tm_model m;
    struct tm_tap_packet p;
    struct tm_dist_point late = {1000000, 1};
    int64_t ack_us = 0;
    fixed_model(&m);
    tm_dist_deinit(&m.u.swing.param[TM_SWING_CLOSE_THINK]);
    CHECK_INT(tm_dist_set(&m.u.swing.param[TM_SWING_CLOSE_THINK], &late, 1), TM_OK);
    struct tm_sampling s = open_sample(&m, 1, 1);
    while (tm_tap_next(s.tap, &p) == 1) {
        if (p.t_us > 85955 && p.flags == A && ack_us == 0)
            ack_us = p.t_us;
    }
    CHECK_INT(ack_us, 85955 + 40000);
    tm_sampling_close(&s);
    tm_model_deinit(&m);
}

static void packets_of_all_connections_come_in_order(void)
{
    struct tm_model m;
    struct tm_tap_packet p;
    int64_t before_us = 0;
    size_t n = 0;
    size_t n_syn = 0;
    uint32_t servers = 0;
    fixed_model(&m);
    struct tm_sampling s = open_sample(&m, 5, 100);
    for (; tm_tap_next(s.tap, &p) == 1; n++) {
        CHECK(p.t_us >= before_us);
        before_us = p.t_us;
        n_syn += p.flags == S;
        CHECK_INT(p.id.client_ip, 0xc6120001U + p.conn->user);
        servers = p.id.server_ip > servers ? p.id.server_ip : servers;
    }
    CHECK_INT(n, 1600);
    CHECK_INT(n_syn, 100);
    CHECK_INT(servers - 0x0a000000U, 25); /* four connections a session, 20 a user */
    tm_sampling_close(&s);
    tm_model_deinit(&m);
}

/* What pcap_bytes.c writes decodes, by the decoder of captures, to what tm_tap_decoded says. */
static void bytes_decode_to_the_packet(void)
{
    struct tm_model m;
    struct tm_tap_packet p;
    uint8_t bytes[TM_PCAP_PACKET_LEN_MAX];
    fixed_model(&m);
    struct tm_sampling s = open_sample(&m, 1, 1);
    for (uint64_t id = 0; tm_tap_next(s.tap, &p) == 1; id++) {
        struct tm_packet want;
        struct tm_packet got = {0};
        size_t len = tm_pcap_bytes_packet(bytes, &p, id, 1448);
        tm_tap_decoded(&p, TM_PCAP_BASE_US, &want);
        size_t cap_len = bytes[8];
        size_t wire_len = bytes[12] + 256U * bytes[13];
        CHECK_INT(len, 16 + cap_len);
        CHECK_INT(tm_packet_decode(&got, TM_LINK_RAW, bytes + 16, cap_len, wire_len),
                  TM_PACKET_TCP);
        CHECK_INT(got.wire_len, want.wire_len);
        CHECK_INT(got.payload_len, want.payload_len);
        CHECK_INT(got.seq, want.seq);
        CHECK_INT(got.ack, want.ack);
        CHECK_INT(got.flags, want.flags);
        CHECK_INT(got.src_port, want.src_port);
        CHECK_INT(got.dst_port, want.dst_port);
        CHECK_MEM(got.src, want.src, TM_ADDR_LEN);
        CHECK_MEM(got.dst, want.dst, TM_ADDR_LEN);
        uint32_t t_s = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                       (uint32_t)bytes[3] << 24;
        CHECK_INT(t_s, 1000000000);
    }
    tm_sampling_close(&s);
    tm_model_deinit(&m);
}

/* One's complement sum of everything: 0xffff where the checksum is right (RFC 1071). */
static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void checksums_are_right_for_zero_payload(void)
{
    struct tm_model m;
    struct tm_tap_packet p;
    uint8_t bytes[TM_PCAP_PACKET_LEN_MAX];
    fixed_model(&m);
    struct tm_sampling s = open_sample(&m, 1, 1);
    while (tm_tap_next(s.tap, &p) == 1) {
        size_t len = tm_pcap_bytes_packet(bytes, &p, 65540, 1448);
        uint32_t tcp_len = (uint32_t)(len - 36) + p.payload_len;
        CHECK_INT(sum16(0, bytes + 16, 20), 0xffff);
        CHECK_INT(sum16(sum16(6 + tcp_len, bytes + 28, 8), bytes + 36, len - 36), 0xffff);
    }
    tm_sampling_close(&s);
    tm_model_deinit(&m);
}

static void a_packet_beyond_what_the_format_says_is_not_written(void)
{
    uint8_t bytes[TM_PCAP_PACKET_LEN_MAX];
    struct tm_tap_packet p = {.t_us = TM_PCAP_END_US - TM_PCAP_BASE_US - 1};
    CHECK(tm_pcap_bytes_packet(bytes, &p, 0, 1448) > 0);
    p.t_us++;
    CHECK_INT(tm_pcap_bytes_packet(bytes, &p, 0, 1448), 0);
}

static const struct check_case CASES[] = {
    {"a_connection_is_the_packets_counted_by_hand", a_connection_is_the_packets_counted_by_hand},
    {"a_lone_segment_is_acknowledged_after_40_ms", a_lone_segment_is_acknowledged_after_40_ms},
    {"packets_of_all_connections_come_in_order", packets_of_all_connections_come_in_order},
    {"bytes_decode_to_the_packet", bytes_decode_to_the_packet},
    {"checksums_are_right_for_zero_payload", checksums_are_right_for_zero_payload},
    {"a_packet_beyond_what_the_format_says_is_not_written",
     a_packet_beyond_what_the_format_says_is_not_written},
};
CHECK_MAIN("tap", CASES)
