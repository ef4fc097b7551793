/* c, and whose pattern it is highest for. */
#include "audit/active/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

#define SAMPLES "sent_us,latency_us\n"
#define SPANS   "from_us,until_us\n"

static int near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void bad_lines_are_named(void)
{
    static const struct {
        const char *samples, *spans, *says;
    } BAD[] = {
        {"", NULL, "no probes"},
        {SAMPLES "5,10\n5,11\n", NULL, "x:3: sent_us is not after"},
        {SAMPLES "5,ten\n", NULL, "x:2: latency_us"},
        {SAMPLES "5\n", NULL, "x:2"},
        {NULL, SPANS, "no spans"},
        {NULL, SPANS "5,5\n", "x:2: until_us is not after from_us"},
        {NULL, SPANS "5,9\n8,10\n", "x:3: from_us is before the end"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct tm_probe_run r = {0};
        struct tm_msg msg = {""};
        const char *text = BAD[i].samples ? BAD[i].samples : BAD[i].spans;
        int rc = BAD[i].samples ? tm_probe_samples_parse(&r, text, strlen(text), "x", &msg)
                                : tm_probe_spans_parse(&r, text, strlen(text), "x", &msg);
        CHECK_INT(rc, TM_ERR_FORMAT);
        CHECK(strstr(msg.text, BAD[i].says) != NULL);
        tm_probe_run_deinit(&r);
    }
}

static void damaged_files_are_read_or_refused(void)
{
    static const char *const TEXT[2] = {SAMPLES "5,10\n6,-\n7,12\n", SPANS "5,9\n9,10\n"};
    for (int which = 0; which < 2; which++) {
        for (size_t bit = 0; bit < 8 * strlen(TEXT[which]); bit++) {
            struct tm_probe_run r = {0};
            struct tm_msg msg;
            char text[64];
            size_t len = strlen(TEXT[which]);
            memcpy(text, TEXT[which], len);
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
            int rc = which == 0 ? tm_probe_samples_parse(&r, text, len, "x", &msg)
                                : tm_probe_spans_parse(&r, text, len, "x", &msg);
            CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
            tm_probe_run_deinit(&r);
        }
    }
}

/* Ten samples, one every 10 us: the third is not answered; the server sends from 40 to 90. */
static void c_is_the_mean_of_the_normalised_latency_while_the_server_sends(void)
{
    static const char PROBES[] =
        SAMPLES "0,10\n10,10\n20,-\n30,10\n40,30\n50,30\n60,30\n70,30\n80,30\n"
                "90,10\n100,10\n";
    struct tm_probe_run r = {0};
    struct tm_probe_levels l;
    struct tm_msg msg;
    CHECK_INT(tm_probe_samples_parse(&r, PROBES, strlen(PROBES), "x", &msg), TM_OK);
    CHECK_INT(tm_probe_spans_parse(&r, SPANS "40,90\n", strlen(SPANS "40,90\n"), "x", &msg), TM_OK);
    CHECK_INT(tm_probe_levels_init(&l, &r), TM_OK);
    CHECK(isnan(l.v[TM_PROBE_LATENCY][2]));
    CHECK(near(tm_probe_c(&l, TM_PROBE_LATENCY, &r, 0), 1.5));   /* 30 over the mean, 20 */
    CHECK(near(tm_probe_c(&l, TM_PROBE_RANKS, &r, 0), 8 / 5.5)); /* ranks 6 to 10, of 1 to 10 */
    CHECK(near(tm_probe_c(&l, TM_PROBE_LATENCY, &r, 10), (4 * 30 + 10) / 5.0 / 20)); /* 50 to 100 */
    CHECK(isnan(tm_probe_c(&l, TM_PROBE_LATENCY, &r, 30))); /* 70 to 120: four samples */
    tm_probe_levels_deinit(&l);
    tm_probe_run_deinit(&r);
}

/* Runs of 100 samples, with spans that differ from run to run; the latency follows the own span or not. */
static void make_run(struct tm_probe_run *r, int number, int is_loaded)
{
    char text[100 * 32] = SAMPLES;
    char spans[64];
    struct tm_msg msg;
    uint32_t noise = (uint32_t)number * 2654435761U + 1;
    int first = 5 + number * 7 % 60;
    size_t at = strlen(text);
    for (int i = 0; i < 100; i++) {
        noise = noise * 1664525 + 1013904223;
        int latency = 1000 + (int)(noise >> 24) + (is_loaded && i >= first && i < first + 20) * 500;
        at += (size_t)snprintf(text + at, sizeof text - at, "%d,%d\n", number * 1000 + i * 10 + 1,
                               latency);
    }
    (void)snprintf(spans, sizeof spans, SPANS "%d,%d\n", number * 1000 + first * 10,
                   number * 1000 + first * 10 + 200);
    *r = (struct tm_probe_run){0};
    CHECK_INT(tm_probe_samples_parse(r, text, at, "x", &msg), TM_OK);
    CHECK_INT(tm_probe_spans_parse(r, spans, strlen(spans), "x", &msg), TM_OK);
}

static void the_own_pattern_scores_highest_when_the_latency_follows_it(void)
{
    enum { RUNS = 6 };
    for (int is_loaded = 0; is_loaded < 2; is_loaded++) {
        struct tm_probe_run run[RUNS];
        struct tm_trial_scores score[TM_PROBE_ATTACKS] = {{0}, {0}};
        uint8_t used[RUNS];
        int first = 0;
        for (int i = 0; i < RUNS; i++)
            make_run(&run[i], i, is_loaded);
        for (int i = 0; i < 25; i++)
            run[RUNS - 1].sample[i].latency_us = -1; /* a quarter was not answered */
        CHECK_INT(tm_probe_rank(score, run, RUNS, used), TM_OK);
        CHECK_INT(used[0], 1);
        CHECK_INT(used[RUNS - 1], 0);
        CHECK_INT(score[0].n_trials, RUNS - 1);
        for (uint32_t i = 0; i < score[0].n; i += RUNS) { /* the own one, and five others */
            int is_first = 1;
            CHECK_INT(score[0].label[i], 1);
            for (uint32_t k = 1; k < RUNS; k++)
                is_first = is_first && score[0].score[i] > score[0].score[i + k];
            first += is_first;
        }
        CHECK(is_loaded ? first == RUNS - 1 : first < RUNS - 1);
        for (int i = 0; i < RUNS; i++)
            tm_probe_run_deinit(&run[i]);
        for (int a = 0; a < TM_PROBE_ATTACKS; a++)
            tm_trial_scores_deinit(&score[a]);
    }
}

static const struct check_case CASES[] = {
    {"bad_lines_are_named", bad_lines_are_named},
    {"damaged_files_are_read_or_refused", damaged_files_are_read_or_refused},
    {"c_is_the_mean_of_the_normalised_latency_while_the_server_sends",
     c_is_the_mean_of_the_normalised_latency_while_the_server_sends},
    {"the_own_pattern_scores_highest_when_the_latency_follows_it",
     the_own_pattern_scores_highest_when_the_latency_follows_it},
};
CHECK_MAIN("probe", CASES)
