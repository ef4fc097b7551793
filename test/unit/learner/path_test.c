#include "learner/path.h"

#include "learner/packet.h"
#include "test/support/check.h"

static void feed(struct tm_path *p, int64_t t_us, enum tm_dir dir, uint32_t seq, uint32_t ack,
                 uint32_t len)
{
    struct tm_segment s = {.t_us = t_us,
                           .dir = (uint8_t)dir,
                           .flags = TM_TCP_ACK,
                           .seq = seq,
                           .ack = ack,
                           .payload_len = len};
    tm_path_feed(p, &s, 50000);
}

static struct tm_path_conn finish(const struct tm_path *p)
{
    static const uint16_t none[2] = {0, 0};
    return tm_path_finish(p, none);
}

static void mss_is_the_smaller_of_both(void)
{
    static const struct tm_path p = {0};
    static const uint16_t mss[][2] = {{1460, 1380}, {1380, 1460}, {1460, 0}, {0, 1460}};
    static const uint32_t want[] = {1380, 1380, 0, 0};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(tm_path_finish(&p, mss[i]).mss_bytes, want[i]);
}

static void hole_after_the_opening_is_seen(void)
{
    struct tm_path p = {0};
    tm_path_start(&p, TM_UP, 100);
    feed(&p, 0, TM_UP, 200, 7, 100);
    feed(&p, 90000, TM_UP, 100, 7, 100);
    CHECK_INT(finish(&p).n_lost[TM_UP], 1);
}

static void packet_pairs_give_the_faster_halfs_median(void)
{
    struct tm_path p = {0};
    /* 1210 + 40 bytes are 10,000 bits: 1 ms is 10 Mb/s, 2 ms is 5 */
    static const int64_t dt_us[] = {1000, 2000, 1000, 2000, 500};
    int64_t t = 0;
    uint32_t seq = 100;
    feed(&p, t, TM_DOWN, seq, 7, 1210);
    for (size_t i = 0; i < 5; i++) {
        t += dt_us[i];
        seq += 1210;
        feed(&p, t, TM_DOWN, seq, 7, 1210);
    }
    struct tm_path_conn c = finish(&p);
    CHECK_INT(c.capacity_bps[TM_DOWN], 10000000); /* of 20, 10, 10 */
    CHECK_INT(c.capacity_bps[TM_UP], 0);
}

static void unequal_small_or_acknowledging_segments_are_no_pair(void)
{
    struct tm_path p = {0};
    feed(&p, 0, TM_DOWN, 100, 7, 1000);
    feed(&p, 100, TM_DOWN, 1100, 7, 900); /* another size */
    feed(&p, 200, TM_DOWN, 2000, 8, 900); /* another acknowledgement */
    feed(&p, 200, TM_DOWN, 2900, 8, 900); /* no time between */
    feed(&p, 300, TM_UP, 50, 8, 400);
    feed(&p, 400, TM_UP, 450, 8, 400); /* small */
    struct tm_path_conn c = finish(&p);
    CHECK_INT(c.capacity_bps[TM_DOWN], 0);
    CHECK_INT(c.capacity_bps[TM_UP], 0);
}

static void holes_filled_late_and_repeats_are_losses(void)
{
    struct tm_path p = {0};
    feed(&p, 0, TM_UP, 100, 7, 100);
    feed(&p, 1000, TM_UP, 300, 7, 100);  /* a hole of 100 */
    feed(&p, 90000, TM_UP, 200, 7, 100); /* filled after more than a round trip: lost */
    feed(&p, 91000, TM_UP, 300, 7, 100); /* seen before: lost behind the tap */
    feed(&p, 92000, TM_UP, 500, 7, 100); /* a hole */
    feed(&p, 93000, TM_UP, 400, 7, 100); /* filled at once: reordered */
    feed(&p, 94000, TM_UP, 599, 7, 1);   /* a keep-alive */
    struct tm_path_conn c = finish(&p);
    CHECK_INT(c.n_data[TM_UP], 6);
    CHECK_INT(c.n_lost[TM_UP], 2);
    CHECK_INT(c.n_data[TM_DOWN], 0);
}

static const struct check_case cases[] = {
    {"mss_is_the_smaller_of_both", mss_is_the_smaller_of_both},
    {"hole_after_the_opening_is_seen", hole_after_the_opening_is_seen},
    {"packet_pairs_give_the_faster_halfs_median", packet_pairs_give_the_faster_halfs_median},
    {"unequal_small_or_acknowledging_segments_are_no_pair",
     unequal_small_or_acknowledging_segments_are_no_pair},
    {"holes_filled_late_and_repeats_are_losses", holes_filled_late_and_repeats_are_losses},
};
CHECK_MAIN("path", cases)
