/* The wire thread over loopback: bytes, order, times, ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/wire_scene.h"
#include "tm/base/rng.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"

#define NOW (-1) /* gap_us: at due_us */

/* ---- Opening ---- */

static void a_connection_opens_when_it_is_due_and_tells_its_addresses(void)
{
    struct scene s;
    scene_start(&s, NULL);
    scene_listen(&s);
    int64_t due_us = tm_now_us() + 3000;
    struct scene_conn *c = scene_open(&s, &s.addr, due_us);
    CHECK(c->id != 0);
    SCENE_UNTIL(&s, c->n_up == 1 && s.n_accepted == 1);
    CHECK(c->up_us >= due_us);
    CHECK(s.accepted[0]->up_us >= due_us);
    CHECK(!c->is_accepted);
    const struct sockaddr_in *local = (struct sockaddr_in *)&c->local;
    const struct sockaddr_in *peer = (struct sockaddr_in *)&s.accepted[0]->peer;
    CHECK_INT(peer->sin_port, local->sin_port);
    CHECK_INT(((struct sockaddr_in *)&c->peer)->sin_port, s.addr.sin_port);
    CHECK_INT(((struct sockaddr_in *)&s.accepted[0]->local)->sin_port, s.addr.sin_port);
    scene_stop(&s);
}

static void a_refused_connection_goes_down_once(void)
{
    struct scene s;
    struct sockaddr_in nobody;
    scene_start(&s, NULL);
    (void)close(plain_listen(&nobody, 1, 0));
    struct scene_conn *c = scene_open(&s, &nobody, 0);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_REFUSED);
    CHECK_INT(c->error, ECONNREFUSED);
    CHECK_INT(c->n_up, 0);
    scene_stop(&s);
}

static void an_impossible_address_goes_down_too(void)
{
    struct scene s;
    scene_start(&s, NULL);
    uint32_t id;
    struct sockaddr strange = {.sa_family = 250};
    CHECK_INT(tm_wire_open(s.w, &strange, sizeof strange, 0, &id), TM_OK);
    struct tm_wire_event ev = {0};
    while (!tm_wire_next(s.w, &ev))
        (void)tm_wire_await(s.w);
    CHECK_INT(ev.kind, TM_WIRE_DOWN);
    CHECK_INT(ev.id, id);
    CHECK_INT(ev.why, TM_WIRE_DOWN_REFUSED);
    tm_wire_consume(s.w);
    scene_stop(&s);
}

/* A backlog that is full answers no SYN. */
static void a_connection_that_is_not_answered_gives_up(void)
{
    struct scene s;
    struct sockaddr_in addr;
    scene_start(&s, &(struct tm_wire_cfg){.connect_us = 30000});
    int listener = plain_listen(&addr, 0, 0);
    int fillers[3];
    for (int i = 0; i < 3; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&addr, sizeof addr);
    }
    int64_t t_us = tm_now_us();
    struct scene_conn *c = scene_open(&s, &addr, 0);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_REFUSED);
    CHECK_INT(c->error, ETIMEDOUT);
    CHECK(c->down_us >= t_us + 30000);
    for (int i = 0; i < 3; i++)
        (void)close(fillers[i]);
    (void)close(listener);
    scene_stop(&s);
}

/* ---- Sending ---- */

static void writes_arrive_exactly_in_order_and_never_early(void)
{
    struct scene s;
    scene_start(&s, NULL);
    scene_listen(&s);
    struct scene_conn *c = scene_open(&s, &s.addr, 0);
    SCENE_UNTIL(&s, c->n_up == 1 && s.n_accepted == 1);
    uint8_t seed[TM_SEED_LEN] = {7};
    struct tm_rng rng;
    tm_rng_init(&rng, seed);
    static uint8_t bytes[40000];
    int64_t due_us[200];
    size_t total = 0;
    int64_t t_us = tm_now_us() + 5000;
    for (uint32_t i = 0; i < 200; i++) {
        size_t len = 1 + (size_t)tm_rng_below(&rng, i % 20 == 0 ? sizeof bytes : 1500);
        t_us += (int64_t)tm_rng_below(&rng, 1000);
        due_us[i] = t_us;
        scene_fill(bytes, len, 1, total);
        scene_write(&s, c, i, t_us, NOW, bytes, len);
        total += len;
    }
    SCENE_UNTIL(&s, c->n_sent == 200 && s.accepted[0]->n_rx >= total);
    CHECK_INT(s.accepted[0]->n_rx, total);
    CHECK(scene_is_pattern(s.accepted[0]->rx, total, 1, 0));
    for (uint32_t i = 0; i < 200; i++) {
        CHECK_INT(c->sent[i].write_no, i);
        CHECK_INT(c->sent[i].due_us, due_us[i]);
        CHECK(c->sent[i].first_us >= c->sent[i].due_us);
        CHECK(c->sent[i].last_us >= c->sent[i].first_us);
        CHECK(i == 0 || c->sent[i].first_us >= c->sent[i - 1].last_us);
    }
    scene_stop(&s);
}

static void gaps_run_from_the_previous_departure_and_the_first_from_establishment(void)
{
    struct scene s;
    scene_start(&s, NULL);
    scene_listen(&s);
    static const uint8_t bytes[700] = {0};
    struct scene_conn *c = scene_open(&s, &s.addr, tm_now_us() + 2000);
    for (uint32_t i = 0; i < 50; i++) /* before it is up */
        scene_write(&s, c, i, 0, (int64_t)i * 20, bytes, sizeof bytes);
    SCENE_UNTIL(&s, c->n_sent == 50);
    for (uint32_t i = 0; i < 50; i++) {
        int64_t event_us = i == 0 ? c->up_us : c->sent[i - 1].last_us;
        CHECK_INT(c->sent[i].due_us, event_us + (int64_t)i * 20);
        CHECK(c->sent[i].first_us >= c->sent[i].due_us);
    }
    scene_stop(&s);
}

/* No chunk leaves before the write's time, and none of the next write's with it. */
static void a_write_is_one_segment_and_two_writes_are_two(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    static uint8_t bytes[3 * 9000];
    scene_fill(bytes, sizeof bytes, 2, 0);
    int64_t due_us = tm_now_us() + 4000;
    for (uint32_t i = 0; i < 3; i++) { /* one write in three chunks: less than the loopback's MSS */
        struct tm_wire_write wr = {
            .id = c->id, .due_us = due_us, .bytes = {bytes + i * 9000, 9000}};
        wr.flags = i == 0 ? TM_WIRE_FIRST : i == 2 ? TM_WIRE_LAST : 0;
        CHECK_INT(tm_wire_write(s.w, &wr), TM_OK);
    }
    static uint8_t got[sizeof bytes];
    CHECK_INT(plain_read(peer, got, sizeof got), sizeof got);
    CHECK(tm_now_us() >= due_us);
    CHECK_MEM(got, bytes, sizeof got);
    CHECK_INT(plain_segments_in(peer), 1);
    due_us = tm_now_us() + 4000;
    for (uint32_t i = 1; i <= 8; i++)
        scene_write(&s, c, i, due_us, NOW, bytes, 100);
    CHECK_INT(plain_read(peer, got, 800), 800);
    CHECK_INT(plain_segments_in(peer), 1 + 8);
    (void)close(peer);
    scene_stop(&s);
}

static void chunks_that_come_later_leave_at_once(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    static uint8_t bytes[30];
    uint8_t got[30];
    scene_fill(bytes, sizeof bytes, 4, 0);
    struct tm_wire_write wr = {
        .id = c->id, .write_no = 5, .flags = TM_WIRE_FIRST, .bytes = {bytes, 10}};
    CHECK_INT(tm_wire_write(s.w, &wr), TM_OK);
    CHECK_INT(plain_read(peer, got, 10), 10);
    scene_take(&s);
    CHECK_INT(c->n_sent, 0);
    wr.flags = TM_WIRE_LAST; /* a mark inside the write */
    wr.write_no = 1005;
    wr.bytes.p = bytes + 10;
    CHECK_INT(tm_wire_write(s.w, &wr), TM_OK);
    CHECK_INT(plain_read(peer, got + 10, 10), 10);
    SCENE_UNTIL(&s, c->n_sent == 1);
    wr.write_no = 5;
    wr.bytes.p = bytes + 20;
    CHECK_INT(tm_wire_write(s.w, &wr), TM_OK);
    CHECK_INT(plain_read(peer, got + 20, 10), 10);
    CHECK_MEM(got, bytes, 30);
    SCENE_UNTIL(&s, c->n_sent == 2);
    CHECK_INT(c->sent[0].write_no, 1005);
    CHECK_INT(c->sent[1].write_no, 5);
    CHECK_INT(c->sent[1].first_us, c->sent[0].first_us);
    CHECK(c->sent[1].last_us > c->sent[0].last_us);
    (void)close(peer);
    scene_stop(&s);
}

/* The reader takes 16 KiB a turn: the socket fills again and again. */
static void twenty_megabytes_reach_a_slow_reader(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    const size_t total = 20U << 20;
    static uint8_t chunk[TM_WIRE_CHUNK_MAX];
    static uint8_t got[16384];
    size_t given = 0;
    size_t read_bytes = 0;
    size_t n_bad = 0;
    while (read_bytes < total) {
        while (given < total) {
            size_t n = total - given < sizeof chunk ? total - given : sizeof chunk;
            struct tm_wire_write wr = {.id = c->id, .write_no = 1, .bytes = {chunk, n}};
            wr.flags = (given == 0 ? TM_WIRE_FIRST : 0U) |
                       (given + n == total ? (unsigned)TM_WIRE_LAST : 0U);
            scene_fill(chunk, n, 3, given);
            if (tm_wire_write(s.w, &wr) != TM_OK)
                break;
            given += n;
        }
        ssize_t n = recv(peer, got, sizeof got, 0);
        CHECK(n > 0);
        if (n <= 0)
            break;
        n_bad += !scene_is_pattern(got, (size_t)n, 3, read_bytes);
        read_bytes += (size_t)n;
        scene_take(&s);
    }
    CHECK_INT(n_bad, 0);
    SCENE_UNTIL(&s, c->n_sent == 1);
    CHECK(c->sent[0].last_us > c->sent[0].first_us);
    (void)close(peer);
    scene_stop(&s);
}

/* The peer's window is a few KiB and it does not read: the kernel takes up to notsent_bytes more, and keeps them. */
static void unsent_counts_what_earlier_writes_left_in_the_kernel(void)
{
    struct scene s;
    struct sockaddr_in addr;
    scene_start(&s, NULL);
    int listener = plain_listen(&addr, 8, 0);
    int few = 8192;
    CHECK_INT(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &few, sizeof few), 0);
    struct scene_conn *c = scene_open(&s, &addr, 0);
    int peer = plain_accept(listener);
    static uint8_t bytes[16000];
    for (uint32_t i = 0; i < 40; i++)
        scene_write(&s, c, i, 0, NOW, bytes, sizeof bytes);
    SCENE_UNTIL(&s, c->n_sent >= 6);
    CHECK_INT(c->sent[0].unsent, 0);
    CHECK(c->sent[5].unsent > 0);
    CHECK(c->sent[5].unsent <= 5 * sizeof bytes);
    CHECK(c->n_sent < 40);
    (void)close(peer);
    (void)close(listener);
    scene_stop(&s);
}

/* ---- Ends ---- */

static void our_fin_waits_for_its_time_and_for_what_is_queued(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    uint8_t bytes[100] = {1};
    int64_t due_us = tm_now_us() + 8000;
    int64_t close_us = tm_now_us() + 4000;
    scene_write(&s, c, 0, due_us, NOW, bytes, sizeof bytes);
    scene_close(&s, c, close_us); /* earlier than the write: it waits for it */
    uint8_t got[101];
    CHECK_INT(plain_read(peer, got, 101), 100);
    CHECK(tm_now_us() >= due_us);
    CHECK_INT(c->n_down, 0); /* half open: what we send still arrives */
    plain_write(peer, bytes, 60);
    (void)close(peer);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_CLOSED);
    CHECK_INT(c->n_rx, 60);
    CHECK_INT(c->n_eof, 0);

    c = scene_open_plain(&s, &peer);
    close_us = tm_now_us() + 5000;
    scene_close(&s, c, close_us);
    CHECK_INT(plain_read(peer, got, 1), 0);
    CHECK(tm_now_us() >= close_us);
    (void)close(peer);
    SCENE_UNTIL(&s, c->n_down == 1);
    scene_stop(&s);
}

static void the_peers_fin_is_told_and_answered(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    uint8_t bytes[50] = {2};
    plain_write(peer, bytes, 50);
    CHECK_INT(shutdown(peer, SHUT_WR), 0);
    SCENE_UNTIL(&s, c->n_eof == 1);
    CHECK_INT(c->n_rx, 50);
    CHECK_INT(c->n_down, 0);
    scene_write(&s, c, 0, 0, NOW, bytes, 50); /* half open */
    scene_close(&s, c, 0);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_CLOSED);
    CHECK_INT(c->n_eof, 1);
    uint8_t got[51];
    CHECK_INT(plain_read(peer, got, 51), 50);
    (void)close(peer);
    scene_stop(&s);
}

static void a_peer_that_does_not_close_is_reset_after_a_while(void)
{
    struct scene s;
    int peer;
    scene_start(&s, &(struct tm_wire_cfg){.linger_us = 20000});
    struct scene_conn *c = scene_open_plain(&s, &peer);
    int64_t t_us = tm_now_us();
    scene_close(&s, c, 0);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_TIMEOUT);
    CHECK(c->down_us >= t_us + 20000);
    uint8_t byte = 0;
    CHECK_INT(send(peer, &byte, 1, MSG_NOSIGNAL), -1); /* nobody is there any more */
    CHECK_INT(errno, EPIPE);
    (void)close(peer);
    scene_stop(&s);
}

/* What the peer sent before its RST is told, whenever the RST is noticed. */
static void the_peers_rst_comes_after_its_bytes(void)
{
    struct scene s;
    scene_start(&s, NULL);
    static uint8_t bytes[150000];
    scene_fill(bytes, sizeof bytes, 5, 0);
    for (int i = 0; i < 60; i++) {
        int peer;
        struct scene_conn *c = scene_open_plain(&s, &peer);
        if (i % 2 == 1) /* so that it is a write that notices */
            scene_write(&s, c, 0, 0, 0, bytes, sizeof bytes);
        plain_write(peer, bytes, 1000);
        plain_reset(peer);
        SCENE_UNTIL(&s, c->n_down == 1);
        CHECK_INT(c->why, TM_WIRE_DOWN_RESET);
        CHECK(c->error == ECONNRESET || c->error == EPIPE);
        CHECK_INT(c->n_rx, 1000);
        CHECK(scene_is_pattern(c->rx, c->n_rx, 5, 0));
    }
    scene_stop(&s);
}

/* Also when the RST is there before the wire thread knows that it is connected. */
static void a_peer_that_resets_at_once_is_heard_out(void)
{
    struct scene s;
    struct sockaddr_in addr;
    scene_start(&s, NULL);
    int listener = plain_listen(&addr, 8, 0);
    uint8_t bytes[1000];
    scene_fill(bytes, sizeof bytes, 6, 0);
    for (int i = 0; i < 200; i++) {
        struct scene_conn *c = scene_open(&s, &addr, 0);
        scene_write(&s, c, 0, 0, 0, bytes, sizeof bytes);
        int peer = plain_accept(listener);
        plain_write(peer, bytes, sizeof bytes);
        plain_reset(peer);
        SCENE_UNTIL(&s, c->n_down == 1);
        CHECK_INT(c->n_up, 1);
        CHECK_INT(c->why, TM_WIRE_DOWN_RESET);
        CHECK(c->error == ECONNRESET || c->error == EPIPE);
        CHECK_INT(c->n_rx, sizeof bytes);
        CHECK(scene_is_pattern(c->rx, c->n_rx, 6, 0));
    }
    (void)close(listener);
    scene_stop(&s);
}

static void a_blocked_write_ends_with_the_peers_rst(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    static uint8_t bytes[6 << 20];
    scene_write(&s, c, 0, 0, NOW, bytes, sizeof bytes);
    uint8_t got[1000];
    CHECK_INT(plain_read(peer, got, sizeof got), sizeof got);
    plain_reset(peer);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_RESET);
    CHECK_INT(c->n_sent, 0);
    scene_stop(&s);
}

/* Our FIN is out, and the peer goes on for longer than others are waited for; another connection is the clock. */
static void a_shut_connection_is_read_as_long_as_the_peer_likes(void)
{
    struct scene s;
    int peer, other;
    scene_start(&s, &(struct tm_wire_cfg){.linger_us = 1000});
    struct scene_conn *c = scene_open_plain(&s, &peer);
    struct scene_conn *clock = scene_open_plain(&s, &other);
    uint8_t bytes[50] = {3}, got;
    CHECK_INT(tm_wire_shut(s.w, c->id, 0), TM_OK);
    CHECK_INT(plain_read(peer, &got, 1), 0);
    scene_write(&s, clock, 0, tm_now_us() + 10000, NOW, bytes, 1);
    SCENE_UNTIL(&s, clock->n_sent == 1);
    CHECK_INT(c->n_down, 0);
    plain_write(peer, bytes, sizeof bytes);
    SCENE_UNTIL(&s, c->n_rx == sizeof bytes);
    CHECK_INT(c->n_down, 0);
    (void)close(peer);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_CLOSED);
    (void)close(other);
    scene_stop(&s);
}

static void a_planned_reset_waits_for_its_time_and_for_what_is_queued(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    uint8_t bytes[50] = {4}, got[51];
    plain_write(peer, bytes, 50);
    CHECK_INT(shutdown(peer, SHUT_WR), 0);
    SCENE_UNTIL(&s, c->n_eof == 1);
    int64_t due_us = tm_now_us() + 5000;
    scene_write(&s, c, 0, due_us + 2000, NOW, bytes, 50);
    CHECK_INT(tm_wire_abort(s.w, c->id, due_us), TM_OK);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_ABORTED);
    CHECK_INT(c->n_sent, 1);
    CHECK(c->down_us >= due_us + 2000);
    CHECK_INT(plain_read(peer, got, 50), 50);
    CHECK_INT(recv(peer, got, 1, 0), -1);
    CHECK_INT(errno, ECONNRESET);
    (void)close(peer);
    scene_stop(&s);
}

static void our_rst_drops_what_is_queued(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    uint8_t bytes[10] = {0};
    scene_write(&s, c, 0, tm_now_us() + 30 * TM_US_PER_S, NOW, bytes, sizeof bytes);
    CHECK_INT(tm_wire_reset(s.w, c->id), TM_OK);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_OURS);
    CHECK_INT(c->n_sent, 0);
    uint8_t got;
    CHECK_INT(recv(peer, &got, 1, 0), -1);
    CHECK_INT(errno, ECONNRESET);
    (void)close(peer);
    scene_stop(&s);
}

static void an_opening_can_be_called_off(void)
{
    struct scene s;
    scene_start(&s, NULL);
    scene_listen(&s);
    struct scene_conn *c = scene_open(&s, &s.addr, tm_now_us() + 30 * TM_US_PER_S);
    CHECK_INT(tm_wire_reset(s.w, c->id), TM_OK);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_OURS);
    CHECK_INT(s.n_accepted, 0);
    scene_stop(&s);
}

/* ---- Names ---- */

static void commands_for_a_connection_that_is_gone_are_ignored(void)
{
    struct scene s;
    scene_start(&s, NULL);
    scene_listen(&s);
    struct scene_conn *old = scene_open(&s, &s.addr, 0);
    CHECK_INT(tm_wire_reset(s.w, old->id), TM_OK);
    SCENE_UNTIL(&s, old->n_down == 1);
    struct scene_conn *c = scene_open(&s, &s.addr, 0);
    CHECK(c->id != old->id);
    CHECK_INT(c->id & 0xffff, old->id & 0xffff); /* the same slot */
    SCENE_UNTIL(&s, c->n_up == 1);
    uint8_t bytes[10] = {0};
    scene_write(&s, old, 0, 0, NOW, bytes, sizeof bytes);
    scene_close(&s, old, 0);
    CHECK_INT(tm_wire_reset(s.w, old->id), TM_OK);
    CHECK_INT(tm_wire_release(s.w, old->id), TM_OK);
    scene_write(&s, c, 9, 0, NOW, bytes, 1);
    SCENE_UNTIL(&s, c->n_sent == 1);
    CHECK_INT(c->sent[0].write_no, 9);
    CHECK_INT(c->n_down, 0);
    scene_stop(&s);
}

static void bad_settings_are_refused(void)
{
    struct tm_wire *w = NULL;
    CHECK_INT(tm_wire_start(&w, &(struct tm_wire_cfg){.cc = "no-such-thing"}), TM_ERR_UNSUPPORTED);
    CHECK_INT(tm_wire_start(&w, &(struct tm_wire_cfg){.ring_bytes = 1 << 20}), TM_ERR_RANGE);
    CHECK_INT(tm_wire_start(&w, &(struct tm_wire_cfg){.ring_bytes = (8 << 20) + 64}), TM_ERR_RANGE);
    CHECK(w == NULL);
    tm_wire_stop(NULL);
}

static const struct check_case cases[] = {
    {"a_connection_opens_when_it_is_due_and_tells_its_addresses",
     a_connection_opens_when_it_is_due_and_tells_its_addresses},
    {"a_refused_connection_goes_down_once", a_refused_connection_goes_down_once},
    {"an_impossible_address_goes_down_too", an_impossible_address_goes_down_too},
    {"a_connection_that_is_not_answered_gives_up", a_connection_that_is_not_answered_gives_up},
    {"writes_arrive_exactly_in_order_and_never_early",
     writes_arrive_exactly_in_order_and_never_early},
    {"gaps_run_from_the_previous_departure_and_the_first_from_establishment",
     gaps_run_from_the_previous_departure_and_the_first_from_establishment},
    {"a_write_is_one_segment_and_two_writes_are_two",
     a_write_is_one_segment_and_two_writes_are_two},
    {"chunks_that_come_later_leave_at_once", chunks_that_come_later_leave_at_once},
    {"twenty_megabytes_reach_a_slow_reader", twenty_megabytes_reach_a_slow_reader},
    {"unsent_counts_what_earlier_writes_left_in_the_kernel",
     unsent_counts_what_earlier_writes_left_in_the_kernel},
    {"our_fin_waits_for_its_time_and_for_what_is_queued",
     our_fin_waits_for_its_time_and_for_what_is_queued},
    {"the_peers_fin_is_told_and_answered", the_peers_fin_is_told_and_answered},
    {"a_peer_that_does_not_close_is_reset_after_a_while",
     a_peer_that_does_not_close_is_reset_after_a_while},
    {"the_peers_rst_comes_after_its_bytes", the_peers_rst_comes_after_its_bytes},
    {"a_peer_that_resets_at_once_is_heard_out", a_peer_that_resets_at_once_is_heard_out},
    {"a_blocked_write_ends_with_the_peers_rst", a_blocked_write_ends_with_the_peers_rst},
    {"a_shut_connection_is_read_as_long_as_the_peer_likes",
     a_shut_connection_is_read_as_long_as_the_peer_likes},
    {"a_planned_reset_waits_for_its_time_and_for_what_is_queued",
     a_planned_reset_waits_for_its_time_and_for_what_is_queued},
    {"our_rst_drops_what_is_queued", our_rst_drops_what_is_queued},
    {"an_opening_can_be_called_off", an_opening_can_be_called_off},
    {"commands_for_a_connection_that_is_gone_are_ignored",
     commands_for_a_connection_that_is_gone_are_ignored},
    {"bad_settings_are_refused", bad_settings_are_refused},
};
CHECK_MAIN("wire_conn", cases)
