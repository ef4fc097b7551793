#include "audit/wire_view.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/story.h"
#include "tm/base/time.h"

/* The view of the story after `change`, for the caller to deinit. */
static struct tm_wire_view view_of(const struct story *s)
{
    struct tm_wire_view v = {0};
    struct tm_endpoint server;
    CHECK(tm_endpoint_parse(&server, "10.0.0.2:443"));
    CHECK_INT(tm_wire_view_add_server(&v, &server), TM_OK);
    for (size_t i = 0; i < s->n_packets; i++) {
        struct tm_packet p = story_decode(&s->packets[i]);
        CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
    }
    return v;
}

static int64_t t_of(const struct tm_wire_half *h, uint64_t offset)
{
    const struct tm_wire_run *run = tm_wire_half_at(h, offset);
    return run ? run->t_us - STORY_WALL_US : -1;
}

static void offsets_and_times_are_those_of_the_packets(void)
{
    struct story s = story_new();
    struct tm_wire_view v = view_of(&s);
    CHECK_INT(v.n_conns, 1);
    CHECK_INT(v.n_packets, P_N);
    const struct tm_wire_half *up = &v.conns[0].half[TM_UP];
    const struct tm_wire_half *down = &v.conns[0].half[TM_DOWN];
    CHECK_INT(v.conns[0].syn_us - STORY_WALL_US, 1000);
    CHECK_INT(up->high, 997);
    CHECK_INT(down->high, 5000);
    CHECK_INT(t_of(up, 0), 1206);
    CHECK_INT(t_of(up, 516), 1206);
    CHECK_INT(t_of(up, 517), 2216);
    CHECK_INT(t_of(up, 996), 52221);
    CHECK_INT(t_of(up, 997), -1);
    CHECK_INT(up->fin_offset, 997);
    CHECK_INT(up->fin_us - STORY_WALL_US, 55430);
    CHECK_INT(up->acked, 998); /* the FIN too */
    CHECK(up->rst_us == TM_NEVER);
    CHECK_INT(up->n_retrans + down->n_retrans, 0);
    CHECK_INT(tm_wire_half_unseen(up, 0, 997), 0);
    tm_wire_view_deinit(&v);
}

static void sender_is_free_until_a_window_is_in_flight(void)
{
    struct story s = story_new();
    struct tm_wire_view v = view_of(&s);
    const struct tm_wire_half *up = &v.conns[0].half[TM_UP];
    const struct tm_wire_half *down = &v.conns[0].half[TM_DOWN];
    CHECK_INT(tm_wire_half_at(up, 517)->free_us - STORY_WALL_US, 1300); /* acknowledged */
    CHECK_INT(tm_wire_half_at(up, 600)->free_us - STORY_WALL_US, 2316);
    CHECK_INT(tm_wire_half_at(down, 1500)->free_us - STORY_WALL_US, 1910); /* little in flight */
    tm_wire_view_deinit(&v);
    story_insert(&s, (struct story_packet){1910, TM_DOWN, TM_TCP_ACK, 0, 100, 517, 0,
                                           0}); /* a retransmission */
    v = view_of(&s);
    CHECK(tm_wire_half_at(&v.conns[0].half[TM_DOWN], 1500)->free_us == TM_NEVER);
    tm_wire_view_deinit(&v);
    s = story_new();
    s.packets[P_FLIGHT].len = 4001; /* much in flight */
    s.packets[P_FLIGHT_REST].offset = 4001;
    v = view_of(&s);
    CHECK(tm_wire_half_at(&v.conns[0].half[TM_DOWN], 4001)->free_us == TM_NEVER);
    tm_wire_view_deinit(&v);
    s = story_new();
    for (int64_t i = 0; i < 9; i++) /* many small ones */
        story_insert(&s, (struct story_packet){1800 + i, TM_DOWN, TM_TCP_ACK, i, 1, 517, 0, 0});
    v = view_of(&s);
    CHECK_INT(tm_wire_half_at(&v.conns[0].half[TM_DOWN], 7)->free_us - STORY_WALL_US, 1806);
    CHECK(tm_wire_half_at(&v.conns[0].half[TM_DOWN], 8)->free_us == TM_NEVER);
    tm_wire_view_deinit(&v);
}

static void hole_is_filled_by_a_later_packet(void)
{
    struct story s = story_new();
    s.packets[P_FLIGHT].t_us = 2100; /* came again after the rest */
    struct story_packet late = s.packets[P_FLIGHT];
    story_remove(&s, P_FLIGHT);
    story_insert(&s, late);
    story_insert(&s, (struct story_packet){2150, TM_DOWN, TM_TCP_ACK, 1000, 800, 517, 0,
                                           0}); /* and once more */
    struct tm_wire_view v = view_of(&s);
    const struct tm_wire_half *down = &v.conns[0].half[TM_DOWN];
    CHECK_INT(t_of(down, 0), 2100);
    CHECK_INT(t_of(down, 1447), 2100);
    CHECK_INT(t_of(down, 1448), 1911);
    CHECK_INT(tm_wire_half_unseen(down, 0, 5000), 0);
    CHECK_INT(down->retrans_bytes, 800);
    CHECK_INT(down->n_retrans, 1);
    tm_wire_view_deinit(&v);
}

static void overlapping_packet_adds_only_what_is_new(void)
{
    struct story s = story_new();
    story_remove(&s, P_FLIGHT); /* leaves [1448, 2000) */
    story_insert(&s, (struct story_packet){1950, TM_DOWN, TM_TCP_ACK, 100, 2500, 517, 0, 0});
    struct tm_wire_view v = view_of(&s);
    const struct tm_wire_half *down = &v.conns[0].half[TM_DOWN];
    CHECK_INT(t_of(down, 99), -1);
    CHECK_INT(t_of(down, 100), 1950);
    CHECK_INT(t_of(down, 1448), 1911);
    CHECK_INT(t_of(down, 2000), 1950);
    CHECK_INT(t_of(down, 2599), 1950);
    CHECK_INT(t_of(down, 2600), 54424);
    CHECK_INT(tm_wire_half_unseen(down, 0, 5000), 100);
    CHECK_INT(tm_wire_half_unseen(down, 50, 150), 50);
    CHECK_INT(down->retrans_bytes, 552 + 600);
    tm_wire_view_deinit(&v);
}

static void bytes_sent_before_a_time_are_counted(void)
{
    struct story s = story_new();
    struct tm_wire_view v = view_of(&s);
    const struct tm_wire_half *up = &v.conns[0].half[TM_UP];
    CHECK_INT(tm_wire_half_sent_before(up, 0, STORY_WALL_US + 1206), 0);
    CHECK_INT(tm_wire_half_sent_before(up, 0, STORY_WALL_US + 1207), 517);
    CHECK_INT(tm_wire_half_sent_before(up, 0, STORY_WALL_US + 3000), 597);
    CHECK_INT(tm_wire_half_sent_before(up, 597, STORY_WALL_US + 3000), 597);
    tm_wire_view_deinit(&v);
}

static void repeated_syn_is_one_connection_and_another_is_two(void)
{
    struct story s = story_new();
    s.packets[P_ACK] = s.packets[P_SYN];
    s.packets[P_ACK].t_us = 1150;
    struct tm_wire_view v = view_of(&s);
    CHECK_INT(v.n_conns, 1);
    CHECK_INT(v.conns[0].syn_us - STORY_WALL_US, 1000);
    struct tm_packet p = story_decode(&s.packets[P_SYN]);
    p.t_us += 1000000;
    p.seq += 999999; /* the port is used again */
    CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
    CHECK_INT(v.n_conns, 2);
    uint32_t newest = tm_wire_view_find(&v, &v.conns[0].client, &v.conns[0].server);
    CHECK_INT(newest, 1);
    CHECK_INT(v.conns[newest].older, 0);
    CHECK_INT(v.conns[0].older, TM_WIRE_NONE);
    tm_wire_view_deinit(&v);
}

static void straggler_of_an_older_connection_changes_nothing(void)
{
    struct story s = story_new();
    struct tm_wire_view v = view_of(&s);
    struct tm_packet p = story_decode(&s.packets[P_REQUEST]);
    p.seq += 0x50000000;
    CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
    CHECK_INT(v.conns[0].half[TM_UP].high, 997);
    tm_wire_view_deinit(&v);
}

static void other_servers_are_not_kept(void)
{
    struct story s = story_new();
    struct tm_wire_view v = view_of(&s);
    struct tm_packet p = story_decode(&s.packets[P_SYN]);
    p.dst_port = 80;
    p.t_us += 1000000;
    CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
    CHECK_INT(v.n_conns, 1);
    CHECK_INT(v.n_packets, P_N);
    CHECK_INT(v.n_fed, P_N + 1);
    CHECK_INT(v.last_us, p.t_us);
    tm_wire_view_deinit(&v);
}

static void many_connections_are_all_found(void)
{
    struct tm_wire_view v = {0};
    struct tm_endpoint server;
    CHECK(tm_endpoint_parse(&server, "10.0.0.2:443"));
    CHECK_INT(tm_wire_view_add_server(&v, &server), TM_OK);
    struct story_packet syn = {0, TM_UP, TM_TCP_SYN, -1, 0, -1, 0, 0};
    for (uint16_t i = 0; i < 3000; i++) {
        syn.port = (uint16_t)(1000 + i);
        struct tm_packet p = story_decode(&syn);
        CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
    }
    CHECK_INT(v.n_conns, 3000);
    for (uint32_t i = 0; i < v.n_conns; i++)
        CHECK_INT(tm_wire_view_find(&v, &v.conns[i].client, &v.conns[i].server), i);
    struct tm_endpoint nobody = v.conns[0].client;
    nobody.port = 1;
    CHECK_INT(tm_wire_view_find(&v, &nobody, &server), TM_WIRE_NONE);
    tm_wire_view_deinit(&v);
}

/* 5 GB in 64 kB steps: sequence numbers wrap, offsets do not. */
static void sequence_numbers_wrap(void)
{
    struct tm_wire_view v = {0};
    struct tm_endpoint server;
    CHECK(tm_endpoint_parse(&server, "10.0.0.2:443"));
    CHECK_INT(tm_wire_view_add_server(&v, &server), TM_OK);
    struct story s = story_new();
    struct tm_packet p = story_decode(&s.packets[P_SYN]);
    CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
    struct story_packet data = {0, TM_UP, TM_TCP_ACK, 0, 65536, 0, 0, 0};
    const int64_t total = INT64_C(5) << 30;
    for (; data.offset < total; data.offset += data.len) {
        p = story_decode(&data);
        CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
    }
    CHECK_INT(v.conns[0].half[TM_UP].high, total);
    CHECK_INT(v.conns[0].half[TM_UP].retrans_bytes, 0);
    tm_wire_view_deinit(&v);
}

/* Against a byte map: random packets over 600 bytes, times rising. */
static void random_packets_agree_with_a_byte_map(void)
{
    uint32_t x = 12345;
    for (int round = 0; round < 200; round++) {
        struct tm_wire_view v = {0};
        struct tm_endpoint server;
        CHECK(tm_endpoint_parse(&server, "10.0.0.2:443"));
        CHECK_INT(tm_wire_view_add_server(&v, &server), TM_OK);
        struct story s = story_new();
        struct tm_packet p = story_decode(&s.packets[P_SYN]);
        CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
        int64_t first[600];
        memset(first, 0xff, sizeof first); /* -1 */
        for (int64_t t = 1; t <= 30; t++) {
            x = x * 1664525 + 1013904223;
            uint32_t from = (x >> 8) % 550;
            uint32_t len = 1 + (x >> 20) % 50;
            struct story_packet data = {t, TM_UP, TM_TCP_ACK, from, len, 0, 0, 0};
            p = story_decode(&data);
            CHECK_INT(tm_wire_view_feed(&v, &p), TM_OK);
            for (uint32_t i = from; i < from + len; i++) {
                if (first[i] < 0)
                    first[i] = t;
            }
        }
        uint64_t unseen = 0;
        size_t wrong = 0;
        for (uint32_t i = 0; i < 600; i++) {
            wrong += t_of(&v.conns[0].half[TM_UP], i) != first[i];
            unseen += first[i] < 0;
        }
        CHECK_INT(wrong, 0);
        CHECK_INT(tm_wire_half_unseen(&v.conns[0].half[TM_UP], 0, 600), unseen);
        tm_wire_view_deinit(&v);
    }
}

static const struct check_case CASES[] = {
    {"offsets_and_times_are_those_of_the_packets", offsets_and_times_are_those_of_the_packets},
    {"sender_is_free_until_a_window_is_in_flight", sender_is_free_until_a_window_is_in_flight},
    {"hole_is_filled_by_a_later_packet", hole_is_filled_by_a_later_packet},
    {"overlapping_packet_adds_only_what_is_new", overlapping_packet_adds_only_what_is_new},
    {"bytes_sent_before_a_time_are_counted", bytes_sent_before_a_time_are_counted},
    {"repeated_syn_is_one_connection_and_another_is_two",
     repeated_syn_is_one_connection_and_another_is_two},
    {"straggler_of_an_older_connection_changes_nothing",
     straggler_of_an_older_connection_changes_nothing},
    {"other_servers_are_not_kept", other_servers_are_not_kept},
    {"many_connections_are_all_found", many_connections_are_all_found},
    {"sequence_numbers_wrap", sequence_numbers_wrap},
    {"random_packets_agree_with_a_byte_map", random_packets_agree_with_a_byte_map},
};
CHECK_MAIN("wire_view", CASES)
