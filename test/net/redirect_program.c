/* test/net/redirect_program.c - what the redirect must keep (tm/net/ebpf/redirect.h): each test does the same over plain TCP and
 * over a connection that is taken in, in a network namespace and a cgroup of its own.
 *
 *   tm-redirect-program all|integrity|short|...   one line a test; what changes for programs is printed as a table ("changes");
 *                                                 owner-killed is not of all: it ends the parent
 *   TM_REDIRECT_MIB, TM_REDIRECT_SHORT            how many MiB each way at once, how many short connections
 *
 * One process in the cgroup holds both ends, "app" and "ours"; the parent has loaded the programs. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/redirect_rig.h"
#include "test/net/redirect_changes.h"
#include "test/net/redirect_pair.h"

#define KIB        1024U
#define MIB        (KIB * KIB)
#define CHUNK      300000U
#define CONNECTION (6 * MIB)
#define N_DEFER    50

static int number_from(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? atoi(text) : otherwise;
}

/* The byte at an offset of a stream. */
static uint8_t byte_at(uint64_t offset, unsigned stream)
{
    uint64_t x = (offset >> 3) + (uint64_t)stream * 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 31)) * 0xbf58476d1ce4e5b9ULL;
    return (uint8_t)((x ^ (x >> 29)) >> (8 * (offset & 7)));
}

static void fill(uint8_t *p, size_t len, uint64_t offset, unsigned stream)
{
    for (size_t i = 0; i < len; i++)
        p[i] = byte_at(offset + i, stream);
}

static bool is_right(const uint8_t *p, size_t len, uint64_t offset, unsigned stream)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != byte_at(offset + i, stream))
            return false;
    return true;
}

struct flow {
    int from, to;
    uint64_t total, sent, got;
    unsigned stream;
};

/* One step of a direction, as far as it goes now. */
static const char *flow_step(struct flow *f, uint8_t *buf)
{
    if (f->sent < f->total) {
        size_t len = 1 + (size_t)random() % CHUNK;
        len = len < f->total - f->sent ? len : f->total - f->sent;
        fill(buf, len, f->sent, f->stream);
        ssize_t n = send(f->from, buf, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return "send";
        f->sent += n > 0 ? (uint64_t)n : 0;
        if (f->sent == f->total && shutdown(f->from, SHUT_WR) != 0)
            return "shutdown";
    }
    for (unsigned i = (unsigned)random() % 3; i > 0; i--) {
        ssize_t n = recv(f->to, buf, 1 + (size_t)random() % CHUNK, 0);
        if (n < 0 && errno == EAGAIN)
            return NULL;
        if (n < 0)
            return "receive";
        if (n == 0)
            return f->got == f->total ? "" : "the end came early";
        if (!is_right(buf, (size_t)n, f->got, f->stream))
            return "wrong bytes, or in another order";
        f->got += (uint64_t)n;
    }
    return NULL;
}

static const char *both_ways(const struct tm_pair *p, uint64_t n_bytes)
{
    static uint8_t buf[CHUNK + 1];
    struct flow f[2] = {{p->app, p->ours, n_bytes, 0, 0, 1}, {p->ours, p->app, n_bytes, 0, 0, 2}};
    int64_t until_ns = tm_rig_now_ns() + 120 * INT64_C(1000000000);
    bool is_over[2] = {false, false};
    while (!is_over[0] || !is_over[1]) {
        for (int i = 0; i < 2; i++) {
            const char *bad = is_over[i] ? NULL : flow_step(&f[i], buf);
            if (bad != NULL && *bad != '\0')
                return bad;
            is_over[i] = is_over[i] || bad != NULL;
        }
        if (tm_rig_now_ns() > until_ns)
            return "it stalls";
    }
    return NULL;
}

/* Connections of which each goes to and fro between the two ways until it counts as bulk; then a long one. */
static const char *integrity(const struct tm_rig *rig)
{
    uint64_t total = (uint64_t)number_from("TM_REDIRECT_MIB", 64) * MIB;
    const char *bad = NULL;
    for (uint64_t done = 0; bad == NULL && done <= total; done += CONNECTION) {
        struct tm_pair p;
        if (!tm_pair_open(&p, rig, TM_RIG_ACROSS))
            return "connect";
        bad = both_ways(&p, done + CONNECTION <= total ? CONNECTION : total);
        tm_pair_close(&p);
    }
    return bad;
}

static const char *short_ones(const struct tm_rig *rig)
{
    int n = number_from("TM_REDIRECT_SHORT", 3000);
    for (int i = 0; i < n; i++) {
        struct tm_pair p;
        int up = i;
        int down = -1;
        if (!tm_pair_open_family(&p, rig, TM_RIG_ACROSS, i % 3 == 2))
            return "connect";
        if (!tm_rig_send(p.app, &up, sizeof up) || !tm_rig_receive(p.ours, &down, sizeof down) ||
            !tm_rig_send(p.ours, &down, sizeof down) || !tm_rig_receive(p.app, &up, sizeof up) ||
            up != i)
            return "somebody else's bytes";
        tm_pair_close(&p);
    }
    return NULL;
}

/* The first bytes travel with the handshake's last segment, by TCP, because the other end is not there yet. */
static const char *deferred(const struct tm_rig *rig)
{
    for (int i = 0; i < N_DEFER; i++) {
        char got[9] = "";
        struct tm_pair p = {.app = tm_pair_connect_deferred(rig), .ours = -1};
        if (p.app < 0 || send(p.app, "abcd", 4, 0) != 4 || send(p.app, "efgh", 4, 0) != 4)
            return "send";
        p.ours = tm_pair_accept(rig, TM_RIG_ACROSS);
        if (p.ours < 0 || !tm_rig_receive(p.ours, got, 8))
            return "receive";
        tm_pair_close(&p);
        if (strcmp(got, "abcdefgh") != 0)
            return "in another order";
    }
    return NULL;
}

#define N_QUEUED 12
static const char *full_queue(const struct tm_rig *rig)
{
    int fds[N_QUEUED];
    int door = rig->doors[TM_RIG_ACROSS].tcp4;
    int n_right = 0;
    (void)listen(door, 3);
    for (int i = 0; i < N_QUEUED; i++) {
        char text[3] = {'a', (char)('a' + i), 'z'};
        fds[i] = tm_pair_begin(rig, TM_RIG_ACROSS);
        (void)send(fds[i], text, 1, MSG_NOSIGNAL);
        (void)send(fds[i], text + 1, 2, MSG_NOSIGNAL);
    }
    for (int i = 0; i < 4; i++) {
        char got[4] = "";
        int fd = tm_pair_accept(rig, TM_RIG_ACROSS);
        n_right += fd >= 0 && tm_rig_receive(fd, got, 3) && got[0] == 'a' && got[2] == 'z';
        (void)close(fd);
    }
    (void)listen(door, TM_DOOR_BACKLOG);
    for (int i = 0; i < N_QUEUED; i++)
        (void)close(fds[i]);
    for (int fd = tm_pair_accept_now(rig, TM_RIG_ACROSS); fd >= 0;
         fd = tm_pair_accept_now(rig, TM_RIG_ACROSS))
        (void)close(fd);
    return n_right == 4 ? NULL : "wrong bytes";
}

/* Bytes that a sender gets rid of while nobody reads; then all of them are read.  -1: something was wrong. */
static int64_t backlog_of(const struct tm_rig *rig, enum tm_rig_way way)
{
    static uint8_t buf[64 * KIB];
    struct tm_pair p;
    uint64_t sent = 0;
    uint64_t got = 0;
    if (!tm_pair_open(&p, rig, way))
        return -1;
    for (ssize_t n = 0; n >= 0 && sent<256 * MIB; sent += n> 0 ? (uint64_t)n : 0) {
        fill(buf, sizeof buf, sent, 7);
        n = send(p.app, buf, sizeof buf, MSG_NOSIGNAL);
    }
    (void)shutdown(p.app, SHUT_WR);
    while (got < sent) {
        size_t len = sent - got < sizeof buf ? sent - got : sizeof buf;
        if (!tm_rig_receive(p.ours, buf, len) || !is_right(buf, len, got, 7))
            return -1;
        got += len;
    }
    bool at_end = recv(p.ours, buf, 1, 0) == 0;
    tm_pair_close(&p);
    return at_end ? (int64_t)sent : -1;
}

static long tcp_pages(void)
{
    char line[256];
    long pages = -1;
    FILE *f = fopen("/proc/net/sockstat", "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "TCP:", 4) == 0 && strstr(line, " mem ") != NULL)
            pages = atol(strstr(line, " mem ") + 5);
    if (f != NULL)
        (void)fclose(f);
    return pages;
}

/* What waits with TCP differs by one or two MiB; without a bound it would be all that was sent. */
#define WAITS_MORE_MAX ((int64_t)4 * MIB)

static const char *slow_reader(const struct tm_rig *rig)
{
    long before = tcp_pages();
    int64_t plain = backlog_of(rig, TM_RIG_PLAIN);
    int64_t across = backlog_of(rig, TM_RIG_ACROSS);
    printf("  waiting for a slow reader: plain %lld, redirect %lld bytes\n", (long long)plain,
           (long long)across);
    if (plain < 0 || across < 0)
        return "wrong bytes";
    if (across > plain + WAITS_MORE_MAX)
        return "more waits than with TCP";
    /* The counter is that of the machine: others use it too. */
    return before >= 0 && tcp_pages() > before + 8192 ? "the memory does not come back" : NULL;
}

/* Seconds for the same with receive buffers that hold a segment or two; -1: something was wrong. */
static double with_small_buffers(const struct tm_rig *rig, enum tm_rig_way way)
{
    static const int small = 4096;
    struct tm_pair p;
    int64_t begin_ns = tm_rig_now_ns();
    if (!tm_pair_open(&p, rig, way))
        return -1;
    (void)setsockopt(p.app, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    (void)setsockopt(p.ours, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const char *bad = both_ways(&p, 100000);
    tm_pair_close(&p);
    return bad == NULL ? (double)(tm_rig_now_ns() - begin_ns) / 1e9 : -1;
}

static const char *small_buffer(const struct tm_rig *rig)
{
    double plain = with_small_buffers(rig, TM_RIG_PLAIN);
    double across = with_small_buffers(rig, TM_RIG_ACROSS);
    printf("  with small buffers: plain %.2f s, redirect %.2f s\n", plain, across);
    if (plain < 0 || across < 0)
        return "wrong bytes";
    /* With either, half a second is one retransmission more or less. */
    return across > 2 * plain + 1 ? "it stalls" : NULL;
}

/* A program whose socket blocks is left to TCP, whose receive does not end for no reason. */
static const char *blocking(const struct tm_rig *rig)
{
    struct tm_redirect_counts before;
    struct tm_redirect_counts after;
    char byte;
    tm_redirect_count(rig->redirect, &before);
    int app = tm_rig_connect(rig, TM_RIG_ACROSS, false, false);
    int ours = tm_pair_accept(rig, TM_RIG_ACROSS);
    pid_t child = fork();
    if (child == 0) {
        (void)shutdown(app, SHUT_WR);
        _exit(recv(app, &byte, 1, 0) == 1 && byte == 'x' ? 0 : 1);
    }
    bool at_end = poll(&(struct pollfd){.fd = ours, .events = POLLIN}, 1, 5000) == 1 &&
                  recv(ours, &byte, 1, 0) == 0;
    (void)poll(NULL, 0, 50); /* it waits by then, or it will not have to */
    int status = 1;
    (void)send(ours, "x", 1, 0);
    (void)waitpid(child, &status, 0);
    (void)close(app);
    (void)close(ours);
    tm_redirect_count(rig->redirect, &after);
    if (after.n_pairs != before.n_pairs)
        return "it was taken in";
    return at_end && status == 0 ? NULL : "its receive ended for no reason";
}

/* A child with one end is killed while bytes wait: the other end gets all of them, then the end. */
static const char *killed(const struct tm_rig *rig)
{
    static uint8_t buf[50000];
    for (int turn = 0; turn < 4; turn++) {
        struct tm_pair p;
        if (!tm_pair_open(&p, rig, TM_RIG_ACROSS))
            return "connect";
        int *killed_end = turn % 2 == 0 ? &p.app : &p.ours;
        int kept = turn % 2 == 0 ? p.ours : p.app;
        int ready[2];
        if (pipe2(ready, O_CLOEXEC) != 0)
            return "pipe";
        pid_t child = fork();
        if (child == 0) {
            fill(buf, sizeof buf, 0, 3);
            (void)close(kept);
            if (tm_rig_send(*killed_end, buf, sizeof buf) && write(ready[1], "x", 1) == 1)
                (void)pause();
            _exit(1);
        }
        (void)close(*killed_end);
        *killed_end = -1;
        bool good = read(ready[0], buf, 1) == 1 && kill(child, SIGKILL) == 0 &&
                    waitpid(child, NULL, 0) == child && tm_rig_receive(kept, buf, sizeof buf) &&
                    is_right(buf, sizeof buf, 0, 3);
        good = good && poll(&(struct pollfd){.fd = kept, .events = POLLIN}, 1, 5000) == 1 &&
               recv(kept, buf, 1, 0) == 0;
        (void)close(ready[0]);
        (void)close(ready[1]);
        tm_pair_close(&p);
        if (!good)
            return turn % 2 == 0 ? "of the program" : "of ours";
    }
    return NULL;
}

static const char *took_in(const struct tm_rig *rig)
{
    struct tm_redirect_counts n;
    tm_redirect_count(rig->redirect, &n);
    printf("  taken in %llu, crossed %llu bytes, by TCP %llu messages\n",
           (unsigned long long)n.n_pairs, (unsigned long long)n.crossed_bytes,
           (unsigned long long)n.n_passed);
    return n.n_pairs == 0 || n.crossed_bytes == 0 ? "nothing was redirected" : NULL;
}

/* The programs' owner ends in the middle of a stream, which goes on. */
static const char *owner_killed(const struct tm_rig *rig)
{
    struct tm_pair p;
    if (!tm_pair_open(&p, rig, TM_RIG_ACROSS))
        return "connect";
    const char *bad = tm_pair_say(&p, "before");
    if (bad == NULL && !tm_pair_orphan())
        bad = "kill";
    if (bad == NULL)
        bad = both_ways(&p, 32U * MIB);
    tm_pair_close(&p);
    return bad;
}

static const struct test {
    const char *name;
    const char *(*run)(const struct tm_rig *rig);
} tests[] = {
    {"integrity", integrity},      {"short", short_ones},        {"deferred", deferred},
    {"full-queue", full_queue},    {"slow-reader", slow_reader}, {"small-buffer", small_buffer},
    {"blocking", blocking},        {"killed", killed},           {"same", tm_changes_same},
    {"changes", tm_changes_table}, {"took-in", took_in},         {"owner-killed", owner_killed}};

/* In a child, which the cgroup and the hooks outlive; the last test ends the owner. */
static int run(const struct tm_rig *rig, const char *only)
{
    int n_bad = 0;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        bool is_asked = strcmp(only, tests[i].name) == 0;
        if (!is_asked && (strcmp(only, "all") != 0 || tests[i].run == owner_killed))
            continue;
        int64_t begin_ns = tm_rig_now_ns();
        const char *bad = tests[i].run(rig);
        printf("%s: %s (%.1f s)\n", tests[i].name, bad == NULL ? "passed" : bad,
               (double)(tm_rig_now_ns() - begin_ns) / 1e9);
        (void)fflush(stdout);
        n_bad += bad != NULL;
    }
    return n_bad > 0;
}

int main(int argc, char **argv)
{
    struct tm_rig rig;
    struct tm_msg msg = {""};
    int status = 1;
    if (argc != 2) {
        fprintf(stderr, "usage: %s all|TEST\n", argv[0]);
        return 2;
    }
    if (tm_rig_open(&rig, &msg) != TM_OK) {
        printf("cannot be tested here: %s\n", msg.text);
        return 77;
    }
    printf("cgroup %s\n", rig.group.path);
    (void)fflush(stdout);
    pid_t child = tm_rig_fork(&rig, -1);
    if (child == 0)
        _exit(run(&rig, argv[1]));
    (void)waitpid(child, &status, 0);
    tm_rig_close(&rig);
    return status == 0 ? 0 : 1;
}
