#include "learner/rtt.h"

#include "test/support/check.h"

static struct tm_rtt_host host(uint32_t us, uint64_t bytes)
{
    return (struct tm_rtt_host){{us, TM_RTT_HOST}, bytes};
}

static void a_side_has_the_byte_weighted_median_of_its_known_hosts(void)
{
    struct tm_rtt_host h[] = {
        host(90, 201), host(10, 100), {{0, TM_RTT_UNKNOWN}, 100000}, host(20, 100)};
    struct tm_rtt side = tm_rtt_side(h, 4);
    CHECK_INT(side.us, 90);
    CHECK_INT(side.origin, TM_RTT_SIDE);
    struct tm_rtt_host half[] = {host(10, 100), host(20, 100)};
    CHECK_INT(tm_rtt_side(half, 2).us, 10);
}

static void a_side_without_known_hosts_is_unknown(void)
{
    struct tm_rtt_host h[] = {{{0, TM_RTT_UNKNOWN}, 5}};
    CHECK_INT(tm_rtt_side(h, 1).origin, TM_RTT_UNKNOWN);
    CHECK_INT(tm_rtt_side(h, 0).origin, TM_RTT_UNKNOWN);
}

static void removal_never_goes_below_zero(void)
{
    struct tm_rtt host = {40, TM_RTT_HOST};
    CHECK_INT(tm_rtt_remove(host, 100), 60);
    CHECK_INT(tm_rtt_remove(host, 40), 0);
    CHECK_INT(tm_rtt_remove(host, 39), 0);
}

static void sides_median_is_taken_off_only_what_holds_it(void)
{
    struct tm_rtt side = {40, TM_RTT_SIDE};
    CHECK_INT(tm_rtt_remove(side, 100), 60);
    CHECK_INT(tm_rtt_remove(side, 40), 0);
    CHECK_INT(tm_rtt_remove(side, 39), 39);
    CHECK_INT(tm_rtt_remove((struct tm_rtt){40, TM_RTT_UNKNOWN}, 100), 100);
}

static const struct check_case cases[] = {
    {"a_side_has_the_byte_weighted_median_of_its_known_hosts",
     a_side_has_the_byte_weighted_median_of_its_known_hosts},
    {"a_side_without_known_hosts_is_unknown", a_side_without_known_hosts_is_unknown},
    {"removal_never_goes_below_zero", removal_never_goes_below_zero},
    {"sides_median_is_taken_off_only_what_holds_it", sides_median_is_taken_off_only_what_holds_it},
};
CHECK_MAIN("rtt", cases)
