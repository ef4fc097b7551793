/* test/unit/net/local_test.c - SOCKS clients in front of a whole tunnel over loopback. */
#include "tm/net/local.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"

static struct scene scene;
static struct tm_model model;
static struct sockaddr_in socks_addr;

static struct tm_local *start(enum tm_socks_reply reply, uint32_t n_max)
{
    struct tm_local *l = NULL;
    tm_model_constant_default(&model);
    model.u.constant =
        (struct tm_constant){.size_bytes = 6000, .interval_us = 8000, .n_exchanges = 20};
    const struct scene_cfg cfg = {.model = &model};
    scene_start(&scene, &cfg);
    socks_addr =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct tm_local_cfg local = {.tunnel = scene.client,
                                       .kind = TM_LOCAL_SOCKS,
                                       .addr = (struct sockaddr *)&socks_addr,
                                       .reply = reply,
                                       .n_max = n_max};
    CHECK_INT(tm_local_open(&l, &local, NULL), TM_OK);
    socks_addr.sin_port = htons(tm_local_port(l));
    return l;
}

static void stop(struct tm_local *l)
{
    tm_local_close(l);
    scene_stop(&scene);
}

/* Reads exactly len bytes, unless the connection ends. */
static ssize_t read_all(int fd, void *buf, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = scene_read(&scene, fd, (char *)buf + got, len - got);
        if (n <= 0)
            return n;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* Greeting, and CONNECT to 127.0.0.1:port. */
static int socks_connect(uint16_t port)
{
    uint8_t buf[10] = {5, 1, 0, 1, 127, 0, 0, 1, (uint8_t)(port >> 8), (uint8_t)port};
    uint8_t answer[2];
    int fd = scene_connect(&socks_addr);
    CHECK_INT(send(fd, "\5\1\0", 3, 0), 3);
    CHECK_INT(read_all(fd, answer, 2), 2);
    CHECK_MEM(answer, "\5\0", 2);
    CHECK_INT(send(fd, buf, sizeof buf, 0), sizeof buf);
    return fd;
}

static void expect_reply(int fd, enum tm_reply reply)
{
    uint8_t answer[10] = {0};
    CHECK_INT(read_all(fd, answer, sizeof answer), sizeof answer);
    CHECK_INT(answer[0], 5);
    CHECK_INT(answer[1], reply);
}

static void expect_hello_both_ways(int fd)
{
    char buf[8];
    int dest = scene_accept(&scene, scene.dest);
    CHECK_INT(send(dest, "220", 3, 0), 3); /* it speaks first */
    CHECK_INT(read_all(fd, buf, 3), 3);
    CHECK_MEM(buf, "220", 3);
    CHECK_INT(send(fd, "hello", 5, 0), 5);
    CHECK_INT(read_all(dest, buf, 5), 5);
    CHECK_MEM(buf, "hello", 5);
    CHECK_INT(send(dest, "world", 5, 0), 5);
    CHECK_INT(read_all(fd, buf, 5), 5);
    CHECK_MEM(buf, "world", 5);
    (void)close(dest);
    (void)close(fd);
}

static void an_exact_reply_waits_for_the_servers_outcome(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EXACT, 0);
    int fd = socks_connect(ntohs(scene.dest_addr.sin_port));
    expect_reply(fd, TM_REPLY_OK);
    expect_hello_both_ways(fd);
    struct sockaddr_in nobody;
    (void)close(scene_listen(&nobody));
    fd = socks_connect(ntohs(nobody.sin_port));
    expect_reply(fd, TM_REPLY_REFUSED);
    char byte;
    CHECK_INT(scene_read(&scene, fd, &byte, 1), 0);
    (void)close(fd);
    stop(l);
}

static void an_early_reply_comes_at_once_and_a_failure_is_a_reset(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EARLY, 0);
    int fd = socks_connect(ntohs(scene.dest_addr.sin_port));
    expect_reply(fd, TM_REPLY_OK);
    expect_hello_both_ways(fd);
    struct sockaddr_in nobody;
    (void)close(scene_listen(&nobody));
    fd = socks_connect(ntohs(nobody.sin_port));
    expect_reply(fd, TM_REPLY_OK);
    char byte;
    CHECK_INT(scene_read(&scene, fd, &byte, 1), -ECONNRESET);
    (void)close(fd);
    stop(l);
}

/* Everything in one segment: greeting, request and the first data. */
static void pipelined_bytes_are_not_lost(void)
{
    for (int exact = 0; exact < 2; exact++) {
        struct tm_local *l = start(exact ? TM_SOCKS_REPLY_EXACT : TM_SOCKS_REPLY_EARLY, 0);
        uint16_t port = ntohs(scene.dest_addr.sin_port);
        uint8_t all[] = {
            5,   2,   2,   0,   5,  1, 0, 1, 127, 0, 0, 1, (uint8_t)(port >> 8), (uint8_t)port,
            'e', 'a', 'r', 'l', 'y'};
        char buf[8];
        int fd = scene_connect(&socks_addr);
        CHECK_INT(send(fd, all, sizeof all, 0), sizeof all);
        CHECK_INT(shutdown(fd, SHUT_WR), 0);
        int dest = scene_accept(&scene, scene.dest);
        CHECK_INT(read_all(dest, buf, 5), 5);
        CHECK_MEM(buf, "early", 5);
        CHECK_INT(scene_read(&scene, dest, buf, 1), 0);
        (void)close(dest);
        (void)close(fd);
        stop(l);
    }
}

static void a_client_that_does_not_speak_socks_is_closed(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EXACT, 0);
    char buf[16];
    int fd = scene_connect(&socks_addr);
    CHECK_INT(send(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
    CHECK(scene_read(&scene, fd, buf, sizeof buf) <= 0);
    (void)close(fd);
    fd = scene_connect(&socks_addr); /* only password authentication offered */
    CHECK_INT(send(fd, "\5\1\2", 3, 0), 3);
    CHECK_INT(read_all(fd, buf, 2), 2);
    CHECK_MEM(buf, "\5\377", 2);
    CHECK_INT(scene_read(&scene, fd, buf, sizeof buf), 0);
    (void)close(fd);
    fd = scene_connect(&socks_addr); /* BIND */
    CHECK_INT(send(fd, "\5\1\0\5\2\0\1\1\1\1\1\0\1", 13, 0), 13);
    CHECK_INT(read_all(fd, buf, 2), 2);
    expect_reply(fd, TM_REPLY_COMMAND_UNSUPPORTED);
    (void)close(fd);
    stop(l);
}

static void more_connections_than_allowed_are_reset_and_room_comes_back(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EARLY, 2);
    char byte;
    int a = socks_connect(ntohs(scene.dest_addr.sin_port));
    expect_reply(a, TM_REPLY_OK);
    int b = scene_connect(&socks_addr);
    for (int i = 0; i < 5; i++)
        scene_step(&scene);
    int c = scene_connect(&socks_addr);
    CHECK(scene_read(&scene, c, &byte, 1) < 0);
    (void)close(c);
    (void)close(b);
    for (int i = 0; i < 5; i++)
        scene_step(&scene);
    int d = socks_connect(ntohs(scene.dest_addr.sin_port));
    expect_reply(d, TM_REPLY_OK);
    (void)close(a);
    (void)close(d);
    stop(l);
}

/* A stream has four sockets here, where both ends and both of its applications are one process. */
static void raise_file_limit(rlim_t wanted)
{
    struct rlimit r;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &r), 0);
    CHECK(r.rlim_max >= wanted);
    r.rlim_cur = r.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &r), 0);
}

/* More connections at once than the session has streams: the ones over wait, and none is lost. */
static void connections_beyond_the_sessions_streams_wait_for_room(void)
{
    enum { N = TM_STREAMS_MAX + 20 };
    static int app[N], dest[N];
    struct tm_local *l = start(TM_SOCKS_REPLY_EARLY, N);
    int n_dests = 0, n_echoed = 0, n_heard = 0;
    raise_file_limit(4 * N + 100);
    for (int i = 0; i < N; i++) {
        app[i] = socks_connect(ntohs(scene.dest_addr.sin_port));
        CHECK_INT(send(app[i], "x", 1, 0), 1);
    }
    for (int i = 0; i < (int)TM_STREAMS_MAX; i++)
        expect_reply(app[i], TM_REPLY_OK);
    SCENE_UNTIL(&scene, 60, n_heard == N)
    {
        char byte;
        int fd = accept(scene.dest, NULL, NULL);
        if (fd >= 0 && n_dests < N)
            dest[n_dests++] = fd;
        for (int i = 0; i < n_dests; i++) {
            if (dest[i] >= 0 && recv(dest[i], &byte, 1, MSG_DONTWAIT) == 1) {
                CHECK_INT(send(dest[i], &byte, 1, 0), 1);
                (void)close(dest[i]);
                dest[i] = -1;
                n_echoed++;
            }
        }
        for (int i = 0; i < N; i++) {
            uint8_t buf[16];
            ssize_t n = app[i] < 0 ? -1 : recv(app[i], buf, sizeof buf, MSG_DONTWAIT);
            if (n > 0 && buf[n - 1] == 'x') {
                (void)close(app[i]); /* the stream ends, another may begin */
                app[i] = -1;
                n_heard++;
            }
        }
    }
    CHECK_INT(n_echoed, N);
    CHECK_INT(n_heard, N);
    stop(l);
}

static void a_taken_address_is_told_with_its_name(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EARLY, 0);
    struct tm_local *second = NULL;
    struct tm_msg msg = {{0}};
    const struct tm_local_cfg local = {
        .tunnel = scene.client, .kind = TM_LOCAL_SOCKS, .addr = (struct sockaddr *)&socks_addr};
    CHECK_INT(tm_local_open(&second, &local, &msg), TM_ERR_IO);
    CHECK(second == NULL);
    CHECK(strstr(msg.text, "cannot listen on 127.0.0.1:") != NULL);
    CHECK(strstr(msg.text, "address already in use") != NULL);
    stop(l);
}

static const struct check_case cases[] = {
    {"an_exact_reply_waits_for_the_servers_outcome", an_exact_reply_waits_for_the_servers_outcome},
    {"an_early_reply_comes_at_once_and_a_failure_is_a_reset",
     an_early_reply_comes_at_once_and_a_failure_is_a_reset},
    {"pipelined_bytes_are_not_lost", pipelined_bytes_are_not_lost},
    {"a_client_that_does_not_speak_socks_is_closed", a_client_that_does_not_speak_socks_is_closed},
    {"more_connections_than_allowed_are_reset_and_room_comes_back",
     more_connections_than_allowed_are_reset_and_room_comes_back},
    {"connections_beyond_the_sessions_streams_wait_for_room",
     connections_beyond_the_sessions_streams_wait_for_room},
    {"a_taken_address_is_told_with_its_name", a_taken_address_is_told_with_its_name},
};
CHECK_MAIN("local", cases)
