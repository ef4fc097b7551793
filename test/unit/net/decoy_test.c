/* test/unit/net/decoy_test.c - a toy web server and strangers over loopback, one loop. */
#include "tm/net/decoy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"

struct scene {
    uv_loop_t loop;
    int listener; /* the decoy's */
    struct sockaddr_in addr;
    struct tm_decoy *d;
    int n_spoke, n_failed, n_ended;
    int web;          /* the decoy's end of the connection */
    int stranger, fd; /* the stranger's end; ours, which is released */
};

static void on_news(void *user, enum tm_decoy_news news)
{
    struct scene *s = user;
    s->n_spoke += news == TM_DECOY_SPOKE;
    s->n_failed += news == TM_DECOY_FAILED;
    s->n_ended += news == TM_DECOY_ENDED;
}

static int listener(struct sockaddr_in *addr)
{
    socklen_t len = sizeof *addr;
    *addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)addr, sizeof *addr), 0);
    CHECK_INT(listen(fd, 8), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    return fd;
}

static void nonblocking(int fd)
{
    CHECK_INT(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

/* The stranger has connected to us, and the decoy has been dialled. */
static void setup(struct scene *s)
{
    struct sockaddr_in ours;
    memset(s, 0, sizeof *s);
    CHECK_INT(uv_loop_init(&s->loop), 0);
    s->listener = listener(&s->addr);
    int l = listener(&ours);
    s->stranger = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(connect(s->stranger, (struct sockaddr *)&ours, sizeof ours), 0);
    s->fd = accept(l, NULL, NULL);
    CHECK(s->fd >= 0);
    (void)close(l);
    nonblocking(s->stranger);
    nonblocking(s->fd);
    const struct tm_decoy_cfg cfg = {
        .loop = &s->loop, .addr = (struct sockaddr *)&s->addr, .on_news = on_news, .user = s};
    CHECK_INT(tm_decoy_start(&s->d, &cfg), TM_OK);
    s->web = accept(s->listener, NULL, NULL);
    CHECK(s->web >= 0);
    nonblocking(s->web);
}

static void teardown(struct scene *s)
{
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&s->loop), 0);
    (void)close(s->listener);
    (void)close(s->web);
    (void)close(s->stranger);
}

/* Runs the loop until fd has something to read (bytes, end or error): what recv says, -errno on error. */
static ssize_t next_read(struct scene *s, int fd, void *buf, size_t cap)
{
    uint64_t start_ns = uv_hrtime();
    ssize_t n = -1;
    while (n < 0 && uv_hrtime() - start_ns < UINT64_C(10000000000)) {
        (void)uv_run(&s->loop, UV_RUN_NOWAIT);
        n = recv(fd, buf, cap, 0);
        if (n < 0 && errno != EAGAIN)
            return -errno;
    }
    return n;
}

static void run_until_dialled(struct scene *s)
{
    for (int i = 0; i < 10; i++)
        (void)uv_run(&s->loop, UV_RUN_NOWAIT);
}

static void what_was_read_so_far_goes_first_and_both_ends_talk(void)
{
    struct scene s;
    char buf[64];
    setup(&s);
    CHECK_INT(send(s.stranger, " HTTP/1.0\r\n", 11, 0), 11);
    tm_decoy_relay(s.d, s.fd, (const uint8_t *)"GET /", 5, TM_DECOY_OPEN);
    size_t got = 0;
    while (got < 16) {
        ssize_t n = next_read(&s, s.web, buf + got, sizeof buf - got);
        CHECK(n > 0);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    CHECK_INT(got, 16);
    CHECK_MEM(buf, "GET / HTTP/1.0\r\n", 16);
    CHECK_INT(send(s.web, "400 no\r\n", 8, 0), 8);
    CHECK_INT(next_read(&s, s.stranger, buf, sizeof buf), 8);
    CHECK_MEM(buf, "400 no\r\n", 8);
    CHECK_INT(shutdown(s.web, SHUT_WR), 0);
    CHECK_INT(next_read(&s, s.stranger, buf, sizeof buf),
              0); /* FIN mirrored, the other way still open */
    CHECK_INT(send(s.stranger, "bye", 3, 0), 3);
    CHECK_INT(next_read(&s, s.web, buf, sizeof buf), 3);
    CHECK_INT(s.n_ended, 0);
    CHECK_INT(shutdown(s.stranger, SHUT_WR), 0);
    CHECK_INT(next_read(&s, s.web, buf, sizeof buf), 0);
    teardown(&s);
    CHECK_INT(s.n_ended, 1);
    CHECK_INT(s.n_spoke + s.n_failed, 0);
}

static void a_megabyte_arrives_whole_in_each_direction(void)
{
    enum { LEN = 1 << 20 };
    struct scene s;
    setup(&s);
    tm_decoy_relay(s.d, s.fd, NULL, 0, TM_DECOY_OPEN);
    uint8_t *out = malloc(LEN);
    uint8_t *in = malloc(LEN);
    CHECK(out != NULL && in != NULL);
    for (size_t i = 0; i < LEN; i++)
        out[i] = (uint8_t)(i * 2654435761U >> 13);
    for (int dir = 0; dir < 2; dir++) {
        int from = dir == 0 ? s.stranger : s.web;
        int to = dir == 0 ? s.web : s.stranger;
        size_t sent = 0, got = 0;
        uint64_t start_ns = uv_hrtime();
        while (got < LEN && uv_hrtime() - start_ns < UINT64_C(10000000000)) {
            ssize_t n = send(from, out + sent, LEN - sent, MSG_NOSIGNAL);
            sent += n > 0 ? (size_t)n : 0;
            (void)uv_run(&s.loop, UV_RUN_NOWAIT);
            n = recv(to, in + got, LEN - got, 0);
            got += n > 0 ? (size_t)n : 0;
        }
        CHECK_INT(got, LEN);
        CHECK_MEM(in, out, LEN);
    }
    free(out);
    free(in);
    tm_decoy_drop(s.d);
    teardown(&s);
    CHECK_INT(s.n_ended, 0);
}

static void reset(int fd)
{
    const struct linger now = {.l_onoff = 1};
    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
}

static void a_reset_of_either_side_reaches_the_other(void)
{
    for (int side = 0; side < 2; side++) {
        struct scene s;
        char buf[8];
        setup(&s);
        tm_decoy_relay(s.d, s.fd, (const uint8_t *)"x", 1, TM_DECOY_OPEN);
        CHECK_INT(next_read(&s, s.web, buf, sizeof buf), 1);
        int *broken = side == 0 ? &s.stranger : &s.web;
        int other = side == 0 ? s.web : s.stranger;
        reset(*broken);
        (void)close(*broken);
        *broken = -1;
        CHECK_INT(next_read(&s, other, buf, sizeof buf), -ECONNRESET);
        teardown(&s);
        CHECK_INT(s.n_ended, 1);
    }
}

static void a_decoy_that_speaks_first_is_reported_and_heard(void)
{
    struct scene s;
    char buf[16];
    setup(&s);
    CHECK_INT(send(s.web, "408 late", 8, 0), 8);
    CHECK_INT(shutdown(s.web, SHUT_WR), 0);
    for (int i = 0; i < 1000000 && s.n_spoke == 0; i++)
        (void)uv_run(&s.loop, UV_RUN_NOWAIT);
    CHECK_INT(s.n_spoke, 1);
    tm_decoy_relay(s.d, s.fd, NULL, 0, TM_DECOY_OPEN);
    CHECK_INT(next_read(&s, s.stranger, buf, sizeof buf), 8);
    CHECK_MEM(buf, "408 late", 8);
    CHECK_INT(next_read(&s, s.stranger, buf, sizeof buf), 0);
    (void)shutdown(s.stranger, SHUT_WR);
    CHECK_INT(next_read(&s, s.web, buf, sizeof buf), 0);
    teardown(&s);
    CHECK_INT(s.n_ended, 1);
}

static void a_dropped_decoy_sees_a_close_without_a_byte(void)
{
    struct scene s;
    char buf[8];
    setup(&s);
    run_until_dialled(&s);
    tm_decoy_drop(s.d);
    CHECK_INT(next_read(&s, s.web, buf, sizeof buf), 0);
    (void)close(s.fd);
    teardown(&s);
    CHECK_INT(s.n_ended + s.n_spoke + s.n_failed, 0);
}

static void a_decoy_that_is_down_means_a_reset_for_strangers_only(void)
{
    struct scene s;
    char buf[8];
    setup(&s);
    tm_decoy_drop(s.d);
    (void)close(s.listener); /* now nothing listens there */
    const struct tm_decoy_cfg cfg = {
        .loop = &s.loop, .addr = (struct sockaddr *)&s.addr, .on_news = on_news, .user = &s};
    CHECK_INT(tm_decoy_start(&s.d, &cfg), TM_OK);
    run_until_dialled(&s);
    CHECK_INT(s.n_spoke + s.n_failed, 0); /* whoever it is may still be ours */
    tm_decoy_relay(s.d, s.fd, (const uint8_t *)"GET /", 5, TM_DECOY_OPEN);
    CHECK_INT(next_read(&s, s.stranger, buf, sizeof buf), -ECONNRESET);
    s.listener = -1;
    teardown(&s);
    CHECK_INT(s.n_failed, 1);
    CHECK_INT(s.n_ended, 1);
}

static void a_stranger_that_has_closed_already_is_closed_towards_the_decoy(void)
{
    struct scene s;
    char buf[8];
    setup(&s);
    CHECK_INT(shutdown(s.stranger, SHUT_WR), 0);
    tm_decoy_relay(s.d, s.fd, (const uint8_t *)"ab", 2, TM_DECOY_READ_END);
    CHECK_INT(next_read(&s, s.web, buf, sizeof buf), 2);
    CHECK_INT(next_read(&s, s.web, buf, sizeof buf), 0);
    CHECK_INT(send(s.web, "c", 1, 0), 1);
    CHECK_INT(next_read(&s, s.stranger, buf, sizeof buf), 1);
    (void)close(s.web);
    s.web = -1;
    CHECK_INT(next_read(&s, s.stranger, buf, sizeof buf), 0);
    teardown(&s);
    CHECK_INT(s.n_ended, 1);
}

static const struct check_case cases[] = {
    {"what_was_read_so_far_goes_first_and_both_ends_talk",
     what_was_read_so_far_goes_first_and_both_ends_talk},
    {"a_megabyte_arrives_whole_in_each_direction", a_megabyte_arrives_whole_in_each_direction},
    {"a_reset_of_either_side_reaches_the_other", a_reset_of_either_side_reaches_the_other},
    {"a_decoy_that_speaks_first_is_reported_and_heard",
     a_decoy_that_speaks_first_is_reported_and_heard},
    {"a_dropped_decoy_sees_a_close_without_a_byte", a_dropped_decoy_sees_a_close_without_a_byte},
    {"a_decoy_that_is_down_means_a_reset_for_strangers_only",
     a_decoy_that_is_down_means_a_reset_for_strangers_only},
    {"a_stranger_that_has_closed_already_is_closed_towards_the_decoy",
     a_stranger_that_has_closed_already_is_closed_towards_the_decoy},
};
CHECK_MAIN("decoy", cases)
