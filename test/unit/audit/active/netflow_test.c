/* The client of a shaped flow among others. */
#include "audit/active/netflow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define HEAD    "from_us,until_us,exit,client\n"
#define SECOND  INT64_C(1000000)
#define N       40
#define CLIENTS 3

static int parse(struct tm_netflow_trials *t, const char *text, struct tm_msg *msg)
{
    *t = (struct tm_netflow_trials){0};
    return tm_netflow_trials_parse(t, text, strlen(text), "trials.csv", msg);
}

static void bad_trials_are_named(void)
{
    static const struct {
        const char *text, *says;
    } BAD[] = {
        {"", "names no trial"},
        {HEAD, "names no trial"},
        {"from_us\n1\n", "trials.csv:1"},
        {HEAD "1,2,10.0.0.1:5\n", "trials.csv:2"},
        {HEAD "2,2,10.0.0.1:5,10.0.0.2\n", "not after"},
        {HEAD "1,2,10.0.0.1,10.0.0.2\n", "exit"},
        {HEAD "1,2,10.0.0.1:5,10.0.0\n", "client"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct tm_netflow_trials t;
        struct tm_msg msg = {""};
        CHECK_INT(parse(&t, BAD[i].text, &msg), TM_ERR_FORMAT);
        CHECK(strstr(msg.text, BAD[i].says) != NULL);
        tm_netflow_trials_deinit(&t);
    }
}

static void damaged_trials_are_read_or_refused(void)
{
    static const char TEXT[] = HEAD "1,9000000,10.0.0.1:5,10.0.0.2\n2,3,[2001:db8::1]:5,::1\n";
    char text[sizeof TEXT];
    for (size_t bit = 0; bit < 8 * (sizeof TEXT - 1); bit++) {
        struct tm_netflow_trials t = {0};
        struct tm_msg msg;
        memcpy(text, TEXT, sizeof TEXT);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        int rc = tm_netflow_trials_parse(&t, text, bit / 8 + 1, "x", &msg);
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        tm_netflow_trials_deinit(&t);
    }
}

static struct tm_flow record(const char *src, const char *dst, int64_t from_s, int64_t length_s,
                             uint64_t bytes)
{
    struct tm_flow f = {
        .from_us = from_s * SECOND, .until_us = (from_s + length_s) * SECOND, .bytes = bytes};
    CHECK(tm_endpoint_parse(&f.src, src) && tm_endpoint_parse(&f.dst, dst));
    return f;
}

/* A server that sends much for four seconds and little for four; of three clients the second one gets it, in records that begin a second
 * later and are two seconds long. */
struct story {
    struct tm_flow entry[CLIENTS * N], exit[N];
    struct tm_netflow_trials trials;
    struct tm_flows entry_set, exit_set;
    struct tm_netflow_cfg cfg;
};

static void make(struct story *s)
{
    static const char *const CLIENT[CLIENTS] = {"10.0.0.11:1", "10.0.0.12:1", "10.0.0.13:1"};
    struct tm_msg msg;
    struct tm_endpoint node;
    uint32_t noise = 7;
    size_t n = 0;
    for (int i = 0; i < N; i++) {
        s->exit[i] = record("10.9.0.1:80", "10.8.0.1:999", i, 1, i % 8 < 4 ? 4000 : 100);
        for (int c = 0; c < CLIENTS && i % 2 == 1; c++) {
            noise = noise * 1664525 + 1013904223;
            uint64_t bytes = c == 1 ? s->exit[i].bytes * 2 : noise >> 20;
            s->entry[n++] = record("10.7.0.1:443", CLIENT[c], i, 2, bytes);
        }
    }
    s->entry_set = (struct tm_flows){.v = s->entry, .n = n};
    s->exit_set = (struct tm_flows){.v = s->exit, .n = N};
    CHECK_INT(parse(&s->trials, HEAD "0,40000000,10.8.0.1:999,10.0.0.12\n", &msg), TM_OK);
    CHECK(tm_endpoint_parse(&node, "10.7.0.1:1"));
    s->cfg = (struct tm_netflow_cfg){.step_us = SECOND, .lags = 3};
    memcpy(s->cfg.node, node.addr, TM_ADDR_LEN);
}

static int attack(struct story *s, struct tm_trial_scores score[TM_NETFLOW_ATTACKS],
                  struct tm_netflow_counts *counts, struct tm_msg *msg)
{
    const struct tm_netflow_scene scene = {&s->entry_set, &s->exit_set, &s->trials, "entry.csv"};
    for (int k = 0; k < TM_NETFLOW_ATTACKS; k++)
        score[k] = (struct tm_trial_scores){0};
    return tm_netflow_add(score, &s->cfg, &scene, counts, msg);
}

static void forget(struct tm_trial_scores score[TM_NETFLOW_ATTACKS])
{
    for (int k = 0; k < TM_NETFLOW_ATTACKS; k++)
        tm_trial_scores_deinit(&score[k]);
}

static void the_client_of_the_pattern_scores_highest(void)
{
    struct story s;
    struct tm_trial_scores score[TM_NETFLOW_ATTACKS];
    struct tm_netflow_counts counts;
    struct tm_msg msg = {""};
    make(&s);
    CHECK_INT(attack(&s, score, &counts, &msg), TM_OK);
    CHECK_INT(counts.n_clients, CLIENTS);
    CHECK_INT(counts.n_thin + counts.n_no_flow + counts.n_no_client, 0);
    for (int k = 0; k < TM_NETFLOW_ATTACKS; k++) {
        CHECK_INT(score[k].n, CLIENTS);
        CHECK(score[k].score[0] > 0.4);
        CHECK(score[k].score[1] < score[k].score[0] && score[k].score[2] < score[k].score[0]);
    }
    forget(score);
    tm_netflow_trials_deinit(&s.trials);
}

static void a_client_without_records_counts_as_not_found(void)
{
    struct story s;
    struct tm_trial_scores score[TM_NETFLOW_ATTACKS];
    struct tm_netflow_counts counts;
    struct tm_msg msg = {""};
    make(&s);
    tm_netflow_trials_deinit(&s.trials);
    CHECK_INT(parse(&s.trials,
                    HEAD "0,40000000,10.8.0.1:999,10.0.0.12\n0,40000000,10.8.0.1:999,10.0.0.99\n"
                         "0,40000000,10.8.0.1:998,10.0.0.12\n",
                    &msg),
              TM_OK);
    CHECK_INT(attack(&s, score, &counts, &msg), TM_OK);
    CHECK_INT(counts.n_no_client, 1);
    CHECK_INT(counts.n_no_flow, 1); /* left out */
    CHECK_INT(score[0].n_trials, 2);
    CHECK_INT(score[0].n, CLIENTS + CLIENTS + 1);
    CHECK(score[0].score[CLIENTS] < -1);
    forget(score);
    tm_netflow_trials_deinit(&s.trials);
}

static void captures_of_another_side_are_refused(void)
{
    struct story s;
    struct tm_trial_scores score[TM_NETFLOW_ATTACKS];
    struct tm_netflow_counts counts;
    struct tm_msg msg = {""};
    make(&s);
    s.cfg.node[15] = 77;
    CHECK_INT(attack(&s, score, &counts, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "entry.csv: records from the node go to 0 addresses") != NULL);
    forget(score);
    s.cfg.node[15] = 1;
    s.trials.v[0].client[15] = 99;
    CHECK_INT(attack(&s, score, &counts, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "no record from the node goes to a client of the trials") != NULL);
    forget(score);
    s.trials.v[0].client[15] = 12;
    s.trials.v[0].exit.port = 1;
    CHECK_INT(attack(&s, score, &counts, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "none of its trials has a record of the server's flow") != NULL);
    forget(score);
    tm_netflow_trials_deinit(&s.trials);
}

static const struct check_case CASES[] = {
    {"bad_trials_are_named", bad_trials_are_named},
    {"damaged_trials_are_read_or_refused", damaged_trials_are_read_or_refused},
    {"the_client_of_the_pattern_scores_highest", the_client_of_the_pattern_scores_highest},
    {"a_client_without_records_counts_as_not_found", a_client_without_records_counts_as_not_found},
    {"captures_of_another_side_are_refused", captures_of_another_side_are_refused},
};
CHECK_MAIN("netflow", CASES)
