/* bench/maybenot_bench.c - Maybenot machines: how long parsing, starting and an event take.
 *
 *   tm-bench-maybenot FILE...
 *
 * Each file holds the machines of one framework, one string a line.  For each are printed, as `name value unit` lines: parsing of one
 * machine; starting all; one event in a call of its own, and in a call of eight, with xoshiro256** (as the crate's own measurements) and
 * with ChaCha20 (as in use).  The best of 15 rounds of 40,000 calls; CPU time of this one thread.  Events are a fixed
 * pseudo-random mix: packets of both kinds, each way, and timers, as often as each other. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/maybenot/framework.h"

enum { MACHINES_MAX = 16, FILE_MAX = 1 << 20, ROUNDS = 15, CALLS = 40000, BATCH = 8 };

static const struct tm_mb_framework_cfg no_limits;

struct set {
    const char *path;
    char *text;
    struct tm_mb_machine *machines[MACHINES_MAX];
    size_t n, n_bytes;
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static _Noreturn void fail(const char *path, const char *what)
{
    (void)fprintf(stderr, "tm-bench-maybenot: %s: %s\n", path, what);
    exit(1);
}

static void parse_all(struct set *s)
{
    struct tm_msg msg = {"too many machines"};
    s->n = 0;
    for (const char *line = s->text; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n')
        if (s->n == MACHINES_MAX ||
            tm_mb_machine_parse(&s->machines[s->n], line, strcspn(line, "\n"), &msg) != TM_OK)
            fail(s->path, msg.text);
        else
            s->n++;
}

static void free_all(struct set *s)
{
    for (size_t i = 0; i < s->n; i++)
        tm_mb_machine_free(s->machines[i]);
}

static void load(struct set *s, const char *path)
{
    FILE *f = fopen(path, "r");
    *s = (struct set){.path = path, .text = calloc(1, FILE_MAX)};
    if (!f || !s->text || (s->n_bytes = fread(s->text, 1, FILE_MAX - 1, f)) == 0)
        fail(path, "cannot be read");
    (void)fclose(f);
}

static void print(const struct set *s, const char *what, double value, const char *unit)
{
    const char *name = strrchr(s->path, '/');
    (void)printf("%s_%s %.1f %s\n", name ? name + 1 : s->path, what, value, unit);
}

static void bench_parse(struct set *s)
{
    int64_t best_ns = INT64_MAX;
    for (int i = 0; i < 20 * ROUNDS; i++) {
        const int64_t from_ns = cpu_ns();
        parse_all(s);
        const int64_t took_ns = cpu_ns() - from_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
        free_all(s);
    }
    parse_all(s);
    print(s, "parse", (double)best_ns / 1000 / (double)s->n, "us");
}

static struct tm_mb_framework *start(const struct set *s, struct tm_mb_rng *rng)
{
    struct tm_mb_framework *f = NULL;
    if (tm_mb_framework_new(&f, (const struct tm_mb_machine *const *)s->machines, s->n, &no_limits,
                            rng, 0) != TM_OK)
        fail(s->path, "does not start");
    return f;
}

static void fill(struct tm_mb_event *events, size_t n, size_t n_machines)
{
    static const enum tm_mb_event_kind kinds[] = {
        TM_MB_NORMAL_SENT,  TM_MB_TUNNEL_SENT,  TM_MB_TUNNEL_RECV, TM_MB_NORMAL_RECV,
        TM_MB_PADDING_SENT, TM_MB_PADDING_RECV, TM_MB_TIMER_BEGIN, TM_MB_TIMER_END};
    struct tm_mb_rng rng;
    tm_mb_rng_init_xoshiro(&rng, 1);
    for (size_t i = 0; i < n; i++) {
        events[i].kind = kinds[tm_mb_rng_u64(&rng) % (sizeof kinds / sizeof kinds[0])];
        events[i].machine = (uint32_t)(tm_mb_rng_u64(&rng) % n_machines);
    }
}

/* ns per event in calls of `batch` events; *n_actions are counted so that nothing is left out. */
static double bench_step(const struct set *s, bool is_chacha, size_t batch, uint64_t *n_actions)
{
    static struct tm_mb_event events[CALLS + BATCH];
    static const uint8_t seed[TM_SEED_LEN];
    struct tm_mb_action actions[MACHINES_MAX];
    struct tm_mb_rng rng;
    int64_t best_ns = INT64_MAX;
    fill(events, CALLS + BATCH, s->n);
    for (int round = 0; round < ROUNDS; round++) {
        if (is_chacha)
            tm_mb_rng_init(&rng, seed);
        else
            tm_mb_rng_init_xoshiro(&rng, 1);
        struct tm_mb_framework *f = start(s, &rng);
        const int64_t from_ns = cpu_ns();
        for (size_t i = 0; i < CALLS; i++)
            *n_actions += tm_mb_framework_step(f, &events[i], batch, (int64_t)i * 100000, actions);
        const int64_t took_ns = cpu_ns() - from_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
        tm_mb_framework_free(f);
    }
    return (double)best_ns / CALLS / (double)batch;
}

static void bench_start(const struct set *s)
{
    int64_t best_ns = INT64_MAX;
    struct tm_mb_rng rng;
    tm_mb_rng_init_xoshiro(&rng, 1);
    for (int i = 0; i < 100 * ROUNDS; i++) {
        const int64_t from_ns = cpu_ns();
        struct tm_mb_framework *f = start(s, &rng);
        const int64_t took_ns = cpu_ns() - from_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
        tm_mb_framework_free(f);
    }
    print(s, "start", (double)best_ns / 1000, "us");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: tm-bench-maybenot FILE...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        struct set s;
        uint64_t n_actions = 0;
        load(&s, argv[i]);
        bench_parse(&s);
        bench_start(&s);
        print(&s, "event", bench_step(&s, false, 1, &n_actions), "ns");
        print(&s, "event_of_8", bench_step(&s, false, BATCH, &n_actions), "ns");
        print(&s, "event_chacha", bench_step(&s, true, 1, &n_actions), "ns");
        print(&s, "actions", (double)n_actions, "");
        free_all(&s);
        free(s.text);
    }
    return 0;
}
