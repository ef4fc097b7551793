/* What TCP lets go: ten segments, and more with each round that used them. */
#include "tm/mbsim/sender.h"

#include "test/support/check.h"
#include "tm/base/time.h"

#define MS   INT64_C(1000000)
#define RTT  (20 * MS)
#define CELL 1448U

static void push(struct tm_mbsim_sender *s, unsigned n, uint32_t index)
{
    const struct tm_mbsim_item i = {.index = index, .size_bytes = CELL};
    for (unsigned k = 0; k < n; k++)
        CHECK_INT(tm_mbsim_sender_push(s, &i), TM_OK);
}

/* How many leave the socket at now_ns; they are acknowledged a round trip later. */
static unsigned go(struct tm_mbsim_sender *s, int64_t now_ns)
{
    struct tm_mbsim_item i;
    unsigned n = 0;
    int taken;
    tm_mbsim_sender_run(s, now_ns, RTT);
    do {
        for (; tm_mbsim_sender_next(s, &i); n++)
            CHECK_INT(tm_mbsim_sender_sent(s, i.size_bytes, now_ns, now_ns + RTT), TM_OK);
        taken = tm_mbsim_sender_take(s, &i);
    } while (taken == 1);
    CHECK_INT(taken, 0);
    return n;
}

static void a_window_that_is_used_doubles(void)
{
    struct tm_mbsim_sender s = {.sent_ns = 0};
    push(&s, 1000, 0);
    CHECK_INT(go(&s, 0), 10);
    CHECK_INT(tm_mbsim_sender_next_ns(&s), RTT);
    CHECK_INT(go(&s, RTT - 1), 0);
    CHECK_INT(go(&s, RTT), 20);
    CHECK_INT(go(&s, 2 * RTT), 40);
    CHECK_INT(go(&s, 3 * RTT), 80);
    tm_mbsim_sender_deinit(&s);
}

static void a_window_of_which_little_is_used_stays(void)
{
    struct tm_mbsim_sender s = {.sent_ns = 0};
    for (int round = 0; round < 5; round++) {
        push(&s, 4, 0);
        CHECK_INT(go(&s, round * RTT), 4);
    }
    CHECK_INT(tm_mbsim_sender_next_ns(&s), TM_NEVER); /* nothing waits */
    push(&s, 50, 0);
    CHECK_INT(go(&s, 5 * RTT), 10);
    tm_mbsim_sender_deinit(&s);
}

static void a_pause_gives_a_window_back(void)
{
    struct tm_mbsim_sender s = {.sent_ns = 0};
    push(&s, 70, 0);
    (void)go(&s, 0);
    (void)go(&s, RTT);
    CHECK_INT(go(&s, 2 * RTT), 40);
    push(&s, 200, 0);
    CHECK_INT(go(&s, 2 * RTT + 230 * MS), 40); /* one timeout: half of 80 */
    tm_mbsim_sender_run(&s, 60 * 1000 * MS, RTT);
    push(&s, 200, 0);
    CHECK_INT(go(&s, 120 * 1000 * MS), 10);
    tm_mbsim_sender_deinit(&s);
}

static void the_socket_holds_two_windows(void)
{
    struct tm_mbsim_sender s = {.sent_ns = 0};
    push(&s, 100, 0);
    CHECK_INT(go(&s, 0), 10);
    CHECK_INT(s.unsent.n, 10);
    CHECK(tm_mbsim_sender_waits(&s));
    CHECK_INT(s.ready[0].n, 80);
    tm_mbsim_sender_deinit(&s);
}

static void padding_and_packets_take_turns(void)
{
    struct tm_mbsim_sender s = {.sent_ns = 0};
    struct tm_mbsim_item i;
    unsigned n_padding = 0;
    push(&s, 30, TM_MBSIM_PADDING);
    push(&s, 8, 0);
    tm_mbsim_sender_run(&s, 0, RTT);
    for (unsigned k = 0; k < 16; k++) {
        CHECK_INT(tm_mbsim_sender_take(&s, &i), 1);
        n_padding += i.index == TM_MBSIM_PADDING;
    }
    CHECK_INT(n_padding, 8);
    CHECK_INT(tm_mbsim_sender_take(&s, &i), 1);
    CHECK(i.index == TM_MBSIM_PADDING);
    tm_mbsim_sender_deinit(&s);
}

static void what_is_larger_than_a_window_leaves_alone(void)
{
    struct tm_mbsim_sender s = {.sent_ns = 0};
    const struct tm_mbsim_item large = {.size_bytes = 65535};
    CHECK_INT(tm_mbsim_sender_push(&s, &large), TM_OK);
    CHECK_INT(tm_mbsim_sender_push(&s, &large), TM_OK);
    CHECK_INT(go(&s, 0), 1);
    CHECK_INT(go(&s, RTT), 1);
    tm_mbsim_sender_deinit(&s);
}

static const struct check_case cases[] = {
    {"a_window_that_is_used_doubles", a_window_that_is_used_doubles},
    {"a_window_of_which_little_is_used_stays", a_window_of_which_little_is_used_stays},
    {"a_pause_gives_a_window_back", a_pause_gives_a_window_back},
    {"the_socket_holds_two_windows", the_socket_holds_two_windows},
    {"padding_and_packets_take_turns", padding_and_packets_take_turns},
    {"what_is_larger_than_a_window_leaves_alone", what_is_larger_than_a_window_leaves_alone},
};

CHECK_MAIN("mbsim/sender", cases)
