/* bench/mbsim_bench.c - the simulator of Maybenot machines: packets and events a second in mode v2.
 *
 *   tm-bench-mbsim TRACE [CLIENT-MACHINES SERVER-MACHINES]
 *
 * A trace file and files with one machine string a line.  The best of 15 runs with a delay of 10 ms and a fixed seed, all events kept;
 * CPU time of this one thread.  Packets are those that leave an end, padding included. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tm/mbsim/v2.h"

enum { MACHINES_MAX = 16, FILE_MAX = 64 << 20, ROUNDS = 15, STEPS_MAX = 2000000 };

struct set {
    struct tm_mb_machine *owned[MACHINES_MAX];
    const struct tm_mb_machine *list[MACHINES_MAX];
    size_t n;
};

static _Noreturn void fail(const char *path, const char *what)
{
    (void)fprintf(stderr, "tm-bench-mbsim: %s: %s\n", path, what);
    exit(1);
}

static char *load(const char *path, size_t *len)
{
    FILE *f = fopen(path, "r");
    char *text = malloc(FILE_MAX);
    if (!f || !text)
        fail(path, "cannot be read");
    *len = fread(text, 1, FILE_MAX - 1, f);
    text[*len] = '\0';
    (void)fclose(f);
    return text;
}

static void parse(struct set *s, const char *path)
{
    size_t len;
    char *text = load(path, &len);
    struct tm_msg msg = {"too many machines"};
    for (const char *line = text; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        if (s->n == MACHINES_MAX ||
            tm_mb_machine_parse(&s->owned[s->n], line, strcspn(line, "\n"), &msg) != TM_OK)
            fail(path, msg.text);
        s->list[s->n] = s->owned[s->n];
        s->n++;
    }
    free(text);
}

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct set ends[2] = {{.n = 0}};
    struct tm_mbsim_trace trace = {.n = 0};
    struct tm_msg msg = {""};
    size_t len, n_events = 0, n_packets = 0;
    double best_s = 1e9;
    if (argc != 2 && argc != 4) {
        (void)fprintf(stderr, "usage: tm-bench-mbsim TRACE [CLIENT-MACHINES SERVER-MACHINES]\n");
        return 2;
    }
    char *text = load(argv[1], &len);
    if (tm_mbsim_trace_parse(&trace, text, len, &msg) != TM_OK)
        fail(argv[1], msg.text);
    for (int i = 0; i < 2 && argc == 4; i++)
        parse(&ends[i], argv[2 + i]);
    const struct tm_mbsim_v2_cfg cfg = {
        .client = {.machines = ends[0].list, .n_machines = ends[0].n},
        .server = {.machines = ends[1].list, .n_machines = ends[1].n},
        .delay_ns = 10000000,
        .max_steps = STEPS_MAX};
    for (int i = 0; i < ROUNDS; i++) {
        struct tm_mbsim_log log = {.n = 0};
        const double from_s = cpu_s();
        if (tm_mbsim_v2(&log, &trace, &cfg, &msg) != TM_OK)
            fail(argv[1], msg.text);
        const double took_s = cpu_s() - from_s;
        best_s = took_s < best_s ? took_s : best_s;
        n_events = log.n;
        n_packets = 0;
        for (size_t k = 0; k < log.n; k++)
            n_packets += log.events[k].kind == TM_MB_TUNNEL_SENT;
        tm_mbsim_log_deinit(&log);
    }
    (void)printf("packets %zu\nevents %zu\npackets_per_s %.0f 1/s\nevents_per_s %.0f 1/s\n",
                 n_packets, n_events, (double)n_packets / best_s, (double)n_events / best_s);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < ends[i].n; k++)
            tm_mb_machine_free(ends[i].owned[k]);
    tm_mbsim_trace_deinit(&trace);
    free(text);
    return 0;
}
