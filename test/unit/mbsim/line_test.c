#include "tm/mbsim/line.h"

#include "test/support/check.h"

#define MS INT64_C(1000000)

static struct tm_mbsim_line fresh(void)
{
    return (struct tm_mbsim_line){.free_ns = INT64_MIN / 2, .arrival_ns = INT64_MIN / 2};
}

static void a_fifo_keeps_the_order_while_it_grows(void)
{
    struct tm_mbsim_fifo f = {.n = 0};
    uint32_t next = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        const struct tm_mbsim_item item = {.index = i};
        CHECK_INT(tm_mbsim_fifo_push(&f, &item), TM_OK);
        if (i % 3 == 0) {
            CHECK_INT(tm_mbsim_fifo_first(&f)->index, next);
            CHECK_INT(tm_mbsim_fifo_pop(&f).index, next++);
        }
    }
    while (f.n > 0)
        CHECK_INT(tm_mbsim_fifo_pop(&f).index, next++);
    CHECK_INT(next, 1000);
    tm_mbsim_fifo_deinit(&f);
}

static void a_rate_takes_time_and_packets_wait_for_each_other(void)
{
    const struct tm_mbsim_line_cfg cfg = {.delay_ns = 10 * MS, .rate_bps = 8000000};
    struct tm_mbsim_line l = fresh();
    struct tm_mb_rng rng;
    int64_t t_ns = 0;
    tm_mb_rng_init_xoshiro(&rng, 1);
    CHECK_INT(tm_mbsim_line_send(&l, &cfg, &rng, 0, 1000, &t_ns), TM_MBSIM_ARRIVES);
    CHECK_INT(t_ns, 11 * MS);
    CHECK_INT(tm_mbsim_line_send(&l, &cfg, &rng, 0, 500, &t_ns), TM_MBSIM_ARRIVES);
    CHECK_INT(t_ns, 11 * MS + MS / 2);
    CHECK_INT(tm_mbsim_line_send(&l, &cfg, &rng, 20 * MS, 1000, &t_ns), TM_MBSIM_ARRIVES);
    CHECK_INT(t_ns, 31 * MS); /* the bottleneck was free again */
}

static void a_full_queue_drops_and_takes_no_room(void)
{
    const struct tm_mbsim_line_cfg cfg = {.rate_bps = 8000000, .queue_bytes = 2000};
    struct tm_mbsim_line l = fresh();
    struct tm_mb_rng rng;
    int64_t t_ns = 0;
    tm_mb_rng_init_xoshiro(&rng, 1);
    CHECK_INT(tm_mbsim_line_send(&l, &cfg, &rng, 0, 1000, &t_ns), TM_MBSIM_ARRIVES);
    CHECK_INT(tm_mbsim_line_send(&l, &cfg, &rng, 0, 1000, &t_ns), TM_MBSIM_ARRIVES);
    CHECK_INT(tm_mbsim_line_send(&l, &cfg, &rng, 0, 1, &t_ns), TM_MBSIM_DROPPED);
    CHECK_INT(tm_mbsim_line_send(&l, &cfg, &rng, MS, 1000, &t_ns), TM_MBSIM_ARRIVES);
    CHECK_INT(t_ns, 3 * MS);
}

/* Without a limit, an hour's worth: no sum of times overflows however much is sent. */
static void a_queue_without_limit_ends_at_an_hour(void)
{
    const struct tm_mbsim_line_cfg cfg = {.rate_bps = TM_MBSIM_RATE_MIN};
    struct tm_mbsim_line l = fresh();
    struct tm_mb_rng rng;
    int64_t t_ns = 0;
    size_t n = 0;
    tm_mb_rng_init_xoshiro(&rng, 1);
    while (n < 1000 &&
           tm_mbsim_line_send(&l, &cfg, &rng, 0, TM_MBSIM_SIZE_MAX, &t_ns) == TM_MBSIM_ARRIVES)
        n++;
    CHECK_INT(n, 7); /* 524 s each */
}

static void losses_are_as_frequent_as_asked_for(void)
{
    const struct tm_mbsim_line_cfg cfg = {.p_loss = 0.25};
    struct tm_mbsim_line l = fresh();
    struct tm_mb_rng rng;
    int64_t t_ns, n = 0;
    tm_mb_rng_init_xoshiro(&rng, 1);
    for (int i = 0; i < 10000; i++)
        n += tm_mbsim_line_send(&l, &cfg, &rng, i, 100, &t_ns) == TM_MBSIM_LOST;
    CHECK(n > 2284 && n < 2716); /* five standard deviations */
}

/* The draws are the same with other chances: one packet's fate says nothing of the others'. */
static void jitter_is_drawn_evenly_whatever_is_lost(void)
{
    const struct tm_mbsim_line_cfg calm = {.jitter_ns = 1000};
    const struct tm_mbsim_line_cfg lossy = {.jitter_ns = 1000, .p_loss = 0.5};
    struct tm_mb_rng a, b;
    int64_t sum_ns = 0;
    tm_mb_rng_init_xoshiro(&a, 1);
    tm_mb_rng_init_xoshiro(&b, 1);
    for (int i = 0; i < 1000; i++) {
        struct tm_mbsim_line l = fresh(), k = fresh();
        int64_t t_ns, u_ns;
        (void)tm_mbsim_line_send(&l, &calm, &a, 0, 100, &t_ns);
        (void)tm_mbsim_line_send(&k, &lossy, &b, 0, 100, &u_ns);
        CHECK_INT(t_ns, u_ns);
        sum_ns += t_ns;
    }
    CHECK(sum_ns > 450000 &&
          sum_ns < 550000); /* 500 on average, 9 standard deviations of 289 / sqrt(1000) */
}

static const struct check_case cases[] = {
    {"a_fifo_keeps_the_order_while_it_grows", a_fifo_keeps_the_order_while_it_grows},
    {"a_rate_takes_time_and_packets_wait_for_each_other",
     a_rate_takes_time_and_packets_wait_for_each_other},
    {"a_full_queue_drops_and_takes_no_room", a_full_queue_drops_and_takes_no_room},
    {"a_queue_without_limit_ends_at_an_hour", a_queue_without_limit_ends_at_an_hour},
    {"losses_are_as_frequent_as_asked_for", losses_are_as_frequent_as_asked_for},
    {"jitter_is_drawn_evenly_whatever_is_lost", jitter_is_drawn_evenly_whatever_is_lost},
};

CHECK_MAIN("mbsim/line", cases)
