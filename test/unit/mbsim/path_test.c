/* Mode v2's path: the limit of packets a second, and how being late spreads. */
#include "tm/mbsim/path.h"

#include <stdlib.h>

#include "test/support/check.h"
#include "tm/base/time.h"

#define MS INT64_C(1000000)

static struct tm_mbsim_event packet(int64_t t_ns, bool bypass)
{
    return (struct tm_mbsim_event){.t_ns = t_ns, .kind = TM_MB_TUNNEL_SENT, .bypass = bypass};
}

static void a_window_forgets_what_is_older(void)
{
    struct tm_mbsim_window w = {.cap = 0};
    size_t n = 0;
    for (int64_t i = 0; i < 1000;
         i++) /* more than the first ring holds, so that it grows and turns */
        CHECK_INT(tm_mbsim_window_add(&w, i * MS, 200 * MS, &n), TM_OK);
    CHECK_INT(n, 201); /* just 200 ms ago counts */
    CHECK_INT(tm_mbsim_window_add(&w, 10000 * MS, 200 * MS, &n), TM_OK);
    CHECK_INT(n, 1);
    CHECK_INT(tm_mbsim_window_add(&w, 5 * MS, 200 * MS, &n), TM_OK); /* back in time */
    CHECK_INT(n, 2);
    free(w.t_ns);
}

static void packets_above_the_limit_are_late_by_as_many_shares(void)
{
    struct tm_mbsim_path p;
    int64_t excess_ns = -1;
    tm_mbsim_path_init(&p, 10 * MS, 10);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(tm_mbsim_path_send(&p, i, true, &excess_ns), TM_OK);
        CHECK_INT(excess_ns, 0);
    }
    CHECK_INT(tm_mbsim_path_send(&p, 11, true, &excess_ns), TM_OK);
    CHECK_INT(excess_ns, 100 * MS);
    CHECK_INT(tm_mbsim_path_send(&p, 12, true, &excess_ns), TM_OK);
    CHECK_INT(excess_ns, 200 * MS);
    CHECK_INT(tm_mbsim_path_send(&p, 13, false, &excess_ns), TM_OK); /* the other way has its own */
    CHECK_INT(excess_ns, 0);
    tm_mbsim_path_deinit(&p);
}

/* A delay of 10 ms, 15 ms late at the client: 4 * 10 - 15 there, 3 * 10 - 15 at the server; at the server 10 - 15 < 0, 4 * 10 - 15. */
static void a_lag_reaches_both_ends_after_some_delays(void)
{
    struct tm_mbsim_path p;
    tm_mbsim_path_init(&p, 10 * MS, 100);
    CHECK_INT(tm_mbsim_path_next_ns(&p), TM_NEVER);
    CHECK_INT(tm_mbsim_path_spread(&p, 15 * MS, 100 * MS, true), TM_OK);
    CHECK_INT(tm_mbsim_path_spread(&p, 15 * MS, 120 * MS, false), TM_OK);
    static const struct tm_mbsim_lag want[] = {{115 * MS, 15 * MS, false},
                                               {120 * MS, 15 * MS, true},
                                               {125 * MS, 15 * MS, true},
                                               {145 * MS, 15 * MS, false}};
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(tm_mbsim_path_next_ns(&p), want[i].t_ns);
        const struct tm_mbsim_lag got = tm_mbsim_path_take(&p);
        CHECK_INT(got.t_ns, want[i].t_ns);
        CHECK_INT(got.lag_ns, want[i].lag_ns);
        CHECK_INT(got.is_client, want[i].is_client);
    }
    CHECK_INT(tm_mbsim_path_next_ns(&p), TM_NEVER);
    tm_mbsim_path_deinit(&p);
}

/* Many lags, taken now and then: by time, none lost. */
static void lags_are_taken_in_order_however_many(void)
{
    struct tm_mbsim_path p;
    int64_t last_ns = 0, n_taken = 0;
    tm_mbsim_path_init(&p, 10 * MS, 100);
    for (int64_t i = 0; i < 1000; i++) {
        CHECK_INT(tm_mbsim_path_spread(&p, (i * 7 % 50) * MS, 1000 * MS + i, i % 2), TM_OK);
        if (i % 3 == 0) {
            (void)tm_mbsim_path_take(&p);
            n_taken++;
        }
    }
    for (; tm_mbsim_path_next_ns(&p) != TM_NEVER; n_taken++) {
        const int64_t t_ns = tm_mbsim_path_take(&p).t_ns;
        CHECK(t_ns >= last_ns);
        last_ns = t_ns;
    }
    CHECK_INT(n_taken, 2000);
    tm_mbsim_path_deinit(&p);
}

/* A block from 0 to 50 ms held three packets, of which two make a burst: late by the end of the burst, unless another packet of the
 * application belongs to it. */
static void a_block_s_lag_counts_from_the_burst_s_end(void)
{
    static const int64_t base_ns[] = {90 * MS};
    struct tm_mbsim_queue q = {.base_ns = base_ns, .n_base = 1};
    CHECK_INT(tm_mbsim_queue_push(&q, packet(10 * MS, false)), TM_OK);
    CHECK_INT(tm_mbsim_lag_of_block(&q, 50 * MS, 10 * MS), 40 * MS);
    CHECK_INT(tm_mbsim_queue_push(&q, packet(10 * MS + 800000, false)), TM_OK);
    CHECK_INT(tm_mbsim_lag_of_block(&q, 50 * MS, 10 * MS),
              40 * MS); /* quirk: two are not looked at */
    CHECK_INT(tm_mbsim_queue_push(&q, packet(30 * MS, true)), TM_OK);
    CHECK_INT(tm_mbsim_lag_of_block(&q, 50 * MS, 10 * MS), 39 * MS + 200000);
    q.lag_ns = -79 * MS; /* the next one comes at 11 ms */
    CHECK_INT(tm_mbsim_lag_of_block(&q, 50 * MS, 10 * MS), 0);
    tm_mbsim_queue_deinit(&q);
}

static void a_release_makes_late_only_what_nothing_follows(void)
{
    struct tm_mbsim_queue q = {.at_base = 0};
    CHECK_INT(tm_mbsim_lag_of_release(&q, 50 * MS, 10 * MS), 40 * MS);
    CHECK(tm_mbsim_is_tail(&q, 10 * MS, 0));
    CHECK_INT(tm_mbsim_queue_push(&q, packet(110 * MS, false)), TM_OK);
    CHECK_INT(tm_mbsim_lag_of_release(&q, 50 * MS, 10 * MS), 0);
    CHECK(!tm_mbsim_is_tail(&q, 10 * MS, 0));
    CHECK_INT(tm_mbsim_lag_of_release(&q, 50 * MS, 9 * MS), 41 * MS);
    tm_mbsim_queue_deinit(&q);
}

static const struct check_case cases[] = {
    {"a_window_forgets_what_is_older", a_window_forgets_what_is_older},
    {"packets_above_the_limit_are_late_by_as_many_shares",
     packets_above_the_limit_are_late_by_as_many_shares},
    {"a_lag_reaches_both_ends_after_some_delays", a_lag_reaches_both_ends_after_some_delays},
    {"lags_are_taken_in_order_however_many", lags_are_taken_in_order_however_many},
    {"a_block_s_lag_counts_from_the_burst_s_end", a_block_s_lag_counts_from_the_burst_s_end},
    {"a_release_makes_late_only_what_nothing_follows",
     a_release_makes_late_only_what_nothing_follows},
};

CHECK_MAIN("mbsim/path", cases)
