/* bench/joint/recombine_bench.c - how long a deck takes to be recombined.
 *
 *   tm-bench-recombine [--connections N] [--writes N] [--runs N] [--seed N]
 *
 * The deck is made up: a greeting of one of four servers, a handshake, then requests and answers, some of sizes that many
 * connections have, --writes a connection on average (half to one and a half times that).  Each run has a key of its own.
 * Prints `name value unit` lines: CPU time of this thread, and what became of the deck in the last run. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "models/recombine.h"

#define RUNS_MAX 1000U

struct options {
    uint32_t connections, writes, runs, seed;
};

static const struct argp_option OPTIONS[] = {
    {"connections", 'n', "N", 0, "of the deck (2000)", 0},
    {"writes", 'w', "N", 0, "of a connection, on average (100)", 0},
    {"runs", 'r', "N", 0, "recombinations (5)", 0},
    {"seed", 's', "N", 0, "of the deck and the keys (1)", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    uint32_t *value = key == 'n'   ? &o->connections
                      : key == 'w' ? &o->writes
                      : key == 'r' ? &o->runs
                      : key == 's' ? &o->seed
                                   : NULL;
    unsigned long max = key == 'n' ? TM_DECK_CONNS_MAX : key == 'r' ? RUNS_MAX : 10000;
    if (!value)
        return ARGP_ERR_UNKNOWN;
    char *end;
    errno = 0;
    unsigned long v = strtoul(arg, &end, 10);
    if (errno != 0 || end == arg || *end != '\0' || v < 1 || v > max)
        argp_error(st, "%s: a number from 1 to %lu is wanted", arg, max);
    *value = (uint32_t)v;
    return 0;
}

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "tm-bench-recombine: %s\n", what);
    exit(1);
}

static uint32_t below(struct tm_rng *r, uint32_t n)
{
    return (uint32_t)tm_rng_below(r, n);
}

/* About as often in every octave up to 2^max. */
static uint32_t spread(struct tm_rng *r, uint32_t max)
{
    return (UINT32_C(1) << below(r, max)) + below(r, UINT32_C(1) << below(r, max));
}

static struct tm_write write_of(struct tm_rng *r, uint32_t k, uint32_t server)
{
    struct tm_write w = {
        .gap_us = spread(r, 22), .dir = k % 2 == 0 ? TM_DOWN : TM_UP, .ref_back = k > 0};
    if (k == 0)
        w.size = 40 + 7 * server;
    else if (k < 6)
        w.size = 200 * k + below(r, 3);
    else
        w.size = below(r, 2) == 0 ? 36 + 16 * below(r, 20) : 36 + spread(r, 14);
    if (k > 6 && below(r, 4) == 0)
        w.dir = (uint8_t)!w.dir;
    return w;
}

static void make(struct tm_deck *d, const struct options *o)
{
    uint8_t seed[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(seed, o->seed);
    tm_rng_init(&rng, seed);
    for (uint32_t i = 0; i < o->connections; i++) {
        uint32_t n = o->writes - o->writes / 2 + below(&rng, o->writes | 1U),
                 server = below(&rng, 4);
        int rc = tm_deck_add_conn(d, i % 4 == 0 ? TM_DECK_FIRST : TM_DECK_LATER, spread(&rng, 22));
        for (uint32_t k = 0; rc == TM_OK && k < n; k++)
            rc = tm_deck_add_write(d, write_of(&rng, k, server));
        if (rc != TM_OK)
            fail("a deck cannot hold so much");
    }
    tm_rng_deinit(&rng);
}

static double cpu_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static const struct argp ARGP = {OPTIONS, parse, NULL, "Time recombinations of a deck.",
                                     NULL,    NULL,  NULL};
    struct options o = {.connections = 2000, .writes = 100, .runs = 5, .seed = 1};
    struct tm_deck deck = {0}, made;
    struct tm_recombine_report r = {0};
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    double ms[RUNS_MAX];
    (void)argp_parse(&ARGP, argc, argv, 0, NULL, &o);
    make(&deck, &o);
    for (uint32_t i = 0; i < o.runs; i++) {
        uint8_t key[TM_SEED_LEN];
        tm_seed_from_u64(key, (uint64_t)o.seed << 32 | i);
        double from = cpu_ms();
        if (tm_recombine(&made, &deck, &cfg, key, &r) != TM_OK)
            fail("the deck cannot be recombined");
        ms[i] = cpu_ms() - from;
        tm_deck_deinit(&made);
    }
    qsort(ms, o.runs, sizeof *ms, by_value);
    (void)printf("connections %zu\nwrites %zu\nruns %u\nmin %.1f ms\nmedian %.1f ms\nmax %.1f ms\n"
                 "rounds %u\nparents_median %u\nparents_p5 %u\nshare_median %u percent\nshare_p95 "
                 "%u percent\ndropped %u connections\n",
                 deck.n_conns, deck.n_writes, o.runs, ms[0], ms[(o.runs - 1) / 2], ms[o.runs - 1],
                 r.rounds, r.parents_median, r.parents_p5, r.share_median, r.share_p95,
                 r.n_dropped);
    tm_deck_deinit(&deck);
    return 0;
}
