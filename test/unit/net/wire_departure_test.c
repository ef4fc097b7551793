/* What the wire thread tells of a departure, and of TCP. */
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/wire_scene.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"

#define NOW (-1) /* gap_us: at due_us */

static void a_departure_says_what_it_waited_for(void)
{
    struct scene s;
    int peer;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    uint8_t bytes[300] = {1};
    uint8_t got[900];
    int64_t before_us = tm_now_us();
    scene_write(&s, c, 0, before_us + 5000, NOW, bytes, sizeof bytes);
    int64_t given_us = tm_now_us();
    scene_write(&s, c, 1, before_us - 1000, NOW, bytes, sizeof bytes);
    SCENE_UNTIL(&s, c->n_sent == 2);
    CHECK(c->sent[0].ready_us >= before_us && c->sent[0].ready_us <= given_us);
    CHECK_INT(c->sent[0].tail_us, c->sent[0].ready_us); /* one chunk */
    CHECK_INT(c->sent[0].offset, sizeof bytes);
    CHECK_INT(c->sent[1].offset, 2 * sizeof bytes);
    CHECK(c->sent[1].ready_us >= given_us); /* after it was due */
    CHECK(c->sent[0].free_us == INT64_MIN); /* the socket was never full */
    CHECK_INT(c->sent[0].held, 0);
    struct tm_wire_write half = {
        .id = c->id, .write_no = 2, .flags = TM_WIRE_FIRST, .bytes = {bytes, 100}};
    CHECK_INT(tm_wire_write(s.w, &half), TM_OK);
    CHECK_INT(plain_read(peer, got, 700), 700);
    half.flags = TM_WIRE_LAST;
    half.bytes.len = 200;
    int64_t tail_us = tm_now_us();
    CHECK_INT(tm_wire_write(s.w, &half), TM_OK);
    SCENE_UNTIL(&s, c->n_sent == 3);
    CHECK(c->sent[2].ready_us < tail_us && c->sent[2].tail_us >= tail_us);
    CHECK_INT(c->sent[2].offset, 3 * sizeof bytes);
    (void)close(peer);
    scene_stop(&s);
}

/* The peer's window is a few KiB; at last it reads. */
static void a_full_socket_says_when_it_was_free_again(void)
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
    static uint8_t got[40 * sizeof bytes];
    for (uint32_t i = 0; i < 40; i++)
        scene_write(&s, c, i, 0, NOW, bytes, sizeof bytes);
    SCENE_UNTIL(&s, c->n_sent >= 6);
    CHECK(c->sent[5].held > 0); /* TCP keeps it: the peer's window is full */
    int64_t read_us = tm_now_us();
    CHECK_INT(plain_read(peer, got, sizeof got), sizeof got);
    SCENE_UNTIL(&s, c->n_sent == 40);
    CHECK(c->sent[39].free_us >= read_us);
    CHECK_INT(c->sent[39].offset, sizeof got);
    (void)close(peer);
    (void)close(listener);
    scene_stop(&s);
}

/* TCP's own counters, of a connection that is open (after its first write) and of one that has ended. */
static void kernel_counters_are_added_up(void)
{
    struct scene s;
    int peer;
    struct tm_wire_stats st;
    uint8_t bytes[5000] = {1};
    uint8_t got[10000];
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    scene_write(&s, c, 0, 0, NOW, bytes, sizeof bytes);
    SCENE_UNTIL(&s, c->n_sent == 1);
    CHECK_INT(plain_read(peer, got, sizeof bytes), sizeof bytes);
    plain_write(peer, bytes, 700);
    SCENE_UNTIL(&s, c->n_rx == 700);
    scene_write(&s, c, 1, 0, NOW, bytes, sizeof bytes);
    scene_close(&s, c, 0);
    CHECK_INT(plain_read(peer, got, sizeof bytes), sizeof bytes);
    (void)close(peer);
    SCENE_UNTIL(&s, c->n_down == 1);
    tm_wire_get_stats(s.w, &st);
    CHECK_INT(st.kernel.n[TM_KERNEL_BYTES_TX], 2 * sizeof bytes);
    /* The kernel counts a FIN as a byte received. */
    CHECK(st.kernel.n[TM_KERNEL_BYTES_RX] == 700 || st.kernel.n[TM_KERNEL_BYTES_RX] == 701);
    CHECK(st.kernel.n[TM_KERNEL_SEGS_TX] >= 4); /* SYN, two writes, FIN */
    CHECK(st.kernel.n[TM_KERNEL_SEGS_RX] >= 3);
    CHECK(st.kernel.rtt_us > 0);
    /* IPv4 and TCP, with timestamps or without. */
    uint64_t header = st.kernel.n[TM_KERNEL_HEADER_TX] / st.kernel.n[TM_KERNEL_SEGS_TX];
    CHECK(header == 52 || header == 40);
    CHECK_INT(st.kernel.n[TM_KERNEL_HEADER_RX], header * st.kernel.n[TM_KERNEL_SEGS_RX]);
    CHECK(st.beat_us > 0 && st.beat_us <= tm_now_us());
    CHECK(!st.has_ended);
    scene_stop(&s);
}

static const struct check_case cases[] = {
    {"a_departure_says_what_it_waited_for", a_departure_says_what_it_waited_for},
    {"a_full_socket_says_when_it_was_free_again", a_full_socket_says_when_it_was_free_again},
    {"kernel_counters_are_added_up", kernel_counters_are_added_up},
};
CHECK_MAIN("wire_departure", cases)
