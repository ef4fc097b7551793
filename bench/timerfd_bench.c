/* tm-bench-timer - how late a bare timerfd fires on this machine, now.
 *
 * The yardstick for the lateness of carriers: run it beside a measurement, on the same machine at the same
 * time. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare_timer.h"
#include "tm/base/hist.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

static void usage(FILE *to)
{
    (void)fprintf(to, "usage: tm-bench-timer [--gap-us N] [--seconds N] [--json]\n"
                      "Fires a timerfd every N us (3000) for N seconds (10), or until INT or TERM, "
                      "and prints how late it was.\n");
}

static void print(const struct tm_hist *h, int json)
{
    uint64_t p50 = tm_hist_quantile(h, 500);
    uint64_t p99 = tm_hist_quantile(h, 990);
    if (json)
        (void)printf("{\"schema_version\":1,\"n\":%" PRIu64 ",\"p50_us\":%" PRIu64
                     ",\"p99_us\":%" PRIu64 ",\"max_us\":%" PRIu64 "}\n",
                     h->n, p50, p99, h->max);
    else
        (void)printf("timerfd_n %" PRIu64 " shots\ntimerfd_p50 %" PRIu64 " us\ntimerfd_p99 %" PRIu64
                     " us\ntimerfd_max %" PRIu64 " us\n",
                     h->n, p50, p99, h->max);
}

/* A number of 1..max, or exits with the usage. */
static long number(const char *text, long max)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (errno || *end || v < 1 || v > max) {
        (void)fprintf(stderr, "tm-bench-timer: %s is not a number of 1..%ld\n", text, max);
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"gap-us", required_argument, NULL, 'g'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static struct tm_hist hist;
    int64_t gap_us = 3000;
    int64_t seconds = 10;
    int json = 0;
    int c;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'g')
            gap_us = number(optarg, 10000000);
        else if (c == 's')
            seconds = number(optarg, 86400);
        else if (c == 'j')
            json = 1;
        else {
            usage(c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    if (tm_bare_timer_run(&hist, gap_us, seconds, &stop) != TM_OK) {
        perror("tm-bench-timer: timerfd_create");
        return 1;
    }
    print(&hist, json);
    return 0;
}
