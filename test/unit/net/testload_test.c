/* test/unit/net/testload_test.c - a client loads its tunnel with what ends inside the server. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/net/testload.h"

static void start(struct scene *s)
{
    static struct tm_model m;
    tm_model_constant_default(&m);
    m.u.constant =
        (struct tm_constant){.size_bytes = 12000, .interval_us = 8000, .n_exchanges = 20};
    scene_start(s, &(struct scene_cfg){.model = &m});
}

/* A door to that port of the test's destination, and a connection through it. */
static int open_door(struct scene *s, struct tm_local **door, uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct tm_local_cfg cfg = {
        .tunnel = s->client,
        .kind = TM_LOCAL_FORWARD,
        .addr = (struct sockaddr *)&addr,
        .dest = {.kind = TM_ADDR_NAME, .len = sizeof TM_DEST_TEST - 1, .port = port}};
    memcpy(cfg.dest.addr, TM_DEST_TEST, sizeof TM_DEST_TEST - 1);
    CHECK_INT(tm_local_open(door, &cfg, NULL), TM_OK);
    addr.sin_port = htons(tm_local_port(*door));
    return scene_connect(&addr);
}

/* Reads until `wanted` bytes came, the end, or an error: what the last recv gave. */
static ssize_t drain(struct scene *s, int fd, size_t wanted, size_t *got)
{
    uint8_t buf[4096];
    ssize_t n = -1;
    *got = 0;
    SCENE_UNTIL(s, 20, *got == wanted || n == 0)
    {
        n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        *got += n > 0 ? (size_t)n : 0;
        for (ssize_t i = 0; i < n; i++)
            CHECK_INT(buf[i], 0);
    }
    return n;
}

static void source_sends_what_is_asked_for_and_ends_with_the_asker(void)
{
    static struct scene s;
    struct tm_local *door = NULL;
    size_t got = 0;
    start(&s);
    int fd = open_door(&s, &door, TM_TEST_PORT_SOURCE);
    CHECK_INT(send(fd, "abc", 3, MSG_NOSIGNAL), 3);
    (void)drain(&s, fd, (size_t)3 * TM_TEST_BYTES, &got);
    CHECK_INT(got, 3 * TM_TEST_BYTES);
    CHECK_INT(shutdown(fd, SHUT_WR), 0);
    CHECK_INT(drain(&s, fd, 1, &got), 0);
    CHECK_INT(got, 0);
    (void)close(fd);
    tm_local_close(door);
    scene_stop(&s);
}

static void sink_takes_everything(void)
{
    static const uint8_t bytes[65536];
    static struct scene s;
    struct tm_local *door = NULL;
    size_t sent = 0, got = 0;
    start(&s);
    int fd = open_door(&s, &door, TM_TEST_PORT_DISCARD);
    SCENE_UNTIL(&s, 20, sent == sizeof bytes)
    {
        ssize_t n = send(fd, bytes, sizeof bytes - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
    }
    CHECK_INT(shutdown(fd, SHUT_WR), 0);
    CHECK_INT(drain(&s, fd, 1, &got), 0);
    struct tm_session_stats stats;
    tm_tunnel_client_stats(s.client, &stats);
    CHECK_INT(stats.payload_tx_bytes, sizeof bytes);
    (void)close(fd);
    tm_local_close(door);
    scene_stop(&s);
}

static void other_ports_are_refused_and_a_reset_ends_it(void)
{
    static struct scene s;
    struct tm_local *door[2] = {NULL, NULL};
    uint8_t byte;
    start(&s);
    int fd = open_door(&s, &door[0], 80);
    CHECK(scene_read(&s, fd, &byte, 1) <= 0);
    (void)close(fd);
    fd = open_door(&s, &door[1], TM_TEST_PORT_SOURCE);
    CHECK_INT(send(fd, "a", 1, MSG_NOSIGNAL), 1);
    CHECK_INT(scene_read(&s, fd, &byte, 1), 1);
    (void)close(fd); /* with bytes unread: a reset; what the server held is freed (sanitizers) */
    struct tm_session_stats stats = {.streams_live = 1};
    SCENE_UNTIL(&s, 20, stats.streams_live == 0)
    {
        tm_tunnel_client_stats(s.client, &stats);
    }
    CHECK_INT(stats.streams_live, 0);
    tm_local_close(door[0]);
    tm_local_close(door[1]);
    scene_stop(&s);
}

static const struct check_case CASES[] = {
    {"source_sends_what_is_asked_for_and_ends_with_the_asker",
     source_sends_what_is_asked_for_and_ends_with_the_asker},
    {"sink_takes_everything", sink_takes_everything},
    {"other_ports_are_refused_and_a_reset_ends_it", other_ports_are_refused_and_a_reset_ends_it},
};
CHECK_MAIN("net/testload", CASES)
