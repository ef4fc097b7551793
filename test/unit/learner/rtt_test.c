#include "learner/rtt.h"

#include "learner/exchange.h"
#include "test/support/check.h"

static struct tm_rtt_sample sample(uint8_t host, uint32_t rtt_us, uint32_t index, uint64_t bytes)
{
    return (struct tm_rtt_sample){.host = {host}, .rtt_us = rtt_us, .index = index, .bytes = bytes};
}

static void host_gets_the_median_of_its_connections(void)
{
    struct tm_rtt_sample s[] = {sample(1, 30, 0, 1), sample(2, 500, 1, 1), sample(1, 10, 2, 1),
                                sample(1, 20, 3, 1), sample(2, 700, 4, 1)};
    struct tm_rtt out[5];
    tm_rtt_of_hosts(s, 5, 0, out);
    static const uint32_t want[] = {20, 500, 20, 20, 500}; /* the lower of two */
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(out[i].us, want[i]);
        CHECK_INT(out[i].origin, TM_RTT_HOST);
    }
}

static void unmeasured_connection_of_a_measured_host_gets_its_median(void)
{
    struct tm_rtt_sample s[] = {sample(1, TM_PAIR_NONE, 0, 1), sample(1, 10, 1, 1)};
    struct tm_rtt out[2];
    tm_rtt_of_hosts(s, 2, 0, out);
    CHECK_INT(out[0].us, 10);
    CHECK_INT(out[0].origin, TM_RTT_HOST);
}

static void unmeasured_host_gets_the_byte_weighted_median_of_its_side(void)
{
    struct tm_rtt_sample s[] = {sample(1, 10, 0, 100), sample(2, 20, 1, 100), sample(3, 90, 2, 201),
                                sample(4, TM_PAIR_NONE, 3, 100000)};
    struct tm_rtt out[4];
    tm_rtt_of_hosts(s, 4, 0, out);
    CHECK_INT(out[3].us, 90);
    CHECK_INT(out[3].origin, TM_RTT_SIDE);
    struct tm_rtt_sample t[] = {sample(1, 10, 0, 100), sample(2, 20, 1, 102), sample(3, 90, 2, 201),
                                sample(4, TM_PAIR_NONE, 3, 5)};
    tm_rtt_of_hosts(t, 4, 0, out);
    CHECK_INT(out[3].us, 20);
}

static void nothing_is_known_without_any_sample(void)
{
    struct tm_rtt_sample s[] = {sample(1, TM_PAIR_NONE, 0, 1), sample(2, TM_PAIR_NONE, 1, 1)};
    struct tm_rtt out[2] = {{1, TM_RTT_HOST}, {1, TM_RTT_HOST}};
    tm_rtt_of_hosts(s, 2, 0, out);
    CHECK_INT(out[0].origin, TM_RTT_UNKNOWN);
    CHECK_INT(out[1].origin, TM_RTT_UNKNOWN);
}

static void removal_never_goes_below_zero(void)
{
    struct tm_rtt host = {40, TM_RTT_HOST};
    CHECK_INT(tm_rtt_remove(host, 100), 60);
    CHECK_INT(tm_rtt_remove(host, 40), 0);
    CHECK_INT(tm_rtt_remove(host, 39), 0);
}

static void sides_median_is_taken_off_only_what_exceeds_it(void)
{
    struct tm_rtt side = {40, TM_RTT_SIDE};
    CHECK_INT(tm_rtt_remove(side, 100), 60);
    CHECK_INT(tm_rtt_remove(side, 40), 40);
    CHECK_INT(tm_rtt_remove(side, 39), 39);
    CHECK_INT(tm_rtt_remove((struct tm_rtt){40, TM_RTT_UNKNOWN}, 100), 100);
}

static void host_with_few_measurements_counts_as_not_measured(void)
{
    struct tm_rtt_sample s[] = {sample(1, 30, 0, 1), sample(1, 10, 1, 1), sample(2, 70, 2, 1)};
    struct tm_rtt out[3];
    s[0].count = 2;
    s[1].count = 3;
    s[2].count = 4;
    tm_rtt_of_hosts(s, 3, 5, out);
    CHECK_INT(out[0].us, 10);
    CHECK_INT(out[0].origin, TM_RTT_HOST);
    CHECK_INT(out[2].us, 10);
    CHECK_INT(out[2].origin, TM_RTT_SIDE);
}

static const struct check_case cases[] = {
    {"host_with_few_measurements_counts_as_not_measured",
     host_with_few_measurements_counts_as_not_measured},
    {"host_gets_the_median_of_its_connections", host_gets_the_median_of_its_connections},
    {"unmeasured_connection_of_a_measured_host_gets_its_median",
     unmeasured_connection_of_a_measured_host_gets_its_median},
    {"unmeasured_host_gets_the_byte_weighted_median_of_its_side",
     unmeasured_host_gets_the_byte_weighted_median_of_its_side},
    {"nothing_is_known_without_any_sample", nothing_is_known_without_any_sample},
    {"removal_never_goes_below_zero", removal_never_goes_below_zero},
    {"sides_median_is_taken_off_only_what_exceeds_it",
     sides_median_is_taken_off_only_what_exceeds_it},
};
CHECK_MAIN("rtt", cases)
