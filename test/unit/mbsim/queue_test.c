/* The order in which things come: by time, then by what they are, then as the heap of Rust's library happens to move them. */
#include "tm/mbsim/queue.h"

#include "test/support/check.h"
#include "tm/base/time.h"

static struct tm_mbsim_event event(int64_t t_ns, enum tm_mb_event_kind kind, uint16_t machine)
{
    return (struct tm_mbsim_event){.t_ns = t_ns, .kind = (uint8_t)kind, .machine = machine};
}

/* Pushed 0..6 with equal keys, Rust's BinaryHeap pops 0, 2, 5, 6, 4, 1, 3: the right one of equal children rises. */
static void equal_events_come_as_from_rust_s_heap(void)
{
    struct tm_mbsim_heap h = {.n = 0};
    static const uint16_t want[] = {0, 2, 5, 6, 4, 1, 3};
    for (uint16_t i = 0; i < 7; i++) {
        const struct tm_mbsim_event e = event(5, TM_MB_TIMER_END, i);
        CHECK_INT(tm_mbsim_heap_push(&h, &e), TM_OK);
    }
    for (size_t i = 0; i < 7; i++)
        CHECK_INT(tm_mbsim_heap_pop(&h).machine, want[i]);
    CHECK_INT(h.n, 0);
    tm_mbsim_heap_deinit(&h);
}

static void events_come_by_time_then_by_kind(void)
{
    struct tm_mbsim_queue q = {.at_base = 0};
    int64_t last_ns = 0;
    int last_rank = -1;
    for (uint32_t i = 0; i < 500; i++) {
        static const enum tm_mb_event_kind kinds[] = {TM_MB_TIMER_END, TM_MB_PADDING_SENT,
                                                      TM_MB_TUNNEL_RECV, TM_MB_BLOCKING_BEGIN};
        CHECK_INT(tm_mbsim_queue_push(&q, event((i * 7919) % 83, kinds[i % 4], 0)), TM_OK);
    }
    for (uint32_t i = 0; i < 500; i++) {
        const struct tm_mbsim_head head = tm_mbsim_queue_head(&q);
        const struct tm_mbsim_event e = tm_mbsim_queue_pop(&q, head.from);
        CHECK(e.t_ns > last_ns || (e.t_ns == last_ns && e.rank >= last_rank));
        CHECK(head.t_ns == e.t_ns && head.rank == e.rank);
        last_ns = e.t_ns;
        last_rank = e.rank;
    }
    CHECK(tm_mbsim_queue_is_empty(&q));
    CHECK(tm_mbsim_queue_has_no_packets(&q));
    tm_mbsim_queue_deinit(&q);
}

static void a_packet_of_the_application_comes_with_its_lag(void)
{
    static const int64_t base_ns[] = {10, 20};
    struct tm_mbsim_queue q = {.base_ns = base_ns, .n_base = 2, .lag_ns = 5};
    CHECK_INT(tm_mbsim_queue_push(&q, event(15, TM_MB_TIMER_END, 0)), TM_OK);
    CHECK_INT(tm_mbsim_queue_head(&q).from, TM_MBSIM_BASE); /* first of equal times */
    CHECK_INT(tm_mbsim_queue_pop(&q, TM_MBSIM_BASE).t_ns, 15);
    CHECK_INT(tm_mbsim_queue_head(&q).from, TM_MBSIM_INNER);
    tm_mbsim_queue_deinit(&q);
}

static void a_bypassable_block_holds_what_may_not_pass(void)
{
    struct tm_mbsim_queue q = {.at_base = 0};
    struct tm_mbsim_event passing = event(1, TM_MB_TUNNEL_SENT, 0);
    passing.bypass = true;
    CHECK_INT(tm_mbsim_queue_push(&q, passing), TM_OK);
    CHECK_INT(tm_mbsim_queue_push(&q, event(2, TM_MB_TUNNEL_SENT, 0)), TM_OK);
    CHECK_INT(tm_mbsim_queue_held(&q, true).t_ns, 2);
    CHECK_INT(tm_mbsim_queue_held(&q, false).t_ns, 1);
    CHECK_INT(tm_mbsim_queue_free(&q, true).t_ns, 1);
    CHECK_INT(tm_mbsim_queue_free(&q, false).t_ns, TM_NEVER);
    tm_mbsim_queue_deinit(&q);
}

/* A NormalRecv may wait (quirk); a packet that arrives, and any padding, may not. */
static void packets_under_way_are_known(void)
{
    struct tm_mbsim_queue q = {.at_base = 0};
    CHECK_INT(tm_mbsim_queue_push(&q, event(1, TM_MB_NORMAL_RECV, 0)), TM_OK);
    CHECK(tm_mbsim_queue_has_no_packets(&q));
    CHECK(!tm_mbsim_queue_is_empty(&q));
    CHECK_INT(tm_mbsim_queue_push(&q, event(2, TM_MB_TUNNEL_RECV, 0)), TM_OK);
    CHECK(!tm_mbsim_queue_has_no_packets(&q));
    (void)tm_mbsim_queue_pop(&q, TM_MBSIM_INNER);
    (void)tm_mbsim_queue_pop(&q, TM_MBSIM_INNER);
    struct tm_mbsim_event padding = event(3, TM_MB_PADDING_RECV, 0);
    padding.is_padding = true;
    CHECK_INT(tm_mbsim_queue_push(&q, padding), TM_OK);
    CHECK(!tm_mbsim_queue_has_no_packets(&q));
    tm_mbsim_queue_deinit(&q);
}

static const struct check_case cases[] = {
    {"equal_events_come_as_from_rust_s_heap", equal_events_come_as_from_rust_s_heap},
    {"events_come_by_time_then_by_kind", events_come_by_time_then_by_kind},
    {"a_packet_of_the_application_comes_with_its_lag",
     a_packet_of_the_application_comes_with_its_lag},
    {"a_bypassable_block_holds_what_may_not_pass", a_bypassable_block_holds_what_may_not_pass},
    {"packets_under_way_are_known", packets_under_way_are_known},
};

CHECK_MAIN("mbsim/queue", cases)
