/* bench/features_bench.c - connections of a capture to features.
 *
 *   tm-bench-features [--conns N] [--packets N] [--json]
 *
 * Writes a capture of N connections with so many data packets each (an acknowledgement for every second one), interleaved, into
 * $TMPDIR, and reads it three times: with a bare libpcap loop, up to labelled connections, and up to all columns but TAM as CSV into
 * /dev/null.  Seconds are CPU time of this one thread; the ratio is against the bare loop. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/features/csv.h"
#include "audit/features/material.h"
#include "bench/bare.h"
#include "tm/base/rng.h"

#define LINK_RAW 101U
#define SNAP     96U

struct options {
    int64_t conns, packets;
    int json;
};

struct talk {
    uint32_t seq[2];
    uint32_t sent;
};

struct bench {
    struct options o;
    char path[256];
    FILE *f;
    struct tm_rng rng;
    struct talk *talks;
    int64_t t_us;
    uint64_t n_packets;
};

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "tm-bench-features: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){.conns = 10000, .packets = 60};
    for (int i = 1; i < argc; i++) {
        int64_t *value = strcmp(argv[i], "--conns") == 0     ? &o->conns
                         : strcmp(argv[i], "--packets") == 0 ? &o->packets
                                                             : NULL;
        if (strcmp(argv[i], "--json") == 0) {
            o->json = 1;
        } else if (value && i + 1 < argc && (*value = strtoll(argv[i + 1], NULL, 10)) > 0 &&
                   *value <= 1000000) {
            i++;
        } else {
            (void)fprintf(stderr, "usage: tm-bench-features [--conns N] [--packets N] [--json]\n");
            exit(2);
        }
    }
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

static void packet(struct bench *b, uint32_t conn, unsigned dir, unsigned flags, uint32_t len)
{
    uint8_t ip[SNAP] = {0x45};
    struct talk *t = &b->talks[conn];
    uint32_t cap = len + 40 < SNAP ? len + 40 : SNAP;
    b->t_us += (int64_t)tm_rng_below(&b->rng, 400);
    uint32_t head[4] = {(uint32_t)(b->t_us / 1000000), (uint32_t)(b->t_us % 1000000), cap,
                        len + 40};
    put16(ip + 2, len + 40);
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + (dir == 0 ? 12 : 16), 0x0a000001);
    put32(ip + (dir == 0 ? 16 : 12), 0x0a010000 + conn / 20);
    put16(ip + (dir == 0 ? 20 : 22), 20000 + conn % 40000);
    put16(ip + (dir == 0 ? 22 : 20), 443);
    put32(ip + 24, t->seq[dir]);
    put32(ip + 28, t->seq[!dir]);
    ip[32] = 0x50;
    ip[33] = (uint8_t)flags;
    t->seq[dir] += len + ((flags & (TM_TCP_SYN | TM_TCP_FIN)) != 0);
    b->n_packets++;
    if (fwrite(head, sizeof head, 1, b->f) != 1 || fwrite(ip, cap, 1, b->f) != 1)
        fail(b->path);
}

/* The next step of a connection. */
static void step(struct bench *b, uint32_t conn)
{
    struct talk *t = &b->talks[conn];
    uint32_t n = (uint32_t)b->o.packets;
    if (t->sent == 0) {
        packet(b, conn, 0, TM_TCP_SYN, 0);
        packet(b, conn, 1, TM_TCP_SYN | TM_TCP_ACK, 0);
        packet(b, conn, 0, TM_TCP_ACK, 0);
    }
    if (t->sent < n) {
        unsigned dir = t->sent % 5 != 0;
        packet(b, conn, dir, TM_TCP_ACK | TM_TCP_PSH, 1 + (uint32_t)tm_rng_below(&b->rng, 1448));
        if (t->sent % 2 == 1)
            packet(b, conn, !dir, TM_TCP_ACK, 0);
    }
    if (++t->sent == n) {
        packet(b, conn, 0, TM_TCP_FIN | TM_TCP_ACK, 0);
        packet(b, conn, 1, TM_TCP_FIN | TM_TCP_ACK, 0);
        packet(b, conn, 0, TM_TCP_ACK, 0);
    }
}

/* Connections in flocks of 40, interleaved at random. */
static void write_capture(struct bench *b)
{
    const uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, LINK_RAW};
    const char *tmp = getenv("TMPDIR");
    uint8_t seed[TM_SEED_LEN];
    (void)snprintf(b->path, sizeof b->path, "%s/tm-bench-features-XXXXXX", tmp ? tmp : "/tmp");
    int fd = mkstemp(b->path);
    b->f = fd >= 0 ? fdopen(fd, "wb") : NULL;
    b->talks = calloc((size_t)b->o.conns, sizeof *b->talks);
    if (!b->f || !b->talks || fwrite(head, sizeof head, 1, b->f) != 1)
        fail(b->path);
    tm_seed_from_u64(seed, 1);
    tm_rng_init(&b->rng, seed);
    b->t_us = INT64_C(1763710000000000);
    for (uint32_t first = 0; first < b->o.conns; first += 40) {
        uint32_t n = b->o.conns - first < 40 ? (uint32_t)(b->o.conns - first) : 40;
        uint32_t left = n;
        while (left > 0) {
            uint32_t conn = first + (uint32_t)tm_rng_below(&b->rng, n);
            if (b->talks[conn].sent >= b->o.packets)
                continue;
            step(b, conn);
            left -= b->talks[conn].sent == b->o.packets;
        }
    }
    if (fclose(b->f) != 0)
        fail(b->path);
}

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double bare_loop(const struct bench *b)
{
    double start = cpu_s();
    if (tm_bench_bare(b->path) != b->n_packets)
        fail("bare loop");
    return cpu_s() - start;
}

static double connections(const struct bench *b)
{
    struct tm_trace_set set = {0};
    struct tm_material_counts n = {0};
    const struct tm_material_cfg cfg = {.ports = {443}, .n_ports = 1};
    double start = cpu_s();
    if (tm_material_read(&set, b->path, &cfg, &n, NULL) != TM_OK ||
        n.n_kept != (uint64_t)b->o.conns)
        fail("connections");
    tm_trace_set_deinit(&set);
    return cpu_s() - start;
}

static double features(const struct bench *b)
{
    struct tm_table t = {0};
    struct tm_material_counts n = {0};
    const struct tm_features_cfg features_cfg = {.floor_us = 1000};
    const struct tm_material_cfg cfg = {.ports = {443}, .n_ports = 1};
    double start = cpu_s();
    FILE *out = fopen("/dev/null", "wb");
    if (!out || tm_features_columns(&t, &features_cfg) != TM_OK ||
        tm_material_rows(&t, &features_cfg, b->path, &cfg, &n, NULL) != TM_OK ||
        t.n_rows != (uint64_t)b->o.conns || tm_csv_write(&t, out) != TM_OK)
        fail("features");
    (void)fclose(out);
    tm_table_deinit(&t);
    return cpu_s() - start;
}

int main(int argc, char **argv)
{
    static struct bench b;
    parse(&b.o, argc, argv);
    write_capture(&b);
    double bare = bare_loop(&b);
    double conns = connections(&b);
    double all = features(&b);
    if (b.o.json)
        (void)printf("{\"schema_version\":1,\"bench\":\"features\",\"conns\":%" PRId64
                     ",\"packets\":%" PRIu64
                     ",\"bare_s\":%.3f,\"connections_s\":%.3f,\"csv_s\":%.3f,\"ratio\":%.1f}\n",
                     b.o.conns, b.n_packets, bare, conns, all, all / bare);
    else
        (void)printf("features.conns %" PRId64 " connections\nfeatures.packets %" PRIu64
                     " packets\nfeatures.bare %.3f s\nfeatures.connections %.3f s\n"
                     "features.csv %.3f s\nfeatures.ratio %.1f times\n",
                     b.o.conns, b.n_packets, bare, conns, all, all / bare);
    (void)remove(b.path);
    free(b.talks);
    return 0;
}
