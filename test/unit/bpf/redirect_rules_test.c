/* test/unit/bpf/redirect_rules_test.c - what may go past TCP, and when a direction is left to it. */
#include "bpf/redirect_rules.h"

#include "test/support/check.h"

/* Nothing under way, nothing waits, room for 1000 bytes. */
static const struct tmb_ends idle = {.written = 5000,
                                     .acked = 5000,
                                     .received = 5000,
                                     .read = 5000,
                                     .held_bytes = 0,
                                     .room_bytes = 2000};

static void idle_pair_lets_all_across(void)
{
    CHECK(tmb_may_cross(&idle, 1));
    CHECK(tmb_may_cross(&idle, 1000));
}

static void message_goes_whole_or_not_at_all(void)
{
    struct tmb_ends e = idle;
    CHECK(!tmb_may_cross(&e, 1001));
    e.held_bytes = 400;
    CHECK(tmb_may_cross(&e, 600));
    CHECK(!tmb_may_cross(&e, 601));
    CHECK(!tmb_may_cross(&e, 4000000000U));
}

static void full_half_lets_nothing_across(void)
{
    struct tmb_ends e = idle;
    e.held_bytes = 999;
    CHECK(tmb_may_cross(&e, 1));
    CHECK(!tmb_may_cross(&e, 2));
    e.held_bytes = 1000;
    CHECK(!tmb_may_cross(&e, 1));
    e.held_bytes = 4000000000U;
    CHECK(!tmb_may_cross(&e, 1));
    e.held_bytes = 0;
    e.room_bytes = 1;
    CHECK(!tmb_may_cross(&e, 1));
}

static void bytes_of_tcp_under_way_go_first(void)
{
    struct tmb_ends e = idle;
    e.acked = 4999;
    CHECK(!tmb_may_cross(&e, 10));
}

static void bytes_of_tcp_unread_go_first(void)
{
    struct tmb_ends e = idle;
    e.read = 4999;
    CHECK(!tmb_may_cross(&e, 10));
}

static void sequence_numbers_may_have_wrapped(void)
{
    struct tmb_ends e = idle;
    e.written = e.acked = e.received = e.read = 0;
    CHECK(tmb_may_cross(&e, 10));
    e.read = 0xffffffffU;
    CHECK(!tmb_may_cross(&e, 10));
}

static void refusals_of_4_mib_make_it_bulk(void)
{
    __u32 refused = 0;
    for (unsigned i = 0; i < 63; i++)
        CHECK_INT(tmb_is_bulk(&refused, 65536), 0);
    CHECK_INT(tmb_is_bulk(&refused, 65535), 0);
    CHECK_INT(tmb_is_bulk(&refused, 1), 1);
    CHECK_INT(refused, 0);
    CHECK_INT(tmb_is_bulk(&refused, 4000000000U), 1);
    CHECK_INT(tmb_is_bulk(&refused, 1), 0);
}

static const struct check_case cases[] = {
    {"idle_pair_lets_all_across", idle_pair_lets_all_across},
    {"message_goes_whole_or_not_at_all", message_goes_whole_or_not_at_all},
    {"full_half_lets_nothing_across", full_half_lets_nothing_across},
    {"bytes_of_tcp_under_way_go_first", bytes_of_tcp_under_way_go_first},
    {"bytes_of_tcp_unread_go_first", bytes_of_tcp_unread_go_first},
    {"sequence_numbers_may_have_wrapped", sequence_numbers_may_have_wrapped},
    {"refusals_of_4_mib_make_it_bulk", refusals_of_4_mib_make_it_bulk},
};
CHECK_MAIN("redirect_rules", cases)
