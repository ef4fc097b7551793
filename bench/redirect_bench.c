/* bench/redirect_bench.c - past TCP or through it: round trips and a stream between two processes on one machine.
 *
 *   tm-bench-redirect [ROUNDS]     lines "name value unit"; ratios are of two measurements of one round, redirect over plain
 *
 * A round does the same with a connection of each way, one after the other, in turns first.  The client's socket does not block and it
 * polls when it must wait; the server's too, as tm-client's would.  Both are on one processor, then on two. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/redirect_rig.h"

#define ROUNDS_MAX 200
#define TRIPS_MAX  4000
#define MIB        1048576U
#define BUF_LEN    65536U /* libuv's */
#define CHUNK      65536U
#define CONNS_MAX  64

/* What the client says first: how much it sends before it wants how much. */
struct hello {
    uint32_t up_bytes, down_bytes;
};
struct work {
    const char *name;
    struct hello hello;
    unsigned n_trips; /* of a measurement */
};
static const struct work works[] = {{"1B", {1, 1}, 3000},
                                    {"10KB", {10240, 10240}, 2500},
                                    {"1MB", {MIB, MIB}, 100},
                                    {"stream", {512U * MIB, 1}, 1}};
#define WORKS (sizeof works / sizeof *works)

struct result {
    double value[TM_RIG_WAYS][ROUNDS_MAX]; /* us of the median round trip, or MB/s */
    int n_failed;
};

/* ---- The server ---- */

struct conn {
    int fd;
    bool has_hello, waits_for_room;
    struct hello hello;
    uint32_t up_left, down_left;
};

static void conn_end(struct conn *c)
{
    (void)close(c->fd);
    free(c);
}

/* Whether it waits for room rather than for bytes. */
static void conn_watch(struct conn *c, int epoll, bool for_room)
{
    struct epoll_event ev = {.events = for_room ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    if (c->waits_for_room != for_room)
        (void)epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &ev);
    c->waits_for_room = for_room;
}

static bool conn_send(struct conn *c, int epoll, char *buf)
{
    while (c->down_left > 0) {
        ssize_t n = send(c->fd, buf, c->down_left < BUF_LEN ? c->down_left : BUF_LEN, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return false;
        if (n < 0)
            break;
        c->down_left -= (uint32_t)n;
    }
    conn_watch(c, epoll, c->down_left > 0);
    return true;
}

/* Reads as libuv does: again only when the buffer was full.  False: it has ended. */
static bool conn_receive(struct conn *c, int epoll, char *buf)
{
    ssize_t n = (ssize_t)BUF_LEN;
    while (n == (ssize_t)BUF_LEN || !c->has_hello) {
        n = c->has_hello ? recv(c->fd, buf, BUF_LEN, 0)
                         : recv(c->fd, &c->hello, sizeof c->hello, 0);
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        if (!c->has_hello) {
            c->has_hello = n == sizeof c->hello;
            c->up_left = c->hello.up_bytes;
            return c->has_hello;
        }
        c->up_left -= (uint32_t)n;
        if (c->up_left == 0) {
            c->up_left = c->hello.up_bytes;
            c->down_left = c->hello.down_bytes;
            return conn_send(c, epoll, buf);
        }
    }
    return true;
}

static void serve(const struct tm_rig *rig)
{
    char *buf = calloc(1, BUF_LEN);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event got[CONNS_MAX];
    for (int i = 0; i < TM_RIG_WAYS; i++) {
        struct epoll_event ev = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, rig->doors[i].tcp4, &ev);
    }
    for (;;) {
        int n = epoll_wait(epoll, got, CONNS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (got[i].data.u64 < TM_RIG_WAYS) {
                struct conn *c = calloc(1, sizeof *c);
                if (c == NULL || buf == NULL)
                    _exit(3);
                c->fd = accept4(rig->doors[got[i].data.u32].tcp4, NULL, NULL, SOCK_NONBLOCK);
                struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
                (void)epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev);
            } else if (!((got[i].events & EPOLLOUT) != 0
                             ? conn_send(got[i].data.ptr, epoll, buf)
                             : conn_receive(got[i].data.ptr, epoll, buf))) {
                conn_end(got[i].data.ptr);
            }
        }
    }
}

/* ---- The client ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
    return sorted[(size_t)(q * (double)(n - 1) + 0.5)];
}

/* Sends and receives as an event loop does: it receives when it has been told that there is something. */
static bool one_trip(int fd, int epoll, const struct work *w, char *buf)
{
    struct epoll_event ev;
    for (uint32_t left = w->hello.up_bytes; left > 0;) {
        uint32_t len = left < CHUNK ? left : CHUNK;
        if (!tm_rig_send(fd, buf, len))
            return false;
        left -= len;
    }
    for (uint32_t left = w->hello.down_bytes; left > 0;) {
        ssize_t n = epoll_wait(epoll, &ev, 1, 30000) == 1 ? recv(fd, buf, MIB, 0) : 0;
        if (n <= 0 && (n == 0 || errno != EAGAIN))
            return false;
        left -= n > 0 ? (uint32_t)n : 0;
    }
    return true;
}

/* The number of one round and way; negative: failed. */
static double measure(const struct tm_rig *rig, const struct work *w, enum tm_rig_way way)
{
    static double us[TRIPS_MAX];
    static char buf[MIB];
    int fd = tm_rig_connect(rig, way, false, true);
    struct epoll_event ev = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    bool good = fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == 0 &&
                tm_rig_send(fd, &w->hello, sizeof w->hello);
    unsigned warm = w->n_trips > 10 ? w->n_trips / 10 : 0;
    for (unsigned i = 0; good && i < w->n_trips + warm; i++) {
        int64_t begin_ns = tm_rig_now_ns();
        good = one_trip(fd, epoll, w, buf);
        us[i < warm ? 0 : i - warm] = (double)(tm_rig_now_ns() - begin_ns) / 1e3;
    }
    (void)close(epoll);
    if (fd >= 0)
        (void)close(fd);
    if (!good)
        return -1;
    qsort(us, w->n_trips, sizeof *us, compare);
    double p50 = quantile(us, w->n_trips, 0.5);
    return w->n_trips == 1 ? (double)w->hello.up_bytes / p50 : p50;
}

static void client(const struct tm_rig *rig, struct result *results, int n_rounds)
{
    for (int round = 0; round < n_rounds; round++) {
        for (size_t i = 0; i < WORKS; i++) {
            for (int turn = 0; turn < TM_RIG_WAYS; turn++) {
                enum tm_rig_way way = (enum tm_rig_way)((round + turn) % TM_RIG_WAYS);
                double v = measure(rig, &works[i], way);
                results[i].value[way][round] = v;
                results[i].n_failed += v < 0;
            }
        }
    }
    _exit(0);
}

/* ---- The table ---- */

static void print(const char *cpus, const struct work *w, const struct result *r, int n_rounds)
{
    static const char *const names[] = {"plain", "redirect"};
    double sorted[ROUNDS_MAX];
    size_t n = (size_t)n_rounds;
    bool is_rate = w->n_trips == 1;
    for (int way = 0; way < TM_RIG_WAYS; way++) {
        memcpy(sorted, r->value[way], n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, compare);
        printf("%s.%s.%s %.2f %s\n", cpus, w->name, names[way], quantile(sorted, n, 0.5),
               is_rate ? "MB/s" : "us");
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = r->value[TM_RIG_ACROSS][i] / r->value[TM_RIG_PLAIN][i];
    qsort(sorted, n, sizeof *sorted, compare);
    printf("%s.%s.ratio %.3f [%.3f,%.3f]\n", cpus, w->name, quantile(sorted, n, 0.5), sorted[0],
           sorted[n - 1]);
}

static int run(const struct tm_rig *rig, const char *cpus, int client_cpu, int n_rounds)
{
    size_t size = WORKS * sizeof(struct result);
    struct result *results =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 1;
    if (results == MAP_FAILED)
        return 1;
    pid_t server = tm_rig_fork(rig, 0);
    if (server == 0)
        serve(rig);
    pid_t child = tm_rig_fork(rig, client_cpu);
    if (child == 0)
        client(rig, results, n_rounds);
    if (server > 0 && child > 0)
        (void)waitpid(child, &status, 0);
    if (server > 0) {
        (void)kill(server, SIGKILL);
        (void)waitpid(server, NULL, 0);
    }
    for (size_t i = 0; status == 0 && i < WORKS; i++) {
        print(cpus, &works[i], &results[i], n_rounds);
        status |= results[i].n_failed;
    }
    (void)munmap(results, size);
    return status;
}

int main(int argc, char **argv)
{
    struct tm_rig rig;
    struct tm_msg msg = {""};
    long n_rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 7;
    if (argc > 2 || n_rounds < 1 || n_rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: %s [ROUNDS]\n", argv[0]);
        return 2;
    }
    if (tm_rig_open(&rig, &msg) != TM_OK) {
        fprintf(stderr, "cannot be measured here: %s\n", msg.text);
        return 1;
    }
    int bad = run(&rig, "one_cpu", 0, (int)n_rounds);
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
        bad |= run(&rig, "two_cpus", 1, (int)n_rounds);
    struct tm_redirect_counts n;
    tm_redirect_count(rig.redirect, &n);
    printf("taken_in %llu connections\ncrossed %.1f MB\npassed %llu messages\n",
           (unsigned long long)n.n_pairs, (double)n.crossed_bytes / 1e6,
           (unsigned long long)n.n_passed);
    tm_rig_close(&rig);
    return bad != 0;
}
