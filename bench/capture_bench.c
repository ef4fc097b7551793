/* bench/capture_bench.c - how fast tm-learn reads a capture, and how much memory that takes.
 *
 *   tm-bench-capture [--conns N] [--packets N] [--open N] [--times N] [--learn PROGRAM] [--json]
 *   tm-bench-capture --write FILE [--conns N] [--packets N] [--open N] [--seconds N] [--snaplen N]
 *   tm-bench-capture --bare FILE
 *
 * Writes a plain pcap file of Ethernet frames with all their bytes into $TMPDIR: N connections with so
 * many data packets each (mean frame above 600 bytes), --open of them at a time.  Reads it with a bare
 * libpcap loop, with the learner's reader alone, and with `tm-learn learn`, each three times in turn; the
 * fastest counts, as seconds of the wall clock.  Then the same with --times as many connections, for the
 * peak memory of both runs.  2 GB as tm-learn is to be judged by: --conns 100000 --packets 16.  --write and --bare are parts of this,
 * for scripts/learner-limits: only the capture, and only the bare loop over a capture.  The capture lasts 20 us a packet, or
 * --seconds; of each frame it holds all bytes, or --snaplen. */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bare.h"
#include "learner/pcap_source.h"
#include "tm/base/rng.h"

#define FRAME_MAX 1514U
#define HEADERS   54U
#define SEGMENT   1448U
#define OPEN_MAX  100000
#define ROUNDS    3
#define START_US  INT64_C(1763710000000000)
#define PAUSE_US  40
#define CLIENTS   5000U /* so many addresses, over and over */

struct options {
    int64_t conns, packets, open, times, seconds, snaplen;
    const char *learn;
    const char *write, *bare; /* files; NULL: not asked for */
    bool is_json;
};

struct talk {
    uint32_t id;
    uint32_t seq[2];
    uint32_t sent;
};

struct bench {
    struct options o;
    char path[256];
    char db[300];
    char program[512];
    FILE *f;
    struct tm_rng rng;
    uint64_t pause_us; /* before a packet, below this */
    int64_t t_us;
    uint64_t n_packets;
    uint64_t bytes;
};

/* One file's results; seconds and KiB. */
struct result {
    uint64_t n_packets;
    uint64_t bytes;
    double bare_s, reader_s, learn_s;
    long learn_kb;
};

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "tm-bench-capture: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t *number_of(struct options *o, const char *arg)
{
    const struct {
        const char *name;
        int64_t *value;
    } number[] = {
        {"--conns", &o->conns}, {"--packets", &o->packets}, {"--open", &o->open},
        {"--times", &o->times}, {"--seconds", &o->seconds}, {"--snaplen", &o->snaplen},
    };
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        if (strcmp(arg, number[i].name) == 0)
            return number[i].value;
    }
    return NULL;
}

static const char **text_of(struct options *o, const char *arg)
{
    return strcmp(arg, "--learn") == 0   ? &o->learn
           : strcmp(arg, "--write") == 0 ? &o->write
           : strcmp(arg, "--bare") == 0  ? &o->bare
                                         : NULL;
}

static void parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){
        .conns = 1000, .packets = 30, .open = 500, .times = 10, .snaplen = FRAME_MAX};
    for (int i = 1; i < argc; i++) {
        int64_t *value = number_of(o, argv[i]);
        if (strcmp(argv[i], "--json") == 0) {
            o->is_json = true;
        } else if (text_of(o, argv[i]) && i + 1 < argc) {
            *text_of(o, argv[i]) = argv[i + 1];
            i++;
        } else if (value && i + 1 < argc && (*value = strtoll(argv[i + 1], NULL, 10)) > 0 &&
                   *value <= 10000000) {
            i++;
        } else {
            (void)fprintf(stderr, "usage: tm-bench-capture [--conns N] [--packets N] [--open N] "
                                  "[--times N] [--seconds N] [--snaplen N] [--learn PROGRAM] "
                                  "[--json] [--write FILE | --bare FILE]\n");
            exit(2);
        }
    }
    if (o->open > OPEN_MAX)
        o->open = OPEN_MAX;
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static void packet(struct bench *b, struct talk *t, unsigned dir, unsigned flags, uint32_t len)
{
    static uint8_t frame[FRAME_MAX] = "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0\x45";
    uint8_t *ip = frame + 14;
    uint8_t *tcp = ip + 20;
    b->t_us += (int64_t)tm_rng_below(&b->rng, b->pause_us);
    uint32_t cap_len = HEADERS + len < b->o.snaplen ? HEADERS + len : (uint32_t)b->o.snaplen;
    uint32_t head[4] = {(uint32_t)(b->t_us / 1000000), (uint32_t)(b->t_us % 1000000), cap_len,
                        HEADERS + len};
    put16(ip + 2, len + 40);
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + (dir == 0 ? 12 : 16), 0x0a000000 + t->id / 20 % CLIENTS);
    put32(ip + (dir == 0 ? 16 : 12), 0x0a800000 + t->id % 50);
    put16(tcp + (dir == 0 ? 0 : 2), 20000 + t->id % 40000);
    put16(tcp + (dir == 0 ? 2 : 0), 443);
    put32(tcp + 4, t->seq[dir]);
    put32(tcp + 8, t->seq[!dir]);
    tcp[12] = 0x50;
    tcp[13] = (uint8_t)flags;
    t->seq[dir] += len + ((flags & (TM_TCP_SYN | TM_TCP_FIN)) != 0);
    b->n_packets++;
    b->bytes += HEADERS + len;
    if (fwrite(head, sizeof head, 1, b->f) != 1 || fwrite(frame, cap_len, 1, b->f) != 1)
        fail(b->path);
}

/* The next packets of a connection; false: it is over. */
static bool step(struct bench *b, struct talk *t)
{
    if (t->sent == 0) {
        packet(b, t, 0, TM_TCP_SYN, 0);
        packet(b, t, 1, TM_TCP_SYN | TM_TCP_ACK, 0);
        packet(b, t, 0, TM_TCP_ACK, 0);
    }
    unsigned dir = t->sent % 8 != 0;
    uint32_t len = dir == 0 ? 1 + (uint32_t)tm_rng_below(&b->rng, SEGMENT) : SEGMENT;
    packet(b, t, dir, TM_TCP_ACK | TM_TCP_PSH, len);
    if (t->sent % 2 == 1)
        packet(b, t, !dir, TM_TCP_ACK, 0);
    if (++t->sent < b->o.packets)
        return true;
    packet(b, t, 0, TM_TCP_FIN | TM_TCP_ACK, 0);
    packet(b, t, 1, TM_TCP_FIN | TM_TCP_ACK, 0);
    packet(b, t, 0, TM_TCP_ACK, 0);
    return false;
}

/* Of a connection: the opening, the data, an answer to every other of them, the end. */
static int64_t packets_of(const struct options *o)
{
    return 3 + o->packets + o->packets / 2 + 3;
}

static void write_capture(struct bench *b, int64_t n_conns)
{
    static struct talk talk[OPEN_MAX];
    const uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1};
    uint8_t seed[TM_SEED_LEN];
    uint32_t started = 0;
    uint32_t n_open = 0;
    b->f = fopen(b->path, "wb");
    if (!b->f || fwrite(head, sizeof head, 1, b->f) != 1)
        fail(b->path);
    tm_seed_from_u64(seed, 1);
    tm_rng_init(&b->rng, seed);
    b->t_us = START_US;
    b->pause_us = PAUSE_US;
    if (b->o.seconds > 0)
        b->pause_us = (uint64_t)(b->o.seconds * 2000000 / (n_conns * packets_of(&b->o))) + 1;
    b->n_packets = b->bytes = 0;
    while (started < n_conns || n_open > 0) {
        if (n_open < b->o.open && started < n_conns)
            talk[n_open++] = (struct talk){.id = started++};
        uint32_t i = (uint32_t)tm_rng_below(&b->rng, n_open);
        if (!step(b, &talk[i]))
            talk[i] = talk[--n_open];
    }
    if (fclose(b->f) != 0)
        fail(b->path);
}

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void keep_least(double *least, double v)
{
    if (*least == 0 || v < *least)
        *least = v;
}

static double bare_loop(const struct bench *b)
{
    double start = now_s();
    if (tm_bench_bare(b->path) != b->n_packets)
        fail("bare loop");
    return now_s() - start;
}

static double reader(const struct bench *b)
{
    struct tm_pcap_source *src = NULL;
    struct tm_packet p;
    uint64_t n = 0;
    double start = now_s();
    if (tm_pcap_open(&src, b->path, NULL) != TM_OK)
        fail(b->path);
    while (tm_pcap_next(src, &p, NULL) == 1)
        n++;
    tm_pcap_close(src);
    if (n != b->n_packets)
        fail("reader");
    return now_s() - start;
}

static double learn(const struct bench *b, long *peak_kb)
{
    struct rusage usage;
    int status = 0;
    (void)remove(b->db);
    double start = now_s();
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl(b->program, "tm-learn", "learn", "-q", "-o", b->db, "--name", "bench", "--port",
                    "443", b->path, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0)
        fail(b->program);
    if (usage.ru_maxrss > *peak_kb)
        *peak_kb = usage.ru_maxrss;
    return now_s() - start;
}

static struct result measure(struct bench *b, int64_t n_conns, int rounds)
{
    struct result r = {0};
    write_capture(b, n_conns);
    r.n_packets = b->n_packets;
    r.bytes = b->bytes;
    for (int i = 0; i < rounds; i++) {
        keep_least(&r.bare_s, bare_loop(b));
        keep_least(&r.reader_s, reader(b));
        keep_least(&r.learn_s, learn(b, &r.learn_kb));
    }
    return r;
}

static void print(const struct options *o, const struct result *one, const struct result *more)
{
    double n = (double)one->n_packets;
    if (o->is_json)
        (void)printf(
            "{\"schema_version\":1,\"bench\":\"capture\",\"conns\":%" PRId64 ",\"packets\":%" PRIu64
            ",\"bytes\":%" PRIu64
            ",\"bare_packets_s\":%.0f,\"reader_packets_s\":%.0f,\"learn_packets_s\":%.0f"
            ",\"ratio\":%.2f,\"peak_kb\":%ld,\"times\":%" PRId64 ",\"times_peak_kb\":%ld}\n",
            o->conns, one->n_packets, one->bytes, n / one->bare_s, n / one->reader_s,
            n / one->learn_s, one->bare_s / one->learn_s, one->learn_kb, o->times, more->learn_kb);
    else
        (void)printf("capture.conns %" PRId64 " connections\ncapture.packets %" PRIu64
                     " packets\ncapture.bytes %" PRIu64 " bytes\ncapture.bare %.0f packets/s\n"
                     "capture.reader %.0f packets/s\ncapture.learn %.0f packets/s\n"
                     "capture.ratio %.2f of bare\ncapture.peak %ld KiB\n"
                     "capture.peak_%" PRId64 "x %ld KiB\n",
                     o->conns, one->n_packets, one->bytes, n / one->bare_s, n / one->reader_s,
                     n / one->learn_s, one->bare_s / one->learn_s, one->learn_kb, o->times,
                     more->learn_kb);
}

/* tm-learn of the same build, unless another was named. */
static void find_program(struct bench *b, char *self)
{
    if (b->o.learn)
        (void)snprintf(b->program, sizeof b->program, "%s", b->o.learn);
    else
        (void)snprintf(b->program, sizeof b->program, "%s/../learner/tm-learn", dirname(self));
    if (access(b->program, X_OK) != 0)
        fail(b->program);
}

/* Parts of the measurement. */
static int run_part(struct bench *b)
{
    if (b->o.bare) {
        uint64_t n = tm_bench_bare(b->o.bare);
        (void)printf("capture.packets %" PRIu64 " packets\n", n);
        return n == 0;
    }
    (void)snprintf(b->path, sizeof b->path, "%s", b->o.write);
    write_capture(b, b->o.conns);
    (void)printf("capture.packets %" PRIu64 " packets\ncapture.bytes %" PRIu64 " bytes\n",
                 b->n_packets, b->bytes);
    return 0;
}

int main(int argc, char **argv)
{
    static struct bench b;
    const char *tmp = getenv("TMPDIR");
    parse(&b.o, argc, argv);
    if (b.o.write || b.o.bare)
        return run_part(&b);
    find_program(&b, argv[0]);
    (void)snprintf(b.path, sizeof b.path, "%s/tm-bench-capture-XXXXXX", tmp ? tmp : "/tmp");
    int fd = mkstemp(b.path);
    if (fd < 0)
        fail(b.path);
    (void)close(fd);
    (void)snprintf(b.db, sizeof b.db, "%s.db", b.path);
    struct result one = measure(&b, b.o.conns, ROUNDS);
    struct result more = one;
    if (b.o.times > 1) {
        write_capture(&b, b.o.conns * b.o.times);
        more.learn_kb = 0;
        (void)learn(&b, &more.learn_kb);
    }
    print(&b.o, &one, &more);
    (void)remove(b.path);
    (void)remove(b.db);
    return 0;
}
