/* test/unit/net/local_test.c - SOCKS clients in front of a whole tunnel over loopback. */
#include "tm/net/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/net/front.h"

static struct scene scene;
static struct tm_model model;
static struct sockaddr_in socks_addr;

/* Who finds the tunnel, when there is one to find it; else all go by the scene's. */
static tm_local_route_fn route;

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
    const struct tm_local_cfg local = {
        .tunnel = route == NULL ? scene.client : NULL,
        .loop = route != NULL ? tm_front_loop(tm_tunnel_client_front(scene.client)) : NULL,
        .route = route,
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

static unsigned n_asked; /* of the route */
static uint16_t routed_to;

/* Waits twice, then sends everybody to routed_to; 192.0.2.1 is refused. */
static int third_time(void *user, const struct tm_proxy *p, struct tm_tunnel_client **tunnel,
                      struct tm_dest *dest, enum tm_reply *reply)
{
    (void)user;
    CHECK(p->wants_login);
    *reply = TM_REPLY_TTL_EXPIRED;
    if (p->dest.addr[0] == 192)
        return TM_ERR_IO;
    if (++n_asked < 3)
        return TM_ERR_LIMIT;
    *tunnel = scene.client;
    *dest = p->dest;
    dest->port = routed_to;
    return TM_OK;
}

static void a_route_is_asked_until_it_has_a_tunnel_or_refuses(void)
{
    static const uint8_t request[2][13] = {{5, 1, 0, 5, 1, 0, 1, 192, 0, 2, 1, 0, 80},
                                           {5, 1, 0, 5, 0xf1, 0, 1, 127, 0, 0, 1, 0, 0}};
    static const enum tm_reply refusal[2] = {TM_REPLY_TTL_EXPIRED, TM_REPLY_COMMAND_UNSUPPORTED};
    uint8_t answer[2];
    route = third_time;
    n_asked = 0;
    struct tm_local *l = start(TM_SOCKS_REPLY_EXACT, 0);
    routed_to = ntohs(scene.dest_addr.sin_port);
    int fd = socks_connect(1);
    expect_reply(fd, TM_REPLY_OK);
    expect_hello_both_ways(fd);
    CHECK_INT(n_asked, 3);
    for (size_t i = 0; i < 2;
         i++) { /* one that it refuses, and a lookup, for which there is no bridge */
        fd = scene_connect(&socks_addr);
        CHECK_INT(send(fd, request[i], sizeof request[i], 0), sizeof request[i]);
        CHECK_INT(read_all(fd, answer, 2), 2);
        expect_reply(fd, refusal[i]);
        (void)close(fd);
    }
    stop(l);
    route = NULL;
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

static void what_is_not_understood_is_answered_and_closed(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EXACT, 0);
    char buf[16];
    int fd = scene_connect(&socks_addr);
    CHECK_INT(send(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
    CHECK_INT(read_all(fd, buf, 13), 13);
    CHECK_MEM(buf, "HTTP/1.1 400 ", 13);
    (void)close(fd);
    fd = scene_connect(&socks_addr); /* TLS */
    CHECK_INT(send(fd, "\26\3\1", 3, 0), 3);
    CHECK(scene_read(&scene, fd, buf, sizeof buf) <= 0);
    (void)close(fd);
    fd = scene_connect(&socks_addr); /* only GSSAPI offered */
    CHECK_INT(send(fd, "\5\1\1", 3, 0), 3);
    CHECK_INT(read_all(fd, buf, 2), 2);
    CHECK_MEM(buf, "\5\377", 2);
    CHECK_INT(scene_read(&scene, fd, buf, sizeof buf), 0);
    (void)close(fd);
    fd = scene_connect(&socks_addr); /* BIND, and bytes that nobody reads */
    CHECK_INT(send(fd, "\5\1\0\5\2\0\1\1\1\1\1\0\1more", 17, 0), 17);
    CHECK_INT(read_all(fd, buf, 2), 2);
    expect_reply(fd, TM_REPLY_COMMAND_UNSUPPORTED);
    CHECK_INT(send(fd, "and more", 8, MSG_NOSIGNAL), 8);
    CHECK_INT(scene_read(&scene, fd, buf, sizeof buf), 0);
    (void)close(fd);
    stop(l);
}

/* Sends the text, in which @ stands for the port: in digits, or as two bytes of SOCKS 4. */
static int ask(const char *text, size_t len, uint16_t port)
{
    char said[256], digits[8];
    const char *at = memchr(text, '@', len);
    size_t before = at == NULL ? len : (size_t)(at - text), n = 2;
    int fd = scene_connect(&socks_addr);
    if (text[0] == 4)
        memcpy(digits, ((const char[]){(char)(port >> 8), (char)port}), n);
    else
        n = (size_t)snprintf(digits, sizeof digits, "%u", (unsigned)port);
    memcpy(said, text, before);
    memcpy(said + before, digits, n);
    memcpy(said + before + n, text + before + 1, len - before - 1);
    CHECK_INT(send(fd, said, len - 1 + n, 0), len - 1 + n);
    return fd;
}

static void socks_4_and_4a_and_http_connect_lead_to_the_same_place(void)
{
    static const char socks4[] = "\4\1@\177\0\0\1me", socks4a[] = "\4\1@\0\0\0\1\0localhost";
    static const char connect[] = "CONNECT 127.0.0.1:@ HTTP/1.1\r\nHost: x\r\n\r\n";
    struct tm_local *l = start(TM_SOCKS_REPLY_EXACT, 0);
    uint16_t port = ntohs(scene.dest_addr.sin_port);
    struct sockaddr_in nobody;
    char buf[64];
    (void)close(scene_listen(&nobody));
    int fd = ask(socks4, sizeof socks4, port);
    CHECK_INT(read_all(fd, buf, 8), 8);
    CHECK_MEM(buf, "\0\132\0\0\0\0\0\0", 8);
    expect_hello_both_ways(fd);
    fd = ask(socks4a, sizeof socks4a, port);
    CHECK_INT(read_all(fd, buf, 8), 8);
    CHECK_MEM(buf, "\0\132\0\0\0\0\0\0", 8);
    expect_hello_both_ways(fd);
    fd = ask(socks4, sizeof socks4, ntohs(nobody.sin_port));
    CHECK_INT(read_all(fd, buf, 8), 8);
    CHECK_MEM(buf, "\0\133\0\0\0\0\0\0", 8);
    (void)close(fd);
    fd = ask(connect, sizeof connect - 1, port);
    CHECK_INT(read_all(fd, buf, 39), 39);
    CHECK_MEM(buf, "HTTP/1.1 200 Connection established\r\n\r\n", 39);
    expect_hello_both_ways(fd);
    fd = ask(connect, sizeof connect - 1, ntohs(nobody.sin_port));
    CHECK_INT(read_all(fd, buf, 60), 60);
    CHECK_MEM(buf, "HTTP/1.1 502 Bad Gateway (the destination refused the connec", 60);
    (void)close(fd);
    stop(l);
}

/* The request goes on as to a server, its body with it; more than that ends the connection. */
static void a_request_with_a_whole_address_goes_on_and_nothing_behind_it_does(void)
{
    for (int exact = 0; exact < 2; exact++) {
        struct tm_local *l = start(exact ? TM_SOCKS_REPLY_EXACT : TM_SOCKS_REPLY_EARLY, 0);
        char buf[128] = {0}, want[128];
        uint16_t port = ntohs(scene.dest_addr.sin_port);
        int n = snprintf(want, sizeof want,
                         "PUT /x HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 4\r\n"
                         "Connection: close\r\n\r\nbody",
                         (unsigned)port);
        static const char put[] =
            "PUT http://127.0.0.1:@/x HTTP/1.1\r\nContent-Length: 4\r\n\r\nbo";
        int fd = ask(put, sizeof put - 1, port);
        int dest = scene_accept(&scene, scene.dest);
        CHECK_INT(send(fd, "dy", 2, 0), 2);
        CHECK_INT(read_all(dest, buf, (size_t)n), n);
        CHECK_STR(buf, want);
        CHECK_INT(send(dest, "HTTP/1.1 204 ", 13, 0), 13);
        CHECK_INT(read_all(fd, buf, 13), 13);
        CHECK_MEM(buf, "HTTP/1.1 204 ", 13);
        CHECK_INT(send(fd, "GET http://other/ HTTP/1.1\r\n\r\n", 30, 0), 30);
        CHECK_INT(scene_read(&scene, fd, buf, 1), -ECONNRESET);
        CHECK_INT(scene_read(&scene, dest, buf, 1), -ECONNRESET);
        (void)close(dest);
        (void)close(fd);
        stop(l);
    }
}

static void a_name_or_an_address_is_looked_up_at_the_server(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EARLY, 0);
    uint8_t buf[16];
    char byte;
    int fd = scene_connect(&socks_addr); /* with a password, whatever it is */
    CHECK_INT(send(fd, "\5\1\2\1\1a\1b\5\360\0\3\11localhost\0\0", 24, 0), 24);
    CHECK_INT(read_all(fd, buf, 14), 14);
    CHECK_MEM(buf, "\5\2\1\0\5\0\0\1\177\0\0\1\0\0", 14);
    CHECK_INT(scene_read(&scene, fd, &byte, 1), 0);
    (void)close(fd);
    fd = scene_connect(&socks_addr);
    CHECK_INT(send(fd, "\5\1\0\5\360\0\3\15nobody.invali\0\0", 23, 0), 23);
    CHECK_INT(read_all(fd, buf, 12), 12);
    CHECK_MEM(buf, "\5\0\5\4\0\1\0\0\0\0\0\0", 12);
    (void)close(fd);
    fd = scene_connect(&socks_addr); /* its name is this machine's affair; there is an answer */
    CHECK_INT(send(fd, "\5\1\0\5\361\0\1\177\0\0\1\0\0", 13, 0), 13);
    CHECK_INT(read_all(fd, buf, 4), 4);
    CHECK(buf[2] == 5 && (buf[3] == TM_REPLY_OK || buf[3] == TM_REPLY_HOST_UNREACHABLE));
    (void)close(fd);
    fd = scene_connect(&socks_addr); /* asked, and gone before the answer */
    CHECK_INT(send(fd, "\4\360\0\0\0\0\0\1\0localhost\0", 19, 0), 19);
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

static void reset(int fd)
{
    const struct linger now = {.l_onoff = 1};
    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    (void)close(fd);
}

/* Both are there when the loop looks. */
static void a_reset_right_behind_data_is_a_reset_at_the_other_end(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EXACT, 0);
    char buf[4];
    int app[2], dest[2];
    for (int i = 0; i < 2; i++) {
        app[i] = socks_connect(ntohs(scene.dest_addr.sin_port));
        expect_reply(app[i], TM_REPLY_OK);
        dest[i] = scene_accept(&scene, scene.dest);
    }
    CHECK_INT(send(app[0], "abc", 3, 0), 3);
    reset(app[0]);
    ssize_t n;
    while ((n = scene_read(&scene, dest[0], buf, 1)) == 1) {
    }
    CHECK_INT(n, -ECONNRESET);
    CHECK_INT(send(dest[1], "abc", 3, 0), 3);
    reset(dest[1]);
    while ((n = scene_read(&scene, app[1], buf, 1)) == 1) {
    }
    CHECK_INT(n, -ECONNRESET);
    (void)close(dest[0]);
    (void)close(app[1]);
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

/* A proxy at a path, and a forward there too: the same as at a port. */
static void a_door_may_be_a_unix_socket(void)
{
    struct tm_local *l = start(TM_SOCKS_REPLY_EXACT, 0), *door = NULL;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    uint16_t port = ntohs(scene.dest_addr.sin_port);
    uint8_t ask[] = {5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, (uint8_t)(port >> 8), (uint8_t)port};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "/tmp/tm-local.%d", (int)getpid());
    for (int kind = TM_LOCAL_SOCKS; kind <= TM_LOCAL_FORWARD; kind++) {
        struct tm_local_cfg cfg = {.tunnel = scene.client,
                                   .kind = (enum tm_local_kind)kind,
                                   .path = a.sun_path,
                                   .reply = TM_SOCKS_REPLY_EXACT,
                                   .dest = {TM_ADDR_IPV4, 4, {127, 0, 0, 1}, port}};
        CHECK_INT(tm_local_open(&door, &cfg, NULL), TM_OK);
        CHECK_INT(tm_local_port(door), 0);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_INT(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
        CHECK_INT(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        if (kind == TM_LOCAL_SOCKS) {
            uint8_t method[2];
            CHECK_INT(send(fd, ask, sizeof ask, 0), sizeof ask);
            CHECK_INT(read_all(fd, method, sizeof method), sizeof method);
            expect_reply(fd, TM_REPLY_OK);
        }
        expect_hello_both_ways(fd);
        tm_local_close(door);
        CHECK_INT(access(a.sun_path, F_OK), -1);
    }
    stop(l);
}

static const struct check_case cases[] = {
    {"an_exact_reply_waits_for_the_servers_outcome", an_exact_reply_waits_for_the_servers_outcome},
    {"a_route_is_asked_until_it_has_a_tunnel_or_refuses",
     a_route_is_asked_until_it_has_a_tunnel_or_refuses},
    {"an_early_reply_comes_at_once_and_a_failure_is_a_reset",
     an_early_reply_comes_at_once_and_a_failure_is_a_reset},
    {"pipelined_bytes_are_not_lost", pipelined_bytes_are_not_lost},
    {"what_is_not_understood_is_answered_and_closed",
     what_is_not_understood_is_answered_and_closed},
    {"socks_4_and_4a_and_http_connect_lead_to_the_same_place",
     socks_4_and_4a_and_http_connect_lead_to_the_same_place},
    {"a_request_with_a_whole_address_goes_on_and_nothing_behind_it_does",
     a_request_with_a_whole_address_goes_on_and_nothing_behind_it_does},
    {"a_name_or_an_address_is_looked_up_at_the_server",
     a_name_or_an_address_is_looked_up_at_the_server},
    {"more_connections_than_allowed_are_reset_and_room_comes_back",
     more_connections_than_allowed_are_reset_and_room_comes_back},
    {"connections_beyond_the_sessions_streams_wait_for_room",
     connections_beyond_the_sessions_streams_wait_for_room},
    {"a_reset_right_behind_data_is_a_reset_at_the_other_end",
     a_reset_right_behind_data_is_a_reset_at_the_other_end},
    {"a_door_may_be_a_unix_socket", a_door_may_be_a_unix_socket},
    {"a_taken_address_is_told_with_its_name", a_taken_address_is_told_with_its_name},
};
CHECK_MAIN("local", cases)
