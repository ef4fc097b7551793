/* The wire thread at its limits: many connections, a front that does not listen, no descriptors, sudden stop. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/wire_scene.h"
#include "tm/base/rng.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"
#include "tm/net/ring.h"

#define NOW (-1) /* gap_us: at due_us */

static struct tm_wire_stats stats(struct scene *s)
{
    struct tm_wire_stats st;
    tm_wire_get_stats(s->w, &st);
    return st;
}

/* ---- Many ---- */

#define N_SLOTS  100U
#define N_WRITES 40U

static void queue_random_writes(struct scene *s, struct tm_rng *rng, const struct scene_conn *c,
                                uint64_t k)
{
    static uint8_t bytes[1000];
    size_t total = 0;
    int64_t t_us = tm_now_us();
    for (uint32_t i = 0; i < N_WRITES; i++) {
        size_t len = 1 + (size_t)tm_rng_below(rng, sizeof bytes);
        scene_fill(bytes, len, k, total);
        if (i % 2 == 0)
            scene_write(s, c, i, t_us += (int64_t)tm_rng_below(rng, 9000), NOW, bytes, len);
        else
            scene_write(s, c, i, 0, (int64_t)tm_rng_below(rng, 3000), bytes, len);
        total += len;
    }
    scene_write(s, c, N_WRITES, 0, NOW, (const uint8_t *)&total,
                sizeof total); /* the end of it says how many */
}

static void check_conn(const struct scene_conn *c, const struct scene_conn *peer, uint64_t k)
{
    size_t total = 0;
    CHECK(peer->n_rx > sizeof total);
    memcpy(&total, peer->rx + peer->n_rx - sizeof total, sizeof total);
    CHECK_INT(peer->n_rx, total + sizeof total);
    CHECK(scene_is_pattern(peer->rx, total, k, 0));
    CHECK_INT(c->n_sent, N_WRITES + 1);
    for (uint32_t i = 0; i < c->n_sent; i++) {
        CHECK_INT(c->sent[i].write_no, i);
        CHECK(c->sent[i].first_us >= c->sent[i].due_us);
        CHECK(c->sent[i].last_us >= c->sent[i].first_us);
    }
    CHECK_INT(c->n_down, 1);
    CHECK_INT(c->why, TM_WIRE_DOWN_CLOSED);
}

/* Both ends in one wire thread: 200 connections, up and down at once. */
static void a_hundred_connections_are_exact_in_both_directions(void)
{
    struct scene s;
    scene_start(&s, NULL);
    scene_listen(&s);
    uint8_t seed[TM_SEED_LEN] = {3};
    struct tm_rng rng;
    tm_rng_init(&rng, seed);
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        struct scene_conn *c =
            scene_open(&s, &s.addr, tm_now_us() + (int64_t)tm_rng_below(&rng, 5000));
        SCENE_UNTIL(&s, c->n_up == 1 && s.n_accepted == i + 1);
    }
    struct scene_conn *opened[N_SLOTS];
    for (size_t i = 0, n = 0; i < s.n_conns; i++) {
        if (!s.conns[i]->is_accepted)
            opened[n++] = s.conns[i];
    }
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        queue_random_writes(&s, &rng, opened[i], i);
        queue_random_writes(&s, &rng, s.accepted[i], 1000 + i);
        scene_close(&s, opened[i], 0);
        scene_close(&s, s.accepted[i], 0);
    }
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        SCENE_UNTIL(&s, opened[i]->n_down == 1 && s.accepted[i]->n_down == 1);
        check_conn(opened[i], s.accepted[i], i);
        check_conn(s.accepted[i], opened[i], 1000 + i);
    }
    CHECK_INT(stats(&s).n_writes, 2 * N_SLOTS * (N_WRITES + 1));
    CHECK_INT(stats(&s).late_events, 0);
    scene_stop(&s);
}

static void opening_has_a_limit_and_ids_come_back(void)
{
    struct scene s;
    scene_start(&s, NULL);
    int64_t later_us = tm_now_us() + 60 * TM_US_PER_S;
    struct sockaddr_in addr = {.sin_family = AF_INET};
    for (uint32_t i = 0; i < TM_WIRE_CONNS_MAX / 2; i++)
        CHECK_INT(scene_open(&s, &addr, later_us)->id & 0xffff, i);
    uint32_t id;
    const struct sockaddr *any = (const struct sockaddr *)&addr;
    CHECK_INT(tm_wire_open(s.w, any, sizeof addr, later_us, &id), TM_ERR_LIMIT);
    CHECK_INT(tm_wire_reset(s.w, s.conns[500]->id), TM_OK);
    SCENE_UNTIL(&s, s.conns[500]->n_down == 1);
    CHECK_INT(tm_wire_open(s.w, any, sizeof addr, later_us, &id), TM_OK);
    CHECK_INT(id & 0xffff, 500);
    CHECK(id != s.conns[500]->id);
    scene_stop(&s);
}

/* ---- A front that does not take its events ---- */

/* Reading pauses and loses nothing; what is queued still leaves in time; the RST that follows is not lost. */
static void a_deaf_front_stops_reading_but_no_write(void)
{
    struct scene s;
    struct sockaddr_in addr;
    scene_start(&s, NULL);
    scene_listen(&s);
    int flood = plain_connect(&s.addr);
    int listener = plain_listen(&addr, 8, 0);
    struct scene_conn *c = scene_open(&s, &addr, 0);
    int peer = plain_accept(listener);
    SCENE_UNTIL(&s, c->n_up == 1 && s.n_accepted == 1);
    CHECK_INT(fcntl(flood, F_SETFL, O_NONBLOCK), 0);
    int64_t due_us = tm_now_us() + 300000;
    uint8_t bytes[5000];
    scene_fill(bytes, sizeof bytes, 8, 0);
    for (uint32_t i = 0; i < 200; i++)
        scene_write(&s, c, i, due_us + i, NOW, bytes + (size_t)i * 25, 25);

    static uint8_t some[65536];
    size_t given = 0;
    while (stats(&s).late_events == 0 && tm_now_us() < s.give_up_us) {
        scene_fill(some, sizeof some, 9, given);
        ssize_t n = send(flood, some, sizeof some, MSG_NOSIGNAL);
        given += n > 0 ? (size_t)n : 0;
    }
    CHECK(given > 4U << 20);
    uint8_t got[5000];
    CHECK_INT(plain_read(peer, got, sizeof got), sizeof got); /* without taking one event */
    CHECK(tm_now_us() >= due_us);
    CHECK_MEM(got, bytes, sizeof got);
    scene_write(&s, c, 200, 0, NOW, bytes,
                1); /* this one may have to wait for us, but not for ever */
    CHECK_INT(shutdown(flood, SHUT_WR), 0);
    SCENE_UNTIL(&s, c->n_sent == 201 && s.accepted[0]->n_eof == 1);
    CHECK_INT(s.accepted[0]->n_rx, given);
    CHECK(scene_is_pattern(s.accepted[0]->rx, given, 9, 0));
    for (uint32_t i = 0; i < 200; i++)
        CHECK(c->sent[i].first_us >= c->sent[i].due_us);
    (void)close(flood);
    (void)close(peer);
    (void)close(listener);
    scene_stop(&s);
}

/* libuv stops its handle at an RST; what was not read before must still come. */
static void bytes_before_an_rst_survive_a_deaf_front(void)
{
    struct scene s;
    scene_start(&s, NULL);
    scene_listen(&s);
    int flood = plain_connect(&s.addr);
    SCENE_UNTIL(&s, s.n_accepted == 1);
    int victim = plain_connect(&s.addr);
    SCENE_UNTIL(&s, s.n_accepted == 2);
    CHECK_INT(fcntl(flood, F_SETFL, O_NONBLOCK), 0);
    static uint8_t some[65536];
    size_t given = 0;
    while (stats(&s).late_events == 0 && tm_now_us() < s.give_up_us) {
        ssize_t n = send(flood, some, sizeof some, MSG_NOSIGNAL);
        given += n > 0 ? (size_t)n : 0;
    }
    static uint8_t bytes[50000]; /* less than a window */
    scene_fill(bytes, sizeof bytes, 11, 0);
    plain_write(victim, bytes, sizeof bytes);
    plain_flush(victim);
    plain_reset(victim);
    plain_reset(flood);
    SCENE_UNTIL(&s, s.accepted[0]->n_down == 1 && s.accepted[1]->n_down == 1);
    CHECK_INT(s.accepted[1]->why, TM_WIRE_DOWN_RESET);
    CHECK_INT(s.accepted[1]->error, ECONNRESET);
    CHECK_INT(s.accepted[1]->n_rx, sizeof bytes);
    CHECK(scene_is_pattern(s.accepted[1]->rx, s.accepted[1]->n_rx, 11, 0));
    CHECK(s.accepted[0]->n_rx <= given);
    scene_stop(&s);
}

/* The command ring is full while the wire waits for us; afterwards everything that was accepted is there. */
static void a_full_command_ring_says_so_and_rings_when_it_has_room(void)
{
    struct scene s;
    struct sockaddr_in addr;
    scene_start(&s, NULL);
    int listener = plain_listen(&addr, 8, 0);
    struct scene_conn *c = scene_open(&s, &addr, 0);
    int peer = plain_accept(listener);
    static uint8_t chunk[TM_WIRE_CHUNK_MAX];
    size_t given = 0;
    CHECK(tm_wire_has_spare(s.w, TM_WIRE_RING_MIN / 2)); /* more than one message can be long */
    CHECK(!tm_wire_await_spare(s.w, TM_WIRE_RING_MIN / 2));
    struct tm_wire_write wr = {.id = c->id, .flags = TM_WIRE_FIRST, .bytes = {chunk, sizeof chunk}};
    for (;;) { /* nobody reads: socket, then blocks, then ring fill */
        scene_fill(chunk, sizeof chunk, 12, given);
        if (tm_wire_write(s.w, &wr) != TM_OK) {
            struct pollfd p = {.fd = tm_wire_room_fd(s.w), .events = POLLIN};
            if (!tm_wire_await_spare(s.w, 0) || poll(&p, 1, 500) == 1) {
                tm_ring_clear(tm_wire_room_fd(s.w));
                continue;
            }
            break; /* half a second without progress: full for good */
        }
        wr.flags = 0;
        given += sizeof chunk;
    }
    CHECK(!tm_wire_has_spare(s.w, 0));
    CHECK(given > 16U << 20);
    size_t n_bad = 0;
    size_t done = 0;
    static uint8_t got[1 << 16];
    bool is_rung = false;
    while (done < given) {
        ssize_t n = recv(peer, got, sizeof got, 0);
        CHECK(n > 0);
        if (n <= 0)
            break;
        n_bad += !scene_is_pattern(got, (size_t)n, 12, done);
        done += (size_t)n;
        struct pollfd p = {.fd = tm_wire_room_fd(s.w), .events = POLLIN};
        is_rung = is_rung || poll(&p, 1, 0) == 1;
    }
    CHECK_INT(n_bad, 0);
    CHECK(is_rung);
    CHECK(tm_wire_has_spare(s.w, 0));
    (void)close(peer);
    (void)close(listener);
    scene_stop(&s);
}

/* ---- Releasing ---- */

static void a_released_socket_has_lost_nothing(void)
{
    struct scene s;
    scene_start(&s, &(struct tm_wire_cfg){.cc = "reno"});
    scene_listen(&s);
    static uint8_t bytes[300000];
    scene_fill(bytes, sizeof bytes, 13, 0);
    for (size_t i = 0; i < 20; i++) {
        int peer = plain_connect(&s.addr);
        plain_write(peer, bytes, i * 1000 + 1);
        SCENE_UNTIL(&s, s.n_accepted == i + 1);
        struct scene_conn *c = s.accepted[i];
        SCENE_UNTIL(&s, c->n_rx > 0);
        CHECK_INT(tm_wire_release(s.w, c->id), TM_OK);
        plain_write(peer, bytes + i * 1000 + 1, 40000); /* while it changes hands */
        SCENE_UNTIL(&s, c->n_released == 1);
        CHECK(c->fd >= 0);
        static uint8_t rest[sizeof bytes];
        CHECK_INT(fcntl(c->fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        CHECK_INT(fcntl(c->fd, F_SETFL, 0), 0);
        size_t want = i * 1000 + 1 + 40000 - c->n_rx;
        CHECK_INT(plain_read(c->fd, rest, want), want);
        CHECK(scene_is_pattern(c->rx, c->n_rx, 13, 0));
        CHECK(scene_is_pattern(rest, want, 13, c->n_rx));
        char cc[16] = "";
        socklen_t len = sizeof cc;
        CHECK_INT(getsockopt(c->fd, IPPROTO_TCP, TCP_CONGESTION, cc, &len), 0);
        CHECK_STR(cc, "reno");
        plain_write(c->fd, bytes, 10); /* and it works */
        CHECK_INT(plain_read(peer, rest, 10), 10);
        (void)close(c->fd);
        (void)close(peer);
        CHECK_INT(c->n_down, 0);
    }
    scene_stop(&s);
}

/* ---- No descriptors ---- */

static void accepting_survives_the_lack_of_descriptors(void)
{
    struct scene s;
    struct rlimit old;
    scene_start(&s, NULL);
    scene_listen(&s);
    int peer = plain_connect(&s.addr);
    SCENE_UNTIL(&s, s.n_accepted == 1);
    int second = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit none = {.rlim_cur = 3, .rlim_max = old.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_INT(connect(second, (struct sockaddr *)&s.addr, sizeof s.addr), 0);
    while (stats(&s).n_accept_pauses == 0 && scene_turn(&s))
        ;
    CHECK_INT(s.n_accepted, 1);
    uint8_t byte = 5; /* the others go on meanwhile */
    scene_write(&s, s.accepted[0], 0, 0, NOW, &byte, 1);
    CHECK_INT(plain_read(peer, &byte, 1), 1);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    SCENE_UNTIL(&s, s.n_accepted == 2);
    plain_write(second, &byte, 1);
    SCENE_UNTIL(&s, s.accepted[1]->n_rx == 1);
    (void)close(peer);
    (void)close(second);
    scene_stop(&s);
}

/* ---- Stopping ---- */

static void stopping_with_everything_open_leaves_nothing_behind(void)
{
    for (int round = 0; round < 20; round++) {
        int n_fds = plain_count_fds();
        struct scene s;
        struct sockaddr_in addr;
        scene_start(&s, NULL);
        scene_listen(&s);
        int listener = plain_listen(&addr, 64, 0);
        int peers[8];
        static uint8_t bytes[200000];
        for (int i = 0; i < 8; i++) { /* blocked, waiting, never to be opened, just opening */
            struct scene_conn *c = scene_open(&s, &addr, 0);
            peers[i] = plain_accept(listener);
            scene_write(&s, c, 0, 0, NOW, bytes, sizeof bytes);
            scene_write(&s, c, 1, tm_now_us() + 60 * TM_US_PER_S, NOW, bytes, 10);
            (void)scene_open(&s, &addr, tm_now_us() + 60 * TM_US_PER_S);
        }
        int client = plain_connect(&s.addr);
        SCENE_UNTIL(&s, s.n_accepted == 1);
        CHECK_INT(tm_wire_release(s.w, s.accepted[0]->id), TM_OK); /* never taken */
        (void)scene_open(&s, &addr, 0);
        struct sockaddr_in unused;
        int late_listener = plain_listen(&unused, 1, SOCK_NONBLOCK);
        CHECK_INT(tm_wire_listen(s.w, late_listener), TM_OK); /* perhaps not taken */
        scene_stop(&s);
        uint8_t byte;
        CHECK(recv(client, &byte, 1, 0) <= 0);
        for (int i = 0; i < 8; i++) {
            while (recv(peers[i], bytes, sizeof bytes, 0) > 0)
                ;
            (void)close(peers[i]);
        }
        (void)close(client);
        (void)close(listener);
        CHECK_INT(plain_count_fds(), n_fds);
    }
}

static void an_idle_thread_stops(void)
{
    struct scene s;
    scene_start(&s, NULL);
    scene_stop(&s);
}

static void realtime_priority_is_taken_or_its_lack_told(void)
{
    struct scene s;
    scene_start(&s, &(struct tm_wire_cfg){.priority = TM_WIRE_PRIORITY_REALTIME});
    scene_listen(&s);
    struct scene_conn *c = scene_open(&s, &s.addr, 0);
    SCENE_UNTIL(&s, c->n_up == 1);
    struct rlimit rt;
    CHECK_INT(getrlimit(RLIMIT_RTPRIO, &rt), 0);
    CHECK(stats(&s).is_realtime || geteuid() != 0 || rt.rlim_cur == 0);
    scene_stop(&s);
    scene_start(&s, NULL);
    CHECK(!stats(&s).is_realtime);
    scene_stop(&s);
}

static const struct check_case cases[] = {
    {"a_hundred_connections_are_exact_in_both_directions",
     a_hundred_connections_are_exact_in_both_directions},
    {"opening_has_a_limit_and_ids_come_back", opening_has_a_limit_and_ids_come_back},
    {"a_deaf_front_stops_reading_but_no_write", a_deaf_front_stops_reading_but_no_write},
    {"bytes_before_an_rst_survive_a_deaf_front", bytes_before_an_rst_survive_a_deaf_front},
    {"a_full_command_ring_says_so_and_rings_when_it_has_room",
     a_full_command_ring_says_so_and_rings_when_it_has_room},
    {"a_released_socket_has_lost_nothing", a_released_socket_has_lost_nothing},
    {"accepting_survives_the_lack_of_descriptors", accepting_survives_the_lack_of_descriptors},
    {"stopping_with_everything_open_leaves_nothing_behind",
     stopping_with_everything_open_leaves_nothing_behind},
    {"an_idle_thread_stops", an_idle_thread_stops},
    {"realtime_priority_is_taken_or_its_lack_told", realtime_priority_is_taken_or_its_lack_told},
};
CHECK_MAIN("wire_limit", cases)
