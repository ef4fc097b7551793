/* Writes without a deadline, and reading: by the wire thread and by the front itself, in order, and never of a socket that is another's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/wire_scene.h"
#include "tm/base/time.h"

#define LEN 16000U

/* Write number `no`, bytes from `from` of pattern 0 on. */
static void write_late(struct scene *s, struct scene_conn *c, uint32_t no, uint64_t from,
                       size_t len)
{
    static uint8_t bytes[LEN];
    scene_fill(bytes, len, 0, from);
    const struct tm_wire_write wr = {.id = c->id,
                                     .write_no = no,
                                     .flags = TM_WIRE_FIRST | TM_WIRE_LAST | TM_WIRE_LATE,
                                     .bytes = {bytes, len}};
    CHECK_INT(tm_wire_write(s->w, &wr), TM_OK);
    SCENE_UNTIL(s, c->n_sent == no + 1);
}

static size_t send_late(const struct scene *s, const struct scene_conn *c, uint64_t from)
{
    static uint8_t bytes[LEN];
    scene_fill(bytes, sizeof bytes, 0, from);
    return tm_wire_send_late(s->w, c->id, (struct tm_view){bytes, sizeof bytes});
}

static void the_front_sends_behind_what_was_sent(void)
{
    struct scene s;
    struct tm_wire_stats st;
    static uint8_t got[2 * LEN + 100];
    int peer = -1;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    CHECK_INT(send_late(&s, c, 0), 0); /* nobody has said that it has no deadlines */
    write_late(&s, c, 0, 0, 100);
    CHECK_INT(send_late(&s, c, 100), LEN);
    CHECK_INT(plain_read(peer, got, 100 + LEN), 100 + LEN);
    write_late(&s, c, 1, 100 + LEN, LEN);
    CHECK_INT(plain_read(peer, got + 100 + LEN, LEN), LEN);
    CHECK(scene_is_pattern(got, sizeof got, 0, 0));
    tm_wire_get_stats(s.w, &st);
    CHECK_INT(st.n_writes, 3);
    scene_close(&s, c, 0);
    (void)close(peer);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->n_sent, 2);
    scene_stop(&s);
}

/* What the socket does not take goes by the wire thread, which waits for it. */
static void a_full_socket_takes_a_part_and_the_rest_follows(void)
{
    struct scene s;
    int peer = -1;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    write_late(&s, c, 0, 0, 100);
    uint64_t total = 100;
    size_t n = LEN;
    while (n == LEN) {
        n = send_late(&s, c, total);
        total += n;
    }
    CHECK(total < (64U << 20));
    static uint8_t rest[LEN];
    scene_fill(rest, LEN, 0, total);
    const struct tm_wire_write wr = {.id = c->id,
                                     .write_no = 1,
                                     .flags = TM_WIRE_FIRST | TM_WIRE_LAST | TM_WIRE_LATE,
                                     .bytes = {rest, LEN - n}};
    CHECK_INT(tm_wire_write(s.w, &wr), TM_OK);
    total += LEN - n;
    uint8_t *got = malloc(total);
    TM_ASSERT(got != NULL);
    CHECK_INT(plain_read(peer, got, total), total);
    SCENE_UNTIL(&s, c->n_sent == 2);
    CHECK(scene_is_pattern(got, total, 0, 0));
    free(got);
    (void)close(peer);
    scene_stop(&s);
}

static void a_connection_that_has_ended_takes_nothing(void)
{
    struct scene s;
    int peer = -1;
    int peer2 = -1;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    write_late(&s, c, 0, 0, 100);
    CHECK_INT(tm_wire_reset(s.w, c->id), TM_OK);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(send_late(&s, c, 100), 0);
    (void)close(peer);
    struct scene_conn *second = scene_open_plain(&s, &peer2); /* in the same slot */
    CHECK_INT(second->id & 0xffff, c->id & 0xffff);
    CHECK_INT(send_late(&s, second, 0), 0);
    write_late(&s, second, 0, 0, 100);
    CHECK_INT(send_late(&s, c, 100), 0);
    CHECK_INT(send_late(&s, second, 100), LEN);
    (void)close(peer2);
    scene_stop(&s);
}

static void a_socket_that_was_handed_over_takes_nothing(void)
{
    struct scene s;
    int peer = -1;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    write_late(&s, c, 0, 0, 100);
    CHECK_INT(tm_wire_release(s.w, c->id), TM_OK);
    SCENE_UNTIL(&s, c->n_released == 1);
    CHECK_INT(send_late(&s, c, 100), 0);
    (void)close(c->fd);
    (void)close(peer);
    scene_stop(&s);
}

/* ---- Reading ---- */

static void say(int peer, uint64_t from, size_t len)
{
    static uint8_t bytes[LEN];
    scene_fill(bytes, len, 1, from);
    plain_write(peer, bytes, len);
}

/* A connection that has had a late write, and is read here. */
static struct scene_conn *open_yielded(struct scene *s, int *peer)
{
    struct scene_conn *c = scene_open_plain(s, peer);
    say(*peer, 0, 1000);
    SCENE_UNTIL(s, c->n_rx == 1000);
    uint8_t got[100];
    write_late(s, c, 0, 0, sizeof got);
    CHECK_INT(plain_read(*peer, got, sizeof got), sizeof got);
    CHECK_INT(tm_wire_yield(s->w, c->id), TM_OK);
    SCENE_UNTIL(s, c->n_yielded == 1);
    CHECK_INT(c->n_rx_late, 0);
    return c;
}

static void the_front_reads_behind_what_was_read(void)
{
    struct scene s;
    int peer = -1;
    scene_start(&s, NULL);
    struct scene_conn *c = open_yielded(&s, &peer);
    say(peer, 1000, LEN);
    SCENE_UNTIL(&s, c->n_rx == 1000 + LEN);
    CHECK_INT(c->n_rx_late, LEN);
    CHECK(scene_is_pattern(c->rx, c->n_rx, 1, 0));
    say(peer, 1000 + LEN, 10);
    (void)close(peer);
    SCENE_UNTIL(&s, c->n_eof == 1);
    CHECK_INT(c->n_rx, 1010 + LEN);
    scene_close(&s, c, 0);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_CLOSED);
    scene_stop(&s);
}

static void what_had_come_before_the_front_asked_is_read_in_order(void)
{
    struct scene s;
    int peer = -1;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    write_late(&s, c, 0, 0, 100);
    for (uint64_t i = 0; i < 50; i++) {
        say(peer, i * 100, 100);
        if (i == 25)
            CHECK_INT(tm_wire_yield(s.w, c->id), TM_OK);
    }
    SCENE_UNTIL(&s, c->n_rx == 5000 && c->n_yielded == 1);
    CHECK(scene_is_pattern(c->rx, c->n_rx, 1, 0));
    (void)close(peer);
    scene_stop(&s);
}

static void a_reset_that_the_front_reads_is_told_as_one(void)
{
    struct scene s;
    int peer = -1;
    scene_start(&s, NULL);
    struct scene_conn *c = open_yielded(&s, &peer);
    plain_reset(peer);
    SCENE_UNTIL(&s, c->n_down == 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_RESET);
    CHECK_INT(c->error, ECONNRESET);
    CHECK_INT(c->n_eof, 0);
    scene_stop(&s);
}

static void the_wire_reads_on_where_nobody_has_said_that_there_are_no_deadlines(void)
{
    struct scene s;
    int peer = -1;
    scene_start(&s, NULL);
    struct scene_conn *c = scene_open_plain(&s, &peer);
    CHECK_INT(tm_wire_yield(s.w, c->id), TM_OK);
    say(peer, 0, LEN);
    SCENE_UNTIL(&s, c->n_rx == LEN);
    CHECK_INT(c->n_yielded, 0);
    CHECK_INT(c->n_rx_late, 0);
    (void)close(peer);
    scene_stop(&s);
}

static void nothing_is_read_of_what_has_ended_or_was_handed_over(void)
{
    struct scene s;
    int peer[2] = {-1, -1};
    scene_start(&s, NULL);
    struct scene_conn *ended = open_yielded(&s, &peer[0]);
    struct scene_conn *gone = open_yielded(&s, &peer[1]);
    CHECK_INT(tm_wire_reset(s.w, ended->id), TM_OK);
    CHECK_INT(tm_wire_release(s.w, gone->id), TM_OK);
    SCENE_UNTIL(&s, ended->n_down == 1 && gone->n_released == 1);
    say(peer[1], 1000, 10);
    scene_take(&s);
    CHECK_INT(gone->n_rx_late, 0);
    uint8_t got[10];
    CHECK_INT(plain_read(gone->fd, got, sizeof got), 10);
    CHECK(scene_is_pattern(got, sizeof got, 1, 1000));
    (void)close(gone->fd);
    (void)close(peer[0]);
    (void)close(peer[1]);
    scene_stop(&s);
}

static const struct check_case cases[] = {
    {"the_front_sends_behind_what_was_sent", the_front_sends_behind_what_was_sent},
    {"a_full_socket_takes_a_part_and_the_rest_follows",
     a_full_socket_takes_a_part_and_the_rest_follows},
    {"a_connection_that_has_ended_takes_nothing", a_connection_that_has_ended_takes_nothing},
    {"a_socket_that_was_handed_over_takes_nothing", a_socket_that_was_handed_over_takes_nothing},
    {"the_front_reads_behind_what_was_read", the_front_reads_behind_what_was_read},
    {"what_had_come_before_the_front_asked_is_read_in_order",
     what_had_come_before_the_front_asked_is_read_in_order},
    {"a_reset_that_the_front_reads_is_told_as_one", a_reset_that_the_front_reads_is_told_as_one},
    {"the_wire_reads_on_where_nobody_has_said_that_there_are_no_deadlines",
     the_wire_reads_on_where_nobody_has_said_that_there_are_no_deadlines},
    {"nothing_is_read_of_what_has_ended_or_was_handed_over",
     nothing_is_read_of_what_has_ended_or_was_handed_over},
};
CHECK_MAIN("wire_late", cases)
