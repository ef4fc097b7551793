/* Packets -> connections: what a passive observer has, whatever TCP does. */
#include "audit/features/trace.h"

#include <stdio.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/audit/features/wire.h"
#include "tm/base/time.h"

static struct wire w;
static const uint16_t PORT_443[] = {443};

static void fresh_start(void)
{
    memset(&w, 0, sizeof w);
}

static void check_packet(const struct tm_trace_set *s, size_t trace, uint32_t i, int64_t t_us,
                         int32_t signed_size, bool is_new)
{
    CHECK(trace < s->n && i < s->v[trace].n_packets);
    if (trace >= s->n || i >= s->v[trace].n_packets)
        return;
    const struct tm_trace_packet *p = tm_trace_packets(s, &s->v[trace]) + i;
    CHECK_INT(p->t_us, t_us);
    CHECK_INT(p->dir == TM_UP ? (int32_t)p->bytes : -(int32_t)p->bytes, signed_size);
    CHECK_INT(p->is_new, is_new);
}

static void dialogue_becomes_one_trace(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_dialogue(&w, &c, 5000);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.n, 1);
    const struct tm_trace *t = &s.v[0];
    CHECK_INT(t->start_us, WIRE_START_US + 5000);
    CHECK_INT(t->duration_us, 2021000);
    CHECK_INT(t->rtt_us[TM_UP], 20000);
    CHECK_INT(t->rtt_us[TM_DOWN], 1000);
    CHECK_INT(t->client.port, 40001);
    CHECK_INT(t->server.port, 443);
    CHECK_MEM(t->server.addr, c.addr[TM_DOWN], TM_ADDR_LEN);
    CHECK_INT(t->n_packets, 5);
    CHECK_INT(t->n_bare[TM_UP], 4);
    CHECK_INT(t->n_bare[TM_DOWN], 2);
    CHECK_INT(t->new_bytes[TM_UP], 600);
    CHECK_INT(t->new_bytes[TM_DOWN], 2300);
    CHECK(tm_trace_is_complete(t));
    check_packet(&s, 0, 0, 21000, 500, true);
    check_packet(&s, 0, 1, 50000, -1400, true);
    check_packet(&s, 0, 2, 51000, -600, true);
    check_packet(&s, 0, 3, 1000000, 100, true);
    check_packet(&s, 0, 4, 1040000, -300, true);
    tm_trace_set_deinit(&s);
}

static void interleaved_connections_keep_their_packets_apart(void)
{
    fresh_start();
    struct wire_conn c[20];
    for (unsigned i = 0; i < 20; i++) {
        c[i] = wire_conn(i + 1);
        wire_open(&w, &c[i], i);
    }
    for (unsigned k = 0; k < 10; k++) {
        for (unsigned i = 0; i < 20; i++)
            wire_send(&w, &c[i], 100000 + k * 1000 + i, k % 2 ? TM_DOWN : TM_UP, 100 * i + k + 1);
    }
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.n, 20);
    CHECK_INT(s.n_packets, 200);
    for (unsigned i = 0; i < s.n; i++) {
        CHECK_INT(s.v[i].client.port, 40001 + i);
        for (unsigned k = 0; k < 10; k++)
            check_packet(&s, i, k, 100000 + k * 1000, (k % 2 ? -1 : 1) * (int32_t)(100 * i + k + 1),
                         true);
    }
    tm_trace_set_deinit(&s);
}

static void retransmissions_are_kept_and_told(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 0);
    wire_send(&w, &c, 30000, TM_UP, 1000);
    wire_again(&w, &c, 40000, TM_UP, 1000, 1000);
    wire_again(&w, &c, 50000, TM_UP, 400, 600); /* 400 seen, 200 new */
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.v[0].n_packets, 3);
    CHECK_INT(s.v[0].new_bytes[TM_UP], 1200);
    check_packet(&s, 0, 1, 40000, 1000, false);
    check_packet(&s, 0, 2, 50000, 600, true);
    CHECK(!tm_trace_is_complete(&s.v[0]));
    tm_trace_set_deinit(&s);
}

static void late_segment_that_fills_a_hole_is_new_once(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 0);
    c.seq[TM_DOWN] += 1400;
    wire_send(&w, &c, 30000, TM_DOWN, 1400);
    wire_again(&w, &c, 40000, TM_DOWN, 2800, 1400);
    wire_again(&w, &c, 50000, TM_DOWN, 2800, 1400);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    check_packet(&s, 0, 0, 30000, -1400, true);
    check_packet(&s, 0, 1, 40000, -1400, true);
    check_packet(&s, 0, 2, 50000, -1400, false);
    CHECK_INT(s.v[0].new_bytes[TM_DOWN], 2800);
    tm_trace_set_deinit(&s);
}

static void sequence_numbers_may_wrap(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    c.seq[TM_UP] = UINT32_MAX - 700;
    wire_open(&w, &c, 0);
    for (int i = 0; i < 4; i++)
        wire_send(&w, &c, 30000 + i, TM_UP, 500);
    wire_again(&w, &c, 40000, TM_UP, 2000, 2000);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.v[0].new_bytes[TM_UP], 2000);
    check_packet(&s, 0, 3, 30003, 500, true);
    check_packet(&s, 0, 4, 40000, 2000, false);
    tm_trace_set_deinit(&s);
}

static void ports_used_again_after_the_end_begin_another_connection(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_dialogue(&w, &c, 0);
    wire_again(&w, &c, 2100000, TM_DOWN, 301, 300); /* a straggler of the first */
    wire_dialogue(&w, &c, 3000000);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.n, 2);
    CHECK_INT(s.v[0].n_packets, 6);
    CHECK_INT(s.v[0].duration_us, 2100000);
    CHECK_INT(s.v[1].start_us, WIRE_START_US + 3000000);
    CHECK_INT(s.v[1].n_packets, 5);
    CHECK(tm_trace_is_complete(&s.v[0]) && tm_trace_is_complete(&s.v[1]));
    tm_trace_set_deinit(&s);
}

/* A refused client tries again with the number it had; then the server's host opens one the other way. */
static void syn_after_the_end_begins_another_whatever_its_number_and_side(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_flag(&w, &c, 0, TM_UP, TM_TCP_SYN);
    wire_flag(&w, &c, 20000, TM_DOWN, TM_TCP_RST | TM_TCP_ACK);
    c.seq[TM_UP]--;
    wire_dialogue(&w, &c, 1000000);
    wire_flag(&w, &c, 9000000, TM_DOWN, TM_TCP_SYN);
    struct tm_trace_set s = wire_traces(&w, NULL, 0);
    CHECK_INT(s.n, 3);
    CHECK_INT(s.v[0].duration_us, 20000);
    CHECK_INT(s.v[1].n_packets, 5);
    CHECK(tm_trace_is_complete(&s.v[1]));
    CHECK_INT(s.v[1].client.port, 40001);
    CHECK_INT(s.n > 2 ? s.v[2].client.port : 0, 443);
    tm_trace_set_deinit(&s);
}

static void another_syn_on_an_open_connection_begins_another(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 0);
    wire_send(&w, &c, 30000, TM_UP, 10);
    c.seq[TM_UP] += 12345;
    wire_dialogue(&w, &c, 9000000);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.n, 2);
    CHECK(!tm_trace_is_complete(&s.v[0]));
    CHECK(tm_trace_is_complete(&s.v[1]));
    tm_trace_set_deinit(&s);
}

static void repeated_syn_is_the_same_connection_without_a_round_trip(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_flag(&w, &c, 0, TM_UP, TM_TCP_SYN);
    c.seq[TM_UP]--;
    wire_dialogue(&w, &c, 1000000);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.n, 1);
    CHECK_INT(s.v[0].start_us, WIRE_START_US);
    CHECK(s.v[0].rtt_us[TM_UP] == TM_NEVER);
    CHECK_INT(s.v[0].n_packets, 5);
    tm_trace_set_deinit(&s);
}

static void reset_ends_and_its_payload_is_none(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 0);
    wire_send(&w, &c, 30000, TM_UP, 100);
    wire_send(&w, &c, 60000, TM_DOWN, 100);
    wire_flag(&w, &c, 70000, TM_DOWN, TM_TCP_RST | TM_TCP_ACK);
    w.p[w.n - 1].payload_len = 20;
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.v[0].n_packets, 2);
    CHECK(s.v[0].has_rst);
    CHECK(tm_trace_is_complete(&s.v[0]));
    tm_trace_set_deinit(&s);
}

static void both_fins_at_once_are_one_end(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 0);
    wire_send(&w, &c, 30000, TM_UP, 100);
    wire_send(&w, &c, 60000, TM_DOWN, 100);
    wire_flag(&w, &c, 70000, TM_UP, TM_TCP_FIN | TM_TCP_ACK);
    wire_flag(&w, &c, 70000, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK);
    wire_flag(&w, &c, 71000, TM_UP, TM_TCP_ACK);
    wire_flag(&w, &c, 90000, TM_DOWN, TM_TCP_ACK);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.n, 1);
    CHECK(s.v[0].has_fin[TM_UP] && s.v[0].has_fin[TM_DOWN]);
    CHECK(tm_trace_is_complete(&s.v[0]));
    CHECK_INT(s.v[0].duration_us, 90000);
    tm_trace_set_deinit(&s);
}

static void connection_without_opening_is_oriented_by_its_port(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_send(&w, &c, 0, TM_DOWN, 700);
    wire_send(&w, &c, 1000, TM_UP, 50);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.n, 1);
    CHECK_INT(s.v[0].server.port, 443);
    CHECK(!s.v[0].has_syn);
    CHECK(s.v[0].rtt_us[TM_UP] == TM_NEVER);
    check_packet(&s, 0, 0, 0, -700, true);
    tm_trace_set_deinit(&s);
    s = wire_traces(&w, NULL, 0);
    CHECK_INT(s.n, 0);
    tm_trace_set_deinit(&s);
}

static void only_servers_on_the_ports_count(void)
{
    fresh_start();
    struct wire_conn c[3] = {wire_conn(1), wire_conn(2), wire_conn(3)};
    c[1].port[TM_UP] = 443; /* the client's own port happens to be one of ours */
    c[1].port[TM_DOWN] = 8080;
    c[2].port[TM_DOWN] = 22;
    for (int i = 0; i < 3; i++)
        wire_dialogue(&w, &c[i], i * 10000000);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    CHECK_INT(s.n, 1);
    CHECK_INT(s.v[0].client.port, 40001);
    tm_trace_set_deinit(&s);
    s = wire_traces(&w, NULL, 0);
    CHECK_INT(s.n, 3);
    tm_trace_set_deinit(&s);
}

static void busiest_ports_are_those_not_asked_for(void)
{
    fresh_start();
    uint16_t port[4] = {0};
    struct tm_trace_builder *b = NULL;
    const struct tm_trace_cfg cfg = {.ports = PORT_443, .n_ports = 1};
    for (unsigned i = 0; i < 6; i++) {
        struct wire_conn c = wire_conn(i + 1);
        c.port[TM_DOWN] = i < 3 ? 22 : i < 5 ? 25 : 443;
        wire_dialogue(&w, &c, 1000 * i);
    }
    CHECK_INT(tm_trace_builder_new(&b, &cfg), TM_OK);
    wire_feed(&w, b);
    CHECK_INT(tm_trace_builder_busiest(b, port, 4), 2);
    CHECK_INT(port[0], 22);
    CHECK_INT(port[1], 25);
    tm_trace_builder_free(b);
}

static void clock_that_steps_back_gives_no_negative_time(void)
{
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_open(&w, &c, 100000);
    wire_send(&w, &c, 50000, TM_UP, 10);
    wire_send(&w, &c, 200000, TM_DOWN, 10);
    struct tm_trace_set s = wire_traces(&w, PORT_443, 1);
    check_packet(&s, 0, 0, 21000, 10, true);
    check_packet(&s, 0, 1, 100000, -10, true);
    tm_trace_set_deinit(&s);
}

static void too_many_connections_are_refused(void)
{
    struct tm_trace_builder *b = NULL;
    const struct tm_trace_cfg cfg = {.max_flows = 2};
    fresh_start();
    for (unsigned i = 0; i < 3; i++) {
        struct wire_conn c = wire_conn(i + 1);
        wire_flag(&w, &c, i, TM_UP, TM_TCP_SYN);
    }
    CHECK_INT(tm_trace_builder_new(&b, &cfg), TM_OK);
    CHECK_INT(tm_trace_builder_packet(b, &w.p[0]), TM_OK);
    CHECK_INT(tm_trace_builder_packet(b, &w.p[1]), TM_OK);
    CHECK_INT(tm_trace_builder_packet(b, &w.p[2]), TM_ERR_LIMIT);
    tm_trace_builder_free(b);
    const struct tm_trace_cfg huge = {.max_flows = UINT32_MAX};
    CHECK_INT(tm_trace_builder_new(&b, &huge), TM_ERR_RANGE);
    CHECK(b == NULL);
}

static void builder_forgets_a_capture_at_its_end(void)
{
    struct tm_trace_set s = {0};
    struct tm_trace_builder *b = NULL;
    const struct tm_trace_cfg cfg = {.ports = PORT_443, .n_ports = 1};
    fresh_start();
    struct wire_conn c = wire_conn(1);
    wire_dialogue(&w, &c, 0);
    CHECK_INT(tm_trace_builder_new(&b, &cfg), TM_OK);
    for (uint32_t source = 0; source < 3; source++) {
        wire_feed(&w, b);
        CHECK_INT(tm_trace_builder_end(b, &s, source, 0, 0), TM_OK);
        CHECK_INT(s.n, source + 1);
        CHECK_INT(s.v[source].source, source);
        check_packet(&s, source, 4, 1040000, -300, true);
    }
    tm_trace_builder_free(b);
    tm_trace_set_deinit(&s);
}

static void names_are_given_once(void)
{
    struct tm_trace_set s = {0};
    uint32_t at = 0;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            char name[16];
            (void)snprintf(name, sizeof name, "n%u", i * 7919);
            CHECK_INT(tm_trace_set_name(&s, name, &at), TM_OK);
            CHECK_INT(at, i);
        }
    }
    CHECK_INT(s.n_names, 1000);
    CHECK_STR(s.names[1], "n7919");
    tm_trace_set_deinit(&s);
}

static const struct check_case cases[] = {
    {"dialogue_becomes_one_trace", dialogue_becomes_one_trace},
    {"interleaved_connections_keep_their_packets_apart",
     interleaved_connections_keep_their_packets_apart},
    {"retransmissions_are_kept_and_told", retransmissions_are_kept_and_told},
    {"late_segment_that_fills_a_hole_is_new_once", late_segment_that_fills_a_hole_is_new_once},
    {"sequence_numbers_may_wrap", sequence_numbers_may_wrap},
    {"ports_used_again_after_the_end_begin_another_connection",
     ports_used_again_after_the_end_begin_another_connection},
    {"syn_after_the_end_begins_another_whatever_its_number_and_side",
     syn_after_the_end_begins_another_whatever_its_number_and_side},
    {"another_syn_on_an_open_connection_begins_another",
     another_syn_on_an_open_connection_begins_another},
    {"repeated_syn_is_the_same_connection_without_a_round_trip",
     repeated_syn_is_the_same_connection_without_a_round_trip},
    {"reset_ends_and_its_payload_is_none", reset_ends_and_its_payload_is_none},
    {"both_fins_at_once_are_one_end", both_fins_at_once_are_one_end},
    {"connection_without_opening_is_oriented_by_its_port",
     connection_without_opening_is_oriented_by_its_port},
    {"only_servers_on_the_ports_count", only_servers_on_the_ports_count},
    {"busiest_ports_are_those_not_asked_for", busiest_ports_are_those_not_asked_for},
    {"clock_that_steps_back_gives_no_negative_time", clock_that_steps_back_gives_no_negative_time},
    {"too_many_connections_are_refused", too_many_connections_are_refused},
    {"builder_forgets_a_capture_at_its_end", builder_forgets_a_capture_at_its_end},
    {"names_are_given_once", names_are_given_once},
};
CHECK_MAIN("audit trace", cases)
