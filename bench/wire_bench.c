/* bench/wire_bench.c - how late the wire thread sends, with many connections.
 *
 *   tm-bench-wire [--conns N] [--gap-us N] [--seconds N] [--size N] [--prep-us N] [--realtime] [--json]
 *
 * N connections over loopback to a thread that reads and throws away; each sends a write of --size bytes at random
 * times, --gap-us apart on average over all connections, given to the wire thread --prep-us ahead (so early that
 * a delay of this program's own front thread does not count).  Lateness is the moment before the first write()
 * minus the due time, of every write: after a stall of 30 ms all that fell into it are late.  --realtime: SCHED_FIFO. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tm/base/hist.h"
#include "tm/base/rng.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"
#include "tm/net/ring.h"
#include "tm/net/wire.h"

struct options {
    int64_t conns, gap_us, seconds, size, prep_us;
    bool realtime, json;
};

struct bench {
    struct options o;
    struct tm_wire *wire;
    struct tm_rng rng;
    struct sockaddr_in addr;
    int listener;
    uint32_t ids[1024];
    unsigned n_up;
    uint64_t n_given, n_sent;
    uint8_t *bytes;
    struct tm_hist late;
};

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "tm-bench-wire: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){
        .conns = 100, .gap_us = 500, .seconds = 5, .size = 1448, .prep_us = 200000};
    const struct {
        const char *name;
        int64_t *value, max;
    } numbers[] = {{"--conns", &o->conns, 1000},
                   {"--gap-us", &o->gap_us, TM_US_PER_S},
                   {"--seconds", &o->seconds, 3600},
                   {"--size", &o->size, TM_WIRE_CHUNK_MAX},
                   {"--prep-us", &o->prep_us, TM_US_PER_S}};
    for (int i = 1; i < argc; i++) {
        bool known = true;
        if (strcmp(argv[i], "--json") == 0)
            o->json = true;
        else if (strcmp(argv[i], "--realtime") == 0)
            o->realtime = true;
        else
            known = false;
        for (size_t k = 0; !known && k < sizeof numbers / sizeof *numbers && i + 1 < argc; k++) {
            if (strcmp(argv[i], numbers[k].name) != 0)
                continue;
            *numbers[k].value = strtoll(argv[++i], NULL, 10);
            known = *numbers[k].value >= 1 && *numbers[k].value <= numbers[k].max;
            break;
        }
        if (!known) {
            (void)fprintf(stderr,
                          "usage: tm-bench-wire [--conns N] [--gap-us N] [--seconds N] [--size N] "
                          "[--prep-us N] [--realtime] [--json]\n");
            exit(2);
        }
    }
}

/* Accepts, reads, throws away; ends with the process. */
static void *sink(void *arg)
{
    const struct bench *b = arg;
    static uint8_t waste[65536];
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = b->listener};
    (void)epoll_ctl(ep, EPOLL_CTL_ADD, b->listener, &ev);
    for (;;) {
        struct epoll_event got[64];
        int n = epoll_wait(ep, got, 64, -1);
        for (int i = 0; i < n; i++) {
            if (got[i].data.fd == b->listener) {
                ev.data.fd = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                (void)epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev);
            } else if (recv(got[i].data.fd, waste, sizeof waste, 0) == 0) {
                (void)close(got[i].data.fd);
            }
        }
    }
    return NULL;
}

static void start_sink(struct bench *b)
{
    b->addr =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof b->addr;
    pthread_t thread;
    b->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (b->listener < 0 || bind(b->listener, (struct sockaddr *)&b->addr, len) != 0 ||
        listen(b->listener, 1024) != 0 ||
        getsockname(b->listener, (struct sockaddr *)&b->addr, &len) != 0)
        fail("listen");
    if (pthread_create(&thread, NULL, sink, b) != 0)
        fail("thread");
}

static void take_events(struct bench *b)
{
    struct tm_wire_event ev;
    while (tm_wire_next(b->wire, &ev)) {
        if (ev.kind == TM_WIRE_SENT) {
            b->n_sent++;
            tm_hist_add(&b->late, (uint64_t)(ev.first_us - ev.due_us));
        } else if (ev.kind == TM_WIRE_UP) {
            b->n_up++;
        } else if (ev.kind == TM_WIRE_DOWN) {
            errno = ev.error;
            fail("a connection went down");
        }
        tm_wire_consume(b->wire);
    }
}

/* Waits for events until t_us at most (milliseconds, rounded up). */
static void wait_until(struct bench *b, int64_t t_us)
{
    int64_t left_us = t_us - tm_now_us();
    if (left_us > 0 && tm_wire_await(b->wire)) {
        struct pollfd p = {.fd = tm_wire_fd(b->wire), .events = POLLIN};
        if (poll(&p, 1, (int)(left_us / 1000)) == 1)
            tm_ring_clear(p.fd);
    }
    take_events(b);
}

static void open_all(struct bench *b)
{
    for (int64_t i = 0; i < b->o.conns; i++) {
        if (tm_wire_open(b->wire, (struct sockaddr *)&b->addr, sizeof b->addr, 0, &b->ids[i]) !=
            TM_OK)
            fail("open");
    }
    while (b->n_up < (unsigned)b->o.conns)
        wait_until(b, tm_now_us() + TM_US_PER_S);
}

static void play(struct bench *b)
{
    int64_t due_us = tm_now_us() + 2 * b->o.prep_us;
    int64_t end_us = due_us + b->o.seconds * TM_US_PER_S;
    while (due_us < end_us) {
        while (tm_now_us() < due_us - b->o.prep_us)
            wait_until(b, due_us - b->o.prep_us);
        struct tm_wire_write wr = {.id = b->ids[tm_rng_below(&b->rng, (uint64_t)b->o.conns)],
                                   .write_no = (uint32_t)b->n_given,
                                   .flags = TM_WIRE_FIRST | TM_WIRE_LAST,
                                   .due_us = due_us,
                                   .bytes = {b->bytes, (size_t)b->o.size}};
        if (tm_wire_write(b->wire, &wr) != TM_OK)
            fail("write");
        b->n_given++;
        due_us += (int64_t)tm_rng_below(&b->rng, (uint64_t)(2 * b->o.gap_us) + 1);
    }
    while (b->n_sent < b->n_given)
        wait_until(b, tm_now_us() + TM_US_PER_S);
}

static void print(const struct bench *b)
{
    uint64_t p50 = tm_hist_quantile(&b->late, 500);
    uint64_t p99 = tm_hist_quantile(&b->late, 990);
    if (b->o.json) {
        (void)printf("{\"schema_version\":1,\"bench\":\"wire\",\"conns\":%" PRId64
                     ",\"gap_us\":%" PRId64 ",\"seconds\":%" PRId64 ",\"writes\":%" PRIu64
                     ",\"p50_us\":%" PRIu64 ",\"p99_us\":%" PRIu64 ",\"max_us\":%" PRIu64 "}\n",
                     b->o.conns, b->o.gap_us, b->o.seconds, b->n_sent, p50, p99, b->late.max);
        return;
    }
    (void)printf("wire.writes %" PRIu64 " writes\nwire.p50 %" PRIu64 " us\nwire.p99 %" PRIu64
                 " us\nwire.max %" PRIu64 " us\n",
                 b->n_sent, p50, p99, b->late.max);
}

int main(int argc, char **argv)
{
    static struct bench b;
    parse(&b.o, argc, argv);
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, 1);
    tm_rng_init(&b.rng, seed);
    b.bytes = calloc(1, (size_t)b.o.size);
    struct tm_wire_cfg cfg = {.priority =
                                  b.o.realtime ? TM_WIRE_PRIORITY_REALTIME : TM_WIRE_PRIORITY_NICE};
    if (!b.bytes || tm_wire_start(&b.wire, &cfg) != TM_OK)
        fail("start");
    start_sink(&b);
    open_all(&b);
    play(&b);
    tm_wire_stop(b.wire);
    print(&b);
    free(b.bytes);
    return 0;
}
