/* The window of five minutes. */
#include "tm/core/tally.h"

#include <string.h>

#include "test/support/check.h"

#define BEGAN (7 * TM_TALLY_SLOT_US + 3 * TM_US_PER_S) /* in the middle of a slot */

static struct tm_tally *tally(void)
{
    struct tm_tally *t = NULL;
    CHECK_INT(tm_tally_new(&t, BEGAN), TM_OK);
    return t;
}

static void counts_are_added_up(void)
{
    struct tm_tally *t = tally();
    struct tm_tally_view v;
    for (int i = 0; i < 5; i++)
        tm_tally_due(t, BEGAN);
    tm_tally_sent(t, BEGAN, 20, TM_SLIP_NONE, true);
    tm_tally_sent(t, BEGAN + 25 * TM_US_PER_S, TM_SLIP_US, TM_SLIP_WINDOW, true);
    tm_tally_sent(t, BEGAN + 25 * TM_US_PER_S, 7000, TM_SLIP_MACHINE, false);
    tm_tally_unsent(t, BEGAN, 900);
    tm_tally_unsent(t, BEGAN, 100);
    tm_tally_lost(t, BEGAN + 26 * TM_US_PER_S, 2);
    tm_tally_bytes(t, BEGAN, 1000, 0);
    tm_tally_bytes(t, BEGAN + 26 * TM_US_PER_S, 0, 250);
    tm_tally_peer(t, BEGAN, 30);
    tm_tally_queue(t, BEGAN, 31);
    tm_tally_view(t, BEGAN + 26 * TM_US_PER_S, &v);
    CHECK_INT(v.span_us, 26 * TM_US_PER_S);
    CHECK_INT(v.due, 5);
    CHECK_INT(v.sent, 3);
    CHECK_INT(v.exact, 2);
    CHECK_INT(v.lost, 2);
    CHECK_INT(v.missed, 1);
    CHECK_INT(v.slips[TM_SLIP_NONE], 0);
    CHECK_INT(v.slips[TM_SLIP_WINDOW], 1);
    CHECK_INT(v.slips[TM_SLIP_MACHINE], 1);
    CHECK_INT(v.unsent_max, 900);
    CHECK_INT(v.wire_bytes, 1000);
    CHECK_INT(v.payload_bytes, 250);
    CHECK_INT(v.late.n, 3);
    CHECK_INT(v.late.p50_us, 1023); /* 1000 us in its bin of 1/16, hist.h */
    CHECK_INT(v.late.max_us, 7000);
    CHECK_INT(v.peer.p50_us, 30);
    CHECK_INT(v.queue.p95_us, 31);
    tm_tally_free(t);
}

static void quantiles_are_of_the_window(void)
{
    struct tm_tally *t = tally();
    struct tm_tally_view v;
    for (int i = 1; i <= 20; i++)
        tm_tally_queue(t, BEGAN + i * TM_US_PER_S, i); /* over several slots */
    tm_tally_view(t, BEGAN + 20 * TM_US_PER_S, &v);
    CHECK_INT(v.queue.n, 20);
    CHECK_INT(v.queue.p50_us, 10);
    CHECK_INT(v.queue.p90_us, 18);
    CHECK_INT(v.queue.p95_us, 19);
    CHECK_INT(v.queue.p99_us, 20);
    CHECK_INT(v.queue.max_us, 20);
    tm_tally_free(t);
}

/* What happened in a slot is seen for exactly 30 slots, whether anything came after it or not. */
static void what_is_old_is_forgotten(void)
{
    struct tm_tally *t = tally();
    struct tm_tally_view v;
    int64_t slot_us = 7 * TM_TALLY_SLOT_US;
    tm_tally_sent(t, BEGAN, 5, TM_SLIP_NONE, true);
    tm_tally_view(t, slot_us + TM_TALLY_SPAN_US - 1, &v);
    CHECK_INT(v.sent, 1);
    CHECK_INT(v.span_us, slot_us + TM_TALLY_SPAN_US - 1 - BEGAN);
    tm_tally_view(t, slot_us + TM_TALLY_SPAN_US, &v);
    CHECK_INT(v.sent, 0);
    CHECK_INT(v.late.n, 0);
    CHECK_INT(v.span_us, TM_TALLY_SPAN_US - TM_TALLY_SLOT_US);
    tm_tally_view(t, BEGAN + 100 * TM_TALLY_SPAN_US, &v);
    CHECK_INT(v.sent, 0);
    tm_tally_free(t);
}

static void the_ring_is_used_again(void)
{
    struct tm_tally *t = tally();
    struct tm_tally_view v;
    for (int64_t s = 0; s < 100 * (int64_t)TM_TALLY_SLOTS; s++)
        tm_tally_sent(t, BEGAN + s * TM_TALLY_SLOT_US, s == 0 ? 1000000 : 3, TM_SLIP_NONE, true);
    tm_tally_view(t, BEGAN + (100 * (int64_t)TM_TALLY_SLOTS - 1) * TM_TALLY_SLOT_US, &v);
    CHECK_INT(v.sent, TM_TALLY_SLOTS);
    CHECK_INT(v.late.max_us, 3);
    tm_tally_free(t);
}

static void news_that_come_late_clear_nothing(void)
{
    struct tm_tally *t = tally();
    struct tm_tally_view v;
    int64_t later_us = BEGAN + TM_TALLY_SPAN_US; /* the same place of the ring */
    tm_tally_due(t, later_us);
    tm_tally_due(t, BEGAN);
    tm_tally_view(t, later_us, &v);
    CHECK_INT(v.due, 2);
    tm_tally_free(t);
}

static void early_and_absent_do_no_harm(void)
{
    struct tm_tally *t = tally();
    struct tm_tally_view v;
    tm_tally_sent(t, BEGAN, -3, TM_SLIP_NONE, true);
    tm_tally_view(t, BEGAN, &v);
    CHECK_INT(v.late.max_us, 0);
    CHECK_INT(v.span_us, 0);
    tm_tally_free(t);
    tm_tally_due(NULL, 0);
    tm_tally_sent(NULL, 0, 0, TM_SLIP_NONE, true);
    tm_tally_unsent(NULL, 0, 1);
    tm_tally_lost(NULL, 0, 1);
    tm_tally_peer(NULL, 0, 1);
    tm_tally_queue(NULL, 0, 1);
    tm_tally_bytes(NULL, 0, 1, 1);
    memset(&v, 0xff, sizeof v);
    tm_tally_view(NULL, 0, &v);
    CHECK_INT(v.due, 0);
    tm_tally_free(NULL);
}

/* What the window has forgotten is in the total still. */
static void the_total_forgets_nothing(void)
{
    struct tm_tally *t = tally();
    struct tm_tally_view v;
    const struct tm_tally_total *all = tm_tally_total(t);
    for (int i = 0; i < 3; i++) {
        int64_t now_us = BEGAN + i * 10 * TM_TALLY_SPAN_US;
        tm_tally_due(t, now_us);
        tm_tally_due(t, now_us);
        tm_tally_sent(t, now_us, 5000, TM_SLIP_COMPOSE, i > 0);
        tm_tally_lost(t, now_us, 1);
        tm_tally_queue(t, now_us, 30);
        tm_tally_peer(t, now_us, -4);
    }
    tm_tally_view(t, BEGAN + 20 * TM_TALLY_SPAN_US, &v);
    CHECK_INT(v.sent, 1);
    CHECK_INT(all->due, 6);
    CHECK_INT(all->sent, 3);
    CHECK_INT(all->exact, 2);
    CHECK_INT(all->lost, 3);
    CHECK_INT(all->missed, 3);
    CHECK_INT(all->slips[TM_SLIP_COMPOSE], 3);
    CHECK_INT(all->late.hist.n, 3);
    CHECK_INT(all->late.sum_us, 15000);
    CHECK_INT(all->queue.sum_us, 90);
    CHECK_INT(all->peer.hist.bins[0], 3);
    CHECK_INT(all->peer.sum_us, 0);
    CHECK(tm_tally_total(NULL) == NULL);
    tm_tally_free(t);
}

static const struct check_case cases[] = {
    {"counts_are_added_up", counts_are_added_up},
    {"quantiles_are_of_the_window", quantiles_are_of_the_window},
    {"what_is_old_is_forgotten", what_is_old_is_forgotten},
    {"the_ring_is_used_again", the_ring_is_used_again},
    {"news_that_come_late_clear_nothing", news_that_come_late_clear_nothing},
    {"early_and_absent_do_no_harm", early_and_absent_do_no_harm},
    {"the_total_forgets_nothing", the_total_forgets_nothing},
};
CHECK_MAIN("tally", cases)
