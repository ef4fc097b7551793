/* The wire thread over loopback: bytes, order, times never early, every way to end.  Run under ThreadSanitizer
 * too (preset tsan).  Upper bounds on lateness are not asserted: bench/ measures them. */
#include "tm/net/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"
#include "tm/net/ring.h"

static struct tm_wire *start(void)
{
    struct tm_wire *w;
    CHECK_INT(tm_wire_start(&w, &(struct tm_wire_cfg){0}), TM_OK);
    return w;
}

/* A listening socket on loopback; its address. */
static int listener(struct sockaddr_in *addr)
{
    socklen_t len = sizeof *addr;
    *addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)addr, len), 0);
    CHECK_INT(listen(fd, 128), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    return fd;
}

/* The next event; the bound only ends a broken test. */
static struct tm_wire_event next(struct tm_wire *w)
{
    struct tm_wire_event ev;
    while (!tm_wire_next(w, &ev)) {
        if (!tm_wire_await(w))
            continue;
        struct pollfd p = {.fd = tm_wire_fd(w), .events = POLLIN};
        if (poll(&p, 1, 20000) != 1) {
            check_true(0, "an event came", __FILE__, __LINE__);
            exit(1);
        }
        tm_ring_clear(tm_wire_fd(w));
    }
    return ev;
}

static struct tm_wire_event take(struct tm_wire *w, enum tm_wire_event_kind kind)
{
    struct tm_wire_event ev = next(w);
    CHECK_INT(ev.kind, kind);
    tm_wire_consume(w);
    return ev;
}

static uint32_t open_to(struct tm_wire *w, const struct sockaddr_in *addr, int64_t due_us)
{
    uint32_t id = 0;
    CHECK_INT(tm_wire_open(w, (const struct sockaddr *)addr, sizeof *addr, due_us, &id), TM_OK);
    return id;
}

static void put(struct tm_wire *w, uint32_t id, uint32_t no, unsigned flags, int64_t when_us,
                const char *text)
{
    struct tm_wire_write wr = {.id = id,
                               .write_no = no,
                               .flags = flags,
                               .due_us = when_us,
                               .gap_us = when_us,
                               .bytes = {(const uint8_t *)text, strlen(text)}};
    CHECK_INT(tm_wire_write(w, &wr), TM_OK);
}

static void writes_leave_at_their_times_and_in_order(void)
{
    struct sockaddr_in addr;
    int lfd = listener(&addr);
    struct tm_wire *w = start();
    int64_t t0 = tm_now_us();
    uint32_t id = open_to(w, &addr, t0 + 20000);
    put(w, id, 0, TM_WIRE_FIRST | TM_WIRE_LAST | TM_WIRE_AFTER_PREV, 5000, "hello ");
    put(w, id, 3, TM_WIRE_FIRST | TM_WIRE_LAST, t0 + 60000, "at a time ");
    put(w, id, 4, TM_WIRE_FIRST | TM_WIRE_LAST | TM_WIRE_AFTER_PREV, 15000, "after it");
    CHECK_INT(tm_wire_close(w, id, t0 + 100000), TM_OK);
    struct tm_wire_event up = take(w, TM_WIRE_UP);
    CHECK(up.id == id && up.t_us >= t0 + 20000);
    int fd = accept(lfd, NULL, NULL);
    struct tm_wire_event a = take(w, TM_WIRE_SENT);
    CHECK(a.write_no == 0 && a.due_us == up.t_us + 5000 && a.first_us >= a.due_us &&
          a.last_us >= a.first_us);
    struct tm_wire_event b = take(w, TM_WIRE_SENT);
    CHECK(b.write_no == 3 && b.due_us == t0 + 60000 && b.first_us >= b.due_us);
    struct tm_wire_event c = take(w, TM_WIRE_SENT);
    CHECK(c.write_no == 4 && c.due_us == b.last_us + 15000 && c.first_us >= c.due_us);
    char got[64];
    size_t n = 0;
    ssize_t k;
    while ((k = read(fd, got + n, sizeof got - n)) > 0)
        n += (size_t)k;
    CHECK_INT(n, 24);
    CHECK_MEM(got, "hello at a time after it", 24);
    CHECK(tm_now_us() >= t0 + 100000); /* the FIN came at its time */
    (void)close(fd);
    struct tm_wire_event down = take(w, TM_WIRE_DOWN);
    CHECK(down.id == id && down.why == TM_WIRE_DOWN_CLOSED);
    tm_wire_stop(w);
    (void)close(lfd);
}

static void accepted_connection_is_read_and_told_of_its_end(void)
{
    struct sockaddr_in addr;
    int lfd = listener(&addr);
    struct tm_wire *w = start();
    CHECK_INT(tm_wire_listen(w, lfd), TM_OK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    struct tm_wire_event acc = take(w, TM_WIRE_ACCEPTED);
    CHECK_INT(write(fd, "abc", 3), 3);
    struct tm_wire_event rx = next(w);
    CHECK(rx.kind == TM_WIRE_RX && rx.id == acc.id && rx.bytes.len == 3);
    CHECK_MEM(rx.bytes.p, "abc", 3);
    tm_wire_consume(w);
    CHECK_INT(shutdown(fd, SHUT_WR), 0);
    take(w, TM_WIRE_END_OF_FILE);
    put(w, acc.id, 0, TM_WIRE_FIRST | TM_WIRE_LAST, 0, "late"); /* half-closed: writing goes on */
    take(w, TM_WIRE_SENT);
    CHECK_INT(tm_wire_close(w, acc.id, 0), TM_OK);
    CHECK_INT(take(w, TM_WIRE_DOWN).why, TM_WIRE_DOWN_CLOSED);
    char got[8];
    CHECK_INT(read(fd, got, sizeof got), 4);
    CHECK_INT(read(fd, got, sizeof got), 0);
    (void)close(fd);
    tm_wire_stop(w);
}

static void reset_and_refusal_are_told(void)
{
    struct sockaddr_in addr;
    int lfd = listener(&addr);
    struct tm_wire *w = start();
    uint32_t id = open_to(w, &addr, 0);
    take(w, TM_WIRE_UP);
    int fd = accept(lfd, NULL, NULL);
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    (void)close(fd);
    struct tm_wire_event down = take(w, TM_WIRE_DOWN);
    CHECK(down.id == id && down.why == TM_WIRE_DOWN_RESET && down.error == ECONNRESET);
    uint32_t again = open_to(w, &addr, 0);
    CHECK(again != id); /* the slot is used again under another name */
    take(w, TM_WIRE_UP);
    CHECK_INT(tm_wire_reset(w, again), TM_OK);
    CHECK_INT(take(w, TM_WIRE_DOWN).why, TM_WIRE_DOWN_OURS);
    (void)close(lfd);
    id = open_to(w, &addr, 0);
    down = take(w, TM_WIRE_DOWN);
    CHECK(down.id == id && down.why == TM_WIRE_DOWN_REFUSED && down.error == ECONNREFUSED);
    tm_wire_stop(w);
}

static void released_socket_loses_nothing(void)
{
    struct sockaddr_in addr;
    int lfd = listener(&addr);
    struct tm_wire *w = start();
    CHECK_INT(tm_wire_listen(w, lfd), TM_OK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    uint32_t id = take(w, TM_WIRE_ACCEPTED).id;
    CHECK_INT(write(fd, "first", 5), 5);
    struct tm_wire_event rx = take(w, TM_WIRE_RX);
    CHECK_INT(rx.bytes.len, 5);
    CHECK_INT(tm_wire_release(w, id), TM_OK);
    CHECK_INT(write(fd, "second", 6), 6);
    size_t n = 0;
    struct tm_wire_event ev = next(w);
    while (ev.kind == TM_WIRE_RX) { /* read before the command came */
        n += ev.bytes.len;
        tm_wire_consume(w);
        ev = next(w);
    }
    CHECK(ev.kind == TM_WIRE_RELEASED && ev.id == id);
    tm_wire_consume(w);
    char got[16];
    struct pollfd p = {.fd = ev.fd, .events = POLLIN};
    while (n < 6 && poll(&p, 1, 20000) == 1) {
        ssize_t k = read(ev.fd, got, sizeof got);
        n += k > 0 ? (size_t)k : 0;
    }
    CHECK_INT(n, 6);
    (void)close(ev.fd);
    (void)close(fd);
    tm_wire_stop(w);
}

#define BULK_CHUNKS 1500U

/* 24 MB from one connection of the wire to another, with a reader that makes both rings full. */
static void large_write_in_chunks_arrives_whole_though_the_reader_is_slow(void)
{
    static uint8_t chunk[TM_WIRE_CHUNK_MAX];
    struct sockaddr_in addr;
    int lfd = listener(&addr);
    struct tm_wire *w = start();
    CHECK_INT(tm_wire_listen(w, lfd), TM_OK);
    uint32_t id = open_to(w, &addr, 0);
    uint64_t got = 0;
    uint64_t wrong = 0;
    uint32_t queued = 0;
    uint32_t holding = 0;
    bool sent = false;
    while (got < (uint64_t)BULK_CHUNKS * sizeof chunk || !sent) {
        while (queued < BULK_CHUNKS) {
            memset(chunk, (int)(queued % 251), sizeof chunk);
            unsigned flags = queued == 0                 ? TM_WIRE_FIRST
                             : queued == BULK_CHUNKS - 1 ? TM_WIRE_LAST
                                                         : 0;
            struct tm_wire_write wr = {
                .id = id, .write_no = 7, .flags = flags, .bytes = {chunk, sizeof chunk}};
            if (tm_wire_write(w, &wr) != TM_OK)
                break;
            queued++;
        }
        /* Events are left alone for a while, so that the thread has to pause. */
        if (queued < BULK_CHUNKS && ++holding < 200) {
            (void)poll(NULL, 0, 1);
            continue;
        }
        struct tm_wire_event ev = next(w);
        for (size_t i = 0; ev.kind == TM_WIRE_RX && i < ev.bytes.len; i++)
            wrong += ev.bytes.p[i] != (uint8_t)((got + i) / sizeof chunk % 251);
        got += ev.kind == TM_WIRE_RX ? ev.bytes.len : 0;
        sent |= ev.kind == TM_WIRE_SENT;
        CHECK(ev.kind != TM_WIRE_DOWN);
        tm_wire_consume(w);
    }
    CHECK_INT(wrong, 0);
    struct tm_wire_stats st;
    tm_wire_get_stats(w, &st);
    CHECK(st.late_events > 0);
    tm_wire_stop(w);
}

static void hundred_connections_are_exact_and_never_early(void)
{
    enum { CONNS = 100, WRITES = 3000 };
    static const char text[] = "0123456789abcdef0123456789abcdef0123456789abcdef";
    struct sockaddr_in addr;
    int lfd = listener(&addr);
    struct tm_wire *w = start();
    CHECK_INT(tm_wire_listen(w, lfd), TM_OK);
    uint32_t id[CONNS];
    uint64_t want = 0;
    uint64_t got = 0;
    int64_t t0 = tm_now_us() + 50000;
    for (uint32_t i = 0; i < CONNS; i++)
        id[i] = open_to(w, &addr, t0 - 40000 + (int64_t)i * 100);
    for (uint32_t i = 0; i < WRITES; i++) {
        put(w, id[i * 37 % CONNS], i, TM_WIRE_FIRST | TM_WIRE_LAST, t0 + (int64_t)i * 200,
            text + i % 40);
        want += strlen(text + i % 40);
    }
    for (uint32_t i = 0; i < CONNS; i++)
        CHECK_INT(tm_wire_close(w, id[i], t0 + WRITES * 200), TM_OK);
    int early = 0;
    int down = 0;
    while (down < 2 * CONNS) {
        struct tm_wire_event ev = next(w);
        if (ev.kind == TM_WIRE_SENT)
            early += ev.first_us < ev.due_us || ev.due_us != t0 + (int64_t)ev.write_no * 200;
        if (ev.kind == TM_WIRE_RX)
            got += ev.bytes.len;
        if (ev.kind == TM_WIRE_END_OF_FILE)
            CHECK_INT(tm_wire_close(w, ev.id, 0), TM_OK);
        if (ev.kind == TM_WIRE_DOWN) {
            down++;
            CHECK_INT(ev.why, TM_WIRE_DOWN_CLOSED);
        }
        tm_wire_consume(w);
    }
    CHECK_INT(early, 0);
    CHECK_INT(got, want);
    tm_wire_stop(w);
}

static void stop_with_everything_open(void)
{
    struct sockaddr_in addr;
    int lfd = listener(&addr);
    struct tm_wire *w = start();
    CHECK_INT(tm_wire_listen(w, lfd), TM_OK);
    for (int i = 0; i < 20; i++) {
        uint32_t id = open_to(w, &addr, i < 10 ? 0 : tm_now_us() + TM_US_PER_S * 3600);
        put(w, id, 0, TM_WIRE_FIRST | TM_WIRE_LAST, tm_now_us() + TM_US_PER_S * 3600, "never");
    }
    (void)next(w); /* it has begun */
    tm_wire_stop(w);
    CHECK_INT(tm_wire_start(&w, &(struct tm_wire_cfg){.cc = "no-such-cc"}), TM_ERR_UNSUPPORTED);
}

/* ---- Alarm ---- */

static int64_t fired_us;
static struct tm_alarm *alarm_under_test;

static void on_alarm(void *user)
{
    CHECK(user == &fired_us);
    fired_us = tm_now_us();
    tm_alarm_free(alarm_under_test);
}

static void alarm_fires_once_and_never_early(void)
{
    uv_loop_t loop;
    CHECK_INT(uv_loop_init(&loop), 0);
    CHECK_INT(tm_alarm_new(&alarm_under_test, &loop, on_alarm, &fired_us), TM_OK);
    int64_t due = tm_now_us() + 12345;
    tm_alarm_set(alarm_under_test, due + 1000000);
    tm_alarm_set(alarm_under_test, TM_NEVER);
    tm_alarm_set(alarm_under_test, due);
    CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK(fired_us >= due);
    CHECK_INT(uv_loop_close(&loop), 0);
}

static const struct check_case cases[] = {
    {"writes_leave_at_their_times_and_in_order", writes_leave_at_their_times_and_in_order},
    {"accepted_connection_is_read_and_told_of_its_end",
     accepted_connection_is_read_and_told_of_its_end},
    {"reset_and_refusal_are_told", reset_and_refusal_are_told},
    {"released_socket_loses_nothing", released_socket_loses_nothing},
    {"large_write_in_chunks_arrives_whole_though_the_reader_is_slow",
     large_write_in_chunks_arrives_whole_though_the_reader_is_slow},
    {"hundred_connections_are_exact_and_never_early",
     hundred_connections_are_exact_and_never_early},
    {"stop_with_everything_open", stop_with_everything_open},
    {"alarm_fires_once_and_never_early", alarm_fires_once_and_never_early},
};
CHECK_MAIN("wire", cases)
